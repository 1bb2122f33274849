"""Streams decompressed by what their first bytes say, with caps against bombs; one level of compression only."""

from __future__ import annotations

import bz2
import lzma
from typing import Protocol

import zstandard
from isal import igzip, igzip_lib

from explorer.errors import DamagedInput, LimitExceeded
from explorer.filesystem.source import ByteSource
from explorer.translation import tr
from explorer.units import size_text

_READ = 1 << 18
# DEFLATE reaches 1,032:1 at most, honest zeros included; zstd has no such end (32,750:1 measured).
_RATIO_LIMIT = {"gzip": 1_100, "zstd": 2_000, "bzip2": 2_000, "xz": 8_000}
# Below this much output no ratio is suspicious: honest images hold empty disk images and swap files.
_RATIO_FREE = 256 << 20
_OUTPUT_LIMIT = 64 << 30
# The largest window that zstd itself decodes unless told otherwise (ZSTD_WINDOWLOG_LIMIT_DEFAULT, 2^27).
_WINDOW_LIMIT = 128 << 20
_MAGICS = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
)
_DAMAGE = (OSError, EOFError, igzip_lib.IsalError, lzma.LZMAError, zstandard.ZstdError)


def sniff(head: bytes) -> str:
    """The compression that `head` (6 bytes or more) begins: "gzip", "zstd", "bzip2", "xz" or "" for none."""
    for magic, name in _MAGICS:
        if head.startswith(magic):
            return name
    # Skippable frames (0x184D2A50-5F) may stand before the first zstd frame, as in zstd:chunked layers.
    if len(head) >= 4 and 0x50 <= head[0] <= 0x5F and head[1:4] == b"\x2a\x4d\x18":
        return "zstd"
    return ""


def decompressed(source: ByteSource) -> ByteSource:
    """The stream decompressed (all members or frames), or as it is when it is not compressed.

    Reading raises DamagedInput for damaged data, LimitExceeded beyond 64 GiB or beyond the format's honest ratio.
    """
    raw = _Raw(source)
    name = sniff(raw.peek(8))
    return _Decompressed(raw, name) if name else raw


class _Raw:
    """A ByteSource as the file object that decompressors want; counts what they take."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._head = b""
        self.count = 0

    def peek(self, count: int) -> bytes:
        """The first bytes, which stay to be read."""
        while len(self._head) < count and (more := self._read(count - len(self._head))):
            self._head += more
        return self._head

    def readinto(self, buffer: memoryview, /) -> int:
        if self._head:
            count = min(len(buffer), len(self._head))
            buffer[:count] = self._head[:count]
            self._head = self._head[count:]
        else:
            count = self._source.readinto(buffer)
        self.count += count
        return count

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, b"" at the end."""
        data, self._head = self._head, b""
        data = data or self._read(size if 0 < size < _READ else _READ)
        self.count += len(data)
        return data

    def _read(self, size: int) -> bytes:
        buffer = bytearray(size)
        return bytes(buffer[: self._source.readinto(memoryview(buffer))])


class _Reader(Protocol):
    def readinto(self, buffer: memoryview, /) -> int: ...


class _Decompressed:
    """All frames of one format; the output is bounded by the caller's buffer, the total by the caps."""

    def __init__(self, raw: _Raw, name: str) -> None:
        self._raw, self._name = raw, name
        self._reader = _open(raw, name)
        self._out = 0

    def readinto(self, buffer: memoryview, /) -> int:
        try:
            count = self._reader.readinto(buffer)
        except _DAMAGE as error:
            raise DamagedInput(
                tr("the compressed data is damaged or ends early ({error})", error=error),
                offset=self._out,
            ) from error
        self._out += count
        packed = max(self._raw.count, 1)
        if self._out > _OUTPUT_LIMIT or (
            self._out > _RATIO_FREE and self._out > _RATIO_LIMIT[self._name] * packed
        ):
            raise LimitExceeded(
                tr(
                    "{packed} unpack to more than {unpacked}: this looks like a decompression bomb.",
                    packed=size_text(packed),
                    unpacked=size_text(self._out),
                ),
                tr("Do not trust this image."),
            )
        return count


def _open(raw: _Raw, name: str) -> _Reader:
    if name == "zstd":
        decoder = zstandard.ZstdDecompressor(max_window_size=_WINDOW_LIMIT)
        return decoder.stream_reader(raw, read_size=_READ, read_across_frames=True)
    if name == "gzip":
        return igzip.IGzipFile(fileobj=raw, mode="rb")
    return bz2.BZ2File(raw) if name == "bzip2" else lzma.LZMAFile(raw)
