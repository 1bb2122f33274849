"""A check as a table on a terminal: each rule with what was measured, and below it why it is broken or unknown."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from explorer.compare.gate.rules import (
    DIVE_EFFICIENCY,
    FAILED,
    PASSED,
    UNKNOWN,
    Outcome,
    overall,
    pair_texts,
)
from explorer.translation import mark, ntr, tr
from explorer.units import display_text

_WIDTH = 120
_MARKS = {PASSED: ("✔", "green"), FAILED: ("✘", "red"), UNKNOWN: ("?", "yellow")}
_WORDS = {PASSED: mark("passed"), FAILED: mark("failed"), UNKNOWN: mark("could not tell")}


def print_check(
    reference: str, outcomes: tuple[Outcome, ...], sources: tuple[str, ...] = ()
) -> None:
    """Write the table to standard output; colours only on a terminal."""
    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False, width=_WIDTH)
    console.print(Text(display_text(reference, 200), style="bold"))
    for source in sources:
        console.print(Text(tr("with the rules of {file}", file=display_text(source, 200)), style="dim"))  # fmt: skip
    console.print(_table(outcomes))
    for outcome in outcomes:
        if outcome.verdict != PASSED:
            console.print(_details(outcome))
    console.print(Text(summary_text(outcomes), style=_MARKS[overall(outcomes)][1]))


def summary_text(outcomes: tuple[Outcome, ...]) -> str:
    """One sentence: how many rules were kept, broken, unknown."""
    count = {
        verdict: sum(item.verdict == verdict for item in outcomes)
        for verdict in (PASSED, FAILED, UNKNOWN)
    }
    parts = [f"{count[verdict]} {tr(_WORDS[verdict])}" for verdict in count if count[verdict]]
    rules = ntr("{n} rule", "{n} rules", len(outcomes))
    return f"{rules}: {', '.join(parts)}"


def _table(outcomes: tuple[Outcome, ...]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column(tr("rule"), overflow="ellipsis", no_wrap=True)
    for title in (tr("measured"), tr("limit")):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column(tr("result"), no_wrap=True)
    for outcome in outcomes:
        measured, limit = pair_texts(outcome)
        sign, style = _MARKS[outcome.verdict]
        bound = "≥" if outcome.rule.kind == DIVE_EFFICIENCY else "≤"
        table.add_row(
            Text(sign, style=style),
            outcome.rule.title(),
            measured,
            f"{bound} {limit}",
            Text(tr(_WORDS[outcome.verdict]), style=style),
        )
    return table


def _details(outcome: Outcome) -> Text:
    text = Text(f"{outcome.rule.title()}:")
    for line in (outcome.reason, *outcome.evidence):
        if line:
            text.append(f"\n  {line}")
    return text
