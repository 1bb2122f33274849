"""Images from archives and folders: docker save files of every layout, OCI layouts, plain or compressed as a whole."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from explorer.errors import DamagedInput
from explorer.filesystem.archivefile import (
    CompressedContents,
    index_archive,
    open_contents,
)
from explorer.filesystem.cache import LayerStore
from explorer.filesystem.compression import decompressed, sniff
from explorer.filesystem.contents import Meter, Part, ReadableContents, Watched, copy, discard
from explorer.filesystem.exportstream import Export, payload_offset, place_layers
from explorer.filesystem.layer import LayerIndex
from explorer.filesystem.readers import read_several
from explorer.filesystem.reading import read_layer
from explorer.filesystem.source import ByteSource
from explorer.filesystem.tarcontents import TarContents
from explorer.image.choice import choose
from explorer.image.layout import Blob, FoundImage, find_images
from explorer.image.model import Image, Platform
from explorer.image.platform import parse_platform
from explorer.image.reference import DOCKER_ARCHIVE, OCI, OCI_ARCHIVE, Reference
from explorer.task import Task
from explorer.translation import tr
from explorer.units import display_name

# sha256 and decompression release the interpreter's lock: a second layer uses the time of the first one.
_READERS = 2
_HEAD_BYTES = 512


@dataclass(frozen=True)
class ArchiveImage:
    """One image of an archive or folder, for the picker; `created` as the config has it."""

    id: str
    tags: tuple[str, ...]
    platform: Platform
    created: str
    layer_count: int


def list_archive(task: Task, path: Path) -> list[ArchiveImage]:
    """All images in an archive or folder; errors as open_archive."""
    with closing(open_contents(task, path, index_layers=False)) as contents:
        return [
            ArchiveImage(
                image.id, image.tags, image.platform, image.config.created, len(image.blobs)
            )
            for image in find_images(contents)
        ]


def open_archive(
    task: Task, path: Path, selector: str = "", platform: str = "", *, index_layers: bool = True
) -> ArchiveSource:
    """The image of a file or folder that `selector` (tag, digest, `@N`) and `platform` name; see choose().

    An archive that is compressed as a whole is read once, here, layers included; without `index_layers` they are
    left out (enough for read_payload). Raises ImageNotFound, NotAnImage, DamagedInput, LimitExceeded, InputError.
    """
    wanted = parse_platform(platform) if platform else None
    contents = open_contents(task, path, index_layers=index_layers)
    try:
        images = find_images(contents)
        found = choose(images, contents.title, selector, wanted)
        return ArchiveSource(contents, found, _reference(contents, path, found, images))
    except BaseException:
        contents.close()
        raise


def _reference(
    contents: ReadableContents, path: Path, found: FoundImage, images: list[FoundImage]
) -> Reference:
    docker = bool(contents.resolve("manifest.json"))
    transport = DOCKER_ARCHIVE if docker else OCI if path.is_dir() else OCI_ARCHIVE
    name = (found.tags[0] if found.tags else found.id) if len(images) > 1 else ""
    return Reference(transport, str(path), name)


class ArchiveSource:
    """An image in an archive or folder (an ImageSource)."""

    via = "archive"

    def __init__(self, contents: ReadableContents, found: FoundImage, reference: Reference) -> None:
        self.image: Image = found.image(str(reference), reference.transport)
        self.problems: list[str] = list(found.notes)
        self._contents = contents
        self._found = found
        if contents.ends_early >= 0:
            self.problems.insert(0, _cut_off(contents))

    def read_layers(
        self,
        task: Task,
        store: LayerStore,
        wanted: Collection[int],
        on_layer: Callable[[int, LayerIndex], None],
    ) -> None:
        """See ImageSource; two layers at a time, each stored blob once."""

        def hand_over(numbers: list[int], index: LayerIndex) -> None:
            kept = store.put(index) if index.complete else index
            for number in numbers:
                on_layer(number, kept)

        blobs = {number: self._found.blobs[number] for number in wanted}
        export = self._export(task, blobs)
        if export is not None:
            for number, index in place_layers(export, blobs):
                hand_over([number], index)
            return
        self._read_by_offset(task, blobs, hand_over)

    def _export(self, task: Task, blobs: dict[int, Blob]) -> Export | None:
        """What one pass over the archive finds, where offsets do not tell which member is which layer."""
        if isinstance(self._contents, CompressedContents):
            return self._contents.export
        if isinstance(self._contents, TarContents) and any(
            blob.unplaced for blob in blobs.values()
        ):
            source = self._contents.whole()
            return index_archive(task, source, source.end, self._contents.title)
        return None

    def _read_by_offset(
        self,
        task: Task,
        blobs: dict[int, Blob],
        hand_over: Callable[[list[int], LayerIndex], None],
    ) -> None:
        jobs: dict[tuple[str, str], list[int]] = {}
        for number, blob in sorted(blobs.items()):
            if blob.member:
                jobs.setdefault((blob.member, blob.diff_id), []).append(number)
        order = sorted(jobs, key=lambda job: -self._contents.size(job[0]))
        total = sum(self._contents.size(member) for member, _ in jobs)
        meter = Meter(task, tr("Reading layers"), total)
        read_several(
            order,
            lambda job: self._read_blob(task, meter, *job),
            lambda job, index: hand_over(jobs[job], index),
            readers=_READERS,
            stop=meter.stop,
        )
        meter.finish()

    def _read_blob(self, task: Task, meter: Meter, member: str, diff_id: str) -> LayerIndex:
        source = Watched(self._contents.open(member), task, meter)
        return read_layer(task, decompressed(source), diff_id=diff_id)

    def read_payload(
        self,
        task: Task,
        layer: int,
        path: bytes,
        data_offset: int,
        size: int,
        sink: Callable[[memoryview], None],
    ) -> None:
        """See ImageSource; of a compressed layer all up to the payload is decompressed."""
        member = self._found.blobs[layer].member
        if member and data_offset < 0:
            # The index was read from an engine's folder, which has no offsets.
            source = Watched(self._contents.open(member), task)
            data_offset = payload_offset(decompressed(source), path)
        if not member or data_offset < 0:
            raise DamagedInput(
                tr("{name} is not in the archive.", name=display_name(path)),
                tr("Save the image again with all its layers."),
            )
        payload = _from_offset(Watched(self._contents.open(member), task), data_offset)
        missing = size - copy(payload, size, sink)
        if missing:
            raise DamagedInput(
                tr("{name} is cut off: {bytes} bytes are missing.", name=display_name(path), bytes=missing),
                tr("Copy or save the image again."),
            )  # fmt: skip

    def close(self) -> None:
        self._contents.close()


def _from_offset(source: Watched, offset: int) -> ByteSource:
    """A layer's tar from `offset` on; a compressed one has to be decompressed up to there."""
    part = Part(source)
    plain = not sniff(part.peek(_HEAD_BYTES))
    if plain and offset >= _HEAD_BYTES:
        source.skip(offset - _HEAD_BYTES)
        return source
    layer = decompressed(part)
    discard(layer, offset)
    return layer


def _cut_off(contents: ReadableContents) -> str:
    return tr(
        "{file} ends early, at byte {offset}: it was cut off. Layers that were read stay usable.",
        file=contents.title,
        offset=contents.ends_early,
    )
