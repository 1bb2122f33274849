"""Opens a file or folder that may hold images, and says what it is when it holds none."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Collection
from pathlib import Path

from explorer.errors import DamagedInput, ImageNotFound, InputError, NotAnImage
from explorer.filesystem.compression import decompressed, sniff
from explorer.filesystem.contents import (
    FileSlice,
    FolderContents,
    Meter,
    ReadableContents,
    Watched,
    fill,
)
from explorer.filesystem.exportstream import Export, open_member, scan_export
from explorer.filesystem.layer import LayerIndex
from explorer.filesystem.source import ByteSource
from explorer.filesystem.tarcontents import TarContents
from explorer.filesystem.tarheader import BLOCK, checksum_holds
from explorer.task import Task
from explorer.translation import mark, tr
from explorer.units import display_text

_HINT = mark("Open a file that docker save wrote, or an OCI image folder.")


class CompressedContents:
    """The members of an archive that is compressed as a whole: one pass finds them, another reads one of them."""

    def __init__(
        self, task: Task, descriptor: int, size: int, title: str, *, index_layers: bool
    ) -> None:
        self.title = title
        self._task, self._descriptor, self._size = task, descriptor, size
        source = FileSlice(descriptor, 0, size)
        self.export = index_archive(task, source, size, title, index_layers=index_layers)
        self.ends_early = self.export.ends_early

    def names(self) -> Collection[str]:
        return self.export.names()

    def resolve(self, name: str) -> str:
        return self.export.resolve(name)

    def size(self, name: str) -> int:
        return self.export.size(name)

    def text(self, name: str) -> bytes:
        return self.export.text(name)

    def open(self, member: str) -> ByteSource:
        return open_member(decompressed(FileSlice(self._descriptor, 0, self._size)), member)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def index_archive(
    task: Task, source: FileSlice, size: int, title: str, *, index_layers: bool = True
) -> Export:
    """One pass over an archive, compressed or not, that keeps the index of every layer in it."""
    layers: dict[str, LayerIndex] = {}

    def keep(name: str, index: LayerIndex) -> bool:
        layers[name] = index
        return False

    meter = Meter(task, tr("Reading {file}", file=title), size)
    watched = Watched(source, task, meter)
    export = scan_export(
        task, decompressed(watched), title, on_layer=keep if index_layers else None
    )
    export.layers = layers
    return export


def open_contents(task: Task, path: Path, *, index_layers: bool) -> ReadableContents:
    """What a file or folder holds, to be closed; raises ImageNotFound, NotAnImage, DamagedInput, InputError."""
    title = display_text(str(path))
    try:
        state = path.stat()
        if stat.S_ISDIR(state.st_mode):
            return _folder(path, title)
        if not stat.S_ISREG(state.st_mode):
            raise NotAnImage(tr("{file} is neither a file nor a folder.", file=title), tr(_HINT))
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise _unreadable(error, title) from error
    try:
        head = _first_block(FileSlice(descriptor, 0, state.st_size), title)
        if sniff(head):
            source = decompressed(FileSlice(descriptor, 0, state.st_size))
            _check_tar(_first_block(source, title), title, unpacked=True)
            return CompressedContents(
                task, descriptor, state.st_size, title, index_layers=index_layers
            )
        _check_tar(head, title)
        return TarContents(task, descriptor, title)
    except BaseException:
        os.close(descriptor)
        raise


def _folder(path: Path, title: str) -> FolderContents:
    contents = FolderContents(path, title)
    if contents.resolve("index.json") or contents.resolve("manifest.json"):
        return contents
    raise NotAnImage(
        tr("{file} is not an image folder: it has neither index.json nor manifest.json.", file=title),
        tr(_HINT),
    )  # fmt: skip


def _unreadable(error: OSError, title: str) -> InputError:
    if isinstance(error, FileNotFoundError) or error.errno in (errno.ENAMETOOLONG, errno.ENOTDIR):
        return ImageNotFound(
            tr("There is no file or folder {file}.", file=title),
            tr("Check the path. An image of the engine is written as NAME:TAG, without a path."),
        )
    return InputError(
        tr("{file} cannot be read: {reason}.", file=title, reason=error.strerror or error),
        tr("Check that you may read it."),
    )


def _first_block(source: ByteSource, title: str) -> bytes:
    block = bytearray(BLOCK)
    try:
        return bytes(block[: fill(source, memoryview(block))])
    except DamagedInput as error:
        raise DamagedInput(
            tr("{file} cannot be read: {reason}.", file=title, reason=error.message),
            tr("Copy or save the image again."),
            error.offset,
        ) from error


def _check_tar(head: bytes, title: str, *, unpacked: bool = False) -> None:
    """Raise NotAnImage, naming what it is, unless `head` begins a tar."""
    if len(head) == BLOCK and (checksum_holds(head) or not any(head)):
        return
    what = _what(head)
    if unpacked:
        what = tr("unpacked, {what}", what=what)
    raise NotAnImage(tr("{file} is not an image: {what}.", file=title, what=what), tr(_HINT))


def _what(head: bytes) -> str:
    if not head:
        return tr("it is empty")
    if head.startswith(b"PK\x03\x04"):
        return tr("it is a ZIP archive")
    if head.startswith(b"\x7fELF"):
        return tr("it is a program")
    if head.lstrip()[:1] in (b"{", b"["):
        return tr("it is a JSON file")
    try:
        # The block may end inside a character.
        text = head[: max(len(head) - 3, 1)].decode()
    except UnicodeDecodeError:
        return tr("it is not a tar archive")
    plain = all(char.isprintable() or char in "\t\r\n" for char in text)
    return tr("it is a text file") if plain else tr("it is not a tar archive")
