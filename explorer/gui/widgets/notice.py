"""A bar of one message with a few buttons: warnings, errors and undo, without a dialog in the way."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QToolButton, QWidget

from explorer.gui.theme import current_theme
from explorer.gui.widgets.plain_label import PlainLabel, button_text, tooltip_text
from explorer.translation import tr

Action = tuple[str, Callable[[], None]]
INFO, WARNING, ERROR = "info", "warning", "error"


class Notice(QWidget):
    """Hidden until something is said; stays until it is closed, an action is taken or its time is over."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)
        self._text = PlainLabel(selectable=True)
        self._text.setAccessibleName(tr("Message"))
        self._text.setWordWrap(True)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._actions = QHBoxLayout()
        self._close = QToolButton()
        self._close.setText("×")
        self._close.setAutoRaise(True)
        self._close.setAccessibleName(tr("Close this message"))
        self._close.setToolTip(tooltip_text(tr("Close this message")))
        self._close.clicked.connect(self.hide)
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 4, 4, 4)
        row.addWidget(self._text, 1)
        row.addLayout(self._actions)
        row.addWidget(self._close)
        self._kind = INFO
        self.hide()

    @property
    def text(self) -> str:
        """What is said."""
        return self._text.text() if not self.isHidden() else ""

    def say(
        self, text: str, *actions: Action, kind: str = INFO, hint: str = "", seconds: int = 0
    ) -> None:
        """Show a message (and a longer tooltip) with buttons; gone after `seconds`, 0: stays."""
        self._kind = kind
        self._text.setText(text)
        self._text.setAccessibleName(text)
        self._text.setToolTip(tooltip_text(hint))
        while (item := self._actions.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for label, action in actions:
            self._actions.addWidget(self._button(label, action))
        self.recolour()
        self._timer.stop()
        if seconds:
            self._timer.start(1000 * seconds)
        self.show()

    def recolour(self) -> None:
        """Take the colours of the theme in force."""
        theme = current_theme()
        colour = {INFO: theme.bar, WARNING: theme.warning, ERROR: theme.error}[self._kind]
        palette = self.palette()
        palette.setColor(self.backgroundRole(), colour)
        self.setPalette(palette)

    def _button(self, label: str, action: Callable[[], None]) -> QPushButton:
        button = QPushButton(button_text(label))
        button.setAutoDefault(False)

        def act() -> None:
            self.hide()
            action()

        button.clicked.connect(act)
        return button

    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()
        super().hideEvent(event)
