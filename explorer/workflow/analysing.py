"""The analysis of an image, as a value and as a file for another process."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from explorer.filesystem.cache import LayerStore
from explorer.filesystem.layer import LayerIndex
from explorer.filesystem.source import ImageSource
from explorer.findings.analysis import Analysis
from explorer.findings.analysis import analyse as analyse_layers
from explorer.task import Task
from explorer.translation import tr
from explorer.units import display_text
from explorer.workflow.kept import VIA, keep, load_kept, with_notes
from explorer.workflow.opening import Options, binary_cache, cached_layers, open_source
from explorer.workflow.snapshots import analyse_snapshot, snapshot_path


def analyse(
    task: Task, options: Options, store: LayerStore, partial_folder: Path | None = None
) -> Analysis:
    """Read what the store lacks and analyse the image; a cut-off input gives an incomplete analysis, not an error.

    With `partial_folder` an analysis file is written there, and its path handed to task.partial, as layers come in.
    """
    recorded = snapshot_path(options.reference)
    if recorded is not None:
        return analyse_snapshot(task, recorded, options.reference)
    started = time.monotonic()
    task.progress(tr("Opening {reference}", reference=display_text(options.reference, 80)))
    with closing(open_source(task, options)) as source:
        opened = time.monotonic()
        image = source.image
        kept = load_kept(store, image) if options.use_cache else None
        if kept is not None:
            timings = {"open": opened - started, "total": time.monotonic() - started}
            notes = [note for note in (store.note, *source.problems) if note]
            return with_notes(replace(kept, timings=timings), notes)
        layers = cached_layers(store, source)
        missing = [layer.index for layer in image.layers if layer.index not in layers]
        reader = _Reader(task, source, layers, partial_folder, len(image.layers))
        if missing:
            source.read_layers(task, store, missing, reader.take)
            image = source.image  # how its layers are stored may be known only now
        read = time.monotonic()
        timings = {"open": opened - started, "read": read - opened}
        notes = [note for note in (store.note, *source.problems) if note]
        task.progress(tr("Looking for what bloats the image"))
        result = analyse_layers(image, layers, via=_via(source, missing), timings=timings)
        found = time.monotonic()
        looked = _look_into_binaries(task, source, result, options)
        if options.use_cache and looked.problems == result.problems:
            keep(store, looked)
        timings = {**result.timings, "binaries": time.monotonic() - found}
        result = with_notes(replace(looked, timings=timings), notes)
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


def _look_into_binaries(
    task: Task, source: ImageSource, result: Analysis, options: Options
) -> Analysis:
    # Not needed where the analysis is kept, and the better part of what would be loaded then.
    from explorer.findings.executables import add_binaries

    return add_binaries(task, source, result, binary_cache(options))


def _via(source: ImageSource, missing: list[int]) -> str:
    return source.via if missing else VIA


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
