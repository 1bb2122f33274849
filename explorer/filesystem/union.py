"""Joins layers into one tree in which every entry of every layer has a life: from its layer until it is hidden.

Semantics: OCI image-spec layer.md ("Applying Changesets", "Whiteouts"): whiteouts and opaque marks act on lower layers
only, whatever their place in the tar; an entry replaces what stands at its path, a directory over a directory keeps
the children. A directory that a tar only implies replaces anything but a directory, as overlay2 does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np

from explorer.filesystem.columnfile import Array
from explorer.filesystem.layer import Flag, Kind, LayerIndex, names_list
from explorer.filesystem.layerbuilder import clean_path
from explorer.filesystem.tree import FileTree, preorder


class State(IntEnum):
    """What became of an entry's payload in the final file system."""

    LIVE = 0
    OVERWRITTEN = 1  # a later layer holds other content at its path
    METADATA_COPY = 2  # a later layer holds the same content again (chmod, chown, touch)
    DELETED = 3  # a whiteout, an opaque directory or a replaced parent hides it
    DUPLICATE = 4  # the same layer writes its path again


@dataclass(frozen=True, eq=False)
class Stack:
    """All entries of all layers. Row columns stand in layer order: layer k owns rows first_row[k] <= r < first_row[k+1].

    A row is visible in the file system "up to layer k" when layer[r] <= k < until[r]; `until` is the number of layers
    for rows that live to the end. A payload is reachable while any hardlink to it is: payload_until.
    """

    tree: FileTree
    first_row: Array  # int64[layers + 1]
    node: Array  # int32[r] into tree
    layer: Array  # int16[r]
    kind: Array  # uint8[r], filesystem.layer.Kind
    flags: Array  # uint8[r], filesystem.layer.Flag
    mode: Array  # uint16[r]
    uid: Array  # uint32[r]
    gid: Array  # uint32[r]
    mtime: Array  # int64[r]
    size: Array  # int64[r], payload bytes
    digest: Array  # uint64[r, 2]
    head: Array  # uint8[r, HEAD_BYTES]
    data_offset: Array  # int64[r]
    until: Array  # int16[r]
    payload_row: Array  # int32[r], the row that holds the payload (itself for files), -1 for none
    payload_until: Array  # int16[r]
    replaced_by: Array  # int32[r], the row at the same path that hid this one, -1 for none
    state: Array  # uint8[r], State; LIVE for all that has no payload
    layer_node: (
        Array  # int32[r], node in the row's LayerIndex, -1 for replaced entries (State.DUPLICATE)
    )
    link: Array  # int32[r] into the link table, -1 for none
    link_offsets: Array  # int64[links + 1]
    links: Array  # uint8[*]

    def link_target(self, row: int) -> bytes:
        """Symlink text or hardlink path of a row, b"" for none."""
        index = int(self.link[row])
        return (
            b""
            if index < 0
            else self.links[self.link_offsets[index] : self.link_offsets[index + 1]].tobytes()
        )

    def rows_at(self, node: int) -> Array:
        """int64[k]: the rows of every layer at one node, base first."""
        return np.flatnonzero(self.node == node)

    def __len__(self) -> int:
        return len(self.node)

    @property
    def layer_count(self) -> int:
        """Number of layers joined."""
        return len(self.first_row) - 1

    def merged(self) -> Array:
        """bool[r]: what the final file system shows."""
        return np.asarray(self.until == self.layer_count)

    def up_to(self, layer: int) -> Array:
        """bool[r]: what the file system shows after `layer` was applied."""
        return (self.layer <= layer) & (self.until > layer)

    def only(self, layer: int) -> Array:
        """bool[r]: all that one layer holds, whiteouts included."""
        mask = np.zeros(len(self), dtype=bool)
        mask[self.first_row[layer] : self.first_row[layer + 1]] = True
        return mask


@dataclass(frozen=True, eq=False)
class View:
    """One choice of rows seen in the tree; all columns have one element a node."""

    row: Array  # int32[n], the row shown at the node, -1 where only descendants are shown or nothing is
    size: Array  # int64[n], payload bytes at the node itself
    total: Array  # int64[n], payload bytes of the subtree
    files: Array  # int64[n], regular files and hardlinks in the subtree
    present: Array  # bool[n], whether the node or something under it is shown


