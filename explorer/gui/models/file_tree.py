"""The file tree as a Qt model over columns: node ids are internal ids, each directory is sorted when it is looked at."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Qt

from explorer.filesystem.columnfile import Array
from explorer.filesystem.layer import Kind
from explorer.filesystem.union import State, View
from explorer.findings.analysis import Analysis
from explorer.findings.category import CATEGORIES
from explorer.gui.models.node_tree import Index, NodeTree
from explorer.translation import tr
from explorer.units import display_name, share_text, size_text

# Plain ints: looking up Qt.ItemDataRole.DisplayRole costs microseconds in every data() call.
DISPLAY = int(Qt.ItemDataRole.DisplayRole)
ALIGNMENT = int(Qt.ItemDataRole.TextAlignmentRole)
TOOLTIP = int(Qt.ItemDataRole.ToolTipRole)
ACCESSIBLE = int(Qt.ItemDataRole.AccessibleTextRole)
FIRST_ORDER = int(Qt.ItemDataRole.InitialSortOrderRole)
SHARE_ROLE = int(Qt.ItemDataRole.UserRole) + 1
NODE_ROLE = int(Qt.ItemDataRole.UserRole) + 2
RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
NAME, SIZE, SHARE, FILES, LAYER, CATEGORY, STATUS = range(7)


class FileTreeModel(NodeTree):
    """The present nodes of one view; columns name, size, share of the parent, files, layer, category, status."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(7, SIZE, parent)
        self._analysis: Analysis | None = None
        self._view: View | None = None

    def show(self, analysis: Analysis, shown: View) -> None:
        """Show another view."""
        self._changing = True
        self.beginResetModel()
        self._analysis, self._view = analysis, shown
        tree = analysis.stack.tree
        openable = tree.holding(shown.present).astype(np.uint8).tobytes()
        self._take(tree, shown.present, openable)
        self.endResetModel()
        self._changing = False

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = DISPLAY) -> Any:
        if role == DISPLAY and orientation == Qt.Orientation.Horizontal:
            return (
                tr("Name"),
                tr("Size"),
                tr("Of parent"),
                tr("Files"),
                tr("Layer"),
                tr("Category"),
                tr("Status"),
            )[section]
        if SIZE <= section <= LAYER:
            return RIGHT if role == ALIGNMENT else biggest_first(role)
        return None

    def data(self, index: Index, role: int = DISPLAY) -> Any:
        if role == DISPLAY:
            return self.text(index.internalId(), index.column())
        if role == ALIGNMENT:
            return RIGHT if SIZE <= index.column() <= LAYER else None
        if role == SHARE_ROLE:
            return self._share(index.internalId())
        if role == NODE_ROLE:
            return index.internalId()
        if role == ACCESSIBLE:
            return f"{self.text(index.internalId(), NAME)}, {self.text(index.internalId(), SIZE)}"
        return None

    def text(self, node: int, column: int) -> str:
        """What a cell shows."""
        analysis, shown = self._analysis, self._view
        assert analysis is not None
        assert shown is not None
        if column == NAME:
            return display_name(analysis.stack.tree.name(node))
        if column == SIZE:
            return size_text(int(shown.total[node]))
        if column == SHARE:
            return share_text(*self._share_parts(node))
        if column == FILES:
            return f"{int(shown.files[node]):,}" if self._is_directory(node) else ""
        row = int(shown.row[node])
        if row < 0:
            return ""
        if column == LAYER:
            return str(analysis.stack_layers[int(analysis.stack.layer[row])])
        if column == CATEGORY:
            holds = int(analysis.stack.kind[row]) in (Kind.FILE, Kind.HARDLINK)
            return CATEGORIES[int(analysis.category[row])].label() if holds else ""
        return status_text(analysis, row)

    def _sorted(self, node: int) -> Array:
        assert self._analysis is not None
        assert self._view is not None
        shown = self._view
        tree = self._analysis.stack.tree
        nodes = tree.children(node)
        nodes = nodes[shown.present[nodes]]
        if len(nodes) < 2:
            return nodes
        named = tree.by_name(nodes)
        if self._column == NAME:
            return named[::-1] if self._descending else named
        if self._column in (SIZE, SHARE):
            keys = shown.total[named]
        elif self._column == FILES:
            keys = shown.files[named]
        else:
            rows = shown.row[named]
            stack = self._analysis.stack
            column = {LAYER: stack.layer, CATEGORY: self._analysis.category, STATUS: stack.state}
            keys = np.where(rows < 0, -1, column[self._column][rows])
        order = np.argsort(-keys.astype(np.int64) if self._descending else keys, kind="stable")
        return np.asarray(named[order])

    def _is_directory(self, node: int) -> bool:
        assert self._analysis is not None
        assert self._view is not None
        row = int(self._view.row[node])
        return row < 0 or self._analysis.stack.kind[row] == Kind.DIRECTORY

    def _share_parts(self, node: int) -> tuple[int, int]:
        assert self._analysis is not None
        assert self._view is not None
        above = int(self._analysis.stack.tree.parent[node])
        return int(self._view.total[node]), int(self._view.total[max(above, 0)])

    def _share(self, node: int) -> float:
        part, whole = self._share_parts(node)
        return part / whole if whole else 0.0


def biggest_first(role: int) -> Qt.SortOrder | None:
    """What the head of a column of numbers says when it is asked for its first order."""
    return Qt.SortOrder.DescendingOrder if role == FIRST_ORDER else None


def status_text(analysis: Analysis, row: int) -> str:
    """What became of a row: removes, modified, deleted later …; "" for what simply lives."""
    stack = analysis.stack
    kind = int(stack.kind[row])
    if kind == Kind.WHITEOUT:
        return tr("removes the lower one")
    until = int(stack.until[row])
    if kind == Kind.FILE and stack.state[row] != State.LIVE:
        later = analysis.stack_layers[until] if until < stack.layer_count else 0
        texts = {
            State.OVERWRITTEN: tr("overwritten in layer {n}", n=later),
            State.METADATA_COPY: tr("copied again in layer {n}", n=later),
            State.DELETED: tr("deleted in layer {n}", n=later),
            State.DUPLICATE: tr("written twice"),
        }
        return texts[State(int(stack.state[row]))]
    if kind == Kind.HARDLINK:
        return tr("hard link")
    if kind == Kind.SYMLINK:
        return "→ " + display_name(stack.link_target(row), 80)
    return ""
