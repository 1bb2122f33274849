"""What is known of one entry of the image, as texts: the rows of the details form, its history and its copies."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from explorer.filesystem.layer import Flag, Kind
from explorer.filesystem.union import State, View
from explorer.findings.analysis import Analysis
from explorer.findings.category import CATEGORIES
from explorer.gui.models.magic import content_type
from explorer.image.history import shown_instruction
from explorer.translation import listed, mark, ntr, tr
from explorer.units import count_text, display_name, display_text, share_text, size_text
from explorer.workflow.payloads import Payload

# Copies listed; the text says how many there are.
COPIES_LISTED = 200
_STEP_LIMIT = 200
_KINDS = {
    Kind.DIRECTORY: (mark("directory"), stat.S_IFDIR),
    Kind.FILE: (mark("file"), stat.S_IFREG),
    Kind.SYMLINK: (mark("symbolic link"), stat.S_IFLNK),
    Kind.HARDLINK: (mark("hard link"), stat.S_IFREG),
    Kind.CHARACTER: (mark("character device"), stat.S_IFCHR),
    Kind.BLOCK: (mark("block device"), stat.S_IFBLK),
    Kind.FIFO: (mark("named pipe"), stat.S_IFIFO),
    Kind.WHITEOUT: (mark("whiteout: hides what lower layers hold here"), 0),
}


@dataclass(frozen=True)
class Fact:
    """One row of the form; `key` names it for programs, `wrap` that its value is a path or other long text."""

    key: str
    label: str
    value: str
    wrap: bool = False


@dataclass(frozen=True)
class Step:
    """One row of an entry's history: what layer `layer` of the image did at the path."""

    row: int
    layer: int
    text: str


@dataclass(frozen=True)
class Copy:
    """Another path with the same content."""

    node: int
    text: str


def entry_facts(analysis: Analysis, shown: View, node: int, row: int) -> list[Fact]:
    """The form of an entry; `row` is -1 for a folder that no layer lists and for what is not shown."""
    path = "/" + display_name(analysis.stack.tree.path(node))
    facts = [Fact("path", tr("Path"), path, wrap=True), *_sizes(analysis, shown, node, row)]
    if row < 0:
        return [*facts, Fact("type", tr("Type"), tr("directory"))]
    stack = analysis.stack
    kind = Kind(int(stack.kind[row]))
    added = tr(
        "layer {n} · {step}",
        n=image_layer(analysis, row),
        step=display_text(" ".join(layer_step(analysis, row).split()), _STEP_LIMIT),
    )
    facts.append(Fact("added", tr("Added in"), added, wrap=True))
    later = fate(analysis, row)
    if later:
        facts.append(Fact("later", tr("Later"), later))
    if kind == Kind.FILE:
        facts.append(Fact("category", tr("Category"), _category(analysis, row)))
    facts.append(Fact("type", tr("Type"), _type(analysis, row, kind)))
    if kind in (Kind.SYMLINK, Kind.HARDLINK):
        target = "→ " + display_name(stack.link_target(row))
        facts.append(Fact("target", tr("Points to"), target, wrap=True))
    if kind != Kind.WHITEOUT and stack.layer_node[row] >= 0 and not _implied(analysis, row):
        facts += _metadata(analysis, row, kind)
    return facts


def _sizes(analysis: Analysis, shown: View, node: int, row: int) -> list[Fact]:
    whole = analysis.totals.content_bytes
    stack = analysis.stack
    if row >= 0 and stack.kind[row] != Kind.DIRECTORY:
        if stack.kind[row] not in (Kind.FILE, Kind.HARDLINK):
            return []
        payload = int(stack.payload_row[row])
        size = int(stack.size[payload]) if payload >= 0 else 0
        if stack.kind[row] == Kind.HARDLINK:
            text = tr("{size}, stored with the file it links to", size=exact_size(size))
            return [Fact("size", tr("Size"), text)]
        facts = [Fact("size", tr("Size"), exact_size(size))]
    else:
        size = int(shown.total[node])
        facts = [
            Fact("size", tr("Size"), exact_size(size)),
            Fact("files", tr("Files"), count_text(int(shown.files[node]))),
        ]
    tiny = 0 < size < 0.0005 * whole
    share = tr("less than 0.1%") if tiny else share_text(size, whole)
    return [*facts, Fact("share", tr("Of the image"), share)]


def exact_size(size: int) -> str:
    """A byte count for people and to the byte."""
    if size < 1000:
        return ntr("{n} byte", "{n} bytes", size)
    return tr("{size} ({bytes} bytes)", size=size_text(size), bytes=count_text(size))


def image_layer(analysis: Analysis, row: int) -> int:
    """The image's index of the layer that holds a row."""
    return int(analysis.stack_layers[int(analysis.stack.layer[row])])


def layer_step(analysis: Analysis, row: int) -> str:
    """The instruction that made the row's layer, whole but for secrets: untrusted text."""
    index = image_layer(analysis, row)
    found = next((layer.history for layer in analysis.image.layers if layer.index == index), None)
    text = shown_instruction(found.created_by) if found is not None else ""
    return text or tr("no build history")


