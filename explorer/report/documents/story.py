"""The steps of a review as one report: before, causes, findings, the Dockerfile's change, after, and the start as it was measured."""

from __future__ import annotations

from dataclasses import replace
from difflib import unified_diff

from explorer.compare.comparison import Comparison
from explorer.dockerfile.rewrite.change import RewritePlan
from explorer.image.redact import redact
from explorer.report.document import (
    Block,
    Code,
    Column,
    Document,
    Kind,
    Paragraph,
    Section,
    Table,
)
from explorer.report.documents.compare import compare_document
from explorer.translation import tr
from explorer.units import display_text, share_text, size_text

# What a review shows first, in this order; all else of the comparison follows.
_FIRST = ("summary", "causes", "findings", "dockerfile", "start")
_TEXT_LIMIT = 2000
# A Dockerfile is shown as a whole.
_CONTEXT = 1 << 20


def story_document(comparison: Comparison, plan: RewritePlan | None, recorded: str) -> Document:
    """The comparison's report with the rewrite that led from one image to the other; `recorded` says who made it, and when."""
    document = compare_document(comparison)
    sections = list(document.sections)
    if plan is not None:
        sections.append(_dockerfile(plan))
    sections.sort(key=lambda s: _FIRST.index(s.id) if s.id in _FIRST else len(_FIRST))
    if recorded and sections:
        told = Paragraph(display_text(recorded, _TEXT_LIMIT))
        sections[0] = replace(sections[0], blocks=(*sections[0].blocks, told))
    return replace(document, sections=tuple(sections))


def _dockerfile(plan: RewritePlan) -> Section:
    """What was changed, why, what it takes off; then the text itself, line by line."""
    expected = tr(
        "{before} now, {after} expected ({share}).",
        before=size_text(plan.original_bytes),
        after=size_text(plan.predicted_bytes),
        share=share_text(plan.predicted_bytes, plan.original_bytes),
    )
    blocks: list[Block] = [Paragraph(expected)]
    changes = [change for change in plan.changes if change.enabled]
    if changes:
        columns = (
            Column("change", tr("Change")),
            Column("bytes", tr("Difference"), Kind.DELTA, summed=False),
            Column("reason", tr("Reason")),
            Column("source", tr("Source"), optional=True),
        )
        rows = tuple(
            (
                display_text(change.title, _TEXT_LIMIT),
                -change.bytes,
                display_text(redact(change.reason), _TEXT_LIMIT),
                display_text(change.source, _TEXT_LIMIT),
            )
            for change in changes
        )
        blocks.append(Table("changes", tr("Changes"), columns, rows))
    blocks.append(Code(tr("Dockerfile, original and rewritten"), _diff(plan), "diff"))
    return Section("dockerfile", tr("Dockerfile"), tuple(blocks))


def _diff(plan: RewritePlan) -> str:
    before, after = (redact(text).splitlines() for text in (plan.original, plan.rewritten))
    # The first three lines name files and places.
    lines = list(unified_diff(before, after, n=_CONTEXT, lineterm=""))[3:]
    return "\n".join(lines or [f" {line}" for line in after])
