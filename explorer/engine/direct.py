"""The direct way on overlay2: each layer's own folder, from the disk or through a container that is never started.

A graph-driver engine writes a whole export to its disk before the first byte of it leaves; a layer's folder it can
archive at once. What an archive of the folder lacks is found otherwise: opaque directories by witnesses (opaque.py),
and the proof of completeness in the engine's own history, which states every layer's size to the byte.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np

from explorer.engine import folders
from explorer.engine.containers import Pool, created_containers, mount_prefix
from explorer.engine.inspection import Inspected
from explorer.engine.opaque import Opaque, find_opaque, mark_opaque, stated_bytes
from explorer.engine.stream import TICK_SECONDS, EngineStream, answer, lost
from explorer.engine.transport import Connection, ProtocolError
from explorer.errors import EngineLost, EngineRefused
from explorer.filesystem.cache import LayerStore
from explorer.filesystem.contents import Meter
from explorer.filesystem.layer import LayerIndex
from explorer.filesystem.readers import read_several
from explorer.filesystem.reading import read_layer
from explorer.task import Task
from explorer.translation import tr

if TYPE_CHECKING:
    from explorer.engine.client import Engine
    from explorer.image.config import Descriptor

DRIVER = "overlay2"
# One layer is archived by one thread of the engine and read by one of ours, from a container of its own.
READERS = 2
# Beyond some 75 layers overlay2 mounts by a helper program, a quarter of a second for every question asked.
LAYERS_LIMIT = 70
_HEAD_SECONDS = 60.0
_SMALL_PIECE = 128 << 10
_GATHER_SECONDS = 0.0003
_OK, _NOT_FOUND = 200, 404
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Left:
    """Layers that this way could not give, and why; `blobs` what the image's layers are stored as, where that was seen."""

    layers: frozenset[int]
    reason: str = ""
    blobs: tuple[Descriptor, ...] = ()


def obstacle(engine: Engine, inspected: Inspected) -> str:
    """Why an image cannot be read this way, "" when it can."""
    if inspected.driver != DRIVER:
        return tr("the engine stores images by {driver}", driver=inspected.driver or "?")
    if not engine.endpoint.is_local:
        return tr("the engine is reached over the network")
    if len(inspected.folders) != len(inspected.image.layers):
        return tr("the engine does not name every layer's folder")
    if -1 in inspected.sizes:
        return tr("the engine's history does not state every layer's size")
    return ""


def read_direct(
    engine: Engine,
    task: Task,
    inspected: Inspected,
    store: LayerStore,
    wanted: Collection[int],
    on_layer: Callable[[int, LayerIndex], None],
) -> Left:
    """Read the wanted layers from their folders; what could not be read or proved is left to another way.

    From the disk itself where this process may, else through a container. Raises EngineRefused when that cannot be
    created, EngineLost, Cancelled.
    """
    left = frozenset(wanted)
    if folders.may_read(engine, inspected):
        left -= _from_disk(task, inspected, store, wanted, on_layer)
    return (
        _through_container(engine, task, inspected, store, left, on_layer) if left else Left(left)
    )


def _from_disk(
    task: Task,
    inspected: Inspected,
    store: LayerStore,
    wanted: Collection[int],
    on_layer: Callable[[int, LayerIndex], None],
) -> frozenset[int]:
    """The layers that were read and proved; handed over as they come."""
    came: set[int] = set()

    def read(index: int, meter: Meter) -> LayerIndex | None:
        try:
            layer = folders.read_folder(task, inspected.folders[index], meter.add)
        except folders.Unreadable as error:
            _log.info("layer %d is not read from disk: %s", index, error)
            return None
        return _proved(inspected, index, layer)

    def take(index: int, layer: LayerIndex) -> None:
        came.add(index)
        on_layer(index, store.put(layer))

    _read_all(task, inspected, wanted, read, take)
    return frozenset(came)


def _through_container(
    engine: Engine,
    task: Task,
    inspected: Inspected,
    store: LayerStore,
    wanted: Collection[int],
    on_layer: Callable[[int, LayerIndex], None],
) -> Left:
    prefix = mount_prefix()
    image = inspected.image
    mounts = {f"{prefix}{index}": inspected.folders[index] for index in wanted}
    count = min(READERS, len(wanted))
    with created_containers(
        count, engine, task, image.id, mounts, image.config.volumes
    ) as containers:
        reader = _Reader(engine, task, inspected, containers, prefix)

        def deliver_base(index: int, layer: LayerIndex) -> None:
            # Nothing lies below the base layer that it could hide.
            if index == 0:
                on_layer(index, store.put(layer))

        try:
            reader.read(wanted, deliver_base)
            later = {index: layer for index, layer in reader.found.items() if index > 0}
            opaque = _opaque_directories(
                engine, task, inspected, containers.first, store, reader.found
            )
        except EngineLost:
            for index in sorted(reader.found.keys() - {0}):
                on_layer(index, _unsettled(reader.found[index]))
            raise
    missing = frozenset(wanted) - reader.found.keys()
    if opaque is None:
        # What a layer hides is only seen beside all others.
        return Left(missing | later.keys(), reader.reason)
    for index in sorted(later.keys() - opaque.unclear):
        marked = mark_opaque(later[index], opaque.nodes.get(index, frozenset()))
        on_layer(index, store.put(marked))
    reason = reader.reason
    if opaque.unclear:
        reason = tr("what some directories hide cannot be seen from outside")
    return Left(missing | opaque.unclear, reason)


