"""The report on starts: every view has the figures of the measurement, says no more than they prove, and is harmless."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from explorer.coldstart import stats
from explorer.coldstart.diagnose import Diagnosis, Stop, as_document
from explorer.coldstart.inittrace import Init
from explorer.coldstart.kubernetes import pod_yaml
from explorer.coldstart.phase import metric, metric_label
from explorer.coldstart.probe import EXIT, Readiness
from explorer.coldstart.sample import TIMEOUT, AppPhase, Run, Sample
from explorer.coldstart.stats import label_outliers
from explorer.coldstart.verdict import verdict_text
from explorer.report import startup_figures
from explorer.report.coldstart_json import coldstart_document
from explorer.report.coldstart_terminal import print_coldstart
from explorer.report.document import Code, Document, KeyFigures, Paragraph, Strips
from explorer.report.documents.coldstart import measurement_document
from explorer.report.html import html_page
from explorer.report.startup_figures import StartupFigures
from explorer.translation import set_language
from tests.coldstart.samples import run, sample
from tests.report.csvfile import tables as csv_tables
from tests.report.hostile import TEXTS
from tests.report.test_html import CHROMIUM, browsed
from tests.report.told import (
    assert_comment,
    assert_harmless,
    assert_page,
    assert_printed,
    assert_spreadsheet,
    seconds,
)

BEFORE = [0.80 + n / 1000 for n in range(12)]
AFTER = [0.40 + n / 1000 for n in range(11)] + [0.9]
INITS = tuple(
    Init(f"example.com/p{n}", 0.0, 0.1 / (n + 1), 100 * n, n, "example.com", 10 * n, "v1.2.3")
    for n in range(20)
)


def failed(order: int, detail: str, *log: str) -> Run:
    made = run(1, 12, 0.0, order=order, status=TIMEOUT)
    return replace(made, detail=detail, log_tail=log, exit_code=None)


def measured() -> Sample:
    """Two images and the floor, with an outlier, a warm-up, a failure, and a closer look at the second."""
    made = sample(BEFORE, AFTER, floor=[0.01] * 12)
    warm = replace(run(0, 0, 1.5, order=36), warm_up=True)
    busy = [replace(item, pressure=0.5) for item in made.runs]
    look = Diagnosis(
        1,
        INITS,
        sum(item.seconds for item in INITS),
        app_phases=(AppPhase("database", 0.25),),
        stop=Stop(5.0, 137, killed=True),
    )
    runs = (
        *busy,
        warm,
        failed(37, "Nothing answered on port 8080 for 30 s.", "panic: no database"),
    )
    return label_outliers(replace(made, runs=runs, diagnostics=(as_document(look),), note="lunch"))


def hostile() -> Sample:
    """A measurement in which every text that anybody can choose is hostile."""
    made = measured()
    arms = [
        replace(
            arm,
            reference=TEXTS[place],
            image_id=TEXTS[place + 2],
            env=(f"{TEXTS[4]}={TEXTS[5]}",),
            command=TEXTS,
            readiness=Readiness("log", pattern=TEXTS[6]),
            healthcheck=("CMD", *TEXTS),
        )
        if arm.kind == "image"
        else arm
        for place, arm in enumerate(made.spec.arms)
    ]
    look = Diagnosis(
        0,
        tuple(Init(text, 0.0, 0.1, 1, 1, text, 1, text) for text in TEXTS),
        1.0,
        app_phases=tuple(AppPhase(text, 0.1, text) for text in TEXTS),
        problems=TEXTS,
    )
    return replace(
        made,
        spec=replace(made.spec, arms=tuple(arms), network=TEXTS[7]),
        environment=replace(
            made.environment, host=TEXTS[8], kernel=TEXTS[9], driver=TEXTS[10], notes=TEXTS
        ),
        runs=(*made.runs, *(failed(40 + n, text, *TEXTS) for n, text in enumerate(TEXTS))),
        note=TEXTS[11],
        diagnostics=(as_document(look),),
        complete=False,
    )


@pytest.fixture(scope="module", autouse=True)
def _fewer_draws() -> Iterator[None]:
    """What is told does not depend on how finely an interval is drawn, and that takes most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stats, "_RESAMPLES", 100)
        patch.setattr(stats, "_SIMULATIONS", 20)
        yield


@pytest.fixture(scope="module")
def figures() -> StartupFigures:
    return StartupFigures(measured())


@pytest.fixture(scope="module")
def document(figures: StartupFigures) -> Document:
    return measurement_document(figures)


@pytest.fixture(scope="module")
def whole(figures: StartupFigures) -> Document:
    return measurement_document(figures, None)


