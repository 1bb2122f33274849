"""Finds what is worth removing: one finding for each rule, and one for each way in which later layers waste bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from explorer.filesystem.columnfile import Array
from explorer.filesystem.layer import Kind
from explorer.filesystem.union import Stack, State
from explorer.findings.category import CATEGORIES, CODE
from explorer.findings.entry import entry_nodes, runs_go_command
from explorer.findings.finding import TEXTS, Finding
from explorer.findings.rules import RuleSet, built_in_titles
from explorer.findings.shadow import shadow_findings
from explorer.findings.where import Where
from explorer.image.model import Image
from explorer.translation import tr
from explorer.units import display_name

# Smaller files are not worth a link.
DUPLICATE_MIN_BYTES = 16 << 10
# What is needed to build, and stays a guess while the image builds when it starts.
_BUILD_CATEGORIES = frozenset(
    {"go-toolchain", "go-build-cache", "go-module-cache", "source", "c-toolchain", "test-data"}
)
# Copies inside these are counted with them already.
_COUNTED_ALREADY = ("go-toolchain", "go-build-cache", "go-module-cache", "package-cache")
_NOT_OURS = ("system", "documentation", "c-toolchain", "package-database")


def find(
    stack: Stack,
    category: Array,
    rule: Array,
    image: Image,
    rules: RuleSet,
    order: Sequence[int] | None = None,
) -> tuple[Finding, ...]:
    """All findings, biggest first. `category` and `rule` are classify()'s; `order` the image's layer index of each
    layer of the stack (default: the same), which the findings name.
    """
    layers = tuple(range(stack.layer_count)) if order is None else tuple(order)
    where = Where(stack, category, rule, image, layers)
    found = _rule_findings(where, rules)
    found += shadow_findings(where, rules)
    found += _duplicates(where)
    return tuple(sorted(found, key=lambda item: (-item.bytes, item.id, item.layer)))


def checked() -> list[str]:
    """What is looked for, in the user's language: the titles of all findings that there can be."""
    titles = [*built_in_titles(), *(title for title, _, _ in TEXTS.values())]
    return [tr(title) for title in dict.fromkeys(titles)]


@dataclass(frozen=True)
class _Evidence:
    """What the image as a whole tells about its parts."""

    entry: str  # path of the program that the image runs, "" if unknown
    has_application: bool
    runs_go: bool

    def confidence(self, category: str, wanted: str) -> str:
        if category not in _BUILD_CATEGORIES:
            return wanted
        if self.runs_go:
            return "medium" if wanted == "high" else wanted
        return wanted if self.has_application else "info"


def _rule_findings(where: Where, rules: RuleSet) -> list[Finding]:
    stack = where.stack
    live = np.flatnonzero((stack.kind == Kind.FILE) & (stack.state == State.LIVE))
    sizes = np.bincount(
        where.rule[live], weights=stack.size[live].astype(np.float64), minlength=len(rules.ids)
    )
    evidence = _evidence(where)
    found = []
    for number, rule in enumerate(rules.rules, 1):
        spec = rule.spec
        if not spec.finding or sizes[number] == 0:
            continue
        rows = where.by_size(live[where.rule[live] == number])
        texts = {"title": spec.title, "reason": spec.reason, "remedy": spec.remedy}
        found.append(
            Finding(
                id=spec.id,
                category=spec.category,
                bytes=int(stack.size[rows].sum()),
                layer=where.main_layer(rows),
                rows=rows,
                confidence=evidence.confidence(spec.category, spec.confidence),
                fields={
                    **texts,
                    "place": where.place(rows),
                    "count": len(rows),
                    "entry": evidence.entry,
                },
            )
        )
    return found


def _evidence(where: Where) -> _Evidence:
    stack, config = where.stack, where.image.config
    application = where.category == CODE["application"]
    nodes = [node for node in entry_nodes(stack, config) if application[stack.rows_at(node)].any()]
    entry = display_name(b"/" + stack.tree.path(nodes[0])) if nodes else "/path/of/program"
    return _Evidence(
        entry=entry,
        has_application=bool((stack.size[application] > 0).any()),
        runs_go=runs_go_command(config),
    )


def _duplicates(where: Where) -> list[Finding]:
    """Live files with the same content as another one; `rows` are all of them, `bytes` all but one of each."""
    stack = where.stack
    chosen = (stack.kind == Kind.FILE) & (stack.state == State.LIVE)
    chosen &= stack.size >= DUPLICATE_MIN_BYTES
    chosen &= ~np.isin(where.category, [CODE[name] for name in _COUNTED_ALREADY])
    rows = np.flatnonzero(chosen)
    keys = np.column_stack([stack.digest[rows], stack.size[rows].astype(np.uint64)])
    _, group, counts = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    group = group.reshape(-1)
    again = counts[group] > 1
    rows, group = rows[again], group[again]
    if not len(rows):
        return []
    # Biggest first, copies side by side, the base layer's first.
    rows = rows[np.lexsort((rows, group, -stack.size[rows]))].astype(np.int32)
    _, first = np.unique(group, return_index=True)
    extra = int(stack.size[rows].sum()) - int(
        stack.size[np.flatnonzero(chosen)[again][first]].sum()
    )
    foreign = np.isin(where.category[rows], [CODE[name] for name in _NOT_OURS])
    ours = int(stack.size[rows[~foreign]].sum())
    main = int(np.argmax(np.bincount(where.category[rows], weights=stack.size[rows])))
    return [
        Finding(
            id="duplicates",
            category=CATEGORIES[main].id,
            bytes=extra,
            layer=where.main_layer(rows),
            rows=rows,
            confidence="medium" if 2 * ours >= int(stack.size[rows].sum()) else "info",
            fields={"place": where.place(rows), "count": len(rows) - len(first)},
            overlaps=True,
        )
    ]
