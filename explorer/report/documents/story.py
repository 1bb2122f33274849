"""The steps of a review as one report: before, causes, findings, the Dockerfile's change, after, and the start as it was measured."""

from __future__ import annotations

from dataclasses import replace

from explorer.compare.comparison import Comparison
from explorer.dockerfile.rewrite.change import RewritePlan
from explorer.report.document import Document, Paragraph
from explorer.report.documents.compare import compare_document
from explorer.report.documents.rewrite import rewrite_report
from explorer.translation import tr
from explorer.units import display_text, share_text, size_text

# Of the report on the rewrite; what it expects and what was built says the comparison itself.
_REWRITE = ("dockerfile", "changes")
# What a review shows first, in this order; all else of the comparison follows.
_FIRST = ("summary", "causes", "findings", *_REWRITE, "start")
_TEXT_LIMIT = 2000


def story_document(comparison: Comparison, plan: RewritePlan | None, recorded: str) -> Document:
    """The comparison's report with the rewrite that led from one image to the other; `recorded` says who made it, and when."""
    document = compare_document(comparison)
    sections = list(document.sections)
    said = []
    if plan is not None:
        sections += [s for s in rewrite_report(plan).sections if s.id in _REWRITE]
        said.append(_expected(plan))
    if recorded:
        said.append(display_text(recorded, _TEXT_LIMIT))
    sections.sort(key=lambda s: _FIRST.index(s.id) if s.id in _FIRST else len(_FIRST))
    if sections:
        first = sections[0]
        sections[0] = replace(first, blocks=(*first.blocks, *map(Paragraph, said)))
    return replace(document, sections=tuple(sections))


def _expected(plan: RewritePlan) -> str:
    return tr(
        "The rewrite was expected to have {after} of {before} ({share}).",
        before=size_text(plan.original_bytes),
        after=size_text(plan.predicted_bytes),
        share=share_text(plan.predicted_bytes, plan.original_bytes),
    )
