"""What a build of a rewrite came to, and how the result compares with the original, as sections of a report."""

from __future__ import annotations

from explorer.dockerfile.context import Context
from explorer.dockerfile.rewrite.change import RewritePlan
from explorer.dockerfile.verify.model import Check, Verification
from explorer.engine.build_events import BuildResult, Step
from explorer.image.redact import redact
from explorer.report.cells import clipped
from explorer.report.document import (
    Block,
    Column,
    Figure,
    KeyFigures,
    Kind,
    Paragraph,
    Row,
    Section,
    Table,
)
from explorer.report.rewrite_trial import KINDS, RESULTS, VERDICTS, built_text
from explorer.translation import tr
from explorer.units import display_name

_LIMIT = 600


def build_section(
    plan: RewritePlan, build: BuildResult | None, context: Context | None, limit: int | None
) -> Section:
    """How long the build took, step by step, and what was sent for it; empty when nothing was built."""
    title = tr("Build")
    if build is None:
        return Section("build", title, ())
    blocks: list[Block] = [
        Paragraph(_sentence(built_text(build, plan.predicted_bytes, plan.original_bytes)))
    ]
    blocks += [Paragraph(_sentence(note)) for note in build.notes]
    if context is not None:
        blocks.append(_sent(context))
    columns = (
        Column("step", tr("Step"), Kind.NUMBER),
        Column("name", tr("What it does"), Kind.CODE),
        Column("seconds", tr("Time"), Kind.SECONDS),
        Column("cached", tr("From the cache"), Kind.FLAG),
        Column("error", tr("Error"), optional=True),
    )
    rows = tuple(map(_step, build.steps))
    if rows:
        blocks.append(Table("steps", tr("Build steps"), columns, rows).capped(limit))
    if context is not None and context.suspects:
        blocks.append(_suspects(context).capped(limit))
    return Section("build", title, tuple(blocks))


def _sent(context: Context) -> Block:
    if not context.root:
        return Paragraph(tr("Only the rewritten Dockerfile was sent."))
    return KeyFigures(
        (
            Figure(tr("sent for the build"), context.total_bytes, id="context_bytes"),
            Figure(tr("files sent"), context.files, Kind.COUNT, id="context_files"),
            Figure(tr("entries left out"), context.ignored, Kind.COUNT, id="context_ignored"),
        )
    )


def _step(step: Step) -> Row:
    return (
        step.number,
        _sentence(step.name),
        # A step out of the cache took no time of its own.
        round(step.seconds, 3) if step.seconds or not step.cached else None,
        step.cached,
        _sentence(step.error),
    )


def _suspects(context: Context) -> Table:
    columns = (
        Column("path", tr("Path"), Kind.CODE),
        Column("reason", tr("Why")),
        Column("bytes", tr("Size"), Kind.BYTES, summed=False),
    )
    rows: tuple[Row, ...] = tuple(
        (display_name(item.path), tr(item.reason), item.bytes) for item in context.suspects
    )
    title = tr("Sent, but worth a second look")
    return Table("suspects", title, columns, rows)


def verify_section(build: BuildResult | None, verification: Verification | None) -> Section:
    """The verdict, each check with its evidence, and what was not tested; empty when nothing was built."""
    title = tr("Does it behave the same?")
    if verification is None:
        said = Paragraph(tr("This was not tested: the images were not started."))
        return Section("verify", title, () if build is None else (said,))
    columns = (
        Column("check", tr("Check")),
        Column("result", tr("Result")),
        Column("kind", tr("How")),
        Column("evidence", tr("Evidence")),
    )
    order = list(RESULTS)
    checks = sorted(verification.checks, key=lambda check: order.index(check.result))
    blocks: list[Block] = [Paragraph(tr(VERDICTS[verification.verdict]))]
    if checks:
        rows = tuple(map(_check, checks))
        blocks.append(Table("checks", tr("What was compared"), columns, rows))
    if verification.untested:
        untested: tuple[Row, ...] = tuple((_sentence(text),) for text in verification.untested)
        what = (Column("untested", tr("What")),)
        blocks.append(Table("untested", tr("What was not tested"), what, untested))
    return Section("verify", title, tuple(blocks))


def _check(check: Check) -> Row:
    return (
        _sentence(check.name),
        tr(RESULTS[check.result]),
        tr(KINDS.get(check.kind, check.kind)),
        _sentence(check.evidence),
    )


def _sentence(text: str) -> str:
    return clipped(redact(text), _LIMIT)
