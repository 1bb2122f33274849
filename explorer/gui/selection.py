"""What the connected views share: the analysis, the view of it, the current node and the node zoomed to."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, Signal

from explorer.filesystem.columnfile import Array
from explorer.filesystem.union import View, view
from explorer.findings.analysis import Analysis

MERGED, ONLY, UP_TO = "merged", "only", "up-to"


class Selection(QObject):
    """One of these drives tree, treemap, details, breadcrumb and status; node ids are those of the stack's tree."""

    view_changed = Signal()
    current_changed = Signal(int)
    zoom_changed = Signal(int)
    hovered = Signal(int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.analysis: Analysis | None = None
        self.view: View | None = None
        self.current = 0
        self.zoom = 0
        self.mode = MERGED
        self.layers: tuple[int, ...] = ()
        self.filter_rows: Array | None = None

    def set_analysis(self, analysis: Analysis) -> None:
        """Show another analysis from its root, all layers merged."""
        self.analysis = analysis
        self.current = self.zoom = 0
        self.mode, self.layers, self.filter_rows = MERGED, (), None
        self._renew()

    def update_analysis(self, analysis: Analysis) -> None:
        """Show a fuller analysis of the same image; the place in the tree is kept by its path."""
        place = self._path(self.current), self._path(self.zoom)
        self.analysis = analysis
        self.filter_rows = None
        found = [max(analysis.stack.tree.find(path), 0) for path in place]
        self.current, self.zoom = found
        self._renew()

    def _path(self, node: int) -> bytes:
        return self.analysis.stack.tree.path(node) if self.analysis is not None else b""

    def set_mode(self, mode: str, layers: tuple[int, ...] = ()) -> None:
        """Merged, one or several layers only, or up to a layer; layers count in the stack."""
        self.mode, self.layers = mode, layers
        self._renew()

    def set_filter(self, rows: Array | None) -> None:
        """Limit tree and map to these rows (bool[r]), None for all."""
        self.filter_rows = rows
        self._renew()

    def mode_rows(self) -> Array:
        """The rows of the mode alone (bool[r]), without the filter."""
        assert self.analysis is not None
        stack = self.analysis.stack
        if self.mode == MERGED or not self.layers:
            return stack.merged()
        if self.mode == UP_TO:
            return stack.up_to(max(self.layers))
        return np.isin(stack.layer, self.layers)

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
        if self.analysis is not None and self.zoom > 0:
            self.set_zoom(int(self.analysis.stack.tree.parent[self.zoom]))

    def _renew(self) -> None:
        assert self.analysis is not None
        rows = self.mode_rows()
        if self.filter_rows is not None:
            # A finding's rows may be hidden in the end (deleted files): they are shown whatever the mode.
            rows = self.filter_rows if self.mode == MERGED else rows & self.filter_rows
        self.view = view(self.analysis.stack, rows)
        if not self.view.present[self.zoom]:
            self.zoom = 0
        self.view_changed.emit()
