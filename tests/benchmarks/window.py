"""The window's budgets on a synthetic image of 220,000 files: python -m tests.benchmarks.window [files].

Prints milliseconds of processor time of each step beside what it may take (../shared/UX.md §6), with the machine's name.
"""

from __future__ import annotations

import os
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtWidgets import QApplication

from explorer.filesystem.layer import Kind, LayerIndex
from explorer.filesystem.layerbuilder import LayerBuilder
from explorer.findings.analysis import Analysis, analyse
from explorer.findings.query import parse_query
from explorer.gui.jobs import Jobs
from explorer.gui.models.file_tree import NAME, SIZE
from explorer.gui.pages.image_tab import ImageTab
from explorer.gui.theme import apply_theme
from explorer.settings import Dismissals
from explorer.workflow.opening import Options
from tests.benchmarks.million import write_archive
from tests.support.layers import image

FILES = 220_000
WINDOW = QSize(1600, 900)
_EXTENSIONS = (b".go", b".a", b".h", b".txt", b"", b".so", b".py")


def main() -> int:
    """Measure everything once and print it."""
    files = int(sys.argv[1]) if len(sys.argv) > 1 else FILES
    print(f"{platform.node()}, {platform.processor() or platform.machine()}, {files:,} files")
    print(f"{'step':<44}{'ms':>9}{'budget':>9}")
    row("process start to first paint", first_paint(), 1000)
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    apply_theme(application, "light")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "analysis.col")
        synthetic(files).save(path)
        measure_page(application, path)
        archive = Path(folder, "image.tar")
        write_archive(archive, files)
        measure_opening(application, f"docker-archive:{archive}", Path(folder))
    return 0


def measure_opening(application: QApplication, reference: str, folder: Path) -> None:
    """What the user feels while an image is read in a worker, and when they cancel it."""
    jobs = Jobs()
    tab = ImageTab(Options(reference, use_cache=False), jobs, Dismissals(folder))
    tab.resize(WINDOW)
    tab.show()
    tab.open()
    worst = 0.0
    while tab.busy or tab.explore.map_pane.map.drawing:
        worst = max(worst, timed(application.processEvents))
        time.sleep(0.002)
    row("worst pause while an image is read and shown", worst, 150)
    tab.open()
    stop = time.monotonic() + 1
    while time.monotonic() < stop:
        application.processEvents()
    started = time.monotonic()
    tab.cancel()
    row("cancel, until the window is free (wall)", 1000 * (time.monotonic() - started), 500)
    while jobs.busy:
        application.processEvents()
    row("cancel, until the worker is gone (wall)", 1000 * (time.monotonic() - started), 1000)
    tab.close_image()
    jobs.close()
    tab.close()


def measure_page(application: QApplication, path: Path) -> None:
    """Everything a person does on the Explore page."""
    jobs = Jobs()
    tab = ImageTab(Options("docker-daemon:synthetic"), jobs, Dismissals(Path(path.parent)))
    page = tab.explore
    tab.resize(WINDOW)
    tab.show()
    paint = application.processEvents

    def show() -> None:
        page.show_analysis(Analysis.load(path), set())
        tab.setCurrentWidget(page)
        page.map_pane.map.finish_layout()
        paint()

    row("analysis file shown, map included", timed(show), 2000)
    tree, files, treemap = page.selection.tree, page.files, page.map_pane.map
    assert tree is not None
    legend, findings = page.map_pane.legend, page.findings.table.findings
    step("treemap laid out and drawn", 500, treemap.relayout, treemap.finish_layout, paint)
    row("worst pause while it is laid out in slices", worst_slice(treemap.relayout, paint), 150)
    step("recolour by layer", 50, lambda: legend.choose(1), paint)
    step("recolour by extension (first time)", 250, lambda: legend.choose(2), paint)
    step("recolour by category", 50, lambda: legend.choose(0), paint)
    width, height = treemap.width(), treemap.height()
    places = [QPoint(random.randrange(width), random.randrange(height)) for _ in range(1000)]
    row("hover, per move", timed(lambda: [treemap.node_at(place) for place in places]) / 1000, 1)
    page.selection.set_current(max(range(5000), key=lambda node: len(tree.children(node))))
    files.expandToDepth(1)
    up, down = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder
    step("sort by name", 500, lambda: files.sortByColumn(NAME, up), paint)
    step("sort by size", 500, lambda: files.sortByColumn(SIZE, down), paint)
    bar = files.verticalScrollBar()
    frames = [timed(lambda: bar.setValue(bar.value() + 60), paint) for _ in range(31)]
    row("scroll, median of 31 frames", sorted(frames)[15], 33)
    for text in ("*.go", "size>1M", "x9999", "ext:a layer:0"):
        query = parse_query(text)
        step(f"filter {text}", 250, partial(page.set_query, query), paint)
    step("filter cleared", 250, lambda: page.set_query(None), paint)
    step("one layer only", 250, lambda: page.layers.show_layer(1), paint)
    step("merged again", 250, page.layers.reset, paint)
    step("a finding opened", 250, lambda: page.open_finding(findings.finding(0)), paint)
    tab.close_image()
    jobs.close()
    tab.close()


