"""The four charts of a measurement side by side; each can be shown alone, all follow the same metric."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from explorer.coldstart.phase import metric_label
from explorer.coldstart.sample import Sample
from explorer.gui.charts.bars import WaterfallChart
from explorer.gui.charts.chart import Chart
from explorer.gui.charts.distribution import StepChart, StripChart
from explorer.gui.charts.order import OrderChart
from explorer.gui.models.startup import series, waterfall


class ChartBoard(QWidget):
    """Draws a sample; `run_chosen` carries the order of a run that was clicked."""

    run_chosen = Signal(int)
    save_wanted = Signal(object, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.waterfall = WaterfallChart()
        self.strip = StripChart()
        self.steps = StepChart()
        self.order = OrderChart()
        self.charts: Sequence[Chart] = (self.waterfall, self.strip, self.steps, self.order)
        self._sample: Sample | None = None
        self._metric = "app"
        self._waiting: list[Chart] = []
        self._next = QTimer(self, interval=0)
        self._next.timeout.connect(self._draw_next)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(6)
        for number, chart in enumerate(self.charts):
            grid.addWidget(chart, number // 2, number % 2)
            chart.run_chosen.connect(self.run_chosen)
            chart.save_wanted.connect(lambda kind, c=chart: self.save_wanted.emit(c, kind))
            chart.enlarge_toggled.connect(lambda on, c=chart: self._enlarge(c, on=on))

    @property
    def further(self) -> Sequence[Chart]:
        """Those for a closer look, which a presentation does without."""
        return self.steps, self.order

    def draw(self, sample: Sample, metric: str) -> None:
        """Show a sample, or its state so far, at once."""
        self.draw_soon(sample, metric)
        self.finish()

    def draw_soon(self, sample: Sample, metric: str) -> None:
        """The same chart by chart, with the window usable in between: all four take 0.2 s."""
        self._sample, self._metric = sample, metric
        # Those that still wait from the last time come first, so that none waits for ever.
        self._waiting += [chart for chart in self.charts if chart not in self._waiting]
        self._next.start()

    def finish(self) -> None:
        """Draw now what is still to be drawn."""
        while self._waiting:
            self._draw_next()

    def _draw_next(self) -> None:
        if self._sample is None or not self._waiting:
            self._next.stop()
            return
        chart = self._waiting.pop(0)
        if chart is self.waterfall:
            self.waterfall.draw(waterfall(self._sample))
        else:
            found, text = series(self._sample, self._metric), metric_label(self._metric)
            for other in (self.strip, self.steps, self.order):
                if chart is other:
                    other.draw(found, text)
        if not self._waiting:
            self._next.stop()

    def recolour(self) -> None:
        """Take the colours of the theme in force."""
        for chart in self.charts:
            chart.recolour()
        if self._sample is not None:
            self.draw(self._sample, self._metric)

    def _enlarge(self, chosen: Chart, *, on: bool) -> None:
        for chart in self.charts:
            chart.setVisible(chart is chosen or not on)
