"""Every byte of a Go executable has one owner: a package, or a named row of bytes that belong to no single package."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.filesystem.columnfile import Array
from explorer.gobinary import sections as kinds
from explorer.gobinary.buildinfo import BuildInfo
from explorer.gobinary.embedded import Embedded
from explorer.gobinary.executable import Executable, Segment
from explorer.gobinary.ledger import Ledger
from explorer.gobinary.moduledata import ModuleData
from explorer.gobinary.modules import ModuleFinder
from explorer.gobinary.names import ASSEMBLY, GENERATED, is_init, package_name, split_names
from explorer.gobinary.pclntab import FunctionTable


@dataclass(frozen=True)
class Package:
    """Bytes attributed to a package: its functions' machine code, and what the runtime's tables hold about them."""

    name: str
    module: str
    group: str  # see modules.py: main, std, dependency, unknown, none
    code_bytes: int
    table_bytes: int

    @property
    def total_bytes(self) -> int:
        """Code and tables."""
        return self.code_bytes + self.table_bytes


@dataclass(frozen=True)
class InitPackage:
    """A package with work to do before main starts, and the bytes of that code."""

    name: str
    code_bytes: int


@dataclass(frozen=True)
class Remainder:
    """Bytes that belong to no single package; `reason` is a key of sections.LABELS."""

    reason: str
    bytes: int

    def label(self) -> str:
        """The reason in the user's language."""
        return kinds.label(self.reason)


@dataclass(frozen=True)
class Attribution:
    """packages + unattributed = the file's size, exactly."""

    packages: tuple[Package, ...]
    unattributed: tuple[Remainder, ...]
    init_packages: tuple[InitPackage, ...]


def attribute(
    exe: Executable,
    info: BuildInfo,
    table: FunctionTable | None,
    module_data: ModuleData | None,
    embedded: Embedded,
) -> Attribution:
    """Share the file's bytes out; without a function table all of them are unattributed, by section."""
    ledger = Ledger(len(exe.data))
    rest: dict[str, int] = {}
    for start, end in embedded.ranges:
        _add(rest, kinds.EMBEDDED, ledger.claim(start, end))
    packages: tuple[Package, ...] = ()
    inits: tuple[InitPackage, ...] = ()
    if table is not None:
        shares = _Shares(exe, table, ledger)
        shares.share_code(_text_offset(exe, table, module_data))
        shares.share_tables(exe.offset_of(module_data.funcdata) if module_data else -1)
        _add(rest, kinds.TABLES, shares.shared)
        packages, inits = shares.packages(ModuleFinder(info)), shares.inits()
    for section in exe.sections:
        if section.bytes:
            _add(rest, kinds.reason_of(section), ledger.claim(section.offset, section.end))
    for segment in exe.segments if not exe.sections else ():
        end = segment.offset + segment.bytes
        _add(rest, _reason_of_segment(segment), ledger.claim(segment.offset, end))
    _add(rest, kinds.HEADERS, ledger.claim(0, len(exe.data)))
    rows = [Remainder(reason, size) for reason, size in rest.items() if size]
    rows.sort(key=lambda row: -row.bytes)
    return Attribution(packages, tuple(rows), inits)


def _reason_of_segment(segment: Segment) -> str:
    if segment.executable:
        return kinds.CODE
    return kinds.DATA if segment.writable else kinds.READ_ONLY


def _add(rest: dict[str, int], reason: str, size: int) -> None:
    rest[reason] = rest.get(reason, 0) + size


def _text_offset(exe: Executable, table: FunctionTable, module_data: ModuleData | None) -> int:
    """Where the code of the first function lies in the file, -1 when nothing tells."""
    if table.version == 116:
        return exe.offset_of(int(table.entry[0]))
    for base in (table.text_start, module_data.text if module_data else -1):
        offset = exe.offset_of(base) if base > 0 else -1
        if offset >= 0:
            return offset + int(table.entry[0])
    section = exe.section(".text", "__text")
    if section is not None and int(table.entry[-1]) <= section.bytes:
        return section.offset
    return -1


