"""Choosing images of the engine, out of archives and folders, by keyboard and by drop."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QItemSelectionModel, QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QPushButton
from pytestqt.qtbot import QtBot

from explorer.engine.client import EngineImage
from explorer.errors import EngineUnreachable, NotAnImage
from explorer.filesystem.archive import ArchiveImage
from explorer.gui.dialogs.picker import Choice, ImagePicker
from explorer.gui.jobs import Jobs
from explorer.gui.theme import apply_theme
from explorer.image.model import Platform
from explorer.image.platform import host_platform
from explorer.resources import sample_reference
from tests.gui.reading import clipped, unnamed
from tests.gui.scripted import ScriptedJobs

pytestmark = pytest.mark.gui
_IMAGES = [
    EngineImage("sha256:" + "1" * 64, ("alpine:3.20",), 7_800_000, "2026-11-02T00:00:00Z", 1),
    EngineImage("sha256:" + "2" * 64, ("golang:1.27",), 887_000_000, "2026-11-01T00:00:00Z"),
    EngineImage("sha256:" + "3" * 64, (), 5_000, "2026-11-03T00:00:00Z"),
]


@pytest.fixture
def picker(qtbot: QtBot, jobs: ScriptedJobs) -> ImagePicker:
    made = ImagePicker(jobs, "unix:///chosen.sock")  # type: ignore[arg-type]  # a stand-in
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    return made


@pytest.fixture
def opened(picker: ImagePicker) -> list[list[Choice]]:
    """What the picker told."""
    told: list[list[Choice]] = []
    picker.chosen.connect(told.append)
    return told


def _button(picker: ImagePicker, text: str) -> QPushButton:
    return next(
        button
        for button in picker.findChildren(QPushButton)
        if button.text() == text and button.isVisible()
    )


def test_that_the_engine_is_asked_at_once_and_off_the_windows_thread(
    picker: ImagePicker, jobs: ScriptedJobs
) -> None:
    (job,) = jobs.started
    assert (job.function, job.args) == (
        "explorer.workflow.asking:list_images",
        ("unix:///chosen.sock",),
    )
    assert job.more == {"waiting": True}
    assert picker.engine.images.currentWidget() is picker.engine.images.loading
    assert not picker._open.isEnabled()


def test_that_the_biggest_image_is_first_and_enter_opens_it(
    picker: ImagePicker, jobs: ScriptedJobs, opened: list[list[Choice]]
) -> None:
    jobs.last.done(_IMAGES)
    assert picker._note.text() == "3 images"
    QTest.keyClick(picker.engine.field, Qt.Key.Key_Return)
    assert opened == [[("docker-daemon:golang:1.27", "")]]
    assert not picker.isVisible()


def test_that_typing_filters_and_arrows_choose_without_leaving_the_filter(
    picker: ImagePicker, jobs: ScriptedJobs, opened: list[list[Choice]]
) -> None:
    jobs.last.done(_IMAGES)
    field = picker.engine.field
    QTest.keyClick(field, Qt.Key.Key_Down)
    assert picker.choices() == [("docker-daemon:alpine:3.20", "")]
    QTest.keyClicks(field, "go")
    assert picker._note.text() == "1 of 3 images"
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert opened == [[("docker-daemon:golang:1.27", "")]]


def test_that_enter_in_the_table_opens_once(
    picker: ImagePicker, jobs: ScriptedJobs, opened: list[list[Choice]]
) -> None:
    jobs.last.done(_IMAGES)
    picker.engine.images.select(1)
    QTest.keyClick(picker.engine.images.table, Qt.Key.Key_Return)
    assert opened == [[("docker-daemon:alpine:3.20", "")]]


def test_that_two_images_may_be_opened_but_not_three(
    picker: ImagePicker, jobs: ScriptedJobs, opened: list[list[Choice]]
) -> None:
    jobs.last.done(_IMAGES)
    selection = picker.engine.images.table.selectionModel()
    flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
    for row, text in ((1, "Open both"), (2, "Open")):
        selection.select(picker.engine.images.model.index(row, 0), flags)
        assert picker._open.text() == text
    assert not picker._open.isEnabled()
    assert picker._note.text() == "Choose one or two images."
    picker.accept()
    assert opened == []
    selection.select(
        picker.engine.images.model.index(2, 0),
        QItemSelectionModel.SelectionFlag.Deselect | QItemSelectionModel.SelectionFlag.Rows,
    )
    QTest.mouseClick(picker._open, Qt.MouseButton.LeftButton)
    assert opened == [[("docker-daemon:golang:1.27", ""), ("docker-daemon:alpine:3.20", "")]]


def test_that_two_images_may_be_compared_and_one_may_not(
    picker: ImagePicker, jobs: ScriptedJobs, opened: list[list[Choice]]
) -> None:
    jobs.last.done(_IMAGES)
    wanted: list[list[Choice]] = []
    picker.compare_wanted.connect(wanted.append)
    picker.engine.images.select(0)
    assert picker._compare.isHidden()
    flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
    chosen = picker.engine.images.model.index(1, 0)
    picker.engine.images.table.selectionModel().select(chosen, flags)
    QTest.mouseClick(picker._compare, Qt.MouseButton.LeftButton)
    assert wanted == [[("docker-daemon:golang:1.27", ""), ("docker-daemon:alpine:3.20", "")]]
    assert opened == []


def test_that_no_engine_says_why_and_can_be_tried_again(
    picker: ImagePicker, jobs: ScriptedJobs
) -> None:
    jobs.last.failed(EngineUnreachable("No engine answers at <b>x</b>.", "Start it."))
    assert picker.engine.images.problem.text == (
        "The engine's images cannot be listed\nNo engine answers at <b>x</b>.\nStart it."
    )
    assert not picker._open.isEnabled()
    QTest.mouseClick(_button(picker, "Try again"), Qt.MouseButton.LeftButton)
    assert len(jobs.started) == 2
    jobs.last.done(_IMAGES)
    assert picker.engine.images.listed


def test_that_without_an_engine_archives_are_one_click_away(
    picker: ImagePicker, jobs: ScriptedJobs
) -> None:
    jobs.last.failed(EngineUnreachable("No engine."))
    QTest.mouseClick(_button(picker, "Open archive or folder…"), Qt.MouseButton.LeftButton)
    assert picker.tabs.currentWidget() is picker.archive
    assert picker.archive.field.hasFocus()


def test_that_an_engine_without_images_says_so(picker: ImagePicker, jobs: ScriptedJobs) -> None:
    jobs.last.done([])
    assert picker.engine.images.problem.text.startswith(
        "No images\nThe engine answers, but it holds no image yet."
    )


def test_that_closing_stops_the_question(picker: ImagePicker, jobs: ScriptedJobs) -> None:
    QTest.keyClick(picker, Qt.Key.Key_Escape)
    assert not picker.isVisible()
    assert jobs.last.cancelled


def test_that_an_engine_that_does_not_answer_can_be_cancelled(
    picker: ImagePicker, jobs: ScriptedJobs
) -> None:
    QTest.mouseClick(picker.engine.images.loading._cancel, Qt.MouseButton.LeftButton)
    assert jobs.last.cancelled
    assert picker.engine.images.problem.text.startswith("Cancelled")


def test_that_a_platform_column_with_nothing_in_it_is_hidden(
    picker: ImagePicker, jobs: ScriptedJobs
) -> None:
    jobs.last.done(_IMAGES)
    assert picker.engine.images.table.isColumnHidden(4)
    picker.engine.load()
    jobs.last.done([EngineImage("sha256:1", ("a:1",), 1, "", 0, Platform("linux", "arm64"))])
    assert not picker.engine.images.table.isColumnHidden(4)


def test_that_a_path_is_read_in_a_worker_and_its_only_image_opened(
    picker: ImagePicker, jobs: ScriptedJobs, opened: list[list[Choice]], tmp_path: Path
) -> None:
    picker.show_archives()
    QTest.keyClicks(picker.archive.field, str(tmp_path / "app.tar"))
    QTest.keyClick(picker.archive.field, Qt.Key.Key_Return)
    assert (jobs.last.function, jobs.last.args) == (
        "explorer.workflow.asking:list_archive",
        (str(tmp_path / "app.tar"),),
    )
    assert "waiting" not in jobs.last.more
    jobs.last.done([ArchiveImage("sha256:1", ("app:1",), Platform("linux", "amd64"), "", 2)])
    assert picker._note.text() == "1 image in the file"
    QTest.keyClick(picker.archive.field, Qt.Key.Key_Return)
    assert opened == [[(str(tmp_path / "app.tar"), "")]]


def test_that_another_path_typed_is_read_before_anything_opens(
    picker: ImagePicker, jobs: ScriptedJobs, opened: list[list[Choice]]
) -> None:
    picker.show_file("/first.tar")
    jobs.last.done([ArchiveImage("sha256:1", (), Platform("linux", "amd64"), "", 2)])
    picker.archive.field.setText("/second.tar")
    QTest.keyClick(picker.archive.field, Qt.Key.Key_Return)
    assert opened == []
    assert jobs.last.args == ("/second.tar",)


def test_that_this_machines_platform_is_chosen_first(
    picker: ImagePicker, jobs: ScriptedJobs
) -> None:
    picker.show_file("/x/multi.tar")
    host = host_platform()
    platforms = [Platform("linux", "s390x"), host, Platform("linux", "riscv64")]
    jobs.last.done(
        [ArchiveImage(f"sha256:{n}", ("app:1",), p, "", 2) for n, p in enumerate(platforms)]
    )
    assert picker.choices() == [("docker-archive:/x/multi.tar:app:1", str(host))]


def test_that_a_file_that_is_no_image_says_why(picker: ImagePicker, jobs: ScriptedJobs) -> None:
    picker.show_file("/etc/passwd")
    jobs.last.failed(NotAnImage("passwd is not an image.", "Choose another file."))
    assert picker.archive.images.problem.text == (
        "passwd cannot be opened\npasswd is not an image.\nChoose another file."
    )
    assert picker.choices() == []


def test_that_a_dropped_file_is_listed(
    picker: ImagePicker, jobs: ScriptedJobs, tmp_path: Path
) -> None:
    data = QMimeData()
    data.setUrls([QUrl("https://example.org/x.tar"), QUrl.fromLocalFile(str(tmp_path / "a b.tar"))])
    event = QDropEvent(
        QPointF(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    picker.dropEvent(event)
    assert event.isAccepted()
    assert picker.tabs.currentWidget() is picker.archive
    assert jobs.last.args == (str(tmp_path / "a b.tar"),)


def test_that_a_new_path_cancels_the_reading_of_the_former(
    picker: ImagePicker, jobs: ScriptedJobs
) -> None:
    picker.show_file("/big.tar")
    first = jobs.last
    picker.show_file("/small.tar")
    assert first.cancelled
    assert not jobs.last.cancelled


def test_that_files_and_folders_can_be_browsed(
    picker: ImagePicker, jobs: ScriptedJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("/chosen.tar", ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "/folder")
    picker.show_archives()
    QTest.mouseClick(_button(picker, "Browse file…"), Qt.MouseButton.LeftButton)
    assert jobs.last.args == ("/chosen.tar",)
    QTest.mouseClick(_button(picker, "Browse folder…"), Qt.MouseButton.LeftButton)
    assert jobs.last.args == ("/folder",)


def test_that_an_image_with_a_hostile_name_does_not_widen_the_dialog(
    picker: ImagePicker, jobs: ScriptedJobs
) -> None:
    size = picker.size()
    name = "<img src=/dev/zero>" + "x" * 3000
    jobs.last.done([EngineImage("sha256:1", (name,), 1, "")])
    QApplication.processEvents()
    assert picker.size() == size
    picker.show_file("/" + "y" * 3000)
    QApplication.processEvents()
    assert picker.size() == size


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_that_all_is_named_and_nothing_is_cut_off_at_the_smallest_size(
    picker: ImagePicker, jobs: ScriptedJobs, qapp: QApplication, theme: str
) -> None:
    apply_theme(qapp, theme)
    picker.resize(picker.minimumSize())
    jobs.last.done(_IMAGES)
    QApplication.processEvents()
    assert unnamed(picker) == []
    assert clipped(picker) == []
    picker.show_archives()
    QApplication.processEvents()
    assert clipped(picker) == []
    apply_theme(qapp, "light")


@pytest.mark.slow
def test_that_the_sample_is_listed_by_a_real_worker(qtbot: QtBot, qapp: QApplication) -> None:
    jobs = Jobs()
    picker = ImagePicker(jobs, "unix:///nowhere.sock")
    qtbot.addWidget(picker)
    path = sample_reference().partition(":")[2]
    picker.show_file(path)
    qtbot.waitUntil(lambda: picker.archive.images.listed, timeout=20_000)
    assert picker.choices() == [(path, "")]
    assert picker.archive.images.model.row(0).name == "naive-go-service:sample"
    qtbot.waitUntil(lambda: "nowhere.sock" in picker.engine.images.problem.text, timeout=20_000)
    picker.reject()
    jobs.close()


def test_that_an_image_of_a_registry_is_opened_by_its_name(
    picker: ImagePicker, opened: list[list[Choice]]
) -> None:
    picker.tabs.setCurrentWidget(picker.registry)
    assert picker.registry.field.hasFocus()
    assert not picker._open.isEnabled()
    assert picker._note.text() == ""
    QTest.keyClicks(picker.registry.field, "ghcr.io/team/app:1")
    assert picker._open.isEnabled()
    QTest.keyClicks(picker.registry.platform, "arm64")
    QTest.keyClick(picker.registry.platform, Qt.Key.Key_Return)
    assert opened == [[("docker://ghcr.io/team/app:1", "arm64")]]


def test_that_what_is_no_name_in_a_registry_is_told_and_not_opened(
    picker: ImagePicker, opened: list[list[Choice]]
) -> None:
    picker.tabs.setCurrentWidget(picker.registry)
    QTest.keyClicks(picker.registry.field, "docker://a b")
    QTest.keyClick(picker.registry.field, Qt.Key.Key_Return)
    assert picker._note.text().startswith("a b is not the name of an image. Example: docker://")
    assert opened == []
