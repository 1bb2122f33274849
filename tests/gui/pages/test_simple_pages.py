"""The pages without an image: what to do, what is going on, what went wrong."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from explorer.errors import ExplorerError
from explorer.gui.engine_watch import CALM_SECONDS, RETRY_SECONDS, EngineWatch
from explorer.gui.jobs import Jobs
from explorer.gui.pages.empty import EmptyPage, missing_places
from explorer.gui.pages.loading import LoadingPage
from explorer.gui.pages.problem import ProblemPage
from explorer.gui.progress import progress_text
from explorer.settings import RecentImage
from explorer.task import Progress
from tests.gui.reading import unnamed
from tests.gui.scripted import ScriptedJobs

pytestmark = pytest.mark.gui


def test_that_only_files_can_be_missing_among_the_recent_images(tmp_path: Path) -> None:
    gone, there = tmp_path / "gone.tar", tmp_path / "there.tar"
    there.touch()
    names = [f"docker-archive:{gone}", str(there), "docker://localhost:5000/app:1", "golang:1.27"]
    recent = [RecentImage(name, name, "") for name in names]
    assert missing_places(recent) == [f"docker-archive:{gone}"]


def test_that_the_empty_page_opens_what_is_clicked(qtbot: QtBot) -> None:
    page = EmptyPage()
    qtbot.addWidget(page)
    page.show()
    told: list[str] = []
    page.open_image.connect(lambda: told.append("image"))
    page.open_archive.connect(lambda: told.append("archive"))
    page.open_sample.connect(lambda: told.append("sample"))
    for button in page.findChildren(QPushButton):
        if button.isVisible():
            button.click()
    assert told == ["image", "archive", "sample"]
    assert page.recent.isHidden()


def test_that_recent_images_open_by_enter(qtbot: QtBot) -> None:
    page = EmptyPage()
    qtbot.addWidget(page)
    page.show_recent(
        [
            RecentImage("docker-daemon:app:1", "<b>app</b>:1", "2026-11-25T10:00:00+00:00"),
            RecentImage("docker-archive:/gone.tar", "gone.tar", "2026-11-24T10:00:00+00:00"),
        ],
        ["docker-archive:/gone.tar"],
    )
    assert page.recent.item(0).text() == "<b>app</b>:1    2026-11-25"
    with qtbot.waitSignal(page.open_reference) as signal:
        page.recent.itemActivated.emit(page.recent.item(0))
    assert signal.args == ["docker-daemon:app:1"]
    with qtbot.waitSignal(page.forget_reference):
        page._forget.click()
    assert unnamed(page) == []


def test_that_nothing_moves_in_the_first_three_seconds(qtbot: QtBot) -> None:
    page = LoadingPage()
    qtbot.addWidget(page)
    page.show()
    page.begin("app:1")
    assert page._bar.isHidden()
    page.show_progress(Progress("Reading", 1, 4))
    assert page._bar.isHidden()
    page._late.setInterval(1)
    qtbot.waitUntil(lambda: not page._bar.isHidden())
    assert page._bar.value() == 250
    with qtbot.waitSignal(page.cancelled):
        page._cancel.click()
    page.end()


@pytest.mark.parametrize(
    ("progress", "elapsed", "text"),
    [
        (Progress("Opening"), 1.0, "Opening"),
        (Progress("Reading", 1_000_000, 2_000_000), 1.0, "Reading · 1.0 MB of 2.0 MB"),
        (
            Progress("Reading", 1_000_000, 4_000_000),
            5.0,
            "Reading · 1.0 MB of 4.0 MB · about 15 s left",
        ),
        (Progress("Reading", 0, 4_000_000), 5.0, "Reading · 0 B of 4.0 MB"),
        (
            Progress("Reading", 4_000_000, 4_000_000),
            5.0,
            "Reading · 4.0 MB of 4.0 MB · almost done",
        ),
        (
            Progress("Reading", 1_000, 100_000),
            5.0,
            "Reading · 1.0 kB of 100.0 kB · about 8 min 15 s left",
        ),
    ],
)
def test_that_progress_is_told_in_one_line(progress: Progress, elapsed: float, text: str) -> None:
    assert progress_text(progress, elapsed) == text


def test_that_a_problem_is_told_whole_and_can_be_copied(qtbot: QtBot) -> None:
    page = ProblemPage()
    qtbot.addWidget(page)
    page.show()
    done: list[int] = []
    error = ExplorerError("First\nsecond \x1b[31m", "Do <b>this</b>.")
    page.show_problem("It failed", error, ("Try again", lambda: done.append(1)))
    QApplication.processEvents()
    buttons = {b.text(): b for b in page.findChildren(QPushButton)}
    buttons["Try again"].click()
    assert done == [1]
    buttons["Copy report"].click()
    assert QGuiApplication.clipboard().text() == (
        "It failed\nFirst\nsecond \\x1b[31m\nDo <b>this</b>."
    )


def test_that_the_engine_is_asked_sooner_after_it_went_away(
    qtbot: QtBot, jobs: ScriptedJobs
) -> None:
    watch = EngineWatch(cast("Jobs", jobs))
    told: list[object] = []
    watch.state.connect(told.append)
    waits = []
    for _ in range(len(RETRY_SECONDS) + 1):
        watch.ask()
        jobs.last.failed(ExplorerError("gone"))
        waits.append(watch._timer.interval() // 1000)
    assert waits == [*RETRY_SECONDS, RETRY_SECONDS[-1]]
    watch.ask()
    jobs.last.done("an engine")
    assert watch._timer.interval() == 1000 * CALM_SECONDS
    assert told[-1] == "an engine"
    watch.change_host("unix:///other")
    assert jobs.last.args == ("unix:///other",)
    watch.stop()
    assert jobs.last.cancelled
