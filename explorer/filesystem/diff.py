"""What two images' final file systems hold, path by path: one tree over both, and what became of each path."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from explorer.filesystem.columnfile import Array
from explorer.filesystem.layer import Kind, names_list
from explorer.filesystem.tree import FileTree, preorder
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
    join = _Join()
    view_a, view_b = view(a, a.merged()), view(b, b.merged())
    place_a, place_b = join.add(a.tree, view_a), join.add(b.tree, view_b)
    tree, position = preorder(join.parents, join.names)
    side_a = _Side.of(view_a, position[place_a], len(tree))
    side_b = _Side.of(view_b, position[place_b], len(tree))
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


class _Join:
    """Two trees become one: nodes by parent and name, in the order of their first appearance."""

    def __init__(self) -> None:
        self.parents = [-1]
        self.names = [b""]
        self._known: dict[tuple[int, bytes], int] = {}

    def add(self, tree: FileTree, shown: View) -> Array:
        """int64[k]: the joined node of each present node of a tree."""
        present = np.flatnonzero(shown.present).tolist()
        parents, names = tree.parent.tolist(), names_list(tree.names, tree.name_offsets)
        place = {0: 0}
        known, joined = self._known, []
        for node in present:
            if node:
                key = place[parents[node]], names[node]
                found = known.get(key)
                if found is None:
                    found = known[key] = len(self.parents)
                    self.parents.append(key[0])
                    self.names.append(key[1])
                place[node] = found
            joined.append(place[node])
        return np.asarray(joined, dtype=np.int64)


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
    for index in links.tolist():
        alike[index] &= a.link_target(int(row_a[index])) == b.link_target(int(row_b[index]))
    change[both] = np.where(same, np.where(alike, Change.SAME, Change.METADATA), Change.CHANGED)
    return change


def _content_rows(stack: Stack, rows: Array) -> Array:
    """The row that holds the payload of each row, a hard link's target included; -1 for none."""
    return np.where(_is_file(stack.kind[rows]), stack.payload_row[rows], -1)


def _is_file(kind: Array) -> Array:
    return np.asarray((kind == Kind.FILE) | (kind == Kind.HARDLINK))


def _pair_moves(a: Stack, b: Stack, side_a: _Side, side_b: _Side, change: Array) -> Array:
    """Pair what was removed with what was added by content, each once; marks both and returns the partners."""
    partner = np.full(len(change), -1, dtype=np.int32)
    gone = _with_payload(a, side_a.row, np.flatnonzero(change == Change.REMOVED))
    come = _with_payload(b, side_b.row, np.flatnonzero(change == Change.ADDED))
    # Half of the digest tells nearly all apart; only the few that are left are looked at one by one.
    half_gone, half_come = a.digest[side_a.row[gone], 0], b.digest[side_b.row[come], 0]
    gone, come = gone[np.isin(half_gone, half_come)], come[np.isin(half_come, half_gone)]
    waiting: dict[tuple[int, int, int], list[int]] = {}
    for node in gone.tolist()[::-1]:
        waiting.setdefault(_content(a, int(side_a.row[node])), []).append(node)
    for node in come.tolist():
        froms = waiting.get(_content(b, int(side_b.row[node])))
        if froms:
            source = froms.pop()
            change[source], change[node] = Change.MOVED_AWAY, Change.MOVED_HERE
            partner[source], partner[node] = node, source
    return partner


def _with_payload(stack: Stack, row: Array, nodes: Array) -> Array:
    held = row[nodes]
    return np.asarray(nodes[(stack.kind[held] == Kind.FILE) & (stack.size[held] > 0)])


def _content(stack: Stack, row: int) -> tuple[int, int, int]:
    low, high = stack.digest[row].tolist()
    return low, high, int(stack.size[row])