def view(stack: Stack, mask: Array) -> View:
    """What the rows of `mask` (bool[r]) look like in the tree.

    Where several chosen rows share a node, the last layer's is shown and all sizes count. A payload whose own path is
    not chosen counts at the first chosen hardlink to it, so that totals are those of the chosen file system.
    """
    rows = np.flatnonzero(mask)
    nodes = stack.node[rows]
    shown = np.full(len(stack.tree), -1, dtype=np.int32)
    shown[nodes] = rows
    sizes = np.zeros(len(stack.tree), dtype=np.int64)
    np.add.at(sizes, nodes, stack.size[rows])
    links = rows[stack.kind[rows] == Kind.HARDLINK]
    if len(links):
        payload = stack.payload_row[links]
        homeless = (payload >= 0) & ~mask[payload]
        payload, first = np.unique(payload[homeless], return_index=True)
        np.add.at(sizes, stack.node[links[homeless][first]], stack.size[payload])
    is_file = np.zeros(len(stack.tree), dtype=np.int64)
    is_file[nodes[np.isin(stack.kind[rows], (Kind.FILE, Kind.HARDLINK))]] = 1
    here = (shown >= 0).astype(np.int64)
    return View(
        shown,
        sizes,
        stack.tree.roll_up(sizes),
        stack.tree.roll_up(is_file),
        stack.tree.roll_up(here) > 0,
    )


def stack_layers(layers: Sequence[LayerIndex]) -> Stack:
    """Join layers, base first. Time is proportional to the entries; the base layer costs no Python loop."""
    union = _Union(layers)
    for number in range(len(layers)):
        union.apply(number)
    return union.finish()