@pytest.fixture(scope="module")
def dangerous() -> Document:
    return measurement_document(StartupFigures(hostile()))


def said(document: Document) -> list[str]:
    blocks = [block for section in document.sections for block in section.blocks]
    return [block.text for block in blocks if isinstance(block, Paragraph)]


def test_that_json_and_the_report_tell_the_same_figures(
    figures: StartupFigures, whole: Document
) -> None:
    made: dict[str, Any] = coldstart_document(figures.sample, figures)
    told = csv_tables(whole)
    fields = ("median", "min", "max", "mad", "ci_low", "ci_high", "n")
    for item, row in zip(made["summary"], told["summary"].rows, strict=True):
        assert row["phase"] == metric_label(item["phase"])
        assert [float(row[name]) for name in fields] == [item[name] for name in fields]
    fields = ("shift", "ci_low", "ci_high", "p_value", "cliffs_delta", "minimum_detectable", "n_a")
    for item, row in zip(made["comparisons"], told["comparisons"].rows, strict=True):
        assert row["phase"] == metric_label(item["phase"])
        assert [float(row[name]) for name in fields] == [item[name] for name in fields]
    rows = {int(row["order"]): row for row in told["runs"].rows}
    by_order = {item.order + 1: item for item in figures.sample.runs}
    assert rows.keys() == by_order.keys()
    for order, row in rows.items():
        found = by_order[order]
        total = metric(found.phases, "total")
        assert row["total_seconds"] == ("" if total is None else str(total))
        assert row["outlier"] == ("yes" if found.outlier else "no")
        assert row["warm_up"] == ("yes" if found.warm_up else "no")
        assert row["pressure"] == ("" if found.pressure is None else str(found.pressure))
    inits = told["inits-1"]
    assert len(inits.rows) == len(INITS)
    assert int(inits.total["allocated_bytes"]) == sum(item.bytes for item in INITS)


def test_that_every_view_tells_what_the_document_tells(document: Document, whole: Document) -> None:
    assert_page(document)
    assert_comment(document)
    assert_spreadsheet(whole)


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("pdftotext") is None,
    reason="no pdftotext (Debian: poppler-utils; packaging/test.sh installs it)",
)
def test_that_the_printed_pages_tell_what_the_document_tells(
    document: Document, tmp_path: Path
) -> None:
    assert_printed(document, tmp_path)


def test_that_the_terminal_tells_the_medians_and_sentences_of_the_report(
    figures: StartupFigures, document: Document, capsys: pytest.CaptureFixture[str]
) -> None:
    print_coldstart(figures.sample, figures=figures)
    text = re.sub(r"\s+", " ", capsys.readouterr().out)
    (key,) = (b for s in document.sections for b in s.blocks if isinstance(b, KeyFigures))
    for figure in key.figures:
        assert isinstance(figure.value, float)
        assert seconds(figure.value) in text
    for compared in figures.judged():
        assert verdict_text(compared) in text
        assert any(verdict_text(compared) in line for line in said(document))


def test_that_a_comparison_is_computed_once_for_all_that_tell_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    computed: list[str] = []

    def counted(found: Sample, name: str) -> object:
        computed.append(name)
        return stats.compare(found, name)

    monkeypatch.setattr(startup_figures, "compare", counted)
    known = StartupFigures(sample(BEFORE[:6], AFTER[:6]))
    print_coldstart(known.sample, figures=known)
    coldstart_document(known.sample, known)
    measurement_document(known)
    measurement_document(known, None)
    assert len(computed) == len({*computed})
    assert "B is faster" in capsys.readouterr().out


def test_that_a_difference_that_was_not_shown_is_not_drawn_as_a_change() -> None:
    document = measurement_document(StartupFigures(sample(BEFORE, BEFORE)))
    (key,) = (b for s in document.sections for b in s.blocks if isinstance(b, KeyFigures))
    assert all(figure.before is None for figure in key.figures)
    assert all("no difference shown" in figure.note for figure in key.figures)
    assert any("No difference" in line for line in said(document))
    assert {row[1] for row in document.table("comparisons").rows} == {"no difference shown"}


def test_that_a_difference_that_was_shown_stands_beside_what_was_before(document: Document) -> None:
    (key,) = (b for s in document.sections for b in s.blocks if isinstance(b, KeyFigures))
    app = next(figure for figure in key.figures if figure.id == "app_seconds")
    assert isinstance(app.before, float)
    assert isinstance(app.value, float)
    assert app.before > 0.8 > app.value
    assert document.table("comparisons").rows[1][1] == "B is faster"


