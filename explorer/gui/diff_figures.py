"""What tree and maps of a comparison show, counted at once and without Qt: a thread may do it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from explorer.compare.comparison import Comparison
from explorer.filesystem.columnfile import Array
from explorer.filesystem.diff import Change, TreeDiff
from explorer.filesystem.union import View
from explorer.findings.query import Query
from explorer.gui.models.deltas import ADDED, CHANGED, MOVED, REMOVED, SAME, STATE_OF, STATES
from explorer.task import Task

if TYPE_CHECKING:
    from explorer.workflow.comparing import Compared, Side

# What changed is what people look for.
DEFAULT_STATES = frozenset({ADDED, REMOVED, CHANGED, MOVED})
_CODES = np.array([STATES.index(STATE_OF[change]) for change in Change], dtype=np.uint8)
_SAME = STATES.index(SAME)
# What the colours of the maps tell.
UNCHANGED, SMALLER, LARGER, MOVES, OTHER = TINTS = range(5)
# Folders with more children are put in order on the thread.
_LONG = 20_000


@dataclass(frozen=True, eq=False)
class Joined:
    """What depends on the comparison alone; one element a node of the joined tree."""

    comparison: Comparison
    own: Array  # uint8[n], index into STATES
    leaves: Array  # bool[n], TreeDiff.leaves
    state: Array  # uint8[n], index into STATES, folders included
    named: Mapping[
        int, Array
    ]  # int64[k], the children of large folders in the order of their names

    @classmethod
    def of(cls, comparison: Comparison) -> Joined:
        """Work it out."""
        diff = comparison.diff
        own, leaves = _CODES[diff.change], np.asarray(diff.leaves)
        # The tree finds out the children of all folders when it is first asked for some: here, where nobody waits.
        diff.tree.children(0)
        lengths = np.bincount(diff.tree.parent[1:])
        named = {
            node: diff.tree.by_name(diff.tree.children(node))
            for node in np.flatnonzero(lengths > _LONG).tolist()
        }
        return cls(comparison, own, leaves, _states(diff, own, leaves), named)


@dataclass(frozen=True, eq=False)
class DiffFigures:
    """What a choice of states and a filter leave of a comparison; bytes of the subtree at each node."""

    joined: Joined
    total_a: Array  # int64[n]
    total_b: Array  # int64[n]
    churn: Array  # int64[n], how many bytes differ
    visible: Array  # bool[n]
    openable: bytes  # one byte a node: whether anything under it is visible
    counts: dict[str, int]  # files of each state that the filter keeps
    views: tuple[View, View, View]  # of A, B and the differences
    ranked: Mapping[int, Array]  # int64[k], of large folders the visible children by difference
    tint: Array  # uint8[n], index into TINTS, folders by their net difference
    tint_bytes: tuple[int, ...]  # what each of TINTS stands for, see _tint_bytes()


def figures(task: Task, joined: Joined, states: frozenset[str], query: Query | None) -> DiffFigures:
    """Count; files that are the same count whatever the states are: they are hidden, not left out. Cancelled."""
    diff, leaves, own = joined.comparison.diff, joined.leaves, joined.own
    tree = diff.tree
    matched = _matched(joined.comparison, query)
    task.checkpoint()
    shown = np.isin(own, [STATES.index(state) for state in states])
    counted = (shown | (own == _SAME)) & matched
    # Folders that nothing lists, and those that stayed, are shown for what is in them.
    chosen = shown & matched & (leaves | (diff.change != Change.NONE))
    visible = tree.roll_up(chosen) > 0
    visible[0] = True
    size_a, size_b = (np.where(counted, size, 0) for size in (diff.size_a, diff.size_b))
    change = np.abs(size_b - size_a)
    task.checkpoint()
    views = []
    for row, size, here in (
        (diff.row_a, size_a, diff.row_a >= 0),
        (diff.row_b, size_b, diff.row_b >= 0),
        (diff.row_b, change, change > 0),
    ):
        total, files = tree.roll_up(size), tree.roll_up(leaves & counted & here)
        views.append(View(row, size, total, files, total > 0))
        task.checkpoint()
    a, b, delta = views
    return DiffFigures(
        joined=joined,
        total_a=a.total,
        total_b=b.total,
        churn=delta.total,
        visible=visible,
        openable=tree.holding(visible).astype(np.uint8).tobytes(),
        counts=_counts(diff, own, leaves & matched),
        views=(a, b, delta),
        ranked={
            node: _ranked(nodes[visible[nodes]], b.total - a.total, delta.total)
            for node, nodes in ((node, tree.children(node)) for node in joined.named)
        },
        tint=_tint(joined, b.total - a.total),
        tint_bytes=_tint_bytes(diff, own, leaves, np.where(leaves, size_b - size_a, 0)),
    )


def opened(task: Task, files: Compared, states: frozenset[str] | None) -> DiffFigures:
    """Map a comparison that a worker wrote and count it, with None in the usual states. ColumnFileInvalid, Cancelled."""
    comparison = files.load()
    task.checkpoint()
    chosen = DEFAULT_STATES if states is None else states
    return figures(task, Joined.of(comparison), chosen, None)


def kept(task: Task, a: Side, b: Side, states: frozenset[str] | None) -> DiffFigures | None:
    """Compare two images of engines of which all is kept, and count; None when not all is. See kept_comparison()."""
    from explorer.workflow.comparing import kept_comparison

    comparison = kept_comparison(task, a, b)
    if comparison is None:
        return None
    task.checkpoint()
    chosen = DEFAULT_STATES if states is None else states
    return figures(task, Joined.of(comparison), chosen, None)


def _matched(comparison: Comparison, query: Query | None) -> Array:
    """bool[n]: what the filter keeps in either image."""
    diff = comparison.diff
    if query is None:
        return np.ones(len(diff), dtype=bool)
    kept = np.zeros(len(diff), dtype=bool)
    for analysis, row in ((comparison.a, diff.row_a), (comparison.b, diff.row_b)):
        rows = np.append(query.rows(analysis), False)  # a row of -1 is the last
        kept |= rows[row]
    return kept


def _counts(diff: TreeDiff, own: Array, chosen: Array) -> dict[str, int]:
    held = np.bincount(own[chosen], minlength=len(STATES)).tolist()
    counts = dict(zip(STATES, held, strict=True))
    # A moved file is one file at two paths.
    counts[MOVED] = int((chosen & (diff.change == Change.MOVED_HERE)).sum())
    return counts


def _states(diff: TreeDiff, own: Array, leaves: Array) -> Array:
    """uint8[n]: what became of each node; of a folder: added or removed as a whole, changed inside, or the same."""
    tree = diff.tree
    inside_a, inside_b = tree.roll_up(diff.row_a >= 0), tree.roll_up(diff.row_b >= 0)
    touched = tree.roll_up(own != _SAME) > 0
    state = own.copy()
    folders = ~leaves
    state[folders] = np.where(touched, STATES.index(CHANGED), _SAME)[folders]
    state[folders & (inside_a == 0) & (inside_b > 0)] = STATES.index(ADDED)
    state[folders & (inside_b == 0) & (inside_a > 0)] = STATES.index(REMOVED)
    return state


def _ranked(nodes: Array, delta: Array, churn: Array) -> Array:
    """The nodes by how much they differ, as the tree is sorted at first."""
    return np.asarray(nodes[np.lexsort((-churn[nodes], -np.abs(delta[nodes])))])


def _tint(joined: Joined, delta: Array) -> Array:
    tint = np.where(delta < 0, SMALLER, np.where(delta > 0, LARGER, UNCHANGED)).astype(np.uint8)
    tint[joined.leaves & (joined.state == STATES.index(MOVED))] = MOVES
    tint[joined.leaves & (joined.state == STATES.index(CHANGED)) & (delta == 0)] = OTHER
    return tint


def _tint_bytes(diff: TreeDiff, own: Array, leaves: Array, delta: Array) -> tuple[int, ...]:
    """Bytes that are the same, that files lost and gained, and that moved; of other modes and owners none."""
    moved = leaves & (own == STATES.index(MOVED))
    same = leaves & (own == _SAME)
    return (
        int(diff.size_b[same].sum()),
        int(-delta[(delta < 0) & ~moved].sum()),
        int(delta[(delta > 0) & ~moved].sum()),
        int(delta[moved & (delta > 0)].sum()),
        0,
    )
