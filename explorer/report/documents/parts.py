"""Parts that reports of one and of two images share: names, facts, warnings, layers, the treemap's tiles."""

from __future__ import annotations

import heapq
from collections.abc import Callable

import numpy as np

from explorer.compare.naming import image_name
from explorer.filesystem.columnfile import Array
from explorer.filesystem.layer import Kind as Entry
from explorer.filesystem.tree import FileTree
from explorer.findings.analysis import Analysis
from explorer.findings.category import CATEGORIES
from explorer.image.history import shown_instruction
from explorer.image.redact import shown_setting
from explorer.report.cells import clipped
from explorer.report.document import Fact, Kind, Panel, Tile
from explorer.translation import tr
from explorer.units import display_name, display_text, size_text

# More than this in one table helps nobody; the rest is summed up in one row.
ROWS = 100
# Categories of a smaller share are not divided in the treemap, and places of a smaller share not drawn.
_DIVIDED_SHARE = 0.01
_PARTS = 9
_SMALLEST = 50  # of a category: what holds less is not a place of its own
_COMMAND_LIMIT = 300
VALUE_LIMIT = 300


def image_facts(analysis: Analysis) -> tuple[Fact, ...]:
    """Which image it is and how it was read."""
    image = analysis.image
    stored = [layer.stored_bytes for layer in image.layers]
    facts = [
        Fact(tr("Reference"), display_text(image.reference), Kind.CODE),
        Fact(tr("Image ID"), display_text(image.id), Kind.CODE),
        Fact(tr("Platform"), display_text(str(image.platform))),
        Fact(tr("Created"), display_text(image.created, 40)),
    ]
    if stored and min(stored) >= 0:
        facts.append(Fact(tr("Stored layers"), size_text(sum(stored))))
    return tuple(fact for fact in facts if fact.value)


def incomplete(analysis: Analysis) -> tuple[str, ...]:
    """What makes the figures less than the whole image."""
    lines = []
    if not analysis.complete:
        lines.append(
            tr(
                "Incomplete: {name} was read only in part ({read} of {total} layers). All figures are of what was read.",
                name=image_name(analysis),
                read=analysis.layers_read,
                total=len(analysis.image.layers),
            )
        )
    return (*lines, *(clipped(problem, 400) for problem in analysis.problems))


def setting_value(key: str, value: str) -> str | None:
    """A setting of a config for a report, secrets masked; whether it is one shows in the variable's name."""
    return display_text(shown_setting(key, value), VALUE_LIMIT) or None


def layer_command(analysis: Analysis, index: int) -> str:
    """The step of the build that made a layer, secrets masked."""
    layer = next(item for item in analysis.image.layers if item.index == index)
    step = shown_instruction(layer.history.created_by) if layer.history else ""
    return display_text(step, _COMMAND_LIMIT) or tr("no build history")


def category_panel(analysis: Analysis, name: str) -> Panel:
    """All payload bytes by category, the big ones divided by where they are."""
    stack = analysis.stack
    payload = stack.kind == Entry.FILE
    nodes, codes, sizes = stack.node[payload], analysis.category[payload], stack.size[payload]
    held = analysis.category_bytes()
    whole = sum(size for size, _ in held)
    tiles = []
    for code, (size, _) in enumerate(held):
        if not size:
            continue
        parts: tuple[Tile, ...] = ()
        group = CATEGORIES[code].group
        if size >= whole * _DIVIDED_SHARE:
            own = codes == code
            weights = sizes[own].astype(np.float64)
            at = np.bincount(nodes[own], weights, minlength=len(stack.tree)).astype(np.int64)
            parts = _places(stack.tree, at, group)
        tiles.append(Tile(CATEGORIES[code].label(), size, group, parts))
    tiles.sort(key=lambda tile: -tile.bytes)
    return Panel(name, tuple(tiles))


def _places(tree: FileTree, sizes: Array, group: str) -> tuple[Tile, ...]:
    """The folders and files that hold most of `sizes`, at most _PARTS, and the rest as one."""
    totals = tree.roll_up(sizes)
    whole = int(totals[0])
    least = max(whole // _SMALLEST, 1)
    # The biggest folder is opened again and again, while what comes out still has room.
    waiting = [(-whole, 0)]
    done: list[tuple[int, str]] = []
    while waiting and len(waiting) + len(done) < _PARTS:
        size, node = heapq.heappop(waiting)
        children = tree.children(node)
        children = children[totals[children] >= least]
        # What a folder's small entries hold keeps the folder's name.
        rest = -size - int(totals[children].sum())
        room = _PARTS - len(waiting) - len(done)
        if not len(children) or len(children) + (rest >= least) > room:
            done.append((-size, _place(tree, node)))
            continue
        for child in children.tolist():
            heapq.heappush(waiting, (-int(totals[child]), child))
        if rest >= least and node:
            done.append((rest, _place(tree, node) + "/…"))
    done += [(-size, _place(tree, node)) for size, node in waiting]
    done.sort(key=lambda item: -item[0])
    parts = [Tile(name, size, group) for size, name in done]
    left = whole - sum(part.bytes for part in parts)
    if left:
        parts.append(Tile(tr("elsewhere"), left, group))
    return tuple(parts)


def paths_of(tree: FileTree) -> Callable[[int], bytes]:
    """What tells the path of a node; a folder's is put together once, however many files are asked for."""
    # A list and bytes: reading single numbers out of arrays would take most of the time.
    parents, offsets = tree.parent.tolist(), tree.name_offsets.tolist()
    names = tree.names.tobytes()
    folders: dict[int, bytes] = {-1: b"", 0: b""}

    def path(node: int) -> bytes:
        way = []
        folder = parents[node]
        while folder not in folders:
            way.append(folder)
            folder = parents[folder]
        before = folders[folder]
        for folder in reversed(way):
            before += names[offsets[folder] : offsets[folder + 1]] + b"/"
            folders[folder] = before
        return before + names[offsets[node] : offsets[node + 1]]

    return path


def _place(tree: FileTree, node: int) -> str:
    return "/" + display_name(tree.path(node), 60)
