"""A chart as shapes that SVG and PDF draw alike; colours are names, which the page gives a light and a dark value."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

WIDTH = 960.0
# A cut text of fewer letters tells nothing.
_LEAST_CHARS = 5
# A path cut between its names fills at least so much of the room.
_FULL = 0.6
_BOLDER = 1.14
_NARROW = frozenset("iljtrf.,:;'|!I()[]/ ·")
_WIDE = frozenset("mwMWOQ%@…—▲▼\N{MINUS SIGN}+=")
# Names of colours besides the category groups ("system") and what stands on them ("on-system").
INK, FAINT, GRID, LESS, MORE, WHOLE, FRAME = (
    "ink",
    "faint",
    "grid",
    "less",
    "more",
    "whole",
    "frame",
)


@dataclass(frozen=True)
class Box:
    """A filled rectangle; `title` is what it stands for."""

    x: float
    y: float
    width: float
    height: float
    paint: str
    title: str = ""


@dataclass(frozen=True)
class Label:
    """A line of text; `y` is its base line, `anchor` "start", "middle" or "end"."""

    x: float
    y: float
    text: str
    size: float = 13.0
    anchor: str = "start"
    paint: str = INK
    bold: bool = False


@dataclass(frozen=True)
class Line:
    """A straight line."""

    x1: float
    y1: float
    x2: float
    y2: float
    paint: str = GRID
    dashed: bool = False
    width: float = 1.0


@dataclass(frozen=True)
class Dot:
    """A filled circle."""

    x: float
    y: float
    radius: float
    paint: str
    title: str = ""


Shape = Box | Label | Line | Dot


@dataclass
class Drawing:
    """Shapes on a canvas of WIDTH; `title` names it and `text` tells in words what it shows."""

    title: str
    text: str
    height: float = 0.0
    shapes: list[Shape] = field(default_factory=list)


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """About how wide a text is drawn: a little too much rather than too little."""
    return size * (_BOLDER if bold else 1.0) * sum(map(_char_width, text))


def fitted(text: str, size: float, room: float, *, bold: bool = False) -> str:
    """As much of `text` as fits into `room`; "" when that would be next to nothing."""
    if text_width(text, size, bold=bold) <= room:
        return text
    if text.startswith("/"):
        # Whole names, as many of the last ones as fit, unless that leaves too little of them.
        names = text.split("/")
        for first in range(2, len(names)):
            cut = "/".join(("…", *names[first:]))
            if cut.strip("…/.") and _FULL * room <= text_width(cut, size, bold=bold) <= room:
                return cut
    # No letter is narrower than a third of its size.
    keep = min(len(text) - 1, int(3 * max(room, 0.0) / size))
    while keep >= _LEAST_CHARS:
        # The end of a path tells most of it.
        head = 0 if text.startswith("/") else (keep + 1) // 2
        cut = f"{text[:head]}…{text[len(text) - (keep - head) :]}"
        if text_width(cut, size, bold=bold) <= room:
            # "…/…" names nothing.
            return cut if cut.strip("…/.") else ""
        keep -= 1
    return ""


def fitted_with(name: str, figure: str, size: float, room: float, *, bold: bool = False) -> str:
    """A name and its figure, as far as `room` goes: a figure is left out, never cut, and a name rather whole than with it.

    Of a path the end tells most of it already.
    """
    tail = f" · {figure}"
    left = room - text_width(tail, size, bold=bold)
    shown = fitted(name, size, left, bold=bold)
    alone = fitted(name, size, room, bold=bold)
    if shown and (shown == name or alone != name or name.startswith("/")):
        return shown + tail
    if alone:
        return alone
    return figure if text_width(figure, size, bold=bold) <= room else ""


def _char_width(char: str) -> float:
    """Of the widest of the fonts that browsers take for the page, DejaVu Sans, in parts of the size."""
    if unicodedata.east_asian_width(char) in "WF":
        return 1.02
    if char in _NARROW:
        return 0.42
    return 1.02 if char in _WIDE else 0.8 if char.isupper() else 0.65
