"""Comparing: a real pair from the cache, and images that differ in a million files; seconds of each step.

    python -m tests.benchmarks.compare [A B] [--files 1000000] [--flat]

With two references they are compared in a worker process, as the window does it, twice: the second time from the cache.
Without, two made-up images are compared of which every file differs; with --flat all files lie in one folder. The window
is off screen. Figures to reach: the 1.1 GB image with its rewrite from the cache in under 1 s.
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
    from explorer.compare.comparison import Comparison
    from explorer.findings.analysis import Analysis

_SIBLINGS = 40
T = TypeVar("T")


def main() -> None:
    """Measure what was asked for and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pair", nargs="*", metavar="REF", help="two images to compare")
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--flat", action="store_true", help="all files in one folder")
    chosen = parser.parse_args()
    print(machine())
    if len(chosen.pair) == 2:
        comparison = _pair(*chosen.pair)
    else:
        comparison = _made_up(chosen.files, flat=chosen.flat)
    _window(comparison)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{'peak of this process':<44} {peak / 1024:7.0f} MiB")


def _pair(a: str, b: str) -> Comparison:
    from explorer import sandbox
    from explorer.task import Task
    from explorer.workflow.comparing import Compared, Side
    from explorer.workflow.opening import Options

    sides = [Side(asdict(Options(name))) for name in (a, b)]
    work = "explorer.workflow.comparing:compare_to_files"
    comparison: Comparison | None = None
    for name in ("first", "from the cache", "from the cache"):
        with tempfile.TemporaryDirectory() as folder:
            with _timed(f"worker, both images and comparison, {name}"):
                files: Compared = sandbox.run(Task(), work, *sides, folder)
            comparison = _told("comparison mapped", files.load)
    assert comparison is not None
    print(f"{len(comparison.diff):,} paths, content {comparison.content.delta:+,} bytes")
    return comparison


def _made_up(files: int, *, flat: bool) -> Comparison:
    from explorer.compare.comparison import compare
    from explorer.compare.handover import load_comparison, save_comparison

    with _timed(f"two images of {files:,} files made up"):
        a, b = (_image(files, version, flat=flat) for version in (1, 2))
    made = _told("compared", lambda: compare(a, b))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "comparison.col"
        size = _told("comparison written", lambda: save_comparison(made, path))
        print(f"{size / 1e6:.1f} MB")
        return _told("comparison mapped", lambda: load_comparison(path, a, b))


def _image(files: int, version: int, *, flat: bool) -> Analysis:
    from explorer.findings.analysis import analyse
    from tests.support.layers import file, image, layer

    def path(number: int) -> str:
        if flat:
            return f"srv/file{number}"
        folder = number // _SIBLINGS
        return f"srv/{folder % 97}/{folder // 97}/file{number}.go"

    entries = (file(path(n), 100 + (n * version) % 5000) for n in range(files))
    return analyse(*image(layer(*entries)))


def _window(comparison: Comparison) -> None:
    from PySide6.QtCore import Qt
    from PySide6.QtWidgets import QApplication

    application = QApplication.instance() or QApplication([])
    from explorer.findings.query import parse_query
    from explorer.gui.pages.comparison import ComparisonView

    view = ComparisonView()
    view.resize(1400, 900)
    view.show()
    application.processEvents()
    with _timed("shown: cards, tree, tables"):
        view.show_comparison(comparison)
        application.processEvents()
    maps = view.files.maps
    with _timed("maps laid out and drawn"):
        for side in (maps.a, maps.b):
            side.finish_layout()
        application.processEvents()
    files = view.files
    with _timed("“the same” shown"):
        files.show_all()
    with _timed("sorted by name"):
        files.tree.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    with _timed("filtered by name"):
        files.selection.set_query(parse_query("file12"))
    files.selection.set_query(None)
    with _timed("100 steps to the next change"):
        for _ in range(100):
            files.tree.step_change(1)
    with _timed("a file far down revealed"):
        files.selection.set_current(len(comparison.diff) - 1)
        application.processEvents()
    view.close()


def _told(name: str, work: Callable[[], T]) -> T:
    with _timed(name):
        return work()


@contextmanager
def _timed(name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    print(f"{name:<44} {time.perf_counter() - started:7.3f} s", flush=True)


if __name__ == "__main__":
    main()
