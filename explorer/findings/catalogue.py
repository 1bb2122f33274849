"""Finds what is worth removing: one finding for each rule, and one for each way in which later layers waste bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from explorer.filesystem.columnfile import Array
from explorer.filesystem.layer import Kind
from explorer.filesystem.union import Stack, State
from explorer.findings.category import CODE
from explorer.findings.content import has_twin, same_content
from explorer.findings.entry import runs_go_command
from explorer.findings.finding import TEXTS, Finding
from explorer.findings.rules import RuleSet, built_in_titles
from explorer.findings.shadow import shadow_findings
from explorer.findings.where import Where
from explorer.image.model import Image
from explorer.translation import tr

# Smaller files are not worth a link.
DUPLICATE_MIN_BYTES = 16 << 10
# What is needed to build, and stays a guess while the image builds when it starts.
_BUILD_CATEGORIES = frozenset(
    {"go-toolchain", "go-build-cache", "go-module-cache", "source", "c-toolchain", "test-data"}
)
# What these name is a program that somebody built or installed beside the system.
_PROGRAM_RULES = frozenset({"program", "entry-program"})
_NOT_OURS = ("system", "package-database")


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
    found += _duplicates(where, rules)
    return tuple(sorted(found, key=lambda item: (-item.bytes, item.id, item.layer)))


def checked() -> list[str]:
    """What is looked for, in the user's language: the titles of all findings that there can be."""
    titles = [*built_in_titles(), *(title for title, _, _ in TEXTS.values())]
    return [tr(title) for title in dict.fromkeys(titles) if "{" not in title]


@dataclass(frozen=True)
class _Evidence:
    """What the image as a whole tells about its parts."""

    has_program: bool
    runs_go: bool

    @classmethod
    def of(cls, where: Where, rules: RuleSet) -> _Evidence:
        numbers = [number for number, name in enumerate(rules.ids) if name in _PROGRAM_RULES]
        named = np.isin(where.rule, numbers) & (where.stack.size > 0)
        return cls(bool(named.any()), runs_go_command(where.image.config))

    def confidence(self, category: str, wanted: str) -> str:
        """How sure a rule's finding is in this image."""
        if category not in _BUILD_CATEGORIES or wanted == "info":
            return wanted
        if self.runs_go:
            return "medium"
        return wanted if self.has_program else "info"


def _rule_findings(where: Where, rules: RuleSet) -> list[Finding]:
    stack = where.stack
    live = np.flatnonzero((stack.kind == Kind.FILE) & (stack.state == State.LIVE))
    held = np.bincount(where.rule[live], weights=stack.size[live], minlength=len(rules.ids))
    evidence = _Evidence.of(where, rules)
    found = []
    for number, rule in enumerate(rules.rules, 1):
        spec = rule.spec
        if not spec.finding or held[number] == 0:
            continue
        rows = where.by_size(live[where.rule[live] == number])
        places = where.places(rows)
        found.append(
            Finding(
                id=spec.id,
                category=spec.category,
                bytes=int(stack.size[rows].sum()),
                layer=where.main_layer(rows),
                rows=rows,
                confidence=evidence.confidence(spec.category, spec.confidence),
                fields={
                    "title": spec.title,
                    "reason": spec.reason,
                    "remedy": spec.remedy,
                    "place": places[0],
                    "places": ", ".join(places),
                    "count": len(rows),
                    "entry": where.entry,
                },
            )
        )
    return found


def _duplicates(where: Where, rules: RuleSet) -> list[Finding]:
    """Live files with the same content as another one, where no rule calls them waste anyway.

    `rows` are all of them, `bytes` all but one of each.
    """
    stack = where.stack
    chosen = (stack.kind == Kind.FILE) & (stack.state == State.LIVE)
    chosen &= stack.size >= DUPLICATE_MIN_BYTES
    chosen &= ~np.array([False, *(rule.spec.finding for rule in rules.rules)])[where.rule]
    rows = np.flatnonzero(chosen)
    rows = rows[has_twin(stack, rows)]
    if not len(rows):
        return []
    group = same_content(stack, rows)
    _, first = np.unique(group, return_index=True)
    extra = np.setdiff1d(np.arange(len(rows)), first, assume_unique=True)
    held = int(stack.size[rows].sum())
    foreign = np.isin(where.category[rows], [CODE[name] for name in _NOT_OURS])
    ours = int(stack.size[rows[~foreign]].sum())
    # Biggest first, copies side by side, the base layer's first.
    ordered = rows[np.lexsort((rows, group, -stack.size[rows]))].astype(np.int32)
    return [
        Finding(
            id="duplicates",
            category=where.main_category(rows),
            bytes=int(stack.size[rows[extra]].sum()),
            layer=where.main_layer(rows),
            rows=ordered,
            confidence="medium" if 2 * ours >= held else "info",
            fields={"places": ", ".join(where.folders(ordered)), "count": len(extra)},
        )
    ]
