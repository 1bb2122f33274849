"""Layers' folders of an overlay2 engine, read from this machine's disk by whom it lets: no container, no archive on the way.

The engine's own archive of a folder costs four times the reading. Entries come in the archive's order (moby
pkg/archive/archive.go: filepath.Walk, names sorted as bytes), and what only root sees, the marks of opaque directories,
is read instead of looked for.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xxhash import xxh3_128, xxh3_128_digest

from explorer.errors import LimitExceeded
from explorer.filesystem.layer import HEAD_BYTES, Kind, LayerIndex
from explorer.filesystem.layerbuilder import LayerBuilder
from explorer.filesystem.reading import MEMBERS_LIMIT
from explorer.task import Task

if TYPE_CHECKING:
    from explorer.engine.client import Engine
    from explorer.engine.inspection import Inspected

_PIECE = 1 << 20
# Each open directory holds a descriptor; no image nests like this.
_DEPTH_LIMIT = 200
_OPAQUE, _REDIRECT = "trusted.overlay.opaque", "trusted.overlay.redirect"
_OPEN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NO_DIGEST = bytes(16)
_SPECIAL = {stat.S_IFCHR: Kind.CHARACTER, stat.S_IFBLK: Kind.BLOCK, stat.S_IFIFO: Kind.FIFO}


class Unreadable(Exception):
    """A folder is not what its engine's archive of it would show, or it may not be read."""


def may_read(engine: Engine, inspected: Inspected) -> bool:
    """Whether the layers' folders lie on this machine, may be read whole, and hold owners as the image means them."""
    if os.geteuid() or not engine.endpoint.is_local:
        return False
    info = engine.describe()
    if info.rootless or info.machine or info.remapped:
        return False
    root = info.root_folder.rstrip("/") + "/"
    return all(
        folder.startswith(root) and ".." not in folder.split("/") and os.path.isdir(folder)
        for folder in inspected.folders
    )


def read_folder(task: Task, folder: str, on_bytes: Callable[[int], None]) -> LayerIndex:
    """The index of a layer's folder, complete as far as the disk tells; Unreadable, Cancelled.

    `on_bytes` gets the count of each piece of up to 1 MiB.
    """
    try:
        walk = _Walk(task, on_bytes)
        with closing(_Directory(os.open(folder, _OPEN_DIRECTORY))) as top:
            walk.directory(top, b"", 0)
        return walk.builder.finish(diff_id="", tar_bytes=0, complete=True, verified="")
    except (OSError, LimitExceeded) as error:
        raise Unreadable(str(error)) from error


@dataclass
class _Directory:
    descriptor: int

    def close(self) -> None:
        os.close(self.descriptor)


@dataclass
class _Walk:
    task: Task
    on_bytes: Callable[[int], None]
    builder: LayerBuilder = field(default_factory=LayerBuilder)
    # (device, inode) -> the path that an inode of several names was first met at
    _inodes: dict[tuple[int, int], bytes] = field(default_factory=dict)
    _buffer: memoryview = field(default_factory=lambda: memoryview(bytearray(_PIECE)))

    def directory(self, here: _Directory, path: bytes, depth: int) -> None:
        """A directory's own entry, then what is in it."""
        state = os.fstat(here.descriptor)
        self._add(path or b".", Kind.DIRECTORY, state)
        self._marks(here.descriptor, path)
        if depth > _DEPTH_LIMIT or len(self.builder) > MEMBERS_LIMIT:
            raise Unreadable(f"{path!r} nests too deep or holds too much")
        for name in sorted(map(os.fsencode, os.listdir(here.descriptor))):
            self.task.checkpoint()
            state = os.stat(name, dir_fd=here.descriptor, follow_symlinks=False)
            below = path + b"/" + name if path else name
            if stat.S_ISDIR(state.st_mode):
                with closing(
                    _Directory(os.open(name, _OPEN_DIRECTORY, dir_fd=here.descriptor))
                ) as inner:
                    self.directory(inner, below, depth + 1)
            else:
                self._leaf(here.descriptor, name, below, state)

    def _marks(self, descriptor: int, path: bytes) -> None:
        """What overlayfs notes at a directory (Documentation/filesystems/overlayfs.rst)."""
        if _attribute(descriptor, _REDIRECT):
            raise Unreadable(f"{path!r} is another directory, renamed")
        if path and _attribute(descriptor, _OPAQUE) == b"y":
            self.builder.opaque(path)

    def _leaf(self, parent: int, name: bytes, path: bytes, state: os.stat_result) -> None:
        kind = stat.S_IFMT(state.st_mode)
        if kind == stat.S_IFCHR and not state.st_rdev:
            self.builder.whiteout(path)
            return
        if state.st_nlink > 1:
            first = self._inodes.setdefault((state.st_dev, state.st_ino), path)
            if first != path:
                self._add(path, Kind.HARDLINK, state, link=first)
                return
        if kind == stat.S_IFREG:
            self._file(parent, name, path, state)
        elif kind == stat.S_IFLNK:
            self._add(path, Kind.SYMLINK, state, link=os.readlink(name, dir_fd=parent))
        elif kind in _SPECIAL:
            self._add(path, _SPECIAL[kind], state)
        # An archive leaves sockets out, and so does an image.

    def _file(self, parent: int, name: bytes, path: bytes, state: os.stat_result) -> None:
        size, head, digest = state.st_size, b"", _NO_DIGEST
        if size:
            with closing(_Directory(os.open(name, _OPEN_FILE, dir_fd=parent))) as file:
                head, digest = self._read(file.descriptor, size)
        self._add(path, Kind.FILE, state, size=size, digest=digest, head=head)

    def _read(self, descriptor: int, size: int) -> tuple[bytes, bytes]:
        """First bytes and content digest of a file that has `size` bytes."""
        buffer = self._buffer
        count = os.readv(descriptor, [buffer])
        head = bytes(buffer[: min(count, HEAD_BYTES)])
        if count == size:
            self.on_bytes(count)
            return head, xxh3_128_digest(buffer[:count])[::-1]
        hasher, done = xxh3_128(), 0
        while count:
            self.task.checkpoint()
            hasher.update(buffer[:count])
            done += count
            self.on_bytes(count)
            count = os.readv(descriptor, [buffer])
        if done != size:
            raise Unreadable(f"{done} of {size} bytes")
        return head, hasher.digest()[::-1]

    def _add(
        self,
        path: bytes,
        kind: int,
        state: os.stat_result,
        *,
        size: int = 0,
        digest: bytes = _NO_DIGEST,
        head: bytes = b"",
        link: bytes = b"",
    ) -> None:
        self.builder.add(
            path,
            kind,
            stat.S_IMODE(state.st_mode),
            state.st_uid,
            state.st_gid,
            state.st_mtime_ns // 10**9,
            size,
            -1,
            digest,
            head,
            link,
        )


def _attribute(descriptor: int, name: str) -> bytes:
    try:
        return os.getxattr(descriptor, name)
    except OSError as error:
        if error.errno in (errno.ENODATA, errno.ENOTSUP):
            return b""
        raise
