"""A chart as shapes that SVG and PDF draw alike; colours are names, which the page gives a light and a dark value."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

WIDTH = 960.0
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


def text_width(text: str, size: float) -> float:
    """About how wide a text is drawn: a little too much rather than too little."""
    return size * sum(1.02 if unicodedata.east_asian_width(char) in "WF" else 0.62 for char in text)


def fitted(text: str, size: float, room: float) -> str:
    """As much of `text` as fits into `room`, cut in the middle; "" when that would be next to nothing."""
    if text_width(text, size) <= room:
        return text
    keep = int(room / (0.62 * size)) - 1
    while keep >= 5:
        head = (keep + 1) // 2
        cut = f"{text[:head]}…{text[len(text) - (keep - head) :]}"
        if text_width(cut, size) <= room:
            return cut
        keep -= 1
    return ""
