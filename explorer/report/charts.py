"""Bars, waterfalls, treemaps and strips of measured times as drawings."""

from __future__ import annotations

import math
from collections.abc import Sequence

from explorer.report.cells import cell_text, visible
from explorer.report.document import Bar, Bars, Kind, Panel, Strip, Strips, Tile, Treemap, Waterfall
from explorer.report.drawing import (
    FAINT,
    FRAME,
    INK,
    LESS,
    MORE,
    WHOLE,
    WIDTH,
    Box,
    Dot,
    Drawing,
    Label,
    Line,
    fitted,
    fitted_with,
    text_width,
)
from explorer.report.squarify import Rect, squarify
from explorer.translation import tr
from explorer.units import seconds_text, share_text, signed_size, size_text

_ROW, _BAR = 26.0, 16.0
_NAMES = 230.0
_FIGURES = 150.0
_SIZE, _SMALL = 13.0, 11.0
_MAP_HEIGHT = 380.0
_HEAD, _GAP = 24.0, 24.0
# An image of a smaller share of the other one is shown twice, the other one this wide.
_SPECK, _WIDER = 0.06, 600.0
_TITLE = 18.0
_STRIP = 54.0
# Tiles that a printer would not show.
_LEAST = 2.5
# Steps of an axis: 1, 2 or 5 times a power of ten.
_STEPS = (1.0, 2.0, 5.0, 10.0)


def bars(block: Bars) -> Drawing:
    """Horizontal bars with their sizes."""
    most = max((bar.bytes for bar in block.bars), default=0)
    whole = sum(bar.bytes for bar in block.bars)
    told = "; ".join(f"{bar.label} {size_text(bar.bytes)}" for bar in block.bars)
    drawing = Drawing(block.title, told, _ROW * len(block.bars) + 4)
    room = WIDTH - _NAMES - _FIGURES
    for place, bar in enumerate(block.bars):
        y = place * _ROW
        width = room * bar.bytes / most if most else 0.0
        text = f"{size_text(bar.bytes)} · {share_text(bar.bytes, whole)}"
        drawing.shapes += [
            _name(bar.label, y),
            Box(_NAMES, y + 5, max(width, 1.0), _BAR, bar.group, f"{visible(bar.label)}: {text}"),
            Label(_NAMES + max(width, 1.0) + 8, y + 18, text, _SIZE),
        ]
    return drawing


def waterfall(block: Waterfall) -> Drawing:
    """From the first size to the last: every step begins where the one before ended."""
    sizes, size = [block.start.bytes], block.start.bytes
    for step in block.steps:
        size += step.bytes
        sizes.append(size)
    scale = (WIDTH - _NAMES - _FIGURES) / max(*sizes, block.end.bytes, 1)
    told = "; ".join(f"{step.label} {signed_size(step.bytes)}" for step in block.steps)
    drawing = Drawing(block.title, told, _ROW * (len(block.steps) + 2) + 4)
    _whole(drawing, block.start, 0.0, scale)
    y = _ROW
    for before, step in zip(sizes, block.steps, strict=False):
        after = before + step.bytes
        left, right = _NAMES + min(before, after) * scale, _NAMES + max(before, after) * scale
        text = signed_size(step.bytes)
        title = f"{visible(step.label)}: {text}"
        edge = _NAMES + before * scale
        drawing.shapes += [
            Line(edge, y - 5, edge, y + 5 + _BAR, dashed=True),
            _name(step.label, y),
            Box(left, y + 5, max(right - left, 1.0), _BAR, LESS if step.bytes < 0 else MORE, title),
        ]
        if right + 8 + text_width(text, _SIZE) <= WIDTH:
            drawing.shapes.append(Label(max(right, edge) + 8, y + 18, text, _SIZE))
        else:
            drawing.shapes.append(Label(left - 8, y + 18, text, _SIZE, "end"))
        y += _ROW
    edge = _NAMES + block.end.bytes * scale
    drawing.shapes.append(Line(edge, y - 5, edge, y + 5 + _BAR, dashed=True))
    _whole(drawing, block.end, y, scale)
    return drawing


