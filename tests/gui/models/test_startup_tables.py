"""The tables of a measurement and its CSV."""

from __future__ import annotations

import csv
import io

import pytest
from PySide6.QtTest import QAbstractItemModelTester

from explorer.coldstart.store import Entry
from explorer.gui.models.binary import RowsModel
from explorer.gui.models.startup_tables import (
    FIGURE_HEADS,
    NOTE,
    HistoryRows,
    RunRows,
    figure_rows,
    run_rows,
)
from explorer.report.samples_csv import samples_csv
from tests.coldstart.samples import sample
from tests.gui.measurements import HOSTILE, hostile, never_ready, two_images

pytestmark = pytest.mark.gui


def _entry(name: str, created: str, note: str = "") -> Entry:
    return Entry(name, created, ("service:before", "service:after"), 40, True, note)


def test_that_the_figures_are_told_by_phase_and_arm() -> None:
    rows = figure_rows(sample((0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)))
    app = next(row for row in rows if row[0].text.startswith("app"))
    assert [cell.text for cell in app] == [
        "app: process start to ready",
        "A service:before",
        "550 ms",
        "200 ms … 900 ms",
        "900 ms",
        "100 ms",
        "10",
        "± 250 ms",
    ]


def test_that_figures_of_few_runs_have_no_interval() -> None:
    assert {row[3].text for row in figure_rows(sample((0.1, 0.2, 0.3)))} == {"—"}


def test_that_durations_are_sorted_as_numbers() -> None:
    model = RowsModel(FIGURE_HEADS)
    model.show(figure_rows(sample((0.002, 0.002), (1.5, 1.5))))
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    model.sort(2)
    medians = [model.index(row, 2).data() for row in range(model.rowCount())]
    assert medians[0] == "1.00 ms"
    assert medians[-1] == "1.82 s"


def test_that_every_run_has_a_row_with_its_remarks() -> None:
    rows = run_rows(two_images())
    assert len(rows) == 24
    assert [cell.text for cell in rows[0]] == [
        "1",
        "A service:before",
        "ready",
        "1.12 s",
        "320 ms",
        "800 ms",
        "5%",
        "warm-up, not counted",
    ]
    assert rows[19][7].text == "outlier"
    assert rows[2][1].text == "engine's floor"


def test_that_a_failed_run_tells_which_phase_it_reached() -> None:
    row = run_rows(never_ready())[0]
    assert row[2].text == "failed"
    assert row[7].text.startswith("reached: first log line · <b>bold</b>\\x1b[31m")


def test_that_a_row_knows_its_run_after_sorting() -> None:
    model = RunRows()
    model.show(run_rows(two_images()))
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    model.sort(5)
    row = model.row_of(10)
    assert model.order(row) == 10
    assert model.index(row, 0).data() == "11"
    assert model.row_of(99) == -1


def test_that_a_note_is_edited_in_its_cell_and_only_there() -> None:
    told: list[tuple[str, str]] = []
    model = HistoryRows(lambda name, note: told.append((name, note)))
    model.show_entries([_entry("b", "2026-11-24T10:11:12Z", "old"), _entry("a", "2026-11-23T10:11:12Z")])  # fmt: skip
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    assert model.index(0, 0).data() == "2026-11-24 10:11"
    assert model.index(0, 1).data() == "service:before → service:after"
    assert model.setData(model.index(0, NOTE), "new")
    assert model.setData(model.index(0, NOTE), "old")
    assert not model.setData(model.index(0, 0), "no")
    assert told == [("b", "new")]


def test_that_a_measurement_that_ended_early_is_marked() -> None:
    model = HistoryRows(lambda *_: None)
    model.show_entries([Entry("a", "2026-11-23T10:11:12Z", ("x",), 3, False, "")])
    assert model.index(0, 2).data() == "3 ◐"
    assert model.entry(model.row_of("a")).runs == 3


def test_that_the_csv_has_a_line_for_every_run() -> None:
    rows = list(csv.DictReader(io.StringIO(samples_csv(two_images()).decode())))
    assert len(rows) == 24
    assert rows[3]["reference"] == "service:before"
    assert rows[3]["ready_seconds"] == "1.120000000"
    assert rows[3]["app_seconds"] == "0.820000000"
    assert rows[0]["warm_up"] == "1"
    assert rows[2]["ready_seconds"] == ""


def test_that_the_csv_holds_no_formula_and_no_control_character() -> None:
    made = hostile()
    text = samples_csv(made).decode()
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert {row["reference"][:3] for row in csv.DictReader(io.StringIO(text))} == {"<b>", ""}


def test_that_hostile_texts_are_shown_as_text() -> None:
    model = HistoryRows(lambda *_: None)
    model.show_entries([Entry("a", "2026-11-23T10:11:12Z", (HOSTILE,), 3, True, HOSTILE)])
    texts = [cell.text for row in (*figure_rows(hostile()), *run_rows(hostile())) for cell in row]
    texts += [str(model.index(0, column).data()) for column in range(4)]
    for text in texts:
        assert text.isprintable()
