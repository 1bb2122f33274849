"""Bars: where one start's time goes, phase by phase, and what each package costs before main."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyqtgraph

from explorer.coldstart.telling import phase_label
from explorer.coldstart.verdict import duration_text
from explorer.gui.charts.chart import Chart, milliseconds
from explorer.gui.charts.style import MARKS, arm_style, em, faint, palette, pen, phase_colour
from explorer.gui.models.startup import Bar, Start, Waterfall
from explorer.gui.theme import text_on
from explorer.gui.widgets.plain_label import tooltip_text
from explorer.translation import tr

_HEIGHT, _SAID_HEIGHT = 0.62, 0.5
# Above the first bar and its marks.
_FLOOR_ROW = -1.4
_ROOM_FOR_TEXT = 1.45
# In lines.
_MARK = 0.6


class WaterfallChart(Chart):
    """One run of each image from the create call to ready; the engine's floor stands behind."""

    def __init__(self) -> None:
        super().__init__(
            tr("Where the time goes"),
            tr(
                "The run nearest to the median total of each image: medians of phases would not add up. Behind: what the engine alone takes for an image that exits at once. Thin bars are what the app itself reported; where they do not fit one after the other, all begin with the process."
            ),
        )
        box = self.plot.getViewBox()
        box.invertY(True)
        # Texts of bars, with the row and the bar that each belongs to.
        self._labels: list[tuple[Any, float, Bar]] = []
        box.sigTransformChanged.connect(self._fit_labels)

    def draw(self, shown: Waterfall) -> None:
        """Show these starts."""
        self._labels = []
        self.plot.clear()
        self.name_axis(
            self.plot,
            "bottom",
            tr("ms  ▲ first log  ◆ listening  ● ready"),
        )
        if shown.floor is not None:
            self._floor(shown.floor)
        names: list[tuple[float, str]] = []
        lines: list[str] = []
        row = 0.0
        for start in shown.starts:
            names.append((row, start.label))
            self._start(row, start)
            lines.append(f"{start.label}: " + ", ".join(bar.text for bar in start.bars))
            row += 1
            for bar in start.said:
                self._bar(row - 0.15, bar, _SAID_HEIGHT, bar.text)
                lines.append(f"  {bar.text}")
                row += 0.62
            row += 0.25
        self.name_rows(self.plot, names)
        top = _FLOOR_ROW if shown.floor is not None else -0.95
        self.plot.setYRange(top, max(row - 0.5, 1.2), padding=0)
        bars = [bar for start in shown.starts for bar in (*start.bars, *start.said)]
        end = max([*(bar.start + bar.seconds for bar in bars), shown.floor or 0.0, 1e-3])
        if any(start.said for start in shown.starts):
            end *= _ROOM_FOR_TEXT
        self.plot.setXRange(0, milliseconds(end), padding=0.03)
        self.show_values(on=bool(bars) or shown.floor is not None)
        self._fit_labels()
        self.say(lines)

    def _fit_labels(self) -> None:
        """A text that is wider than its bar is left to the tooltip, or stands beside it."""
        box = self.plot.getViewBox()
        pixel, end = box.viewPixelSize()[0], box.viewRange()[0][1]
        for label, row, bar in self._labels:
            left, width = milliseconds(bar.start), milliseconds(bar.seconds)
            wanted = label.textItem.boundingRect().width() * pixel
            fits = 0 < wanted <= width
            # The rows of what the app said have room beside their bars.
            beside = bar.kind == "said" and not fits
            place = left + width
            before = beside and place + wanted > end
            if before and left < wanted:
                # Neither side has room for it: it ends with the chart.
                before, place = False, max(0.0, end - wanted)
            label.setVisible(fits or beside)
            label.setAnchor((1, 0.5) if before else (0, 0.5))
            label.setPos(place if beside and not before else left, row)
            label.setColor(palette().text().color() if beside else text_on(phase_colour(bar.kind)))

    def _floor(self, seconds: float) -> None:
        colour = arm_style(0, floor=True).colour
        region = pyqtgraph.LinearRegionItem(
            (0, milliseconds(seconds)), movable=False, brush=faint(colour, 36), pen=pen(colour)
        )
        region.setZValue(-10)
        self.plot.addItem(region, ignoreBounds=True)
        label = pyqtgraph.TextItem(
            tr("engine's floor {seconds}", seconds=duration_text(seconds)),
            color=palette().text().color(),
            anchor=(0, 0),
        )
        label.setPos(0, _FLOOR_ROW)
        self.plot.addItem(label, ignoreBounds=True)

    def _start(self, row: float, start: Start) -> None:
        for bar in start.bars:
            item = self._bar(row, bar, _HEIGHT, bar.text)
            item.setToolTip(tooltip_text(f"{bar.text}\n\n{start.tip}"))
        base = palette().base().color()
        text = palette().text().color()
        for name, seconds in start.marks:
            marker = pyqtgraph.ScatterPlotItem(
                [milliseconds(seconds)], [row - _HEIGHT / 2 - 0.02],
                symbol=MARKS[name], size=em(_MARK), brush=text, pen=pen(base),
                hoverable=True, data=[f"{phase_label(name)}: {duration_text(seconds)}"], tip=_text_tip,
            )  # fmt: skip
            self.plot.addItem(marker)

    def _bar(self, row: float, bar: Bar, height: float, text: str) -> pyqtgraph.BarGraphItem:
        colour = phase_colour(bar.kind)
        left, width = milliseconds(bar.start), milliseconds(bar.seconds)
        item = pyqtgraph.BarGraphItem(
            x0=[left], width=[width], y=[row], height=height, brush=colour, pen=pen(palette().base().color())
        )  # fmt: skip
        item.setToolTip(tooltip_text(text))
        self.plot.addItem(item)
        label = pyqtgraph.TextItem(text, color=text_on(colour), anchor=(0, 0.5))
        self.plot.addItem(label, ignoreBounds=True)
        self._labels.append((label, row, bar))
        return item


