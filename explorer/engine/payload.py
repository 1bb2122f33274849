"""One file's bytes out of one layer of an engine's image, for preview and extract."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

from explorer.engine import content_store, direct
from explorer.engine.containers import created_container, mount_prefix
from explorer.engine.export import export_target
from explorer.engine.inspection import Inspected
from explorer.errors import DamagedInput, EngineRefused, ImageNotFound
from explorer.filesystem.compression import decompressed
from explorer.filesystem.exportstream import scan_export
from explorer.filesystem.layerbuilder import clean_path
from explorer.filesystem.source import ByteSource
from explorer.filesystem.tarstream import MemberStream, members
from explorer.image.layout import find_images
from explorer.task import Task
from explorer.translation import tr
from explorer.units import display_name

if TYPE_CHECKING:
    from explorer.engine.client import Engine

Sink = Callable[[memoryview], None]
_PIECE = 1 << 18
_NOT_FOUND = 404


def read_payload(
    engine: Engine,
    task: Task,
    inspected: Inspected,
    layer: int,
    path: bytes,
    data_offset: int,
    size: int,
    sink: Sink,
) -> None:
    """Stream a file's `size` bytes to `sink`; `data_offset` counts in the layer's tar, -1 when unknown.

    A classic store gives it from the layer's folder, the containerd store from the blob; any other engine from its
    export, which takes as long as an export does. Raises ImageNotFound when the layer holds no such file.
    """
    if not direct.obstacle(engine, inspected):
        _from_folder(engine, task, inspected, layer, path, size, sink)
    elif not content_store.obstacle(engine, inspected):
        with content_store.opened_store(engine, task, inspected) as blobs:
            blob = blobs.layers(inspected)[layer]
            with blobs.open(blob.digest) as source:
                _from_tar(task, decompressed(source), path, data_offset, size, sink)
    else:
        _from_export(engine, task, inspected, layer, path, data_offset, size, sink)


@contextmanager
def visible_files(
    engine: Engine, task: Task, inspected: Inspected
) -> Iterator[Callable[[bytes, int, Sink], None]]:
    """A function that streams files of the image's final file system, from one container that is never started."""
    image = inspected.image
    with created_container(engine, task, image.id, {}, image.config.volumes) as container:

        def read(path: bytes, size: int, sink: Sink) -> None:
            _from_container(engine, task, container, b"", path, size, sink)

        yield read


def _from_folder(
    engine: Engine, task: Task, inspected: Inspected, layer: int, path: bytes, size: int, sink: Sink
) -> None:
    mount = mount_prefix() + str(layer)
    image = inspected.image
    folders = {mount: inspected.folders[layer]}
    with created_container(engine, task, image.id, folders, image.config.volumes) as container:
        _from_container(engine, task, container, mount.encode(), path, size, sink)


def _from_container(
    engine: Engine, task: Task, container: str, root: bytes, path: bytes, size: int, sink: Sink
) -> None:
    """The file at `path` below the container's folder `root` (b"" or a path with a leading slash)."""
    parent, _, name = (root + b"/" + path).rpartition(b"/")
    asked, member = root + b"/" + path, name
    if not _is_utf8(name):
        # Engines archive nothing for such a name, but everything in its folder.
        asked, member = parent or b"/", parent.rpartition(b"/")[2] + b"/" + name
    target = f"/containers/{container}/archive?path={quote(asked)}"
    try:
        with engine.stream(task, target) as stream:
            _from_tar(task, stream, path, -1, size, sink, member=member.strip(b"/"))
    except EngineRefused as error:
        if error.status != _NOT_FOUND:
            raise
        raise _no_such_file(path) from error


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def _from_export(
    engine: Engine,
    task: Task,
    inspected: Inspected,
    layer: int,
    path: bytes,
    data_offset: int,
    size: int,
    sink: Sink,
) -> None:
    """Two exports: which member is which layer stands at the end of the first."""
    image = inspected.image
    target = export_target(engine, image, several_platforms=len(inspected.platforms) > 1)
    with engine.stream(task, target) as stream:
        export = scan_export(task, stream, tr("The engine's export"), on_layer=None)
    diff_ids = [item.diff_id for item in image.layers]
    found = next(
        (item for item in find_images(export) if [b.diff_id for b in item.blobs] == diff_ids), None
    )
    wanted = found.blobs[layer].member if found else ""
    if not wanted:
        raise _no_such_file(path)
    with engine.stream(task, target) as stream:
        for outer in members(stream):
            if outer.member.name.decode("utf-8", "surrogateescape") == wanted:
                _from_tar(task, decompressed(outer), path, data_offset, size, sink)
                return
    raise _no_such_file(path)


def _from_tar(
    task: Task,
    source: ByteSource,
    path: bytes,
    data_offset: int,
    size: int,
    sink: Sink,
    *,
    member: bytes = b"",
) -> None:
    """The payload of one file, found by its offset or, where that is unknown, by its name in the tar (`path`, or `member`)."""
    wanted = member or path
    for item in members(source):
        task.checkpoint()
        if data_offset >= 0:
            found = item.member.data_offset == data_offset
        else:
            found = (
                item.member.is_regular and b"/".join(clean_path(item.member.name) or ()) == wanted
            )
        if found:
            _send(item, path, size, sink)
            return
    raise _no_such_file(path)


def _send(item: MemberStream, path: bytes, size: int, sink: Sink) -> None:
    buffer = memoryview(bytearray(_PIECE))
    sent = 0
    while count := item.readinto(buffer):
        sink(buffer[:count])
        sent += count
    if sent != size:
        raise DamagedInput(
            tr(
                "{name} has {sent} bytes in the engine; {size} were expected.",
                name=display_name(path),
                sent=sent,
                size=size,
            ),
            tr("Open the image again."),
        )


def _no_such_file(path: bytes) -> ImageNotFound:
    return ImageNotFound(
        tr("The layer holds no file {name}.", name=display_name(path)), tr("Open the image again.")
    )
