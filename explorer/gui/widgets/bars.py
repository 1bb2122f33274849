"""A delegate that draws a share as a bar behind a cell's text."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

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
        if isinstance(share, float) and share > 0:
            room = option.rect.adjusted(2, 2, -2, -2)
            width = max(1, round(room.width() * min(share, 1.0)))
            painter.fillRect(
                QRect(room.right() - width + 1, room.top(), width, room.height()),
                current_theme().bar,
            )
        super().paint(painter, option, index)
