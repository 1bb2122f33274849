"""The window as a whole: it opens real images in workers, and all that is around them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.errors import EngineUnreachable
from explorer.gui.crash import CrashNet
from explorer.gui.main_window import MainWindow
from explorer.gui.pages.image_tab import ImageTab
from explorer.resources import resource, sample_reference
from explorer.settings import SettingsStore

pytestmark = [pytest.mark.gui, pytest.mark.slow]
TIMEOUT = 60_000


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    made = MainWindow(SettingsStore())
    qtbot.addWidget(made)
    made.show()
    yield made
    made.close()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "service.tar"
    shutil.copy(resource("samples", "naive-go-service.oci.tar"), path)
    return path


def opened(window: MainWindow, qtbot: QtBot, reference: str = "") -> ImageTab:
    tab = window.open_reference(reference or sample_reference())
    qtbot.waitUntil(lambda: not tab.busy, timeout=TIMEOUT)
    return tab


def test_that_the_window_begins_with_what_to_do(window: MainWindow) -> None:
    assert window.explore.currentWidget() is window.empty
    assert window.windowTitle() == "Image Size Explorer"
    assert not window.field.isEnabled()


def test_that_the_sample_is_opened_layer_by_layer(window: MainWindow, qtbot: QtBot) -> None:
    tab = opened(window, qtbot)
    assert tab.analysis is not None
    assert tab.analysis.complete
    assert window.windowTitle() == "naive-go-service:sample — Image Size Explorer"
    assert tab.explore.findings.table.findings.rowCount() > 5
    assert window.field.isEnabled()


def test_that_what_was_opened_is_among_the_recent_images(
    window: MainWindow, qtbot: QtBot, archive: Path
) -> None:
    opened(window, qtbot, f"oci-archive:{archive}")
    window.actions_["close"].trigger()
    assert window.explore.currentWidget() is window.empty
    assert window.empty.recent.count() == 1
    archive.unlink()
    again = MainWindow(SettingsStore())
    qtbot.addWidget(again)
    assert again.empty.recent.item(0).flags() == Qt.ItemFlag.NoItemFlags
    again.close()


def test_that_a_dropped_file_is_opened(window: MainWindow, qtbot: QtBot, archive: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(archive))])
    drop = QDropEvent(
        QPointF(50, 50),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(drop)
    tab = window.current_tab()
    assert tab is not None
    qtbot.waitUntil(lambda: not tab.busy, timeout=TIMEOUT)
    assert tab.analysis is not None


def test_that_a_file_that_is_no_image_is_explained(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    wrong = tmp_path / "notes.txt"
    wrong.write_text("not an image")
    tab = opened(window, qtbot, str(wrong))
    assert tab.currentWidget() is tab.problem
    assert "notes.txt could not be opened" in tab.problem.text
    assert "Traceback" not in tab.problem.text


def test_that_an_image_that_is_open_comes_to_the_front(window: MainWindow, qtbot: QtBot) -> None:
    first = opened(window, qtbot)
    assert window.open_reference(sample_reference()) is first
    assert window.tabs.count() == 1


def test_that_each_image_keeps_its_own_filter(
    window: MainWindow, qtbot: QtBot, archive: Path
) -> None:
    first = opened(window, qtbot)
    QTest.keyClicks(window.field, "ext:a")
    qtbot.waitUntil(lambda: first.filter_text == "ext:a", timeout=5000)
    second = opened(window, qtbot, f"oci-archive:{archive}")
    assert window.current_tab() is second
    assert window.field.text() == ""
    window.actions_["next_tab"].trigger()
    assert window.field.text() == "ext:a"


def test_that_escape_clears_the_filter(window: MainWindow, qtbot: QtBot) -> None:
    tab = opened(window, qtbot)
    shown = tab.explore.selection.view
    assert shown is not None
    everything = int(shown.files[0])
    QTest.keyClicks(window.field, "size>1M")
    qtbot.waitUntil(lambda: int(tab.explore.selection.view.files[0]) < everything, timeout=5000)  # type: ignore[union-attr]
    QTest.keyClick(window.field, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: int(tab.explore.selection.view.files[0]) == everything, timeout=5000)  # type: ignore[union-attr]
    assert window.chips.isHidden()


def test_that_a_wrong_filter_is_explained_and_keeps_all_files(
    window: MainWindow, qtbot: QtBot
) -> None:
    opened(window, qtbot)
    QTest.keyClicks(window.field, "size>much")
    qtbot.waitUntil(lambda: not window.chips.isHidden(), timeout=5000)
    assert window.chips._error.text() != ""


def test_that_a_cancel_ends_the_worker_within_a_second(window: MainWindow, qtbot: QtBot) -> None:
    tab = window.open_reference(sample_reference())
    tab.cancel()
    assert not tab.busy
    qtbot.waitUntil(lambda: not window.jobs._jobs, timeout=TIMEOUT)


def test_that_an_engine_that_goes_away_leaves_the_open_image_usable(
    window: MainWindow, qtbot: QtBot
) -> None:
    tab = opened(window, qtbot)
    window._engine_was_there = True
    window.watch.state.emit(EngineUnreachable("Nobody answers.", "Start it."))
    assert "stopped answering" in window.engine_notice.text
    assert window.status.engine_text == "No engine answers"
    tab.explore.selection.set_zoom(1)
    window._engine_was_there = False


def test_that_an_error_of_ours_is_told_without_ending_the_program(window: MainWindow) -> None:
    error = ValueError("<b>odd</b>\x1b[31m")
    CrashNet(window.show_internal_error)._caught(ValueError, error, None)
    assert window.notice.text == "Internal error: ValueError: <b>odd</b>\\x1b[31m"


def test_that_closing_keeps_place_and_size(qtbot: QtBot) -> None:
    first = MainWindow(SettingsStore())
    qtbot.addWidget(first)
    first.resize(1100, 700)
    first.show()
    opened(first, qtbot)
    first.close()
    settings = SettingsStore().settings
    assert settings.geometry
    assert set(settings.splitters) == {"columns", "left", "centre"}
    second = MainWindow(SettingsStore())
    qtbot.addWidget(second)
    second.show()
    # The offscreen screen is 800 pixels wide, so that only the height fits.
    assert second.height() == 700
    second.close()


def test_that_closing_ends_all_work_and_removes_all_files(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    window = MainWindow(SettingsStore())
    qtbot.addWidget(window)
    window.show()
    window.open_reference(sample_reference())
    window.close()
    qtbot.waitUntil(lambda: not list(tmp_path.glob("image-explorer-*")), timeout=TIMEOUT)


def test_that_every_command_of_the_window_has_a_text_and_a_key_of_its_own(
    window: MainWindow,
) -> None:
    keys = [key.toString() for action in window.actions_.all() for key in action.shortcuts()]
    assert len(keys) == len(set(keys))
    assert all(action.text() for action in window.actions_.all())


def test_that_a_read_only_home_is_told_and_the_window_goes_on(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/proc/1/nowhere")
    window = MainWindow(SettingsStore())
    qtbot.addWidget(window)
    window.show()
    opened(window, qtbot)
    assert "not kept" in window.notice.text
    window.close()
    QApplication.processEvents()


def test_that_the_optimize_key_shows_the_rewrite_of_the_open_image(
    window: MainWindow, qtbot: QtBot
) -> None:
    opened(window, qtbot)
    assert window.optimize.view() is None
    window.actions_["optimize"].trigger()
    assert window.pages.currentWidget() is window.optimize
    view = window.optimize.view()
    assert view is not None
    qtbot.waitUntil(lambda: view.plan is not None, timeout=TIMEOUT)
    assert view.plan is not None
    assert view.plan.predicted_bytes < view.plan.original_bytes / 5
    window.actions_["close"].trigger()
    assert window.optimize.currentWidget() is window.optimize.empty


def test_that_the_empty_window_loads_nothing_that_only_an_image_needs(tmp_path: Path) -> None:
    """What it loads is time before the first paint."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from PySide6.QtWidgets import QApplication\n"
        "from explorer.gui.main_window import MainWindow\n"
        "from explorer.settings import SettingsStore\n"
        "application = QApplication([])\n"
        "window = MainWindow(SettingsStore(Path(sys.argv[1])), 'unix:///nowhere.sock')\n"
        "window.show()\n"
        "application.processEvents()\n"
        "window.close()\n"
        "late = ('numpy', 'pyqtgraph', 'docker', 'explorer.findings', 'explorer.filesystem')\n"
        "print(*(name for name in late if name in sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
