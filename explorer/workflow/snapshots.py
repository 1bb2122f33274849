"""Snapshots as a story: taken of any image, and opened wherever an image is."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.errors import ImageNotFound, InputError
from explorer.image.reference import PATH, SNAPSHOT, parse_reference
from explorer.task import Task
from explorer.translation import english, language, set_language, tr
from explorer.units import display_name, display_text

if TYPE_CHECKING:
    from explorer.coldstart.sample import Sample
    from explorer.coldstart.store import Store
    from explorer.dockerfile.rewrite.files import RewriteFiles
    from explorer.filesystem.archive import ArchiveImage
    from explorer.findings.analysis import Analysis
    from explorer.gobinary.binary import GoBinary
    from explorer.snapshot.model import RecordedRewrite, Snapshot
    from explorer.snapshot.origin import Origin
    from explorer.workflow.opening import Options

# The newest ones; a measurement of 40 pairs has some 10 kB.
_SAMPLES_KEPT = 10


def snapshot_path(reference: str) -> Path | None:
    """The snapshot that a reference names, with or without its transport; None when it names something else."""
    found = parse_reference(reference)
    if found.transport == SNAPSHOT:
        return Path(found.name)
    if found.transport != PATH:
        return None
    from explorer.snapshot.container import begins_as_snapshot

    return Path(found.name) if begins_as_snapshot(Path(found.name)) else None


def no_contents() -> InputError:
    """The error of whoever asks a snapshot for a file."""
    return InputError(
        tr("A snapshot holds no file contents."),
        tr("Open the image itself to look into its files or to save them."),
    )


def open_snapshot(task: Task, path: Path, reference: str, folder: Path) -> Analysis:
    """The analysis in a snapshot, mapped from `folder`/analysis.col; see SnapshotFile.open for the errors."""
    from explorer.snapshot.reading import SnapshotFile

    task.progress(tr("Opening {reference}", reference=display_text(reference, 80)))
    return SnapshotFile.open(path).save_analysis(folder / "analysis.col", reference)


def analyse_snapshot(task: Task, path: Path, reference: str) -> Analysis:
    """The analysis in a snapshot, for this process."""
    with tempfile.TemporaryDirectory(prefix="image-explorer-") as folder:
        # The file is mapped: it may go while the analysis stays.
        return open_snapshot(task, path, reference, Path(folder))


def binary_in_snapshot(task: Task, path: Path, reference: str, wanted: bytes) -> GoBinary:
    """What was recorded of an executable; links on the way are followed. ImageNotFound, InputError."""
    from explorer.findings.executables import file_of
    from explorer.gobinary.discovery import resolve
    from explorer.snapshot.reading import SnapshotFile

    snapshot = SnapshotFile.open(path)
    with tempfile.TemporaryDirectory(prefix="image-explorer-") as folder:
        analysis = snapshot.save_analysis(Path(folder) / "analysis.col", reference)
    task.checkpoint()
    row = resolve(analysis.stack, wanted)
    if row < 0:
        raise ImageNotFound(
            tr("The image has no file {name}.", name=display_name(wanted)),
            tr("image-explorer analyze --json lists its Go executables as go_binaries."),
        )
    file = file_of(analysis.stack, analysis.stack_layers, row)
    held = snapshot.binaries().get(file.digest)
    if held is None:
        raise InputError(
            tr("The snapshot holds no analysis of {name}.", name=file.name),
            tr(
                "It holds those of the image's own Go executables; open the image itself for others."
            ),
        )
    return replace(held, path=file.name)


def recorded_rewrite(task: Task, reference: str) -> RecordedRewrite | None:
    """The rewrite that a snapshot holds; None when it holds none or the reference names no snapshot."""
    path = snapshot_path(reference)
    if path is None:
        return None
    from explorer.snapshot.reading import SnapshotFile

    task.checkpoint()
    return SnapshotFile.open(path).rewrite()


def recorded_files(task: Task, reference: str) -> RewriteFiles:
    """The Dockerfile and the source folder's facts that a snapshot's rewrite was planned from; none for other references."""
    from explorer.dockerfile.rewrite.files import RewriteFiles

    recorded = recorded_rewrite(task, reference)
    return recorded.files if recorded is not None else RewriteFiles()


def recorded_binaries(task: Task, reference: str) -> dict[str, GoBinary]:
    """The analyses of executables that a snapshot holds, by digest; none for any other reference."""
    path = snapshot_path(reference)
    if path is None:
        return {}
    from explorer.snapshot.reading import SnapshotFile

    task.checkpoint()
    return SnapshotFile.open(path).binaries()


def recorded_samples(task: Task, reference: str) -> tuple[Sample, ...]:
    """The measurements that a snapshot holds, the newest first; none for any other reference."""
    return recorded_parts(task, reference)[1] if snapshot_path(reference) is not None else ()


def recorded_parts(task: Task, reference: str) -> tuple[Origin, tuple[Sample, ...]]:
    """Who made a snapshot and what was measured of its image, the newest first; see SnapshotFile.open for the errors."""
    from explorer.snapshot.reading import SnapshotFile

    task.checkpoint()
    file = SnapshotFile.open(snapshot_path(reference) or Path(reference))
    return file.origin, file.samples()


def recorded_store(task: Task, references: Iterable[str], folder: Path) -> Store:
    """The measurements that these snapshots hold, as a store in `folder`; empty where none of them is a snapshot."""
    from explorer.coldstart.store import Store
    from explorer.snapshot.reading import SnapshotFile

    store = Store(folder)
    for path in filter(None, map(snapshot_path, references)):
        task.checkpoint()
        for sample in SnapshotFile.open(path).samples():
            with suppress(InputError):
                store.save(sample)
    return store


def listed_snapshot(path: Path) -> ArchiveImage:
    """What a list of images shows of a snapshot; see SnapshotFile.open for the errors."""
    from explorer.filesystem.archive import ArchiveImage
    from explorer.image.model import Platform
    from explorer.snapshot.reading import SnapshotFile

    found = SnapshotFile.open(path).image()
    platform = Platform(found.os, found.architecture, found.variant)
    return ArchiveImage(found.id, found.tags, platform, found.created, found.layers)


@dataclass(frozen=True)
class Wishes:
    """What goes into a snapshot beside the analysis: the rewrite's own files (paths, "" for none), and a note."""

    dockerfile: str = ""
    context: str = ""
    rewrite: bool = True
    note: str = ""


