"""What the colours of a map stand for: squares with names and sizes, in lines that wrap."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from explorer.gui.widgets.flow import FlowRow
from explorer.gui.widgets.plain_label import PlainLabel
from explorer.units import size_text

_SQUARE = 11


class ColourKey(FlowRow):
    """Entries are (name, colour, bytes)."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.labels: list[str] = []

    def show_entries(self, entries: Sequence[tuple[str, QColor, int]]) -> None:
        """Show other entries."""
        self.clear()
        self.labels = [f"{name} {size_text(size)}" for name, _, size in entries]
        for text, (_, colour, _) in zip(self.labels, entries, strict=True):
            entry = QWidget()
            row = QHBoxLayout(entry)
            row.setContentsMargins(0, 0, 8, 0)
            row.setSpacing(4)
            row.addWidget(_Square(colour))
            row.addWidget(PlainLabel(text))
            self.flow.addWidget(entry)


class _Square(QWidget):
    def __init__(self, colour: QColor) -> None:
        super().__init__()
        self._colour = colour
        self.setFixedSize(_SQUARE, _SQUARE)

    def paintEvent(self, _event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), self._colour)
