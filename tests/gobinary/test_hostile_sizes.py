"""Large hostile files: memory and work stay bounded whatever the file claims."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.gobinary.elves import Part, buildinfo, elf
from tests.gobinary.measured import measured

_MEMORY_LIMIT = 256_000_000
_INFO = Part(".go.buildinfo", buildinfo("go1.27.3", "path\tx\n"), alloc=True)
_BASE = 0x400000
_SIZE = 96 << 20


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Path]:
    """A file that is removed at once: these are large."""
    path = tmp_path / "hostile"
    yield path
    path.unlink()


@pytest.mark.slow
def test_that_a_large_file_of_another_language_is_not_held_in_memory(target: Path) -> None:
    target.write_bytes(elf(sections=False, programs=[(1, 6, 0, 0x10000000, 600 << 20)]))
    os.truncate(target, 600 << 20)
    told = measured(target)
    assert told["state"] == "not-go"
    assert told["peak_bytes"] < _MEMORY_LIMIT


@pytest.mark.slow
@pytest.mark.parametrize(
    "pattern",
    [b"\xff Go buildinf:", b"\xff Go buildinf:\x08\x02", b"\xf1\xff\xff\xff\0\0\x01\x08", b"UPX!", b"\xff"],
)  # fmt: skip
def test_that_a_file_full_of_headers_is_not_tried_without_end(target: Path, pattern: bytes) -> None:
    target.write_bytes(elf(Part(".data", pattern * (_SIZE // len(pattern)), alloc=True, flags=1)))
    told = measured(target)
    assert told["peak_bytes"] < _MEMORY_LIMIT


@pytest.mark.slow
def test_that_a_file_full_of_lists_that_point_behind_themselves_is_not_tried_without_end(
    target: Path,
) -> None:
    table = _table(functions=10, names=b"main.main\0", name_bytes=1 << 12)
    words = np.arange(_SIZE // 8, dtype=np.uint64) * 8
    start = (
        len(elf(_INFO, Part(".gopclntab", table, alloc=True), Part(".data", bytes(16), alloc=True)))
        // 16
        * 16
    )
    target.write_bytes(elf(_INFO, Part(".gopclntab", table, alloc=True), Part(".data", (words + _BASE + start + 24).tobytes(), alloc=True)))  # fmt: skip
    assert measured(target)["peak_bytes"] < _MEMORY_LIMIT


@pytest.mark.slow
@pytest.mark.parametrize(
    ("functions", "name_bytes"), [(1_000, _SIZE), (599_000, 1 << 20), (5_000_000, 1 << 20)]
)
def test_that_a_function_table_of_any_claims_stays_bounded(
    target: Path, functions: int, name_bytes: int
) -> None:
    table = _table(functions=functions, names=b"\0", name_bytes=name_bytes)
    target.write_bytes(elf(_INFO, Part(".gopclntab", table, alloc=True)))
    told = measured(target)
    assert told["state"] == "go"
    assert told["peak_bytes"] < _MEMORY_LIMIT


def _table(functions: int, names: bytes, name_bytes: int) -> bytes:
    """A function table of Go 1.20 with these many functions of one byte each, names repeated to fill their table."""
    record = 44
    head = 8 + 8 * 8
    blob = (names * (name_bytes // len(names)))[:name_bytes]
    units = head + len(blob) + -len(blob) % 4
    pctab = units + 8
    funcs = pctab + 64
    words = (functions, 1, _BASE, head, units, units + 4, pctab, funcs)
    out = struct.pack("<IHBB8Q", 0xFFFFFFF1, 0, 1, 8, *words) + blob
    out += bytes(funcs - len(out))
    index = 8 * functions + 8
    pairs = np.zeros(2 * functions + 2, dtype=np.uint32)
    pairs[0::2] = np.arange(functions + 1)
    pairs[1:-1:2] = index + record * np.arange(functions)
    records = np.zeros((functions, record // 4), dtype=np.uint32)
    records[:, 0] = np.arange(functions)
    records[:, 4:7] = 1
    return out + pairs.tobytes() + records.tobytes()
