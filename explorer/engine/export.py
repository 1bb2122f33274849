"""The engine's export of an image (`docker save`), read as it comes; every layer proved by its digest."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING
from urllib.parse import quote

from explorer.engine.inspection import platform_json
from explorer.filesystem.cache import LayerStore
from explorer.filesystem.contents import Meter, Watched
from explorer.filesystem.exportstream import read_export
from explorer.filesystem.layer import LayerIndex
from explorer.image.model import Image
from explorer.task import Task
from explorer.translation import tr

if TYPE_CHECKING:
    from explorer.engine.client import Engine

# The export of one platform out of several can be asked for since API 1.48 (engine 28).
_PLATFORM_API = (1, 48)


def export_target(engine: Engine, image: Image, *, several_platforms: bool) -> str:
    """The request's target for the export of one image, always by ID."""
    target = f"/images/{quote(image.id, safe='')}/get"
    if several_platforms and engine.api >= _PLATFORM_API:
        target += "?platform=" + quote(platform_json(image.platform), safe="")
    return target


def read_from_export(
    engine: Engine,
    task: Task,
    image: Image,
    store: LayerStore,
    wanted: Collection[int],
    on_layer: Callable[[int, LayerIndex], None],
    *,
    several_platforms: bool = False,
) -> list[str]:
    """Read layers out of one export; returns notes for people.

    Raises EngineLost when the engine went away before the end, EngineRefused when it does not export the image.
    """
    target = export_target(engine, image, several_platforms=several_platforms)
    meter = Meter(task, tr("Reading the engine's export"), _expected_bytes(image))
    with engine.stream(task, target) as stream:
        notes = read_export(task, Watched(stream, task, meter), image, store, wanted, on_layer)
        if stream.failure is not None:
            raise stream.failure
    return notes


def _expected_bytes(image: Image) -> int:
    """About how long the export is, 0 when unknown."""
    sizes = [layer.stored_bytes for layer in image.layers]
    return 0 if -1 in sizes else sum(sizes)
