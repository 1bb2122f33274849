"""The report on a rewrite: every view has the plan's figures, the diff is whole, secrets are masked, nothing acts."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from explorer.dockerfile.context import Context, Entry
from explorer.dockerfile.rewrite.change import (
    Change,
    ConfigChange,
    PredictedLayer,
    RewritePlan,
    RuntimeChoice,
)
from explorer.dockerfile.suspects import Suspect
from explorer.dockerfile.verify.model import (
    DIFFERS,
    DYNAMIC,
    INCONCLUSIVE,
    SAME,
    STATIC,
    Check,
    Verification,
)
from explorer.engine.build_events import BuildResult, Step
from explorer.report.document import Code, Document, KeyFigures, Paragraph
from explorer.report.documents.rewrite import diff_text, rewrite_report
from explorer.report.formats import FORMATS, rendered
from explorer.report.html import html_page
from explorer.report.rewrite_json import rewrite_json
from explorer.report.rewrite_terminal import print_rewrite
from explorer.report.rewrite_trial import VERDICTS, built_text, expected_text
from tests.dockerfile.projects import NAIVE, Project
from tests.report.csvfile import tables as csv_tables
from tests.report.hostile import NAMES, TEXTS
from tests.report.test_html import CHROMIUM, browsed
from tests.report.told import (
    assert_comment,
    assert_harmless,
    assert_page,
    assert_printed,
    assert_spreadsheet,
)

STEPS = (
    Step(1, "FROM golang:1.27-bookworm", 0.0, cached=True),
    Step(2, "RUN go build -o server .", 12.345),
    Step(3, "RUN false", 0.5, error="exit code 1"),
)
BUILT = BuildResult(
    "sha256:" + "b" * 64,
    "image-explorer.local/web:optimized",
    13.0,
    "buildkit",
    STEPS,
    ("Built without mounts.",),
    content_bytes=9_123_456,
)
SENT = Context(
    b"/src",
    (Entry(b"main.go", "file", 0o644, 0, 120), Entry(b".env", "file", 0o600, 0, 6)),
    suspects=(Suspect(b".env", "may hold a secret", 6),),
    ignored=2,
)
CHECKED = Verification(
    DIFFERS,
    (
        Check("GET /", DYNAMIC, SAME, "200 from both"),
        Check("user", STATIC, DIFFERS, "root became 65532"),
        Check("log", DYNAMIC, INCONCLUSIVE),
    ),
    ("No forms, uploads or logins.",),
)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> RewritePlan:
    return Project().plan(tmp_path_factory.mktemp("plan"))


@pytest.fixture(scope="module")
def document(plan: RewritePlan) -> Document:
    return rewrite_report(plan, BUILT, SENT, CHECKED)


@pytest.fixture(scope="module")
def dangerous(plan: RewritePlan) -> Document:
    hostile = replace(
        plan,
        reference=TEXTS[0],
        original="\n".join(TEXTS),
        rewritten="\n".join(reversed(TEXTS)),
        changes=tuple(
            Change(f"rule-{n}", text, text, "", "high", enabled=True, why_off=text, bytes=-n)
            for n, text in enumerate(TEXTS)
        ),
        layers=tuple(PredictedLayer("files", text, 1) for text in TEXTS),
        runtime=RuntimeChoice(TEXTS[1], TEXTS[2], TEXTS),
        config_changes=tuple(ConfigChange(text, text, text, text) for text in TEXTS),
        dockerignore="\n".join(TEXTS),
        jobs={TEXTS[3]: "\n".join(TEXTS)},
        warnings=TEXTS,
        original_masked=True,
    )
    built = replace(
        BUILT,
        tag=TEXTS[4],
        image_id=TEXTS[5],
        builder=TEXTS[6],
        notes=TEXTS,
        steps=tuple(Step(n, text, error=text) for n, text in enumerate(TEXTS)),
    )
    sent = replace(SENT, suspects=tuple(Suspect(name, "may hold a secret", 1) for name in NAMES))
    checks = tuple(Check(text, STATIC, DIFFERS, text) for text in TEXTS)
    found = Verification(DIFFERS, checks, TEXTS)
    return rewrite_report(hostile, built, sent, found, problems=TEXTS)


def said(document: Document) -> list[str]:
    blocks = [block for section in document.sections for block in section.blocks]
    return [block.text for block in blocks if isinstance(block, Paragraph)]


def figures(document: Document) -> dict[str, tuple[object, object]]:
    keys = [b for s in document.sections for b in s.blocks if isinstance(b, KeyFigures)]
    return {item.id: (item.before, item.value) for key in keys for item in key.figures}


def test_that_json_and_the_report_tell_the_same_figures(
    plan: RewritePlan, document: Document
) -> None:
    made: dict[str, Any] = json.loads(rewrite_json(plan, BUILT, SENT, CHECKED))
    assert figures(document) == {
        "predicted_bytes": (made["original_bytes"], made["predicted_bytes"]),
        "built_bytes": (made["original_bytes"], made["build"]["content_bytes"]),
        "enabled_changes": (None, sum(item["enabled"] for item in made["changes"])),
        "context_bytes": (None, made["build"]["context"]["bytes"]),
        "context_files": (None, made["build"]["context"]["files"]),
        "context_ignored": (None, made["build"]["context"]["ignored"]),
    }
    told = csv_tables(document)
    for item, row in zip(made["changes"], told["changes"].rows, strict=True):
        assert int(row["delta_bytes"] or 0) == -item["bytes"]
        assert (row["enabled"] == "yes") == item["enabled"]
        assert (row["rule"], row["reason"], row["why_off"]) == (
            item["rule"],
            item["reason"],
            item["why_off"],
        )
    saved = made["original_bytes"] - made["predicted_bytes"]
    assert sum(int(row["delta_bytes"] or 0) for row in told["changes"].rows) == -saved
    assert int(told["changes"].total["delta_bytes"]) == -saved
    layers = told["layers"]
    assert [int(row["bytes"]) for row in layers.rows] == [
        item["bytes"] for item in made["predicted_layers"]
    ]
    assert sum(int(row["bytes"]) for row in layers.rows) == made["predicted_bytes"]
    assert int(layers.total["bytes"]) == made["predicted_bytes"]
    for item, row in zip(made["build"]["steps"], told["steps"].rows, strict=True):
        assert float(row["seconds"] or 0) == item["seconds"]
        assert (row["name"], row["cached"] == "yes") == (item["name"], item["cached"])
    checks = {(row["check"], row["evidence"]) for row in told["checks"].rows}
    assert checks == {(item["name"], item["evidence"]) for item in made["verify"]["checks"]}
    assert [row["untested"] for row in told["untested"].rows] == made["verify"]["untested"]


def test_that_every_view_tells_what_the_document_tells(document: Document) -> None:
    assert_page(document)
    assert_comment(document)
    assert_spreadsheet(document)


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("pdftotext") is None,
    reason="no pdftotext (Debian: poppler-utils; packaging/test.sh installs it)",
)
def test_that_the_printed_pages_tell_what_the_document_tells(
    document: Document, tmp_path: Path
) -> None:
    assert_printed(document, tmp_path)


def test_that_the_terminal_says_the_same_sentences(
    plan: RewritePlan, document: Document, capsys: pytest.CaptureFixture[str]
) -> None:
    print_rewrite(plan)
    assert expected_text(plan) in capsys.readouterr().out
    assert expected_text(plan) in said(document)
    assert built_text(BUILT, plan.predicted_bytes, plan.original_bytes) in said(document)
    assert VERDICTS[DIFFERS] in said(document)


def test_that_the_diff_holds_both_files_whole(plan: RewritePlan) -> None:
    lines = diff_text(plan).splitlines()
    assert [line[1:] for line in lines if line[0] in " -"] == plan.original.splitlines()
    assert [line[1:] for line in lines if line[0] in " +"] == plan.rewritten.splitlines()
    assert {line[0] for line in lines} == {" ", "-", "+"}


def test_that_differences_stand_before_what_is_the_same(document: Document) -> None:
    assert [row[1] for row in document.table("checks").rows] == [
        "≠ differs",
        "? not certain",
        "= same",
    ]


def test_that_what_was_not_built_is_said_to_be_a_prediction(plan: RewritePlan) -> None:
    document = rewrite_report(plan)
    assert "It was not built: sizes are predictions, and nothing was tested." in said(document)
    assert not {"build", "verify"} & {section.id for section in document.sections}
    assert "built_bytes" not in figures(document)


def test_that_a_build_that_was_sent_nothing_says_so(plan: RewritePlan) -> None:
    document = rewrite_report(plan, BUILT, Context())
    assert "Only the rewritten Dockerfile was sent." in said(document)
    assert "context_bytes" not in figures(document)


def test_that_a_build_that_was_not_compared_says_so(plan: RewritePlan) -> None:
    document = rewrite_report(plan, replace(BUILT, content_bytes=-1), SENT)
    assert "It was built, but not compared with the original." in said(document)
    assert "This was not tested: the images were not started." in said(document)
    assert any("Its size could not be read." in text for text in said(document))
    assert "built_bytes" not in figures(document)


def test_that_an_incomplete_image_is_warned_of_before_all_figures(plan: RewritePlan) -> None:
    document = rewrite_report(plan, problems=("Layer 2 is damaged.",))
    assert document.warnings[:2] == ("The analysis is incomplete.", "Layer 2 is damaged.")
    text = html_page(document)
    assert 0 < text.index("Layer 2 is damaged.") < text.index("<nav")


def test_that_nothing_to_change_is_said(plan: RewritePlan) -> None:
    same = replace(plan, rewritten=plan.original, changes=(), predicted_bytes=plan.original_bytes)
    document = rewrite_report(same)
    assert "Nothing would be changed." in said(document)
    (code,) = (
        b for b in document.sections[1].blocks if isinstance(b, Code) and b.language != "yaml"
    )
    assert code.text + "\n" == plan.original


@pytest.mark.slow
def test_that_secrets_are_masked_in_every_format(tmp_path: Path) -> None:
    text = NAIVE.replace("COPY", "ENV DB_PASSWORD=s3cr3t\nCOPY")
    found = replace(
        Project(dockerfile=text).plan(tmp_path),
        config_changes=(ConfigChange("env.DB_PASSWORD", "s3cr3t", "", "unused"),),
        jobs={"github": "env: API_TOKEN=s3cr3t"},
    )
    built = replace(BUILT, steps=(Step(1, "RUN curl --header TOKEN=s3cr3t", 1.0),))
    for name in FORMATS:
        data = rendered(name, rewrite_report(found, built, SENT))
        assert b"s3cr3t" not in data
    assert "DB_PASSWORD=•••" in html_page(rewrite_report(found))


@pytest.mark.slow
def test_that_nothing_of_an_image_acts_in_any_format(dangerous: Document) -> None:
    assert_harmless(dangerous)


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine (Debian: chromium)")
def test_that_a_browser_shows_the_page_without_a_complaint(
    dangerous: Document, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    page.write_text(html_page(dangerous), encoding="utf-8")
    shown, complaints = browsed(page, tmp_path, "--dump-dom")
    assert complaints == ""
    assert "alert(1)" in shown
    assert "<script" not in shown


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("docker-daemon:team/app:1", "team/app:1"),
        ("docker-archive:/home/ann/app.tar", "app.tar"),
        ("snapshot:/home/ann/before.image-snapshot", "before.image-snapshot"),
        ("/home/ann/app.tar", "app.tar"),
    ],
)
def test_that_the_title_names_the_image_and_no_folder(
    plan: RewritePlan, reference: str, name: str
) -> None:
    title = rewrite_report(replace(plan, reference=reference)).title
    assert title == f"How {name} can be built smaller"
