"""The two Dockerfiles on the screen: scrolled together, copied without the room between lines, coloured in both themes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.gui.models.dockerfile_rows import ADDED, CHANGED, REMOVED, SAME, Row, Side
from explorer.gui.theme import apply_theme, current_theme
from explorer.gui.widgets.change_cards import ChangeCards
from explorer.gui.widgets.code_pane import FILLER, NEW, OLD, tint_colour
from explorer.gui.widgets.dockerfile_diff import DockerfileDiff
from tests.dockerfile.projects import Project

pytestmark = pytest.mark.gui
ROWS = (
    Row(Side(1, "FROM go"), Side(1, "FROM go AS build"), CHANGED, "split"),
    Row(Side(2, "RUN go build"), Side(2, "RUN go build"), SAME),
    Row(Side(), Side(3, "FROM scratch"), ADDED, "split"),
    Row(Side(3, "RUN rm -r /src"), Side(), REMOVED),
    Row(Side(4, "CMD app"), Side(4, "CMD app"), SAME),
)


@pytest.fixture
def diff(qtbot: QtBot) -> DockerfileDiff:
    made = DockerfileDiff()
    qtbot.addWidget(made)
    made.resize(700, 200)
    made.show_rows(ROWS, head="Original", titles={"split": "Two stages"}, sure={})
    made.show()
    return made


@pytest.fixture
def dark(qapp: QApplication) -> Iterator[None]:
    apply_theme(qapp, "dark")
    yield
    apply_theme(qapp, "light")


def luminance(colour: QColor) -> float:
    """WCAG 2.1 relative luminance."""
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: QColor, other: QColor) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_that_both_sides_have_a_line_for_each_row(diff: DockerfileDiff) -> None:
    assert diff.left.toPlainText() == "FROM go\nRUN go build\n\nRUN rm -r /src\nCMD app"
    assert diff.right.toPlainText() == "FROM go AS build\nRUN go build\nFROM scratch\n\nCMD app"
    assert [line.sign for line in diff.left.lines] == ["−", "", "", "−", ""]
    assert [line.sign for line in diff.right.lines] == ["+", "", "+", "", ""]
    assert diff.right.lines[0].tip == "Two stages"


def test_that_the_room_for_the_other_side_is_not_copied(diff: DockerfileDiff) -> None:
    diff.left.selectAll()
    assert diff.left.createMimeDataFromSelection().text() == (
        "FROM go\nRUN go build\nRUN rm -r /src\nCMD app"
    )
    cursor = diff.right.textCursor()
    cursor.setPosition(5)
    cursor.setPosition(12, cursor.MoveMode.KeepAnchor)
    diff.right.setTextCursor(cursor)
    assert diff.right.createMimeDataFromSelection().text() == "go AS b"


def test_that_the_sides_scroll_together(diff: DockerfileDiff) -> None:
    rows = tuple(Row(Side(n, "x" * 300), Side(n, "x" * 300), SAME) for n in range(1, 200))
    diff.show_rows(rows, head="", titles={}, sure={})
    diff.left.verticalScrollBar().setValue(50)
    diff.right.horizontalScrollBar().setValue(40)
    assert diff.right.verticalScrollBar().value() == 50
    assert diff.left.horizontalScrollBar().value() == 40
    diff.show_rows(rows, head="", titles={}, sure={})
    assert diff.left.verticalScrollBar().value() == 50


def test_that_a_step_goes_to_the_next_change_and_names_its_rule(
    diff: DockerfileDiff, qtbot: QtBot
) -> None:
    assert diff.change_count == 2
    with qtbot.waitSignal(diff.rule_shown) as caught:
        diff.step(1)
    assert (caught.args, diff.left.textCursor().blockNumber()) == (["split"], 2)
    assert diff._count.text() == "change 2 of 2"
    diff.step(1)
    assert diff.right.textCursor().blockNumber() == 0
    diff.step(-1)
    assert diff.right.textCursor().blockNumber() == 2


def test_that_a_rule_and_a_line_can_be_gone_to(diff: DockerfileDiff) -> None:
    diff.show_original_line(3)
    assert diff.right.textCursor().blockNumber() == 3
    diff.show_rule("split")
    assert diff.left.textCursor().blockNumber() == 0
    diff.show_rule("unknown")
    assert diff.left.textCursor().blockNumber() == 0


def test_that_two_equal_files_have_no_change_to_go_to(diff: DockerfileDiff) -> None:
    diff.show_rows(ROWS[1:2], head="", titles={}, sure={})
    diff.step(1)
    assert diff._count.text() == "no changes"
    assert not diff._next.isEnabled()
    diff.show_rows((), head="", titles={}, sure={})
    assert diff.left.toPlainText() == ""


def test_that_texts_can_be_read_on_every_colour_in_both_themes(
    diff: DockerfileDiff, dark: None, qapp: QApplication
) -> None:
    for scheme in ("dark", "light"):
        apply_theme(qapp, scheme)
        text = qapp.palette().text().color()
        for tint in (NEW, OLD, FILLER):
            assert contrast(text, tint_colour(tint)) >= 7
            assert contrast(current_theme().muted, tint_colour(tint)) >= 4.5
        for tint in (NEW, OLD):
            assert contrast(current_theme().accent, tint_colour(tint)) >= 4.5
        diff.retheme()


def test_that_cards_take_the_colours_of_another_theme(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path
) -> None:
    cards = ChangeCards()
    qtbot.addWidget(cards)
    cards.show_changes(Project().plan(tmp_path).changes)
    cards.show()
    for scheme in ("dark", "light"):
        apply_theme(qapp, scheme)
        QApplication.processEvents()
        cards.retheme()
        for card in cards.cards.values():
            back = card.palette().color(QPalette.ColorRole.Window)
            for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text):
                assert contrast(card.reason.palette().color(role), back) >= 4.5
            assert contrast(card.facts.palette().color(QPalette.ColorRole.Text), back) >= 4.5


def test_that_a_click_on_a_title_turns_its_switch_and_no_card_is_wider_than_its_room(
    qtbot: QtBot, tmp_path: Path
) -> None:
    cards = ChangeCards()
    qtbot.addWidget(cards)
    cards.resize(300, 600)
    cards.show_changes(Project().plan(tmp_path).changes)
    cards.show()
    QApplication.processEvents()
    assert cards._column.width() <= cards.viewport().width()
    card = cards.cards["split-stages"]
    with qtbot.waitSignal(cards.toggled) as caught:
        QTest.mouseClick(card.title, Qt.MouseButton.LeftButton)
    assert caught.args == ["split-stages", False]


def test_that_a_card_stays_while_its_rule_is_in_the_plan(qtbot: QtBot, tmp_path: Path) -> None:
    changes = Project().plan(tmp_path).changes
    cards = ChangeCards()
    qtbot.addWidget(cards)
    cards.resize(360, 600)
    cards.show_changes(changes)
    cards.show()
    first = cards.cards[changes[0].rule]
    cards.show_changes(changes[:1])
    assert list(cards.cards) == [changes[0].rule]
    assert cards.cards[changes[0].rule] is first
    cards.show_changes(changes)
    places = [cards._layout.indexOf(cards.cards[change.rule]) for change in changes]
    assert places == list(range(1, len(changes) + 1))
    cards.show_changes(())
    assert cards._nothing.isVisible()
