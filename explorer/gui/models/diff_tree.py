"""Two file trees as one Qt model: each folder is sorted when it is looked at, and long ones are handed out in pages."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Qt

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
from explorer.gui.models.node_tree import PAGE, Index, NodeTree
from explorer.gui.widgets.plain_label import tooltip_text
from explorer.translation import mark, tr
from explorer.units import count_text, display_name, signed_size

DELTA_ROLE = int(Qt.ItemDataRole.UserRole) + 5
NAME, SIZE_A, SIZE_B, DELTA, STATE = range(5)
_HEADS = (mark("Name"), "A", "B", mark("Difference"), mark("State"))


class DiffTreeModel(NodeTree):
    """The visible nodes of a DiffSelection; internal ids are its node ids, columns name, A, B, difference, state."""

    def __init__(self, selection: DiffSelection, parent: QObject | None = None) -> None:
        super().__init__(len(_HEADS), DELTA, parent)
        self._selection = selection
        self._most = 1

    def renew(self) -> None:
        """Show what the selection shows now."""
        self._changing = True
        self.beginResetModel()
        chosen = self._selection
        if chosen.comparison is not None:
            tree = chosen.diff.tree
            self._take(tree, chosen.visible, chosen.openable)
            top = tree.children(0)
            deltas = np.abs(chosen.total_b[top] - chosen.total_a[top])
            self._most = max(int(deltas.max()) if len(deltas) else 0, 1)
        self.endResetModel()
        self._changing = False

    # ---- changes

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

    def _sorted(self, node: int) -> Array:
        chosen = self._selection
        if self._column == NAME:
            named = chosen.named(node)
            named = named[self._visible[named]]
            return named[::-1] if self._descending else named
        if self._column == DELTA and self._descending and node in chosen.ranked:
            return chosen.ranked[node]
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

    def _delta(self, node: int) -> int:
        return int(self._selection.total_b[node]) - int(self._selection.total_a[node])


_SAME = len(STATES) - 1