def take_snapshot(
    task: Task, options: Mapping[str, Any], target: str, wishes: Mapping[str, Any]
) -> dict[str, Any]:
    """Analyse an image and write all that is known of it to `target`; what was written, in figures.

    `wishes` are the fields of Wishes. What analysing raises, and StorageError when the file cannot be written.
    """
    from explorer.snapshot.writing import write_snapshot
    from explorer.workflow.opening import Options

    chosen, wanted = Options(**options), Wishes(**wishes)
    with tempfile.TemporaryDirectory(prefix="image-explorer-") as folder:
        found = _gathered(task, chosen, wanted, Path(folder))
        task.progress(tr("Writing {name}", name=display_text(Path(target).name, 80)))
        size = write_snapshot(Path(target), found)
    analysis = found.analysis
    return {
        "path": target,
        "bytes": size,
        "image_id": analysis.image.id,
        "content_bytes": analysis.totals.content_bytes,
        "files": analysis.totals.files,
        "findings": len(analysis.findings),
        "binaries": len(found.binaries),
        "rewrite": found.rewrite is not None,
        "measurements": len(found.samples),
        "complete": analysis.complete,
        "problems": [english(text) for text in analysis.problems],
        "told": list(analysis.problems),
    }


def _gathered(task: Task, options: Options, wishes: Wishes, folder: Path) -> Snapshot:
    from explorer.snapshot.model import Snapshot
    from explorer.snapshot.origin import origin_now
    from explorer.snapshot.reading import SnapshotFile

    path = snapshot_path(options.reference)
    if path is not None:
        # A copy stays what was recorded, by whom and when; measurements made since come along.
        held = SnapshotFile.open(path).whole(folder / "analysis.col", options.reference)
        known = {sample.id for sample in held.samples}
        new = tuple(s for s in _samples_of(held.analysis.image.id) if s.id not in known)
        return replace(held, samples=(*new, *held.samples))
    from explorer.filesystem.cache import LayerStore
    from explorer.workflow.analysing import analyse

    store = LayerStore.open() if options.use_cache else LayerStore.private()
    with closing(store):
        analysis = analyse(task, options, store)
    bound = replace(options, image_id=analysis.image.id)
    return Snapshot(
        origin=origin_now(options.reference, analysis.image.source, wishes.note),
        analysis=analysis,
        binaries=_binaries(task, bound, analysis),
        rewrite=_planned(task, bound, wishes, analysis, folder) if wishes.rewrite else None,
        samples=_samples_of(analysis.image.id),
    )


def _binaries(task: Task, options: Options, analysis: Analysis) -> dict[str, GoBinary]:
    """The analyses of the executables that the image's analysis names; from the cache where it has them."""
    from explorer.findings.executables import file_of, inspect_executable
    from explorer.workflow.opening import binary_cache, open_source

    cache = binary_cache(options)
    held = {item.digest: cache.get(item.digest) if cache else None for item in analysis.go_binaries}
    found = {digest: binary for digest, binary in held.items() if binary is not None}
    missing = [item for item in analysis.go_binaries if item.digest not in found]
    if missing:
        with closing(open_source(task, options)) as source:
            for item in missing:
                file = file_of(analysis.stack, analysis.stack_layers, item.row)
                with suppress(InputError):
                    found[item.digest] = inspect_executable(task, source, file, cache)
    return found


def _planned(
    task: Task, options: Options, wishes: Wishes, analysis: Analysis, folder: Path
) -> RecordedRewrite | None:
    """The rewrite in English, whatever the user's language: whoever opens the snapshot may have another one."""
    from explorer.dockerfile.rewrite.change import RewriteOptions
    from explorer.dockerfile.rewrite.files import rewrite_files
    from explorer.dockerfile.rewrite.plan import plan_rewrite
    from explorer.snapshot.model import RecordedRewrite
    from explorer.workflow.rewriting import rewrite_inputs

    path = folder / "planned.col"
    analysis.save(path)
    files = rewrite_files(task, wishes.dockerfile, wishes.context)
    facts, images = rewrite_inputs(task, asdict(options), str(path))
    wanted = RewriteOptions()
    before = language()
    set_language("en")
    try:
        plan = plan_rewrite(analysis, files.text, files.sources, facts, wanted, None, images)
    finally:
        set_language(before)
    return RecordedRewrite(facts, images, files, wanted, plan)


def _samples_of(image_id: str) -> tuple[Sample, ...]:
    """The user's measurements of an image, the newest first."""
    from explorer.coldstart.store import find_for

    return find_for((image_id,))[:_SAMPLES_KEPT]
