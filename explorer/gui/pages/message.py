"""A page that only says something, with buttons for what can be done about it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication, QPushButton, QVBoxLayout, QWidget

from explorer.gui.widgets.flow import FlowRow
from explorer.gui.widgets.notice import Action
from explorer.gui.widgets.plain_label import PlainLabel, button_text

# In lines' heights, so that larger type has as many words in a line.
_WIDTH = 38


class MessagePage(QWidget):
    """A title, a sentence or two, buttons."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = PlainLabel()
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 1.5)
        self._title.setFont(font)
        self._text = PlainLabel()
        self.buttons = FlowRow()
        self._column = QWidget()
        layout = QVBoxLayout(self._column)
        layout.setSpacing(12)
        for label in (self._title, self._text):
            label.setWordWrap(True)
            layout.addWidget(label)
        layout.addWidget(self.buttons)
        outer = QVBoxLayout(self)
        outer.addWidget(self._column, 0, Qt.AlignmentFlag.AlignCenter)

        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def emphasise(self, scale: float) -> None:
        """Text that is so much larger than the application's type."""
        font = QFont()
        if scale != 1.0:
            font.setPointSizeF(QApplication.font().pointSizeF() * scale)
        self._text.setFont(font)
        self._fit()

    def _fit(self) -> None:
        self._column.setFixedWidth(_WIDTH * self._text.fontMetrics().height())

    @property
    def text(self) -> str:
        """All that is said."""
        return f"{self._title.text()}\n{self._text.text()}"

    def say(self, title: str, text: str, *actions: Action) -> None:
        """Say something else."""
        self._title.setText(title)
        self._text.setText(text)
        self.buttons.clear()
        for label, action in actions:
            button = QPushButton(button_text(label))
            button.clicked.connect(lambda _=False, act=action: act())
            self.buttons.flow.addWidget(button)
