"""Two file trees as one Qt model: each folder is sorted when it is looked at, and long ones are handed out in pages."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from explorer.filesystem.columnfile import Array
from explorer.gui.diff_selection import DiffSelection
from explorer.gui.models.deltas import STATES, change_text, held_size
from explorer.gui.models.file_tree import (
    ACCESSIBLE,
    ALIGNMENT,
    DISPLAY,
    RIGHT,
    TOOLTIP,
    biggest_first,
)
from explorer.gui.widgets.plain_label import tooltip_text
from explorer.translation import mark, tr
from explorer.units import count_text, display_name, signed_size

DELTA_ROLE = int(Qt.ItemDataRole.UserRole) + 5
NAME, SIZE_A, SIZE_B, DELTA, STATE = range(5)
_HEADS = (mark("Name"), "A", "B", mark("Difference"), mark("State"))
# Views ask for every row of an open folder, so that a million of them at once would stall.
PAGE = 2000
# Views take a second to get so far in one folder; what lies behind is found by a filter.
REVEAL_LIMIT = 20_000
Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class DiffTreeModel(QAbstractItemModel):
    """The visible nodes of a DiffSelection; internal ids are its node ids, columns name, A, B, difference, state."""

    def __init__(self, selection: DiffSelection, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._selection = selection
        self._children: dict[int, Array] = {}
        self._handed: dict[int, int] = {}  # how many children of a folder views know of
        self._row_of: Array = np.full(1, -1, dtype=np.int32)
        self._openable = b"\0"
        self._most = 1
        self._column, self._descending = DELTA, True
        # Pages are not handed out in the middle of another change.
        self._changing = False

    def renew(self) -> None:
        """Show what the selection shows now."""
        self._changing = True
        self.beginResetModel()
        self._children.clear()
        self._handed.clear()
        chosen = self._selection
        if chosen.comparison is not None:
            tree = chosen.diff.tree
            self._row_of = np.full(len(tree), -1, dtype=np.int32)
            self._openable = chosen.openable
            top = tree.children(0)
            deltas = np.abs(chosen.total_b[top] - chosen.total_a[top])
            self._most = max(int(deltas.max()) if len(deltas) else 0, 1)
        self.endResetModel()
        self._changing = False

    # ---- nodes

    def node(self, index: Index) -> int:
        """The node of an index, 0 for the root."""
        return int(index.internalId()) if index.isValid() else 0

    def index_of(self, node: int) -> QModelIndex:
        """The index of a visible node, invalid for the root and for others; hands out the pages up to it."""
        chosen = self._selection
        if chosen.comparison is None or not 0 < node < len(chosen.visible):
            return QModelIndex()
        if not chosen.visible[node]:
            return QModelIndex()
        above = int(chosen.diff.tree.parent[node])
        self._list(above)
        row = int(self._row_of[node])
        if row >= self._handed[above]:
            self._hand_out(above, row + PAGE)
        return self.createIndex(row, 0, node)

    def reachable(self, node: int) -> int:
        """The node itself, or the nearest folder above when it lies too far down in one."""
        chosen = self._selection
        for inner in chosen.diff.tree.ancestors(node)[1:] if chosen.comparison is not None else ():
            above = int(chosen.diff.tree.parent[inner])
            self._list(above)
            if chosen.visible[inner] and self._row_of[inner] >= max(
                REVEAL_LIMIT, self._handed[above]
            ):
                return above
        return node

    def next_change(self, node: int, step: int) -> int:
        """The next (1) or the former (-1) changed path in the order of the tree that holds no other; -1 for none."""
        if self._selection.comparison is None:
            return -1
        if node == 0 or (step > 0 and self._first_changed(self._list(node)) >= 0):
            found = self._leaf(node, step)
            return found or -1
        while node:
            beside = self._beside(node, step)
            if beside >= 0:
                return self._leaf(beside, step)
            node = int(self._selection.diff.tree.parent[node])
        return -1

    def _leaf(self, node: int, step: int) -> int:
        """The first (1) or last (-1) changed path below a node, itself when there is none."""
        while (inner := self._first_changed(self._list(node)[:: 1 if step > 0 else -1])) >= 0:
            node = inner
        return node

    def _beside(self, node: int, step: int) -> int:
        """The next changed sibling, -1 for none."""
        children = self._list(int(self._selection.diff.tree.parent[node]))
        own = int(self._row_of[node])
        return self._first_changed(children[own + 1 :] if step > 0 else children[:own][::-1])

    def _first_changed(self, nodes: Array) -> int:
        """The first of some nodes that is not the same, -1 for none."""
        for start in range(0, len(nodes), PAGE):
            page = nodes[start : start + PAGE]
            changed = np.flatnonzero(self._selection.state[page] != _SAME)
            if len(changed):
                return int(page[changed[0]])
        return -1

    # ---- what Qt asks

    def index(self, row: int, column: int, parent: Index = _NOWHERE) -> QModelIndex:
        node = self.node(parent)
        children = self._list(node)
        if 0 <= row < self._handed.get(node, 0) and 0 <= column < len(_HEADS):
            return self.createIndex(row, column, int(children[row]))
        return QModelIndex()

    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]  # Qt overloads it with QObject.parent()
        if not index.isValid() or self._selection.comparison is None:
            return QModelIndex()
        return self.index_of(int(self._selection.diff.tree.parent[index.internalId()]))

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        if parent.column() > 0:
            return 0
        node = self.node(parent)
        self._list(node)
        return self._handed.get(node, 0)

    def columnCount(self, _parent: Index = _NOWHERE) -> int:
        return len(_HEADS)

    def hasChildren(self, parent: Index = _NOWHERE) -> bool:
        if not parent.isValid():
            return bool(self._openable[0])
        return parent.column() <= 0 and bool(self._openable[parent.internalId()])

    def canFetchMore(self, parent: Index) -> bool:
        node = self.node(parent)
        return parent.column() <= 0 and self._handed.get(node, 0) < len(self._list(node))

    def fetchMore(self, parent: Index) -> None:
        node = self.node(parent)
        if self._list(node) is not _NOTHING:
            self._hand_out(node, self._handed[node] + PAGE)

    def folders(self, parent: QModelIndex) -> list[QModelIndex]:
        """The handed-out children of an index that have children of their own."""
        node = self.node(parent)
        children = self._list(node)[: self._handed.get(node, 0)].tolist()
        return [
            self.createIndex(row, 0, child)
            for row, child in enumerate(children)
            if self._openable[child]
        ]

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = DISPLAY) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == DISPLAY:
            return tr(_HEADS[section])
        if role == TOOLTIP and section == DELTA:
            return tooltip_text(tr("B minus A; sorted by how much it is, whatever its sign"))
        if SIZE_A <= section <= DELTA:
            return RIGHT if role == ALIGNMENT else biggest_first(role)
        return None

    def data(self, index: Index, role: int = DISPLAY) -> Any:
        if not index.isValid():
            return None
        if role == DISPLAY:
            return self.text(index.internalId(), index.column())
        if role == ALIGNMENT:
            return RIGHT if SIZE_A <= index.column() <= DELTA else None
        if role == DELTA_ROLE:
            return self._delta(index.internalId()) / self._most
        if role == ACCESSIBLE:
            node = index.internalId()
            return ", ".join(self.text(node, column) for column in (NAME, DELTA, STATE))
        if role == TOOLTIP:
            return tooltip_text(self.tip(index.internalId()))
        return None

    def text(self, node: int, column: int) -> str:
        """What a cell shows."""
        chosen = self._selection
        if column == NAME:
            return display_name(chosen.diff.tree.name(node))
        if column == SIZE_A:
            return held_size(int(chosen.total_a[node]))
        if column == SIZE_B:
            return held_size(int(chosen.total_b[node]))
        if column == DELTA:
            return signed_size(self._delta(node))
        sign = STATES[int(chosen.state[node])]
        partner = int(chosen.diff.partner[node])
        if partner >= 0:
            return f"{sign} /{display_name(chosen.diff.tree.path(partner), 120)}"
        own = change_text(int(chosen.diff.change[node])) if not self._openable[node] else ""
        return f"{sign} {own}".rstrip() if own and sign != STATES[-1] else sign

    def tip(self, node: int) -> str:
        """A path with its exact figures."""
        chosen = self._selection
        a, b = int(chosen.total_a[node]), int(chosen.total_b[node])
        path = display_name(chosen.diff.tree.path(node))
        return f"/{path}\nA {count_text(a)} B · B {count_text(b)} B · Δ {b - a:+,} B"

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._changing = True
        self.layoutAboutToBeChanged.emit()
        kept = self.persistentIndexList()
        self._column, self._descending = column, order == Qt.SortOrder.DescendingOrder
        self._children.clear()
        moved = []
        for index in kept:
            node = self.node(index)
            above = int(self._selection.diff.tree.parent[node])
            self._list(above)
            row = int(self._row_of[node])
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
            if self._selection.comparison is None:
                return _NOTHING
            children = self._sorted(node)
            self._children[node] = children
            self._handed.setdefault(node, min(len(children), PAGE))
            self._row_of[children] = np.arange(len(children), dtype=np.int32)
        return children

    def _sorted(self, node: int) -> Array:
        chosen = self._selection
        if self._column == NAME:
            named = chosen.named(node)
            named = named[chosen.visible[named]]
            return named[::-1] if self._descending else named
        nodes = chosen.diff.tree.children(node)
        nodes = nodes[chosen.visible[nodes]]
        if self._column == SIZE_A:
            keys = chosen.total_a[nodes]
        elif self._column == SIZE_B:
            keys = chosen.total_b[nodes]
        elif self._column == STATE:
            keys = chosen.state[nodes].astype(np.int64)
        else:
            keys = np.abs(chosen.total_b[nodes] - chosen.total_a[nodes])
        keys = -keys if self._descending else keys
        return np.asarray(nodes[np.lexsort((-chosen.churn[nodes], keys))])

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

    def _delta(self, node: int) -> int:
        return int(self._selection.total_b[node]) - int(self._selection.total_a[node])


_NOTHING: Array = np.zeros(0, dtype=np.int64)
_SAME = len(STATES) - 1
