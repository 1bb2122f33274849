"""Streams decompressed by what their first bytes say, with caps against bombs; one level of compression only."""

from __future__ import annotations

import bz2
import lzma
from collections.abc import Callable
from typing import IO, Protocol, cast

import zstandard
from isal import igzip_lib

from explorer.errors import DamagedInput, LimitExceeded
from explorer.filesystem.source import ByteSource
from explorer.translation import tr
from explorer.units import size_text

_READ = 1 << 18
# Small enough that looking for the next of many tiny members copies little.
_MEMBER_READ = 32 << 10
_STEP = 128 << 10
# DEFLATE reaches 1,032:1 at most, honest zeros included; zstd has no such end (32,750:1 measured).
_RATIO_LIMIT = {"gzip": 1_100, "zstd": 2_000, "bzip2": 2_000, "xz": 8_000}
# Below this much output no ratio is suspicious: honest images hold empty disk images and swap files.
_RATIO_FREE = 256 << 20
_OUTPUT_LIMIT = 64 << 30
# The largest window that zstd itself decodes unless told otherwise (ZSTD_WINDOWLOG_LIMIT_DEFAULT, 2^27).
_WINDOW_LIMIT = 128 << 20
# xz -9 needs 65 MiB to unpack; a header may ask for 4 GiB.
_XZ_MEMORY = 160 << 20
_MAGICS = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
)
_ISAL_ERROR: type[Exception] = igzip_lib.error  # type: ignore[assignment]  # its stub has it as an instance
_DAMAGE = (OSError, EOFError, _ISAL_ERROR, lzma.LZMAError, zstandard.ZstdError)


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


class _Decoder(Protocol):
    """What the decompressors of isal, bz2 and lzma have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Members:
    """Compressed members one after the other; zeros after a member are padding, as in gzip and xz."""

    def __init__(self, raw: _Raw, decoder: Callable[[], _Decoder]) -> None:
        self._raw, self._new = raw, decoder
        self._decoder = decoder()

    def readinto(self, buffer: memoryview, /) -> int:
        while len(buffer):
            data = b""
            if self._decoder.eof:
                data = self._next_member()
                if not data:
                    return 0
                self._decoder = self._new()
            elif self._decoder.needs_input:
                data = self._raw.read(_MEMBER_READ)
                if not data:
                    raise EOFError(tr("it ends inside the compressed data"))
            out = self._decoder.decompress(data, len(buffer))
            if out:
                buffer[: len(out)] = out
                return len(out)
        return 0

    def _next_member(self) -> bytes:
        """The first bytes of the next member, b"" after the last one."""
        data = self._decoder.unused_data.lstrip(b"\0")
        while not data and (more := self._raw.read(_MEMBER_READ)):
            data = more.lstrip(b"\0")
        return data


class _Decompressed:
    """All frames of one format; the output is bounded by the caller's buffer, the total by the caps."""

    def __init__(self, raw: _Raw, name: str) -> None:
        self._raw, self._name = raw, name
        self._reader = _open(raw, name)
        self._out = 0

    def readinto(self, buffer: memoryview, /) -> int:
        try:
            # In small steps: a decoder that meets damage loses what it had for this call.
            count = self._reader.readinto(buffer[:_STEP])
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
        file = cast("IO[bytes]", raw)  # read() is all that it calls
        return decoder.stream_reader(file, read_size=_READ, read_across_frames=True)
    return _Members(raw, _DECODERS[name])


def _gzip() -> _Decoder:
    return igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)


def _xz() -> _Decoder:
    return lzma.LZMADecompressor(memlimit=_XZ_MEMORY)


_DECODERS: dict[str, Callable[[], _Decoder]] = {
    "gzip": _gzip,
    "bzip2": bz2.BZ2Decompressor,
    "xz": _xz,
}
