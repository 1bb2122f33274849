"""Whether columns out of a file can be an analysis: whoever works with them trusts every index, length and text pattern."""

from __future__ import annotations

import string
from collections.abc import Mapping
from typing import Any

import numpy as np

from explorer.filesystem.columnfile import Array
from explorer.filesystem.layer import HEAD_BYTES, Kind
from explorer.filesystem.union import State
from explorer.findings.analysis import Analysis
from explorer.findings.category import CATEGORIES
from explorer.findings.finding import Finding

# The columns of this version with their types; a second number is the width of a row.
STACK_TYPES: Mapping[str, tuple[str, int]] = {
    "node": ("i4", 1), "layer": ("i2", 1), "kind": ("u1", 1), "flags": ("u1", 1), "mode": ("u2", 1), "uid": ("u4", 1),
    "gid": ("u4", 1), "mtime": ("i8", 1), "size": ("i8", 1), "digest": ("u8", 2), "head": ("u1", HEAD_BYTES),
    "data_offset": ("i8", 1), "until": ("i2", 1), "payload_row": ("i4", 1), "payload_until": ("i2", 1),
    "replaced_by": ("i4", 1), "state": ("u1", 1), "layer_node": ("i4", 1), "link": ("i4", 1),
}  # fmt: skip
TREE_TYPES: Mapping[str, tuple[str, int]] = {
    "parent": ("i4", 1),
    "end": ("i4", 1),
    "depth": ("i4", 1),
}
# No path of a Linux system has so many parts; deeper trees make slow loops.
_DEPTH_LIMIT = 4096


class Inconsistent(ValueError):
    """The columns contradict each other."""


def check_columns(arrays: Mapping[str, Array]) -> None:
    """Raise Inconsistent unless every column has its type and length and every index points into its table."""
    tree = {name: _get(arrays, f"tree.{name}") for name in ("names", "name_offsets", *TREE_TYPES)}
    nodes = len(tree["parent"])
    _need(nodes > 0)
    for name, (dtype, width) in TREE_TYPES.items():
        _shaped(tree[name], dtype, nodes, width)
    _table(tree["name_offsets"], tree["names"], nodes)
    _check_tree(tree["parent"], tree["end"], tree["depth"])
    _check_rows(arrays, nodes)


def check_analysis(analysis: Analysis) -> None:
    """Raise Inconsistent unless figures, rules and findings of a loaded analysis belong to its rows and layers."""
    stack, count = analysis.stack, len(analysis.image.layers)
    _need([layer.index for layer in analysis.image.layers] == list(range(count)))
    _need([layer.index for layer in analysis.layers] == list(range(count)))
    order = list(analysis.stack_layers)
    _need(len(order) == stack.layer_count and order == sorted(set(order)))
    _need(all(0 <= index < count for index in order))
    _shaped(analysis.category, "u1", len(stack))
    _shaped(analysis.rule, "u2", len(stack))
    _need(len(analysis.rules) > 0 and analysis.rules[0] == "")
    _below(analysis.category, len(CATEGORIES))
    _below(analysis.rule, len(analysis.rules))
    _need(analysis.totals.content_bytes == int(stack.size.sum()))
    for binary in analysis.go_binaries:
        _need(0 <= binary.row < len(stack) and 0 <= binary.layer < count)
    known = {category.id for category in CATEGORIES}
    for finding in analysis.findings:
        _need(finding.category in known and -1 <= finding.layer < count)
        _need(finding.rows.dtype == np.dtype("i4") and finding.rows.ndim == 1)
        _between(finding.rows, 0, len(stack))
        _check_texts(finding)


def _check_tree(parent: Array, end: Array, depth: Array) -> None:
    """Preorder: a node follows its parent or a sibling's subtree, so every subtree is one run of nodes."""
    count = len(parent)
    _need(int(depth.min()) == 0 and int(depth.max()) <= _DEPTH_LIMIT)
    ends, parents = [count] * count, [-1] * count
    way: list[int] = []
    for node, level in enumerate(depth.tolist()):
        while len(way) > level:
            ends[way.pop()] = node
        _need(len(way) == level and (level > 0 or node == 0))
        parents[node] = way[-1] if way else -1
        way.append(node)
    _need(parent.tolist() == parents and end.tolist() == ends)


def _check_rows(arrays: Mapping[str, Array], nodes: int) -> None:
    columns = {name: _get(arrays, f"stack.{name}") for name in STACK_TYPES}
    first = _get(arrays, "stack.first_row")
    rows = len(columns["node"])
    _need(first.dtype == np.dtype("i8") and first.ndim == 1 and len(first) > 0)
    layers = len(first) - 1
    _need(first[0] == 0 and first[-1] == rows and bool((np.diff(first) >= 0).all()))
    for name, (dtype, width) in STACK_TYPES.items():
        _shaped(columns[name], dtype, rows, width)
    offsets, links = _get(arrays, "stack.link_offsets"), _get(arrays, "stack.links")
    _table(offsets, links, len(offsets) - 1)
    _need(bool((columns["layer"] == np.repeat(np.arange(layers), np.diff(first))).all()))
    _between(columns["node"], 0, nodes)
    _between(columns["link"], -1, len(offsets) - 1)
    for name in ("payload_row", "replaced_by"):
        _between(columns[name], -1, rows)
    for name in ("until", "payload_until"):
        _between(columns[name], 0, layers + 1)
    _below(columns["kind"], len(Kind))
    _below(columns["state"], len(State))
    _need(bool((columns["size"] >= 0).all()) and bool((columns["layer_node"] >= -1).all()))
    # No sum of sizes may pass the end of an int64.
    _need(float(columns["size"].astype(np.float64).sum()) < 2.0**62)
    held = columns["payload_row"][columns["payload_row"] >= 0]
    _need(bool((columns["kind"][held] == Kind.FILE).all()))


def _check_texts(finding: Finding) -> None:
    """The texts of a finding are patterns: only plain names may stand in their braces."""
    for value in finding.fields.values():
        if isinstance(value, str):
            _need(len(value) <= 65536)
    for name in ("title", "reason", "remedy", "what", "cure"):
        if name in finding.fields:
            for _, place, form, conversion in string.Formatter().parse(str(finding.fields[name])):
                _need(place is None or (place.isidentifier() and not form and not conversion))
    for text in (finding.title, finding.reason, finding.remedy):
        text()


def _get(arrays: Mapping[str, Array], name: str) -> Array:
    _need(name in arrays)
    return arrays[name]


def _table(offsets: Array, blob: Array, count: int) -> None:
    _shaped(offsets, "i8", count + 1)
    _need(blob.dtype == np.dtype("u1") and blob.ndim == 1)
    _need(offsets[0] == 0 and offsets[-1] == len(blob) and bool((np.diff(offsets) >= 0).all()))


def _shaped(array: Array, dtype: str, count: int, width: int = 1) -> None:
    _need(array.dtype == np.dtype(dtype))
    _need(array.shape == ((count,) if width == 1 else (count, width)))


def _below(array: Array, limit: int) -> None:
    _need(not len(array) or int(array.max()) < limit)


def _between(array: Array, low: int, stop: int) -> None:
    _need(not len(array) or (int(array.min()) >= low and int(array.max()) < stop))


def _need(holds: Any) -> None:
    if not holds:
        raise Inconsistent
