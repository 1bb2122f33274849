"""The rail at the left: one button a page, Ctrl+1 and so on; not shown while there is one page only."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QToolBar, QWidget

from explorer.gui.widgets.plain_label import tooltip_text
from explorer.translation import tr


class Rail(QToolBar):
    """Buttons in the order of add_page(); `chosen` carries the page's number."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Pages"), parent)
        self.setObjectName("rail")
        self.setOrientation(Qt.Orientation.Vertical)
        self.setMovable(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.setIconSize(QSize(20, 20))
        self._group = QActionGroup(self)
        self._pages: list[QAction] = []
        self.hide()

    def add_page(self, text: str) -> QAction:
        """A button for one more page; the action has its key and can stand in menus too."""
        number = len(self._pages)
        key = f"Ctrl+{number + 1}"
        action = QAction(text, self)
        action.setCheckable(True)
        action.setShortcut(QKeySequence(key))
        action.setToolTip(tooltip_text(f"{text} ({key})"))
        action.triggered.connect(lambda: self.chosen.emit(number))
        self._group.addAction(action)
        self._pages.append(action)
        self.addAction(action)
        action.setChecked(number == 0)
        self.setVisible(len(self._pages) > 1)
        return action

    def choose(self, number: int) -> None:
        """Show which page is in front; none is when a page without a button is."""
        if number < len(self._pages):
            self._pages[number].setChecked(True)
        elif (shown := self._group.checkedAction()) is not None:
            shown.setChecked(False)

    def enable(self, number: int, *, on: bool) -> None:
        """Whether a page can be gone to."""
        self._pages[number].setEnabled(on)