def fate(analysis: Analysis, row: int) -> str:
    """What later layers did to a row; "" for what stays to the end."""
    stack = analysis.stack
    if stack.kind[row] == Kind.WHITEOUT:
        return ""
    state, until = State(int(stack.state[row])), int(stack.until[row])
    if state == State.DUPLICATE:
        return tr("written again in the same layer; these bytes are never seen")
    if until >= stack.layer_count:
        return ""
    later = analysis.stack_layers[until]
    if state == State.METADATA_COPY:
        return tr("copied again in layer {n}, same content", n=later)
    if stack.replaced_by[row] >= 0:
        return tr("overwritten in layer {n}", n=later)
    if stack.kind[row] == Kind.FILE and state == State.LIVE:
        return tr("deleted in layer {n}; a hard link keeps its bytes", n=later)
    return tr("deleted in layer {n}", n=later)


def _category(analysis: Analysis, row: int) -> str:
    label = CATEGORIES[int(analysis.category[row])].label()
    rule = analysis.rules[int(analysis.rule[row])]
    return (
        tr("{category} (rule {rule})", category=label, rule=display_text(rule)) if rule else label
    )


def _type(analysis: Analysis, row: int, kind: Kind) -> str:
    stack = analysis.stack
    text = tr(_KINDS[kind][0])
    if kind == Kind.FILE and stack.layer_node[row] >= 0:
        what = content_type(stack.head[row].tobytes(), int(stack.size[row]))
        sparse = tr("sparse") if stack.flags[row] & Flag.SPARSE else ""
        return listed((text, what, sparse))
    if kind == Kind.DIRECTORY and stack.flags[row] & Flag.OPAQUE:
        return listed((text, tr("hides what lower layers hold in it")))
    return text


def _implied(analysis: Analysis, row: int) -> bool:
    return bool(analysis.stack.flags[row] & Flag.IMPLIED)


def _metadata(analysis: Analysis, row: int, kind: Kind) -> list[Fact]:
    stack = analysis.stack
    mode = int(stack.mode[row])
    shown = tr("{mode} ({octal})", mode=stat.filemode(_KINDS[kind][1] | mode), octal=f"{mode:04o}")
    owner = tr("user {uid}, group {gid}", uid=int(stack.uid[row]), gid=int(stack.gid[row]))
    return [
        Fact("mode", tr("Mode"), shown),
        Fact("owner", tr("Owner"), owner),
        Fact("time", tr("Modified"), time_text(int(stack.mtime[row]))),
    ]


def time_text(seconds: int) -> str:
    """Seconds since 1970 as a UTC date; the bare number where no calendar reaches."""
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except OverflowError:
        return tr("{n} seconds since 1970", n=count_text(seconds))
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def history(analysis: Analysis, node: int) -> list[Step]:
    """What every layer did at a path, base first; folders that a tar only implies are left out."""
    stack = analysis.stack
    steps = []
    for row in stack.rows_at(node).tolist():
        if _implied(analysis, row):
            continue
        kind = Kind(int(stack.kind[row]))
        if kind == Kind.WHITEOUT:
            what = tr("removed")
        elif kind == Kind.FILE:
            what = size_text(int(stack.size[row]))
        else:
            what = tr(_KINDS[kind][0])
        later = fate(analysis, row)
        layer = image_layer(analysis, row)
        text = tr("layer {n}: {what}", n=layer, what=f"{what}, {later}" if later else what)
        steps.append(Step(row, layer, text))
    return steps


def copies(analysis: Analysis, row: int) -> tuple[list[Copy], int]:
    """Other paths with the same content (at most COPIES_LISTED of them), and how many there are."""
    stack = analysis.stack
    if row < 0 or stack.kind[row] != Kind.FILE or not stack.size[row]:
        return [], 0
    low, high = stack.digest[row].tolist()
    if not low and not high:
        return [], 0
    same = (stack.digest[:, 0] == low) & (stack.digest[:, 1] == high)
    same &= (stack.kind == Kind.FILE) & (stack.node != stack.node[row])
    rows = np.flatnonzero(same & (stack.size == stack.size[row]))
    # One line a path: the last layer that holds it.
    nodes, last = np.unique(stack.node[rows][::-1], return_index=True)
    latest = rows[::-1][last]
    found = [
        Copy(
            node,
            tr(
                "/{path} (layer {n})",
                path=display_name(stack.tree.path(node)),
                n=image_layer(analysis, other),
            ),
        )
        for node, other in zip(
            nodes[:COPIES_LISTED].tolist(), latest[:COPIES_LISTED].tolist(), strict=True
        )
    ]
    return found, len(nodes)


def payload_row(analysis: Analysis, row: int) -> int:
    """The row whose bytes are read for a row (a hard link's are its target's); -1 where there are none to read."""
    if row < 0:
        return -1
    stack = analysis.stack
    found = int(stack.payload_row[row])
    # What the same layer wrote again has no place of its own in the index.
    return found if found >= 0 and stack.layer_node[found] >= 0 else -1


def payload(analysis: Analysis, row: int) -> Payload | None:
    """What workflow.preview() and workflow.extract() need to read a row's bytes, None where there are none."""
    row = payload_row(analysis, row)
    if row < 0:
        return None
    stack = analysis.stack
    return Payload(
        layer=image_layer(analysis, row),
        path=stack.tree.path(int(stack.node[row])),
        data_offset=int(stack.data_offset[row]),
        size=int(stack.size[row]),
    )


def digest_text(analysis: Analysis, row: int) -> str:
    """The content digest of a payload row, "" where there is none."""
    if row < 0 or not analysis.stack.size[row]:
        return ""
    low, high = analysis.stack.digest[row].tolist()
    return f"xxh3_128:{(high << 64) | low:032x}"
