"""The file tree beside the map: same nodes, same selection, with sizes as bars."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from explorer.gui.models.file_tree import (
    CATEGORY,
    FILES,
    LAYER,
    SHARE,
    SIZE,
    STATUS,
    FileTreeModel,
)
from explorer.gui.selection import Selection
from explorer.gui.widgets.bars import BarDelegate
from explorer.gui.widgets.node_tree import NodeTreeView
from explorer.translation import tr

_NAME_WIDTH = 200
# Columns beside the name, the most telling first.
_WIDTHS = {SIZE: 92, SHARE: 76, LAYER: 52, CATEGORY: 140, STATUS: 150, FILES: 64}


class FileTreeView(NodeTreeView):
    """Follows a Selection; keeps what was expanded when the view changes."""

    menu_wanted = Signal(int, QPoint)
    previewed = Signal(int)
    activated_file = Signal(int)

    def __init__(self, selection: Selection, parent: QWidget | None = None) -> None:
        self.files = FileTreeModel()
        super().__init__(selection, self.files, tr("Files"), _WIDTHS, SIZE, parent)
        self._selection = selection
        self.setItemDelegateForColumn(SIZE, BarDelegate(self))
        selection.view_changed.connect(self.renew)

    def renew(self) -> None:
        """Show the selection's view; folders that were open stay open."""
        analysis, shown = self._selection.analysis, self._selection.view
        if analysis is None or shown is None:
            return
        opened = self.opened()
        self._following = True
        self.files.show(analysis, shown)
        self.open_all(opened)
        self._following = False
        self.reveal(self._selection.current)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Names keep room: where there is little, the least telling columns are left out."""
        super().resizeEvent(event)
        self._leave_out()

    def enlarge(self, factor: float) -> None:
        """Columns for type that is larger than usual by a factor."""
        self.widen(factor)
        self._leave_out()

    def _leave_out(self) -> None:
        left = self.viewport().width() - _NAME_WIDTH * self._enlarged
        for column, width in _WIDTHS.items():
            left -= width * self._enlarged
            self.setColumnHidden(column, left < 0)

    def enter(self, node: int) -> None:
        """Go into a folder, or tell that a file is to be opened."""
        if self.opens(node):
            self._selection.set_zoom(node)
        elif node:
            self.activated_file.emit(node)

    def ask_menu(self, node: int, place: QPoint) -> None:
        """Ask for the menu of a node."""
        self.menu_wanted.emit(node, place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        node = self.files.node(self.currentIndex())
        if event.key() == Qt.Key.Key_Space and node:
            self.previewed.emit(node)
        else:
            super().keyPressEvent(event)
