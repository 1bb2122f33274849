"""What two images' final file systems hold, path by path: one tree over both, and what became of each path."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from explorer.filesystem.columnfile import Array
from explorer.filesystem.jointree import join_trees
from explorer.filesystem.layer import Kind
from explorer.filesystem.texts import Texts
from explorer.filesystem.tree import FileTree
from explorer.filesystem.union import Stack, View, view


class Change(IntEnum):
    """What became of a path from the first image to the second."""

    NONE = 0  # the path is in neither: only something under it is
    SAME = 1
    ADDED = 2
    REMOVED = 3
    CHANGED = 4  # other content, or another kind of entry
    METADATA = 5  # same content, other mode, owner or link text
    MOVED_AWAY = 6  # removed here, and the same content was added at `partner`
    MOVED_HERE = 7  # added here, and the same content was removed at `partner`


@dataclass(frozen=True, eq=False)
class TreeDiff:
    """Both final file systems in one tree of n nodes; the bytes of each side sum to that image's contribution."""

    tree: FileTree
    row_a: Array  # int32[n], the row of the first image's stack at the node, -1 for none
    row_b: Array  # int32[n]
    size_a: Array  # int64[n], payload bytes at the node itself
    size_b: Array  # int64[n]
    change: Array  # uint8[n], Change
    partner: Array  # int32[n], where the same content went or came from, -1 for none
    is_directory: Array  # bool[n], on either side

    def __len__(self) -> int:
        return len(self.tree)

    def count(self, change: Change) -> int:
        """How many paths had this fate, directories left out."""
        return int((self.leaves & (self.change == change)).sum())

    def bytes(self, change: Change) -> tuple[int, int]:
        """Payload bytes of these paths in the first and in the second image."""
        chosen = self.leaves & (self.change == change)
        return int(self.size_a[chosen].sum()), int(self.size_b[chosen].sum())

    @property
    def leaves(self) -> Array:
        """bool[n]: nodes that are no directory on either side."""
        return np.asarray(self.change != Change.NONE) & ~self.is_directory

    @property
    def turned(self) -> Array:
        """bool[n]: nodes that are a directory on one side and something else on the other."""
        return np.asarray(self.is_directory & (self.change == Change.CHANGED))


def diff_trees(a: Stack, b: Stack) -> TreeDiff:
    """Compare the merged file systems of two stacks; time is proportional to their paths."""
    view_a, view_b = view(a, a.merged()), view(b, b.merged())
    tree, place_a, place_b = join_trees(a.tree, view_a.present, b.tree, view_b.present)
    side_a = _Side.of(view_a, place_a, len(tree))
    side_b = _Side.of(view_b, place_b, len(tree))
    change = _changes(a, b, side_a, side_b)
    partner = _pair_moves(a, b, side_a, side_b, change)
    return TreeDiff(
        tree=tree,
        row_a=side_a.row,
        row_b=side_b.row,
        size_a=side_a.size,
        size_b=side_b.size,
        change=change,
        partner=partner,
        is_directory=side_a.is_directory(a) | side_b.is_directory(b),
    )


@dataclass(frozen=True, eq=False)
class _Side:
    """One image in the joined tree."""

    row: Array
    size: Array

    @classmethod
    def of(cls, shown: View, places: Array, count: int) -> _Side:
        """`places` are the joined nodes of the view's present ones."""
        nodes = np.flatnonzero(shown.present)
        row = np.full(count, -1, dtype=np.int32)
        size = np.zeros(count, dtype=np.int64)
        if len(nodes):
            row[places], size[places] = shown.row[nodes], shown.size[nodes]
        return cls(row, size)

    def is_directory(self, stack: Stack) -> Array:
        """bool[n]: a directory, or a path that only what lies under it tells of."""
        found = np.zeros(len(self.row), dtype=bool)
        here = self.row >= 0
        found[here] = stack.kind[self.row[here]] == Kind.DIRECTORY
        return found


