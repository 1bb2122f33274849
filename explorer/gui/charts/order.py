"""The runs in the order in which they ran, with their running median, and below how busy the machine was."""

from __future__ import annotations

from collections.abc import Sequence

import pyqtgraph

from explorer.coldstart.pressure import NOISY
from explorer.gui.charts.chart import Chart, milliseconds
from explorer.gui.charts.style import arm_style, em, faint, palette, pen
from explorer.gui.models.startup import ArmSeries, running_median, warm_blocks
from explorer.gui.theme import current_theme
from explorer.translation import tr

# Between two runs that are named below, and how many are at most.
_STEPS, _TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500), 12
# In lines: what the lower chart is tall and the texts at the left are wide.
_PRESSURE_LINES, _LEFT_LINES = 4.4, 3.9


class OrderChart(Chart):
    """A drift of the machine is seen as a slope of all arms, a disturbance as a bar below."""

    def __init__(self) -> None:
        super().__init__(
            tr("In the order of the runs"),
            tr(
                "A slope that all arms share is a drift of the machine, not of the image. Hollow: warm-ups. Below: the share of each run's time in which something waited for a processor."
            ),
        )
        self.pressure = self.add_plot(row=2)
        self.pressure.setXLink(self.plot)
        self.plot.getAxis("bottom").setStyle(showValues=False)
        self._fit()
        self.colour_axes(self.pressure)

    def recolour(self) -> None:
        super().recolour()
        if hasattr(self, "pressure"):
            self.colour_axes(self.pressure)
            self._fit()

    def _fit(self) -> None:
        self.pressure.setMaximumHeight(em(_PRESSURE_LINES))
        for plot in (self.plot, self.pressure):
            plot.getAxis("left").setWidth(em(_LEFT_LINES))

    def draw(self, found: Sequence[ArmSeries], metric_text: str) -> None:
        """Show these arms."""
        self.plot.clear()
        self.pressure.clear()
        self.name_axis(self.plot, "left", tr("ms"))
        self.name_axis(self.pressure, "left", tr("busy, %"))
        self.name_axis(self.pressure, "bottom", tr("run ({metric})", metric=metric_text))
        entries = []
        for first, last in warm_blocks(found):
            muted = palette().placeholderText().color()
            region = pyqtgraph.LinearRegionItem(
                (first + 0.5, last + 1.5), movable=False, brush=faint(muted, 30), pen=pen(muted)
            )
            region.setZValue(-10)
            self.plot.addItem(region, ignoreBounds=True)
        for item in found:
            style = arm_style(item.place, floor=item.floor)
            orders, medians = running_median(item.points)
            line = self.plot.plot(
                [order + 1 for order in orders], [milliseconds(m) for m in medians], pen=style.pen()
            )
            points = [*item.warm_ups, *item.points]
            places = [(point.order + 1, milliseconds(point.seconds)) for point in points]
            self.dots(self.plot, points, places, style)
            if item.points:
                entries.append((line, item.label))
        self.legend(entries if len(entries) > 1 else ())
        runs = [p.order for item in found for p in (*item.warm_ups, *item.points)]
        last = max(runs, default=0) + 1
        self.plot.setXRange(0.3, last + 0.7, padding=0)
        self.pressure.getAxis("bottom").setTicks([run_ticks(last)])
        self._show_pressure(found)
        self.say([tr("{arm}: {n} runs", arm=item.label, n=len(item.points)) for item in found])

    def _show_pressure(self, found: Sequence[ArmSeries]) -> None:
        """A bar a run; those of a busy machine in another colour, above a line."""
        points = [point for item in found for point in (*item.warm_ups, *item.points)]
        known = [
            (point.order + 1, point.pressure) for point in points if point.pressure is not None
        ]
        self.pressure.setVisible(bool(known))
        theme = current_theme()
        for noisy in (False, True):
            bars = [(x, 100 * share) for x, share in known if (share > NOISY) == noisy]
            if bars:
                colour = theme.bad if noisy else palette().placeholderText().color()
                self.pressure.addItem(
                    pyqtgraph.BarGraphItem(
                        x=[x for x, _ in bars],
                        height=[y for _, y in bars],
                        width=0.7,
                        brush=colour,
                        pen=pen(colour),
                    )
                )
        if known:
            line = pyqtgraph.InfiniteLine(100 * NOISY, angle=0, pen=pen(theme.bad, 1.0))
            self.pressure.addItem(line, ignoreBounds=True)
            top = max(30.0, *(100 * share for _, share in known))
            self.pressure.setYRange(0, top, padding=0)
            ticks = (0, 50, 100) if top > 60 else (0, 25)
            self.pressure.getAxis("left").setTicks([[(tick, str(tick)) for tick in ticks]])


def run_ticks(last: int) -> list[tuple[int, str]]:
    """Whole runs, at most some ten of them."""
    step = next((step for step in _STEPS if last <= _TICKS * step), last)
    return [(run, str(run)) for run in range(step, last + 1, step)]
