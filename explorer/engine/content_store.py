"""The direct way on the containerd image store: its blobs, read through a container that is created and never started.

An export crosses containerd's own protocol in small pieces (45 MB/s); the blobs lie as files in the content store's
folder. What is read this way is proved: each blob by its digest, each layer by its diff_id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import quote

from explorer.engine.containers import Pool, created_containers, mount_prefix
from explorer.engine.direct import Left
from explorer.engine.inspection import Inspected
from explorer.errors import DamagedInput, EngineRefused, LimitExceeded
from explorer.filesystem.cache import LayerStore
from explorer.filesystem.compression import decompressed
from explorer.filesystem.contents import Meter, Watched, fill
from explorer.filesystem.layer import LayerIndex
from explorer.filesystem.readers import read_several
from explorer.filesystem.reading import read_layer
from explorer.filesystem.source import ByteSource
from explorer.filesystem.tarstream import members
from explorer.image.config import (
    INDEX_TYPES,
    JSON_LIMIT,
    Descriptor,
    Manifest,
    check_digest,
    digest_of,
    parse_config,
    parse_index,
    parse_manifest,
)
from explorer.image.model import Image, Platform
from explorer.image.platform import matches
from explorer.task import Task
from explorer.translation import tr

if TYPE_CHECKING:
    from explorer.engine.client import Engine

READERS = 2
_BLOBS = "io.containerd.content.v1.content/blobs"
# A system's own containerd, which an engine may use instead of starting one (containerd's defaults).
_SYSTEM_SOCKETS = ("/run/containerd/containerd.sock", "/var/run/containerd/containerd.sock")
_SYSTEM_ROOT = "/var/lib/containerd"
_INDEX_DEPTH = 4


def obstacle(engine: Engine, inspected: Inspected) -> str:
    """Why an image cannot be read this way, "" when it can."""
    if not inspected.descriptor or not engine.describe().containerd_store:
        return tr("the engine does not use the containerd image store")
    if not engine.endpoint.is_local:
        return tr("the engine is reached over the network")
    if engine.describe().rootless:
        return tr("the engine runs without root")
    return ""


def read_content_store(
    engine: Engine,
    task: Task,
    inspected: Inspected,
    store: LayerStore,
    wanted: Collection[int],
    on_layer: Callable[[int, LayerIndex], None],
) -> Left:
    """Read the wanted layers from their blobs; what is not there or not as its digest says is left to another way.

    Raises EngineRefused when the store cannot be looked into, EngineLost, Cancelled.
    """
    with opened_store(engine, task, inspected, min(READERS, len(wanted))) as blobs:
        descriptors = blobs.layers(inspected)
        meter = Meter(
            task, tr("Reading layers"), sum(max(descriptors[index].size, 0) for index in wanted)
        )
        left: set[int] = set()

        def read(index: int) -> LayerIndex | None:
            return blobs.read(descriptors[index], inspected.image.layers[index].diff_id, meter)

        def take(index: int, layer: LayerIndex | None) -> None:
            if layer is None:
                left.add(index)
            else:
                on_layer(index, store.put(layer))

        order = sorted(wanted, key=lambda index: -descriptors[index].size)
        read_several(order, read, take, readers=READERS, stop=meter.stop)
    return Left(frozenset(left), blobs.reason, tuple(descriptors))


@contextmanager
def opened_store(
    engine: Engine, task: Task, inspected: Inspected, readers: int = 1
) -> Iterator[Blobs]:
    """The blobs of the engine's content store; EngineRefused when its folder is not where it should be."""
    mount = mount_prefix() + "b"
    with ExitStack() as stack:
        containers = _mounted(stack, readers, engine, task, inspected.image, mount)
        yield Blobs(engine, task, containers, mount)


def _mounted(
    stack: ExitStack, count: int, engine: Engine, task: Task, image: Image, mount: str
) -> Pool:
    """Containers with the store's folder, tried at each place where it may be."""
    *others, last = _blob_folders(engine)
    volumes = image.config.volumes
    for folder in others:
        with suppress(EngineRefused):
            return stack.enter_context(
                created_containers(count, engine, task, image.id, {mount: folder}, volumes)
            )
    return stack.enter_context(
        created_containers(count, engine, task, image.id, {mount: last}, volumes)
    )


def _blob_folders(engine: Engine) -> list[str]:
    """Where the content store may lie on the engine's machine, likeliest first."""
    info = engine.describe()
    own = f"{info.root_folder}/containerd/daemon/{_BLOBS}"
    system = f"{_SYSTEM_ROOT}/{_BLOBS}"
    return [system, own] if info.containerd_address in _SYSTEM_SOCKETS else [own, system]


