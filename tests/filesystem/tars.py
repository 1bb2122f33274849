"""Layer tars from a few readable lines, byte by byte: tar(entry("a", b"x"), entry("d/", kind=b"5"))."""

from __future__ import annotations

import numpy as np

from explorer.filesystem.layer import Kind, LayerIndex
from explorer.filesystem.reading import read_layer
from explorer.task import Task
from tests.support.archives import digest

END = bytes(1024)


def header(
    name: bytes | str,
    size: int | bytes = 0,
    kind: bytes = b"0",
    *,
    mode: bytes = b"0000644\0",
    link: bytes = b"",
    magic: bytes = b"ustar\x0000",
    prefix: bytes = b"",
    mtime: bytes = b"00000000000\0",
    device: tuple[int, int] = (0, 0),
    tail: bytes = b"",
) -> bytes:
    """One header block with a right checksum; `size` as bytes is written as it is."""
    block = bytearray(512)
    raw = name.encode() if isinstance(name, str) else name
    block[: len(raw)] = raw
    block[100:108] = mode
    block[108:116] = block[116:124] = b"0000000\0"
    block[124:136] = size if isinstance(size, bytes) else b"%011o\0" % size
    block[136:148] = mtime
    block[156:157] = kind
    block[157 : 157 + len(link)] = link
    block[257:265] = magic
    block[329:337], block[337:345] = (b"%07o\0" % number for number in device)
    block[345 : 345 + len(prefix)] = prefix
    if tail:
        block[512 - len(tail) :] = tail
    return sealed(block)


def sealed(block: bytes | bytearray) -> bytes:
    """The block with a right checksum."""
    block = bytearray(block)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def padded(data: bytes) -> bytes:
    """Data filled up to whole blocks."""
    return data + bytes(-len(data) % 512)


def entry(name: bytes | str, data: bytes = b"", kind: bytes = b"0", **more: object) -> bytes:
    """A member: its header and its payload."""
    return header(name, len(data), kind, **more) + padded(data)  # type: ignore[arg-type]  # as header()


def pax(*records: tuple[bytes, bytes], kind: bytes = b"x") -> bytes:
    """An extended header with these records."""
    return entry("././@PaxHeader", b"".join(record(*item) for item in records), kind)


def record(key: bytes, value: bytes) -> bytes:
    """One PAX record, its own length included."""
    rest = b" " + key + b"=" + value + b"\n"
    length = len(rest) + 1
    while len(b"%d" % length) + len(rest) != length:
        length += 1
    return b"%d" % length + rest


def tar(*members: bytes) -> bytes:
    """Members and the two empty blocks at the end."""
    return b"".join(members) + END


class Held:
    """Bytes in memory as a stream that comes in pieces of at most `step` bytes and may fail at its end."""

    def __init__(
        self, data: bytes, step: int = 1 << 20, failure: BaseException | None = None
    ) -> None:
        self._data, self._step, self._failure = memoryview(data), step, failure

    def readinto(self, buffer: memoryview, /) -> int:
        count = min(len(buffer), self._step, len(self._data))
        if not count and self._failure is not None:
            raise self._failure
        buffer[:count] = self._data[:count]
        self._data = self._data[count:]
        return count


def read(data: bytes, *, diff_id: str | None = None, step: int = 1 << 20) -> LayerIndex:
    """The index of a tar; without a digest the right one is given."""
    wanted = digest(data) if diff_id is None else diff_id
    return read_layer(Task(), Held(data, step), diff_id=wanted)


def paths(index: LayerIndex) -> dict[bytes, tuple[Kind, int]]:
    """Kind and payload bytes of each listed path; directories that are only implied are left out."""
    return {
        index.path(node): (Kind(index.kind[node]), int(index.size[node]))
        for node in range(1, len(index))
        if not index.flags[node] & 1
    }


def content(index: LayerIndex) -> dict[bytes, int]:
    """Payload bytes of each regular file."""
    nodes = np.flatnonzero(index.kind == Kind.FILE).tolist()
    return {index.path(node): int(index.size[node]) for node in nodes}
