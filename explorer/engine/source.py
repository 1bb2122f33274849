"""An engine's image as an ImageSource: the fastest way that can be proved, the export for all else."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING

from explorer.engine import content_store, direct, folders
from explorer.engine.export import read_from_export
from explorer.engine.inspection import Inspected, inspect
from explorer.engine.payload import read_payload, visible_files
from explorer.errors import EngineError, EngineLost, EngineRefused, ImageNotFound
from explorer.filesystem.cache import LayerStore
from explorer.filesystem.layer import LayerIndex
from explorer.task import Task
from explorer.translation import ntr, tr
from explorer.units import display_text

if TYPE_CHECKING:
    from explorer.engine.client import Engine
    from explorer.image.config import Descriptor
    from explorer.image.model import Image

EXPORT = "export"
DIRECT_OVERLAY = "direct-overlay2"
DIRECT_CONTAINERD = "direct-containerd"
_log = logging.getLogger(__name__)


def open_engine_image(
    engine: Engine, reference: str, via: str = "auto", platform: str = ""
) -> EngineSource:
    """The image behind a name or ID; `via` is auto, export or direct. ImageNotFound, EngineRefused, EngineLost."""
    return EngineSource(engine, inspect(engine, reference, platform), via)


class EngineSource:
    """One image of an engine, bound to its ID: a tag that moves meanwhile does not matter."""

    def __init__(self, engine: Engine, inspected: Inspected, via: str = "auto") -> None:
        self.image = inspected.image
        self.problems: list[str] = [note for note in (engine.endpoint.warning(),) if note]
        self._engine = engine
        self._inspected = inspected
        self._choice = via
        self.via = self._planned()

    def read_layers(
        self,
        task: Task,
        store: LayerStore,
        wanted: Collection[int],
        on_layer: Callable[[int, LayerIndex], None],
    ) -> None:
        """Read the wanted layers; see ImageSource.

        When the engine goes away half-way, what came stays and a note says how much is missing; EngineLost is raised
        only when there is nothing to show.
        """
        came: set[int] = set()

        def take(index: int, layer: LayerIndex) -> None:
            came.add(index)
            on_layer(index, layer)

        try:
            self._read(task, store, wanted, take)
        except (EngineLost, ImageNotFound) as error:
            held = len(self.image.layers) - len(set(wanted) - came)
            if not held:
                raise
            self.problems.append(
                tr(
                    "{error} {held} of {total} layers were read.",
                    error=error.message,
                    held=held,
                    total=len(self.image.layers),
                )
            )
        else:
            self._note_moved_tag()

    def read_payload(
        self,
        task: Task,
        layer: int,
        path: bytes,
        data_offset: int,
        size: int,
        sink: Callable[[memoryview], None],
    ) -> None:
        """Stream one regular file out of one layer; see ImageSource."""
        read_payload(self._engine, task, self._inspected, layer, path, data_offset, size, sink)

    def visible_files(
        self, task: Task
    ) -> AbstractContextManager[Callable[[bytes, int, Callable[[memoryview], None]], None]]:
        """A function that streams files of the final file system: (path, size, sink); valid inside the context."""
        return visible_files(self._engine, task, self._inspected)

    def close(self) -> None:
        """Nothing is held between calls."""

    def _planned(self) -> str:
        if self._choice == EXPORT:
            return EXPORT
        return DIRECT_CONTAINERD if self._inspected.descriptor else DIRECT_OVERLAY

    def _read(
        self,
        task: Task,
        store: LayerStore,
        wanted: Collection[int],
        on_layer: Callable[[int, LayerIndex], None],
    ) -> None:
        left = frozenset(wanted)
        if self.via != EXPORT:
            left = self._read_direct(task, store, left, on_layer)
        if not left:
            return
        try:
            notes = read_from_export(
                self._engine,
                task,
                self.image,
                store,
                left,
                on_layer,
                several_platforms=len(self._inspected.platforms) > 1,
            )
        except EngineRefused as error:
            if self._is_gone():
                raise self._removed() from error
            raise
        self.problems.extend(notes)

    def _read_direct(
        self,
        task: Task,
        store: LayerStore,
        wanted: frozenset[int],
        on_layer: Callable[[int, LayerIndex], None],
    ) -> frozenset[int]:
        """What the direct way left over; notes why, and names the way taken in `via`."""
        module = content_store if self._inspected.descriptor else direct
        reason = module.obstacle(self._engine, self._inspected)
        if (
            module is direct
            and self._choice != "direct"
            and len(wanted) > direct.LAYERS_LIMIT
            and not folders.may_read(self._engine, self._inspected)
        ):
            # No detour: for so many layers the export is the faster way.
            self.via = EXPORT
            return wanted
        came: set[int] = set()

        def take(index: int, layer: LayerIndex) -> None:
            came.add(index)
            on_layer(index, layer)

        if not reason:
            try:
                left = self._read_with(task, store, wanted, take)
                self.image = _stored_as(self.image, left.blobs)
            except EngineRefused as error:
                if self._is_gone():
                    raise self._removed() from error
                left, reason = direct.Left(wanted - came), error.message
        else:
            left = direct.Left(wanted)
        reason = reason or left.reason
        if left.layers == wanted:
            if self._choice == "direct":
                raise EngineRefused(
                    tr("The image cannot be read directly: {reason}.", reason=reason.rstrip(".")),
                    tr("Leave out --via direct, or choose --via export."),
                )
            self.via = EXPORT
        elif left.layers:
            self.via = f"{self.via}+{EXPORT}"
        if left.layers:
            _log.info("read from the export instead: layers %s: %s", sorted(left.layers), reason)
            self._note_fallback(left.layers, wanted, reason)
        return left.layers

    def _read_with(
        self,
        task: Task,
        store: LayerStore,
        wanted: frozenset[int],
        on_layer: Callable[[int, LayerIndex], None],
    ) -> direct.Left:
        read = (
            content_store.read_content_store if self._inspected.descriptor else direct.read_direct
        )
        return read(self._engine, task, self._inspected, store, wanted, on_layer)

    def _note_fallback(self, layers: frozenset[int], wanted: frozenset[int], reason: str) -> None:
        """A detour only takes longer: it is a note where the fast way was expected to work."""
        if (
            layers == wanted
            and not self._inspected.descriptor
            and self._inspected.driver != direct.DRIVER
        ):
            return
        self.problems.append(
            ntr(
                "{n} layer was read from the slower export: {reason}.",
                "{n} layers were read from the slower export: {reason}.",
                len(layers),
                reason=reason.rstrip("."),
            )
        )

    def _note_moved_tag(self) -> None:
        """Say so when the name means another image by now; the result is that of the ID."""
        reference = self.image.reference
        if reference == self.image.id or self.image.id.removeprefix("sha256:").startswith(
            reference.removeprefix("sha256:")
        ):
            return
        try:
            now = self._engine.image(reference).id
        except EngineError:
            return
        except ImageNotFound:
            now = ""
        if now != self.image.id:
            self.problems.append(
                tr(
                    "{name} was moved or removed meanwhile; this is the image {id}.",
                    name=display_text(reference, 120),
                    id=self.image.id[:19],
                )
            )

    def _is_gone(self) -> bool:
        try:
            self._engine.image(self.image.id)
        except ImageNotFound:
            return True
        except EngineRefused:
            # Of an image that was there a moment ago, Docker 20.10 says that a file is missing (status 500).
            return self.image.id not in {image.id for image in self._engine.images()}
        return False

    def _removed(self) -> ImageNotFound:
        return ImageNotFound(
            tr(
                "The image {name} was removed from the engine.",
                name=display_text(self.image.reference, 120),
            ),
            tr("What was read before is kept. Build or pull it again to read the rest."),
        )


def _stored_as(image: Image, blobs: Sequence[Descriptor]) -> Image:
    """`image` with what its layers' blobs are called and occupy; as it is where no blobs were seen."""
    if len(blobs) != len(image.layers):
        return image
    layers = tuple(
        replace(layer, digest=blob.digest, media_type=blob.media_type, stored_bytes=blob.size)
        for layer, blob in zip(image.layers, blobs, strict=True)
    )
    return replace(image, layers=layers)
