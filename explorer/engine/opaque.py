"""Finds opaque directories, of which an archive of a layer's folder keeps no mark, by looking for witnesses.

A witness of a directory that a layer and lower ones hold is an entry in it that only lower layers have and no later one
touches. Where the image's own file system lacks it, the layer hides what lies below the directory. Semantics: OCI
image-spec layer.md, "Opaque Whiteout"; overlayfs marks such a directory with trusted.overlay.opaque.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from explorer.filesystem.columnfile import Array
from explorer.filesystem.layer import Flag, Kind, LayerIndex
from explorer.filesystem.union import Stack, stack_layers

# What an engine puts into every created container over what the image has there (moby daemon/initlayer/setup_unix.go).
_ENGINE_PATHS = frozenset(
    {
        b".dockerenv", b"dev", b"dev/console", b"dev/pts", b"dev/shm", b"etc", b"etc/hostname", b"etc/hosts",
        b"etc/mtab", b"etc/resolv.conf", b"proc", b"sys",
    }
)  # fmt: skip
_UNTOUCHED = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Opaque:
    """Tree nodes of opaque directories by layer, and the layers for which the witnesses leave it open."""

    nodes: Mapping[int, frozenset[bytes]]
    unclear: frozenset[int]


def find_opaque(
    layers: Sequence[LayerIndex], wanted: Collection[int], exists: Callable[[bytes], bool]
) -> Opaque:
    """Which directories of the `wanted` layers hide what lower layers hold in them, as paths.

    `layers` are all layers, base first; those not wanted carry their own marks. `exists` says whether the image's
    merged file system has a path; it is asked as seldom as possible.
    """
    return _Search(stack_layers(layers), frozenset(wanted), exists).run()


def mark_opaque(layer: LayerIndex, paths: Collection[bytes]) -> LayerIndex:
    """The layer with OPAQUE set on the directories at `paths`."""
    if not paths:
        return layer
    flags = layer.flags.copy()
    for node in np.flatnonzero(layer.kind == Kind.DIRECTORY).tolist():
        if layer.path(node) in paths:
            flags[node] |= np.uint8(Flag.OPAQUE)
    return replace(layer, flags=flags)


class _Search:
    """One image's search. A candidate is (layer, node): a directory that may be opaque there."""

    def __init__(
        self, stack: Stack, wanted: frozenset[int], exists: Callable[[bytes], bool]
    ) -> None:
        self._stack, self._tree = stack, stack.tree
        self._wanted, self._exists = wanted, exists
        self._answers: dict[int, bool] = {}
        # Below this layer's content the node was seen through: no layer above it is opaque at the node.
        self._clear_above = np.full(len(stack.tree), _UNTOUCHED, dtype=np.int64)
        # (first node, end, layer): subtrees in which nothing of this layer or a lower one is seen.
        self._dark: list[tuple[int, int, int]] = []
        self._opaque: dict[int, set[int]] = {}
        self._unclear: set[int] = set()
        # Candidates whose witness a lower layer's candidate may have hidden.
        self._open: list[tuple[int, int]] = []
        self._children: dict[int, list[int]] = {}
        self._layers_at: dict[int, list[int]] = {}

    def run(self) -> Opaque:
        candidates = self._candidates()
        for layer, node in candidates:
            self._layers_at.setdefault(node, []).append(layer)
        self._collect_children()
        depth = self._tree.depth
        # A witness deep down that is seen clears all directories above it.
        for layer, node in sorted(candidates, key=lambda item: -int(depth[item[1]])):
            if not self._is_clear(layer, node):
                self._look(layer, node)
        # Later layers first: what they hide tells nothing about lower ones. In a layer, parents first.
        for layer, node in sorted(candidates, key=lambda item: (-item[0], int(depth[item[1]]))):
            if not self._is_clear(layer, node):
                self._settle(layer, node)
        # What the decided ones hide anyway needs no mark of its own; lower layers first.
        for layer, node in sorted(self._open, key=lambda item: (item[0], int(depth[item[1]]))):
            if not self._is_clear(layer, node) and any(
                not self._is_hidden(row, layer) for row in self._survivors(layer, node)
            ):
                self._unclear.add(layer)
        paths = {
            layer: frozenset(self._tree.path(node) for node in nodes)
            for layer, nodes in self._opaque.items()
        }
        return Opaque(paths, frozenset(self._unclear))

    def _candidates(self) -> set[tuple[int, int]]:
        """Directories of wanted layers at nodes where a lower layer shows a directory, too."""
        stack = self._stack
        directories = np.flatnonzero(stack.kind == Kind.DIRECTORY)
        nodes, layers, until = (
            stack.node[directories],
            stack.layer[directories],
            stack.until[directories],
        )
        order = np.lexsort((layers, nodes))
        found = set()
        for before, here in zip(order[:-1].tolist(), order[1:].tolist(), strict=True):
            layer = int(layers[here])
            if nodes[before] == nodes[here] and until[before] >= layer and layer in self._wanted:
                found.add((layer, int(nodes[here])))
        return found

    def _collect_children(self) -> None:
        """The rows directly inside the candidates' nodes, lowest layer first."""
        stack = self._stack
        parents = self._tree.parent[stack.node]
        nodes = np.fromiter(self._layers_at, dtype=np.int64)
        chosen = np.flatnonzero(np.isin(parents, nodes) & (stack.kind != Kind.WHITEOUT))
        for row in chosen.tolist():
            self._children.setdefault(int(parents[row]), []).append(row)

    def _survivors(self, layer: int, node: int) -> list[int]:
        """Rows of lower layers inside the node that only an opaque mark in `layer` would hide."""
        stack = self._stack
        return [
            row
            for row in self._children.get(node, ())
            if stack.layer[row] < layer < stack.until[row]
        ]

    def _witnesses(self, layer: int, node: int) -> list[int]:
        stack = self._stack
        return [
            row
            for row in self._survivors(layer, node)
            if stack.until[row] == stack.layer_count
            and self._tree.path(int(stack.node[row])) not in _ENGINE_PATHS
        ]

    def _look(self, layer: int, node: int) -> None:
        """Ask for one witness; where it is missing, find the topmost directory that hides as much."""
        row = next(iter(self._witnesses(layer, node)), -1)
        if row < 0 or self._in_the_dark(row):
            return
        if self._seen(row):
            self._clear(row)
            return
        for place in self._tree.ancestors(node):
            if layer not in self._layers_at.get(place, ()) or self._is_clear(layer, place):
                continue
            above = next(iter(self._witnesses(layer, place)), -1)
            if above >= 0 and not self._seen(above):
                bound = int(self._stack.layer[above])
                self._dark.append((place, int(self._tree.end[place]), bound))
                return

    def _settle(self, layer: int, node: int) -> None:
        """Decide a candidate that no witness cleared."""
        above = self._tree.ancestors(node)
        if self._opaque.get(layer, set()).intersection(above):
            return  # hidden with its parent; a mark of its own would change nothing
        if not self._survivors(layer, node):
            return  # nothing is left in it that a mark could hide
        witnesses = self._witnesses(layer, node)
        top = self._stack.layer_count
        if not witnesses or self._suspects(above, layer + 1, top):
            self._unclear.add(layer)
            return
        row = witnesses[-1]
        if self._seen(row):
            self._clear(row)
        elif self._suspects(above, int(self._stack.layer[row]) + 1, layer):
            self._open.append((layer, node))
        else:
            self._opaque.setdefault(layer, set()).add(node)

    def _is_hidden(self, row: int, layer: int) -> bool:
        """Whether a directory that is known to be opaque, in a layer below `layer`, hides the row."""
        places = set(self._tree.ancestors(int(self._tree.parent[self._stack.node[row]])))
        return any(
            places & nodes
            for between, nodes in self._opaque.items()
            if self._stack.layer[row] < between < layer
        )

    def _suspects(self, places: Sequence[int], first: int, end: int) -> bool:
        """Whether a layer in first <= layer < end may be opaque at one of the places."""
        return any(
            first <= layer < end and not self._is_clear(layer, place)
            for place in places
            for layer in self._layers_at.get(place, ())
        )

    def _seen(self, row: int) -> bool:
        node = int(self._stack.node[row])
        if node not in self._answers:
            self._answers[node] = not self._in_the_dark(row) and self._exists(self._tree.path(node))
        return self._answers[node]

    def _in_the_dark(self, row: int) -> bool:
        node, layer = int(self._stack.node[row]), int(self._stack.layer[row])
        return any(first < node < end and layer <= bound for first, end, bound in self._dark)

    def _clear(self, row: int) -> None:
        """A witness is there: no directory above it is opaque in any layer above its own."""
        chain = self._tree.ancestors(int(self._tree.parent[self._stack.node[row]]))
        self._clear_above[chain] = np.minimum(self._clear_above[chain], int(self._stack.layer[row]))

    def _is_clear(self, layer: int, node: int) -> bool:
        return bool(layer > self._clear_above[node])


def stated_bytes(layer: LayerIndex) -> int:
    """The layer's size as engines state it in an image's history: each inode's bytes once, and symlinks' lengths.

    Source: moby pkg/directory/directory_unix.go, Size().
    """
    links = layer.link[layer.kind == Kind.SYMLINK]
    return layer.content_bytes + int(_link_lengths(layer)[links[links >= 0]].sum())


def _link_lengths(layer: LayerIndex) -> Array:
    return np.diff(layer.link_offsets)
