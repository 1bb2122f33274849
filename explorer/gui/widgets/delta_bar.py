"""A delegate that draws a difference as a bar from the middle of its cell: to the left smaller, to the right larger."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect
from PySide6.QtGui import QBrush, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from explorer.gui.diff_colouring import delta_colour
from explorer.gui.models.diff_tree import DELTA_ROLE
from explorer.gui.theme import current_theme


class DeltaBarDelegate(QStyledItemDelegate):
    """Reads DELTA_ROLE (-1.0 to 1.0) from the model."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        delta = index.data(DELTA_ROLE)
        if not isinstance(delta, float):
            super().paint(painter, option, index)
            return
        cell = QStyleOptionViewItem(option)
        self.initStyleOption(cell, index)
        # The row's own background lies under the bar, its text over it.
        painter.fillRect(cell.rect, cell.backgroundBrush)
        cell.backgroundBrush = QBrush()
        room = cell.rect.adjusted(2, 2, -2, -2)
        middle = room.center().x()
        if delta:
            width = max(1, round(room.width() / 2 * min(abs(delta), 1.0)))
            left = middle - width if delta < 0 else middle
            painter.fillRect(QRect(left, room.top(), width, room.height()), delta_colour(delta))
        painter.fillRect(QRect(middle, room.top(), 1, room.height()), current_theme().muted)
        style = cell.widget.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, cell, painter, cell.widget)