def treemap(block: Treemap) -> Drawing:
    """One rectangle an image, all at one scale; inside, categories and what they are made of.

    Where the second of two is a speck beside the other, the other gets most of the room, and the speck a closer look.
    """
    told = "; ".join(
        f"{panel.label}: "
        + ", ".join(f"{tile.label} {size_text(tile.bytes)}" for tile in panel.tiles)
        for panel in block.panels
    )
    head = _HEAD if len(block.panels) > 1 else 0.0
    drawing = Drawing(block.title, told, _MAP_HEIGHT + head)
    most = max((panel.bytes for panel in block.panels), default=0)
    least = min((panel.bytes for panel in block.panels), default=0)
    speck = len(block.panels) == 2 and 0 < least < most * _SPECK
    room = (WIDTH - _GAP * (len(block.panels) - 1)) / max(len(block.panels), 1)
    whole = _WIDER if speck else room
    x = 0.0
    for panel in block.panels:
        small = speck and panel.bytes == least
        width = WIDTH - _GAP - _WIDER if small else whole
        share = math.sqrt(panel.bytes / most) if most else 0.0
        if head:
            text = fitted_with(
                visible(panel.label), size_text(panel.bytes), _SIZE, width, bold=True
            )
            drawing.shapes.append(Label(x, 15, text, _SIZE, bold=True))
        true = (x, head, whole * share, _MAP_HEIGHT * share)
        _panel(drawing, panel, true)
        if small:
            _closer(drawing, panel, true, width)
        x += width + _GAP
    return drawing


def _closer(drawing: Drawing, panel: Panel, true: Rect, width: float) -> None:
    """The same panel under it, as big as there is room, with how much bigger it is drawn and lines from corner to corner."""
    x, y, small, low = true
    top = y + low + 2 * _HEAD
    height = y + _MAP_HEIGHT - top
    times = width * height / (small * low)
    shown = f"{times:,.0f}" if times >= 10 else f"{times:.1f}"
    text = fitted(tr("the same, area × {n}", n=shown), _SMALL, width)
    drawing.shapes += [
        Line(x, y + low, x, top, dashed=True),
        Line(x + small, y + low, x + width, top, dashed=True),
        Label(x + 8, top - 7, text, _SMALL, paint=FAINT),
    ]
    _panel(drawing, panel, (x, top, width, height))


def strips(block: Strips) -> Drawing:
    """Each start as a dot, the median as a line, its interval as a bar, on one axis from zero."""
    longest = max((max(strip.values, default=strip.high) for strip in block.strips), default=0.0)
    longest = max(longest, *(strip.high for strip in block.strips), 1e-6)
    step = _axis_step(longest)
    end = math.ceil(longest / step) * step
    told = "; ".join(map(_strip_text, block.strips))
    drawing = Drawing(block.title, told, _STRIP * len(block.strips) + 26)
    scale = (WIDTH - _NAMES - 40) / end
    bottom = _STRIP * len(block.strips) + 4
    for tick in range(round(end / step) + 1):
        x = _NAMES + tick * step * scale
        drawing.shapes += [
            Line(x, 0, x, bottom),
            Label(x, bottom + 16, _time(tick * step), _SMALL, "middle", FAINT),
        ]
    for place, strip in enumerate(block.strips):
        _strip(drawing, strip, place, scale)
    return drawing


def _name(text: str, y: float, *, bold: bool = False) -> Label:
    shown = fitted(visible(text), _SIZE, _NAMES - 12, bold=bold)
    return Label(_NAMES - 10, y + 18, shown, _SIZE, "end", bold=bold)


def _whole(drawing: Drawing, bar: Bar, y: float, scale: float) -> None:
    width = max(bar.bytes * scale, 1.0)
    text = size_text(bar.bytes)
    drawing.shapes += [
        _name(bar.label, y, bold=True),
        Box(_NAMES, y + 5, width, _BAR, WHOLE, f"{visible(bar.label)}: {text}"),
        Label(_NAMES + width + 8, y + 18, text, _SIZE, bold=True),
    ]