class _Union:
    """State of the join while layers are applied one by one."""

    def __init__(self, layers: Sequence[LayerIndex]) -> None:
        self.layers = layers
        counts = [len(layer) - 1 + len(layer.shadowed_node) for layer in layers]
        self.first_row = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        total = int(self.first_row[-1])
        self.until = np.full(total, len(layers), dtype=np.int16)
        self.replaced_by = np.full(total, -1, dtype=np.int32)
        self.payload_row = np.arange(total, dtype=np.int32)
        self.row_node = np.zeros(total, dtype=np.int64)
        self.kinds = bytearray(total)  # of the rows of the layers applied so far
        # Global nodes in the order of their first appearance; the base layer's come in one piece.
        self.parent: list[int] = [-1]
        self.names: list[bytes] = [b""]
        self.current: list[int] = [-1]
        self.children: dict[int, dict[bytes, int]] = {}
        self.base_children: tuple[Array, Array] | None = None

    def apply(self, number: int) -> None:
        layer, first = self.layers[number], int(self.first_row[number])
        node_count = len(layer)
        self.kinds[first : first + node_count - 1] = layer.kind[1:].tobytes()
        if len(self.parent) == 1:
            places = self._take_base(layer, first)
        else:
            places = self._place(layer)
            self._hide_lower(layer, places, number)
            self._link_lower(layer, places, first)
            self._put(layer, places, first, number)
        self.row_node[first : first + node_count - 1] = places[1:]
        self.row_node[first + node_count - 1 : int(self.first_row[number + 1])] = np.asarray(
            places
        )[layer.shadowed_node]
        rows = slice(first, first + node_count - 1)
        self.until[rows][layer.kind[1:] == Kind.WHITEOUT] = number
        self.until[first + node_count - 1 : int(self.first_row[number + 1])] = number
        same = np.flatnonzero(layer.link_node[1:] >= 0)
        self.payload_row[first + same] = first + layer.link_node[1:][same] - 1

    def _take_base(self, layer: LayerIndex, first: int) -> list[int]:
        count = len(layer)
        self.parent = layer.parent.tolist()
        self.names = names_list(layer.names, layer.name_offsets)
        self.current = np.concatenate([[-1], np.arange(first, first + count - 1)]).tolist()
        for node in np.flatnonzero(layer.kind == Kind.WHITEOUT).tolist():
            self.current[node] = -1
        lower = np.flatnonzero((layer.kind == Kind.HARDLINK) & (layer.link_node < 0))
        self.payload_row[first + lower - 1] = -1
        offsets = np.concatenate([[0], np.cumsum(np.bincount(layer.parent[1:], minlength=count))])
        self.base_children = (np.argsort(layer.parent[1:], kind="stable") + 1, offsets)
        return list(range(count))

    def _kids(self, node: int) -> dict[bytes, int]:
        """Children of a global node by name; the base layer's are looked up when first asked for."""
        kids = self.children.get(node)
        if kids is None:
            kids = {}
            if self.base_children is not None and node < len(self.base_children[1]) - 1:
                listing, offsets = self.base_children
                names = self.names
                kids = {
                    names[child]: child
                    for child in listing[offsets[node] : offsets[node + 1]].tolist()
                }
            self.children[node] = kids
        return kids

    def _place(self, layer: LayerIndex) -> list[int]:
        """Global node of each of the layer's nodes, new ones made."""
        places = [0] * len(layer)
        parents, names = layer.parent.tolist(), names_list(layer.names, layer.name_offsets)
        all_parents, all_names, current = self.parent, self.names, self.current
        for node in range(1, len(places)):
            parent = places[parents[node]]
            kids = self.children.get(parent)
            if kids is None:
                kids = self._kids(parent)
            name = names[node]
            place = kids.get(name)
            if place is None:
                place = kids[name] = len(all_parents)
                all_parents.append(parent)
                all_names.append(name)
                current.append(-1)
            places[node] = place
        return places

    def _hide_lower(self, layer: LayerIndex, places: list[int], number: int) -> None:
        """Apply the layer's whiteouts and opaque marks to what lower layers show."""
        for node in np.flatnonzero(layer.flags & Flag.OPAQUE).tolist():
            self._hide_below(places[node], number)
        hidden = (layer.kind == Kind.WHITEOUT) | ((layer.flags & Flag.ALSO_WHITEOUT) != 0)
        for node in np.flatnonzero(hidden).tolist():
            place = places[node]
            row = self.current[place]
            if row >= 0:
                self.until[row] = number
                self.current[place] = -1
            self._hide_below(place, number)

    def _hide_below(self, place: int, number: int) -> None:
        pending = list(self._kids(place).values())
        while pending:
            place = pending.pop()
            row = self.current[place]
            # What has no current row cannot have visible children: it was hidden with all below it.
            if row < 0 or row >= self.first_row[number]:
                continue
            self.until[row] = number
            self.current[place] = -1
            pending.extend(self._kids(place).values())

    def _link_lower(self, layer: LayerIndex, places: list[int], first: int) -> None:
        """Bind hardlinks whose target lies in a lower layer."""
        for node in np.flatnonzero((layer.kind == Kind.HARDLINK) & (layer.link_node < 0)).tolist():
            place: int | None = 0
            for part in clean_path(layer.link_target(node)) or ():
                place = None if place is None else self._kids(place).get(part)
            row = -1 if place is None or place == places[node] else self.current[place]
            self.payload_row[first + node - 1] = self.payload_row[row] if row >= 0 else -1

    def _put(self, layer: LayerIndex, places: list[int], first: int, number: int) -> None:
        kinds, flags = layer.kind.tolist(), layer.flags.tolist()
        current = self.current
        for node in range(1, len(kinds)):
            kind = kinds[node]
            if kind == Kind.WHITEOUT:
                continue
            place, row = places[node], first + node - 1
            old = current[place]
            if old >= 0:
                old_is_directory = self.kinds[old] == Kind.DIRECTORY
                if kind == Kind.DIRECTORY and old_is_directory and flags[node] & Flag.IMPLIED:
                    self.until[row] = number
                    continue
                if old_is_directory and kind != Kind.DIRECTORY:
                    self._hide_below(place, number)
                self.until[old] = number
                self.replaced_by[old] = row
            current[place] = row

    def finish(self) -> Stack:
        tree, position = preorder(self.parent, self.names)
        columns = {name: self._column(name) for name in _PLAIN}
        kind = columns["kind"]
        layer = np.repeat(np.arange(len(self.layers), dtype=np.int16), np.diff(self.first_row))
        layer_node = self._layer_nodes()
        self._follow_links(kind)
        payload_until = self._payload_until(kind)
        return Stack(
            tree=tree,
            first_row=self.first_row,
            node=position[self.row_node].astype(np.int32),
            layer=layer,
            until=self.until,
            payload_row=self.payload_row,
            payload_until=payload_until,
            replaced_by=self.replaced_by,
            state=self._states(columns, payload_until, layer_node),
            layer_node=layer_node,
            link=self._links(),
            link_offsets=np.concatenate([[0], *self._link_ends()]).astype(np.int64),
            links=np.concatenate(
                [np.zeros(0, dtype=np.uint8), *(layer.links for layer in self.layers)]
            ),
            **columns,
        )

    def _column(self, name: str) -> Array:
        parts = []
        for layer in self.layers:
            column: Array = getattr(layer, name)
            extra = np.zeros((len(layer.shadowed_node), *column.shape[1:]), dtype=column.dtype)
            if name == "size":
                extra = layer.shadowed_size
            elif name == "digest":
                extra = layer.shadowed_digest
            elif name == "kind":
                extra = np.full(len(layer.shadowed_node), Kind.FILE, dtype=column.dtype)
            parts += [column[1:], extra]
        if not parts:
            dtype, *shape = _PLAIN[name]
            return np.zeros((0, *shape), dtype=dtype)
        return np.concatenate(parts)

    def _links(self) -> Array:
        parts, before = [], 0
        for layer in self.layers:
            link = layer.link[1:]
            parts += [np.where(link < 0, -1, link + before), np.full(len(layer.shadowed_node), -1)]
            before += len(layer.link_offsets) - 1
        return np.concatenate([np.zeros(0, dtype=np.int32), *parts]).astype(np.int32)

    def _link_ends(self) -> list[Array]:
        ends, before = [], 0
        for layer in self.layers:
            ends.append(layer.link_offsets[1:] + before)
            before += len(layer.links)
        return ends

    def _layer_nodes(self) -> Array:
        parts = [
            part
            for layer in self.layers
            for part in (np.arange(1, len(layer)), np.full(len(layer.shadowed_node), -1))
        ]
        return np.concatenate(parts).astype(np.int32) if parts else np.zeros(0, dtype=np.int32)

    def _follow_links(self, kind: Array) -> None:
        """Make payload_row name the file at the end of a chain of hardlinks, -1 where there is none."""
        links = np.flatnonzero(kind == Kind.HARDLINK)
        open_links = links
        # Each round doubles the steps taken; after 32 only circles are left.
        for _ in range(32):
            target = self.payload_row[open_links]
            open_links = open_links[(target >= 0) & (kind[target] == Kind.HARDLINK)]
            if not len(open_links):
                break
            self.payload_row[open_links] = self.payload_row[self.payload_row[open_links]]
        target = self.payload_row[links]
        self.payload_row[links] = np.where((target >= 0) & (kind[target] == Kind.FILE), target, -1)
        self.payload_row[(kind != Kind.FILE) & (kind != Kind.HARDLINK)] = -1

    def _payload_until(self, kind: Array) -> Array:
        payload_until = self.until.copy()
        links = np.flatnonzero((kind == Kind.HARDLINK) & (self.payload_row >= 0))
        np.maximum.at(payload_until, self.payload_row[links], self.until[links])
        return payload_until

    def _states(self, columns: dict[str, Array], payload_until: Array, layer_node: Array) -> Array:
        state = np.zeros(len(payload_until), dtype=np.uint8)
        dead = (columns["kind"] == Kind.FILE) & (payload_until < len(self.layers))
        state[dead] = State.DELETED
        over = np.flatnonzero(dead & (self.replaced_by >= 0))
        state[over] = State.OVERWRITTEN
        newer = self.replaced_by[over]
        same = (columns["digest"][over] == columns["digest"][newer]).all(axis=1) & (
            columns["size"][over] == columns["size"][newer]
        )
        same &= columns["kind"][newer] == Kind.FILE
        state[over[same]] = State.METADATA_COPY
        state[layer_node < 0] = State.DUPLICATE
        return state


_PLAIN: dict[str, tuple[Any, ...]] = {
    "kind": (np.uint8,),
    "flags": (np.uint8,),
    "mode": (np.uint16,),
    "uid": (np.uint32,),
    "gid": (np.uint32,),
    "mtime": (np.int64,),
    "size": (np.int64,),
    "digest": (np.uint64, 2),
    "head": (np.uint8, 20),
    "data_offset": (np.int64,),
}
