"""What all charts share: a frame with a title, a pyqtgraph view without surprises, and a menu that saves the picture."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import pyqtgraph
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QVBoxLayout, QWidget

from explorer.gui.charts.picture import picture
from explorer.gui.charts.style import ArmStyle, em, font, palette, pen
from explorer.gui.models.startup import Point
from explorer.gui.widgets.plain_label import PlainLabel, tooltip_text
from explorer.translation import tr

_HEIGHT, _WIDTH = 150, 260
_LEFT_CHARACTERS = 26
# In lines: the legend, the symbols of runs.
_LEGEND_LINES, _DOT, _STAR = 1.5, 0.55, 0.9


class Chart(QWidget):
    """One chart; `run_chosen` carries the order of a run that was clicked, `save_wanted` the kind of picture."""

    run_chosen = Signal(int)
    save_wanted = Signal(str)
    enlarge_toggled = Signal(bool)

    def __init__(self, title: str, hint: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = title
        self._text = ""
        self._heading = PlainLabel(title)
        bold = self._heading.font()
        bold.setBold(True)
        self._heading.setFont(bold)
        self._heading.setToolTip(tooltip_text(hint))
        self.view = pyqtgraph.GraphicsLayoutWidget()
        self.view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.view.setMinimumSize(_WIDTH, _HEIGHT)
        self.view.ci.setContentsMargins(2, 2, 8, 2)
        self._legend: Any = None
        self.plot = self.add_plot()
        self.enlarge = QToolButton()
        self.enlarge.setText("⤢")
        self.enlarge.setCheckable(True)
        self.enlarge.setAutoRaise(True)
        self.enlarge.setAccessibleName(tr("Show only this chart: {title}", title=title))
        self.enlarge.setToolTip(tooltip_text(tr("Show only this chart")))
        self.enlarge.toggled.connect(self.enlarge_toggled)
        head = QHBoxLayout()
        head.setContentsMargins(6, 2, 2, 0)
        head.addWidget(self._heading)
        head.addStretch(1)
        head.addWidget(self._save_button())
        head.addWidget(self.enlarge)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self.view, 1)
        self.recolour()

    def add_plot(self, row: int = 1) -> Any:
        """A plot in the view; its axes follow the data, and the mouse wheel scrolls the page."""
        plot = self.view.addPlot(row=row, col=0, enableMenu=False)
        # pyqtgraph makes a menu all the same, and nobody would own it.
        plot.ctrlMenu.setParent(self.view, plot.ctrlMenu.windowFlags())
        plot.hideButtons()
        plot.setMouseEnabled(False, False)
        return plot

    def picture(self, kind: str) -> bytes:
        """The chart as a PNG, SVG or PDF file."""
        return picture(self.view, kind, self.title)

    @property
    def text(self) -> str:
        """What the chart shows, in words for those who do not see it."""
        return self._text

    def entitle(self, title: str) -> None:
        """Give it another title."""
        self.title = title
        self._heading.setText(title)

    def say(self, lines: Sequence[str]) -> None:
        """Describe the chart to screen readers."""
        self._text = "\n".join(lines)
        self.view.setAccessibleName(self.title)
        self.view.setAccessibleDescription(self._text)

    def recolour(self) -> None:
        """Take the colours of the theme in force; what is drawn must be drawn anew."""
        self.view.setBackground(palette().base().color())
        self.colour_axes(self.plot)

    def colour_axes(self, plot: Any) -> None:
        """Axes and their texts in the colours of the theme."""
        text = palette().text().color()
        for side in ("left", "bottom"):
            axis = plot.getAxis(side)
            axis.setTextPen(pen(text))
            axis.setPen(pen(palette().placeholderText().color()))
            axis.setStyle(tickFont=font())
            axis.enableAutoSIPrefix(False)

    def name_axis(self, plot: Any, side: str, text: str) -> None:
        """Label an axis: pyqtgraph makes HTML of it."""
        colour = palette().text().color().name()
        plot.setLabel(side, html.escape(text), color=colour, **{"font-size": _points()})

    def show_values(self, *, on: bool) -> None:
        """Whether the axis below has figures: without a run they would be of nothing."""
        self.plot.getAxis("bottom").setStyle(showValues=on)

    def name_rows(self, plot: Any, rows: Sequence[tuple[float, str]]) -> None:
        """Texts in place of numbers at the left axis, plain ones."""
        ticks = [(place, _short(text)) for place, text in rows]
        plot.getAxis("left").setTicks([ticks])

    def legend(self, entries: Sequence[tuple[Any, str]]) -> None:
        """A legend above the plot, where it hides nothing: pyqtgraph makes HTML of its texts."""
        if self._legend is not None:
            self.view.removeItem(self._legend)
            self._legend = None
        if not entries:
            return
        legend = pyqtgraph.LegendItem(colCount=len(entries), frame=False, verSpacing=-4)
        legend.setLabelTextColor(palette().text().color())
        legend.setLabelTextSize(_points())
        for item, text in entries:
            legend.addItem(item, html.escape(_short(text)))
        legend.setFixedHeight(em(_LEGEND_LINES))
        self.view.addItem(legend, row=0, col=0)
        self._legend = legend

    def dots(
        self,
        plot: Any,
        points: Sequence[Point],
        places: Sequence[tuple[float, float]],
        style: ArmStyle,
    ) -> Any:
        """Runs as symbols with tooltips; an outlier is a star, a warm-up hollow."""
        base = palette().base().color()
        item = pyqtgraph.ScatterPlotItem(hoverable=True, tip=_tip, pxMode=True)
        item.addPoints(
            [
                {
                    "pos": place,
                    "data": point,
                    "symbol": "star" if point.outlier else style.symbol,
                    "size": em(_STAR if point.outlier else _DOT),
                    "pen": pen(style.colour if point.warm_up else base, 1.2),
                    "brush": base if point.warm_up else style.colour,
                }
                for point, place in zip(points, places, strict=True)
            ]
        )
        item.sigClicked.connect(self._clicked)
        plot.addItem(item)
        return item

    def _clicked(self, _item: Any, spots: Sequence[Any], _event: Any = None) -> None:
        if len(spots):
            self.run_chosen.emit(spots[0].data().order)

    def _save_button(self) -> QToolButton:
        button = QToolButton()
        button.setText("↧")
        button.setAutoRaise(True)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setAccessibleName(tr("Save the chart: {title}", title=self.title))
        button.setToolTip(tooltip_text(tr("Save the chart as PNG, SVG or PDF")))
        menu = QMenu(button)
        for kind, text in (
            ("png", tr("Save as PNG…")),
            ("svg", tr("Save as SVG…")),
            ("pdf", tr("Save as PDF…")),
        ):
            menu.addAction(text, lambda chosen=kind: self.save_wanted.emit(chosen))
        button.setMenu(menu)
        return button


def milliseconds(seconds: float) -> float:
    """What the axes count in."""
    return seconds * 1e3


def _points() -> str:
    return f"{font().pointSizeF():g}pt"


def _tip(x: float, y: float, data: Point) -> str:  # noqa: ARG001  # pyqtgraph names its arguments
    return tooltip_text(data.tip)


def _short(text: str) -> str:
    if len(text) <= _LEFT_CHARACTERS:
        return text
    half = (_LEFT_CHARACTERS - 1) // 2
    return f"{text[:half]}…{text[-half:]}"
