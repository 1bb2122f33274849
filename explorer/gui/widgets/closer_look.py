"""The diagnostic run: what each package costs before main, and how the log of the start is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from explorer.coldstart.sample import Sample
from explorer.coldstart.telling import arm_label, diagnoses, diagnosis_lines
from explorer.coldstart.verdict import duration_text
from explorer.gui.models.binary import RowsModel
from explorer.gui.models.startup_tables import INIT_HEADS, init_rows
from explorer.gui.widgets.plain_label import PlainLabel
from explorer.gui.widgets.run_table import RunTable
from explorer.gui.widgets.wrapped_text import WrappedText
from explorer.translation import tr
from explorer.units import count_text, display_text, size_text

if TYPE_CHECKING:
    # Loads the engine's modules, which nothing else here needs.
    from explorer.coldstart.diagnose import Diagnosis
    from explorer.gui.charts.bars import InitChart

_SHOWN = 15
_TABLE_HEIGHT = 110
_LINES = 40


class CloserLook(QWidget):
    """Shows the diagnoses of a measurement, one image at a time."""

    save_wanted = Signal(object, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._found: list[Diagnosis] = []
        self._sample: Sample | None = None
        self.arm = QComboBox()
        self.arm.setAccessibleName(tr("Image"))
        self.arm.currentIndexChanged.connect(self._show)
        self.empty = PlainLabel(
            tr(
                "There was no closer look: choose “Look closer” before you measure. It runs two more containers of each image, apart from the sample."
            )
        )
        self.empty.setWordWrap(True)
        self.report = WrappedText(tr("Report on the start"), most=_LINES)
        self.chart: InitChart | None = None
        self._split = QSplitter(Qt.Orientation.Vertical)
        self._top = QSplitter()
        for split in (self._split, self._top):
            split.setChildrenCollapsible(False)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(6, 6, 6, 6)
        column.addWidget(self.report)
        column.addStretch(1)
        self._top.addWidget(left)
        self._split.addWidget(self._top)
        self.inits = RowsModel(INIT_HEADS, (1, 4, 5, 6))
        self.table = RunTable(
            tr("Work before main, by package"),
            self.inits,
            {1: 96, 2: 180, 3: 84, 4: 76, 5: 76, 6: 84},
            stretch=0,
        )
        self.table.horizontalHeader().setSortIndicator(1, Qt.SortOrder.DescendingOrder)
        self.table.setMinimumHeight(_TABLE_HEIGHT)
        self.table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self._split.addWidget(self.table)
        self._split.setSizes([320, 200])
        row = QHBoxLayout()
        row.addWidget(self.arm)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addWidget(self.empty)
        layout.addLayout(row)
        layout.addWidget(self._split, 1)
        self._split.hide()
        self.arm.hide()

    def show_sample(self, sample: Sample) -> None:
        """Show what was found in a measurement, if anything."""
        self._sample = sample
        self._found = diagnoses(sample)
        self.arm.blockSignals(True)
        self.arm.clear()
        for item in self._found:
            self.arm.addItem(arm_label(sample.spec.arms[item.arm]))
        self.arm.blockSignals(False)
        self.arm.setVisible(len(self._found) > 1)
        self.empty.setVisible(not self._found)
        self._split.setVisible(bool(self._found))
        if self._found:
            self.arm.setCurrentIndex(0)
            self._show()

    def recolour(self) -> None:
        """Take the colours of the theme in force."""
        if self.chart is not None:
            self.chart.recolour()
            self._show()

    def _show(self) -> None:
        number = self.arm.currentIndex()
        if self._sample is None or not 0 <= number < len(self._found):
            return
        found = self._found[number]
        self.report.set_text("\n".join([*_blamed(self._sample, found), *diagnosis_lines(found)]))
        self.inits.show(init_rows(found.inits))
        header = self.table.horizontalHeader()
        self.inits.sort(header.sortIndicatorSection(), header.sortIndicatorOrder())
        self.table.setVisible(bool(found.inits))
        costly = sorted(found.inits, key=lambda item: -item.seconds)[:_SHOWN]
        rows = [
            (
                display_text(item.package, 60),
                item.seconds,
                f"{display_text(item.package)}\n{display_text(f'{item.module} {item.version}'.strip())}\n"
                + tr(
                    "{seconds}, {bytes} in {n} allocations",
                    seconds=duration_text(item.seconds),
                    bytes=size_text(item.bytes),
                    n=count_text(item.allocations),
                ),
            )
            for item in costly
            if item.seconds > 0
        ]
        chart = self._chart()
        chart.setVisible(bool(rows))
        chart.draw(rows)

    def _chart(self) -> InitChart:
        if self.chart is None:
            from explorer.gui.charts.bars import InitChart

            chart = InitChart()
            chart.enlarge.hide()
            chart.save_wanted.connect(lambda kind: self.save_wanted.emit(chart, kind))
            self._top.addWidget(chart)
            self._top.setSizes([380, 620])
            self.chart = chart
        return self.chart


def _blamed(sample: Sample, found: Diagnosis) -> list[str]:
    """Which packages and phases the time goes into, set apart from the rest."""
    from explorer.coldstart.blame import responsible

    lines = responsible(sample, found)
    return [*lines, ""] if lines else []
