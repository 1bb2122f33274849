"""Background work: events arrive on the GUI thread, a cancel silences the job, nothing is left at the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QThread
from pytestqt.qtbot import QtBot

from explorer.errors import DamagedInput, ExplorerError, WorkerFailed
from explorer.gui.jobs import Jobs

pytestmark = [pytest.mark.gui, pytest.mark.slow]


class Told:
    """What a job has told, in order."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []
        self.threads: set[QThread] = set()

    def hear(self, name: str) -> Any:
        def heard(*values: Any) -> None:
            self.events.append((name, values[0] if values else None))
            self.threads.add(QThread.currentThread())

        return heard

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.events]


@pytest.fixture
def jobs(qtbot: QtBot) -> Iterator[Jobs]:
    made = Jobs()
    yield made
    made.close()


def start(jobs: Jobs, told: Told, function: str, *args: Any) -> Any:
    return jobs.start(
        f"tests.sandboxed:{function}",
        args,
        on_done=told.hear("done"),
        on_failed=told.hear("failed"),
        on_progress=told.hear("progress"),
        on_partial=told.hear("partial"),
        on_stopped=told.hear("stopped"),
    )


def test_that_a_worker_tells_progress_early_results_and_the_end(jobs: Jobs, qtbot: QtBot) -> None:
    told = Told()
    start(jobs, told, "add", 2, 3)
    qtbot.waitUntil(lambda: "done" in told.names, timeout=20_000)
    assert told.names == ["progress", "partial", "done"]
    assert told.events[-1] == ("done", 5)
    assert told.threads == {QThread.currentThread()}


def test_that_an_error_of_the_worker_keeps_its_kind(jobs: Jobs, qtbot: QtBot) -> None:
    told = Told()
    start(jobs, told, "fail")
    qtbot.waitUntil(lambda: bool(told.names), timeout=20_000)
    error = told.events[0][1]
    assert isinstance(error, DamagedInput)
    assert (error.message, error.hint, error.offset) == ("it is cut", "copy it again", 77)


def test_that_a_worker_that_is_killed_fails_in_words(jobs: Jobs, qtbot: QtBot) -> None:
    told = Told()
    start(jobs, told, "die")
    qtbot.waitUntil(lambda: bool(told.names), timeout=20_000)
    assert isinstance(told.events[0][1], WorkerFailed)


def test_that_a_cancel_is_felt_at_once_and_nothing_comes_after_it(jobs: Jobs, qtbot: QtBot) -> None:
    told = Told()
    job = start(jobs, told, "wait")
    qtbot.waitUntil(lambda: "progress" in told.names, timeout=20_000)
    job.cancel()
    assert told.names[-1] == "stopped"
    count = len(told.names)
    qtbot.waitUntil(lambda: not jobs._jobs, timeout=20_000)
    assert len(told.names) == count
    assert not job.running


def test_that_a_waiting_job_runs_on_a_thread_and_ends_here(jobs: Jobs, qtbot: QtBot) -> None:
    told = Told()
    jobs.start_waiting(
        "tests.sandboxed:add", (4, 5), on_done=told.hear("done"), on_failed=told.hear("failed")
    )
    qtbot.waitUntil(lambda: bool(told.names), timeout=20_000)
    assert told.events == [("done", 9)]
    assert told.threads == {QThread.currentThread()}


@pytest.mark.parametrize(
    ("function", "kind"), [("fail", DamagedInput), ("break_down", WorkerFailed)]
)
def test_that_a_waiting_job_fails_in_words(
    jobs: Jobs, qtbot: QtBot, function: str, kind: type[ExplorerError]
) -> None:
    told = Told()
    jobs.start_waiting(
        f"tests.sandboxed:{function}", (), on_done=told.hear("done"), on_failed=told.hear("failed")
    )
    qtbot.waitUntil(lambda: bool(told.names), timeout=20_000)
    assert isinstance(told.events[0][1], kind)


def test_that_closing_ends_all_work(qtbot: QtBot) -> None:
    jobs, told = Jobs(), Told()
    for _ in range(2):
        start(jobs, told, "wait")
    qtbot.waitUntil(lambda: told.names.count("progress") >= 2, timeout=20_000)
    jobs.close()
    count = len(told.names)
    qtbot.wait(100)
    assert len(told.names) == count


def test_that_an_owner_may_go_while_its_job_runs(qtbot: QtBot) -> None:
    for _ in range(5):
        jobs, told = Jobs(), Told()
        start(jobs, told, "wait")
        jobs.close()
        jobs.deleteLater()
        del jobs
    qtbot.wait(50)
