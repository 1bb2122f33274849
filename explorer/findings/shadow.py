"""Findings about payloads that nothing reaches any more: deleted, moved, overwritten, copied for their metadata."""

from __future__ import annotations

from functools import partial

import numpy as np

from explorer.filesystem.columnfile import Array
from explorer.filesystem.layer import Kind
from explorer.filesystem.union import Stack, State
from explorer.findings.category import CODE
from explorer.findings.content import same_content
from explorer.findings.finding import Finding
from explorer.findings.rules import RuleSet
from explorer.findings.where import Where

# Changes below both are told together.
_SMALL_BYTES = 16 << 10
_SMALL_SHARE = 0.001
# Owner and permissions are both named when each changed for at least this share of the bytes.
_BOTH = 0.1


def shadow_findings(where: Where, rules: RuleSet) -> list[Finding]:
    """One finding for each layer that deletes, moves, overwrites or copies; they count each lost payload once."""
    stack = where.stack
    lost = (stack.kind == Kind.FILE) & (stack.size > 0)
    deleted = lost & (stack.state == State.DELETED)
    moved = deleted & _moved(stack)
    overwritten = lost & (stack.state == State.OVERWRITTEN)
    database = overwritten & _of_databases(where, rules)
    parts = [
        (layer, rows, partial(_deleted, where, rules, number))
        for layer, number, rows in _by_layer_and_cause(where, rules, deleted & ~moved)
    ]
    for mask, make in (
        (moved, partial(_finding, where, "moved-later", "deleted")),
        (overwritten & ~database, partial(_finding, where, "overwritten-later", "overwritten")),
        (lost & (stack.state == State.METADATA_COPY), partial(_copied, where)),
    ):
        parts += [(layer, rows, make) for layer, rows in _by_layer(where, mask)]
    found = [make(layer, rows) for layer, rows, make in parts if not _is_small(where, rows)]
    small = [rows for _, rows, _ in parts if _is_small(where, rows)]
    written_twice = lost & (stack.state == State.DUPLICATE)
    rest = (
        ("package-database-copies", "overwritten", np.flatnonzero(database)),
        ("written-twice", "duplicate-entry", np.flatnonzero(written_twice)),
        ("small-changes", "", np.concatenate([np.zeros(0, dtype=np.int64), *small])),
    )
    for kind, category, rows in rest:
        if len(rows):
            named = category or where.main_category(rows)
            found.append(_finding(where, kind, named, -1, where.by_size(rows), confidence="info"))
    return found


def _is_small(where: Where, rows: Array) -> bool:
    """Whether a layer's change is a handful of bytes: a line in /etc/passwd, a marker file."""
    held = int(where.stack.size[rows].sum())
    return held < _SMALL_BYTES and held < _SMALL_SHARE * int(where.stack.size.sum())


def _moved(stack: Stack) -> Array:
    """bool[r]: payloads that the layer which deletes them holds at another path."""
    mask = np.zeros(len(stack), dtype=bool)
    files = (stack.kind == Kind.FILE) & (stack.size > 0)
    gone = np.flatnonzero(files & (stack.state == State.DELETED))
    hiding = stack.payload_until[gone].astype(np.int64)
    written = np.flatnonzero(files & np.isin(stack.layer, hiding))
    if not len(gone) or not len(written):
        return mask
    group = same_content(stack, np.concatenate([gone, written]))
    # One number for a content in a layer.
    wanted = group[: len(gone)] * stack.layer_count + hiding
    there = group[len(gone) :] * stack.layer_count + stack.layer[written]
    mask[gone] = np.isin(wanted, there)
    return mask


def _of_databases(where: Where, rules: RuleSet) -> Array:
    """bool[r]: rows of package databases, which every installation writes anew."""
    code = CODE["package-database"]
    numbers = [number for number, rule in enumerate(rules.rules, 1) if rule.code == code]
    return np.isin(where.rule, numbers)


def _by_layer(where: Where, mask: Array) -> list[tuple[int, Array]]:
    """(hiding layer of the stack, rows biggest first) of the chosen rows, the layer with most bytes first."""
    rows = np.flatnonzero(mask)
    hiding = where.stack.payload_until[rows]
    groups = [(int(layer), where.by_size(rows[hiding == layer])) for layer in np.unique(hiding)]
    return sorted(groups, key=lambda group: -int(where.stack.size[group[1]].sum()))


def _by_layer_and_cause(where: Where, rules: RuleSet, mask: Array) -> list[tuple[int, int, Array]]:
    """(hiding layer, rule number, rows biggest first); the number is 0 for what no rule calls waste anyway."""
    waste = np.array([False, *(rule.spec.finding for rule in rules.rules)])
    groups = []
    for layer, rows in _by_layer(where, mask):
        cause = np.where(waste[where.rule[rows]], where.rule[rows], 0)
        groups += [(layer, int(number), rows[cause == number]) for number in np.unique(cause)]
    return groups


def _deleted(where: Where, rules: RuleSet, number: int, layer: int, rows: Array) -> Finding:
    if number:
        spec = rules.rules[number - 1].spec
        return _finding(
            where, f"deleted-{spec.id}", "deleted", layer, rows,
            text="deleted-known", what=spec.title, cure=spec.remedy, **_rule_places(where, rows),
        )  # fmt: skip
    source = where.main_layer(rows)
    step = where.step(where.layers.index(source)) if source >= 0 else ""
    copied = step.split(" ", 1)[0].upper() in ("COPY", "ADD")
    text = "copied-then-deleted" if copied else "deleted-later"
    return _finding(where, "deleted-later", "deleted", layer, rows, text=text)


def _rule_places(where: Where, rows: Array) -> dict[str, str]:
    places = where.places(rows)
    return {"place": places[0], "places": ", ".join(places)}


def _copied(where: Where, layer: int, rows: Array) -> Finding:
    text = _changed(where.stack, rows)
    return _finding(where, "metadata-copies", "metadata-copy", layer, rows, text=text)


def _changed(stack: Stack, rows: Array) -> str:
    """Which text tells what the later copies of `rows` changed, by most bytes."""
    newer = stack.replaced_by[rows]
    known = newer >= 0
    rows, newer = rows[known], newer[known]
    size = stack.size[rows]
    total = int(size.sum())
    owner = int(
        size[(stack.uid[rows] != stack.uid[newer]) | (stack.gid[rows] != stack.gid[newer])].sum()
    )
    mode = int(size[stack.mode[rows] != stack.mode[newer]].sum())
    if min(owner, mode) >= _BOTH * total:
        return "owner-and-mode-copies"
    if 2 * max(owner, mode) > total:
        return "owner-copies" if owner >= mode else "mode-copies"
    # A hard link to a file of a lower layer brings the file along.
    linked = stack.payload_row[stack.kind == Kind.HARDLINK]
    return "link-copies" if 2 * int(size[np.isin(newer, linked)].sum()) > total else "time-copies"


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
            "count": len(rows),
            "places": ", ".join(where.folders(rows)),
            "entry": where.entry,
            "layer": where.layers[layer] if layer >= 0 else "…",
            "step": where.step(layer) if layer >= 0 else "…",
            **fields,
        },
    )
