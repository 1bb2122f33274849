"""An archive whose members lie at known offsets: only its headers are read, payloads when they are asked for."""

from __future__ import annotations

import os
from collections.abc import Collection

from explorer.filesystem.contents import (
    MEMBERS_LIMIT,
    FileSlice,
    follow,
    link_path,
    member_name,
    read_text,
    too_many_members,
)
from explorer.filesystem.tarheader import (
    BLOCK,
    SPECIAL_LIMIT,
    Header,
    Malformed,
    apply_pax,
    checksum_holds,
    parse,
    pax_records,
)
from explorer.task import Task
from explorer.translation import tr

_ZERO = bytes(BLOCK)
_CHECK_EVERY = 1000


class TarContents:
    """The members of a plain tar by name, up to where it ends or its headers stop making sense (`ends_early`)."""

    def __init__(self, task: Task, descriptor: int, title: str) -> None:
        self.title = title
        self.ends_early = -1
        self._descriptor = descriptor
        self._size = os.fstat(descriptor).st_size
        self._places: dict[str, tuple[int, int]] = {}
        self._links: dict[str, str] = {}
        self._scan(task)

    def names(self) -> Collection[str]:
        return self._places.keys() | self._links.keys()

    def resolve(self, name: str) -> str:
        return follow(name, self._links, self._places)

    def size(self, name: str) -> int:
        return self._places[name][1]

    def text(self, name: str) -> bytes:
        return read_text(self.open(name), self.size(name), name, self.title)

    def open(self, member: str) -> FileSlice:
        return FileSlice(self._descriptor, *self._places[member])

    def whole(self) -> FileSlice:
        """The archive itself as a stream."""
        return FileSlice(self._descriptor, 0, self._size)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _scan(self, task: Task) -> None:
        position, extended = 0, _Extended()
        for number in range(2 * MEMBERS_LIMIT):
            if number % _CHECK_EVERY == 0:
                task.checkpoint()
            block = os.pread(self._descriptor, BLOCK, position)
            if len(block) < BLOCK:
                # Without the two empty blocks at its end a tar may have been cut between two members.
                self.ends_early = self._size
                return
            if block == _ZERO:
                return
            try:
                position = self._take(_header(block), position + BLOCK, extended)
            except Malformed:
                self.ends_early = position
                return
            if position > self._size:
                self.ends_early = self._size
                return
        raise too_many_members(self.title)

    def _take(self, header: Header, start: int, extended: _Extended) -> int:
        """Note one member; returns where the next header is."""
        if header.type in _SPECIAL:
            if header.size > SPECIAL_LIMIT:
                raise Malformed(tr("an extended header of {n} bytes", n=header.size))
            if start + header.size <= self._size:
                extended.take(header.type, os.pread(self._descriptor, header.size, start))
            return start + _padded(header.size)
        extended.apply(header)
        if header.more_sparse:
            start = self._after_sparse_map(start)
        name = member_name(header.name)
        if header.type in b"12":
            self._places.pop(name, None)
            self._links[name] = link_path(name, os.fsdecode(header.link), hard=header.type == b"1")
            return start
        if header.type in b"3456":
            return start
        self._links.pop(name, None)
        self._places[name] = (start, header.size)
        return start + _padded(header.size)

    def _after_sparse_map(self, start: int) -> int:
        while True:
            block = os.pread(self._descriptor, BLOCK, start)
            start += BLOCK
            if len(block) < BLOCK or not block[504]:
                return start


_SPECIAL = (b"L", b"K", b"x", b"X", b"g")


class _Extended:
    """What the extended headers before a member say about it."""

    def __init__(self) -> None:
        self._name = self._link = b""
        self._records: dict[bytes, bytes] = {}

    def take(self, kind: bytes, body: bytes) -> None:
        if kind == b"L":
            self._name = body.partition(b"\0")[0]
        elif kind == b"K":
            self._link = body.partition(b"\0")[0]
        elif kind in b"xX":
            self._records = dict(pax_records(body))

    def apply(self, header: Header) -> None:
        header.name = self._name or header.name
        header.link = self._link or header.link
        apply_pax(header, self._records)
        self._name = self._link = b""
        self._records = {}


def _header(block: bytes) -> Header:
    if not checksum_holds(block):
        raise Malformed(tr("a header whose checksum is wrong"))
    return parse(block)


def _padded(size: int) -> int:
    return size + -size % BLOCK
