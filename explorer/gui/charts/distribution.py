"""How the runs of the arms are spread: every run as a dot with box and interval, and the share that is done by a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph

from explorer.coldstart.verdict import duration_text
from explorer.gui.charts.chart import Chart, milliseconds
from explorer.gui.charts.style import arm_style, faint, palette, pen
from explorer.gui.models.startup import ArmSeries, steps
from explorer.translation import tr

# Golden ratio: consecutive runs never lie on one height, and the picture is the same each time.
_TURN, _SPREAD = 0.618034, 0.22
_BOX, _INTERVAL_AT = 0.3, 0.38


class StripChart(Chart):
    """A row an arm: dots in the middle, the box of the quartiles behind, the 95 % interval of the median below."""

    def __init__(self) -> None:
        super().__init__(
            tr("Every run"),
            tr(
                "A dot is a run, a star an outlier (it counts), a hollow dot a warm-up. The box holds the middle half of the runs with its median; the bar below is the median's 95 % interval."
            ),
        )
        self.plot.getViewBox().invertY(True)

    def draw(self, found: Sequence[ArmSeries], metric_text: str) -> None:
        """Show these arms."""
        self.plot.clear()
        self.name_rows(self.plot, [(row, item.label) for row, item in enumerate(found)])
        self.name_axis(self.plot, "bottom", tr("{metric}, ms", metric=metric_text))
        for row, item in enumerate(found):
            self._box(row, item)
            style = arm_style(item.place, floor=item.floor)
            for points in (item.warm_ups, item.points):
                places = [
                    (milliseconds(point.seconds), row + _jitter(point.order)) for point in points
                ]
                self.dots(self.plot, points, places, style)
            self._interval(row, item)
        self.show_values(on=any(item.points or item.warm_ups for item in found))
        self.plot.setYRange(-0.55, max(len(found), 1) - 0.4, padding=0)
        self.say([_words(item) for item in found])

    def _box(self, row: int, item: ArmSeries) -> None:
        if item.box is None or item.summary is None:
            return
        low, high, left, right = (milliseconds(value) for value in item.box)
        style = arm_style(item.place, floor=item.floor)
        self.plot.addItem(
            pyqtgraph.BarGraphItem(
                x0=[low], width=[high - low], y=[row], height=2 * _BOX,
                brush=faint(style.colour, 45), pen=pen(style.colour),
            )
        )  # fmt: skip
        middle = milliseconds(item.summary.median)
        lines = [((left, row), (low, row)), ((high, row), (right, row)), ((middle, row - _BOX), (middle, row + _BOX))]  # fmt: skip
        for number, (start, end) in enumerate(lines):
            width = 3.0 if number == 2 else 1.2
            self.plot.plot([start[0], end[0]], [start[1], end[1]], pen=pen(style.colour, width))

    def _interval(self, row: int, item: ArmSeries) -> None:
        summary = item.summary
        if summary is None or summary.ci_low is None or summary.ci_high is None:
            return
        middle = milliseconds(summary.median)
        self.plot.addItem(
            pyqtgraph.ErrorBarItem(
                x=np.array([middle]), y=np.array([row + _INTERVAL_AT]),
                left=np.array([middle - milliseconds(summary.ci_low)]),
                right=np.array([milliseconds(summary.ci_high) - middle]),
                beam=0.12, pen=pen(palette().text().color(), 2.0),
            )
        )  # fmt: skip


class StepChart(Chart):
    """The empirical distribution of each arm: how many of its runs were done after so many milliseconds."""

    def __init__(self) -> None:
        super().__init__(
            tr("Share of runs done"),
            tr("How many of the runs were done by a time: the line further to the left is faster."),
        )

    def draw(self, found: Sequence[ArmSeries], metric_text: str) -> None:
        """Show these arms."""
        self.plot.clear()
        self.name_axis(self.plot, "bottom", tr("{metric}, ms", metric=metric_text))
        self.name_axis(self.plot, "left", tr("runs done, %"))
        entries = []
        for item in found:
            if not item.points:
                continue
            style = arm_style(item.place, floor=item.floor)
            xs, ys = steps([milliseconds(point.seconds) for point in item.points])
            line = self.plot.plot(xs, [100 * y for y in ys], pen=style.pen(2.0))
            ordered = sorted(item.points, key=lambda point: point.seconds)
            places = [
                (milliseconds(point.seconds), 100 * (number + 1) / len(ordered))
                for number, point in enumerate(ordered)
            ]
            self.dots(self.plot, ordered, places, style)
            entries.append((line, item.label))
        self.legend(entries if len(entries) > 1 else ())
        self.show_values(on=bool(entries))
        self.plot.setYRange(0, 100, padding=0.04)
        self.say([_words(item) for item in found])


def _jitter(order: int) -> float:
    return ((order * _TURN) % 1 - 0.5) * 2 * _SPREAD


def _words(item: ArmSeries) -> str:
    if item.summary is None:
        return tr("{arm}: no run so far", arm=item.label)
    return tr(
        "{arm}: {n} runs, median {median}, from {low} to {high}",
        arm=item.label,
        n=item.summary.n,
        median=duration_text(item.summary.median),
        low=duration_text(item.summary.min),
        high=duration_text(item.summary.max),
    )
