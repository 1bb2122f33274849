"""Pointers in the file as the program will see them: position-independent programs keep them in relocations.

ELF gABI "Relocation"; R_<machine>_RELATIVE of each processor's supplement.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from explorer.filesystem.columnfile import Array
from explorer.gobinary.executable import Damaged, Executable, Segment

_DT_RELA, _DT_RELASZ = 7, 8
_RELATIVE = {"amd64": 8, "arm64": 1027, "riscv64": 3, "s390x": 12, "ppc64le": 22, "loong64": 3}
# dockerd, the largest position-independent program known to us, has 250,000.
_RELOCATIONS_LIMIT = 2_000_000
# Words looked at in one step of a search: 8 MiB of a 64-bit program.
_STEP = 1 << 20


class Pointers:
    """Reads pointers of one executable, relocations applied."""

    def __init__(self, exe: Executable) -> None:
        self.exe = exe
        self._at, self._value = _relative_relocations(exe)

    def at(self, address: int, count: int) -> list[int]:
        """`count` pointers in a row; raises Damaged when they are not in the file."""
        exe = self.exe
        offset = exe.offset_of(address)
        values: list[int] = exe.array(f"u{exe.word}", offset, count).tolist()
        end = address + count * exe.word
        if end >= 1 << 64:
            raise Damaged
        first, last = np.searchsorted(self._at, np.array([address, end], dtype=np.uint64))
        for number in range(int(first), int(last)):
            place, rest = divmod(int(self._at[number]) - address, exe.word)
            if not rest:
                values[place] = int(self._value[number])
        return values

    def find_word(self, value: int) -> Iterator[int]:
        """Addresses of aligned pointers with this value in data, relocations first."""
        yield from self._at[self._value == value].tolist()
        for address, words in self.data_words():
            yield from (address + np.flatnonzero(words == value) * self.exe.word).tolist()

    def find_own(self, distance: int) -> Iterator[int]:
        """Addresses of aligned pointers that point `distance` bytes behind themselves."""
        yield from self._at[self._value == self._at + np.uint64(distance)].tolist()
        word = self.exe.word
        for address, words in self.data_words():
            kind = words.dtype
            own = np.arange(len(words), dtype=np.uint64) * np.uint64(word)
            own += np.uint64((address + distance) % (1 << 64))
            hits = np.flatnonzero(words == own.astype(kind, copy=False))
            yield from (address + hits * word).tolist()

    def data_words(self) -> Iterator[tuple[int, Array]]:
        """(address, aligned words) of all mapped data that is not code, piece by piece."""
        exe = self.exe
        for segment in exe.segments:
            if segment.executable and _has_data_elsewhere(exe, segment):
                continue
            skip = -segment.address % exe.word
            total = (segment.bytes - skip) // exe.word
            for first in range(0, total, _STEP):
                count = min(_STEP, total - first)
                place = skip + first * exe.word
                start = segment.offset + place
                yield segment.address + place, exe.array(f"u{exe.word}", start, count)
                exe.release(start, start + count * exe.word)


def _has_data_elsewhere(exe: Executable, segment: Segment) -> bool:
    return any(not other.executable for other in exe.segments if other is not segment)


def _relative_relocations(exe: Executable) -> tuple[Array, Array]:
    """(address, value) of all base-relative relocations, sorted by address; both uint64."""
    nothing = np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.uint64)
    tags = dict(exe.dynamic)
    kind = _RELATIVE.get(exe.arch)
    offset = exe.offset_of(tags.get(_DT_RELA, -1))
    if kind is None or exe.bits != 64 or offset < 0:
        return nothing
    count = min(tags.get(_DT_RELASZ, 0) // 24, _RELOCATIONS_LIMIT, (len(exe.data) - offset) // 24)
    try:
        table = exe.array("u8", offset, 3 * count).reshape(count, 3)
    except Damaged:
        return nothing
    chosen = (table[:, 1] & 0xFFFFFFFF) == kind
    at, value = table[chosen, 0].astype(np.uint64), table[chosen, 2].astype(np.uint64)
    if len(at) and (at[1:] < at[:-1]).any():
        order = np.argsort(at, kind="stable")
        at, value = at[order], value[order]
    return at, value
