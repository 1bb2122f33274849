"""The Start-up page from the question to the result, with scripted work; its history on a real disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog, QPushButton
from pytestqt.qtbot import QtBot

from explorer.coldstart.probe import EXIT
from explorer.coldstart.sample import Sample
from explorer.coldstart.store import Store, document
from explorer.engine.client import EngineInfo
from explorer.errors import EngineLost, EngineUnreachable, InputError
from explorer.gui.dialogs.confirm_runs import ConfirmRuns
from explorer.gui.models import startup_work
from explorer.gui.pages.startup import StartupPage
from explorer.gui.theme import apply_theme
from explorer.task import Progress, Task
from tests.gui.measurements import diagnosed, hostile, never_ready, planned, two_images
from tests.gui.reading import labels, unnamed
from tests.gui.scripted import ScriptedJobs, StartedJob

pytestmark = pytest.mark.gui
INFO = EngineInfo(
    "Docker", "20.10", "1.41", "unix:///var/run/docker.sock", "DOCKER_HOST", "overlay2", "", "",
    containerd_store=False, rootless=False, machine="", remote=False, operating_system="Linux", warning="",
)  # fmt: skip
Open = Callable[[], StartupPage]


@pytest.fixture
def page(jobs: ScriptedJobs, qtbot: QtBot) -> StartupPage:
    made = StartupPage(jobs, "unix:///engine")  # type: ignore[arg-type]
    qtbot.addWidget(made)
    made.resize(1200, 760)
    made.show()
    answer(jobs, "history")
    return made


def answer(jobs: ScriptedJobs, name: str) -> StartedJob:
    """Let the last job of this name do its work here."""
    job = last(jobs, name)
    job.done(getattr(startup_work, name)(Task(), *job.args))
    return job


def last(jobs: ScriptedJobs, name: str) -> StartedJob:
    return next(job for job in reversed(jobs.started) if job.function.endswith(f":{name}"))


def agreed(page: StartupPage, jobs: ScriptedJobs, sample: Sample) -> StartedJob:
    """Ask for a measurement, agree, and return the work that it began."""
    page.form.choose("service:before", "service:after")
    page.form.button.click()
    last(jobs, "plan_runs").done(planned(sample))
    (dialog,) = page.findChildren(ConfirmRuns)
    dialog.run.click()
    return last(jobs, "measure")


def partial(job: StartedJob, sample: Sample, count: int) -> None:
    for number, run in enumerate(sample.runs[:count]):
        job.more["on_progress"](Progress(f"Run {number + 1} of 24", number, 24))
        job.more["on_partial"](run)


def drawn(page: StartupPage) -> str:
    """What the strip chart says."""
    assert page.results.board is not None
    page.results.board.finish()
    return page.results.board.strip.text


def test_that_nothing_runs_before_the_user_agreed(page: StartupPage, jobs: ScriptedJobs) -> None:
    page.form.choose("service:before", "service:after")
    page.form.button.click()
    job = last(jobs, "plan_runs")
    assert job.args[0] == "unix:///engine"
    assert job.args[1].references == ("service:before", "service:after")
    job.done(planned(two_images()))
    (dialog,) = page.findChildren(ConfirmRuns)
    dialog.reject()
    assert not any("perform" in job.function for job in jobs.started)
    assert not page.busy
    assert page.form.button.isEnabled()


def test_that_runs_appear_as_they_come(page: StartupPage, jobs: ScriptedJobs) -> None:
    made = two_images()
    job = agreed(page, jobs, made)
    assert job.args == ("unix:///engine", planned(made), "")
    assert page.busy
    partial(job, made, 9)
    assert page.progress.text.text() == "Run 9 of 24"
    assert (page.progress.bar.value(), page.progress.bar.maximum()) == (8, 24)
    assert drawn(page).splitlines() == [
        "A service:before: 2 runs, median 805 ms, from 790 ms to 820 ms",
        "B service:after: 2 runs, median 405 ms, from 390 ms to 420 ms",
    ]
    page.results.tabs.setCurrentWidget(page.results.run_table)
    assert page.results.runs.rowCount() == 9
    job.more["on_partial"](made.runs[9])
    assert page.results.runs.rowCount() == 10
    assert not page.history.isEnabled()


def test_that_the_share_done_is_told_until_the_end(page: StartupPage, jobs: ScriptedJobs) -> None:
    told: list[float] = []
    job = agreed(page, jobs, two_images())
    page.share_changed.connect(told.append)
    job.more["on_progress"](Progress("Run 7 of 24", 6, 24))
    job.done(two_images())
    assert told == [0.25, -1.0]


def test_that_the_result_is_told_in_words_and_stays_in_the_history(
    page: StartupPage, jobs: ScriptedJobs
) -> None:
    made = two_images()
    job = agreed(page, jobs, made)
    partial(job, made, 24)
    Store().save(made)
    job.done(made)
    assert page.results.verdict.heading.text() == "Comparing…"
    answer(jobs, "verdicts")
    assert page.results.verdict.heading.text().startswith("The app: B is faster by 400 ms (95 %")
    assert "of 7 runs became ready" in page.results.verdict.text
    answer(jobs, "history")
    assert page.history.rows.entry(0).id == made.id
    assert page.history.table.rows() == [0]
    assert page.progress.isHidden()


def test_that_one_image_is_told_by_its_median(page: StartupPage, jobs: ScriptedJobs) -> None:
    made = two_images()
    arms = (made.spec.arms[0],)
    alone = replace(
        made,
        spec=replace(made.spec, arms=arms),
        runs=tuple(run for run in made.runs if run.arm == 0),
    )
    agreed(page, jobs, alone).done(alone)
    assert page.results.verdict.heading.text() == "Ready 1.13 s after it was asked for"
    assert "810 ms (95 % interval 780 ms to 830 ms). Medians of 7" in page.results.verdict.text


def test_that_a_cancel_keeps_the_finished_runs(page: StartupPage, jobs: ScriptedJobs) -> None:
    made = two_images()
    job = agreed(page, jobs, made)
    partial(job, made, 9)
    Store().save(replace(made, created="2999-01-01T00:00:00Z", runs=made.runs[:9], complete=False))
    page.progress.cancel.click()
    assert job.cancelled
    job.more["on_stopped"]()
    assert page.notice.text == "Cancelled; the runs that were finished are kept."
    assert page.results.sample is not None
    assert len(page.results.sample.runs) == 9
    answer(jobs, "saved_state")
    assert page.results.sample.id == made.id
    assert "ended early" in page.results.verdict.text
    assert page.form.button.isEnabled()


def test_that_a_cancel_before_the_first_run_is_told(page: StartupPage, jobs: ScriptedJobs) -> None:
    job = agreed(page, jobs, two_images())
    page.cancel()
    job.more["on_stopped"]()
    assert page.notice.text == "Cancelled before the first run ended."
    assert page.place.currentWidget() is page.hello


def test_that_an_engine_that_goes_away_leaves_the_finished_runs(
    page: StartupPage, jobs: ScriptedJobs
) -> None:
    made = two_images()
    job = agreed(page, jobs, made)
    partial(job, made, 9)
    job.failed(EngineLost("The engine went away.", "Start it."))
    assert page.notice.text == "The engine went away. Start it."
    assert page.place.currentWidget() is page.results


def test_that_a_failure_before_the_first_run_is_explained(
    page: StartupPage, jobs: ScriptedJobs
) -> None:
    agreed(page, jobs, two_images()).failed(EngineLost("The <b>engine</b> went\x1b away.", "Start it."))  # fmt: skip
    assert page.place.currentWidget() is page.problem
    assert page.problem.text == "The measurement failed\nThe <b>engine</b> went\\x1b away.\nStart it."  # fmt: skip


def test_that_an_image_that_is_never_ready_shows_phase_and_log(
    page: StartupPage, jobs: ScriptedJobs
) -> None:
    made = never_ready()
    agreed(page, jobs, made).done(made)
    assert page.results.verdict.heading.text() == "A service:before did not become ready."
    assert page.results.tabs.currentWidget() is page.results.failures
    report = page.results.failures.report.toPlainText()
    assert report.startswith(
        "Run 3 of A service:before: failed with code 2. Phase reached: first log line.\n"
        "<b>bold</b>\\x1b[31m\\u202egnp.exe\\n=1+1 & <img src=zero>\n"
        "Last lines of its log:\n  | panic: no database\n  | <b>bold</b>\\u202egnp.exe\\n=1+1 & <img src=zero>"
    )
    page.form.choose("something:else")
    page.results.failures.again.click()
    assert last(jobs, "plan_runs").args[1].references == ("service:before",)


def test_that_charts_come_with_the_first_run(page: StartupPage, jobs: ScriptedJobs) -> None:
    made = two_images()
    job = agreed(page, jobs, made)
    results = page.results
    assert results.board is not None
    assert (results.waiting.isHidden(), results.board.isHidden()) == (False, True)
    job.more["on_partial"](made.runs[0])
    assert (results.waiting.isHidden(), results.board.isHidden()) == (True, False)


def test_that_an_empty_history_offers_nothing_to_do_with_it(page: StartupPage) -> None:
    page.history.show_entries(())
    shown = [b.text() for b in page.history.findChildren(QPushButton) if b.isVisibleTo(page)]
    assert (shown, page.history.empty.isVisibleTo(page)) == ([], True)


def test_that_a_wrong_field_is_told_without_asking_the_engine(
    page: StartupPage, jobs: ScriptedJobs
) -> None:
    page.form.choose("docker-archive:/tmp/x.tar")
    page.measure()
    assert "not an image of an engine" in page.notice.text
    assert not any("plan_runs" in job.function for job in jobs.started)


def test_that_an_image_that_is_not_there_is_told_beside_the_form(
    page: StartupPage, jobs: ScriptedJobs
) -> None:
    page.form.choose("nothing")
    page.measure()
    last(jobs, "plan_runs").failed(InputError("There is no image nothing.", "Pull it."))
    assert page.notice.text == "There is no image nothing. Pull it."
    assert page.place.currentWidget() is page.hello


def test_that_no_engine_is_a_state_with_a_way_out(
    page: StartupPage, jobs: ScriptedJobs, qtbot: QtBot
) -> None:
    page.show_engine(EngineUnreachable("Nobody answers.", "Start it."))
    assert "No engine answers" in page.engine_notice.text
    page.form.choose("service")
    page.measure()
    last(jobs, "plan_runs").failed(EngineUnreachable("Nobody answers.", "Start it."))
    assert page.place.currentWidget() is page.problem
    page.show_engine(INFO)
    assert page.engine_notice.text == ""


def test_that_a_remote_engine_is_said_to_be_one(page: StartupPage) -> None:
    page.show_engine(replace(INFO, remote=True))
    assert "all by this machine's clock" in page.engine_notice.text
    assert page.form.remote.isVisibleTo(page)
    page.show_engine(replace(INFO, machine="Docker Desktop"))
    assert "virtual machine (Docker Desktop)" in page.engine_notice.text
    assert not page.form.remote.isVisibleTo(page)


# ---- history


@pytest.fixture
def kept(page: StartupPage, jobs: ScriptedJobs) -> tuple[Sample, Sample]:
    """Two measurements in the history, the second one newer."""
    first = two_images()
    second = replace(diagnosed(first), id="20261124T101112-fedcba", created="2026-11-24T10:11:12Z")
    for sample in (first, second):
        Store().save(sample)
    page.list_measurements()
    answer(jobs, "history")
    return first, second


def test_that_a_measurement_is_opened_again(
    page: StartupPage, jobs: ScriptedJobs, kept: tuple[Sample, Sample]
) -> None:
    page.history.table.selectRow(0)
    QTest.keyClick(page.history.table, Qt.Key.Key_Return)
    answer(jobs, "verdicts")
    assert "B is faster" in page.results.verdict.heading.text()
    closer = page.results.closer
    lines = closer.report.toPlainText().splitlines()
    assert "work before main in" in lines[0]
    assert [closer.inits.index(0, column).data() for column in (0, 1)] == [
        "example.org/slow/config",
        "350 ms",
    ]
    assert lines[lines.index("") + 1 :][:2] == [
        "Before main: 352 ms in 3 packages.",
        "1 garbage collection while it started, 0.20 ms.",
    ]
    assert page.results.closer.chart is not None
    assert page.results.closer.chart.text.startswith("example.org/slow/config: 350 ms\n")
    assert drawn(page) != ""


def test_that_two_measurements_are_compared_the_older_one_first(
    page: StartupPage, jobs: ScriptedJobs, kept: tuple[Sample, Sample]
) -> None:
    page.history.table.selectAll()
    page.history._compare()
    answer(jobs, "verdicts")
    assert page.results.sample is not None
    assert len(page.results.sample.spec.arms) == 2
    assert "Measured separately, 2026-11-23T10:11:12Z and 2026-11-24" in page.results.verdict.text
    assert "No difference detected" in page.results.verdict.heading.text()


def test_that_a_note_is_kept(
    page: StartupPage, jobs: ScriptedJobs, kept: tuple[Sample, Sample]
) -> None:
    page.history.rows.setData(page.history.rows.index(0, 3), "<b>after</b> the rewrite")
    answer(jobs, "history")
    assert page.history.rows.index(0, 3).data() == "<b>after</b> the rewrite"
    assert Store().load(kept[1].id).note == "<b>after</b> the rewrite"


def test_that_a_deleted_measurement_can_be_brought_back(
    page: StartupPage, jobs: ScriptedJobs, kept: tuple[Sample, Sample]
) -> None:
    page.history.table.selectRow(0)
    QTest.keyClick(page.history.table, Qt.Key.Key_Delete)
    answer(jobs, "history")
    assert page.history.rows.rowCount() == 1
    page._restore(kept[1])
    answer(jobs, "history")
    assert page.history.rows.rowCount() == 2
    assert document(Store().load(kept[1].id)) == document(replace(kept[1], diagnostics=Store().load(kept[1].id).diagnostics))  # fmt: skip


def test_that_a_measurement_that_is_gone_is_told(page: StartupPage) -> None:
    page.open_measurement("20200101T000000-abcdef")
    assert "There is no measurement" in page.notice.text


# ---- what can be taken along


def test_that_runs_charts_and_gauges_are_saved(
    page: StartupPage,
    jobs: ScriptedJobs,
    kept: tuple[Sample, Sample],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def choose(_parent: Any, _title: str, suggested: str, _kinds: str) -> tuple[str, str]:
        asked.append(Path(suggested).name)
        return str(tmp_path / Path(suggested).name), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    page.open_measurement(kept[0].id)
    page.export.save_runs()
    page.export.save_json()
    answer(jobs, "write_json")
    page.export.save_gauges()
    answer(jobs, "write_gauges")
    drawn(page)
    assert page.results.board is not None
    page.results.board.save_wanted.emit(page.results.board.strip, "svg")
    assert asked == [
        "startup-service-before-service-after-runs.csv",
        "startup-service-before-service-after.json",
        "startup-service-before-service-after.prom",
        "startup-service-before-service-after-every-run.svg",
    ]
    starts = [(tmp_path / name).read_bytes()[:5] for name in asked]
    assert starts == [b"order", b'{\n  "', b"# HEL", b"<?xml"]
    assert page.notice.text.startswith("Saved ")


def test_that_a_folder_that_is_not_there_is_told(
    page: StartupPage, kept: tuple[Sample, Sample], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("/proc/nowhere/x.csv", ""))
    page.open_measurement(kept[0].id)
    page.export.save_runs()
    assert "Could not write /proc/nowhere/x.csv" in page.notice.text


def test_that_a_pushgateway_that_does_not_answer_is_told(
    page: StartupPage,
    jobs: ScriptedJobs,
    kept: tuple[Sample, Sample],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("http://127.0.0.1:1", True))
    page.open_measurement(kept[0].id)
    page.export.push_gauges()
    job = last(jobs, "push_gauges")
    with pytest.raises(InputError) as told:
        startup_work.push_gauges(Task(), *job.args)
    job.failed(told.value)
    assert "Pushgateway at http://127.0.0.1:1 did not accept the measurement" in page.notice.text


def test_that_probe_values_are_copied_with_their_formula(
    page: StartupPage, kept: tuple[Sample, Sample]
) -> None:
    page.open_measurement(kept[0].id)
    page.results.probes.copy.click()
    text = QGuiApplication.clipboard().text()
    assert text.startswith("# W = 0.430 s")
    assert 'startupProbe:\n  httpGet:\n    path: "/healthz"\n    port: 8080\n' in text


def test_that_a_program_that_ends_has_no_probes(page: StartupPage) -> None:
    made = two_images()
    arms = tuple(replace(arm, readiness=EXIT) for arm in made.spec.arms)
    page._show(replace(made, spec=replace(made.spec, arms=arms)))
    assert "Run it as a Job" in page.results.probes.yaml.toPlainText()
    assert "Probe:" not in page.results.probes.yaml.toPlainText()
    assert "no probe makes sense" in page.results.probes.heading.text()


# ---- for everybody


def test_that_the_page_takes_the_theme_in_force(
    page: StartupPage, qapp: QApplication, kept: tuple[Sample, Sample]
) -> None:
    page.open_measurement(kept[1].id)
    drawn(page)
    apply_theme(qapp, "dark")
    try:
        page.recolour()
        assert page.results.board is not None
        assert page.results.board.strip.view.backgroundBrush().color().lightness() < 60
        assert page.results.closer.chart is not None
        assert page.results.closer.chart.view.backgroundBrush().color().lightness() < 60
    finally:
        apply_theme(qapp, "light")


def test_that_everything_has_a_name(
    page: StartupPage, jobs: ScriptedJobs, kept: tuple[Sample, Sample]
) -> None:
    page.open_measurement(kept[1].id)
    for place in range(page.results.tabs.count()):
        page.results.tabs.setCurrentIndex(place)
        drawn(page)
        assert unnamed(page) == []


def test_that_no_text_acts(page: StartupPage, jobs: ScriptedJobs) -> None:
    made = hostile()
    agreed(page, jobs, made).done(made)
    answer(jobs, "verdicts")
    drawn(page)
    results = page.results
    texts = [label.text() for label in labels(page)]
    texts += [results.verdict.text, results.closer.report.toPlainText()]
    texts += [results.failures.report.toPlainText(), results.probes.yaml.toPlainText()]
    for text in texts:
        assert "\x1b" not in text
        assert "\u202e" not in text
    # pyqtgraph's own menus, which nobody can open, have labels of fixed words
    ours = [label for label in labels(page) if label.window() is page.window() and label.text()]
    assert {label.textFormat() for label in ours} == {Qt.TextFormat.PlainText}


def test_that_the_end_of_the_page_ends_its_work(page: StartupPage, jobs: ScriptedJobs) -> None:
    job = agreed(page, jobs, two_images())
    job.poll = lambda: False  # type: ignore[attr-defined]  # what the real job has
    page.end()
    assert job.cancelled
    assert not page.busy
