"""A squarified treemap as flat lists of rectangles, without Qt (Bruls, Huizing, van Wijk 2000)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from explorer.filesystem.tree import FileTree
from explorer.filesystem.union import View

# Tiles and titles in logical pixels.
CUTOFF = 3.0
TITLE = 17
PADDING = 2
_TITLE_MIN_WIDTH, _TITLE_MIN_HEIGHT = 48, 40
_MAX_DEPTH = 64
_SLICE = 400


@dataclass
class Layout:
    """Rectangles (x, y, width, height, node): `tiles` are files, `rests` what is too small to draw, `frames` folders."""

    width: int
    height: int
    root: int
    tiles: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    rests: list[tuple[int, int, int, int, int, int, int]] = field(
        default_factory=list
    )  # …, files, bytes
    frames: list[tuple[int, int, int, int, int, bool]] = field(
        default_factory=list
    )  # …, has a title


def layout_steps(
    tree: FileTree, view: View, root: int, width: int, height: int, scale: float = 1.0
) -> Iterator[Layout]:
    """Lay out the subtree of `root`; yields the growing layout now and then so that a caller can pause, last when done."""
    layout = Layout(width, height, root)
    work: list[tuple[int, float, float, float, float, int]] = [
        (root, 0.0, 0.0, float(width), float(height), 0)
    ]
    cutoff = CUTOFF * scale
    done = 0
    while work:
        node, x, y, w, h, depth = work.pop()
        inner = _frame(layout, node, x, y, w, h, root, scale)
        children = tree.children(node)
        sizes = view.total[children]
        keep = sizes > 0
        children, sizes = children[keep], sizes[keep]
        if not len(children):
            continue
        order = np.argsort(-sizes, kind="stable")
        _place(
            layout,
            tree,
            view,
            children[order].tolist(),
            sizes[order].tolist(),
            inner,
            cutoff,
            depth,
            work,
        )
        done += len(children)
        if done > _SLICE:
            done = 0
            yield layout
    yield layout


def _frame(
    layout: Layout, node: int, x: float, y: float, w: float, h: float, root: int, scale: float
) -> tuple[float, float, float, float]:
    """Note a folder's frame and return the room inside it."""
    if node == root:
        return x, y, w, h
    title = w >= _TITLE_MIN_WIDTH * scale and h >= _TITLE_MIN_HEIGHT * scale
    left, top = round(x), round(y)
    layout.frames.append((left, top, round(x + w) - left, round(y + h) - top, node, title))
    pad = PADDING * scale if title else 0.0
    head = TITLE * scale if title else 0.0
    return x + pad, y + head, w - 2 * pad, h - head - pad


def _place(
    layout: Layout,
    tree: FileTree,
    view: View,
    nodes: list[int],
    sizes: list[int],
    room: tuple[float, float, float, float],
    cutoff: float,
    depth: int,
    work: list[tuple[int, float, float, float, float, int]],
) -> None:
    """Squarify one folder's children into `room`; those below the cutoff become one rest block."""
    x, y, w, h = room
    if w < 1 or h < 1:
        return
    left = sum(sizes)
    scale = w * h / left
    ends = tree.end
    start, count = 0, len(nodes)
    while start < count and w > 0 and h > 0:
        short = min(w, h)
        if short < cutoff or sizes[start] * scale < cutoff * cutoff:
            break
        stop, row = _row(sizes, start, short, scale)
        thick = row * scale / short
        along = 0.0
        for index in range(start, stop):
            length = sizes[index] * scale / thick if thick else 0.0
            box = (x, y + along, thick, length) if w >= h else (x + along, y, length, thick)
            along += length
            node = nodes[index]
            if ends[node] > node + 1 and depth < _MAX_DEPTH and min(box[2], box[3]) >= 2 * cutoff:
                work.append((node, *box, depth + 1))
            else:
                left_edge, top_edge = round(box[0]), round(box[1])
                tile = (
                    left_edge,
                    top_edge,
                    round(box[0] + box[2]) - left_edge,
                    round(box[1] + box[3]) - top_edge,
                    node,
                )
                layout.tiles.append(tile)
        if w >= h:
            x, w = x + thick, w - thick
        else:
            y, h = y + thick, h - thick
        start = stop
    if start < count and w >= 1 and h >= 1:
        files = int(view.files[np.asarray(nodes[start:])].sum())
        left_edge, top_edge = round(x), round(y)
        parent = int(tree.parent[nodes[start]])
        layout.rests.append(
            (
                left_edge,
                top_edge,
                round(x + w) - left_edge,
                round(y + h) - top_edge,
                parent,
                files,
                sum(sizes[start:]),
            )
        )


def _row(sizes: list[int], start: int, short: float, scale: float) -> tuple[int, int]:
    """The end of the row that begins at `start`, and its sum: it grows while its worst aspect ratio gets better."""
    total = sizes[start]
    biggest = total
    factor = short * short / scale
    worst = max(factor * biggest / (total * total), total * total / (factor * biggest))
    stop = start + 1
    count = len(sizes)
    while stop < count:
        size = sizes[stop]
        grown = total + size
        square = grown * grown
        ratio = max(factor * biggest / square, square / (factor * size))
        if ratio > worst:
            break
        total, worst = grown, ratio
        stop += 1
    return stop, total


def fill_ids(layout: Layout) -> np.ndarray[tuple[int, int], np.dtype[np.int32]]:
    """int32[height, width]: the node under each pixel; folders own their frames, -1 where nothing is."""
    ids = np.full((layout.height, layout.width), -1, dtype=np.int32)
    for x, y, w, h, node, _ in layout.frames:
        ids[y : y + h, x : x + w] = node
    for x, y, w, h, node, _, _ in layout.rests:
        ids[y : y + h, x : x + w] = node
    for x, y, w, h, node in layout.tiles:
        ids[y : y + h, x : x + w] = node
    return ids
