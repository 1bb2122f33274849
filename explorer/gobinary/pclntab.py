"""The function table of the Go runtime (pclntab) as arrays: which function lies where, and the tables it refers to.

Formats of Go 1.16, 1.18 and 1.20 (debug/gosym/pclntab.go, runtime/symtab.go, cmd/link/internal/ld/pcln.go). Located by
its section or, where a linker merged that away, by a search for its header.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from explorer.filesystem.columnfile import Array
from explorer.gobinary.executable import Damaged, Executable

_MAGIC = {0xFFFFFFFA: 116, 0xFFFFFFF0: 118, 0xFFFFFFF1: 120}
OLD_MAGIC = 0xFFFFFFFB  # Go 1.2 to 1.15, another layout
# terraform has 100,000 functions with eight references each; a table that claims more than these is not believed.
_FUNCTIONS_LIMIT = 600_000
_REFERENCES_LIMIT = 2_500_000
_PLACES_LIMIT = 100
_QUANTA = (1, 2, 4)
_SECTIONS = (".gopclntab", ".data.rel.ro.gopclntab", "__gopclntab")
_FUNCDATA_NONE = 0xFFFFFFFF
_PCDATA_LIMIT = 16


@dataclass(frozen=True, eq=False)
class FunctionTable:
    """A function table: places are offsets in the file, arrays have one element a function unless said otherwise."""

    version: int  # 116, 118, 120: the Go release that brought the format
    start: int
    names_at: int
    units_at: int
    files_at: int
    pctab_at: int
    funcs_at: int
    text_start: int  # address that entries count from; 0 for the old format, -1 when another place must tell
    entry: Array  # int64[n + 1], code offsets from text_start, the last one the end
    func: Array  # int64[n], place of each function's record, from funcs_at
    func_bytes: Array  # int64[n]
    name: Array  # uint32[n], from names_at
    unit: Array  # uint32[n], index into the units' table of u32
    tables: Array  # uint32[m], all references to the pctab, in the order of the functions
    table_func: Array  # int32[m], which function makes the reference
    funcdata: Array  # uint32[k], references to go:func.*, without absent ones
    funcdata_func: Array  # int32[k]

    def __len__(self) -> int:
        return len(self.name)

    @property
    def end(self) -> int:
        """Where the last function's record ends in the file."""
        return self.funcs_at + int((self.func + self.func_bytes).max(initial=0))


def find_table(exe: Executable) -> FunctionTable | None:
    """The function table, None when there is none that can be read."""
    for place in islice(_places(exe), _PLACES_LIMIT):
        try:
            return _read(exe, place)
        except (Damaged, struct.error, ValueError, IndexError, OverflowError):
            continue
    return None


def has_old_table(exe: Executable) -> bool:
    """Whether the program has a table of Go 1.15 or older."""
    section = exe.section(*_SECTIONS)
    if section is None or section.bytes < 8:
        return False
    return int(exe.array("u4", section.offset, 1)[0]) == OLD_MAGIC


def _places(exe: Executable) -> Iterator[int]:
    section = exe.section(*_SECTIONS)
    if section is not None:
        yield section.offset
    for segment in exe.segments:
        if segment.executable and any(not s.executable for s in exe.segments):
            continue
        stop = segment.offset + segment.bytes
        for magic in _MAGIC:
            needle = magic.to_bytes(4, "big" if exe.big_endian else "little") + b"\0\0"
            for at in exe.find_all(needle, segment.offset, stop - 8):
                if exe.data[at + 6] in _QUANTA and exe.data[at + 7] == exe.word:
                    yield at


def _read(exe: Executable, start: int) -> FunctionTable:
    head = exe.read(start, 8)
    version = _MAGIC.get(int(struct.unpack(exe.order + "I", head[:4])[0]), 0)
    if not version or bytes(head[4:6]) != b"\0\0" or head[6] not in _QUANTA or head[7] != exe.word:
        raise Damaged
    count = 7 if version == 116 else 8
    words = exe.array(f"u{exe.word}", start + 8, count).tolist()
    functions = words[0]
    text_start = 0 if version == 116 else words[2]
    names, units, files, tables, funcs = words[-5:]
    header = 8 + count * exe.word
    room = len(exe.data) - start
    if not (header <= names <= header + 256 and names < units <= files <= tables <= funcs < room):
        raise Damaged
    if not 0 < functions <= _FUNCTIONS_LIMIT:
        raise Damaged
    entry, func = _function_index(exe, start + funcs, functions, version)
    fields = _records(exe, start + funcs, func, version)
    if int(fields.name.max()) >= units - names:
        raise Damaged
    return FunctionTable(
        version=version,
        start=start,
        names_at=start + names,
        units_at=start + units,
        files_at=start + files,
        pctab_at=start + tables,
        funcs_at=start + funcs,
        # Go 1.27 leaves the field empty; position-independent programs have a relocation there.
        text_start=text_start or (0 if version == 116 else -1),
        entry=entry,
        func=func,
        func_bytes=fields.size,
        name=fields.name,
        unit=fields.unit,
        tables=fields.tables,
        table_func=fields.table_func,
        funcdata=fields.funcdata,
        funcdata_func=fields.funcdata_func,
    )


