"""The filter field and its chips: `*.a size>1M layer:7 cat:cache ext:go dup:yes`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QToolButton, QVBoxLayout, QWidget

from explorer.errors import InputError
from explorer.gui.theme import current_theme
from explorer.gui.widgets.flow import FlowRow
from explorer.gui.widgets.plain_label import PlainLabel, button_text
from explorer.translation import sentences, tr
from explorer.units import display_text

if TYPE_CHECKING:
    from explorer.findings.query import Query

_DEBOUNCE_MS = 150


class FilterField(QLineEdit):
    """Where the filter is typed; Esc clears it."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText(tr("Filter: *.a  size>1M  layer:7  cat:cache  (Ctrl+F)"))
        self.setAccessibleName(tr("Filter files"))
        self.setClearButtonEnabled(True)
        self.setMinimumWidth(380)
        self._timer = QTimer(self, singleShot=True, interval=_DEBOUNCE_MS)
        self._timer.timeout.connect(self.changed)
        self.textChanged.connect(self._typed)

    def _typed(self) -> None:
        self._timer.start()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)


class FilterChips(QWidget):
    """One button for each part of the filter, which takes it away; or what is wrong with it."""

    def __init__(self, field: FilterField, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._field = field
        self._error = PlainLabel()
        self._row = FlowRow()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 2, 8, 2)
        layout.addWidget(self._row)
        layout.addWidget(self._error)
        self.hide()

    def renew(self) -> Query | None:
        """Show the field's filter and return it; None when there is none or it cannot be read."""
        self._row.clear()
        text = self._field.text().strip()
        self._error.hide()
        if not text:
            self.hide()
            return None
        self.show()
        from explorer.findings.query import parse_query

        try:
            query = parse_query(text)
        except InputError as error:
            self._error.setText(sentences(error.message, error.hint))
            self._error.setStyleSheet(f"background: {current_theme().error.name()}; padding: 3px")
            self._error.show()
            return None
        for number, chip in enumerate(query.chips()):
            button = QToolButton(self)
            button.setText(button_text(display_text(chip, 60) + "  ×"))
            button.setAccessibleName(tr("Remove the filter {text}", text=display_text(chip, 60)))
            button.clicked.connect(
                lambda _=False, rest=query.without(number): self._field.setText(rest)
            )
            self._row.flow.addWidget(button)
        return query
