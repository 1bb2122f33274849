"""One image as the engine describes it: identity, config, layers with their history, and where its store keeps them."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from explorer.engine.answers import (
    list_in,
    number_in,
    object_in,
    platform_in,
    platforms_in,
    rfc3339,
    text_in,
)
from explorer.errors import EngineRefused, ImageNotFound
from explorer.image.config import align_history, parse_config
from explorer.image.history import is_metadata
from explorer.image.model import Image, Layer, Platform
from explorer.image.platform import matches, parse_platform
from explorer.image.reference import familiar_name
from explorer.translation import tr
from explorer.units import display_text

if TYPE_CHECKING:
    from explorer.engine.client import Engine

# sha256 of 1,024 zero bytes: the tar without entries that empty layers are.
EMPTY_DIFF_ID = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
_PLATFORM_API = (1, 49)
_MANIFESTS_API = (1, 48)
# A step said to hold bytes is a layer, and the empty layer holds none: anything else contradicts the engine.
_IMPOSSIBLE = 1000
_STEP_LIMIT = 4000
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Inspected:
    """An image with what only its engine knows: the storage driver, the layers' folders there (base first) and sizes.

    `sizes[i]` is what the engine's history states for layer i in bytes, -1 when unknown; `descriptor` names index or
    manifest in the containerd store ("" elsewhere).
    """

    image: Image
    driver: str
    folders: tuple[str, ...]
    sizes: tuple[int, ...]
    descriptor: str = ""
    platforms: tuple[Platform, ...] = ()


@dataclass(frozen=True)
class Step:
    """One line of the engine's history, base first; `layers_after` how many layers the image had then (-1: unknown)."""

    created_by: str
    size: int
    created: str = ""
    comment: str = ""
    image_id: str = ""
    layers_after: int = -1


def inspect(engine: Engine, reference: str, platform: str = "") -> Inspected:
    """The image behind a name or ID, bound to its ID; ImageNotFound with near names in its hint."""
    wanted = parse_platform(platform) if platform else None
    document = _inspect(engine, reference, wanted)
    image_id = text_in(document.get("Id"))
    query = _platform_query(wanted) if wanted and engine.api >= _PLATFORM_API else ""
    history = _history(engine, f"/images/{quote(image_id, safe='')}/history{query}")
    diff_ids = [str(item) for item in list_in(object_in(document.get("RootFS")).get("Layers"))]
    steps = [_step(object_in(row)) for row in reversed(history[:_STEP_LIMIT])]
    placed = _place_steps(engine, diff_ids, steps)
    descriptor = object_in(document.get("Descriptor"))
    graph = object_in(document.get("GraphDriver"))
    classic = not descriptor
    sizes = [step.size for step, is_layer in zip(steps, placed, strict=True) if is_layer]
    sizes = sizes if classic and len(sizes) == len(diff_ids) else [-1] * len(diff_ids)
    return Inspected(
        image=_image(engine, reference, document, diff_ids, steps, placed, sizes),
        driver=text_in(graph.get("Name")),
        folders=_folders(object_in(graph.get("Data"))),
        sizes=tuple(sizes),
        descriptor=text_in(descriptor.get("digest")),
        platforms=platforms_in(document),
    )


def _history(engine: Engine, target: str) -> list[Any]:
    """The engine's history, newest first; empty when it cannot tell it (Podman 4.3 fails over steps without a time)."""
    try:
        return list_in(engine.get_json(target))
    except EngineRefused as error:
        _log.warning("no history: %s", error.message)
        return []


def _inspect(engine: Engine, reference: str, platform: Platform | None) -> Mapping[str, Any]:
    path = f"/images/{quote(reference, safe='')}/json"
    plain = "?manifests=1" if engine.api >= _MANIFESTS_API else ""
    ask_platform = platform is not None and engine.api >= _PLATFORM_API
    try:
        query = _platform_query(platform) if platform and ask_platform else plain
        document = object_in(engine.get_json(path + query))
    except EngineRefused as error:
        if error.status not in (400, 404):
            raise
        if ask_platform and error.status == 404:
            _explain_platform(engine, reference, path + plain, platform)
        raise ImageNotFound(
            tr("The engine has no image {name}.", name=display_text(reference, 200)),
            engine.near_names(reference),
        ) from error
    offered = platform_in(document)
    if platform is not None and offered.os and not matches(platform, offered):
        raise _other_platform(reference, platform, (offered,))
    if ask_platform:
        # Asked for one platform, the engine names its manifest: containers and exports know only the image's own ID.
        whole = object_in(engine.get_json(path + plain))
        document = {**document, "Id": whole.get("Id"), "Manifests": whole.get("Manifests")}
    return document


def _explain_platform(
    engine: Engine, reference: str, target: str, platform: Platform | None
) -> None:
    """Raise the better error when the image is there, but not for the platform."""
    try:
        offered = platforms_in(object_in(engine.get_json(target)))
    except EngineRefused:
        return
    if offered and platform is not None:
        raise _other_platform(reference, platform, offered)


def _other_platform(
    reference: str, platform: Platform, offered: Sequence[Platform]
) -> ImageNotFound:
    names = ", ".join(display_text(str(item), 40) for item in offered)
    return ImageNotFound(
        tr(
            "{name} is not available for {platform}.",
            name=display_text(reference, 200),
            platform=platform,
        ),
        tr("The engine has it for {platforms}.", platforms=names),
    )


def _platform_query(platform: Platform) -> str:
    return "?platform=" + quote(platform_json(platform), safe="")


