"""The file tree beside the map: same nodes, same selection, with sizes as bars."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QHeaderView, QTreeView, QWidget

from explorer.gui.models.file_tree import (
    CATEGORY,
    FILES,
    LAYER,
    NAME,
    SHARE,
    SIZE,
    STATUS,
    FileTreeModel,
)
from explorer.gui.selection import Selection
from explorer.gui.widgets.bars import BarDelegate
from explorer.gui.widgets.copying import name_view
from explorer.translation import tr

# Children of a folder that are asked whether they are open.
_EXPANDED_SCANNED = 5000
_NAME_WIDTH = 200
# Columns beside the name, the most telling first.
_WIDTHS = {SIZE: 92, SHARE: 76, LAYER: 52, CATEGORY: 140, STATUS: 150, FILES: 64}


class FileTreeView(QTreeView):
    """Follows a Selection; keeps what was expanded when the view changes."""

    menu_wanted = Signal(int, QPoint)
    previewed = Signal(int)
    activated_file = Signal(int)

    def __init__(self, selection: Selection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selection = selection
        self._following = False
        self._enlarged = 1.0
        self.files = FileTreeModel(self)
        self.setModel(self.files)
        name_view(self, tr("Files"))
        self.setUniformRowHeights(True)
        self.setSortingEnabled(True)
        self.setSelectionMode(QTreeView.SelectionMode.ExtendedSelection)
        self.setItemDelegateForColumn(SIZE, BarDelegate(self))
        header = self.header()
        header.setStretchLastSection(False)
        header.setSortIndicator(SIZE, Qt.SortOrder.DescendingOrder)
        for column, width in _WIDTHS.items():
            header.resizeSection(column, width)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)
        self.selectionModel().currentChanged.connect(self._current_changed)
        selection.view_changed.connect(self.renew)
        selection.current_changed.connect(self.reveal)
        self.doubleClicked.connect(self._double_clicked)

    def renew(self) -> None:
        """Show the selection's view; folders that were open stay open."""
        analysis, shown = self._selection.analysis, self._selection.view
        if analysis is None or shown is None:
            return
        opened = self._expanded()
        self._following = True
        self.files.show(analysis, shown)
        for node in opened:
            index = self.files.index_of(node) if node < len(analysis.stack.tree) else QModelIndex()
            if index.isValid():
                self.expand(index)
        self._following = False
        self.reveal(self._selection.current)

    def reveal(self, node: int) -> None:
        """Select a node and scroll to it, opening the folders above."""
        if self._following:
            return
        index = self.files.index_of(node)
        if index.isValid() and index != self.currentIndex():
            self._following = True
            self.setCurrentIndex(index)
            self.scrollTo(index)
            self._following = False

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Names keep room: where there is little, the least telling columns are left out."""
        super().resizeEvent(event)
        self._leave_out()

    def enlarge(self, factor: float) -> None:
        """Columns for type that is larger than usual by a factor."""
        ratio, self._enlarged = factor / self._enlarged, factor
        for column in _WIDTHS:
            # A hidden column has no width to enlarge.
            self.setColumnHidden(column, False)
            self.header().resizeSection(column, round(self.header().sectionSize(column) * ratio))
        self._leave_out()

    def _leave_out(self) -> None:
        left = self.viewport().width() - _NAME_WIDTH * self._enlarged
        for column, width in _WIDTHS.items():
            left -= width * self._enlarged
            self.setColumnHidden(column, left < 0)

    def _expanded(self) -> list[int]:
        """The open folders, parents first."""
        opened = []
        pending = [QModelIndex()]
        while pending:
            parent = pending.pop()
            for index in self.files.folders(parent)[:_EXPANDED_SCANNED]:
                if self.isExpanded(index):
                    opened.append(self.files.node(index))
                    pending.append(index)
        return opened

    def _current_changed(self, index: QModelIndex, _before: QModelIndex) -> None:
        if index.isValid() and not self._following:
            self._following = True
            self._selection.set_current(self.files.node(index))
            self._following = False

    def _double_clicked(self, index: QModelIndex) -> None:
        self._enter(self.files.node(index), opens=self.files.hasChildren(index.siblingAtColumn(0)))

    def _enter(self, node: int, *, opens: bool) -> None:
        """Go into a folder, or tell that a file is to be opened."""
        if opens:
            self._selection.set_zoom(node)
        elif node:
            self.activated_file.emit(node)

    def _menu(self, place: QPoint) -> None:
        index = self.indexAt(place)
        if index.isValid():
            self.menu_wanted.emit(self.files.node(index), self.viewport().mapToGlobal(place))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        node = self.files.node(self.currentIndex())
        if event.key() == Qt.Key.Key_Asterisk:
            # Qt would open everything below, which takes seconds in a large folder.
            self.expandRecursively(self.currentIndex(), 1)
        elif event.key() == Qt.Key.Key_Space and node:
            self.previewed.emit(node)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._enter(node, opens=self.files.hasChildren(self.currentIndex().siblingAtColumn(0)))
        elif event.key() == Qt.Key.Key_Backspace:
            self._selection.zoom_out()
        else:
            super().keyPressEvent(event)
