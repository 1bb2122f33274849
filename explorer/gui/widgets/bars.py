"""A delegate that draws a share as a bar behind a cell's text."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect
from PySide6.QtGui import QBrush, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from explorer.gui.models.file_tree import SHARE_ROLE
from explorer.gui.theme import current_theme


class BarDelegate(QStyledItemDelegate):
    """Reads SHARE_ROLE (0.0 to 1.0) from the model."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        share = index.data(SHARE_ROLE)
        if not isinstance(share, float) or share <= 0:
            super().paint(painter, option, index)
            return
        cell = QStyleOptionViewItem(option)
        self.initStyleOption(cell, index)
        # The row's own background lies under the bar, its text over it.
        painter.fillRect(cell.rect, cell.backgroundBrush)
        cell.backgroundBrush = QBrush()
        room = cell.rect.adjusted(2, 2, -2, -2)
        width = max(1, round(room.width() * min(share, 1.0)))
        left = room.right() - width + 1
        bar = QRect(left, room.top(), width, room.height())
        painter.fillRect(bar, current_theme().bar)
        style = cell.widget.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, cell, painter, cell.widget)