def _panel(drawing: Drawing, panel: Panel, room: Rect) -> None:
    x, y, width, height = room
    drawing.shapes.append(Box(x, y, max(width, 1.0), max(height, 1.0), FRAME))
    places = squarify([tile.bytes for tile in panel.tiles], *room)
    for tile, box in zip(panel.tiles, places, strict=True):
        if min(box[2], box[3]) >= _LEAST:
            _tile(drawing, tile, box, panel.bytes)


def _tile(drawing: Drawing, tile: Tile, box: Rect, whole: int) -> None:
    x, y, width, height = box
    name, size = visible(tile.label), size_text(tile.bytes)
    title = f"{name} · {size} · {share_text(tile.bytes, whole)}"
    drawing.shapes.append(Box(x + 0.5, y + 0.5, width - 1, height - 1, tile.group, title))
    room = width - 10 if height >= _TITLE + 2 else 0.0
    shown = fitted_with(name, size, _SIZE, room, bold=True)
    if shown:
        drawing.shapes.append(
            Label(x + 5, y + 14, shown, _SIZE, paint=f"on-{tile.group}", bold=True)
        )
    if tile.parts and width > 40 and height > 2 * _TITLE:
        inner = (x + 3, y + _TITLE + 1, width - 6, height - _TITLE - 4)
        _parts(drawing, tile.parts, inner)


def _parts(drawing: Drawing, parts: Sequence[Tile], room: Rect) -> None:
    ranked = sorted(parts, key=lambda part: -part.bytes)
    places = squarify([part.bytes for part in ranked], *room)
    for part, (x, y, width, height) in zip(ranked, places, strict=True):
        if min(width, height) < _LEAST:
            continue
        name, size = visible(part.label), size_text(part.bytes)
        title = f"{name} · {size}"
        box = Box(x + 0.5, y + 0.5, width - 1, height - 1, f"part-{part.group}", title)
        drawing.shapes.append(box)
        shown = fitted_with(name, size, _SMALL, width - 8 if height >= 16 else 0.0)
        if shown:
            paint = f"on-{part.group}"
            drawing.shapes.append(Label(x + 4, y + 13, shown, _SMALL, paint=paint))


def _strip_text(strip: Strip) -> str:
    if not strip.low < strip.high:
        return tr(
            "{name}: median {median}, {n} starts",
            name=strip.label,
            median=_taken(strip.median),
            n=strip.starts,
        )
    return tr(
        "{name}: median {median}, 95 % interval {low} to {high}, {n} starts",
        name=strip.label,
        median=_taken(strip.median),
        low=_taken(strip.low),
        high=_taken(strip.high),
        n=strip.starts,
    )


def _strip(drawing: Drawing, strip: Strip, place: int, scale: float) -> None:
    y = place * _STRIP
    middle = y + _STRIP / 2
    low, high = _NAMES + strip.low * scale, _NAMES + strip.high * scale
    at = _NAMES + strip.median * scale
    drawing.shapes += [
        _name(strip.label, y + 6, bold=True),
        Label(_NAMES - 10, y + 40, _taken(strip.median), _SMALL, "end", FAINT),
    ]
    if strip.low < strip.high:
        tip = f"{_taken(strip.low)} … {_taken(strip.high)}"
        drawing.shapes.append(Box(low, middle - 9, max(high - low, 1.5), 18, "modules", tip))
    # Dots of like times stand above each other, in an order that does not depend on chance.
    drawing.shapes += [
        Dot(_NAMES + value * scale, middle + ((place * 7) % 5 - 2) * 4.0, 2.6, LESS, _taken(value))
        for place, value in enumerate(strip.values)
    ]
    drawing.shapes.append(Line(at, middle - 16, at, middle + 16, INK, width=2.0))


def _taken(seconds: float) -> str:
    """A measured time as tables tell it."""
    return cell_text(Kind.SECONDS, seconds)


def _time(seconds: float) -> str:
    """A round time on an axis."""
    return seconds_text(seconds) if seconds >= 1 else f"{1000 * seconds:.4g} ms"


def _axis_step(longest: float) -> float:
    """A round distance of ticks, so that there are four to ten."""
    power = 10.0 ** math.floor(math.log10(longest / 5))
    return next(power * step for step in _STEPS if longest / (power * step) <= 8)
