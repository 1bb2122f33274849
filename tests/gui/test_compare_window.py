"""The Compare page in the window: keys, the rail, and a real pair read in a worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.gui.main_window import MainWindow
from explorer.resources import sample_reference
from explorer.settings import SettingsStore
from explorer.workflow.opening import Options
from tests.support.archives import built, docker_25, layer_tar, pack

pytestmark = [pytest.mark.gui, pytest.mark.slow]
TIMEOUT = 60_000


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    made = MainWindow(SettingsStore(), "unix:///nowhere.sock")
    qtbot.addWidget(made)
    made.show()
    yield made
    made.close()


def test_that_the_pages_stand_in_the_rail_in_their_order(window: MainWindow, qtbot: QtBot) -> None:
    pages = [window.explore, window.compare, window.optimize, window.startup]
    assert [window.pages.widget(n) for n in range(window.pages.count())] == pages
    for number, page in enumerate(pages, 1):
        QTest.keyClick(window, Qt.Key(Qt.Key.Key_0 + number), Qt.KeyboardModifier.ControlModifier)
        assert window.pages.currentWidget() is page
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=TIMEOUT)


def test_that_an_open_image_is_compared_with_an_archive_and_swapped(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    small = tmp_path / "small.tar"
    small.write_bytes(pack(docker_25(built(layer_tar({"etc/motd": b"hello"})))))
    tab = window.open_reference(sample_reference())
    qtbot.waitUntil(lambda: bool(tab.analysis_file) and not tab.busy, timeout=TIMEOUT)
    window.actions_["compare"].trigger()
    assert window.compare.currentWidget() is window.compare.choice
    window.open_comparison(Options(sample_reference()), Options(str(small)))
    window.actions_["close"].trigger()
    qtbot.waitUntil(lambda: window.compare.comparison is not None, timeout=TIMEOUT)
    view, c = window.compare.view, window.compare.comparison
    assert view is not None
    assert c is not None
    assert c.content.b == 5
    assert view.names()[0] == "naive-go-service:sample"
    window.actions_["filter"].trigger()
    assert window.focusWidget() in (view.files.field, None)
    view.swap.click()
    qtbot.waitUntil(lambda: not window.compare.busy, timeout=TIMEOUT)
    swapped = window.compare.comparison
    assert swapped is not None
    assert (swapped.content.a, swapped.content.delta) == (5, -c.content.delta)
    QApplication.processEvents()
