"""How long both images of a comparison take to start, as far as that was measured."""

from __future__ import annotations

from explorer.coldstart.verdict import verdict_text
from explorer.compare.comparison import Comparison
from explorer.compare.naming import side_names
from explorer.compare.startup import StartTime
from explorer.report.document import (
    Block,
    Column,
    Kind,
    Paragraph,
    Row,
    Section,
    Strip,
    Strips,
    Table,
)
from explorer.translation import sentences, tr
from explorer.units import display_text


def start_section(c: Comparison) -> Section:
    """The medians with their intervals, and what they prove; empty when neither image was measured."""
    title = tr("Cold start")
    found = c.startup
    if found is None:
        return Section("start", title, ())
    names = dict(zip("ab", side_names(c.a, c.b), strict=True))
    measured = [
        (name, time)
        for name, time in ((names["a"], found.a), (names["b"], found.b))
        if time is not None
    ]
    columns = (
        Column("image", tr("Image"), Kind.CODE),
        Column("median", tr("Median"), Kind.SECONDS),
        Column("ci_low", tr("95 % interval from"), Kind.SECONDS),
        Column("ci_high", tr("to"), Kind.SECONDS),
        Column("starts", tr("Starts"), Kind.COUNT, summed=False),
        Column("measured", tr("Measured")),
    )
    rows: tuple[Row, ...] = tuple(
        (name, time.median, time.ci_low, time.ci_high, time.runs, display_text(time.created, 40))
        for name, time in measured
    )
    blocks: tuple[Block, ...] = (
        Paragraph(start_text(c)),
        Strips(found.metric, tuple(_strip(name, time) for name, time in measured)),
        Table("starts", tr("Median times"), columns, rows),
    )
    return Section("start", title, blocks)


def start_text(c: Comparison) -> str:
    """What was proved of how both images start; "" when neither was measured."""
    found = c.startup
    if found is None:
        return ""
    if found.together is not None:
        a, b = side_names(c.a, c.b)
        return sentences(tr("A is {a}, B is {b}.", a=a, b=b), verdict_text(found.together))
    if found.a and found.b:
        return tr("They were measured separately, so no difference is proved.")
    return tr("Only one of the images was measured.")


def _strip(name: str, time: StartTime) -> Strip:
    low = time.median if time.ci_low is None else time.ci_low
    high = time.median if time.ci_high is None else time.ci_high
    return Strip(name, time.measured, time.median, low, high, time.runs)
