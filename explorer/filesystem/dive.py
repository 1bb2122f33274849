"""dive's own efficiency and wasted bytes, by dive's formula, for people who compare.

Source: wagoodman/dive d6c6919, dive/filetree/efficiency.go:38-131 and dive/image/analysis.go:20-47. Its flaws are kept
on purpose (a deleted directory raises the efficiency, the live copy counts as wasted); our own figures are exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.filesystem.columnfile import Array
from explorer.filesystem.layer import Flag, Kind
from explorer.filesystem.union import Stack

_OPAQUE_NAME = b".wh..wh..opq"


@dataclass(frozen=True)
class DiveFigures:
    """Sizes in bytes; `user_wasted_percent` is a fraction as dive prints it, None for a single-layer image (NaN there)."""

    efficiency: float
    wasted_bytes: int
    user_wasted_percent: float | None
    size_bytes: int


def dive_figures(stack: Stack) -> DiveFigures:
    """dive's figures of the joined layers."""
    tally = _Tally(stack)
    for layer in range(stack.layer_count):
        tally.take(layer)
    seen = tally.count > 0
    total = int(tally.cumulative.sum())
    size = int(stack.size.sum())
    user = int(stack.size[stack.layer > 0].sum())
    wasted = int(tally.cumulative[tally.count >= 2].sum())
    return DiveFigures(
        efficiency=int(tally.minimum[seen].sum()) / total if total else 1.0,
        wasted_bytes=wasted,
        user_wasted_percent=wasted / user if user else None,
        size_bytes=size,
    )


class _Tally:
    """Per path: how often a leaf was seen, its sizes' sum and minimum; and dive's stacked tree so far."""

    def __init__(self, stack: Stack) -> None:
        count = len(stack.tree)
        self.stack = stack
        self.cumulative = np.zeros(count, dtype=np.int64)
        self.minimum = np.full(count, np.iinfo(np.int64).max, dtype=np.int64)
        self.count = np.zeros(count, dtype=np.int64)
        self.present = np.zeros(count, dtype=bool)
        self.directory = np.zeros(count, dtype=bool)
        self.size = np.zeros(count, dtype=np.int64)

    def take(self, layer: int) -> None:
        stack = self.stack
        rows = np.arange(stack.first_row[layer], stack.first_row[layer + 1])
        rows = rows[stack.layer_node[rows] >= 0]
        nodes, kinds, flags = stack.node[rows], stack.kind[rows], stack.flags[rows]
        opaque = (flags & Flag.OPAQUE) != 0
        leaf = ~np.isin(nodes, stack.tree.parent[nodes]) & ~opaque
        hidden = (kinds == Kind.WHITEOUT) | ((flags & Flag.ALSO_WHITEOUT) != 0)
        plain = kinds != Kind.WHITEOUT
        gone = nodes[hidden]
        gone_sizes = np.array([self._previous(int(node)) for node in gone], dtype=np.int64)
        if opaque.any() or (gone_sizes < 0).any():
            # dive finds no earlier node there, and its walk over this layer's sorted leaves ends.
            leaves = self._walk(nodes, leaf & plain, gone, opaque)
            self._count_walk(
                leaves, dict(zip(gone.tolist(), gone_sizes.tolist(), strict=True)), rows, nodes
            )
        else:
            self._count(nodes[leaf & plain], stack.size[rows][leaf & plain])
            self._count(gone, gone_sizes)
        for node in gone.tolist():
            self.present[node : int(stack.tree.end[node])] = False
        shown = nodes[plain]
        self.present[shown] = True
        self.directory[shown] = kinds[plain] == Kind.DIRECTORY
        self.size[shown] = stack.size[rows][plain]

    def _previous(self, node: int) -> int:
        """What a whiteout of `node` counts: 0 for a file, a directory's whole content, -1 when nothing was there."""
        if not self.present[node]:
            return -1
        if not self.directory[node]:
            return 0
        inside = slice(node, int(self.stack.tree.end[node]))
        return int(self.size[inside][self.present[inside]].sum())

    def _count(self, nodes: Array, sizes: Array) -> None:
        np.add.at(self.cumulative, nodes, sizes)
        np.minimum.at(self.minimum, nodes, sizes)
        np.add.at(self.count, nodes, 1)

    def _walk(
        self, nodes: Array, leaf: Array, gone: Array, opaque: Array
    ) -> list[tuple[tuple[bytes, ...], int, bool]]:
        """(path components as the tar has them, node, is whiteout) of the layer's leaves in dive's order."""
        tree = self.stack.tree
        items = [(tuple(tree.path(node).split(b"/")), node, False) for node in nodes[leaf].tolist()]
        for node in gone.tolist():
            parts = tree.path(node).split(b"/")
            items.append(((*parts[:-1], b".wh." + parts[-1]), node, True))
        items += [
            ((*tree.path(node).split(b"/"), _OPAQUE_NAME), -1, True)
            for node in nodes[opaque].tolist()
        ]
        return sorted(items)

    def _count_walk(
        self,
        leaves: list[tuple[tuple[bytes, ...], int, bool]],
        gone: dict[int, int],
        rows: Array,
        nodes: Array,
    ) -> None:
        sizes = dict(zip(nodes.tolist(), self.stack.size[rows].tolist(), strict=True))
        for _, node, is_whiteout in leaves:
            size = gone.get(node, -1) if is_whiteout else sizes[node]
            if size < 0:
                return
            self._count(np.array([node]), np.array([size]))
