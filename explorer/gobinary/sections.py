"""What a section is for, and which sections `-ldflags "-s -w"` leaves out."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from explorer.gobinary.elf import SHT_SYMTAB
from explorer.gobinary.executable import Executable, Section
from explorer.translation import mark, tr

SYMBOLS, DEBUG, DYNAMIC, RELOCATIONS = "symbols", "debug", "dynamic-symbols", "relocations"
CODE, TYPES, TABLES, EMBEDDED = "code", "types", "tables", "embedded-files"
READ_ONLY, DATA, OTHER, HEADERS = "read-only-data", "data", "other-sections", "headers"
NOT_ANALYSED = "not-analysed"
LABELS = {
    SYMBOLS: mark("symbol table (-s leaves it out)"),
    DEBUG: mark("debug information (-w leaves it out)"),
    DYNAMIC: mark("dynamic symbols (-s -w keeps them)"),
    RELOCATIONS: mark("relocations of a position-independent program"),
    CODE: mark("code of no Go function: C code, start-up code, padding"),
    TYPES: mark("type descriptors, shared by all packages"),
    TABLES: mark("function tables shared by packages: file names, lookup, padding"),
    EMBEDDED: mark("embedded files"),
    READ_ONLY: mark("read-only data not attributable: string literals, constants, tables"),
    DATA: mark("initialised variables not attributable"),
    OTHER: mark("other sections: notes, names, build information"),
    HEADERS: mark("file headers and padding between sections"),
    NOT_ANALYSED: mark("not analysed"),
}
_EXECUTE, _WRITE = 4, 1
_DYNAMIC_NAMES = (
    ".dynsym",
    ".dynstr",
    ".gnu.hash",
    ".hash",
    ".gnu.version",
    ".gnu.version_r",
    ".gnu.version_d",
)
_TYPE_NAMES = (
    ".go.type",
    ".typelink",
    ".itablink",
    ".data.rel.ro.go.type",
    ".data.rel.ro.typelink",
    ".data.rel.ro.itablink",
)
_TABLE_NAMES = (
    ".gopclntab",
    ".data.rel.ro.gopclntab",
    ".go.func",
    ".data.rel.ro.go.func",
    ".go.module",
)
# The estimate of what compresses away looks at this many pieces of this many bytes.
_PIECES, _PIECE = 32, 1 << 14


@dataclass(frozen=True)
class Removable:
    """What `-ldflags "-s -w"` would leave out, in bytes; `compressed_bytes` is an estimate for a gzip layer."""

    symbol_bytes: int = 0
    dwarf_bytes: int = 0
    compressed_bytes: int = 0

    @property
    def total_bytes(self) -> int:
        """Bytes of the file itself."""
        return self.symbol_bytes + self.dwarf_bytes


def label(reason: str) -> str:
    """A reason in the user's language."""
    return tr(LABELS[reason])


def is_symbols(section: Section) -> bool:
    """Whether -s leaves the section out; the dynamic symbols are loaded (ALLOC) and stay."""
    return not section.alloc and section.name in (".symtab", ".strtab")


def is_debug(section: Section) -> bool:
    """Whether -w leaves the section out."""
    return not section.alloc and section.name.startswith((".debug_", ".zdebug_"))


def is_stripped(exe: Executable) -> bool:
    """Whether there is neither a symbol table nor debug information; the build settings cannot tell (golang/go#63432)."""
    return not any(
        section.kind == SHT_SYMTAB or is_symbols(section) or is_debug(section)
        for section in exe.sections
    )


def reason_of(section: Section) -> str:
    """Which kind of bytes a section holds where no package owns them."""
    name = section.name
    if is_symbols(section):
        return SYMBOLS
    if is_debug(section):
        return DEBUG
    if name in _DYNAMIC_NAMES:
        return DYNAMIC
    if name.startswith((".rela", ".relr", ".rel.")):
        return RELOCATIONS
    if name in _TYPE_NAMES:
        return TYPES
    if name in _TABLE_NAMES:
        return TABLES
    if not section.alloc or name.startswith((".note", ".go.buildinfo", ".go.fipsinfo")):
        return OTHER
    if section.flags & _EXECUTE:
        return CODE
    if section.flags & _WRITE and not name.startswith(".data.rel.ro"):
        return DATA
    return READ_ONLY


def removable(exe: Executable) -> Removable:
    """The sum of the sections that -s -w leaves out; within 0.1 % of what a rebuild saves."""
    symbols = [section for section in exe.sections if is_symbols(section)]
    debug = [section for section in exe.sections if is_debug(section)]
    # A hostile file may name the same bytes many times; no more than the file can go.
    left = len(exe.data)
    dwarf_bytes = min(sum(section.bytes for section in debug), left)
    symbol_bytes = min(sum(section.bytes for section in symbols), left - dwarf_bytes)
    return Removable(symbol_bytes, dwarf_bytes, _compressed(exe, symbols, symbol_bytes) + _compressed(exe, debug, dwarf_bytes))  # fmt: skip


def _compressed(exe: Executable, sections: list[Section], total: int) -> int:
    """About how many bytes of a gzip layer these sections take, by samples spread evenly over them."""
    if not total:
        return 0
    read = packed = 0
    step = max(total // _PIECES, 1)
    for section in sections:
        for start in range(section.offset, section.end, step):
            if read >= _PIECES * _PIECE:
                break
            piece = exe.data[start : min(start + _PIECE, section.end)]
            read += len(piece)
            packed += len(zlib.compress(piece, 6))
    return min(round(total * packed / read), total) if read else 0