class _Shares:
    """Adds up bytes a package, region by region; a region is shared out only where nobody owns a byte of it yet."""

    def __init__(self, exe: Executable, table: FunctionTable, ledger: Ledger) -> None:
        self.table, self.ledger = table, ledger
        self.index_bytes = 8 if table.version != 116 else 2 * exe.word
        blob = exe.read(table.names_at, table.units_at - table.names_at)
        self.names = split_names(blob)
        lengths = [len(package) + len(rest) + 1 for package, rest in self.names]
        self.name_bytes = np.array(lengths, dtype=np.int64)
        # A table that is cut off inside its last name has no end of it.
        self.name_bytes[-1] -= int(self.name_bytes.sum()) - len(blob)
        starts = np.cumsum(self.name_bytes) - self.name_bytes
        self.titles, self.name_title = _numbered(self.names)
        self.func_name = np.searchsorted(starts, table.name, side="right") - 1
        self.func_title = self.name_title[self.func_name]
        self.func_code = np.diff(table.entry)
        self.code = np.zeros(len(self.titles), dtype=np.int64)
        self.tables = np.zeros(len(self.titles), dtype=np.int64)
        self.shared = 0  # bytes of regions that belong to no single package

    def share_code(self, offset: int) -> None:
        """Machine code: each function's from its entry to the next one's."""
        if offset >= 0 and self._take(offset, offset + int(self.func_code.sum())):
            self.code += self._sum(self.func_title, self.func_code)

    def share_tables(self, funcdata_at: int) -> None:
        """What the runtime keeps of each function; a part that several use belongs to the first."""
        table, everyone = self.table, np.arange(len(self.table))
        if self._take(table.names_at, table.units_at):
            named = self.name_bytes > 1
            size = table.units_at - table.names_at
            self._give(self._sum(self.name_title[named], self.name_bytes[named]), size)
        self._share(table.units_at, table.files_at, 4 * table.unit.astype(np.int64), everyone)
        self._share(table.pctab_at, table.funcs_at, table.tables, table.table_func)
        index_end = table.funcs_at + self.index_bytes * len(table)
        if self._take(table.funcs_at, index_end):
            each = np.full(len(table), self.index_bytes)
            self._give(self._sum(self.func_title, each), index_end - table.funcs_at)
        self._share(table.funcs_at, table.end, table.func, everyone, first=index_end)
        if funcdata_at >= 0 and len(table.funcdata):
            last = funcdata_at + int(table.funcdata.max())
            self._share(funcdata_at, last, table.funcdata, table.funcdata_func)

    def packages(self, finder: ModuleFinder) -> tuple[Package, ...]:
        """Everything that was shared out, largest first."""
        found = [
            Package(title, *finder.find(title), int(code), int(tables))
            for title, code, tables in zip(self.titles, self.code, self.tables, strict=True)
            if code or tables
        ]
        return tuple(sorted(found, key=lambda item: (-item.total_bytes, item.name)))

    def inits(self) -> tuple[InitPackage, ...]:
        """Packages with init functions or initialised variables, most code first."""
        flags = [is_init(rest) for _, rest in self.names]
        chosen = np.array(flags, dtype=bool)[self.func_name]
        sizes = self._sum(self.func_title[chosen], self.func_code[chosen])
        present = np.unique(self.func_title[chosen]).tolist()
        found = [InitPackage(self.titles[title], int(sizes[title])) for title in present]
        found = [item for item in found if item.name not in (ASSEMBLY, GENERATED)]
        return tuple(sorted(found, key=lambda item: (-item.code_bytes, item.name)))

    def _share(
        self, start: int, end: int, places: Array, functions: Array, first: int = -1
    ) -> None:
        """Share out [start, end): each place counts from `start` and reaches to the next one."""
        first = max(first, start)
        if not self._take(first, end):
            return
        # Place in the high half, function in the low: sorted, the first of each place is its owner.
        keys = np.sort((places.astype(np.uint64) << np.uint64(32)) | functions.astype(np.uint64))
        spots = (keys >> np.uint64(32)).astype(np.int64)
        new = np.concatenate([[True], spots[1:] != spots[:-1]]) & (spots < end - start)
        new &= spots >= first - start
        spots = spots[new]
        owners = self.func_title[(keys[new] & np.uint64(0xFFFFFFFF)).astype(np.int64)]
        sizes = np.diff(np.concatenate([spots, [end - start]]))
        self._give(self._sum(owners, sizes), end - first)

    def _take(self, start: int, end: int) -> bool:
        return self.ledger.is_free(start, end) and self.ledger.claim(start, end) == end - start

    def _give(self, sums: Array, size: int) -> None:
        self.tables += sums
        self.shared += size - int(sums.sum())

    def _sum(self, titles: Array, sizes: Array) -> Array:
        sums = np.zeros(len(self.titles), dtype=np.int64)
        np.add.at(sums, titles, sizes)
        return sums


def _numbered(names: list[tuple[bytes, bytes]]) -> tuple[list[str], Array]:
    """The packages' titles, and for each name the number of its own."""
    keys: dict[tuple[bytes, bytes], int] = {}
    numbers = [keys.setdefault((raw, rest[:1]), len(keys)) for raw, rest in names]
    titles: dict[str, int] = {}
    merged = [titles.setdefault(package_name(raw, rest), len(titles)) for raw, rest in keys]
    return list(titles), np.array(merged, dtype=np.int32)[np.array(numbers, dtype=np.int64)]
