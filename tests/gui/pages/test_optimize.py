"""The Optimize page over all open images: when it plans, what it keeps; keyboard, names and looks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from explorer.gui.image_tabs import ImageTabs
from explorer.gui.jobs import Jobs
from explorer.gui.pages.optimize import OptimizePage
from explorer.settings import SettingsStore
from tests.dockerfile.projects import Project, base_image
from tests.gui.reading import clipped, unnamed
from tests.gui.rewrites import (
    HELD,
    INPUTS,
    LOOK,
    PREPARE,
    Show,
    asked,
    built,
    planned,
    prepared,
    read,
    texts,
)
from tests.gui.scripted import ScriptedJobs

pytestmark = pytest.mark.gui

# ---- the page over all images


@pytest.fixture
def page(qtbot: QtBot, jobs: ScriptedJobs, tmp_path: Path) -> OptimizePage:
    tabs = ImageTabs(SettingsStore(tmp_path), cast("Jobs", jobs))
    qtbot.addWidget(tabs, before_close_func=lambda tabs: tabs.close_all())
    made = OptimizePage(tabs, cast("Jobs", jobs))
    qtbot.addWidget(made, before_close_func=lambda page: page.end())
    return made


def tabs_of(page: OptimizePage) -> ImageTabs:
    return page._tabs


def test_that_what_a_rewrite_needs_is_found_out_before_the_page_is_looked_at(
    page: OptimizePage, jobs: ScriptedJobs, tmp_path: Path
) -> None:
    tabs_of(page).open_reference("docker-daemon:web:1")
    assert [job.function for job in jobs.started].count(HELD) == 0
    read(jobs, Project(), tmp_path / "tab")
    asked(jobs, HELD).done((Project().facts, (base_image(),)))
    assert page.view() is None
    assert [job.function for job in jobs.started].count(PREPARE) == 0
    page.show()
    prepared(jobs)
    view = page.view()
    assert view is not None
    assert view.plan is not None
    assert view.currentWidget() is view.content
    assert [job.function for job in jobs.started].count(HELD) == 1


def test_that_a_program_that_was_not_looked_into_is_read_in_a_process_of_its_own(
    page: OptimizePage, jobs: ScriptedJobs, tmp_path: Path
) -> None:
    tabs_of(page).open_reference("docker-daemon:web:1")
    read(jobs, Project(), tmp_path / "tab")
    asked(jobs, HELD).done((None, ()))
    job = asked(jobs, INPUTS)
    page.show()
    view = page.view()
    assert view is not None
    assert view.currentWidget() is view.loading
    job.done((Project().facts, (base_image(),)))
    prepared(jobs)
    assert view.plan is not None
    assert view.plan.runtime.choice == "scratch"


def test_that_the_rules_are_loaded_once_while_the_first_image_is_read(
    page: OptimizePage, jobs: ScriptedJobs
) -> None:
    assert jobs.started == []
    for name in ("web:1", "web:2"):
        tabs_of(page).open_reference(f"docker-daemon:{name}")
    loading = [job for job in jobs.started if job.function.endswith(":load_rules")]
    assert [job.more for job in loading] == [{"waiting": True}]


def test_that_with_no_image_the_page_says_what_to_do(page: OptimizePage, qtbot: QtBot) -> None:
    page.show()
    assert page.currentWidget() is page.empty
    assert page.empty.text.startswith("No image is open")
    with qtbot.waitSignal(page.open_image):
        page.empty.findChildren(QPushButton)[0].click()


def test_that_the_page_waits_while_its_image_is_read(
    page: OptimizePage, jobs: ScriptedJobs, tmp_path: Path
) -> None:
    page.show()
    tabs_of(page).open_reference("docker-daemon:web:1")
    view = page.view()
    assert view is not None
    assert view.message.text.startswith("The image has not been read yet")
    read(jobs, Project(), tmp_path / "tab")
    assert asked(jobs, HELD).running


def test_that_each_image_keeps_its_own_rewrite_until_it_is_closed(
    page: OptimizePage, jobs: ScriptedJobs, tmp_path: Path
) -> None:
    page.show()
    tabs = tabs_of(page)
    first = tabs.open_reference("docker-daemon:web:1")
    read(jobs, Project(), tmp_path / "tab")
    view = page.view()
    assert view is not None
    planned(jobs, view, Project())
    view.switch("certificates", on=False)
    tabs.open_reference("docker-daemon:web:2")
    assert page.view() is not view
    tabs.setCurrentWidget(first)
    assert page.view() is view
    assert view.switches == {"certificates": False}
    built(view, jobs)
    view.content.build.click()
    job = asked(jobs, LOOK)
    tabs.close_tab(tabs.indexOf(first))
    assert job.cancelled
    assert page.view() is not view


# ---- keyboard, names, looks


def test_that_everything_that_takes_the_focus_has_a_name(
    show: Show, jobs: ScriptedJobs, sources: str
) -> None:
    view = show(folder=sources)
    built(view, jobs)
    for number in range(view.content.tabs.count()):
        view.content.tabs.setCurrentIndex(number)
        assert unnamed(view) == []


def test_that_nothing_is_cut_off_at_the_smallest_size(show: Show, sources: str) -> None:
    view = show(folder=sources)
    view.resize(940, 600)
    QApplication.processEvents()
    assert view.minimumSizeHint().width() <= 940
    assert clipped(view) == []


def test_that_f7_goes_from_change_to_change_and_round(
    show: Show, sources: str, qtbot: QtBot
) -> None:
    view = show(folder=sources)
    diff = view.content.diff
    total = diff.change_count
    assert total > 1
    view.activateWindow()
    with qtbot.waitActive(view):
        view.show()
    diff.right.setFocus()
    seen = []
    for _ in range(total):
        QTest.keyClick(diff.right, Qt.Key.Key_F7)
        seen.append(diff.right.textCursor().blockNumber())
    assert len(set(seen)) == total
    assert diff.left.textCursor().blockNumber() == seen[-1]
    QTest.keyClick(diff.right, Qt.Key.Key_F7, Qt.KeyboardModifier.ShiftModifier)
    assert diff.right.textCursor().blockNumber() == seen[-2]


def test_that_hostile_lines_stay_on_their_line(show: Show) -> None:
    view = show(dockerfile='FROM golang:1.27\nLABEL a="\u202e<b>\x1b[31m"\nRUN go build\n')
    left, _ = texts(view)
    lines = [line for line in left.split("\n") if line]
    assert lines == ["FROM golang:1.27", 'LABEL a="\\u202e<b>\\x1b[31m"', "RUN go build"]


def test_that_tab_reaches_every_part_and_comes_round(
    show: Show, sources: str, qtbot: QtBot
) -> None:
    view = show(folder=sources)
    content = view.content
    view.activateWindow()
    with qtbot.waitActive(view):
        view.show()
    switches = {card.switch for card in content.cards.cards.values() if card.switch.isEnabled()}
    parts = {
        content.inputs.dockerfile.browse,
        content.inputs.folder.browse,
        content.inputs.folder.clear,
        content.inputs.runtime,
        content.diff.left,
        content.diff.right,
        *switches,
        content.save,
        content.copy,
        content.build,
    }
    for key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
        content.inputs.dockerfile.browse.setFocus()
        way: list[QWidget | None] = []
        while (here := view.focusWidget()) not in way:
            way.append(here)
            QTest.keyClick(here, key)
            QApplication.processEvents()
        assert parts - set(way) == set()
        assert here is way[0]


def test_that_the_rules_and_the_engine_are_loaded_when_a_rewrite_is_looked_at() -> None:
    code = (
        "import sys, explorer.gui.pages.optimize\n"
        "print([m for m in sys.modules if m.startswith(('explorer.engine', 'explorer.dockerfile'))])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"
