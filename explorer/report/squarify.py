"""A squarified treemap of a few items (Bruls, Huizing, van Wijk 2000); a window's map of all files has its own."""

from __future__ import annotations

from collections.abc import Sequence

Rect = tuple[float, float, float, float]


def squarify(sizes: Sequence[int], x: float, y: float, width: float, height: float) -> list[Rect]:
    """One rectangle (x, y, width, height) a size, in the same order; sizes are positive and the biggest comes first."""
    whole = sum(sizes)
    if not whole or width <= 0 or height <= 0:
        return [(x, y, 0.0, 0.0)] * len(sizes)
    scale = width * height / whole
    found: list[Rect] = []
    start = 0
    while start < len(sizes):
        short = min(width, height)
        stop = _row_end(sizes, start, short, scale)
        thick = sum(sizes[start:stop]) * scale / short if short > 0 else 0.0
        along = 0.0
        for size in sizes[start:stop]:
            length = size * scale / thick if thick else 0.0
            found.append(
                (x, y + along, thick, length) if width >= height else (x + along, y, length, thick)
            )
            along += length
        if width >= height:
            x, width = x + thick, max(width - thick, 0.0)
        else:
            y, height = y + thick, max(height - thick, 0.0)
        start = stop
    return found


def _row_end(sizes: Sequence[int], start: int, short: float, scale: float) -> int:
    """The end of the row that begins at `start`: it grows while its worst aspect ratio gets better."""
    total, best = 0, float("inf")
    for stop in range(start, len(sizes)):
        total += sizes[stop]
        area = total * scale
        square = short * short
        worst = max(
            square * sizes[start] * scale / area**2,
            area**2 / (square * sizes[stop] * scale) if square else float("inf"),
        )
        if worst > best:
            return stop
        best = worst
    return len(sizes)
