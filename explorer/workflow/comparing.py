"""Two images compared: their analyses, the programs in them and what was measured of them, in a child process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.compare.comparison import Comparison, compare
from explorer.compare.handover import load_comparison, save_comparison
from explorer.compare.startup import start_up
from explorer.errors import ExplorerError
from explorer.filesystem.cache import LayerStore
from explorer.findings.analysis import Analysis
from explorer.findings.binary import ImageBinary
from explorer.findings.executables import file_of, inspect_executable
from explorer.gobinary.binary import GoBinary
from explorer.gobinary.cache import BinaryCache
from explorer.paths import cache_dir
from explorer.task import Task
from explorer.translation import tr
from explorer.workflow.kept import kept_of_engine
from explorer.workflow.snapshots import recorded_binaries, recorded_store, snapshot_path

if TYPE_CHECKING:
    from explorer.filesystem.source import ImageSource


@dataclass(frozen=True)
class Side:
    """One image to compare: how it is opened, and the file of its analysis where one was made already ("" else)."""

    options: Mapping[str, Any]
    analysis_file: str = ""


@dataclass(frozen=True)
class Compared:
    """The files of a comparison: both analyses, and what differs."""

    analysis_a: str
    analysis_b: str
    comparison: str

    def load(self) -> Comparison:
        """The comparison, mapped; the files may go while it is used."""
        a, b = (Analysis.load(Path(path)) for path in (self.analysis_a, self.analysis_b))
        return load_comparison(Path(self.comparison), a, b)


def compare_to_files(task: Task, a: Side, b: Side, folder: str) -> Compared:
    """Compare two images, `a` the earlier one; analyses that are not made yet are made, all files lie in `folder`."""
    paths, analyses = [], []
    for name, side in (("a", a), ("b", b)):
        path = side.analysis_file or _analysed(task, side.options, Path(folder) / f"{name}.col")
        paths.append(path)
        analyses.append(Analysis.load(Path(path)))
    task.progress(tr("Comparing"))
    first, second = analyses
    programs = read_programs(task, ((a.options, first), (b.options, second)))
    names = [str(side.options["reference"]) for side in (a, b)]
    recorded = recorded_store(task, names, Path(folder) / "recorded")
    ids = first.image.id, second.image.id
    # Two snapshots tell what was recorded with them, whatever else was measured here since.
    both = all(snapshot_path(name) is not None for name in names)
    stores = (recorded, None) if both else (None, recorded)
    startup = start_up(*ids, stores[0]) or start_up(*ids, stores[1])
    target = Path(folder) / "comparison.col"
    save_comparison(compare(first, second, programs, startup), target)
    return Compared(paths[0], paths[1], str(target))


def kept_comparison(task: Task, a: Side, b: Side) -> Comparison | None:
    """Compare two images of engines whose analyses, programs included, are kept; None when anything of it is not.

    Parses nothing of the images but their configs, and so may run in the process that shows it. ImageNotFound,
    EngineUnreachable, EngineRefused, EngineLost, Cancelled.
    """
    sides = []
    for side in (a, b):
        kept = kept_of_engine(task, side.options)
        if kept is None:
            return None
        sides.append((side.options, kept))
    task.progress(tr("Comparing"))
    wanted = [item.digest for _, _, items in _different(sides) for item in items]
    cache = BinaryCache(cache_dir())
    programs = {digest: found for digest in wanted if (found := cache.get(digest)) is not None}
    if len(programs) < len(wanted):
        return None
    (_, first), (_, second) = sides
    return compare(first, second, programs, start_up(first.image.id, second.image.id))


def _analysed(task: Task, options: Mapping[str, Any], path: Path) -> str:
    # Loaded here, as below: who compares what is kept reads no image.
    from explorer.workflow.analysing import analyse
    from explorer.workflow.opening import Options

    chosen = Options(**options)
    store = LayerStore.open() if chosen.use_cache else LayerStore.private()
    with closing(store):
        analyse(task, chosen, store).save(path)
    return str(path)


def read_programs(
    task: Task, sides: Sequence[tuple[Mapping[str, Any], Analysis]]
) -> dict[str, GoBinary]:
    """The analyses of both images' Go executables that differ, by digest; one that cannot be read is left out."""
    programs: dict[str, GoBinary] = {}
    for options, analysis, wanted in _different(sides):
        programs.update(_programs(task, options, analysis, wanted))
    return programs


def _different(
    sides: Sequence[tuple[Mapping[str, Any], Analysis]],
) -> Iterator[tuple[Mapping[str, Any], Analysis, list[ImageBinary]]]:
    """The executables of each side that the other one does not have."""
    held = [{item.digest: item for item in analysis.go_binaries} for _, analysis in sides]
    shared = held[0].keys() & held[1].keys()
    for (options, analysis), binaries in zip(sides, held, strict=True):
        yield (
            options,
            analysis,
            [item for digest, item in binaries.items() if digest and digest not in shared],
        )


def _programs(
    task: Task, options: Mapping[str, Any], analysis: Analysis, wanted: Sequence[ImageBinary]
) -> Iterator[tuple[str, GoBinary]]:
    from explorer.workflow.opening import Options, binary_cache, open_source, same_image

    chosen = Options(**options)
    cache = binary_cache(chosen)
    recorded = recorded_binaries(task, chosen.reference)
    with ExitStack() as stack:
        source: ImageSource | None = None
        for item in wanted:
            binary = recorded.get(item.digest)
            if binary is None and cache is not None:
                binary = cache.get(item.digest)
            if binary is None:
                # The image may be gone, or its snapshot holds no file contents.
                with suppress(ExplorerError):
                    if source is None:
                        source = stack.enter_context(closing(open_source(task, chosen)))
                        same_image(source, {**options, "image_id": analysis.image.id})
                    file = file_of(analysis.stack, analysis.stack_layers, item.row)
                    binary = inspect_executable(task, source, file, cache)
            if binary is not None:
                yield item.digest, binary
