"""Damages a program in thousands of ways and analyses each; run as a process of its own, so that its memory can be read.

    python -m tests.gobinary.mutate FILE SEED COUNT

Prints JSON: how many ended how, the slowest one in seconds, and the peak of the process's memory in bytes.
"""

from __future__ import annotations

import json
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from types import FrameType

from explorer.errors import ExplorerError
from explorer.gobinary.analyse import analyse_binary
from explorer.gobinary.elf import read_elf
from explorer.gobinary.pclntab import find_table
from explorer.task import Task
from tests.gobinary.measured import peak_bytes

_HANG_SECONDS = 20
_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 40, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)  # fmt: skip


def main() -> None:
    """See the module."""
    data, seed, count = Path(sys.argv[1]).read_bytes(), sys.argv[2], int(sys.argv[3])
    spots = _spots(data)
    ends: Counter[str] = Counter()
    slowest = 0.0
    signal.signal(signal.SIGALRM, _hang)
    for number in range(count):
        damaged = mutated(data, spots, random.Random(f"{seed} {number}"))
        started = time.monotonic()
        signal.alarm(_HANG_SECONDS)
        try:
            binary = analyse_binary(Task(), damaged, "damaged")
            rest = sum(row.bytes for row in binary.unattributed)
            assert binary.attributed_bytes + rest == len(damaged)
            assert min((p.code_bytes for p in binary.packages), default=0) >= 0
            ends[binary.state] += 1
        except ExplorerError as error:
            ends[type(error).__name__] += 1
        except Exception as error:
            error.add_note(f"mutation {number} of seed {seed}")
            raise
        signal.alarm(0)
        slowest = max(slowest, time.monotonic() - started)
    told = {"ends": ends, "slowest": slowest, "peak_bytes": peak_bytes()}
    sys.stdout.write(json.dumps(told))


def mutated(data: bytes, spots: list[tuple[int, int]], chance: random.Random) -> bytes:
    """A copy with one to four damages: cuts, flipped bits, odd numbers, and copied pieces, mostly in the structures."""
    damaged = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        start, end = chance.choice(spots)
        end = min(end, len(damaged))
        if start + 8 >= end:
            continue
        place = chance.randrange(start, end - 8)
        kind = chance.randrange(10)
        if kind == 0:
            del damaged[chance.randrange(len(damaged)) :]
        elif kind <= 3:
            damaged[place] ^= 1 << chance.randrange(8)
        elif kind <= 7:
            width, number = chance.choice((2, 4, 8)), chance.choice(_NUMBERS)
            place -= place % width if chance.random() < 0.9 else 0
            damaged[place : place + width] = (number & ((1 << 8 * width) - 1)).to_bytes(width, chance.choice(("little", "big")))  # fmt: skip
        else:
            source = chance.randrange(max(len(damaged) - 64, 1))
            length = chance.choice((4, 8, 56, 64))
            damaged[place : place + length] = damaged[source : source + length]
    return bytes(damaged)


def _spots(data: bytes) -> list[tuple[int, int]]:
    """Where damage hurts: headers, tables and their indexes, weighted by repetition; and the whole file once."""
    exe = read_elf(memoryview(data))
    spots = [(0, 64), (0, 64), (64, 1024), (0, len(data))]
    for section in exe.sections:
        if section.name in (".go.buildinfo", ".go.module", ".dynamic", ".interp", ".shstrtab"):
            spots += [(section.offset, section.end)] * 2
    table = find_table(exe)
    if table is not None:
        spots += [(table.start, table.start + 96)] * 4
        spots += [(table.names_at, table.units_at), (table.pctab_at, table.funcs_at)]
        spots += [(table.funcs_at, table.funcs_at + 4096), (table.funcs_at, table.end)]
    at = int.from_bytes(data[40:48], "little") if exe.bits == 64 else len(data)
    if at < len(data):
        spots += [(at, at + 64 * (len(exe.sections) + 1))] * 3
    return spots


def _hang(_signal: int, _frame: FrameType | None) -> None:
    raise RuntimeError(f"took more than {_HANG_SECONDS} s")


if __name__ == "__main__":
    main()
