"""Two file trees become one: their nodes are matched by path, in columns."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from explorer.filesystem.columnfile import Array
from explorer.filesystem.layer import names_list
from explorer.filesystem.texts import Texts
from explorer.filesystem.tree import FileTree

# An odd constant of xxHash (Collet): a folder and a name make the key of a path.
_MIX = np.uint64(0xC2B2AE3D27D4EB4F)
# Names are compared so many at a time: all at once would take as much memory as all the rest.
_CHUNK = 1 << 18


def join_trees(
    a: FileTree, present_a: Array, b: FileTree, present_b: Array
) -> tuple[FileTree, Array, Array]:
    """The tree of the present nodes (bool[n]) of two trees, and where in it each present node of a and of b is.

    Siblings stand in the order of their first appearance: those of `a` first. What is above a present node must be present.
    """
    first, second = _Part.of(a, present_a), _Part.of(b, present_b)
    match = _matched(first, second)
    tree, place_a, place_b = _joined(first, second, match)
    return tree, place_a[present_a[first.nodes]], place_b[present_b[second.nodes]]


@dataclass(frozen=True, eq=False)
class _Part:
    """The present nodes of a tree and its root, k of them in preorder, numbered anew."""

    nodes: Array  # int64[k] into the tree
    parent: Array  # int64[k], -1 for the root
    end: Array  # int64[k], behind the last node of the subtree
    depth: Array  # int32[k]
    names: Texts

    @classmethod
    def of(cls, tree: FileTree, present: Array) -> _Part:
        chosen = present.copy()
        chosen[0] = True
        nodes = np.flatnonzero(chosen)
        before = np.concatenate([[0], np.cumsum(chosen)])
        parent = before[np.maximum(tree.parent[nodes], 0)]
        parent[0] = -1
        names = Texts.of(tree.names, tree.name_offsets, nodes)
        return cls(nodes, parent, before[tree.end[nodes]], tree.depth[nodes], names)

    def __len__(self) -> int:
        return len(self.nodes)

    def keys(self) -> Array:
        """uint64[k]: a hash of each node's path."""
        keys = self.names.hashes()
        by_depth = np.argsort(self.depth, kind="stable")
        bounds = np.searchsorted(self.depth[by_depth], np.arange(int(self.depth.max()) + 2))
        for start, stop in list(pairwise(bounds.tolist()))[1:]:
            level = by_depth[start:stop]
            keys[level] += keys[self.parent[level]] * _MIX
        return keys


def _matched(a: _Part, b: _Part) -> Array:
    """int64[k]: the node of `a` at the path of each node of `b`, -1 for none."""
    match = _matched_by_key(a.keys(), b.keys())
    # Hashes may deceive, above all those of paths that were made to.
    return match if match is not None and _agree(a, b, match) else _matched_by_name(a, b)


def _matched_by_key(keys_a: Array, keys_b: Array) -> Array | None:
    """The same by the hashes of the paths; None when two paths of one tree have the same."""
    order_a, order_b = np.argsort(keys_a), np.argsort(keys_b)
    sorted_a, sorted_b = keys_a[order_a], keys_b[order_b]
    if any((keys[1:] == keys[:-1]).any() for keys in (sorted_a, sorted_b)):
        return None
    place = np.searchsorted(sorted_a, sorted_b)
    hit = np.flatnonzero(sorted_a[np.minimum(place, len(keys_a) - 1)] == sorted_b)
    match = np.full(len(keys_b), -1, dtype=np.int64)
    match[order_b[hit]] = order_a[place[hit]]
    return match


def _agree(a: _Part, b: _Part, match: Array) -> bool:
    """Whether all that was matched has the same name in a folder that was matched, too."""
    nodes = np.flatnonzero(match >= 0)
    return all(
        _agree_at(a, b, match, nodes[start : start + _CHUNK])
        for start in range(0, len(nodes), _CHUNK)
    )


def _agree_at(a: _Part, b: _Part, match: Array, in_b: Array) -> bool:
    in_a = match[in_b]
    above = np.where(b.parent[in_b] >= 0, match[b.parent[in_b]], -1)
    return bool((above == a.parent[in_a]).all() and b.names.at(in_b).same(a.names.at(in_a)).all())


def _matched_by_name(a: _Part, b: _Part) -> Array:
    """The same by looking up each name; slower."""
    lists = []
    for part in (a, b):
        ends = np.cumsum(part.names.lengths)
        lists.append(names_list(part.names.joined(), np.concatenate([[0], ends])))
    names_a, names_b = lists
    known = {key: node for node, key in enumerate(zip(a.parent.tolist(), names_a, strict=True))}
    match: list[int] = []
    for above, name in zip(b.parent.tolist(), names_b, strict=True):
        inside = match[above] if above >= 0 else -1
        match.append(known.get((inside, name), -1) if inside >= 0 or above < 0 else -1)
    return np.asarray(match, dtype=np.int64)


def _joined(a: _Part, b: _Part, match: Array) -> tuple[FileTree, Array, Array]:
    """The joined tree, and where in it the nodes of both parts are."""
    new = np.flatnonzero(match < 0)
    entry, anchor = _inserted(a, b, match, new)
    # The nodes of a move down by what is put before them; those of b stand behind a's of the same folder.
    nodes = np.arange(len(a))
    place_a = nodes + np.searchsorted(np.sort(entry), nodes, side="right")
    order = np.lexsort((new, -a.depth[anchor], entry))
    place_b = np.empty(len(b), dtype=np.int64)
    place_b[new[order]] = entry[order] + np.arange(len(new))
    old = np.flatnonzero(match >= 0)
    place_b[old] = place_a[match[old]]
    count = len(a) + len(new)
    places = np.concatenate([place_a, place_b[new]])
    is_new = np.concatenate([[0], np.cumsum(match < 0)])
    more = np.zeros(len(a), dtype=np.int64)
    more[match[old]] = is_new[b.end[old]] - is_new[old]
    source = np.empty(count, dtype=np.int64)
    source[places] = np.arange(count)

    def laid_out(of_a: Array, of_b: Array) -> Array:
        return np.concatenate([of_a, of_b[new]])[source]

    above_a = np.where(a.parent >= 0, place_a[a.parent], -1)
    above_b = np.where(b.parent >= 0, place_b[b.parent], -1)
    lengths = laid_out(a.names.lengths, b.names.lengths)
    starts = laid_out(a.names.starts, b.names.starts + len(a.names.blob))
    names = Texts(np.concatenate([a.names.blob, b.names.blob]), starts, lengths)
    sizes = laid_out(a.end - nodes + more, b.end - np.arange(len(b)))
    tree = FileTree(
        parent=laid_out(above_a, above_b).astype(np.int32),
        end=(np.arange(count) + sizes).astype(np.int32),
        depth=laid_out(a.depth, b.depth).astype(np.int32),
        name_offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        names=names.joined(),
    )
    return tree, place_a, place_b


def _inserted(a: _Part, b: _Part, match: Array, new: Array) -> tuple[Array, Array]:
    """For each new node of `b` the node of `a` that it comes before, and the folder of `a` that it is somewhere in."""
    tops = match[b.parent[new]] >= 0
    # In preorder what is below a new folder follows it.
    anchor = match[b.parent[new[tops]]][np.cumsum(tops) - 1]
    return a.end[anchor], anchor
