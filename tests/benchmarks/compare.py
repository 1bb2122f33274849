"""Comparing: a real pair from the cache, and images that differ in a million files; seconds of each step.

    python -m tests.benchmarks.compare [A B] [--files 1000000] [--kind changed|moved|apart] [--flat] [--keep FOLDER]

With two references they are compared in a worker process, as the window does it, twice: the second time from the cache.
Without, two made-up images are compared in which every file has other content, lies elsewhere, or is in one of them
only; with --flat all files lie in one folder. The window is off screen; of each step it tells how long it took until all
was drawn, and the longest time for which the window did not answer. Figures to reach: the 1.1 GB image with its rewrite
from the cache in under 1 s; a million files in under 5 s, without a pause over 150 ms.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tests.benchmarks.measure import machine

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from explorer.errors import ExplorerError
    from explorer.gui.diff_figures import DiffFigures
    from explorer.gui.pages.comparison import ComparisonView
    from explorer.workflow.comparing import Compared

_SIBLINGS = 40
_HEARTBEAT_MS = 5
CHANGED, MOVED, APART = "changed", "moved", "apart"
T = TypeVar("T")


def main() -> None:
    """Measure what was asked for and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pair", nargs="*", metavar="REF", help="two images to compare")
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--kind", choices=(CHANGED, MOVED, APART), default=CHANGED)
    parser.add_argument("--flat", action="store_true", help="all files in one folder")
    parser.add_argument("--keep", help="folder in which the analyses are kept for the next time")
    chosen = parser.parse_args()
    print(machine())
    if len(chosen.pair) == 2:
        _pair(*chosen.pair)
    else:
        with tempfile.TemporaryDirectory() as folder:
            paths = _analyses(Path(chosen.keep or folder), chosen.files, chosen.kind, chosen.flat)
            _compared(*paths)
            _Window().measure(_handed_over(*paths))
    print(f"{'peak of this process':<52} {_peak():7.0f} MiB")


def _pair(a: str, b: str) -> None:
    """Compare two images, and show it."""
    from explorer import sandbox
    from explorer.gui.diff_figures import kept
    from explorer.task import Task
    from explorer.workflow.comparing import Side
    from explorer.workflow.opening import Options

    first, second = (Side(asdict(Options(name))) for name in (a, b))
    work = "explorer.workflow.comparing:compare_to_files"
    with tempfile.TemporaryDirectory() as folder:

        def compared() -> Compared:
            files: Compared = sandbox.run(Task(), work, first, second, folder)
            return files

        _told("worker, both images and comparison, first", compared)
        _told("what is kept, on a thread of the window", lambda: kept(Task(), first, second, None))
        _told("what is kept, on a thread of the window", lambda: kept(Task(), first, second, None))
        _told("worker, both images and comparison, from the cache", compared)
        files = _told("worker, both images and comparison, from the cache", compared)
        _Window().measure(files)


