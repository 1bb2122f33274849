"""What colour each node has and what the legend says: by category, by layer or by extension."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PySide6.QtGui import QColor

from explorer.filesystem.columnfile import Array
from explorer.filesystem.layer import names_list
from explorer.filesystem.tree import FileTree
from explorer.filesystem.union import View
from explorer.findings.analysis import Analysis
from explorer.findings.category import CATEGORIES
from explorer.gui.theme import group_ids, ramp_colour
from explorer.report.palette import GROUP_COLOURS, GROUP_LABELS
from explorer.translation import tr
from explorer.units import display_name

# Colours of the legend that name a layer or an extension; the rest share one.
_NAMED = 6
_MAX_EXTENSION = 12


@dataclass(frozen=True)
class Entry:
    """One colour of the legend; `bytes` is what it stands for in the view."""

    key: int
    label: str
    colour: QColor
    bytes: int


@dataclass(frozen=True, eq=False)
class Colouring:
    """`key` says for each node which kind it is (a folder's is that of most of its bytes)."""

    colours: Array  # uint8[n, 3]
    key: Array  # int16[n]
    entries: tuple[Entry, ...]


def by_category(analysis: Analysis, view: View) -> Colouring:
    """Colours by the seven groups of categories."""
    groups = group_ids()
    of_category = np.array([groups.index(item.group) for item in CATEGORIES], dtype=np.int16)
    own = np.where(view.row >= 0, of_category[analysis.category[view.row]], -1)
    key = _dominant(analysis.stack.tree, view, own, len(groups))
    colours = [QColor(GROUP_COLOURS[group]) for group in groups]
    held = _held(own, view, len(groups))
    entries = tuple(
        Entry(number, tr(GROUP_LABELS[group]), colours[number], held[number])
        for number, group in enumerate(groups)
        if held[number]
    )
    return Colouring(_table(colours)[key], key, entries)


def by_layer(analysis: Analysis, view: View) -> Colouring:
    """A ramp from the base layer to the top one; the legend names the biggest."""
    stack = analysis.stack
    count = max(stack.layer_count, 1)
    own = np.where(view.row >= 0, stack.layer[view.row], -1)
    weights = stack.tree.roll_up(view.size * np.maximum(own, 0))
    # A folder is coloured by the mean layer of its bytes.
    key = np.where(own >= 0, own, 0).astype(np.int16)
    folders = (stack.tree.end - np.arange(len(stack.tree)) > 1) & (view.total > 0)
    key[folders] = np.rint(weights[folders] / view.total[folders]).astype(np.int16)
    colours = [ramp_colour(number / max(count - 1, 1)) for number in range(count)]
    held = _held(own, view, count)
    biggest = sorted(range(count), key=lambda number: -held[number])[:_NAMED]
    entries = tuple(
        Entry(
            number, tr("Layer {n}", n=analysis.stack_layers[number]), colours[number], held[number]
        )
        for number in sorted(biggest)
        if held[number]
    )
    return Colouring(_table(colours)[key], key, entries)


def by_extension(analysis: Analysis, view: View) -> Colouring:
    """The extensions of most bytes have colours of their own."""
    extensions, of_node = _extensions(analysis.stack.tree)
    own = np.where((view.row >= 0) & (view.size > 0), of_node, -1)
    held = _held(own, view, len(extensions))
    biggest = [n for n in sorted(range(len(extensions)), key=lambda n: -held[n]) if held[n]]
    named = biggest[:_NAMED]
    rank = np.full(len(extensions) + 1, len(named), dtype=np.int16)
    rank[named] = np.arange(len(named))
    rank[-1] = -1
    key = _dominant(analysis.stack.tree, view, rank[own], len(named) + 1)
    colours = [QColor(GROUP_COLOURS[group]) for group in group_ids()][: len(named)]
    colours.append(QColor(GROUP_COLOURS["system"]))
    labels = [display_name(extensions[n], 20) if extensions[n] else tr("(none)") for n in named]
    entries = [
        Entry(place, label, colours[place], held[n])
        for place, (n, label) in enumerate(zip(named, labels, strict=True))
    ]
    rest = sum(held[n] for n in biggest[_NAMED:])
    if rest:
        entries.append(Entry(len(named), tr("other"), colours[-1], rest))
    return Colouring(_table(colours)[key], key, tuple(entries))


COLOURINGS = (by_category, by_layer, by_extension)


def _held(own: Array, view: View, count: int) -> list[int]:
    """Bytes of each kind."""
    chosen = own >= 0
    sums = np.zeros(count, dtype=np.int64)
    np.add.at(sums, own[chosen], view.size[chosen])
    held: list[int] = sums.tolist()
    return held


def _dominant(tree: FileTree, view: View, own: Array, count: int) -> Array:
    """int16[n]: the kind of most bytes in each subtree."""
    key = np.maximum(own, 0).astype(np.int16)
    most = np.zeros(len(tree), dtype=np.int64)
    for kind in range(count):
        held = tree.roll_up(np.where(own == kind, view.size, 0))
        more = held > most
        key[more], most[more] = kind, held[more]
    return key


def _table(colours: list[QColor]) -> Array:
    return np.array([[c.red(), c.green(), c.blue()] for c in colours], dtype=np.uint8)


@lru_cache(maxsize=2)
def _extensions(tree: FileTree) -> tuple[list[bytes], Array]:
    """All extensions (with their dot, b"" for none) and which one each node has, int32[n]."""
    numbers: dict[bytes, int] = {b"": 0}
    found = np.zeros(len(tree), dtype=np.int32)
    for node, name in enumerate(names_list(tree.names, tree.name_offsets)):
        stem, dot, extension = name.rpartition(b".")
        if dot and stem and len(extension) <= _MAX_EXTENSION:
            found[node] = numbers.setdefault(dot + extension.lower(), len(numbers))
    return list(numbers), found
