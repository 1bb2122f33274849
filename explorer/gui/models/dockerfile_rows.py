"""Two Dockerfiles line by line beside each other: which lines belong together, which went, which came, and why."""

from __future__ import annotations

import difflib
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from explorer.dockerfile.model import split_lines
from explorer.dockerfile.reconstruct import Line
from explorer.dockerfile.rewrite.change import RewritePlan
from explorer.dockerfile.shown import shown_line
from explorer.image.redact import redact

SAME, CHANGED, ADDED, REMOVED = "same", "changed", "added", "removed"
# difflib compares each line with each; beyond this many pairs nothing is aligned.
_PAIRS_LIMIT = 4_000_000


@dataclass(frozen=True)
class Side:
    """One line of one file; `number` counts from 1, 0 where the other file has a line and this one has none."""

    number: int = 0
    text: str = ""


@dataclass(frozen=True)
class Row:
    """A line of each file; `rule` is what wrote the right one."""

    left: Side
    right: Side
    state: str
    rule: str = ""


def rows_of(plan: RewritePlan) -> tuple[Row, ...]:
    """Original and rewritten file, secrets masked, every line harmless to show."""
    before, after = _lines(plan.original), _lines(plan.rewritten)
    exact = len(after) == len(plan.line_origins) and len(before) == len(split_lines(plan.original))
    if exact and any(plan.line_origins):
        pairs = _rising([(origin - 1, n) for n, origin in enumerate(plan.line_origins) if origin])
    else:
        pairs = _equal(before, after)
    rules = plan.line_rules if len(plan.line_rules) == len(after) else ("",) * len(after)
    rows: list[Row] = []
    a = b = 0
    for left, right in (*pairs, (len(before), len(after))):
        rows += _block(before, after, range(a, left), range(b, right), rules)
        if left < len(before):
            old, new = before[left], after[right]
            state = SAME if old == new else CHANGED
            rule = rules[right] if state == CHANGED else ""
            rows.append(Row(Side(left + 1, old), Side(right + 1, new), state, rule))
        a, b = left + 1, right + 1
    return tuple(rows)


def hunks(rows: Sequence[Row]) -> tuple[tuple[int, int], ...]:
    """First row and row after the last of each run of rows that are not the same."""
    found: list[tuple[int, int]] = []
    for number, row in enumerate(rows):
        if row.state == SAME:
            continue
        if found and found[-1][1] == number:
            found[-1] = (found[-1][0], number + 1)
        else:
            found.append((number, number + 1))
    return tuple(found)


def confidence_of(lines: Sequence[Line]) -> Mapping[int, tuple[str, str]]:
    """How sure each line of a rebuilt Dockerfile is, and why, by its number from 1."""
    found: dict[int, tuple[str, str]] = {}
    number = 0
    for line in lines:
        for _ in range(line.text.count("\n") + 1):
            number += 1
            found[number] = (line.confidence, line.note)
    return found


def _lines(text: str) -> list[str]:
    """Masked as a whole: a secret's quotes may go over several lines."""
    return [shown_line(line.rstrip("\r\n")) for line in split_lines(redact(text))]


def _block(
    before: list[str], after: list[str], gone: range, come: range, rules: Sequence[str]
) -> list[Row]:
    """Lines without a partner, put beside each other as far as they go."""
    rows = []
    for number in range(max(len(gone), len(come))):
        left, right = Side(), Side()
        rule = ""
        if number < len(gone):
            left = Side(gone[number] + 1, before[gone[number]])
        if number < len(come):
            right, rule = Side(come[number] + 1, after[come[number]]), rules[come[number]]
        state = CHANGED if left.number and right.number else ADDED if right.number else REMOVED
        rows.append(Row(left, right, state, rule))
    return rows


def _equal(before: list[str], after: list[str]) -> list[tuple[int, int]]:
    if len(before) * len(after) > _PAIRS_LIMIT:
        return []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    blocks = matcher.get_matching_blocks()
    return [(block.a + n, block.b + n) for block in blocks for n in range(block.size)]


def _rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The most of these pairs that stand in the same order in both files; a line that moved is gone and come."""
    tails: list[int] = []  # the smallest end of a rising run, by its length
    ends: list[int] = []  # and the pair it belongs to
    before = [-1] * len(pairs)
    for number, (left, _) in enumerate(pairs):
        place = bisect_left(tails, left)
        if place == len(tails):
            tails.append(left)
            ends.append(number)
        else:
            tails[place], ends[place] = left, number
        before[number] = ends[place - 1] if place else -1
    found = []
    here = ends[-1] if ends else -1
    while here >= 0:
        found.append(pairs[here])
        here = before[here]
    return found[::-1]
