"""Findings about payloads that nothing reaches any more: deleted, moved, overwritten, copied for their metadata."""

from __future__ import annotations

import numpy as np

from explorer.filesystem.columnfile import Array
from explorer.filesystem.layer import Kind
from explorer.filesystem.union import Stack, State
from explorer.findings.category import CODE
from explorer.findings.finding import Finding
from explorer.findings.rules import RuleSet
from explorer.findings.where import Where

# A rule names what was deleted when it covers at least this share of the bytes.
_MOSTLY = 0.8
# Findings of one kind beyond this many layers are joined into one.
_MAX_LAYERS = 12


def shadow_findings(where: Where, rules: RuleSet) -> list[Finding]:
    """One finding for each layer that deletes, moves, overwrites or copies; they count each lost payload once."""
    stack = where.stack
    lost = (stack.kind == Kind.FILE) & (stack.size > 0)
    moved = _moved(stack)
    database = _of_databases(where, rules)
    deleted = lost & (stack.state == State.DELETED)
    overwritten = lost & (stack.state == State.OVERWRITTEN)
    copied = lost & (stack.state == State.METADATA_COPY)
    found = []
    for layer, rows in _by_layer(where, deleted & ~moved):
        found.append(_deleted(where, rules, layer, rows))
    for layer, rows in _by_layer(where, deleted & moved):
        found.append(_finding(where, "moved-later", "deleted", layer, rows))
    for layer, rows in _by_layer(where, overwritten & ~database):
        found.append(_finding(where, "overwritten-later", "overwritten", layer, rows))
    for layer, rows in _by_layer(where, copied):
        text = _changed(stack, rows)
        found.append(_finding(where, "metadata-copies", "metadata-copy", layer, rows, text=text))
    for kind, mask in (
        ("package-database-copies", overwritten & database),
        ("written-twice", lost & (stack.state == State.DUPLICATE)),
    ):
        rows = where.by_size(np.flatnonzero(mask))
        if len(rows):
            category = "overwritten" if kind == "package-database-copies" else "duplicate-entry"
            found.append(_finding(where, kind, category, -1, rows, confidence="info"))
    return found


def _moved(stack: Stack) -> Array:
    """bool[r]: deleted payloads that a live file of the deleting layer, or of a later one, holds at another path."""
    mask = np.zeros(len(stack), dtype=bool)
    gone = np.flatnonzero((stack.state == State.DELETED) & (stack.size > 0))
    if not len(gone):
        return mask
    live = np.flatnonzero(
        (stack.kind == Kind.FILE) & (stack.state == State.LIVE) & (stack.size > 0)
    )
    live = live[np.isin(stack.digest[live, 0], stack.digest[gone, 0])]
    latest: dict[tuple[int, int, int], int] = {}
    for row in live.tolist():
        key = _content(stack, row)
        latest[key] = max(latest.get(key, -1), int(stack.layer[row]))
    for row in gone.tolist():
        mask[row] = latest.get(_content(stack, row), -1) >= int(stack.payload_until[row])
    return mask


def _content(stack: Stack, row: int) -> tuple[int, int, int]:
    low, high = stack.digest[row].tolist()
    return low, high, int(stack.size[row])


def _of_databases(where: Where, rules: RuleSet) -> Array:
    """bool[r]: rows of package databases, which every installation writes anew."""
    code = CODE["package-database"]
    numbers = [number for number, rule in enumerate(rules.rules, 1) if rule.code == code]
    return np.isin(where.rule, numbers)


def _by_layer(where: Where, mask: Array) -> list[tuple[int, Array]]:
    """(hiding layer of the stack, rows biggest first) of the chosen rows; -1 for the many smallest together."""
    rows = np.flatnonzero(mask)
    stack = where.stack
    hiding = stack.payload_until[rows]
    held = np.bincount(hiding, weights=stack.size[rows], minlength=1) if len(rows) else np.zeros(0)
    layers = [int(layer) for layer in np.argsort(-held, kind="stable") if held[layer] > 0]
    named, rest = layers[:_MAX_LAYERS], layers[_MAX_LAYERS:]
    groups = [(layer, where.by_size(rows[hiding == layer])) for layer in named]
    if rest:
        groups.append((-1, where.by_size(rows[np.isin(hiding, rest)])))
    return groups


def _deleted(where: Where, rules: RuleSet, layer: int, rows: Array) -> Finding:
    stack = where.stack
    held = np.bincount(where.rule[rows], weights=stack.size[rows])
    number = int(np.argmax(held))
    source = where.main_layer(rows)
    step = where.step(where.layers.index(source)) if source >= 0 else ""
    if step.split(" ", 1)[0].upper() in ("COPY", "ADD"):
        return _finding(where, "deleted-later", "deleted", layer, rows, text="copied-then-deleted")
    spec = rules.rules[number - 1].spec if number else None
    if spec is None or not spec.finding or held[number] < _MOSTLY * held.sum():
        return _finding(where, "deleted-later", "deleted", layer, rows)
    return _finding(
        where, "deleted-later", "deleted", layer, rows, text="deleted-known", what=spec.title
    )


def _changed(stack: Stack, rows: Array) -> str:
    """Which text tells what the later copies of `rows` changed, by most bytes."""
    newer = stack.replaced_by[rows]
    known = newer >= 0
    rows, newer = rows[known], newer[known]
    size = stack.size[rows]
    owner = int(
        size[(stack.uid[rows] != stack.uid[newer]) | (stack.gid[rows] != stack.gid[newer])].sum()
    )
    mode = int(size[stack.mode[rows] != stack.mode[newer]].sum())
    most = int(size.sum()) / 2
    if owner > most and mode > most:
        return "owner-and-mode-copies"
    if max(owner, mode) <= most:
        return "time-copies"
    return "owner-copies" if owner >= mode else "mode-copies"


def _finding(
    where: Where,
    kind: str,
    category: str,
    layer: int,
    rows: Array,
    *,
    confidence: str = "high",
    text: str = "",
    **fields: str,
) -> Finding:
    """A finding about lost payloads; `layer` is the stack's layer that hides them, -1 for several."""
    stack = where.stack
    return Finding(
        id=kind,
        category=category,
        bytes=int(stack.size[rows].sum()),
        layer=where.main_layer(rows),
        rows=rows,
        confidence=confidence,
        fields={
            "text": text or kind,
            "place": where.place(rows),
            "count": len(rows),
            "layer": where.layers[layer] if layer >= 0 else "…",
            "step": where.step(layer) if layer >= 0 else "…",
            **fields,
        },
    )
