"""How big the image is now, how big it will be, and by which layers: two bars on one scale, two lists."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QHeaderView,
    QSizePolicy,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from explorer.dockerfile.rewrite.change import PredictedLayer
from explorer.gui.models.predicted_layers import BASIS, LAYER, SIZE, PredictedLayersModel
from explorer.gui.theme import current_theme
from explorer.gui.widgets.bars import BarDelegate
from explorer.gui.widgets.copying import name_view
from explorer.translation import ntr, tr
from explorer.units import share_text, size_text

# Of a bar's width; narrower layers are drawn as one.
_NARROW = 2


class SizePane(QWidget):
    """Shows the layers of both images; the bars have one scale, so that their lengths can be compared."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bars = SizeBars()
        self.now, self.expected = PredictedLayersModel(self), PredictedLayersModel(self)
        self._lists = QSplitter(Qt.Orientation.Horizontal)
        self._lists.setChildrenCollapsible(False)
        for model, name in (
            (self.now, tr("Layers now")),
            (self.expected, tr("Layers expected")),
        ):
            self._lists.addWidget(_table(model, name))
        self._lists.setSizes([1000, 1000])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.bars)
        layout.addWidget(self._lists, 1)

    def show_layers(
        self, now: Sequence[PredictedLayer], expected: Sequence[PredictedLayer]
    ) -> None:
        """Show an image and what it will become."""
        self.now.show(now)
        self.expected.show(expected)
        self.bars.show_layers(now, expected)


class SizeBars(QWidget):
    """Two bars, each cut into its layers, with their sums in words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bars: tuple[tuple[str, tuple[int, ...]], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def texts(self) -> tuple[str, ...]:
        """What stands beside the bars."""
        return tuple(text for text, _ in self._bars)

    def show_layers(
        self, now: Sequence[PredictedLayer], expected: Sequence[PredictedLayer]
    ) -> None:
        """Show an image and what it will become."""
        before, after = (tuple(layer.bytes for layer in layers) for layers in (now, expected))
        total, left = sum(before), sum(after)
        heads = (
            tr("Now {size}", size=size_text(total)) + " · " + _layers_text(len(before)),
            tr("Expected {size}", size=size_text(left))
            + (f" · {share_text(left, total)}" if total else "")
            + " · "
            + _layers_text(len(after)),
        )
        self._bars = tuple(zip(heads, (before, after), strict=True))
        self.setAccessibleName("; ".join(heads))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(300, 2 * self._row_height())

    def _row_height(self) -> int:
        return self.fontMetrics().height() + 8

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme = current_theme()
        longest = max((sum(parts) for _, parts in self._bars), default=0) or 1
        metrics = self.fontMetrics()
        words = max((metrics.horizontalAdvance(text) for text, _ in self._bars), default=0) + 12
        room = max(self.width() - words, 40)
        height = self._row_height()
        for number, (text, parts) in enumerate(self._bars):
            top = number * height
            painter.setPen(self.palette().windowText().color())
            painter.drawText(
                QRect(0, top, words, height),
                Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft,
                text,
            )
            length = max(round(room * sum(parts) / longest), 1 if sum(parts) else 0)
            bar = QRect(words, top + 3, length, height - 6)
            painter.fillRect(bar, theme.accent)
            painter.setPen(theme.background)
            done = last = 0
            for part in parts[:-1]:
                done += part
                x = round(room * done / longest)
                if _NARROW < x < length - 1 and x - last > _NARROW:
                    painter.drawLine(words + x, bar.top(), words + x, bar.bottom())
                    last = x
        painter.end()


def _layers_text(count: int) -> str:
    return ntr("{n} layer", "{n} layers", count, n=count)


def _table(model: PredictedLayersModel, name: str) -> QTableView:
    view = QTableView()
    view.setModel(model)
    name_view(view, name)
    view.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
    view.setShowGrid(False)
    view.setWordWrap(False)
    view.setTabKeyNavigation(False)
    view.setItemDelegateForColumn(SIZE, BarDelegate(view))
    view.verticalHeader().hide()
    view.verticalHeader().setDefaultSectionSize(view.fontMetrics().height() + 6)
    header = view.horizontalHeader()
    header.resizeSection(SIZE, 90)
    header.resizeSection(BASIS, 110)
    header.setSectionResizeMode(LAYER, QHeaderView.ResizeMode.Stretch)
    return view