def platform_json(platform: Platform) -> str:
    """A platform as the engine's API takes it (API 1.48 and later)."""
    names = {"os": platform.os, "architecture": platform.architecture, "variant": platform.variant}
    return json.dumps({name: value for name, value in names.items() if value})


def _image(
    engine: Engine,
    reference: str,
    document: Mapping[str, Any],
    diff_ids: Sequence[str],
    steps: Sequence[Step],
    placed: Sequence[bool],
    sizes: Sequence[int],
) -> Image:
    # Written as the config file it was made from, so that one parser checks and bounds every image's config.
    parsed = parse_config(
        json.dumps(
            {
                "architecture": text_in(document.get("Architecture")),
                "os": text_in(document.get("Os")),
                "variant": text_in(document.get("Variant")),
                "created": text_in(document.get("Created")),
                "config": document.get("Config"),
                "rootfs": {"diff_ids": diff_ids},
                "history": [
                    {
                        "created": step.created,
                        "created_by": step.created_by,
                        "comment": step.comment,
                        "empty_layer": not is_layer,
                    }
                    for step, is_layer in zip(steps, placed, strict=True)
                ],
            }
        ).encode("utf-8", "replace")
    )
    history = align_history(parsed.history, len(diff_ids))
    layers = (
        Layer(index, diff_id, stored_bytes=size, history=step)
        for index, (diff_id, size, step) in enumerate(
            zip(parsed.diff_ids, sizes, history, strict=True)
        )
    )
    tags = (str(tag) for tag in list_in(document.get("RepoTags")))
    return Image(
        reference=reference,
        id=text_in(document.get("Id")),
        tags=tuple(familiar_name(tag) for tag in tags if tag != "<none>:<none>"),
        platform=parsed.platform,
        created=parsed.created,
        source=engine.endpoint.url,
        config=parsed.config,
        layers=tuple(layers),
        history=parsed.history,
    )


def _folders(data: Mapping[str, Any]) -> tuple[str, ...]:
    """The layers' own folders on the engine's machine, base first (overlay2: UpperDir is the top, LowerDir goes down)."""
    upper, lower = text_in(data.get("UpperDir")), text_in(data.get("LowerDir"))
    return tuple(reversed([folder for folder in (upper, *lower.split(":")) if folder]))


def _step(row: Mapping[str, Any]) -> Step:
    return Step(
        created_by=text_in(row.get("CreatedBy")),
        size=number_in(row.get("Size")),
        created=rfc3339(number_in(row.get("Created"))),
        comment=text_in(row.get("Comment")),
        image_id=text_in(row.get("Id")),
    )


def _place_steps(engine: Engine, diff_ids: Sequence[str], steps: list[Step]) -> list[bool]:
    """Which steps made a layer; asks for intermediate images of the classic builder where sizes leave it open."""
    placed = place_steps(diff_ids, steps)
    unclear = {
        is_layer
        for step, is_layer in zip(steps, placed, strict=True)
        if _cost(step, is_layer=True) == 1
    }
    if len(unclear) < 2:
        return placed
    known = [_with_layer_count(engine, step) for step in steps]
    return place_steps(diff_ids, known)


def _with_layer_count(engine: Engine, step: Step) -> Step:
    if not step.image_id.startswith("sha256:"):
        return step
    try:
        document = object_in(engine.get_json(f"/images/{step.image_id}/json"))
    except EngineRefused:
        return step
    count = len(list_in(object_in(document.get("RootFS")).get("Layers")))
    return Step(step.created_by, step.size, step.created, step.comment, step.image_id, count)


def place_steps(diff_ids: Sequence[str], steps: Sequence[Step]) -> list[bool]:
    """Which history steps made a layer: the likeliest choice that uses every layer, all False when there is none.

    The engine's history states sizes, but not which steps have no layer; a step of zero bytes may be either.
    """
    layers, endless = len(diff_ids), float("inf")
    # best[k]: cheapest way to give the steps so far k layers; choice[n][k]: whether step n got the k-th.
    best = [0.0] + [endless] * layers
    choice: list[list[bool]] = []
    for step in steps:
        skip = _cost(step, is_layer=False)
        row, taken = [], []
        for k in range(layers + 1):
            without = best[k] + skip
            with_layer = endless
            if k and best[k - 1] < endless:
                mismatch = step.size > 0 and diff_ids[k - 1] == EMPTY_DIFF_ID
                with_layer = best[k - 1] + _cost(step, is_layer=True) + _IMPOSSIBLE * mismatch
            if step.layers_after >= 0 and step.layers_after != k:
                without, with_layer = without + _IMPOSSIBLE, with_layer + _IMPOSSIBLE
            taken.append(with_layer < without)
            row.append(min(without, with_layer))
        best = row
        choice.append(taken)
    if best[layers] == endless:
        return [False] * len(steps)
    placed, k = [], layers
    for taken in reversed(choice):
        placed.append(taken[k])
        k -= taken[k]
    return placed[::-1]


def _cost(step: Step, *, is_layer: bool) -> int:
    """How unlikely it is that a step made a layer, or made none."""
    if step.size > 0:
        return 0 if is_layer else _IMPOSSIBLE
    if step.created_by and is_metadata(step.created_by):
        return 8 if is_layer else 0
    if "buildkit" in step.comment:
        # BuildKit writes a layer for every RUN, COPY, ADD and WORKDIR, empty ones too.
        return 0 if is_layer else 4
    return 1
