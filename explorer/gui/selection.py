"""What connected views share: a tree, the view of it, the current node and the node zoomed to; and of which analysis."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, Signal

from explorer.filesystem.columnfile import Array
from explorer.filesystem.tree import FileTree
from explorer.filesystem.union import View, view
from explorer.findings.analysis import Analysis

MERGED, ONLY, UP_TO = "merged", "only", "up-to"


class Navigation(QObject):
    """Drives tree, treemap, breadcrumb and details; node ids are those of `tree`."""

    view_changed = Signal()
    current_changed = Signal(int)
    zoom_changed = Signal(int)
    hovered = Signal(int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.tree: FileTree | None = None
        self.view: View | None = None
        self.current = 0
        self.zoom = 0

    def show(self, tree: FileTree, shown: View) -> None:
        """Show a view of a tree; the zoom leaves a folder that is not in it."""
        self.tree, self.view = tree, shown
        if not shown.present[self.zoom]:
            self.zoom = 0
        self.view_changed.emit()

    def set_current(self, node: int) -> None:
        """Make a node the current one."""
        if node != self.current and node >= 0:
            self.current = node
            self.current_changed.emit(node)

    def set_zoom(self, node: int) -> None:
        """Zoom the map to a directory."""
        if node != self.zoom and node >= 0:
            self.zoom = node
            self.zoom_changed.emit(node)

    def zoom_out(self) -> None:
        """Zoom to the directory above."""
        if self.tree is not None and self.zoom > 0:
            self.set_zoom(int(self.tree.parent[self.zoom]))


class Selection(Navigation):
    """The navigation of one analysed image: which layers are shown, and which of their rows."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.analysis: Analysis | None = None
        self.mode = MERGED
        self.layers: tuple[int, ...] = ()
        # Rows of an opened finding and rows that the filter keeps, each bool[r] or None for all.
        self.finding_rows: Array | None = None
        self.query_rows: Array | None = None
        # Whether the filter looks at hidden files too, whatever the mode.
        self.everywhere = False

    def set_analysis(self, analysis: Analysis) -> None:
        """Show another analysis from its root, all layers merged."""
        self.current = self.zoom = 0
        self.mode, self.layers = MERGED, ()
        self._take(analysis)

    def update_analysis(self, analysis: Analysis) -> None:
        """Show a fuller analysis of the same image; the place in the tree is kept by its path, the layers by number."""
        paths = self._path(self.current), self._path(self.zoom)
        chosen = [self.analysis.stack_layers[k] for k in self.layers] if self.analysis else []
        self.current, self.zoom = (max(analysis.stack.tree.find(path), 0) for path in paths)
        self.layers = tuple(analysis.stack_layers.index(n) for n in chosen)
        self._take(analysis)

    def _take(self, analysis: Analysis) -> None:
        self.analysis = analysis
        self.finding_rows = self.query_rows = None
        self.everywhere = False
        self._renew()

    def _path(self, node: int) -> bytes:
        return self.tree.path(node) if self.tree is not None else b""

    def set_mode(self, mode: str, layers: tuple[int, ...] = ()) -> None:
        """Merged, one or several layers only, or up to a layer; layers count in the stack."""
        self.mode, self.layers = mode, layers
        self._renew()

    def set_finding(self, rows: Array | None) -> None:
        """Limit tree and map to a finding's rows (bool[r]), None for all."""
        self.finding_rows = rows
        self._renew()

    def set_query(self, rows: Array | None, *, everywhere: bool = False) -> None:
        """Limit tree and map to the rows a filter keeps (bool[r]), None for all; `everywhere` shows hidden ones too."""
        self.query_rows, self.everywhere = rows, everywhere
        self._renew()

    def mode_rows(self) -> Array:
        """The rows of the mode alone (bool[r]), without finding and filter."""
        assert self.analysis is not None
        stack = self.analysis.stack
        if self.mode == MERGED or not self.layers:
            return stack.merged()
        if self.mode == UP_TO:
            return stack.up_to(max(self.layers))
        return np.isin(stack.layer, self.layers)

    def _renew(self) -> None:
        assert self.analysis is not None
        stack = self.analysis.stack
        rows = self.mode_rows()
        if self.everywhere:
            rows = np.ones(len(stack), dtype=bool)
        if self.finding_rows is not None:
            # A finding's files may be hidden in the end (deleted ones): they are shown although nothing is chosen.
            rows = self.finding_rows if self.mode == MERGED else rows & self.finding_rows
        if self.query_rows is not None:
            rows = rows & self.query_rows
        self.show(stack.tree, view(stack, rows))
