"""A FileTree as a Qt model, whatever its columns are: folders are sorted when they are looked at, and handed out in pages."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from explorer.filesystem.columnfile import Array
from explorer.filesystem.tree import FileTree

# Views ask for every row of an open folder, so that a million of them at once would stall.
PAGE = 2000
# Views take a second to get so far in one folder; what lies behind is found by a filter.
REVEAL_LIMIT = 20_000
Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
NOTHING: Array = np.zeros(0, dtype=np.int64)


class NodeTree(QAbstractItemModel):
    """Internal ids are node ids. Who inherits gives the columns, and the order in _sorted()."""

    def __init__(self, columns: int, sorted_by: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._columns = columns
        self._column, self._descending = sorted_by, True
        self._tree: FileTree | None = None
        self._visible: Array = np.zeros(1, dtype=bool)
        # One byte a node: whether anything under it is shown. Views ask this for every row.
        self._openable = b"\0"
        self._children: dict[int, Array] = {}
        # The same memory: a single number out of it costs a third of what it does out of an array.
        self._quick: dict[int, memoryview] = {}
        self._parents = self._seen = self._rows = memoryview(b"\0")
        self._handed: dict[int, int] = {}  # how many children of a folder views know of
        self._row_of: Array = np.full(1, -1, dtype=np.int32)
        # Pages are not handed out in the middle of another change.
        self._changing = False

    def _take(self, tree: FileTree | None, visible: Array, openable: bytes) -> None:
        """Show those nodes of a tree where `visible` (bool[n]) is true; between beginResetModel() and endResetModel()."""
        self._tree, self._visible, self._openable = tree, visible, openable
        self._children.clear()
        self._quick.clear()
        self._handed.clear()
        self._row_of = np.full(len(visible), -1, dtype=np.int32)
        self._seen, self._rows = visible.data, self._row_of.data
        if tree is not None:
            self._parents = tree.parent.data

    def _sorted(self, node: int) -> Array:
        """int64[k]: the visible children of a folder in the chosen order."""
        raise NotImplementedError

    # ---- nodes

    def node(self, index: Index) -> int:
        """The node of an index, 0 for the root."""
        return int(index.internalId()) if index.isValid() else 0

    def index_of(self, node: int) -> QModelIndex:
        """The index of a visible node, invalid for the root and for others; hands out the pages up to it."""
        if self._tree is None or not 0 < node < len(self._seen) or not self._seen[node]:
            return QModelIndex()
        above = self._parents[node]
        if above not in self._quick:
            self._list(above)
        row = self._rows[node]
        if row >= self._handed[above]:
            self._hand_out(above, row + PAGE)
        return self.createIndex(row, 0, node)

    def reachable(self, node: int) -> int:
        """The node itself, or the nearest folder above when it lies too far down in one."""
        if self._tree is None or not 0 < node < len(self._visible):
            return node
        for inner in self._tree.ancestors(node)[1:]:
            above = int(self._tree.parent[inner])
            self._list(above)
            if self._visible[inner] and self._row_of[inner] >= max(
                REVEAL_LIMIT, self._handed[above]
            ):
                return above
        return node

    def folders(self, parent: QModelIndex) -> list[QModelIndex]:
        """The handed-out children of an index that have children of their own."""
        node = self.node(parent)
        children = self._list(node)[: self._handed.get(node, 0)].tolist()
        return [
            self.createIndex(row, 0, child)
            for row, child in enumerate(children)
            if self._openable[child]
        ]

    # ---- what Qt asks

    def index(self, row: int, column: int, parent: Index = _NOWHERE) -> QModelIndex:
        node = parent.internalId() if parent.isValid() else 0
        if node not in self._quick:
            self._list(node)
        if 0 <= row < self._handed.get(node, 0) and 0 <= column < self._columns:
            return self.createIndex(row, column, self._quick[node][row])
        return QModelIndex()

    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]  # Qt overloads it with QObject.parent()
        if not index.isValid() or self._tree is None:
            return QModelIndex()
        return self.index_of(self._parents[index.internalId()])

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        if parent.column() > 0:
            return 0
        node = parent.internalId() if parent.isValid() else 0
        if node not in self._quick:
            self._list(node)
        return self._handed.get(node, 0)

    def columnCount(self, _parent: Index = _NOWHERE) -> int:
        return self._columns

    def hasChildren(self, parent: Index = _NOWHERE) -> bool:
        if not parent.isValid():
            return bool(self._openable[0])
        return parent.column() <= 0 and bool(self._openable[parent.internalId()])

    def canFetchMore(self, parent: Index) -> bool:
        if parent.column() > 0:
            return False
        node = parent.internalId() if parent.isValid() else 0
        if node not in self._quick:
            self._list(node)
        return self._handed.get(node, 0) < len(self._quick.get(node, b""))

    def fetchMore(self, parent: Index) -> None:
        node = self.node(parent)
        if self._list(node) is not NOTHING:
            self._hand_out(node, self._handed[node] + PAGE)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._changing = True
        self.layoutAboutToBeChanged.emit()
        kept = self.persistentIndexList()
        self._column, self._descending = column, order == Qt.SortOrder.DescendingOrder
        self._children.clear()
        self._quick.clear()
        moved = []
        for index in kept:
            node = self.node(index)
            above = self._parents[node]
            if above not in self._quick:
                self._list(above)
            row = self._rows[node]
            # What is selected stays known although it may lie far below now.
            self._handed[above] = max(self._handed[above], row + 1)
            moved.append(self.createIndex(row, index.column(), node))
        self.changePersistentIndexList(kept, moved)
        self.layoutChanged.emit()
        self._changing = False

    # ---- folders

    def _list(self, node: int) -> Array:
        """The visible children of a folder in the chosen order; sorted once, when first asked for."""
        children = self._children.get(node)
        if children is None:
            if self._tree is None:
                return NOTHING
            children = self._children[node] = self._sorted(node)
            self._quick[node] = children.data
            self._handed.setdefault(node, min(len(children), PAGE))
            self._row_of[children] = np.arange(len(children), dtype=np.int32)
        return children

    def _hand_out(self, node: int, count: int) -> None:
        have, new = self._handed[node], min(count, len(self._list(node)))
        if new <= have or self._changing:
            return
        above = self.index_of(node)
        self._changing = True
        self.beginInsertRows(above, have, new - 1)
        self._handed[node] = new
        self.endInsertRows()
        self._changing = False