def _compared(a: Path, b: Path) -> None:
    """Compare in a process of its own, for its peak."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _compare_kept(a, b)
        os.write(writer, f"{'peak of comparing':<52} {_peak():7.0f} MiB\n".encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader) as told:
        print(told.read(), end="", flush=True)


def _compare_kept(a: Path, b: Path) -> None:
    from explorer.compare.comparison import compare
    from explorer.compare.handover import save_comparison
    from explorer.findings.analysis import Analysis

    first, second = _told("both mapped", lambda: [Analysis.load(path) for path in (a, b)])
    made = _told("compared", lambda: compare(first, second))
    size = _told("comparison written", lambda: save_comparison(made, a.with_suffix(".comparison")))
    print(f"{size / 1e6:.1f} MB", flush=True)


def _handed_over(a: Path, b: Path) -> Compared:
    from explorer.workflow.comparing import Compared

    return Compared(str(a), str(b), str(a.with_suffix(".comparison")))


def _analyses(folder: Path, files: int, kind: str, flat: bool) -> tuple[Path, Path]:
    name = f"{kind}-{files}{'-flat' if flat else ''}"
    a, b = folder / f"{name}-a.col", folder / f"{name}-b.col"
    if not (a.exists() and b.exists()):
        with _timed(f"two images of {files:,} files made up"):
            for version, path in ((1, a), (2, b)):
                _in_a_child(lambda v=version, p=path: _write_analysis(p, files, v, kind, flat))  # type: ignore[misc]
    return a, b


def _in_a_child(work: Callable[[], None]) -> None:
    """So that what it takes is not counted here."""
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def _write_analysis(target: Path, files: int, version: int, kind: str, flat: bool) -> None:
    from explorer.filesystem.layer import Kind
    from explorer.filesystem.layerbuilder import LayerBuilder
    from explorer.findings.analysis import analyse
    from tests.support.layers import image

    top = "srv" if kind == CHANGED or version == 1 else "opt"
    builder = LayerBuilder()
    for number in range(files):
        folder = number // _SIBLINGS
        where = top if flat else f"{top}/{folder % 97}/{folder // 97}"
        content = number if kind == MOVED else number * 2 + version
        size = 100 + (number * (1 if kind == MOVED else version)) % 5000
        builder.add(
            f"{where}/file{number}.go".encode(),
            Kind.FILE,
            size=size,
            # Odd factors: digests of different contents differ, in both halves and in no order.
            digest=(content * 0x9E3779B97F4A7C15 % (1 << 64)).to_bytes(8, "little") * 2,
        )
    analyse(*image(builder.finish(complete=True, verified="digest", diff_id=""))).save(target)


class _Window:
    """The view of a comparison, and a heart that notices when the window does not answer."""

    def __init__(self) -> None:
        from PySide6.QtCore import QTimer
        from PySide6.QtWidgets import QApplication

        self._application: QApplication = QApplication.instance() or QApplication([])  # type: ignore[assignment]
        from explorer.gui.jobs import Jobs
        from explorer.gui.pages.comparison import ComparisonView

        self._jobs = Jobs()
        self._view: ComparisonView = ComparisonView(jobs=self._jobs)
        self._beat, self._pause = 0.0, 0.0
        self._heart = QTimer(interval=_HEARTBEAT_MS)
        self._heart.timeout.connect(self._feel)

    def measure(self, compared: Compared) -> None:
        """Do what people do, step by step."""
        from PySide6.QtCore import Qt

        view, files = self._view, self._view.files
        chosen, tree = files.selection, files.tree
        view.resize(1400, 900)
        view.show()
        self._settle()
        self._heart.start()
        self._step("mapped, counted and shown", lambda: self._show(compared))
        print(f"{len(chosen.diff):,} paths")
        self._step("“the same” shown", files.show_all)
        self._step("sorted by name", lambda: tree.sortByColumn(0, Qt.SortOrder.AscendingOrder))
        self._step("sorted by size", lambda: tree.sortByColumn(1, Qt.SortOrder.DescendingOrder))
        for text in ("file12", "*9.go", "size>1k", "/srv/**/file1*.go", "cat:source", "dup:yes"):
            self._step(f"filtered: {text}", lambda text=text: self._filter(text))  # type: ignore[misc]
        self._step("filter taken away", lambda: self._filter(""))
        self._step("100 steps to the next change", self._step_on)
        self._step("a file far down revealed", lambda: chosen.set_current(len(chosen.diff) - 1))
        self._step("zoomed to the biggest folder", lambda: chosen.set_zoom(1))
        self._step("zoomed out", chosen.zoom_out)
        self._step("all folded", tree.collapseAll)
        first = tree.model_.index(0, 0)
        self._step("first folder unfolded", lambda: tree.expand(first))
        view.close()
        self._jobs.close()

    def _step_on(self) -> None:
        for _ in range(100):
            self._view.files.tree.step_change(1)
            self._application.processEvents()
            self._feel()

    def _show(self, compared: Compared) -> None:
        def counted(found: DiffFigures) -> None:
            self._view.show_comparison(found.joined.comparison, found)

        def failed(error: ExplorerError) -> None:
            raise error

        self._jobs.start_waiting(
            "explorer.gui.diff_figures:opened", (compared, None), on_done=counted, on_failed=failed
        )

    def _filter(self, text: str) -> None:
        from explorer.findings.query import parse_query

        self._view.files.selection.set_query(parse_query(text) if text else None)

    def _step(self, name: str, work: Callable[[], object]) -> None:
        self._settle()
        started = self._beat = time.perf_counter()
        self._pause = 0.0
        work()
        self._settle()
        self._feel()
        taken = time.perf_counter() - started
        print(f"{name:<52} {taken:7.3f} s   longest pause {1000 * self._pause:5.0f} ms", flush=True)

    def _feel(self) -> None:
        now = time.perf_counter()
        self._pause, self._beat = max(self._pause, now - self._beat), now

    def _settle(self) -> None:
        """Let the window work until nothing is left to do."""
        files = self._view.files
        maps = files.maps.a, files.maps.b, files.maps.delta
        quiet = 0
        while quiet < 3:
            self._application.processEvents()
            busy = self._jobs.busy or any(side.drawing for side in maps if side.isVisible())
            quiet = 0 if busy else quiet + 1


def _told(name: str, work: Callable[[], T]) -> T:
    with _timed(name):
        return work()


@contextmanager
def _timed(name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    print(f"{name:<52} {time.perf_counter() - started:7.3f} s", flush=True)


def _peak() -> float:
    """The most memory that this process had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
