"""An executable file as sections and segments over its bytes; every read is bounded by the file."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np

from explorer.errors import InputError
from explorer.filesystem.columnfile import Array

# A search looks through this much at a time, so that a mapped file does not fill the memory.
_WINDOW = 16 << 20
_FINDS_LIMIT = 10_000


class NotAnExecutable(InputError):
    """The file is no ELF, PE or Mach-O executable."""


class Damaged(Exception):
    """A structure of the file points outside it or contradicts itself; never leaves this package."""


@dataclass(frozen=True)
class Section:
    """A section as the file's headers tell it; `bytes` is what it takes in the file, `size` what it declares."""

    name: str
    offset: int
    bytes: int
    address: int
    alloc: bool
    kind: int = 0
    flags: int = 0
    link: int = 0
    size: int = 0

    @property
    def end(self) -> int:
        """Where it ends in the file."""
        return self.offset + self.bytes


@dataclass(frozen=True)
class Segment:
    """A piece of the file that is mapped to memory: `bytes` from `offset` appear at `address`."""

    offset: int
    bytes: int
    address: int
    writable: bool = False
    executable: bool = False


@dataclass(frozen=True, eq=False)
class Executable:
    """The file's bytes with what its headers say; `segments` are sorted by address."""

    data: memoryview
    format: str  # "elf", "pe" or "macho"
    arch: str  # GOARCH, "" for one that Go has no name for
    bits: int
    big_endian: bool
    sections: tuple[Section, ...] = ()
    segments: tuple[Segment, ...] = ()
    kind: int = 0  # e_type of ELF
    header_end: int = 0  # where the program headers end
    interpreter: str = ""
    dynamic: tuple[tuple[int, int], ...] = ()  # (tag, value)
    dynamic_present: bool = False
    problems: tuple[str, ...] = ()  # codes, see problems.py

    @property
    def word(self) -> int:
        """Bytes of a pointer."""
        return self.bits // 8

    @property
    def order(self) -> str:
        """The byte order as struct and numpy write it."""
        return ">" if self.big_endian else "<"

    def section(self, *names: str) -> Section | None:
        """The first section with one of these names."""
        return next((item for item in self.sections if item.name in names), None)

    def offset_of(self, address: int) -> int:
        """Where an address lies in the file, -1 when no byte of the file is mapped there."""
        for segment in self.segments:
            if 0 <= address - segment.address < segment.bytes:
                return segment.offset + address - segment.address
        return -1

    def address_of(self, offset: int) -> int:
        """Where a place of the file is mapped, -1 when it is not."""
        for segment in self.segments:
            if 0 <= offset - segment.offset < segment.bytes:
                return segment.address + offset - segment.offset
        return -1

    def find(self, needle: bytes, start: int, stop: int) -> int:
        """Where `needle` stands first in [start, stop) of the file, -1 when it does not."""
        whole = cast("bytes | mmap.mmap", self.data.obj)
        stop = min(stop, len(whole))
        while start < stop:
            window = min(start + _WINDOW, stop)
            at = whole.find(needle, start, min(window + len(needle) - 1, stop))
            if at >= 0:
                return at
            self.release(start, window)
            start = window
        return -1

    def find_all(self, needle: bytes, start: int, stop: int) -> Iterator[int]:
        """Every place where `needle` stands, the first thousands of them."""
        at = self.find(needle, start, stop)
        for _ in range(_FINDS_LIMIT):
            if at < 0:
                return
            yield at
            at = self.find(needle, at + 1, stop)

    def release(self, start: int, stop: int) -> None:
        """Let the system take back the memory of a mapped range that was looked through."""
        whole = self.data.obj
        if isinstance(whole, mmap.mmap):
            start -= start % mmap.PAGESIZE
            whole.madvise(mmap.MADV_DONTNEED, start, min(stop, len(whole)) - start)

    def read(self, offset: int, count: int) -> memoryview:
        """`count` bytes; raises Damaged when the file does not have them."""
        if offset < 0 or count < 0 or offset + count > len(self.data):
            raise Damaged
        return self.data[offset : offset + count]

    def read_address(self, address: int, count: int) -> memoryview:
        """`count` bytes at an address; raises Damaged when they are not in the file."""
        offset = self.offset_of(address)
        if offset < 0:
            raise Damaged
        return self.read(offset, count)

    def pointer(self, offset: int) -> int:
        """The pointer at a place of the file."""
        code = self.order + ("Q" if self.bits == 64 else "I")
        return int(struct.unpack(code, self.read(offset, self.word))[0])

    def array(self, dtype: str, offset: int, count: int) -> Array:
        """`count` numbers ("u4", "u8" …) in the file's byte order, as a view of its bytes."""
        kind = np.dtype(self.order + dtype)
        return np.frombuffer(self.read(offset, count * kind.itemsize), dtype=kind)


def c_string(data: memoryview, offset: int, limit: int = 4096) -> str:
    """A NUL-terminated text, cut at `limit` bytes; "" when it starts outside `data`."""
    if not 0 <= offset < len(data):
        return ""
    piece = bytes(data[offset : offset + limit])
    return piece.partition(b"\0")[0].decode("utf-8", "backslashreplace")
