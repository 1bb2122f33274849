"""What the trees of files share: they follow where people are, stay open where they were, and stay quick in large folders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHeaderView, QTreeView, QWidget

from explorer.gui.models.node_tree import NodeTree
from explorer.gui.widgets.copying import name_view

if TYPE_CHECKING:
    from explorer.gui.diff_selection import DiffSelection
    from explorer.gui.selection import Selection

# Children of a folder that are asked whether they are open.
_SCANNED = 5000
_NAME = 0


class NodeTreeView(QTreeView):
    """A view of a NodeTree whose first column is the name; `widths` are those of the others."""

    def __init__(
        self,
        selection: Selection | DiffSelection,
        nodes: NodeTree,
        name: str,
        widths: Mapping[int, int],
        sorted_by: int,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._where, self._nodes = selection, nodes
        self._column_widths = widths
        self._following = False
        self._enlarged = 1.0
        nodes.setParent(self)
        self.setModel(nodes)
        name_view(self, name)
        self.setUniformRowHeights(True)
        self.setSortingEnabled(True)
        self.setSelectionMode(QTreeView.SelectionMode.ExtendedSelection)
        header = self.header()
        header.setStretchLastSection(False)
        header.setSortIndicator(sorted_by, Qt.SortOrder.DescendingOrder)
        for column, width in widths.items():
            header.resizeSection(column, width)
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu_asked)
        self.selectionModel().currentChanged.connect(self._current_changed)
        self.doubleClicked.connect(lambda index: self.enter(nodes.node(index)))
        selection.current_changed.connect(self.reveal)

    def enter(self, node: int) -> None:
        """What Enter and a double click do."""
        raise NotImplementedError

    def ask_menu(self, node: int, place: QPoint) -> None:
        """What the menu key and the right button do, at a place of the screen."""
        raise NotImplementedError

    def opens(self, node: int) -> bool:
        """Whether a node is a folder with something in it."""
        return self._nodes.hasChildren(self._nodes.index_of(node))

    def reveal(self, node: int) -> None:
        """Select a node and scroll to it, opening the folders above."""
        if self._following:
            return
        index = self._nodes.index_of(self._nodes.reachable(node))
        if index.isValid() and index != self.currentIndex():
            self._following = True
            self.setCurrentIndex(index)
            self.scrollTo(index)
            self._following = False

    def opened(self) -> list[int]:
        """The open folders, parents first."""
        opened = []
        pending = [QModelIndex()]
        while pending:
            parent = pending.pop()
            for index in self._nodes.folders(parent)[:_SCANNED]:
                if self.isExpanded(index):
                    opened.append(self._nodes.node(index))
                    pending.append(index)
        return opened

    def open_all(self, nodes: Iterable[int]) -> None:
        """Open these folders, parents first, as far as they are there."""
        for node in nodes:
            index = self._nodes.index_of(node)
            if index.isValid():
                self.expand(index)

    def widen(self, factor: float) -> None:
        """Columns for type that is larger than usual by a factor."""
        ratio, self._enlarged = factor / self._enlarged, factor
        for column in self._column_widths:
            # A hidden column has no width to enlarge.
            self.setColumnHidden(column, False)
            self.header().resizeSection(column, round(self.header().sectionSize(column) * ratio))

    def _current_changed(self, index: QModelIndex, _before: QModelIndex) -> None:
        if index.isValid() and not self._following:
            self._following = True
            self._where.set_current(self._nodes.node(index))
            self._following = False

    def _menu_asked(self, place: QPoint) -> None:
        index = self.indexAt(place)
        if index.isValid():
            self.ask_menu(self._nodes.node(index), self.viewport().mapToGlobal(place))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Asterisk:
            # Qt would open everything below, which takes seconds in a large folder.
            self.expandRecursively(self.currentIndex(), 1)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.enter(self._nodes.node(self.currentIndex()))
        elif event.key() == Qt.Key.Key_Backspace:
            self._where.zoom_out()
        else:
            super().keyPressEvent(event)