class InitChart(Chart):
    """The packages that cost most before main, one bar each."""

    def __init__(self) -> None:
        super().__init__(
            tr("Work before main, by package"),
            tr(
                "What Go's runtime says each package took to initialise, in one run apart from the sample."
            ),
        )
        self.plot.getViewBox().invertY(True)

    def draw(self, packages: Sequence[tuple[str, float, str]]) -> None:
        """Show packages with seconds and a tooltip, the costliest first."""
        self.plot.clear()
        self.name_axis(self.plot, "bottom", tr("ms"))
        self.name_rows(self.plot, [(row, name) for row, (name, _, _) in enumerate(packages)])
        for row, (_, seconds, tip) in enumerate(packages):
            item = pyqtgraph.BarGraphItem(
                x0=[0], width=[milliseconds(seconds)], y=[row], height=0.7,
                brush=phase_colour("app"), pen=pen(palette().base().color()),
            )  # fmt: skip
            item.setToolTip(tooltip_text(tip))
            self.plot.addItem(item)
            label = pyqtgraph.TextItem(
                duration_text(seconds), color=palette().text().color(), anchor=(0, 0.5)
            )
            label.setPos(milliseconds(seconds), row)
            self.plot.addItem(label, ignoreBounds=True)
        self.plot.setYRange(-0.6, max(len(packages), 1) - 0.4, padding=0)
        longest = max((seconds for _, seconds, _ in packages), default=1e-3)
        self.plot.setXRange(0, _ROOM_FOR_TEXT * milliseconds(longest), padding=0)
        self.say([f"{name}: {duration_text(seconds)}" for name, seconds, _ in packages])


def _text_tip(x: float, y: float, data: str) -> str:  # noqa: ARG001  # pyqtgraph names its arguments
    return tooltip_text(data)
