"""A check as a table on a terminal: each rule with what was measured, and below it why it is broken or unknown."""

from __future__ import annotations

import sys

from rich.cells import cell_len
from rich.console import Console, JustifyMethod
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from explorer.compare.gate.rules import (
    DIVE_EFFICIENCY,
    FAILED,
    PASSED,
    SLOWDOWN,
    UNKNOWN,
    Outcome,
    overall,
    pair_texts,
)
from explorer.translation import labelled, listed, mark, ntr, tr
from explorer.units import display_text

_WIDTH = 120
_MARKS = {PASSED: ("✔", "green"), FAILED: ("✘", "red"), UNKNOWN: ("?", "yellow")}
_WORDS = {PASSED: mark("passed"), FAILED: mark("failed"), UNKNOWN: mark("could not tell")}


def print_check(
    reference: str, outcomes: tuple[Outcome, ...], sources: tuple[str, ...] = ()
) -> None:
    """Write the table to standard output; colours, and lines cut to its width, only on a terminal."""
    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    whole = not console.is_terminal
    if whole:
        console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False, width=_WIDTH)

    def line(text: str, style: str = "", indent: int = 0) -> None:
        # A file or a CI log has no width: its lines stay whole.
        shown = Text(" " * indent + text if whole else text, style=style)
        console.print(
            shown if whole else Padding(shown, (0, 0, 0, indent), expand=False), soft_wrap=whole
        )

    line(display_text(reference, 200), "bold")
    for source in sources:
        line(tr("with the rules of {file}", file=display_text(source, 200)), "dim")
    console.print(_table(outcomes))
    for outcome in filter(_needs_words, outcomes):
        line(f"{outcome.rule.title()}:")
        for words in filter(None, (outcome.reason, *outcome.evidence)):
            line(words, indent=2)
    line(summary_text(outcomes), _MARKS[overall(outcomes)][1])


def _needs_words(outcome: Outcome) -> bool:
    """What is kept speaks for itself, but for a difference above its limit that may be chance."""
    over = outcome.measured is not None and outcome.measured > outcome.rule.limit.value
    return outcome.verdict != PASSED or (outcome.rule.kind == SLOWDOWN and over)


def summary_text(outcomes: tuple[Outcome, ...]) -> str:
    """One sentence: how many rules were kept, broken, unknown."""
    count = {
        verdict: sum(item.verdict == verdict for item in outcomes)
        for verdict in (PASSED, FAILED, UNKNOWN)
    }
    parts = [f"{count[verdict]} {tr(_WORDS[verdict])}" for verdict in count if count[verdict]]
    rules = ntr("{n} rule", "{n} rules", len(outcomes))
    return labelled(rules, listed(parts))


def _table(outcomes: tuple[Outcome, ...]) -> Table:
    rows = []
    for outcome in outcomes:
        measured, limit = pair_texts(outcome)
        bound = "≥" if outcome.rule.kind == DIVE_EFFICIENCY else "≤"
        sign, style = _MARKS[outcome.verdict]
        word = Text(tr(_WORDS[outcome.verdict]), style=style)
        title = Text(outcome.rule.title())
        rows.append((Text(sign, style=style), title, Text(measured), Text(f"{bound} {limit}"), word))  # fmt: skip
    table = Table(box=None, pad_edge=False)
    titles = ("", tr("rule"), tr("measured"), tr("limit"), tr("result"))
    for place, head in enumerate(titles):
        if place == 1:
            # Where it is narrow this one gives way: figures are read whole or not at all.
            table.add_column(head)
            continue
        width = max(cell_len(head), *(row[place].cell_len for row in rows))
        justify: JustifyMethod = "right" if place in (2, 3) else "left"
        table.add_column(head, justify=justify, no_wrap=True, min_width=width)
    for row in rows:
        table.add_row(*row)
    return table
