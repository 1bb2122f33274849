"""Bytes as rows of hex and ASCII, as many a row as there is room for."""

from __future__ import annotations

from PySide6.QtGui import QFontDatabase, QResizeEvent
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from explorer.gui.models.payload_text import hex_columns, hex_rows
from explorer.translation import tr

_WIDTHS = (16, 8, 4)


class HexView(QPlainTextEdit):
    """Sixteen bytes a row, eight in a narrow column."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._data = b""
        self._columns = 0
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setTabChangesFocus(True)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.setAccessibleName(tr("Content as hex"))

    @property
    def columns(self) -> int:
        """Bytes a row."""
        return self._columns

    def set_data(self, data: bytes) -> None:
        """Show other bytes."""
        self._data = data
        self._columns = 0
        self._render()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._render()

    def _render(self) -> None:
        room = self.viewport().width() - 2 * self.document().documentMargin()
        bar = self.verticalScrollBar()
        if not bar.isVisible():
            # The bar may appear once the rows are there; it must not change their width then.
            room -= bar.sizeHint().width()
        character = self.fontMetrics().horizontalAdvance("0")
        fitting = (count for count in _WIDTHS if hex_columns(count) * character <= room)
        columns = next(fitting, _WIDTHS[-1])
        if columns == self._columns:
            return
        place = bar.value() * self._columns
        self._columns = columns
        self.setPlainText(hex_rows(self._data, columns))
        bar.setValue(place // columns)
