"""The command palette: finding, greying, running."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from explorer.gui.dialogs.palette import CommandPalette, score
from explorer.gui.models.file_tree import ACCESSIBLE
from tests.gui.reading import unnamed

pytestmark = pytest.mark.gui


class _Window(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.done: list[str] = []
        self.commands = [
            self._command("Open image…", "Ctrl+O"),
            self._command("&Zoom out", "Alt+Up"),
            self._command("Research && development <b>", ""),
            self._command("Export treemap as SVG…", ""),
        ]
        self.commands[1].setEnabled(False)

    def _command(self, text: str, keys: str) -> QAction:
        action = QAction(text, self)
        action.setShortcut(keys)
        action.triggered.connect(lambda: self.done.append(text))
        return action


@pytest.fixture
def window(qtbot: QtBot) -> _Window:
    made = _Window()
    qtbot.addWidget(made)
    return made


@pytest.fixture
def palette(qtbot: QtBot, window: _Window) -> CommandPalette:
    made = CommandPalette(window.commands, window)
    QAbstractItemModelTester(made.model, QAbstractItemModelTester.FailureReportingMode.Fatal, made)
    with qtbot.waitExposed(made):
        made.show()
    return made


def _texts(palette: CommandPalette) -> list[str]:
    return [str(palette.model.index(n, 0).data()) for n in range(palette.model.rowCount())]


def test_that_all_commands_are_listed_with_their_keys(palette: CommandPalette) -> None:
    assert _texts(palette) == [
        "Open image…", "Zoom out", "Research & development <b>", "Export treemap as SVG…",
    ]  # fmt: skip
    assert palette.model.index(0, 0).data(ACCESSIBLE) == "Open image…, Ctrl+O"
    assert palette.model.index(1, 0).data(ACCESSIBLE) == "Zoom out, Alt+Up, not available now"


def test_that_letters_find_a_command_and_enter_runs_it(
    palette: CommandPalette, window: _Window
) -> None:
    QTest.keyClicks(palette.field, "exsvg")
    assert _texts(palette) == ["Export treemap as SVG…"]
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert window.done == ["Export treemap as SVG…"]
    assert not palette.isVisible()


def test_that_arrows_move_while_the_field_keeps_the_focus(
    palette: CommandPalette, window: _Window
) -> None:
    for _ in range(3):
        QTest.keyClick(palette.field, Qt.Key.Key_Down)
    assert palette.field.hasFocus()
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert len(window.done) == 1
    assert window.done[0] != "&Zoom out"


def test_that_a_command_that_cannot_be_used_does_nothing(
    palette: CommandPalette, window: _Window
) -> None:
    QTest.keyClicks(palette.field, "zoom")
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert window.done == []
    assert palette.isVisible()


def test_that_a_click_runs_a_command(palette: CommandPalette, window: _Window) -> None:
    place = palette.list.visualRect(palette.model.index(2, 0)).center()
    QTest.mouseClick(palette.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert window.done == ["Research && development <b>"]


def test_that_escape_closes_and_runs_nothing(palette: CommandPalette, window: _Window) -> None:
    QTest.keyClick(palette.field, Qt.Key.Key_Escape)
    assert not palette.isVisible()
    assert window.done == []


def test_that_nothing_found_is_said(palette: CommandPalette, window: _Window) -> None:
    QTest.keyClicks(palette.field, "xyzzy")
    assert palette._nothing.isVisible()
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert window.done == []
    palette.field.clear()
    assert not palette._nothing.isVisible()


def test_that_the_palette_has_names_for_screen_readers(palette: CommandPalette) -> None:
    QApplication.processEvents()
    assert unnamed(palette) == []
    assert isinstance(palette.model, QObject)


@pytest.mark.parametrize(
    ("typed", "text", "fits"),
    [
        ("oi", "Open image…", True),
        ("OPEN", "open image", True),
        ("io", "Open image…", False),
        ("", "anything", True),
        ("tre svg", "Treemap as SVG", True),
        ("镜像", "打开镜像…", True),
        ("ü", "Über", True),
    ],
)
def test_that_letters_must_come_in_order(typed: str, text: str, fits: bool) -> None:
    assert (score(typed, text) is not None) is fits


def test_that_the_nearer_letters_win() -> None:
    texts = ["Show or hide the treemap", "Export treemap as SVG…", "Treemap as PNG…", "Next image"]
    best = sorted((s, t) for t in texts if (s := score("tree", t)) is not None)
    assert best[0][1] == "Treemap as PNG…"
