"""Before anything runs, the dialog names it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from explorer.gui.dialogs.confirm_runs import ConfirmRuns
from tests.gui.measurements import hostile, planned, two_images
from tests.gui.reading import clipped, labels, unnamed

pytestmark = pytest.mark.gui


@pytest.fixture
def dialog(qtbot: QtBot) -> ConfirmRuns:
    made = ConfirmRuns(planned(two_images()))
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    return made


def test_that_images_commands_limits_and_numbers_are_named(dialog: ConfirmRuns) -> None:
    text = dialog.lines.toPlainText()
    for part in (
        "service:before, image aaaaaaaaaaaa",
        "service:after, image bbbbbbbbbbbb",
        "/srv/app --port 8080",
        "http:8080/healthz",
        "24 containers",
        "1024 processes",
    ):
        assert part in text
    assert "Docker 20.10" in dialog.where.text()


def test_that_enter_agrees_and_escape_does_not(dialog: ConfirmRuns, qtbot: QtBot) -> None:
    with qtbot.waitSignal(dialog.accepted):
        QTest.keyClick(dialog, Qt.Key.Key_Return)
    dialog.show()
    with qtbot.waitSignal(dialog.rejected):
        QTest.keyClick(dialog, Qt.Key.Key_Escape)


def test_that_what_will_run_can_be_copied(dialog: ConfirmRuns) -> None:
    copy = next(b for b in dialog.findChildren(QPushButton) if b.text() == "Copy")
    copy.click()
    assert QGuiApplication.clipboard().text() == dialog.lines.toPlainText()


def test_that_everything_has_a_name_and_room(dialog: ConfirmRuns) -> None:
    assert unnamed(dialog) == []
    assert clipped(dialog) == []


def test_that_hostile_names_are_shown_as_text(qtbot: QtBot) -> None:
    dialog = ConfirmRuns(planned(hostile()))
    qtbot.addWidget(dialog)
    dialog.show()
    texts = [label.text() for label in labels(dialog)] + [dialog.lines.toPlainText()]
    for text in texts:
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert {label.textFormat() for label in labels(dialog)} == {Qt.TextFormat.PlainText}
