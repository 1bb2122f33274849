"""How every story begins: the image that a reference names, bound to its ID."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.errors import ImageNotFound
from explorer.filesystem.archive import open_archive
from explorer.filesystem.cache import LayerStore
from explorer.filesystem.layer import LayerIndex
from explorer.filesystem.source import ImageSource
from explorer.gobinary.cache import BinaryCache
from explorer.image.reference import REGISTRY, parse_reference
from explorer.paths import cache_dir
from explorer.task import Task
from explorer.translation import tr
from explorer.units import display_text
from explorer.workflow.snapshots import no_contents, snapshot_path

if TYPE_CHECKING:
    from explorer.engine.client import Engine


@dataclass(frozen=True)
class Options:
    """How an image is opened: `via` is auto, export or direct; `host` an engine endpoint, "" for the usual search."""

    reference: str
    via: str = "auto"
    use_cache: bool = True
    platform: str = ""
    host: str = ""
    image_id: str = ""


def connect_engine(task: Task, host: str = "") -> Engine:
    """The engine at `host`, or the first that answers, after what dead sessions of ours left in it is removed."""
    from explorer.engine.client import connect
    from explorer.engine.sweep import sweep_once

    engine = connect(host, task)
    sweep_once(engine)
    return engine


def open_source(task: Task, options: Options) -> ImageSource:
    """The image behind a reference, bound to its ID; ReferenceInvalid, ImageNotFound, EngineUnreachable, RegistryError …"""
    reference = parse_reference(options.reference)
    if reference.transport == "docker-daemon":
        # The engine's modules load only when an engine is asked for.
        from explorer.engine.source import open_engine_image

        engine = connect_engine(task, options.host)
        return open_engine_image(
            engine, options.image_id or reference.name, via=options.via, platform=options.platform
        )
    if reference.transport == REGISTRY:
        from explorer.registry.source import open_registry_image

        return open_registry_image(task, reference.name, platform=options.platform)
    if snapshot_path(options.reference) is not None:
        raise no_contents()
    return open_archive(
        task, Path(reference.name), selector=reference.selector, platform=options.platform
    )


def same_image(source: ImageSource, options: Mapping[str, Any]) -> None:
    """ImageNotFound when the reference means another image than the one that was opened."""
    wanted = options.get("image_id", "")
    if wanted and source.image.id != wanted:
        raise ImageNotFound(
            tr(
                "{reference} is a different image now.",
                reference=display_text(str(options["reference"])),
            ),
            tr("Open it again to see the new one."),
        )


def cached_layers(store: LayerStore, source: ImageSource) -> dict[int, LayerIndex]:
    """The layers of an image that the store holds already, by their place."""
    found = ((layer.index, store.get(layer.diff_id)) for layer in source.image.layers)
    return {index: layer for index, layer in found if layer is not None}


def binary_cache(options: Options) -> BinaryCache | None:
    """Where results about executables are kept, None when this run may keep nothing."""
    return BinaryCache(cache_dir()) if options.use_cache else None
