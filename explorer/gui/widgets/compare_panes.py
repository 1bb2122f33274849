"""The tabs of a comparison beside its files: causes, layers, findings, programs, settings, attack surface."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelection, QModelIndex, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from explorer.compare.comparison import Comparison
from explorer.compare.programs import BinaryDelta
from explorer.gui.models.compare_tables import (
    CATEGORY_HEADS,
    CONFIG_HEADS,
    MODULE_HEADS,
    PACKAGE_HEADS,
    PATH_HEADS,
    PROGRAM_HEADS,
    SURFACE_HEADS,
    WaterfallStep,
    build_rows,
    category_rows,
    module_rows,
    package_rows,
    program_rows,
    surface_path_rows,
    surface_rows,
    waterfall_steps,
)
from explorer.gui.widgets.compare_table import CompareTable
from explorer.gui.widgets.notice import INFO, Notice
from explorer.gui.widgets.plain_label import tooltip_text
from explorer.translation import tr
from explorer.units import display_text

if TYPE_CHECKING:
    # Loading the charts takes 0.2 to 0.6 s.
    from explorer.gui.charts.size_waterfall import SizeWaterfall

_NAME_LIMIT = 80


class ProgramsPane(QWidget):
    """The Go executables; of the chosen one its packages, dependencies and build."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._binaries: dict[str, BinaryDelta] = {}
        self.notice = Notice()
        self.programs = CompareTable(
            tr("Go executables"), PROGRAM_HEADS, stretch=1, numbers=(2, 3, 4), bars=(4,),
            widths={0: 130, 5: 180, 6: 160}, sorted_by=4,
        )  # fmt: skip
        self.packages = CompareTable(
            tr("Packages"), PACKAGE_HEADS, stretch=0, numbers=(2, 3, 4), bars=(4,),
            widths={1: 220}, sorted_by=4,
        )  # fmt: skip
        self.modules = CompareTable(
            tr("Dependencies that differ"), MODULE_HEADS, stretch=1, widths={0: 110, 2: 220, 3: 220}
        )
        self.build = CompareTable(
            tr("Build differences"), CONFIG_HEADS, stretch=3, widths={0: 110, 1: 180, 2: 260}
        )
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        for table in (self.packages, self.modules, self.build):
            self.tabs.addTab(table, table.name)
            # The tab says it.
            table.title.setVisible(False)
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(self.programs)
        split.addWidget(self.tabs)
        split.setSizes([180, 420])
        split.setStretchFactor(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.addWidget(self.notice)
        layout.addWidget(split, 1)
        self.programs.view.selectionModel().selectionChanged.connect(self._chosen)

    def show_comparison(self, c: Comparison) -> None:
        """Show both images' programs; the one that differs most is chosen."""
        self._binaries = {display_text(item.path): item for item in c.binaries}
        self.programs.show_rows(program_rows(c.binaries))
        if c.binaries:
            self.programs.view.selectRow(0)
        else:
            self._show(None)
            self.notice.say(tr("Neither image has a Go executable."))

    def _chosen(self, _now: QItemSelection, _before: QItemSelection) -> None:
        rows = self.programs.view.selectionModel().selectedRows()
        chosen = self.programs.rows.row(rows[0].row())[1].text if rows else ""
        self._show(self._binaries.get(chosen))

    def _show(self, item: BinaryDelta | None) -> None:
        name = display_text(item.path, _NAME_LIMIT) if item else ""
        tables = (
            (self.packages, package_rows(item) if item else []),
            (self.modules, module_rows(item) if item else []),
            (self.build, build_rows(item) if item else []),
        )
        for number, (table, rows) in enumerate(tables):
            table.show_rows(rows)
            self.tabs.setTabText(number, table.title.text())
        if item is not None and not item.looked_into:
            self.notice.say(
                tr("{name} could not be looked into: its bytes by package are not known.", name=name),
                kind=INFO,
            )  # fmt: skip
        elif item is not None and not (item.packages or item.rest):
            self.notice.say(tr("{name} is the same to the byte in both images.", name=name))
        else:
            self.notice.hide()


class SurfacePane(QWidget):
    """What somebody who got in would find: counts, and the paths behind them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.counts = CompareTable(
            tr("Attack surface"), SURFACE_HEADS, stretch=0, numbers=(1, 2, 3), bars=(3,)
        )
        self.paths = CompareTable(
            tr("Paths"), PATH_HEADS, stretch=2, widths={0: 110, 1: 260}
        )  # fmt: skip
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(self.counts)
        split.addWidget(self.paths)
        split.setSizes([250, 350])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.addWidget(split)

    def show_comparison(self, c: Comparison) -> None:
        """Show both images' surface."""
        self.counts.show_rows(surface_rows(c))
        self.paths.show_rows(surface_path_rows(c))


class CausesPane(QWidget):
    """A waterfall over a table of all categories; the charts load when they are looked at."""

    save_wanted = Signal(str)
    category_wanted = Signal(str)  # whose files shall be shown

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.steps: list[WaterfallStep] = []
        self.chart: SizeWaterfall | None = None
        self._drawn = False
        self._ids: dict[str, str] = {}
        self.table = CompareTable(
            tr("All categories"), CATEGORY_HEADS, stretch=0, numbers=(1, 2, 3), bars=(3,), sorted_by=3
        )  # fmt: skip
        self.split = QSplitter(Qt.Orientation.Vertical)
        self.split.setChildrenCollapsible(False)
        self.split.addWidget(self.table)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.addWidget(self.split)
        self.table.view.activated.connect(self._activated)
        self.table.view.setToolTip(tooltip_text(tr("Enter or a double click shows its files")))

    def _activated(self, index: QModelIndex) -> None:
        self.category_wanted.emit(self._ids[self.table.rows.row(index.row())[0].text])

    def show_comparison(self, c: Comparison, a: str, b: str) -> None:
        """Show the causes of another comparison; `a` and `b` are the images' names."""
        self.steps = waterfall_steps(c, f"A  {a}", f"B  {b}")
        self.table.show_rows(category_rows(c))
        self._ids = {item.label: item.id for item in c.categories}
        self._drawn = False
        if self.isVisible():
            self.draw()

    def draw(self) -> None:
        """Draw what is not drawn yet."""
        if self.chart is None:
            from explorer.gui.charts.size_waterfall import SizeWaterfall

            self.chart = SizeWaterfall()
            self.chart.save_wanted.connect(self.save_wanted)
            self.split.insertWidget(0, self.chart)
            self.split.setStretchFactor(0, 3)
            self.split.setSizes([420, 180])
        if not self._drawn:
            self.chart.draw(self.steps)
            self._drawn = True

    def recolour(self) -> None:
        """Take the colours of the theme in force."""
        if self.chart is not None:
            self.chart.recolour()
            self.chart.draw(self.steps)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.draw()
