"""Where an image's members lie: in a folder, or in a tar whose payloads are read by offset; links stay inside."""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Protocol

from explorer.errors import DamagedInput, InputError, LimitExceeded
from explorer.filesystem.layerbuilder import clean_path
from explorer.filesystem.source import ByteSource
from explorer.image.config import JSON_LIMIT
from explorer.image.layout import Contents
from explorer.task import Cancelled, Task
from explorer.translation import tr
from explorer.units import display_text

# stereoscope follows 100 links, too (maxLinkResolutionDepth).
_LINK_LIMIT = 100
# An image has some hundreds of members; this many are a root file system or an attack.
MEMBERS_LIMIT = 200_000
_PROGRESS_SECONDS = 0.1
_DISCARD_BYTES = 1 << 20
_COPY_BYTES = 256 << 10


class ReadableContents(Contents, Protocol):
    """Members whose bytes can be read."""

    def open(self, member: str) -> ByteSource:
        """A resolved member from its beginning."""

    def close(self) -> None: ...


class FileSlice:
    """A part of an open file as a stream; several may be read at once, none moves the file's own position."""

    def __init__(self, descriptor: int, offset: int, size: int) -> None:
        self.descriptor = descriptor
        self.position = offset
        self.end = offset + size

    def readinto(self, buffer: memoryview, /) -> int:
        room = min(len(buffer), self.end - self.position)
        if room <= 0:
            return 0
        try:
            count = os.preadv(self.descriptor, [buffer[:room]], self.position)
        except OSError as error:
            raise DamagedInput(
                tr("reading failed ({reason})", reason=error.strerror or error),
                tr("Check the disk or the connection to it."),
                self.position,
            ) from error
        self.position += count
        return count

    def skip(self, count: int) -> int:
        """Pass over up to `count` bytes without reading them; returns the bytes passed."""
        passed = max(0, min(count, self.end - self.position))
        self.position += passed
        return passed


class Meter:
    """Adds up bytes from several threads and tells the task about ten times a second."""

    def __init__(self, task: Task, text: str, total: int = 0) -> None:
        self._task, self._text, self._total = task, text, total
        self._lock = threading.Lock()
        self._done = 0
        self._next = 0.0
        self._stopped = False

    def stop(self) -> None:
        """End whoever still reads: another one failed."""
        self._stopped = True

    def add(self, count: int) -> None:
        if self._stopped:
            raise Cancelled
        with self._lock:
            self._done += count
            now = time.monotonic()
            if now < self._next:
                return
            self._next = now + _PROGRESS_SECONDS
            done = min(self._done, self._total) if self._total else self._done
        self._task.progress(self._text, done, self._total)

    def finish(self) -> None:
        """All is read."""
        self._task.progress(self._text, self._total, self._total)


class Watched:
    """A stream that ends by Cancelled when the task is cancelled, and is counted."""

    def __init__(self, source: ByteSource, task: Task, meter: Meter | None = None) -> None:
        self._source, self._task, self._meter = source, task, meter

    def readinto(self, buffer: memoryview, /) -> int:
        """See ByteSource."""
        self._task.checkpoint()
        count = self._source.readinto(buffer)
        if self._meter is not None:
            self._meter.add(count)
        return count

    def skip(self, count: int) -> int:
        """Pass over `count` bytes, at once where the stream lies in a file."""
        if isinstance(self._source, FileSlice):
            return self._source.skip(count)
        return discard(self, count)


class FolderContents:
    """The files of an OCI layout or an unpacked archive below a folder; nothing outside it is opened."""

    ends_early = -1

    def __init__(self, folder: Path, title: str) -> None:
        self.title = title
        self._folder = folder
        self._root = Path(os.path.realpath(folder))
        self._open: dict[str, int] = {}

    def names(self) -> Collection[str]:
        return sorted(os.listdir(self._root))

    def resolve(self, name: str) -> str:
        parts = clean_path(os.fsencode(name)) if "\0" not in name else None
        if not parts:
            return ""
        real = Path(os.path.realpath(self._root / os.fsdecode(b"/".join(parts))))
        if not real.is_relative_to(self._root):
            return ""
        try:
            regular = stat.S_ISREG(real.stat().st_mode)
        except OSError:
            return ""
        return str(real.relative_to(self._root)) if regular else ""

    def size(self, name: str) -> int:
        return self.open(name).end

    def text(self, name: str) -> bytes:
        return read_text(self.open(name), self.size(name), name, self.title)

    def open(self, member: str) -> FileSlice:
        if member not in self._open:
            # O_NOFOLLOW, O_NONBLOCK: the file may have been exchanged since resolve() looked at it.
            flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
            try:
                self._open[member] = os.open(self._root / member, flags)
            except OSError as error:
                raise InputError(
                    tr(
                        "{file} cannot be read: {reason}.",
                        file=display_text(str(self._root / member)),
                        reason=error.strerror or error,
                    ),
                    tr("Check that you may read it."),
                ) from error
        descriptor = self._open[member]
        return FileSlice(descriptor, 0, os.fstat(descriptor).st_size)

    def close(self) -> None:
        for descriptor in self._open.values():
            os.close(descriptor)
        self._open.clear()


