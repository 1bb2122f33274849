"""A tar as it streams by: entries in order, payloads without copies, every problem with its offset."""

from __future__ import annotations

import hashlib
import json
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from explorer.errors import DamagedInput, ExplorerError
from explorer.filesystem.source import ByteSource
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
from explorer.filesystem.tarrun import Run, find_runs
from explorer.translation import tr
from explorer.units import display_text

CHUNK = 1 << 20
_RING = 4
_ZERO = bytes(BLOCK)
_JSON_LIMIT = 64 << 10
_SHOWN_ERROR = 2000
# Old and new regular files, contiguous ones, and GNU's sparse ones.
REGULAR = frozenset({b"0", b"\0", b"7", b"S"})


class Chunks:
    """Fills a ring of 1 MiB buffers, so that blocks never straddle two; with `algorithm`, a thread hashes them."""

    def __init__(
        self,
        source: ByteSource,
        *,
        algorithm: str = "",
        on_bytes: Callable[[int], None] | None = None,
    ) -> None:
        self._source, self._on_bytes = source, on_bytes
        self._free: queue.SimpleQueue[bytearray] = queue.SimpleQueue()
        self._made = 0
        self._full: queue.SimpleQueue[tuple[bytearray, int] | None] = queue.SimpleQueue()
        self._held: bytearray | None = None
        self._failure: ExplorerError | None = None
        self._thread: threading.Thread | None = None
        if algorithm:
            self._hash = hashlib.new(algorithm)
            self._thread = threading.Thread(target=self._digest, name="layer-digest", daemon=True)
            self._thread.start()

    def next(self) -> memoryview:
        """The next chunk, shorter at the end, empty after it; the chunk before must not be used any more.

        Raises what the source raises, after the bytes that came before it were handed out.
        """
        if self._failure is not None:
            raise self._failure
        if self._held is not None and self._thread is None:
            self._free.put(self._held)
        buffer = self._held = self._buffer()
        view, filled = memoryview(buffer), 0
        while filled < CHUNK:
            try:
                count = self._source.readinto(view[filled:])
            except ExplorerError as error:
                self._failure = error
                break
            if count <= 0:
                break
            filled += count
        if self._failure is not None and not filled:
            raise self._failure
        if self._on_bytes is not None and filled:
            self._on_bytes(filled)
        if self._thread is not None:
            self._full.put((buffer, filled))
        return view[:filled]

    def _buffer(self) -> bytearray:
        if self._made < _RING and self._free.empty():
            self._made += 1
            return bytearray(CHUNK)
        return self._free.get()

    def close(self) -> str:
        """Stop hashing; the digest of all chunks as hexadecimal, "" when they were not hashed."""
        if self._thread is None:
            return ""
        self._full.put(None)
        self._thread.join()
        self._thread = None
        return self._hash.hexdigest()

    def _digest(self) -> None:
        # A ring buffer is free again once both the parser (which asks for the next) and this thread are done with it.
        while (item := self._full.get()) is not None:
            buffer, filled = item
            self._hash.update(memoryview(buffer)[:filled])
            self._free.put(buffer)


@dataclass(slots=True)
class Member:
    """One entry; `kind` is the header's typeflag, `offset` where its header and `data_offset` where its payload starts."""

    name: bytes
    kind: bytes
    size: int
    offset: int
    data_offset: int
    header: Header

    @property
    def is_regular(self) -> bool:
        """Whether it carries a file's payload."""
        return self.kind in REGULAR


