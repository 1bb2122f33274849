"""Files embedded with embed.FS, found without symbols by the shape the compiler gives their list.

cmd/compile/internal/staticdata/embed.go: a slice header that points right behind itself, then records of
name {pointer, length}, data {pointer, length} and a hash of 16 bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from explorer.gobinary.executable import Damaged, Executable
from explorer.gobinary.pointers import Pointers

_HASH = 16
_RECORDS_LIMIT = 100_000
_NAME_LIMIT = 4096
_CANDIDATES_LIMIT = 10_000


@dataclass(frozen=True)
class EmbeddedFile:
    """One embedded file: its name as the program opens it, and its size in bytes."""

    name: str
    bytes: int


@dataclass(frozen=True)
class Embedded:
    """All embedded files, sorted by name, and the ranges (start, end) of the file that hold their contents."""

    files: tuple[EmbeddedFile, ...]
    ranges: tuple[tuple[int, int], ...]


def find_embedded(pointers: Pointers) -> Embedded:
    """The files of every embed.FS; `string` and `[]byte` variables with //go:embed leave no list."""
    exe = pointers.exe
    files: set[EmbeddedFile] = set()
    ranges: set[tuple[int, int]] = set()
    left = _RECORDS_LIMIT
    for tried, address in enumerate(pointers.find_own(3 * exe.word)):
        if tried >= _CANDIDATES_LIMIT or left <= 0:
            break
        try:
            found, places = _read_list(pointers, address, left)
        except (Damaged, UnicodeDecodeError):
            left -= 1
            continue
        left -= len(places) + 1
        files.update(found)
        ranges.update(place for place in places if place[1] > place[0])
    return Embedded(
        tuple(sorted(files, key=lambda item: (item.name, item.bytes))), tuple(sorted(ranges))
    )


def _read_list(
    pointers: Pointers, address: int, limit: int
) -> tuple[list[EmbeddedFile], list[tuple[int, int]]]:
    """Files and their places of the list at `address`; raises Damaged when there is none."""
    exe = pointers.exe
    _, count, capacity = pointers.at(address, 3)
    if count != capacity or not 0 < count <= limit:
        raise Damaged
    found, places = [], []
    step = 4 * exe.word + _HASH
    for number in range(count):
        record = address + 3 * exe.word + number * step
        name_at, name_size, data_at, size = pointers.at(record, 4)
        if not 0 < name_size <= _NAME_LIMIT:
            raise Damaged
        name = bytes(exe.read_address(name_at, name_size)).decode()
        if not name.isprintable() or name.startswith("/"):
            raise Damaged
        if name.endswith("/"):
            continue
        start = _content(exe, data_at, size)
        found.append(EmbeddedFile(name, size))
        places.append((start, start + size))
    return found, places


def _content(exe: Executable, address: int, size: int) -> int:
    """Where a content starts in the file; raises Damaged when it is not wholly in it."""
    if not size:
        return 0
    offset = exe.offset_of(address)
    if offset < 0 or offset + size > len(exe.data):
        raise Damaged
    return offset