@pytest.mark.parametrize(("runs", "words"), [(2, "Fewer than 5 runs"), (5, "Fewer than 6 runs")])
def test_that_few_runs_are_warned_of_and_drawn_without_an_interval(runs: int, words: str) -> None:
    document = measurement_document(StartupFigures(sample(BEFORE[:runs], AFTER[:runs])))
    assert any(words in warning for warning in document.warnings)
    charts = [b for s in document.sections for b in s.blocks if isinstance(b, Strips)]
    assert charts
    assert all(strip.low == strip.high for chart in charts for strip in chart.strips)
    assert "95 % interval" not in html_page(document).partition("<svg")[2].partition("</svg>")[0]


def test_that_a_failure_stands_with_its_reason_and_its_log(document: Document) -> None:
    assert any("1 of 13 runs did not become ready" in warning for warning in document.warnings)
    (row,) = document.table("failures").rows
    assert row[0] == 38
    assert row[2] == "not ready in time"
    assert row[5] == "Nothing answered on port 8080 for 30 s."
    codes = [b.text for s in document.sections for b in s.blocks if isinstance(b, Code)]
    assert codes[0] == "panic: no database"


def test_that_a_measurement_without_a_good_run_is_a_report_too() -> None:
    made = sample([0.5])
    runs = (replace(made.runs[0], status=TIMEOUT, detail="Late."),)
    document = measurement_document(StartupFigures(replace(made, runs=runs, complete=False)))
    assert document.warnings[0] == "A service:before did not become ready."
    assert [section.id for section in document.sections] == [
        "summary",
        "failures",
        "probes",
        "runs",
        "conditions",
    ]
    assert_page(document)
    assert_comment(document)


def test_that_one_image_is_told_by_its_median_and_its_probes() -> None:
    made = sample(BEFORE)
    document = measurement_document(StartupFigures(made))
    assert document.title == "How long service:before takes to start"
    assert said(document)[0].startswith("Ready ")
    (code,) = (b for s in document.sections for b in s.blocks if isinstance(b, Code))
    assert code.text + "\n" == pod_yaml(made, 0)
    assert [row[0] for row in document.table("probes").rows] == [
        "startupProbe",
        "readinessProbe",
        "livenessProbe",
    ]


def test_that_a_program_that_ends_gets_no_probes() -> None:
    made = sample(BEFORE)
    arm = replace(made.spec.arms[0], readiness=EXIT)
    document = measurement_document(
        StartupFigures(replace(made, spec=replace(made.spec, arms=(arm,))))
    )
    (code,) = (b for s in document.sections for b in s.blocks if isinstance(b, Code))
    assert "kind: Job" in code.text
    assert "probes" not in [table.id for table in document.tables()]


@pytest.mark.slow
def test_that_nothing_of_an_image_acts_in_any_format(dangerous: Document) -> None:
    assert_harmless(dangerous)


def test_that_passwords_are_masked() -> None:
    made = sample(BEFORE)
    arm = replace(made.spec.arms[0], env=("DB_PASSWORD=s3cr3t",), command=("x", "--token=s3cr3t"))
    runs = (*made.runs, replace(failed(20, "DB_PASSWORD=s3cr3t", "API_TOKEN=s3cr3t"), arm=0))
    found = replace(made, spec=replace(made.spec, arms=(arm,)), runs=runs, note="TOKEN=s3cr3t")
    assert "s3cr3t" not in html_page(measurement_document(StartupFigures(found), None))


def test_that_chinese_and_english_tell_the_same_numbers(figures: StartupFigures) -> None:
    def numbers(document: Document) -> list[object]:
        rows = [row for table in document.tables() for row in table.rows]
        return [cell for row in rows for cell in row if isinstance(cell, int | float)]

    english = numbers(measurement_document(figures))
    set_language("zh_CN")
    try:
        assert numbers(measurement_document(figures)) == english
    finally:
        set_language("en")


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


def test_that_a_start_that_was_slower_than_the_measured_ones_claims_no_share_of_them() -> None:
    look = Diagnosis(0, (Init("example.com/slow", 0.0, 0.5, 1, 1),), 0.5)
    made = replace(sample([0.1] * 6), diagnostics=(as_document(look),))
    text = " ".join(said(measurement_document(StartupFigures(made))))
    assert "example.com/slow (500 ms)" in text
    assert "% of the app's" not in text
    quick = replace(look, inits=(Init("example.com/slow", 0.0, 0.05, 1, 1),))
    made = replace(made, diagnostics=(as_document(quick),))
    assert "50% of the app's 100 ms" in " ".join(said(measurement_document(StartupFigures(made))))
