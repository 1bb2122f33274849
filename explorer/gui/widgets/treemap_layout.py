"""A squarified treemap as flat lists of rectangles, without Qt (Bruls, Huizing, van Wijk 2000)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from explorer.filesystem.columnfile import Array
from explorer.filesystem.tree import FileTree
from explorer.filesystem.union import View

# Tiles and titles in logical pixels.
CUTOFF = 3.0
TITLE = 17
PADDING = 2
_TITLE_MIN_WIDTH, _TITLE_MIN_HEIGHT = 48, 40
_MAX_DEPTH = 64
_SLICE = 400
# Folders with more children are looked through first.
_LONG = 20_000


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
    # …, the innermost folder that shares the frame (folders of one folder are one frame), has a title
    frames: list[tuple[int, int, int, int, int, int, bool]] = field(default_factory=list)
    # x, y, width, height of what the root leaves empty when it has only a share of the room
    empty: list[tuple[int, int, int, int]] = field(default_factory=list)
    scale: float = 1.0  # what the heights of titles and the like were multiplied by


def layout_steps(
    tree: FileTree,
    view: View,
    root: int,
    width: int,
    height: int,
    scale: float = 1.0,
    share: float = 1.0,
) -> Iterator[Layout]:
    """Lay out the subtree of `root`; yields the growing layout now and then so that a caller can pause, last when done.

    With a `share` below 1.0 it takes only that part of the area, so that maps side by side can have one scale.
    """
    layout = Layout(width, height, root, scale=scale)
    side = min(max(share, 0.0), 1.0) ** 0.5
    taken_width, taken_height = width * side, height * side
    _leave_empty(layout, round(taken_width), round(taken_height))
    work: list[tuple[int, float, float, float, float, int]] = [
        (root, 0.0, 0.0, taken_width, taken_height, 0)
    ]
    cutoff = CUTOFF * scale
    done = 0
    while work:
        node, x, y, w, h, depth = work.pop()
        last, children = _descend(tree, view, node)
        inner = _frame(layout, (node, last), (x, y, w, h), root, scale)
        if not len(children):
            continue
        sizes = view.total[children]
        whole = int(sizes.sum())
        # Of a million files few can be drawn: only these are put in order.
        floor = cutoff * cutoff if len(children) > _LONG else 0.0
        drawn = sizes * (inner[2] * inner[3] / whole) >= floor
        rest = int(view.files[children[~drawn]].sum()), whole - int(sizes[drawn].sum())
        children, sizes = children[drawn], sizes[drawn]
        order = np.argsort(-sizes, kind="stable")
        _place(
            layout,
            tree,
            view,
            children[order].tolist(),
            sizes[order].tolist(),
            (last, *rest),
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


def _leave_empty(layout: Layout, width: int, height: int) -> None:
    """Note what stays empty at the right of the root's room and below it."""
    for x, y, w, h in (
        (width, 0, layout.width - width, layout.height),
        (0, height, width, layout.height - height),
    ):
        if w > 0 and h > 0:
            layout.empty.append((x, y, w, h))


def _descend(tree: FileTree, view: View, node: int) -> tuple[int, Array]:
    """The folder that a chain of only folders leads to, and its children that hold bytes."""
    while True:
        children = tree.children(node)
        children = children[view.total[children] > 0]
        if len(children) != 1 or tree.end[children[0]] == children[0] + 1:
            return node, children
        node = int(children[0])


def _frame(
    layout: Layout,
    folders: tuple[int, int],
    box: tuple[float, float, float, float],
    root: int,
    scale: float,
) -> tuple[float, float, float, float]:
    """Note the frame of a folder and of the only folders inside it; returns the room inside."""
    (node, last), (x, y, w, h) = folders, box
    if node == last == root:
        return box
    title = w >= _TITLE_MIN_WIDTH * scale and h >= _TITLE_MIN_HEIGHT * scale
    left, top = round(x), round(y)
    width, height = round(x + w) - left, round(y + h) - top
    layout.frames.append((left, top, width, height, node, last, title))
    pad = PADDING * scale if title else 0.0
    head = TITLE * scale if title else 0.0
    return x + pad, y + head, w - 2 * pad, h - head - pad


def _place(
    layout: Layout,
    tree: FileTree,
    view: View,
    nodes: list[int],
    sizes: list[int],
    rest: tuple[int, int, int],
    room: tuple[float, float, float, float],
    cutoff: float,
    depth: int,
    work: list[tuple[int, float, float, float, float, int]],
) -> None:
    """Squarify a folder's larger children into `room`; with the `rest` (folder, files, bytes) they leave one block."""
    x, y, w, h = room
    if w < 1 or h < 1:
        return
    folder, files, left = rest
    scale = w * h / (left + sum(sizes))
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
    left += sum(sizes[start:])
    if left and w >= 1 and h >= 1:
        files += int(view.files[np.asarray(nodes[start:], dtype=np.int64)].sum())
        left_edge, top_edge = round(x), round(y)
        layout.rests.append(
            (
                left_edge,
                top_edge,
                round(x + w) - left_edge,
                round(y + h) - top_edge,
                folder,
                files,
                left,
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


def fill_ids(layout: Layout) -> Array:
    """int32[height, width]: the node under each pixel; folders own their frames, -1 where nothing is."""
    ids = np.full((layout.height, layout.width), -1, dtype=np.int32)
    for x, y, w, h, _, last, _ in layout.frames:
        ids[y : y + h, x : x + w] = last
    for x, y, w, h, node, _, _ in layout.rests:
        ids[y : y + h, x : x + w] = node
    for x, y, w, h, node in layout.tiles:
        ids[y : y + h, x : x + w] = node
    return ids
