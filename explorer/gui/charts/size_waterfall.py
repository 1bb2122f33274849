"""From one image's size to the other's: a bar a cause, which sum exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyqtgraph
from PySide6.QtGui import QColor

from explorer.gui.charts.chart import Chart
from explorer.gui.charts.style import palette, pen
from explorer.gui.diff_colouring import LARGER, SMALLER
from explorer.gui.models.compare_tables import WaterfallStep
from explorer.gui.theme import current_theme
from explorer.gui.widgets.plain_label import tooltip_text
from explorer.translation import tr
from explorer.units import count_text, signed_size, size_text

_HEIGHT = 0.66
_ROOM_FOR_TEXT = 1.18
_UNITS = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"), (1, "B"))


class SizeWaterfall(Chart):
    """Grey bars are the images, blue ones what is gone, orange ones what came."""

    def __init__(self) -> None:
        super().__init__(
            tr("From A to B, by cause"),
            tr(
                "The content of all layers by category: A at the top, then what each category takes away or adds, B at the bottom. The bars sum exactly."
            ),
        )
        self.plot.getViewBox().invertY(True)
        self.enlarge.hide()

    def draw(self, steps: Sequence[WaterfallStep]) -> None:
        """Show these steps, top to bottom."""
        self.plot.clear()
        if steps:
            a, b = size_text(steps[0].end), size_text(steps[-1].end)
            self.entitle(tr("From {a} to {b}, by cause", a=a, b=b))
        most = max((max(step.start, step.end) for step in steps), default=0) or 1
        unit, name = next(item for item in _UNITS if most >= item[0])
        self.name_axis(self.plot, "bottom", name)
        self.name_rows(self.plot, [(row, step.label) for row, step in enumerate(steps)])
        for row, step in enumerate(steps):
            self._bar(row, step, unit)
            if row + 1 < len(steps):
                self._link(row, step.end / unit)
        self.plot.setYRange(-0.6, max(len(steps), 1) - 0.4, padding=0)
        self.plot.setXRange(0, _ROOM_FOR_TEXT * most / unit, padding=0)
        self.say([f"{step.label}: {_said(step)}" for step in steps])

    def _bar(self, row: int, step: WaterfallStep, unit: int) -> None:
        low, high = sorted((step.start, step.end))
        item = pyqtgraph.BarGraphItem(
            x0=[low / unit], width=[(high - low) / unit], y=[row], height=_HEIGHT,
            brush=_colour(step), pen=pen(_colour(step)),
        )  # fmt: skip
        exact = count_text(step.end) if step.total else f"{step.delta:+,}"
        item.setToolTip(tooltip_text(f"{step.label}\n{_said(step)}\n{exact} B"))
        self.plot.addItem(item)
        label = pyqtgraph.TextItem(_said(step), color=palette().text().color(), anchor=(0, 0.5))
        label.setPos(high / unit, row)
        self.plot.addItem(label, ignoreBounds=True)

    def _link(self, row: int, place: float) -> None:
        """A thin line from where a bar ends to where the next begins."""
        line: Any = pyqtgraph.PlotDataItem(
            [place, place], [row + _HEIGHT / 2, row + 1 - _HEIGHT / 2], pen=pen(current_theme().muted)
        )  # fmt: skip
        self.plot.addItem(line)


def _said(step: WaterfallStep) -> str:
    return size_text(step.end) if step.total else signed_size(step.delta)


def _colour(step: WaterfallStep) -> QColor:
    if step.total:
        return current_theme().muted
    return QColor(SMALLER if step.delta < 0 else LARGER)