def _function_index(exe: Executable, at: int, count: int, version: int) -> tuple[Array, Array]:
    """(entry, place of the record) of each function; entries have one more for the end. Raises Damaged unless sorted."""
    width = exe.word if version == 116 else 4
    pairs = exe.array(f"u{width}", at, 2 * count + 1)
    entry = pairs[0::2].astype(np.int64)
    func = pairs[1::2].astype(np.int64)
    if (np.diff(entry) < 0).any() or entry[0] < 0:
        raise Damaged
    if int(func.min()) < pairs.nbytes or int(func.max()) >= len(exe.data) - at:
        raise Damaged
    return entry, func


@dataclass(frozen=True)
class _Records:
    name: Array
    unit: Array
    size: Array
    tables: Array
    table_func: Array
    funcdata: Array
    funcdata_func: Array


def _records(exe: Executable, at: int, func: Array, version: int) -> _Records:
    """The fields of all functions at once. Records are aligned to 4 bytes at least, so they are read as numbers of 4."""
    if (func % 4).any():
        raise Damaged
    head = exe.word // 4 if version == 116 else 1
    # entry, name, args, deferreturn, pcsp, pcfile, pcln, npcdata, unit, [line], (funcID, flag, -, nfuncdata)
    fixed = head + (10 if version == 120 else 9)
    numbers = exe.array("u4", at, (len(exe.data) - at) // 4)
    first = func // 4
    if int(first.max()) + fixed > len(numbers):
        raise Damaged

    def column(place: int) -> Array:
        return np.asarray(numbers[first + head + place])

    pcdata = column(6).astype(np.int64)
    last = column(9 if version == 120 else 8)
    # The counts of the last field stand in its highest address: its last byte.
    funcdata = (last & 0xFF if exe.big_endian else last >> 24).astype(np.int64)
    references = int(pcdata.sum() + funcdata.sum()) + 3 * len(func)
    if int(pcdata.max()) > _PCDATA_LIMIT or references > _REFERENCES_LIMIT:
        raise Damaged
    wide = exe.word // 4 if version == 116 else 1
    gap = np.zeros_like(pcdata)
    if version == 116:
        gap = (fixed + pcdata) % wide
    size = fixed + pcdata + gap + wide * funcdata
    if int((first + size).max()) > len(numbers):
        raise Damaged
    everyone = np.arange(len(func), dtype=np.int32)
    tables = [column(place) for place in (3, 4, 5)]
    table_func: list[Array] = [everyone, everyone, everyone]
    for place in range(int(pcdata.max())):
        having = np.flatnonzero(pcdata > place)
        tables.append(numbers[first[having] + fixed + place])
        table_func.append(having)
    data, data_func = [], []
    if version != 116:
        for place in range(int(funcdata.max())):
            having = np.flatnonzero(funcdata > place)
            values = numbers[first[having] + fixed + pcdata[having] + place]
            data.append(values)
            data_func.append(having)
    values, owners = _joined(data, data_func)
    present = values != _FUNCDATA_NONE
    joined, joined_func = _joined(tables, table_func)
    used = joined != 0
    return _Records(
        name=column(0),
        unit=column(7),
        size=4 * size,
        tables=joined[used],
        table_func=joined_func[used],
        funcdata=values[present],
        funcdata_func=owners[present],
    )


def _joined(values: list[Array], owners: list[Array]) -> tuple[Array, Array]:
    if not values:
        return np.zeros(0, dtype=np.uint32), np.zeros(0, dtype=np.int32)
    return np.concatenate(values).astype(np.uint32), np.concatenate(owners).astype(np.int32)