def _changes(a: Stack, b: Stack, side_a: _Side, side_b: _Side) -> Array:
    in_a, in_b = side_a.row >= 0, side_b.row >= 0
    change = np.full(len(in_a), Change.NONE, dtype=np.uint8)
    change[in_b & ~in_a] = Change.ADDED
    change[in_a & ~in_b] = Change.REMOVED
    both = np.flatnonzero(in_a & in_b)
    row_a, row_b = side_a.row[both], side_b.row[both]
    kind_a, kind_b = a.kind[row_a], b.kind[row_b]
    held_a, held_b = _content_rows(a, row_a), _content_rows(b, row_b)
    same = np.where(_is_file(kind_a) & _is_file(kind_b), True, kind_a == kind_b)
    payload = (held_a >= 0) & (held_b >= 0)
    same[payload] &= a.size[held_a[payload]] == b.size[held_b[payload]]
    same[payload] &= (a.digest[held_a[payload]] == b.digest[held_b[payload]]).all(axis=1)
    alike = (a.mode[row_a] == b.mode[row_b]) & (a.uid[row_a] == b.uid[row_b])
    alike &= a.gid[row_a] == b.gid[row_b]
    links = np.flatnonzero(same & (kind_a == Kind.SYMLINK))
    alike[links] &= _link_texts(a, row_a[links]).same(_link_texts(b, row_b[links]))
    change[both] = np.where(same, np.where(alike, Change.SAME, Change.METADATA), Change.CHANGED)
    return change


def _content_rows(stack: Stack, rows: Array) -> Array:
    """The row that holds the payload of each row, a hard link's target included; -1 for none."""
    return np.where(_is_file(stack.kind[rows]), stack.payload_row[rows], -1)


def _link_texts(stack: Stack, rows: Array) -> Texts:
    """What the symlinks of some rows say; a row without a text has none."""
    link = stack.link[rows]
    starts = stack.link_offsets[np.maximum(link, 0)]
    return Texts(stack.links, starts, stack.link_offsets[link + 1] - starts)


def _is_file(kind: Array) -> Array:
    return np.asarray((kind == Kind.FILE) | (kind == Kind.HARDLINK))


def _pair_moves(a: Stack, b: Stack, side_a: _Side, side_b: _Side, change: Array) -> Array:
    """Pair what was removed with what was added by content, each once; marks both and returns the partners."""
    partner = np.full(len(change), -1, dtype=np.int32)
    gone = _with_payload(a, side_a.row, np.flatnonzero(change == Change.REMOVED))
    come = _with_payload(b, side_b.row, np.flatnonzero(change == Change.ADDED))
    # Half of the digest tells nearly all apart.
    kept = _on_both(a.digest[side_a.row[gone], 0], b.digest[side_b.row[come], 0])
    gone, come = gone[kept[: len(gone)]], come[kept[len(gone) :]]
    # Equal contents are paired in the order of the tree.
    number = _content_numbers(a, side_a.row[gone], b, side_b.row[come])
    key_gone, key_come = _numbered(number[: len(gone)]), _numbered(number[len(gone) :])
    _, at_gone, at_come = np.intersect1d(key_gone, key_come, True, return_indices=True)
    source, target = gone[at_gone], come[at_come]
    change[source], change[target] = Change.MOVED_AWAY, Change.MOVED_HERE
    partner[source], partner[target] = target, source
    return partner


def _on_both(a: Array, b: Array) -> Array:
    """bool[k]: which values of a, and behind them of b, are in the other one, too."""
    values = np.concatenate([a, b])
    order = np.argsort(values)
    ordered = values[order]
    run = np.concatenate(
        [np.zeros(len(values[:1]), np.int64), np.cumsum(ordered[1:] != ordered[:-1])]
    )
    of_a = np.bincount(run, weights=order < len(a))
    held = np.bincount(run)
    kept = np.empty(len(values), dtype=bool)
    kept[order] = ((of_a > 0) & (of_a < held))[run]
    return kept


def _content_numbers(a: Stack, rows_a: Array, b: Stack, rows_b: Array) -> Array:
    """int64[k]: a number for each content that the rows of a and of b hold, those of a first."""
    digest = np.concatenate([a.digest[rows_a], b.digest[rows_b]])
    size = np.concatenate([a.size[rows_a], b.size[rows_b]])
    columns = digest[:, 0], digest[:, 1], size
    order = np.lexsort(columns)
    other = np.zeros(len(order), dtype=bool)
    for column in columns:
        other[1:] |= column[order][1:] != column[order][:-1]
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.cumsum(other)
    return number


def _numbered(number: Array) -> Array:
    """int64[k]: the numbers made unique by how often each came before."""
    order = np.argsort(number, kind="stable")
    ordered = number[order]
    first = np.searchsorted(ordered, ordered)
    unique = np.empty(len(number), dtype=np.int64)
    unique[order] = (ordered << 32) + np.arange(len(number)) - first
    return unique


def _with_payload(stack: Stack, row: Array, nodes: Array) -> Array:
    held = row[nodes]
    return np.asarray(nodes[(stack.kind[held] == Kind.FILE) & (stack.size[held] > 0)])
