"""What tree and maps of a comparison share: which paths are shown, their bytes on both sides, current node and zoom."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from PySide6.QtCore import QObject, Signal

from explorer.compare.comparison import Comparison
from explorer.filesystem.columnfile import Array
from explorer.filesystem.diff import Change, TreeDiff
from explorer.filesystem.tree import FileTree
from explorer.filesystem.union import View
from explorer.findings.query import Query
from explorer.gui.models.deltas import ADDED, CHANGED, MOVED, REMOVED, SAME, STATE_OF, STATES
from explorer.gui.selection import Navigation

# What changed is what people look for.
DEFAULT_STATES = frozenset({ADDED, REMOVED, CHANGED, MOVED})
_CODES = np.array([STATES.index(STATE_OF[change]) for change in Change], dtype=np.uint8)
_SAME = STATES.index(SAME)


class SideNavigation(Navigation):
    """One map of the two trees: it stays where the others are although its side may have nothing there."""

    def show(self, tree: FileTree, shown: View) -> None:
        """Show a view of the joined tree."""
        self.tree, self.view = tree, shown
        self.view_changed.emit()


class DiffSelection(QObject):
    """Totals count what states and filter leave; files that are the same count always: they are hidden, not left out."""

    changed = Signal()  # other paths are shown, or another comparison
    current_changed = Signal(int)
    hovered = Signal(int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.comparison: Comparison | None = None
        self.states: frozenset[str] = DEFAULT_STATES
        self.query: Query | None = None
        self.a, self.b, self.delta = (SideNavigation(self) for _ in range(3))
        # One element a node of the joined tree; bytes of the subtree.
        self.total_a = self.total_b = self.churn = np.zeros(1, dtype=np.int64)
        self.visible: Array = np.zeros(1, dtype=bool)
        self.state: Array = np.zeros(1, dtype=np.uint8)  # index into STATES, folders included
        self.counts: dict[str, int] = dict.fromkeys(STATES, 0)
        self._own: Array = np.zeros(1, dtype=np.uint8)
        self._leaves: Array = np.zeros(1, dtype=bool)
        self._linking = False
        for side in self.sides:
            side.current_changed.connect(self.set_current)
            side.zoom_changed.connect(self.set_zoom)
            side.hovered.connect(self.hovered)

    # ---- what it is about

    @property
    def sides(self) -> tuple[Navigation, Navigation, Navigation]:
        """The navigations of the maps A, B and Δ."""
        return self.a, self.b, self.delta

    @property
    def diff(self) -> TreeDiff:
        """The joined tree; only while a comparison is shown."""
        assert self.comparison is not None
        return self.comparison.diff

    @property
    def current(self) -> int:
        """The current node."""
        return self.a.current

    @property
    def zoom(self) -> int:
        """The folder that the maps show."""
        return self.a.zoom

    def set_comparison(self, comparison: Comparison) -> None:
        """Show another comparison from its root."""
        self.comparison = comparison
        diff = comparison.diff
        self._own = _CODES[diff.change]
        self._leaves = np.asarray(diff.leaves)
        self.state = _states(diff, self._own)
        self.query = None
        for side in self.sides:
            side.current = side.zoom = 0
        self._renew()

    def show_states(self, states: Iterable[str]) -> None:
        """Keep only what became one of these."""
        self.states = frozenset(states)
        self._renew()

    def set_query(self, query: Query | None) -> None:
        """Keep only what a filter matches in either image; None keeps all."""
        self.query = query
        self._renew()

    # ---- where people are

    def set_current(self, node: int) -> None:
        """Make a node the current one everywhere."""
        if self._linking or node < 0:
            return
        self._linking = True
        for side in self.sides:
            side.set_current(node)
        self._linking = False
        self.current_changed.emit(node)

    def set_zoom(self, node: int) -> None:
        """Zoom all maps to a folder."""
        if self._linking or node < 0:
            return
        self._linking = True
        for side in self.sides:
            side.set_zoom(node)
        self._linking = False

    def zoom_out(self) -> None:
        """Zoom to the folder above."""
        self.delta.zoom_out()

    def share(self, side: Navigation) -> float:
        """How much of its room a map's folder takes, so that A and B have one scale of bytes."""
        zoom = self.zoom
        most = max(int(self.total_a[zoom]), int(self.total_b[zoom]))
        if side is self.delta or not most:
            return 1.0
        return int((self.total_a if side is self.a else self.total_b)[zoom]) / most

    # ---- the figures

    def _renew(self) -> None:
        if self.comparison is None:
            return
        diff, tree = self.diff, self.diff.tree
        matched = self._matched()
        shown = np.isin(self._own, [STATES.index(state) for state in self.states])
        counted = (shown | (self._own == _SAME)) & matched
        size_a, size_b = (np.where(counted, size, 0) for size in (diff.size_a, diff.size_b))
        change = np.abs(size_b - size_a)
        self.total_a, self.total_b = tree.roll_up(size_a), tree.roll_up(size_b)
        self.churn = tree.roll_up(change)
        # Folders that nothing lists, and those that stayed, are shown for what is in them.
        own = shown & matched & (self._leaves | (diff.change != Change.NONE))
        self.visible = tree.roll_up(own) > 0
        self.visible[0] = True
        self._count(matched)
        files_a, files_b = (
            tree.roll_up(self._leaves & counted & (row >= 0)) for row in (diff.row_a, diff.row_b)
        )
        changed_files = tree.roll_up(self._leaves & counted & (change > 0))
        for side, row, size, total, files in (
            (self.a, diff.row_a, size_a, self.total_a, files_a),
            (self.b, diff.row_b, size_b, self.total_b, files_b),
            (self.delta, diff.row_b, change, self.churn, changed_files),
        ):
            side.show(tree, View(row, size, total, files, total > 0))
        self.changed.emit()

    def _matched(self) -> Array:
        """bool[n]: what the filter keeps."""
        assert self.comparison is not None
        if self.query is None:
            return np.ones(len(self.diff), dtype=bool)
        kept = np.zeros(len(self.diff), dtype=bool)
        for analysis, row in (
            (self.comparison.a, self.diff.row_a),
            (self.comparison.b, self.diff.row_b),
        ):
            rows = np.append(self.query.rows(analysis), False)  # a row of -1 is the last
            kept |= rows[row]
        return kept

    def _count(self, matched: Array) -> None:
        chosen = self._leaves & matched
        held = np.bincount(self._own[chosen], minlength=len(STATES)).tolist()
        self.counts = dict(zip(STATES, held, strict=True))
        # A moved file is one file at two paths.
        self.counts[MOVED] = int((chosen & (self.diff.change == Change.MOVED_HERE)).sum())


def _states(diff: TreeDiff, own: Array) -> Array:
    """uint8[n]: what became of each node; of a folder: added or removed as a whole, changed inside, or the same."""
    tree = diff.tree
    inside_a, inside_b = tree.roll_up(diff.row_a >= 0), tree.roll_up(diff.row_b >= 0)
    touched = tree.roll_up(own != _SAME) > 0
    state = own.copy()
    folders = ~np.asarray(diff.leaves)
    state[folders] = np.where(touched, STATES.index(CHANGED), _SAME)[folders]
    state[folders & (inside_a == 0) & (inside_b > 0)] = STATES.index(ADDED)
    state[folders & (inside_b == 0) & (inside_a > 0)] = STATES.index(REMOVED)
    return state
