"""What tree and maps of a comparison share: which paths are shown, their bytes on both sides, current node and zoom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from PySide6.QtCore import QObject, Signal

from explorer.compare.comparison import Comparison
from explorer.errors import ExplorerError
from explorer.filesystem.columnfile import Array
from explorer.filesystem.diff import TreeDiff
from explorer.filesystem.tree import FileTree
from explorer.filesystem.union import View
from explorer.findings.query import Query
from explorer.gui.diff_figures import DEFAULT_STATES, TINTS, DiffFigures, Joined, figures
from explorer.gui.jobs import Job, Jobs
from explorer.gui.models.deltas import STATES
from explorer.gui.selection import Navigation
from explorer.task import Task
from explorer.translation import sentences

# Trees of so many nodes are counted on a thread: it takes longer than a window may stand still.
_MANY = 100_000
_COUNT = "explorer.gui.diff_figures:figures"


class SideNavigation(Navigation):
    """One map of the two trees: it stays where the others are although its side may have nothing there."""

    def show(self, tree: FileTree, shown: View) -> None:
        """Show a view of the joined tree."""
        self.tree, self.view = tree, shown
        self.view_changed.emit()


class DiffSelection(QObject):
    """Totals count what states and filter leave; files that are the same count always: they are hidden, not left out.

    With `jobs` a large comparison is counted on a thread; all figures stay as they were until the new ones are there.
    """

    changed = Signal()  # other paths are shown, or another comparison
    busy_changed = Signal()
    failed = Signal(str)
    current_changed = Signal(int)
    hovered = Signal(int)

    def __init__(self, parent: QObject | None = None, jobs: Jobs | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._job: Job | None = None
        self.comparison: Comparison | None = None
        # What is asked for; what is counted follows.
        self.states: frozenset[str] = DEFAULT_STATES
        self.query: Query | None = None
        self.a, self.b, self.delta = (SideNavigation(self) for _ in range(3))
        # One element a node of the joined tree; bytes of the subtree.
        self.total_a = self.total_b = self.churn = np.zeros(1, dtype=np.int64)
        self.visible: Array = np.zeros(1, dtype=bool)
        self.openable = b"\0"
        self.state: Array = np.zeros(1, dtype=np.uint8)  # index into STATES, folders included
        self.leaves: Array = np.zeros(1, dtype=bool)
        self.counts: dict[str, int] = dict.fromkeys(STATES, 0)
        self.ranked: Mapping[int, Array] = {}  # see DiffFigures
        self.tint: Array = np.zeros(1, dtype=np.uint8)  # index into TINTS
        self.tint_bytes: tuple[int, ...] = (0,) * len(TINTS)
        self._joined: Joined | None = None
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

    def set_comparison(self, comparison: Comparison, counted: DiffFigures | None = None) -> None:
        """Show another comparison from its root; `counted` are its figures with the present states, without a filter."""
        self.stop()
        self.query = None
        for side in self.sides:
            side.current = side.zoom = 0
        if counted is None:
            counted = figures(Task(), Joined.of(comparison), self.states, None)
        self._take(counted)

    def show_states(self, states: Iterable[str]) -> None:
        """Keep only what became one of these."""
        self.states = frozenset(states)
        self._renew()

    def set_query(self, query: Query | None) -> None:
        """Keep only what a filter matches in either image; None keeps all."""
        self.query = query
        self._renew()

    def named(self, node: int) -> Array:
        """int64[k]: the children of a folder in the order of their names."""
        assert self._joined is not None
        known = self._joined.named.get(node)
        return self.diff.tree.by_name(self.diff.tree.children(node)) if known is None else known

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

    @property
    def busy(self) -> bool:
        """Whether figures are being counted."""
        return self._job is not None

    def stop(self) -> None:
        """Leave what is being counted."""
        if self._job is not None:
            self._job.cancel()
            self._settle()

    def _renew(self) -> None:
        joined = self._joined
        if joined is None:
            return
        if self._jobs is None or len(joined.own) < _MANY:
            self._take(figures(Task(), joined, self.states, self.query))
            return
        if self._job is not None:
            self._job.cancel()
        asked = joined, self.states, self.query
        self._job = self._jobs.start_waiting(
            _COUNT, asked, on_done=self._counted, on_failed=self._not_counted
        )
        self.busy_changed.emit()

    def _counted(self, counted: DiffFigures) -> None:
        self._settle()
        self._take(counted)

    def _not_counted(self, error: ExplorerError) -> None:
        self._settle()
        self.failed.emit(sentences(error.message, error.hint))

    def _settle(self) -> None:
        self._job = None
        self.busy_changed.emit()

    def _take(self, counted: DiffFigures) -> None:
        joined = self._joined = counted.joined
        self.comparison = joined.comparison
        self.state, self.leaves = joined.state, joined.leaves
        self.total_a, self.total_b, self.churn = counted.total_a, counted.total_b, counted.churn
        self.visible, self.openable, self.counts = counted.visible, counted.openable, counted.counts
        self.ranked = counted.ranked
        self.tint, self.tint_bytes = counted.tint, counted.tint_bytes
        for side, shown in zip((self.a, self.b, self.delta), counted.views, strict=True):
            side.show(self.diff.tree, shown)
        self.changed.emit()
