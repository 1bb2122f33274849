"""A page that only says something, with buttons for what can be done about it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from explorer.gui.widgets.flow import FlowRow
from explorer.gui.widgets.notice import Action
from explorer.gui.widgets.plain_label import PlainLabel, button_text

_WIDTH = 560


class MessagePage(QWidget):
    """A title, a sentence or two, buttons."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = PlainLabel()
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 1.5)
        self._title.setFont(font)
        self._text = PlainLabel()
        self._buttons = FlowRow()
        column = QWidget()
        column.setFixedWidth(_WIDTH)
        layout = QVBoxLayout(column)
        layout.setSpacing(12)
        for label in (self._title, self._text):
            label.setWordWrap(True)
            layout.addWidget(label)
        layout.addWidget(self._buttons)
        outer = QVBoxLayout(self)
        outer.addWidget(column, 0, Qt.AlignmentFlag.AlignCenter)

    @property
    def text(self) -> str:
        """All that is said."""
        return f"{self._title.text()}\n{self._text.text()}"

    def say(self, title: str, text: str, *actions: Action) -> None:
        """Say something else."""
        self._title.setText(title)
        self._text.setText(text)
        self._buttons.clear()
        for label, action in actions:
            button = QPushButton(button_text(label))
            button.clicked.connect(lambda _=False, act=action: act())
            self._buttons.flow.addWidget(button)