class Blobs:
    """Reads blobs by digest; `reason` says why the last one that could not be used was not."""

    def __init__(self, engine: Engine, task: Task, containers: Pool, mount: str) -> None:
        self._engine, self._task = engine, task
        self._containers, self._mount = containers, mount
        self.reason = ""

    def layers(self, inspected: Inspected) -> list[Descriptor]:
        """The layers' blobs of the image's platform, base first; EngineRefused when they are not what inspect says."""
        manifest = self._manifest(inspected.descriptor, inspected.image.platform)
        config = parse_config(self._document(manifest.config.digest))
        if config.diff_ids != tuple(layer.diff_id for layer in inspected.image.layers):
            raise EngineRefused(tr("The store's manifest has other layers than the engine says."))
        if len(manifest.layers) != len(config.diff_ids):
            raise EngineRefused(tr("The store's manifest has other layers than the engine says."))
        return list(manifest.layers)

    def read(self, blob: Descriptor, diff_id: str, meter: Meter) -> LayerIndex | None:
        """One layer, proved by its blob's digest and its diff_id; None when it cannot be had or proved."""
        try:
            with self.open(blob.digest) as source:
                proved = _Hashed(Watched(source, self._task, meter), needed=blob.digest != diff_id)
                layer = read_layer(self._task, decompressed(proved), diff_id=diff_id)
                digest = proved.finish()
        except (EngineRefused, DamagedInput, LimitExceeded) as error:
            self.reason = error.message
            return None
        if not layer.complete or (digest and digest != blob.digest):
            problems = layer.problems or (tr("its digest is another one"),)
            self.reason = tr(
                "blob {digest} is damaged: {reason}", digest=blob.digest[:19], reason=problems[-1]
            )
            return None
        return layer

    @contextmanager
    def open(self, digest: str) -> Iterator[ByteSource]:
        """A blob's bytes as they are stored; EngineRefused when it is not there."""
        algorithm, _, name = check_digest(digest).partition(":")
        path = quote(f"{self._mount}/{algorithm}/{name}")
        with (
            self._containers.taken() as container,
            self._engine.stream(
                self._task, f"/containers/{container}/archive?path={path}"
            ) as stream,
        ):
            payload = next(members(stream), None)
            if payload is None or not payload.member.is_regular:
                raise EngineRefused(tr("The store holds no file for {digest}.", digest=digest[:19]))
            yield payload
            if stream.failure is not None:
                raise stream.failure

    def _manifest(self, digest: str, platform: Platform, depth: int = 0) -> Manifest:
        """The manifest behind a digest; in an index the one for the platform, attestations left aside."""
        text = self._document(digest)
        if not _is_index(text):
            return parse_manifest(text)
        for item in parse_index(text):
            fits = item.platform is not None and matches(platform, item.platform)
            if depth < _INDEX_DEPTH and (fits or item.media_type in INDEX_TYPES):
                return self._manifest(item.digest, platform, depth + 1)
        raise EngineRefused(tr("The store's index has no {platform}.", platform=platform))

    def _document(self, digest: str) -> bytes:
        """A small blob, proved by its digest."""
        with self.open(digest) as source:
            buffer = bytearray(JSON_LIMIT + 1)
            data = bytes(buffer[: fill(source, memoryview(buffer))])
        if digest_of(data, digest.partition(":")[0]) != digest:
            raise EngineRefused(tr("The store's {digest} is damaged.", digest=digest[:19]))
        return data


class _Hashed:
    """A stream that is hashed as it passes, unless what is made of it is hashed anyway."""

    def __init__(self, source: ByteSource, *, needed: bool) -> None:
        self._source = source
        self._hash = hashlib.sha256() if needed else None

    def readinto(self, buffer: memoryview, /) -> int:
        count = self._source.readinto(buffer)
        if self._hash is not None:
            self._hash.update(buffer[:count])
        return count

    def finish(self) -> str:
        """Read to the end; the digest of all, "" when it was not needed."""
        if self._hash is None:
            return ""
        scratch = memoryview(bytearray(64 << 10))
        while self.readinto(scratch):
            pass
        return f"sha256:{self._hash.hexdigest()}"


def _is_index(text: bytes) -> bool:
    try:
        return bool(parse_index(text))
    except DamagedInput:
        return False
