"""A registry's image as an ImageSource: its manifest, and its layers streamed into the layer index without being kept."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import dataclass, replace

from explorer.errors import DamagedInput, EngineLost, ExplorerError, ImageNotFound, InputError
from explorer.filesystem.cache import LayerStore
from explorer.filesystem.compression import decompressed, sniff
from explorer.filesystem.contents import Meter, Part, Watched, copy, discard
from explorer.filesystem.layer import LayerIndex
from explorer.filesystem.readers import read_several
from explorer.filesystem.reading import read_layer
from explorer.filesystem.source import ByteSource
from explorer.image.config import (
    INDEX_TYPES,
    Descriptor,
    ImageConfig,
    Manifest,
    is_companion,
    parse_config,
    parse_index,
    parse_manifest,
)
from explorer.image.layout import Blob, FoundImage
from explorer.image.model import Image, Platform
from explorer.image.platform import host_platform, matches, normal, parse_platform
from explorer.image.reference import REGISTRY
from explorer.registry.blob import BlobStream
from explorer.registry.client import Repository
from explorer.registry.naming import Name, parse_name
from explorer.task import Task
from explorer.translation import tr
from explorer.units import display_name, display_text

# What docker fetches at once, too (dockerd --max-concurrent-downloads).
_READERS = 3
_INDEX_DEPTH = 3
_SHOWN = 10
_HEAD_BYTES = 512


def open_registry_image(task: Task, name: str, platform: str = "") -> RegistrySource:
    """The image of a registry that `name` ([registry/]name[:tag|@digest]) and `platform` mean.

    Raises ImageNotFound, InputError (several platforms), NotAnImage, DamagedInput, LimitExceeded, RegistryError.
    """
    wanted = parse_platform(platform) if platform else None
    repository = Repository(parse_name(name))
    try:
        with repository.web.watching(task):
            return _open(task, repository, wanted)
    except BaseException:
        repository.close()
        raise


def _open(task: Task, repository: Repository, wanted: Platform | None) -> RegistrySource:
    manifest, names = _manifest(task, repository, repository.name.version, wanted)
    if manifest.artifact:
        raise InputError(
            tr("{name} is not an image: it holds something else, such as a chart or a signature.", name=display_text(str(repository.name), 160)),
            tr("Name the image itself."),
        )  # fmt: skip
    config = parse_config(repository.document(task, manifest.config))
    if wanted is not None and not matches(wanted, config.platform):
        raise _no_platform(repository.name, wanted, [config.platform])
    if len(manifest.layers) != len(config.diff_ids):
        raise DamagedInput(
            tr(
                "The image's manifest lists {layers} layers, its config {diff_ids}.",
                layers=len(manifest.layers),
                diff_ids=len(config.diff_ids),
            ),
            tr("The image was not written by an image tool, or it is damaged. Push it again."),
        )
    found = _found(repository.name, manifest, config, names)
    return RegistrySource(repository, found, manifest.layers)


def _manifest(
    task: Task, repository: Repository, version: str, wanted: Platform | None, depth: int = 0
) -> tuple[Manifest, tuple[str, ...]]:
    """The manifest of the platform, and the digests on the way to it."""
    document = repository.manifest(task, version)
    if document.media_type not in INDEX_TYPES:
        return parse_manifest(document.data), (document.digest,)
    items = [item for item in parse_index(document.data) if not is_companion(item)]
    chosen = _choose(repository.name, items, wanted)
    if depth >= _INDEX_DEPTH:
        raise DamagedInput(
            tr("{name} has an index of too many levels.", name=display_text(str(repository.name), 160)),
            tr("No image tool writes such a file; do not trust this image."),
        )  # fmt: skip
    manifest, names = _manifest(task, repository, chosen.digest, wanted, depth + 1)
    return manifest, (document.digest, *names)


def _choose(name: Name, items: list[Descriptor], wanted: Platform | None) -> Descriptor:
    """The one for the platform that was asked for, else for this machine, else the only one."""
    if not items:
        raise ImageNotFound(
            tr("{file} holds no image.", file=display_text(str(name), 160)),
            tr("It may hold signatures or attestations only. Push the image itself."),
        )
    placed = [(item, item.platform) for item in items if item.platform is not None]
    looked_for = wanted or host_platform()
    fitting = [(item, at) for item, at in placed if matches(looked_for, at)]
    exact = [item for item, at in fitting if normal(at) == normal(looked_for)]
    if exact or fitting:
        return exact[0] if exact else fitting[0][0]
    if len(items) == 1 and (wanted is None or not placed):
        return items[0]
    offered = [at for _, at in placed]
    if wanted is not None:
        raise _no_platform(name, wanted, offered)
    raise InputError(
        tr(
            "{file} holds images for other platforms than this machine's ({host}).",
            file=display_text(str(name), 160),
            host=looked_for,
        ),
        tr("Choose one with --platform: {platforms}", platforms=_names(offered)),
    )


def _no_platform(name: Name, wanted: Platform, offered: list[Platform]) -> ImageNotFound:
    return ImageNotFound(
        tr(
            "{file} holds no image for {platform}.",
            file=display_text(str(name), 160),
            platform=wanted,
        ),
        tr("It holds: {images}", images=_names(offered)),
    )


def _names(platforms: list[Platform]) -> str:
    names = sorted({display_text(str(item), 40) for item in platforms})
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")


def _found(
    name: Name, manifest: Manifest, config: ImageConfig, names: tuple[str, ...]
) -> FoundImage:
    blobs = tuple(
        Blob(item.digest, diff_id, item.digest, item.media_type, item.size)
        for item, diff_id in zip(manifest.layers, config.diff_ids, strict=True)
    )
    tags = (name.familiar,) if name.tag else ()
    identity = manifest.config.digest
    return FoundImage(identity, tags, config.platform, config, blobs, (identity, *names))


class RegistrySource:
    """An image in a registry (an ImageSource)."""

    via = "registry"

    def __init__(
        self, repository: Repository, found: FoundImage, layers: tuple[Descriptor, ...]
    ) -> None:
        reference = f"{REGISTRY}://{repository.name}"
        self.image: Image = found.image(reference, REGISTRY)
        self.problems: list[str] = [note for note in (repository.note,) if note]
        self._repository = repository
        self._layers = layers
        self._left_off: _Reading | None = None

    def read_layers(
        self,
        task: Task,
        store: LayerStore,
        wanted: Collection[int],
        on_layer: Callable[[int, LayerIndex], None],
    ) -> None:
        """See ImageSource; three layers at a time, each blob once, nothing of them is kept but the index."""
        jobs: dict[tuple[str, str], list[int]] = {}
        for number in sorted(wanted):
            jobs.setdefault(
                (self._layers[number].digest, self.image.layers[number].diff_id), []
            ).append(number)
        order = sorted(jobs, key=lambda job: -self._layers[jobs[job][0]].size)
        total = sum(max(self._layers[jobs[job][0]].size, 0) for job in order)
        meter = Meter(task, tr("Fetching layers"), total)
        failures: list[ExplorerError] = []

        def take(job: tuple[str, str], index: LayerIndex) -> None:
            kept = store.put(index) if index.complete else index
            for number in jobs[job]:
                on_layer(number, kept)

        def failed(job: tuple[str, str], error: ExplorerError) -> None:
            failures.append(error)
            self.problems += [self._missing(number, error) for number in jobs[job]]

        def stop() -> None:
            meter.stop()
            self._repository.web.shutdown()

        with self._repository.web.watching(task):
            read_several(
                order,
                lambda job: self._fetch(task, meter, jobs[job][0]),
                take,
                readers=_READERS,
                stop=stop,
                failed=failed,
            )
        if failures and len(failures) == len(jobs):
            raise failures[0]
        meter.finish()

    def _fetch(self, task: Task, meter: Meter, number: int) -> LayerIndex:
        """One layer, proved by the digest of its blob and by its diff_id; not complete when one of them is wrong."""
        item = self._layers[number]
        with closing(BlobStream(self._repository, task, item)) as stream:
            source = Watched(stream, task, meter)
            index = read_layer(
                task, decompressed(source), diff_id=self.image.layers[number].diff_id
            )
            if not index.complete:
                return index
            try:
                problem = stream.finish()
            except (DamagedInput, EngineLost) as error:
                problem = error.message
        if not problem:
            return index
        return replace(index, complete=False, verified="", problems=(*index.problems, problem))

    def _missing(self, number: int, error: ExplorerError) -> str:
        return tr(
            "Layer {number} could not be fetched: {reason}", number=number, reason=error.message
        )

    def read_payload(
        self,
        task: Task,
        layer: int,
        path: bytes,
        data_offset: int,
        size: int,
        sink: Callable[[memoryview], None],
    ) -> None:
        """See ImageSource; of a compressed layer all up to the payload is fetched again."""
        if data_offset < 0:
            raise DamagedInput(
                tr("{name} is not where the layer's index says.", name=display_name(path)),
                tr("Analyse the image again, with --no-cache."),
            )
        with self._repository.web.watching(task):
            reading = self._reading(task, layer, data_offset)
            try:
                missing = size - reading.copy(data_offset, size, sink)
            except BaseException:
                reading.close()
                raise
            # Several files of a layer that are asked for in their order are found in one pass.
            self._left_off = reading
        if missing:
            raise DamagedInput(
                tr("{name} is cut off: {bytes} bytes are missing.", name=display_name(path), bytes=missing),
                tr("Open the image again."),
            )  # fmt: skip

    def _reading(self, task: Task, layer: int, start: int) -> _Reading:
        """The layer's tar at or before `start`: where the last file ended, or from a new beginning."""
        last, self._left_off = self._left_off, None
        if last is not None:
            if last.task is task and last.layer == layer and last.place <= start:
                return last
            last.close()
        item = self._layers[layer]
        stream = BlobStream(self._repository, task, item)
        try:
            part = Part(Watched(stream, task))
            if sniff(part.peek(_HEAD_BYTES)) or start < _HEAD_BYTES:
                return _Reading(task, layer, stream, decompressed(part), 0)
        except BaseException:
            stream.close()
            raise
        # A layer that is stored as it is: the registry is asked for the part itself.
        stream.close()
        stream = BlobStream(self._repository, task, item, start)
        return _Reading(task, layer, stream, Watched(stream, task), start)

    def close(self) -> None:
        """Give the connections back."""
        if self._left_off is not None:
            self._left_off.close()
        self._repository.close()


@dataclass
class _Reading:
    """A layer's tar that is being read: `place` counts the bytes that have passed."""

    task: Task
    layer: int
    stream: BlobStream
    source: ByteSource
    place: int

    def copy(self, start: int, size: int, sink: Callable[[memoryview], None]) -> int:
        """Hand over `size` bytes from `start` on; returns the bytes there were."""
        self.place += discard(self.source, start - self.place)
        if self.place < start:
            return 0
        done = copy(self.source, size, sink)
        self.place += done
        return done

    def close(self) -> None:
        self.stream.close()