def _opaque_directories(
    engine: Engine,
    task: Task,
    inspected: Inspected,
    container: str,
    store: LayerStore,
    found: Mapping[int, LayerIndex],
) -> Opaque | None:
    """The opaque directories of the layers found, None when other layers of the image are not known."""
    later = found.keys() - {0}
    if not later:
        return Opaque({}, frozenset())
    known = dict(found)
    for layer in inspected.image.layers:
        held = known.get(layer.index) or store.get(layer.diff_id)
        if held is None:
            return None
        known[layer.index] = held
    task.progress(tr("Looking for what the layers hide"))
    with closing(_Lookup(engine, task, container)) as lookup:
        return find_opaque([known[index] for index in sorted(known)], later, lookup.exists)


def _unsettled(layer: LayerIndex) -> LayerIndex:
    """A layer that was read, but of which nobody can tell any more which directories hide what lies below them."""
    problem = tr("The engine went away before it was known what this layer hides of lower ones.")
    return replace(layer, complete=False, verified="", problems=(*layer.problems, problem))


class _Reader:
    """Reads layers' folders, several at a time, into `found`; `reason` says why the last one that failed did."""

    def __init__(
        self, engine: Engine, task: Task, inspected: Inspected, containers: Pool, prefix: str
    ) -> None:
        self._engine, self._task, self._inspected = engine, task, inspected
        self._containers, self._prefix = containers, prefix
        self.reason = ""
        self.found: dict[int, LayerIndex] = {}

    def read(self, wanted: Collection[int], on_read: Callable[[int, LayerIndex], None]) -> None:
        """Read layers and prove them; on_read is called in this thread as they come."""

        def take(index: int, layer: LayerIndex) -> None:
            self.found[index] = layer
            on_read(index, layer)

        _read_all(self._task, self._inspected, wanted, self._read, take)

    def _read(self, index: int, meter: Meter) -> LayerIndex | None:
        with self._containers.taken() as container:
            return self._read_from(container, index, meter)

    def _read_from(self, container: str, index: int, meter: Meter) -> LayerIndex | None:
        name = f"{self._prefix}{index}"
        target = f"/containers/{container}/archive?path={quote(name)}"
        try:
            # Chunks triple the engine's writes, and a tar says itself whether it is whole.
            with self._engine.stream(self._task, target, framed=False) as stream:
                layer = read_layer(
                    self._task,
                    _Patient(stream),
                    expect_prefix=name.strip("/").encode(),
                    on_bytes=meter.add,
                    verify=False,
                )
        except EngineRefused as error:
            self.reason = error.message
            return None
        if not layer.complete:
            # Without chunks a dead engine looks like the end of its answer.
            stream.ask_after_a_cut()
        if stream.failure is not None:
            raise stream.failure
        proved = _proved(self._inspected, index, layer)
        if proved is None:
            self.reason = tr("layer {number} is not what the engine's history states", number=index)
        return proved


def _read_all(
    task: Task,
    inspected: Inspected,
    wanted: Collection[int],
    read: Callable[[int, Meter], LayerIndex | None],
    on_read: Callable[[int, LayerIndex], None],
) -> None:
    """Read layers, several at a time; on_read is called in this thread as they come."""
    sizes = inspected.sizes
    meter = Meter(task, tr("Reading layers"), sum(sizes[index] for index in wanted))

    def take(index: int, layer: LayerIndex | None) -> None:
        if layer is not None:
            on_read(index, layer)

    # The biggest first: the others fit beside it.
    order = sorted(wanted, key=lambda index: -sizes[index])
    read_several(order, lambda index: read(index, meter), take, readers=READERS, stop=meter.stop)


def _proved(inspected: Inspected, index: int, layer: LayerIndex) -> LayerIndex | None:
    """The layer, if it has the size that the engine's history states."""
    stated = inspected.sizes[index]
    if not layer.complete or stated_bytes(layer) != stated:
        _log.info("layer %d: %d bytes read, %d stated", index, stated_bytes(layer), stated)
        return None
    diff_id = inspected.image.layers[index].diff_id
    # Offsets count in the layer's own tar, which its folder is not.
    unknown = np.full_like(layer.data_offset, -1)
    return replace(layer, diff_id=diff_id, verified="sizes", tar_bytes=0, data_offset=unknown)


class _Patient:
    """Lets pieces gather: an engine writes 32 KiB at a time, and waking up for each costs more than reading them."""

    def __init__(self, stream: EngineStream) -> None:
        self._stream = stream

    def readinto(self, buffer: memoryview, /) -> int:
        count = self._stream.readinto(buffer)
        if 0 < count < _SMALL_PIECE:
            time.sleep(_GATHER_SECONDS)
        return count


class _Lookup:
    """Asks for single paths of the container's file system, over one connection that is kept."""

    def __init__(self, engine: Engine, task: Task, container: str) -> None:
        self._engine, self._task, self._container = engine, task, container
        self._connection: Connection | None = None

    def exists(self, path: bytes) -> bool:
        """Whether the image's merged file system has the path."""
        status = self._status(path)
        if status == _NOT_FOUND and self._status(b"") != _OK:
            raise EngineRefused(
                tr("The container that looks into the image was removed."), "", status
            )
        if status not in (_OK, _NOT_FOUND):
            raise EngineRefused(
                tr("The engine answered with status {status}.", status=status), "", status
            )
        return status == _OK

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _status(self, path: bytes) -> int:
        target = f"/containers/{self._container}/archive?path=/{quote(path)}"
        try:
            if self._connection is None:
                self._connection = Connection(self._engine.endpoint, TICK_SECONDS)
            with self._task.on_cancel(self._connection.shutdown):
                self._connection.send("HEAD", self._engine.target(target))
                return answer(self._connection, "HEAD", self._task, _HEAD_SECONDS).status
        except (OSError, ProtocolError) as error:
            self._task.checkpoint()
            raise lost(self._engine.endpoint, error) from error
