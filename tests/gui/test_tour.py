"""The guided tour by the keyboard, presenting, and snapshots in the window; nothing of it needs an engine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QTableView, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from explorer.cli.demo import _FILES
from explorer.gui import tour as tours
from explorer.gui.main_window import MainWindow
from explorer.gui.presentation import SCALE, TILE_POINTS
from explorer.gui.theme import current_theme
from explorer.gui.tour import AFTER, BEFORE, STEPS, Tour, demo_references
from explorer.gui.widgets.plain_label import PlainLabel
from explorer.settings import SettingsStore
from explorer.snapshot.reading import SnapshotFile
from tests.gui.reading import clipped, unnamed
from tests.snapshot.taken import pair

pytestmark = [pytest.mark.gui, pytest.mark.slow]
TIMEOUT = 60_000


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    return pair(tmp_path_factory.mktemp("recorded"))


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    made = MainWindow(SettingsStore(), "unix:///nowhere/docker.sock")
    qtbot.addWidget(made)
    made.resize(1280, 800)
    made.show()
    yield made
    made.close()


@pytest.fixture
def tour(
    window: MainWindow, recorded: tuple[str, str], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> Tour:
    monkeypatch.setattr(tours, "demo_references", lambda: recorded)
    window.actions_["demo"].trigger()
    begun = window.tour
    assert begun is not None
    # A step that is chosen before the images are there comes as soon as they are.
    begun.go(4)
    assert begun.bar.words.text() == "Opening the recorded images…"
    qtbot.waitUntil(lambda: window.pages.currentWidget() is window.startup, timeout=TIMEOUT)
    assert window.startup.results.sample is not None
    window.actions_["demo"].trigger()
    assert window.tour is begun
    return begun


def press(window: QWidget, key: Qt.Key) -> None:
    window.activateWindow()
    QApplication.processEvents()
    QTest.keyClick(window, key)
    QApplication.processEvents()


def test_that_the_arrow_keys_lead_through_the_pages_without_an_engine(
    window: MainWindow,
    tour: Tour,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert window.pages.currentWidget() is window.explore
    assert tour.bar.words.text().startswith("A small Gin service in an image of 15.1 kB.")
    assert "Recorded on 2026-11-25 22:40 UTC with image-explorer 0.1.0" in tour.bar.recorded.text()
    press(window, Qt.Key.Key_Right)
    front = window.current_tab()
    assert front is not None
    assert "Only the" in front.explore.filter_notice.text
    press(window, Qt.Key.Key_Right)
    assert window.pages.currentWidget() is window.optimize
    qtbot.waitUntil(lambda: _planned(window), timeout=TIMEOUT)
    view = window.optimize.view()
    assert view is not None
    assert view.plan is not None
    assert view.plan.mode == "dockerfile"
    assert view.plan.original.startswith("FROM golang:1.27\n")
    press(window, Qt.Key.Key_Right)
    assert window.pages.currentWidget() is window.compare
    qtbot.waitUntil(lambda: window.compare.comparison is not None, timeout=TIMEOUT)
    assert window.compare.comparison is not None
    assert (window.compare.comparison.content.a, window.compare.comparison.content.b) == (15100, 8)
    assert window.compare.view is not None
    assert window.compare.view.tabs.currentWidget() is window.compare.view.causes
    press(window, Qt.Key.Key_PageDown)
    assert window.pages.currentWidget() is window.startup
    assert window.startup.results.sample is not None
    assert [len(window.startup.results.sample.of(arm)) for arm in (0, 1)] == [3, 3]
    # What was measured on this machine would be taken for what was recorded.
    assert not window.startup.left.isVisible()
    assert tour.bar.recorded.text().endswith("Nothing that you measured yourself is shown.")
    assert chosen_pages(window) == ["Start-up"]
    press(window, Qt.Key.Key_Right)
    assert window.pages.currentWidget() is tour.next_page
    assert chosen_pages(window) == []
    assert not window.startup.left.isHidden()
    press(window, Qt.Key.Key_Right)
    assert tour.place == len(STEPS) - 1
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "r.html"), ""))
    tour.save_report()
    page = (tmp_path / "r.html").read_text()
    headings = re.findall('<h2 id="([a-z]+)"', page)
    assert headings[:4] == ["summary", "causes", "findings", "dockerfile"]
    assert "Recorded on 2026-11-25 22:40 UTC" in page
    assert "FROM golang:1.27" in page
    for _ in STEPS:
        press(window, Qt.Key.Key_Left)
    assert tour.place == 0
    assert window.pages.currentWidget() is window.explore
    assert unnamed(tour.bar) == []
    assert clipped(tour.bar) == []
    window.tabs.close_tab(0)
    press(window, Qt.Key.Key_Right)
    qtbot.waitUntil(tour._ready, timeout=TIMEOUT)
    assert window.tabs.count() == 2
    tour.end()
    assert window.tour is None
    press(window, Qt.Key.Key_Right)
    assert window.pages.currentWidget() is window.explore
    assert window.tabs.count() == 2


def chosen_pages(window: MainWindow) -> list[str]:
    return [action.text() for action in window.rail.actions() if action.isChecked()]


def presenting(window: MainWindow) -> bool:
    return window.presentation.on and window.isFullScreen()


def _planned(window: MainWindow) -> bool:
    view = window.optimize.view()
    return view is not None and view.plan is not None


def test_that_presenting_shows_large_type_and_nothing_of_this_machine(
    window: MainWindow, tour: Tour, qtbot: QtBot
) -> None:
    tour.go(0)
    before = {widget: widget.font().pointSizeF() for widget in window.findChildren(QWidget)}
    tables = window.findChildren(QTableView)
    heights = [table.verticalHeader().defaultSectionSize() for table in tables]
    shown = [w for w in (window.rail, window.bar, window.status) if w.isVisible()]
    tab = window.current_tab()
    assert tab is not None
    usual = tab.explore.card.font().pointSizeF()
    press(window, Qt.Key.Key_F11)
    assert presenting(window)
    assert not any(widget.isVisible() for widget in shown)
    assert not tab.explore.details.isVisible()
    assert tab.explore.card.font().pointSizeF() == pytest.approx(usual * SCALE)
    assert current_theme().contrast
    assert not window.actions_["open"].isEnabled()
    window.choose_image()
    assert not window.findChildren(QDialog)
    treemap = tab.explore.map_pane.map
    label = QFontMetrics(treemap.font()).height() * 0.68 * 72 / treemap.logicalDpiY()
    assert label >= TILE_POINTS
    tour.save_report()
    assert window.notice.text.startswith("Look at the steps Dockerfile and After first")
    for step in range(len(STEPS)):
        tour.go(step)
        QApplication.processEvents()
    assert not window.startup.left.isVisible()
    tour.go(2)
    view = window.optimize.view()
    assert view is not None
    qtbot.waitUntil(lambda: _planned(window), timeout=TIMEOUT)
    column = view.content.cards.widget()
    assert column is not None
    qtbot.waitUntil(lambda: column.height() >= column.minimumSizeHint().height(), timeout=TIMEOUT)
    tour.go(0)
    texts = [label.text() for label in window.findChildren(PlainLabel) if label.isVisible()]
    assert not [text for text in texts if "nowhere" in text or str(Path.home()) in text]
    press(window, Qt.Key.Key_Escape)
    assert not presenting(window)
    assert not current_theme().contrast
    assert window.actions_["open"].isEnabled()
    assert all(widget.isVisible() for widget in shown)
    kept = {widget: size for widget, size in before.items() if isValid(widget)}
    assert {widget: widget.font().pointSizeF() for widget in kept} == kept
    assert [table.verticalHeader().defaultSectionSize() for table in tables] == heights
    # What was made meanwhile is as small as the rest.
    usual = QFontMetrics(QApplication.font()).height() + 6
    later = [t for t in window.findChildren(QTableView) if t not in tables]
    assert {table.verticalHeader().defaultSectionSize() for table in later} == {usual}
    assert tour.bar.words.height() < 3 * tour.bar.words.fontMetrics().height()


def test_that_an_opened_snapshot_says_who_recorded_it_and_can_be_saved_again(
    window: MainWindow, recorded: tuple[str, str], qtbot: QtBot, tmp_path: Path
) -> None:
    path = recorded[0].removeprefix("snapshot:")
    tab = window.open_reference(path)
    qtbot.waitUntil(lambda: window.recordings.origin(tab) is not None, timeout=TIMEOUT)
    said = tab.explore.state_notice.text
    assert "This is a snapshot: figures without file contents. Recorded on 2026-11-25" in said
    window.show_page(window.startup)
    assert window.startup.results.sample is not None
    assert "recorded with the snapshot; nothing is measured now" in window.startup.notice.text
    target = tmp_path / "again.image-snapshot"
    window.recordings.save(tab, str(target))
    qtbot.waitUntil(lambda: "Saved" in window.notice.text, timeout=TIMEOUT)
    assert SnapshotFile.open(target).origin.when == "2026-11-25T22:40:00Z"


def test_that_the_recorded_demo_comes_with_the_program() -> None:
    assert _FILES == (BEFORE, AFTER)
    paths = [Path(name.removeprefix("snapshot:")) for name in demo_references()]
    assert sum(path.stat().st_size for path in paths) < 1_500_000
    before, after = (SnapshotFile.open(path) for path in paths)
    assert before.image().content_bytes > 50 * after.image().content_bytes
    assert before.rewrite() is not None
    for file in (before, after):
        assert file.origin.machine()
        assert file.origin.when
        assert [len(sample.spec.measured) for sample in file.samples()] == [2]
