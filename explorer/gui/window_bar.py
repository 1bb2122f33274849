"""The window's toolbar: what opens, compares, optimizes and measures, the filter, and the menus."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QSizePolicy, QToolBar, QToolButton, QWidget

from explorer.gui.actions import EXPORTS, Actions
from explorer.gui.widgets.plain_label import tooltip_text
from explorer.translation import tr

_TASKS = ("open", "compare", "optimize", "measure")
_MENU = (
    ("open", "open_archive", "sample", "demo", "compare"),
    ("reload", "close"),
    ("toggle_details", "toggle_map", "present", "palette"),
    ("preferences", "about", "quit"),
)


class WindowBar(QToolBar):
    """Buttons of the commands at the left, the filter field at the right; `export` is the button of the exports."""

    def __init__(self, actions: Actions, field: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(tr("Toolbar"), parent)
        self.setObjectName("toolbar")
        self.setMovable(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        for name in _TASKS:
            self.addAction(actions[name])
        self.export = QToolButton()
        self.export.setText(tr("Export"))
        self.export.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.export.setToolTip(tooltip_text(tr("Save tables, the map or the whole analysis")))
        menu = QMenu(self.export)
        menu.addActions([actions[name] for name in EXPORTS])
        menu.addAction(actions["save_snapshot"])
        self.export.setMenu(menu)
        self.addWidget(self.export)
        gap = QWidget()
        gap.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(gap)
        self.addWidget(field)
        self.addWidget(_menu_button(actions))


def _menu_button(actions: Actions) -> QToolButton:
    more = QToolButton()
    more.setText("☰")
    more.setAccessibleName(tr("Menu"))
    more.setToolTip(tooltip_text(tr("Menu")))
    more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    menu = QMenu(more)
    for group in _MENU:
        menu.addActions([actions[name] for name in group])
        menu.addSeparator()
    more.setMenu(menu)
    return more
