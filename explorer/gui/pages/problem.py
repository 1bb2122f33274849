"""What is shown when an image cannot be: what happened, what to do, and buttons that do it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QGuiApplication
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from explorer.errors import ExplorerError
from explorer.gui.widgets.flow import FlowRow
from explorer.gui.widgets.notice import Action
from explorer.gui.widgets.plain_label import PlainLabel, button_text, display_lines
from explorer.translation import tr

_WIDTH = 640


class ProblemPage(QWidget):
    """Title, message, hint, and actions; the first one has the focus."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = PlainLabel()
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 1.5)
        self._title.setFont(font)
        self._message = PlainLabel(selectable=True)
        self._hint = PlainLabel(selectable=True)
        self._buttons = FlowRow()
        column = QWidget()
        column.setFixedWidth(_WIDTH)
        layout = QVBoxLayout(column)
        layout.setSpacing(12)
        for widget in (self._title, self._message, self._hint):
            widget.setWordWrap(True)
            layout.addWidget(widget)
        layout.addWidget(self._buttons)
        outer = QVBoxLayout(self)
        outer.addWidget(column, 0, Qt.AlignmentFlag.AlignCenter)

    @property
    def text(self) -> str:
        """All that is said, as copied."""
        parts = (self._title.text(), self._message.text(), self._hint.text())
        return "\n".join(part for part in parts if part)

    def show_problem(self, title: str, error: ExplorerError, *actions: Action) -> None:
        """Say what happened to what, with the actions that may help."""
        self._title.setText(title)
        self._message.setText(display_lines(error.message))
        self._hint.setText(display_lines(error.hint))
        self._hint.setVisible(bool(error.hint))
        self._buttons.clear()
        copy = (tr("Copy report"), lambda: QGuiApplication.clipboard().setText(self.text))
        for number, (label, action) in enumerate((*actions, copy)):
            button = QPushButton(button_text(label))
            button.clicked.connect(lambda _=False, act=action: act())
            self._buttons.flow.addWidget(button)
            if number == 0:
                button.setFocus()