class TarStream:
    """Reads entries from chunks: next_member(), then payload parts or skip_payload(), and so on to the end.

    Raises DamagedInput, with the offset, where the stream is no tar any more. `ended` tells how it ended: "" not yet,
    "blocks" by the two zero blocks, "bare" by the end of the data on a block boundary.
    """

    def __init__(self, chunks: Chunks) -> None:
        self._chunks = chunks
        self._chunk = memoryview(b"")
        self._position = 0
        self._base = 0
        self._left = 0
        self._padding = 0
        self._looked = 0  # up to this offset runs of plain members were looked for
        self._runs: list[
            Run
        ] = []  # those of the current chunk that are still to come, the last one first
        self.ended = ""
        self._global: dict[bytes, bytes] = {}

    @property
    def offset(self) -> int:
        """Bytes consumed so far."""
        return self._base + self._position

    def next_member(self) -> Member | None:
        """The next entry, None at the end; what is left of the payload before is skipped."""
        if self._left or self._padding:
            self.skip_payload()
        pax: dict[bytes, bytes] = {}
        name = link = None
        while True:
            start = self._base + self._position
            block = self._block()
            if block is None:
                self.ended = "bare"
                return None
            if block == _ZERO:
                self._end(start)
                return None
            header = self._header(block, start)
            kind = header.type
            if kind not in _EXTENDED:
                return self._member(header, start, pax, name, link)
            if kind == b"L":
                name = self._special(header.size, start).partition(b"\0")[0]
            elif kind == b"K":
                link = self._special(header.size, start).partition(b"\0")[0]
            elif kind == b"g":
                records = self._records(header.size, start)
                self._global.update(item for item in records if item[0] in _GLOBAL_KEYS)
            else:
                pax = dict(self._records(header.size, start))

    def whole_payload(self) -> memoryview | None:
        """The current payload in one piece, valid until the next call; None when it does not lie in one chunk."""
        size = self._left
        end = self._position + size
        if not size or end + self._padding > len(self._chunk):
            return None
        part = self._chunk[self._position : end]
        self._position = end + self._padding
        self._left = self._padding = 0
        return part

    def plain_run(self) -> tuple[Run, memoryview, int] | None:
        """Many plain members at once, passed over already: their chunk (until the next call) and its offset in the tar.

        None where the next member is better looked at by itself.
        """
        if self._left or self._padding:
            self.skip_payload()
        if self._global:
            return None
        if self.offset >= self._looked:
            self._runs, position = find_runs(self._chunk, self._position)
            self._runs.reverse()
            self._looked = self._base + position
        if not self._runs or self._runs[-1].begin != self._position:
            return None
        run = self._runs.pop()
        self._position = run.end
        return run, self._chunk, self._base

    def payload(self) -> Iterator[memoryview]:
        """The current payload in parts that are valid until the next call."""
        while self._left:
            last = self._chunk
            if self._position == len(last) and not self._refill():
                missing, self._left = self._left, 0
                # An empty read leaves the chunk before untouched.
                raise self._error_in_payload(last, self.offset) or self._damage(
                    tr("it ends inside a file, {n} bytes too early", n=missing), self.offset
                )
            part = self._chunk[self._position : self._position + self._left]
            self._position += len(part)
            self._left -= len(part)
            yield part
        self._skip(self._padding)
        self._padding = 0

    def skip_payload(self) -> None:
        """Pass over what is left of the current payload."""
        for _ in self.payload():
            pass

    def drain(self) -> None:
        """Read the rest of the data without looking at it."""
        while self._refill():
            pass

    def _member(
        self,
        header: Header,
        start: int,
        pax: dict[bytes, bytes],
        name: bytes | None,
        link: bytes | None,
    ) -> Member:
        if pax or self._global or name or link:
            try:
                apply_pax(header, self._global)
                apply_pax(header, pax)
            except Malformed as error:
                raise self._damage(error.message, start) from error
            # As Go has it, a GNU long name counts before a PAX path.
            header.name = name or header.name
            header.link = link or header.link
        kind = header.type
        if header.more_sparse:
            self._sparse_extensions(start)
        if kind == b"\0" and header.name.endswith(b"/"):
            kind = b"5"  # before POSIX, directories had no kind of their own
        # Links, devices, pipes and directories carry no payload, whatever their size field says.
        size = 0 if kind in b"123456" else header.size
        self._left, self._padding = size, -size % BLOCK
        return Member(header.name, kind, size, start, self._base + self._position, header)

    def _header(self, block: bytes, start: int) -> Header:
        try:
            if checksum_holds(block):
                return parse(block)
            what = tr("a header whose checksum is wrong")
        except Malformed as error:
            what = error.message
        raise self._engine_error(block, start) or self._damage(what, start)

    def _special(self, size: int, start: int) -> bytes:
        if size > SPECIAL_LIMIT:
            raise self._damage(
                tr("an extended header of {n} bytes; at most 1 MiB is read", n=size), start
            )
        body = bytearray()
        while len(body) < size:
            if self._position == len(self._chunk) and not self._refill():
                raise self._damage(tr("it ends inside an extended header"), self.offset)
            part = self._chunk[self._position : self._position + size - len(body)]
            body += part
            self._position += len(part)
        self._skip(-size % BLOCK)
        return bytes(body)

    def _records(self, size: int, start: int) -> list[tuple[bytes, bytes]]:
        body = self._special(size, start)
        try:
            return pax_records(body)
        except Malformed as error:
            raise self._damage(error.message, start) from error

    def _sparse_extensions(self, start: int) -> None:
        for _ in range(SPECIAL_LIMIT // 21):
            block = self._block()
            if block is None:
                raise self._damage(tr("it ends inside a sparse map"), start)
            if not block[504]:
                return
        raise self._damage(tr("a sparse map without an end"), start)

    def _end(self, start: int) -> None:
        block = self._block()
        if block is not None and block != _ZERO:
            raise self._damage(tr("one empty block, then something else"), start)
        self.ended = "blocks" if block is not None else "bare"

    def _block(self) -> bytes | None:
        if self._position == len(self._chunk) and not self._refill():
            return None
        block = bytes(self._chunk[self._position : self._position + BLOCK])
        if len(block) < BLOCK:
            start = self.offset
            error = self._engine_error(block, start)
            if error is None:
                self._refill()  # the source may have a reason of its own
            raise error or self._damage(tr("it ends inside a header"), start)
        self._position += BLOCK
        return block

    def _skip(self, count: int) -> None:
        while count:
            if self._position == len(self._chunk) and not self._refill():
                return  # some writers leave out the last padding; a payload that is cut was told before
            step = min(count, len(self._chunk) - self._position)
            self._position += step
            count -= step

    def _refill(self) -> bool:
        self._base += len(self._chunk)
        self._position = 0
        self._runs = []
        self._chunk = self._chunks.next()
        return len(self._chunk) > 0

    def _engine_error(self, block: bytes, start: int) -> DamagedInput | None:
        """What an engine wrote into the stream instead of a header."""
        if block.lstrip()[:1] != b"{":
            return None
        after = self._position if len(block) == BLOCK else len(self._chunk)
        return _told(block + bytes(self._chunk[after : after + _JSON_LIMIT]), start)

    def _error_in_payload(self, last: memoryview, start: int) -> DamagedInput | None:
        """What an engine wrote in the middle of a file: then it is the very end of the stream."""
        tail = bytes(last[-_JSON_LIMIT:])
        at = tail.rfind(b'{"errorDetail"')
        return _told(tail[at:], start - len(tail) + at) if at >= 0 else None

    def _damage(self, what: str, offset: int) -> DamagedInput:
        return DamagedInput(what, offset=offset)


def _told(text: bytes, start: int) -> DamagedInput | None:
    """The error that ended an engine's export, which it writes into the stream as JSON (moby image_routes.go)."""
    try:
        value, _ = json.JSONDecoder().raw_decode(text.decode("utf-8", "replace").strip("\0 \r\n"))
    except (ValueError, RecursionError):
        return None
    detail = value.get("errorDetail") if isinstance(value, dict) else None
    message = detail.get("message") if isinstance(detail, dict) else None
    message = message or (
        value.get("error") or value.get("message") if isinstance(value, dict) else None
    )
    if not isinstance(message, str):
        return None
    return DamagedInput(
        tr("the engine stopped with: {error}", error=display_text(message, _SHOWN_ERROR)),
        offset=start,
    )


_EXTENDED = frozenset({b"L", b"K", b"x", b"X", b"g"})
# What a global header may say for all that follow: no name, and no size that would move the next header.
_GLOBAL_KEYS = frozenset({b"mtime", b"uid", b"gid"})


class MemberStream:
    """A member of an outer archive: its facts, and its payload as a ByteSource."""

    def __init__(self, stream: TarStream, member: Member) -> None:
        self._parts = stream.payload()
        self._part = memoryview(b"")
        self.member = member

    def readinto(self, buffer: memoryview, /) -> int:
        """See ByteSource; raises DamagedInput where the archive ends too early."""
        if not self._part:
            self._part = next(self._parts, memoryview(b""))
        count = min(len(buffer), len(self._part))
        buffer[:count] = self._part[:count]
        self._part = self._part[count:]
        return count


def members(source: ByteSource) -> Iterator[MemberStream]:
    """The members of an outer archive in order, each to be read before the next is asked for.

    Raises DamagedInput where it is damaged.
    """
    stream = TarStream(Chunks(source))
    while (member := stream.next_member()) is not None:
        yield MemberStream(stream, member)
        stream.skip_payload()
