"""The user stories as functions: each takes a Task and plain values, and may run in a child process (sandbox)."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.errors import (
    ExplorerError,
    ImageNotFound,
    StorageError,
)
from explorer.filesystem.archive import ArchiveImage, open_archive
from explorer.filesystem.archive import list_archive as archive_images
from explorer.filesystem.cache import LayerStore
from explorer.filesystem.layer import LayerIndex
from explorer.filesystem.source import ImageSource
from explorer.findings.analysis import Analysis
from explorer.findings.analysis import analyse as analyse_layers
from explorer.findings.executables import add_binaries, inspect_executable, live_file
from explorer.gobinary.analyse import analyse_file
from explorer.gobinary.binary import GoBinary
from explorer.gobinary.cache import BinaryCache
from explorer.image.reference import parse_reference
from explorer.paths import cache_dir
from explorer.task import Cancelled, Task
from explorer.translation import tr
from explorer.units import display_name, display_text, size_text

if TYPE_CHECKING:
    from explorer.dockerfile.bases import LocalImage
    from explorer.dockerfile.context import Context
    from explorer.dockerfile.facts import ProgramFacts
    from explorer.dockerfile.verify.model import Verification, VerifyOptions
    from explorer.engine.build_events import BuildResult
    from explorer.engine.client import Engine, EngineInfo

# Free space left alone when a file is extracted.
_SPARE_BYTES = 16 << 20
# Images that are asked for their layers when a base is looked for; each takes a few milliseconds.
_BASES_ASKED = 300


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
    """The image behind a reference, bound to its ID; ReferenceInvalid, ImageNotFound, EngineUnreachable, NotAnImage …"""
    reference = parse_reference(options.reference)
    if reference.transport == "docker-daemon":
        # The engine's modules load only when an engine is asked for.
        from explorer.engine.source import open_engine_image

        engine = connect_engine(task, options.host)
        return open_engine_image(
            engine, options.image_id or reference.name, via=options.via, platform=options.platform
        )
    return open_archive(
        task, Path(reference.name), selector=reference.selector, platform=options.platform
    )


def analyse(
    task: Task, options: Options, store: LayerStore, partial_folder: Path | None = None
) -> Analysis:
    """Read what the store lacks and analyse the image; a cut-off input gives an incomplete analysis, not an error.

    With `partial_folder` an analysis file is written there, and its path handed to task.partial, as layers come in.
    """
    started = time.monotonic()
    task.progress(tr("Opening {reference}", reference=display_text(options.reference, 80)))
    with closing(open_source(task, options)) as source:
        opened = time.monotonic()
        image = source.image
        layers = _cached_layers(store, source)
        missing = [layer.index for layer in image.layers if layer.index not in layers]
        reader = _Reader(task, source, layers, partial_folder, len(image.layers))
        if missing:
            source.read_layers(task, store, missing, reader.take)
        read = time.monotonic()
        timings = {"open": opened - started, "read": read - opened}
        notes = [note for note in (store.note, *source.problems) if note]
        task.progress(tr("Looking for what bloats the image"))
        result = analyse_layers(
            image, layers, via=_via(source, missing), problems=notes, timings=timings
        )
        found = time.monotonic()
        result = add_binaries(task, source, result, _binary_cache(options))
        timings = {**result.timings, "binaries": time.monotonic() - found}
        result = replace(result, timings=timings)
    return replace(result, timings={**result.timings, "total": time.monotonic() - started})


def analyse_to_file(task: Task, options: Mapping[str, Any], folder: str) -> str:
    """analyse() for another process: the analysis is written into `folder` and its path returned."""
    chosen = Options(**options)
    store = LayerStore.open() if chosen.use_cache else LayerStore.private()
    with closing(store):
        target = Path(folder)
        result = analyse(task, chosen, store, target)
        path = target / "analysis.col"
        result.save(path)
    return str(path)


def _binary_cache(options: Options) -> BinaryCache | None:
    return BinaryCache(cache_dir()) if options.use_cache else None


def _via(source: ImageSource, missing: list[int]) -> str:
    return source.via if missing else "cache"


def _cached_layers(store: LayerStore, source: ImageSource) -> dict[int, LayerIndex]:
    found = ((layer.index, store.get(layer.diff_id)) for layer in source.image.layers)
    return {index: layer for index, layer in found if layer is not None}


class _Reader:
    """Collects layers as they come and lets the user look early, at most a tenth of the time spent on it."""

    def __init__(
        self,
        task: Task,
        source: ImageSource,
        layers: dict[int, LayerIndex],
        folder: Path | None,
        total: int,
    ) -> None:
        self._task, self._source, self._layers = task, source, layers
        self._folder, self._total = folder, total
        self._started = time.monotonic()
        self._spent = 0.0
        self._number = 0

    def take(self, index: int, layer: LayerIndex) -> None:
        self._layers[index] = layer
        if self._folder is None or len(self._layers) >= self._total:
            return
        now = time.monotonic()
        if self._spent > 0.1 * (now - self._started):
            return
        self._number += 1
        path = self._folder / f"partial-{self._number}.col"
        result = analyse_layers(self._source.image, dict(self._layers), via=self._source.via)
        result.save(path)
        self._task.partial(str(path))
        self._spent += time.monotonic() - now


@dataclass(frozen=True)
class Payload:
    """One regular file of one layer: its path in the layer, where its payload starts and its size in bytes."""

    layer: int
    path: bytes
    data_offset: int
    size: int


class _Enough(Exception):
    """The preview is full."""


def preview(task: Task, options: Mapping[str, Any], payload: Payload, limit: int) -> bytes:
    """The first `limit` bytes of a file; fewer when it is smaller."""
    held = bytearray()

    def take(chunk: memoryview) -> None:
        held.extend(chunk[: limit - len(held)])
        if len(held) >= limit:
            raise _Enough

    with closing(open_source(task, Options(**options))) as source:
        _same_image(source, options)
        try:
            source.read_payload(
                task, payload.layer, payload.path, payload.data_offset, payload.size, take
            )
        except _Enough:
            task.checkpoint()
    return bytes(held)


def extract(task: Task, options: Mapping[str, Any], payload: Payload, destination: str) -> int:
    """Write a file of the image to `destination` (a path the user chose) and return its bytes.

    Written beside it first and renamed, so that nothing half-written is left. Raises StorageError when there is no room.
    """
    target = Path(destination)
    if target.exists() and not target.is_file():
        # Renaming over a device or a folder would replace it.
        raise StorageError(
            tr("{path} is no regular file.", path=display_text(destination)),
            tr("Choose another name."),
        )
    temporary = target.with_name(f".{target.name[:200]}.{secrets.token_hex(4)}.part")
    _check_room(target.parent, payload.size)
    written = 0
    try:
        with (
            open(temporary, "wb") as file,
            closing(open_source(task, Options(**options))) as source,
        ):
            _same_image(source, options)

            def take(chunk: memoryview) -> None:
                nonlocal written
                file.write(chunk)
                written += len(chunk)
                task.progress(
                    tr("Saving {name}", name=display_text(target.name)), written, payload.size
                )

            source.read_payload(
                task, payload.layer, payload.path, payload.data_offset, payload.size, take
            )
        os.replace(temporary, target)
    except OSError as error:
        raise StorageError(
            tr(
                "Could not write {path}: {reason}",
                path=display_text(destination),
                reason=error.strerror or error,
            ),
            tr(
                "Choose another folder or free some space ({size} are needed).",
                size=size_text(payload.size),
            ),
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    return written


def _check_room(folder: Path, size: int) -> None:
    try:
        state = os.statvfs(folder)
    except OSError as error:
        raise StorageError(
            tr("Could not write {path}: {reason}", path=folder, reason=error.strerror or error),
            tr("Choose a folder that exists."),
        ) from error
    free = state.f_bavail * state.f_frsize
    if free < size + _SPARE_BYTES:
        raise StorageError(
            tr(
                "{path} has {free} free; {size} are needed.",
                path=folder,
                free=size_text(free),
                size=size_text(size),
            ),
            tr("Choose another folder or free some space."),
        )


def _same_image(source: ImageSource, options: Mapping[str, Any]) -> None:
    wanted = options.get("image_id", "")
    if wanted and source.image.id != wanted:
        raise ImageNotFound(
            tr(
                "{reference} is another image by now.",
                reference=display_text(str(options["reference"])),
            ),
            tr("Open it again to see the new one."),
        )


def inspect_file(task: Task, path: str, name: str) -> GoBinary:
    """What is inside an executable on disk; `name` is what the user calls it."""
    return analyse_file(task, Path(path), name)


def inspect_binary(task: Task, options: Mapping[str, Any], path: bytes) -> GoBinary:
    """What is inside an executable of an image's final file system; links on the way are followed.

    ImageNotFound when there is no such file, NotAnExecutable when it is none, and what opening and reading raise.
    """
    chosen = Options(**options)
    store = LayerStore.open() if chosen.use_cache else LayerStore.private()
    with closing(store), closing(open_source(task, chosen)) as source:
        _same_image(source, options)
        layers = _cached_layers(store, source)
        missing = [layer.index for layer in source.image.layers if layer.index not in layers]
        if missing:
            source.read_layers(task, store, missing, layers.__setitem__)
        file = live_file(layers, path)
        if file is None:
            raise ImageNotFound(
                tr("The image has no file {name}.", name=display_name(path)),
                tr("image-explorer analyze --json lists its Go executables as go_binaries."),
            )
        return inspect_executable(task, source, file, _binary_cache(chosen))


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
    """The images in an archive or folder, for the picker."""
    return archive_images(task, Path(path))


def rewrite_inputs(
    task: Task, options: Mapping[str, Any], analysis_file: str
) -> tuple[ProgramFacts, tuple[LocalImage, ...]]:
    """What a rewrite is planned with, beside the analysis: facts of the program, and bases that the engine holds."""
    from explorer.dockerfile.rewrite.inputs import entry_facts, known_images

    chosen = Options(**options)
    analysis = Analysis.load(Path(analysis_file))
    with closing(open_source(task, chosen)) as source:
        _same_image(source, options)
        facts = entry_facts(task, source, analysis)
    if parse_reference(chosen.reference).transport != "docker-daemon":
        return facts, ()
    return facts, known_images(task, connect_engine(task, chosen.host), analysis)


def look_at_build(
    task: Task, host: str, folder: str, dockerfile: str, ignore_text: str | None
) -> tuple[Context, EngineInfo]:
    """What a build would send of a folder ("": nothing but the Dockerfile), and the engine it would send it to."""
    from explorer.dockerfile.context import Context, read_context

    info = connect_engine(task, host).describe()
    if not folder:
        return Context(), info
    return read_context(task, folder, dockerfile, ignore_text), info


def build_rewrite(
    task: Task, host: str, context: Context, text: str, tag: str, platform: str
) -> BuildResult:
    """Build, and read how big the result is; each BuildEvent goes to task.partial. What a cancel leaves is removed."""
    from explorer.engine.build import build, remove_build

    engine = connect_engine(task, host)
    version = engine.get_json("/version")
    own = isinstance(version, dict) and f"{version.get('Os')}/{version.get('Arch')}"
    # Old engines build for a named platform only as an experiment.
    wanted = "" if own == "/".join(platform.split("/")[:2]) else platform
    result = build(task, engine, context, text, tag=tag, platform=wanted, on_event=task.partial)
    try:
        task.progress(tr("Reading how big it became"))
        store = LayerStore.open()
        with closing(store):
            found = analyse(task, Options(f"docker-daemon:{result.image_id}", host=host), store)
        return replace(result, content_bytes=found.totals.content_bytes)
    except Cancelled:
        remove_build(connect_engine(Task(), host), result)
        raise
    except ExplorerError:
        return result


def verify_rewrite(
    task: Task, host: str, old: str, new: str, options: VerifyOptions
) -> Verification:
    """Compare two images of an engine; see explorer.dockerfile.verify."""
    from explorer.dockerfile.verify.verdict import verify

    return verify(task, connect_engine(task, host), old, new, options)