def first_paint() -> float:
    """Milliseconds from starting an interpreter until the empty window is painted."""
    code = (
        "import sys, pathlib, tempfile\n"
        "from PySide6.QtWidgets import QApplication\n"
        "from explorer.gui.main_window import MainWindow\n"
        "from explorer.gui.theme import apply_theme\n"
        "from explorer.settings import SettingsStore\n"
        "app = QApplication([]); apply_theme(app, 'light')\n"
        "window = MainWindow(SettingsStore(pathlib.Path(tempfile.mkdtemp())))\n"
        "window.show(); app.processEvents(); window.grab(); window.close()\n"
    )
    # An installed program has its byte code; the first run here makes it.
    with tempfile.TemporaryDirectory() as compiled:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        return min(_child([sys.executable, "-c", code], environment) for _ in range(3))


def _child(command: list[str], environment: dict[str, str]) -> float:
    """Milliseconds of processor time of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def synthetic(files: int) -> Analysis:
    """Three layers of lognormal files, one folder of 30,000."""
    random.seed(7)
    layers = [layer(files * part // 100, number) for number, part in enumerate((70, 20, 10))]
    return analyse(*image(*layers))


def layer(files: int, number: int) -> LayerIndex:
    """One layer: folders of about ten files, nested up to five deep, and one huge one."""
    builder = LayerBuilder()
    folders = [b"usr", b"var", b"go", b"src", b"root"]
    for index in range(files // 10):
        folders.append(
            random.choice(folders[-2000:]) + b"/d%d-%d" % (number, index)
            if index % 7
            else b"opt/o%d" % index
        )
    huge = b"usr/huge"
    for index in range(files):
        folder = huge if index < files // 7 else folders[index % len(folders)]
        name = folder + b"/f%d%s" % (index, _EXTENSIONS[index % len(_EXTENSIONS)])
        size = int(random.lognormvariate(8, 2.5))
        builder.add(name, Kind.FILE, 0o644, size=size, digest=random.randbytes(16), head=b"")
    return builder.finish(complete=True, verified="digest")


def worst_slice(begin: Callable[[], object], paint: Callable[[], object]) -> float:
    """The longest time between two turns of the event loop while the map is laid out, in milliseconds."""
    begin()
    worst, stop = 0.0, time.monotonic() + 1
    while time.monotonic() < stop:
        worst = max(worst, timed(paint))
    return worst


def timed(*calls: Callable[[], object]) -> float:
    """Milliseconds of processor time that calls take: what another process does meanwhile does not count."""
    started = time.process_time()
    for call in calls:
        call()
    return 1000 * (time.process_time() - started)


def step(name: str, budget: float, *calls: Callable[[], object]) -> None:
    """Measure calls and print the line."""
    row(name, timed(*calls), budget)


def row(step: str, milliseconds: float, budget: float) -> None:
    """One line of the table."""
    mark = "" if milliseconds <= budget else "  over"
    print(f"{step:<44}{milliseconds:>9.1f}{budget:>9.0f}{mark}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
