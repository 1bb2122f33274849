"""Colours of differences: blue smaller, orange larger, never red and green; a sign says the same."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QColor

from explorer.filesystem.columnfile import Array
from explorer.gui import diff_figures as figures
from explorer.gui.diff_selection import DiffSelection
from explorer.gui.models.deltas import ADDED, MOVED, REMOVED, SAME, STATES
from explorer.gui.theme import current_theme
from explorer.translation import tr

# Paul Tol's bright and vibrant: apart in all three kinds of colour blindness.
SMALLER, LARGER, MOVES, OTHER, UNCHANGED = "#4477AA", "#EE7733", "#AA3377", "#CCBB44", "#BBBBBB"
_TINTS = {
    figures.UNCHANGED: UNCHANGED,
    figures.SMALLER: SMALLER,
    figures.LARGER: LARGER,
    figures.MOVES: MOVES,
    figures.OTHER: OTHER,
}
_BARS_LIGHT, _BARS_DARK = ("#a9c8ea", "#f7c9a3"), ("#2d5583", "#86451a")


def node_colours(selection: DiffSelection) -> Array:
    """uint8[n, 3]: a colour for each node of the joined tree, folders by their net difference."""
    table = np.array([_rgb(_TINTS[tint]) for tint in figures.TINTS], dtype=np.uint8)
    return np.asarray(table[selection.tint])


def legend(selection: DiffSelection) -> list[tuple[str, QColor, int]]:
    """What the colours stand for: name, colour, and the bytes that differ or are the same."""
    entries = (
        ("▼", tr("smaller or removed"), figures.SMALLER),
        ("▲", tr("larger or added"), figures.LARGER),
        (MOVED, tr("moved"), figures.MOVES),
        (SAME, tr("the same"), figures.UNCHANGED),
    )
    return [
        (f"{sign} {text}", QColor(_TINTS[tint]), size)
        for sign, text, tint in entries
        if (size := selection.tint_bytes[tint])
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
