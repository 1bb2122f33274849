"""A review as one document: the comparison's sections in the order of the tour, with the Dockerfile's change in them."""

from __future__ import annotations

from explorer.dockerfile.rewrite.change import Change, RewritePlan, RuntimeChoice
from explorer.report.document import Paragraph
from explorer.report.documents.story import story_document
from explorer.report.html import html_page
from tests.gui.comparisons import everything

PLAN = RewritePlan(
    mode="dockerfile",
    reference="shop:a",
    original="FROM golang:1.27\nENV API_TOKEN=hunter2hunter2\nCMD app\n",
    rewritten="FROM golang:1.27 AS build\nENV API_TOKEN=hunter2hunter2\nFROM scratch\nCMD app\n",
    changes=(
        Change(
            "stages", "Two stages", "It holds\x1b what built it", "docs", "low", True, bytes=900
        ),
        Change("certs", "Keep certificates", "TLS", "", "none", True, bytes=-100),
        Change("user", "Another user", "", "", "low", False, bytes=5),
    ),
    predicted_bytes=200,
    original_bytes=1000,
    layers=(),
    runtime=RuntimeChoice("scratch", "scratch", ()),
)


def test_that_the_dockerfile_and_its_reasons_stand_between_findings_and_start() -> None:
    document = story_document(everything(), PLAN, "Recorded on a day.")
    ids = [section.id for section in document.sections]
    assert ids[:6] == ["summary", "causes", "findings", "dockerfile", "changes", "start"]
    assert len(ids) == len(set(ids))
    assert document.sections[0].blocks[-2:] == (
        Paragraph("The rewrite was expected to have 200 B of 1.0 kB (20.0%)."),
        Paragraph("Recorded on a day."),
    )
    text = html_page(document)
    assert "Keep certificates" in text
    assert "FROM scratch" in text
    assert "hunter2" not in text


def test_that_without_a_rewrite_it_is_the_comparison_in_another_order() -> None:
    found = story_document(everything(), None, "")
    ids = [section.id for section in found.sections]
    assert ids[:4] == ["summary", "causes", "findings", "start"]
    assert "dockerfile" not in ids
