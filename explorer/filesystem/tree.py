"""A file tree as columns, and what one choice of rows looks like in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from explorer.filesystem.columnfile import Array
from explorer.filesystem.texts import Texts

# Of so few names Python objects are put in order faster than a blob is read.
_FEW = 2000


@dataclass(frozen=True, eq=False)
class FileTree:
    """Every path that any layer holds: n nodes in preorder (parents first, each subtree contiguous), node 0 the root."""

    parent: Array  # int32[n], -1 for the root
    end: Array  # int32[n], the subtree of i is the nodes i <= j < end[i]
    depth: Array  # int32[n], 0 for the root
    name_offsets: Array  # int64[n + 1]
    names: Array  # uint8[*]

    def __len__(self) -> int:
        return len(self.parent)

    def name(self, node: int) -> bytes:
        """Last path component, b"" for the root."""
        start, stop = self.name_offsets[node], self.name_offsets[node + 1]
        return self.names[start:stop].tobytes()

    def path(self, node: int) -> bytes:
        """Path from the root without a leading slash, b"" for the root itself."""
        parts = []
        while node > 0:
            parts.append(self.name(node))
            node = int(self.parent[node])
        return b"/".join(reversed(parts))

    def ancestors(self, node: int) -> list[int]:
        """The way from the root to the node, both included."""
        way = [node]
        while way[-1] > 0:
            way.append(int(self.parent[way[-1]]))
        return way[::-1]

    def children(self, node: int) -> Array:
        """int32[k] node ids of the direct children, in preorder."""
        offsets = self._child_offsets
        return self._child_list[offsets[node] : offsets[node + 1]]

    def by_name(self, nodes: Array) -> Array:
        """The nodes (int[k]) in the order of their names' bytes, equal ones as they stand."""
        if len(nodes) > _FEW:
            return nodes[Texts.of(self.names, self.name_offsets, nodes).order()]
        blob = self.names.data
        starts, stops = self.name_offsets[nodes].tolist(), self.name_offsets[nodes + 1].tolist()
        names = [bytes(blob[a:b]) for a, b in zip(starts, stops, strict=True)]
        return nodes[np.array(sorted(range(len(names)), key=names.__getitem__), dtype=np.int64)]

    def find(self, path: bytes) -> int:
        """Node of a path (slashes at the ends ignored), -1 when there is none."""
        node = 0
        for part in filter(None, path.split(b"/")):
            node = next((c for c in self.children(node).tolist() if self.name(c) == part), -1)
            if node < 0:
                return -1
        return node

    @cached_property
    def _child_list(self) -> Array:
        return np.argsort(self.parent[1:], kind="stable").astype(np.int32) + 1

    @cached_property
    def _child_offsets(self) -> Array:
        counts = np.bincount(self.parent[1:], minlength=len(self))
        return np.concatenate([[0], np.cumsum(counts)])

    def roll_up(self, values: Array) -> Array:
        """For each node the sum of `values` over its subtree; int64[n] -> int64[n], one pass."""
        sums = np.concatenate([[0], np.cumsum(values, dtype=np.int64)])
        return np.asarray(sums[self.end] - sums[np.arange(len(self))])

    def holding(self, mask: Array) -> Array:
        """bool[n]: the nodes beneath which something of `mask` (bool[n]) is."""
        counts = np.concatenate([[0], np.cumsum(mask)])
        return np.asarray(counts[self.end] > counts[1:])


def preorder(parents: list[int], names: list[bytes]) -> tuple[FileTree, Array]:
    """The tree in preorder, siblings in the order of their first appearance, and each old node's new place."""
    count = len(parents)
    parent = np.asarray(parents, dtype=np.int64)
    depth = _depths(parent)
    subtree = np.ones(count, dtype=np.int64)
    by_depth = np.argsort(depth, kind="stable")
    bounds = np.searchsorted(depth[by_depth], np.arange(int(depth.max()) + 2))
    levels = [by_depth[a:b] for a, b in pairwise(bounds)]
    for level in reversed(levels[1:]):
        np.add.at(subtree, parent[level], subtree[level])
    position = np.zeros(count, dtype=np.int64)
    for mixed in levels[1:]:
        # In order of appearance; a stable sort groups siblings without changing their order.
        level = mixed[np.argsort(parent[mixed], kind="stable")]
        before = np.cumsum(subtree[level]) - subtree[level]
        above = parent[level]
        starts = np.concatenate([[True], above[1:] != above[:-1]])
        group_start = np.repeat(
            before[starts], np.diff(np.concatenate([np.flatnonzero(starts), [len(level)]]))
        )
        position[level] = position[above] + 1 + before - group_start
    order = np.argsort(position)
    lengths = np.fromiter(map(len, names), dtype=np.int64, count=count)[order]
    new_parent = parent[order]
    new_parent[1:] = position[new_parent[1:]]
    tree = FileTree(
        parent=new_parent.astype(np.int32),
        end=(np.arange(count) + subtree[order]).astype(np.int32),
        depth=depth[order].astype(np.int32),
        name_offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        names=np.frombuffer(b"".join([names[i] for i in order.tolist()]), dtype=np.uint8),
    )
    return tree, position


def _depths(parent: Array) -> Array:
    """Depth of each node; parents come before their children."""
    depth = [0] * len(parent)
    parents = parent.tolist()
    for node in range(1, len(parents)):
        depth[node] = depth[parents[node]] + 1
    return np.asarray(depth, dtype=np.int64)
