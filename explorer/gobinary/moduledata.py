"""The runtime's own record of the program (moduledata): where code begins and where per-function data lies.

Layouts: runtime/symtab.go of Go 1.16 to 1.27; every value is checked before it is believed, as layouts change.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from explorer.gobinary.executable import Damaged
from explorer.gobinary.pclntab import FunctionTable
from explorer.gobinary.pointers import Pointers

# Place of a field in words from the record's start; slices take three.
_TEXT, _ETEXT = 22, 23
# (first minor version of Go, place of gofunc): Go 1.20 brought coverage counters, 1.27 moved the types' bounds.
_GOFUNC = ((27, 43), (20, 40), (18, 38))
_WORDS = 46
_TRIES = 64
_MINOR = re.compile(r"go1\.(\d+)")


@dataclass(frozen=True)
class ModuleData:
    """Addresses of the code's start and of go:func.*, the functions' data; -1 where it is not known."""

    text: int = -1
    funcdata: int = -1


def read_module_data(
    pointers: Pointers, table: FunctionTable, go_version: str
) -> ModuleData | None:
    """The record that refers to `table`, None when there is none."""
    exe = pointers.exe
    header = exe.address_of(table.start)
    names, units = exe.address_of(table.names_at), exe.address_of(table.units_at)
    if min(header, names, units) < 0:
        return None
    for tried, address in enumerate(pointers.find_word(header)):
        if tried >= _TRIES:
            break
        try:
            words = pointers.at(address, _WORDS)
        except Damaged:
            continue
        # Slices of names and of units: pointer, length, capacity.
        if words[1] == names and words[2] == words[3] and words[4] == units:
            return _checked(pointers, table, words, go_version)
    return None


def _checked(
    pointers: Pointers, table: FunctionTable, words: list[int], go_version: str
) -> ModuleData:
    exe = pointers.exe
    text = words[_TEXT] if exe.offset_of(words[_TEXT]) >= 0 else -1
    match = _MINOR.search(go_version)
    minor = int(match[1]) if match else 0
    place = next((place for first, place in _GOFUNC if minor >= first), -1)
    funcdata = -1
    if place >= 0 and len(table.funcdata):
        last = words[place] + int(table.funcdata.max())
        start = exe.offset_of(words[place])
        if start >= 0 and exe.offset_of(last) == start + int(table.funcdata.max()):
            funcdata = words[place]
    return ModuleData(text, funcdata)
