"""A measurement as a page: verdict, charts, figures, runs, probe values, the closer look, and what failed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QTabWidget, QVBoxLayout, QWidget

from explorer.coldstart.phase import metric_label
from explorer.coldstart.sample import Sample
from explorer.coldstart.stats import Comparison
from explorer.coldstart.telling import silent_arms
from explorer.gui.models.binary import RowsModel
from explorer.gui.models.startup import SHOWN_METRICS, known_metrics
from explorer.gui.models.startup_tables import FIGURE_HEADS, RunRows, figure_rows, run_rows
from explorer.gui.widgets.closer_look import CloserLook
from explorer.gui.widgets.plain_label import PlainLabel
from explorer.gui.widgets.probe_card import ProbeCard
from explorer.gui.widgets.run_failures import FailureCard
from explorer.gui.widgets.run_table import RunTable
from explorer.gui.widgets.run_verdict import VerdictCard
from explorer.translation import tr

if TYPE_CHECKING:
    from explorer.gui.charts.board import ChartBoard


class RunResults(QWidget):
    """Shows a Sample, finished or still growing."""

    chart_wanted = Signal(object, str)  # a chart and the kind of picture to save it as

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sample: Sample | None = None
        self.verdict = VerdictCard()
        self.chosen_metric = QComboBox()
        self.chosen_metric.setAccessibleName(tr("What the charts show"))
        for name in SHOWN_METRICS:
            self.chosen_metric.addItem(metric_label(name), name)
        self.chosen_metric.currentIndexChanged.connect(self._draw)
        self.figures = RowsModel(FIGURE_HEADS, (2, 3, 4, 5, 6, 7))
        self.runs = RunRows()
        self.figure_table = RunTable(
            tr("Figures by phase"), self.figures, {0: 196, 2: 72, 3: 136, 4: 72, 5: 72, 6: 36, 7: 84}, stretch=1
        )  # fmt: skip
        self.run_table = RunTable(
            tr("Runs"), self.runs, {0: 46, 1: 180, 2: 110, 3: 72, 4: 72, 5: 72, 6: 50}, stretch=7
        )
        self.probes = ProbeCard()
        self.closer = CloserLook()
        self.closer.save_wanted.connect(self.chart_wanted)
        self.failures = FailureCard()
        self.board: ChartBoard | None = None
        self._board_place = QVBoxLayout()
        # Axes without a run would show figures of nothing.
        self.waiting = PlainLabel(tr("The charts come with the first run."))
        self.waiting.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.waiting.hide()
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self._stale: set[QWidget] = set()
        self._lay_out()

    def _lay_out(self) -> None:
        charts = QWidget()
        column = QVBoxLayout(charts)
        column.setContentsMargins(4, 4, 4, 4)
        row = QHBoxLayout()
        row.addWidget(PlainLabel(tr("Show:")))
        row.addWidget(self.chosen_metric)
        row.addStretch(1)
        column.addLayout(row)
        column.addLayout(self._board_place, 1)
        column.addWidget(self.waiting, 1)
        self._charts_tab = charts
        for widget, name in (
            (charts, tr("Charts")),
            (self.figure_table, tr("Figures")),
            (self.run_table, tr("Runs")),
            (self.probes, tr("Probes")),
            (self.closer, tr("Closer look")),
            (self.failures, tr("Failures")),
        ):
            self.tabs.addTab(widget, name)
        self.tabs.currentChanged.connect(self._renew)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.verdict)
        layout.addWidget(self.tabs, 1)

    def show_sample(self, sample: Sample, judged: Sequence[Comparison] | None = None) -> None:
        """Show a finished measurement; what could not be measured is told first."""
        self._offer_metrics(sample)
        self._take(sample)
        self.verdict.show()
        self.verdict.show_sample(sample, judged)
        self.probes.show_sample(sample)
        self.closer.show_sample(sample)
        if silent_arms(sample):
            self.tabs.setCurrentWidget(self.failures)
        elif self.tabs.currentWidget() is self.failures:
            self.tabs.setCurrentWidget(self._charts_tab)

    def show_growing(self, sample: Sample) -> None:
        """Show the runs so far, without a verdict; only what is in front is renewed."""
        self.verdict.hide()
        if self.tabs.currentWidget() in (self.probes, self.closer, self.failures):
            self.tabs.setCurrentWidget(self._charts_tab)
        self.sample, self._stale = sample, {self.figure_table, self.run_table, self._charts_tab}
        self._renew()
        self._count_failures(sample)
        for widget in (self.probes, self.closer):
            self.tabs.setTabEnabled(self.tabs.indexOf(widget), False)

    def judge(self, judged: Sequence[Comparison]) -> None:
        """The comparisons are there."""
        if self.sample is not None:
            self.verdict.show_sample(self.sample, judged)

    def recolour(self) -> None:
        """Take the colours of the theme in force."""
        if self.board is not None:
            self.board.recolour()
        self.closer.recolour()

    def _take(self, sample: Sample) -> None:
        self.sample, self._stale = sample, {self.figure_table, self.run_table, self._charts_tab}
        for widget in (self.probes, self.closer):
            self.tabs.setTabEnabled(self.tabs.indexOf(widget), True)
        self._renew()
        self._count_failures(sample)

    def _renew(self) -> None:
        """Fill the tab in front, unless it shows the present state."""
        front, sample = self.tabs.currentWidget(), self.sample
        if sample is None or front not in self._stale:
            return
        self._stale.discard(front)
        if front is self._charts_tab:
            self._draw()
            return
        if front is self.figure_table:
            self.figures.show(figure_rows(sample))
        else:
            self.runs.show(run_rows(sample))
        for view in (self.figure_table, self.run_table):
            header = view.horizontalHeader()
            view.model().sort(header.sortIndicatorSection(), header.sortIndicatorOrder())

    def _count_failures(self, sample: Sample) -> None:
        count = self.failures.show_sample(sample)
        place = self.tabs.indexOf(self.failures)
        self.tabs.setTabVisible(place, bool(count))
        self.tabs.setTabText(place, tr("Failures ({n})", n=count))

    def _offer_metrics(self, sample: Sample) -> None:
        """Only what was seen can be drawn; the choice stays where it can."""
        known = known_metrics(sample) or list(SHOWN_METRICS[:1])
        chosen = self.chosen_metric.currentData()
        self.chosen_metric.blockSignals(True)
        self.chosen_metric.clear()
        for name in known:
            self.chosen_metric.addItem(metric_label(name), name)
        self.chosen_metric.setCurrentIndex(max(0, self.chosen_metric.findData(chosen)))
        self.chosen_metric.blockSignals(False)

    def _draw(self) -> None:
        if self.sample is None:
            return
        board = self._charts()
        some = bool(self.sample.runs)
        board.setVisible(some)
        self.waiting.setVisible(not some)
        if some:
            board.draw_soon(self.sample, str(self.chosen_metric.currentData()))

    def _charts(self) -> ChartBoard:
        if self.board is None:
            # pyqtgraph takes 0.2 to 0.6 s to import: not before there is something to draw.
            from explorer.gui.charts.board import ChartBoard

            self.board = ChartBoard()
            self.board.run_chosen.connect(self._show_run)
            self.board.save_wanted.connect(self.chart_wanted)
            self._board_place.addWidget(self.board)
        return self.board

    def _show_run(self, order: int) -> None:
        self.tabs.setCurrentWidget(self.run_table)
        row = self.runs.row_of(order)
        if row >= 0:
            self.run_table.selectRow(row)
            self.run_table.setFocus()
