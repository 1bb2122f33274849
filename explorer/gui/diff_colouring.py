"""Colours of differences: blue smaller, orange larger, never red and green; a sign says the same."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QColor

from explorer.filesystem.columnfile import Array
from explorer.gui.diff_selection import DiffSelection
from explorer.gui.models.deltas import ADDED, CHANGED, MOVED, REMOVED, SAME, STATES
from explorer.gui.theme import current_theme
from explorer.translation import tr

# Paul Tol's bright and vibrant: apart in all three kinds of colour blindness.
SMALLER, LARGER, MOVES, OTHER, UNCHANGED = "#4477AA", "#EE7733", "#AA3377", "#CCBB44", "#BBBBBB"
_BARS_LIGHT, _BARS_DARK = ("#a9c8ea", "#f7c9a3"), ("#2d5583", "#86451a")


def node_colours(selection: DiffSelection) -> Array:
    """uint8[n, 3]: a colour for each node of the joined tree, folders by their net difference."""
    delta = selection.total_b - selection.total_a
    table = np.array(
        [_rgb(colour) for colour in (UNCHANGED, SMALLER, LARGER, MOVES, OTHER)], dtype=np.uint8
    )
    key = np.where(delta < 0, 1, np.where(delta > 0, 2, 0))
    leaves = selection.leaves
    key[leaves & (selection.state == STATES.index(MOVED))] = 3
    key[leaves & (selection.state == STATES.index(CHANGED)) & (delta == 0)] = 4
    return np.asarray(table[key])


def legend(selection: DiffSelection) -> list[tuple[str, QColor, int]]:
    """What the colours stand for: name, colour, and the bytes that differ or are the same."""
    diff, leaves = selection.diff, selection.leaves
    own = np.where(leaves, selection.total_b - selection.total_a, 0)
    moved = leaves & (selection.state == STATES.index(MOVED))
    same = leaves & (selection.state == STATES.index(SAME))
    entries = [
        ("▼", tr("smaller or removed"), SMALLER, int(-own[(own < 0) & ~moved].sum())),
        ("▲", tr("larger or added"), LARGER, int(own[(own > 0) & ~moved].sum())),
        (MOVED, tr("moved"), MOVES, int(own[moved & (own > 0)].sum())),
        (SAME, tr("the same"), UNCHANGED, int(diff.size_b[same].sum())),
    ]
    return [
        (f"{sign} {text}", QColor(colour), size) for sign, text, colour, size in entries if size
    ]


def delta_colour(delta: float) -> QColor:
    """The colour of a bar in a table: a pale one, under dark text."""
    bars = _BARS_DARK if current_theme().dark else _BARS_LIGHT
    return QColor(bars[0 if delta < 0 else 1])


def sign_of(selection: DiffSelection, node: int) -> str:
    """The sign of a node in a map: what became of it, with the direction where that is not said."""
    state = STATES[int(selection.state[node])]
    if state in (ADDED, REMOVED, MOVED):
        return state
    delta = int(selection.total_b[node]) - int(selection.total_a[node])
    return "▼" if delta < 0 else "▲" if delta > 0 else state


def _rgb(colour: str) -> tuple[int, int, int]:
    value = QColor(colour)
    return value.red(), value.green(), value.blue()