class Part:
    """One member's payload of a stream, with the bytes that were looked at put back in front."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._head = memoryview(b"")

    def peek(self, count: int) -> bytes:
        """The first bytes, which stay to be read."""
        buffer = bytearray(count)
        self._head = memoryview(buffer)[: fill(self._source, memoryview(buffer))]
        return bytes(self._head)

    def readinto(self, buffer: memoryview, /) -> int:
        if not self._head:
            return self._source.readinto(buffer)
        count = min(len(buffer), len(self._head))
        buffer[:count] = self._head[:count]
        self._head = self._head[count:]
        return count


def follow(name: str, links: Mapping[str, str], present: Collection[str]) -> str:
    """The member behind `name`, through links of the archive's own members; "" when it leads nowhere or outside."""
    for _ in range(_LINK_LIMIT):
        parts = clean_path(name.encode("utf-8", "surrogateescape"))
        if not parts:
            return ""
        name = b"/".join(parts).decode("utf-8", "surrogateescape")
        if name not in links:
            return name if name in present else ""
        name = links[name]
    return ""


def member_name(raw: bytes) -> str:
    """A member's name as the archive's JSON files write it."""
    return os.fsdecode(raw).removeprefix("./").rstrip("/")


def link_path(name: str, target: str, *, hard: bool) -> str:
    """What a link names, from the archive's root; an absolute symlink leads outside and so to nothing."""
    if hard:
        return target
    return "" if target.startswith("/") else f"{name.rpartition('/')[0]}/{target}"


def read_text(source: ByteSource, size: int, name: str, title: str) -> bytes:
    """A small member whole; raises LimitExceeded over 4 MiB, DamagedInput when it is cut off."""
    shown = display_text(name, 100)
    if size > JSON_LIMIT:
        raise LimitExceeded(
            tr(
                "{what} has {bytes} bytes; at most {limit} are read.",
                what=shown,
                bytes=size,
                limit=JSON_LIMIT,
            ),
            tr("No image tool writes such a file; do not trust this image."),
        )
    data = bytearray(size)
    filled = fill(source, memoryview(data))
    if filled < size:
        raise DamagedInput(
            tr("{file} ends early, inside {name}.", file=title, name=shown),
            tr("Copy or save the image again."),
        )
    return bytes(data)


def fill(source: ByteSource, buffer: memoryview) -> int:
    """Read until `buffer` is full or the stream ends; the bytes read."""
    filled = 0
    while filled < len(buffer):
        count = source.readinto(buffer[filled:])
        if count <= 0:
            break
        filled += count
    return filled


def discard(source: ByteSource, count: int) -> int:
    """Read `count` bytes and forget them; the bytes that were there."""
    scratch = memoryview(bytearray(min(max(count, 1), _DISCARD_BYTES)))
    left = count
    while left > 0:
        read = source.readinto(scratch[: min(left, len(scratch))])
        if read <= 0:
            break
        left -= read
    return count - left


def copy(source: ByteSource, size: int, sink: Callable[[memoryview], None]) -> int:
    """Hand `size` bytes to `sink`, in parts that are valid during the call; the bytes that were there."""
    buffer = memoryview(bytearray(min(size, _COPY_BYTES) or 1))
    done = 0
    while done < size:
        count = source.readinto(buffer[: min(len(buffer), size - done)])
        if count <= 0:
            break
        sink(buffer[:count])
        done += count
    return done


def too_many_members(title: str) -> LimitExceeded:
    """The error for an archive of more members than any saved image has."""
    return LimitExceeded(
        tr("{file} has more than {n} members.", file=title, n=MEMBERS_LIMIT),
        tr("No saved image has so many; do not trust this file."),
    )
