"""What engines and archives hold, for lists and notices."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.errors import ImageNotFound
from explorer.filesystem.archive import ArchiveImage
from explorer.filesystem.archive import list_archive as archive_images
from explorer.task import Task
from explorer.workflow.opening import connect_engine
from explorer.workflow.snapshots import listed_snapshot, snapshot_path

if TYPE_CHECKING:
    from explorer.engine.client import EngineInfo

# Images that are asked for their layers when a base is looked for; each takes a few milliseconds.
_BASES_ASKED = 300


def list_images(task: Task, host: str) -> list[Any]:
    """The engine's images, for the command line and the picker."""
    return list(connect_engine(task, host).images())


def engine_state(task: Task, host: str) -> EngineInfo:
    """What the engine says about itself; EngineUnreachable when none answers."""
    return connect_engine(task, host).describe()


def image_now(task: Task, host: str, reference: str) -> str:
    """The ID of the image that a name of the engine means now, "" when it means none."""
    try:
        return connect_engine(task, host).image(reference).id
    except ImageNotFound:
        return ""


def base_of(task: Task, host: str, diff_ids: tuple[str, ...]) -> tuple[str, int]:
    """The name of the engine's image that these layers begin with and how many of them are its own; ("", 0) for none."""
    from explorer.dockerfile.bases import LocalImage, longest_base
    from explorer.engine.answers import list_in, object_in

    engine = connect_engine(task, host)
    images = []
    for listed in engine.images()[:_BASES_ASKED]:
        task.checkpoint()
        if listed.tags:
            document = object_in(engine.get_json(f"/images/{listed.id}/json"))
            layers = list_in(object_in(document.get("RootFS")).get("Layers"))
            images.append(LocalImage(listed.tags, tuple(map(str, layers))))
    base = longest_base(diff_ids, tuple(images))
    return (base.references[0], len(base.diff_ids)) if base else ("", 0)


def list_archive(task: Task, path: str) -> list[ArchiveImage]:
    """The images in an archive or folder, or the one of a snapshot, for the picker."""
    if snapshot_path(path) is not None:
        return [listed_snapshot(Path(path))]
    return archive_images(task, Path(path))
