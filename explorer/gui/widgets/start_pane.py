"""How long both images of a comparison take to start: the verdict, every run as a dot with its interval, and where that was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from explorer.compare.comparison import Comparison
from explorer.compare.startup import StartUp
from explorer.gui.models.compare_tables import START_HEADS, start_rows, start_text
from explorer.gui.models.startup import ArmSeries, compared_series
from explorer.gui.pages.message import MessagePage
from explorer.gui.widgets.compare_table import CompareTable
from explorer.gui.widgets.plain_label import PlainLabel
from explorer.gui.widgets.wrapped_text import WrappedText
from explorer.translation import labelled, tr
from explorer.units import display_text

if TYPE_CHECKING:
    # Loading the charts takes 0.2 to 0.6 s.
    from explorer.gui.charts.distribution import StripChart

_NOTE_LINES = 5


class StartPane(QWidget):
    """Shows what was measured, together or apart, or how to measure it; the chart loads when it is looked at."""

    measure_wanted = Signal()
    measurement_wanted = Signal(str)  # the ID of a stored one
    save_wanted = Signal(str)  # the kind of picture

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._measurement, self._metric = "", ""
        self.series: list[ArmSeries] = []
        self.chart: StripChart | None = None
        self._drawn = False
        self.message = MessagePage()
        self.verdict = PlainLabel(selectable=True)
        self.verdict.setWordWrap(True)
        font = self.verdict.font()
        font.setPointSizeF(font.pointSizeF() * 1.3)
        font.setBold(True)
        self.verdict.setFont(font)
        self.notes = WrappedText(tr("What to know about the figures"), most=_NOTE_LINES)
        self.table = CompareTable(
            tr("Start-up"), START_HEADS, stretch=0, widths={1: 130, 2: 200, 3: 80, 4: 200}
        )
        self.table.field.hide()
        self.split = QSplitter(Qt.Orientation.Vertical)
        self.split.setChildrenCollapsible(False)
        self.split.addWidget(self.table)
        self.open, self.again = QPushButton(tr("Open the measurement")), QPushButton()
        self.open.clicked.connect(lambda: self.measurement_wanted.emit(self._measurement))
        self.again.clicked.connect(self.measure_wanted)
        measured = QWidget()
        column = QVBoxLayout(measured)
        column.setContentsMargins(0, 4, 0, 0)
        head = QHBoxLayout()
        head.addWidget(self.verdict, 1)
        for button in (self.open, self.again):
            button.setAutoDefault(False)
            head.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(head)
        column.addWidget(self.notes)
        column.addWidget(self.split, 1)
        self.place = QStackedWidget()
        self.place.addWidget(self.message)
        self.place.addWidget(measured)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.addWidget(self.place)

    def show_comparison(self, c: Comparison, a: str, b: str) -> None:
        """Show what is known; `a` and `b` are the images' names."""
        found = c.startup
        if found is None:
            self._say_nothing()
            return
        self._metric = found.metric
        self.verdict.setText(labelled(tr("The app"), start_text(found)))
        lines = [tr("Measured with {where}.", where=display_text(found.where, 300))]
        lines = lines if found.where else []
        lines += [f"• {display_text(note, 600)}" for note in found.notes]
        self.notes.set_text("\n".join(lines))
        self.notes.setVisible(bool(lines))
        self._measurement = next(time.measurement for time in (found.b, found.a) if time)
        self.again.setText(_again_text(found))
        self.table.show_rows(start_rows(found, a, b))
        self.series = compared_series(found, a, b)
        self._drawn = False
        self.place.setCurrentIndex(1)
        if self.isVisible():
            self.draw()

    def draw(self) -> None:
        """Draw what is not drawn yet."""
        if self._drawn or not self.series:
            return
        if self.chart is None:
            from explorer.gui.charts.distribution import StripChart

            self.chart = StripChart()
            self.chart.enlarge.hide()
            self.chart.save_wanted.connect(self.save_wanted)
            self.split.insertWidget(0, self.chart)
            self.split.setStretchFactor(0, 3)
            self.split.setStretchFactor(1, 1)
            self.split.setSizes([320, 120])
        self.chart.draw(self.series, self._metric)
        self._drawn = True

    def recolour(self) -> None:
        """Take the colours of the theme in force."""
        if self.chart is not None:
            self.chart.recolour()
            self._drawn = False
            self.draw()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.draw()

    def _say_nothing(self) -> None:
        self.series = []
        self.message.say(
            tr("Nothing has been measured yet"),
            tr(
                "Both images are started in turns, so that what disturbs the machine disturbs both; then a difference can be told from noise. Smaller does not mean faster."
            ),
            (tr("Measure both…"), self.measure_wanted.emit),
        )
        self.place.setCurrentIndex(0)


def _again_text(found: StartUp) -> str:
    return tr("Measure again…") if found.together is not None else tr("Measure both…")
