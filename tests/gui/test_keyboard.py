"""The whole window by keyboard: the Tab key reaches every part and comes round again."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from explorer.findings.analysis import Analysis
from explorer.gui.main_window import MainWindow
from explorer.gui.pages.explore import ExplorePage
from explorer.resources import sample_reference
from explorer.settings import SettingsStore

pytestmark = pytest.mark.gui


def _round(window: QWidget, start: QWidget, key: Qt.Key) -> list[QWidget]:
    """Where the key leads until it comes back to a place it was at."""
    start.setFocus()
    way: list[QWidget] = []
    while True:
        here = window.focusWidget()
        if here in way:
            return way[way.index(here) :]
        way.append(here)
        QTest.keyClick(here, key)
        QApplication.processEvents()


def test_that_tab_reaches_every_part_of_the_explore_page(qtbot: QtBot, analysis: Analysis) -> None:
    page = ExplorePage()
    qtbot.addWidget(page)
    page.resize(1024, 680)
    page.show_analysis(analysis, set())
    page.activateWindow()
    with qtbot.waitActive(page):
        page.show()
    page.selection.set_current(analysis.stack.tree.find(b"etc/motd"))
    parts = {
        page.layers.view,
        page.findings.table,
        page.files,
        page.map_pane.map,
        page.details.form.steps,
        page.details.contents.text,
        page.details._copy,
        page.details._save,
    }
    for key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
        way = _round(page, page.layers.view, key)
        assert parts - set(way) == set()
        assert page.layers.view in way


@pytest.mark.slow
def test_that_tab_comes_round_in_the_window(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path
) -> None:
    window = MainWindow(SettingsStore(tmp_path), "unix:///nowhere.sock")
    qtbot.addWidget(window)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    tab = window.open_reference(sample_reference())
    qtbot.waitUntil(lambda: tab.analysis is not None and not tab.busy, timeout=30_000)
    window.field.setFocus()
    way = _round(window, window.field, Qt.Key.Key_Tab)
    assert window.field in way
    assert tab.explore.findings.table in way
    assert tab.explore.map_pane.map in way
    assert tab.explore.details._copy in way
    window.close()
