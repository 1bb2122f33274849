"""Flow, notice, status bar, breadcrumb, image card, layer list, filter chips: what each shows and tells."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QGuiApplication, QStandardItem, QStandardItemModel
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QToolButton, QTreeView
from pytestqt.qtbot import QtBot

from explorer.engine.client import EngineInfo
from explorer.errors import EngineUnreachable
from explorer.findings.analysis import Analysis, analyse
from explorer.gui.selection import ONLY, Selection
from explorer.gui.widgets.breadcrumb import Breadcrumb
from explorer.gui.widgets.copying import selected_text
from explorer.gui.widgets.file_tree import FileTreeView
from explorer.gui.widgets.filter_bar import FilterChips, FilterField
from explorer.gui.widgets.flow import FlowRow
from explorer.gui.widgets.image_card import ImageCard
from explorer.gui.widgets.layer_list import LayerList
from explorer.gui.widgets.notice import ERROR, Notice
from explorer.gui.widgets.status_bar import StatusBar
from tests.support.layers import file, image, layer

pytestmark = pytest.mark.gui


def test_that_widgets_wrap_into_as_many_rows_as_the_width_needs(qtbot: QtBot) -> None:
    row = FlowRow()
    qtbot.addWidget(row)
    for number in range(6):
        button = QPushButton(str(number))
        button.setFixedSize(100, 20)
        row.flow.addWidget(button)
    spacing = row.flow.spacing()
    assert row.flow.heightForWidth(1000) == 20
    assert row.flow.heightForWidth(320) == 40 + spacing
    assert row.flow.heightForWidth(100) == 120 + 5 * spacing
    row.clear()
    assert row.flow.heightForWidth(100) == 0


def test_that_a_notice_goes_when_its_action_is_taken(qtbot: QtBot) -> None:
    notice, done = Notice(), []
    qtbot.addWidget(notice)
    notice.say("<b>Gone</b>", ("R&D", lambda: done.append(1)), kind=ERROR)
    assert notice.text == "<b>Gone</b>"
    button = notice.findChild(QPushButton)
    assert button is not None
    assert button.text() == "R&&D"
    button.click()
    assert done == [1]
    assert notice.text == ""


def test_that_a_notice_ends_by_itself_after_its_time(qtbot: QtBot) -> None:
    notice = Notice()
    qtbot.addWidget(notice)
    notice.say("Saved.", seconds=10)
    assert notice._timer.isActive()
    notice._timer.setInterval(1)
    qtbot.waitUntil(lambda: notice.text == "")
    notice.say("Stays.")
    assert not notice._timer.isActive()


def test_that_the_status_bar_names_the_engine_and_what_is_wrong_with_it(qtbot: QtBot) -> None:
    bar = StatusBar()
    qtbot.addWidget(bar)
    assert bar.engine_text == "Looking for an engine…"
    info = EngineInfo(
        product="Docker", version="28.5", api_version="1.51", endpoint="unix:///var/run/docker.sock",
        found="the usual place", driver="overlay2", root_folder="/", containerd_address="",
        containerd_store=False, rootless=False, machine="", remote=False, operating_system="Debian", warning="",
    )  # fmt: skip
    bar.show_engine(info)
    assert bar.engine_text == "Docker 28.5 · /var/run/docker.sock"
    bar.show_engine(EngineUnreachable("<img src=x>", "Start it."))
    assert bar.engine_text == "No engine answers"
    assert "&lt;img src=x&gt;" in bar._engine.toolTip()


def test_that_work_under_way_can_be_cancelled_from_the_status_bar(qtbot: QtBot) -> None:
    bar = StatusBar()
    qtbot.addWidget(bar)
    bar.show()
    assert bar._cancel.isHidden()
    bar.show_progress("Layer 1 of 2", 0.5)
    assert (bar._bar.value(), bar._bar.maximum()) == (500, 1000)
    with qtbot.waitSignal(bar.cancelled):
        bar._cancel.click()
    bar.show_progress("Layer", -1.0)
    assert bar._bar.maximum() == 0
    bar.show_progress("", -1.0)
    assert bar._cancel.isHidden()
    assert bar._bar.maximum() == 1000


def test_that_a_long_way_is_shortened_in_its_middle(qtbot: QtBot) -> None:
    selection = Selection()
    path = "/".join(f"d{n}" for n in range(12)) + "/file"
    selection.set_analysis(analyse(*image(layer(file(path, 5)))))
    crumbs = Breadcrumb(selection)
    qtbot.addWidget(crumbs)
    assert selection.tree is not None
    selection.set_zoom(selection.tree.find("/".join(f"d{n}" for n in range(12)).encode()))
    QApplication.processEvents()
    texts = [button.text() for button in crumbs.findChildren(QToolButton) if not button.isHidden()]
    assert texts == ["/", "› d7", "› d8", "› d9", "› d10", "› d11"]
    assert crumbs._facts.text() == "1 file · 5 B"


def test_that_the_card_tells_content_what_is_visible_and_what_is_reclaimable(
    qtbot: QtBot, analysis: Analysis
) -> None:
    card = ImageCard()
    qtbot.addWidget(card)
    card.resize(380, 150)
    card.show_analysis(analysis)
    totals = analysis.totals
    assert card._bar.share == totals.reclaimable_bytes / totals.content_bytes
    assert card._reclaimable.text().startswith("40.")
    assert "dive says" in card._reclaimable.toolTip()


def test_that_choosing_a_layer_shows_it_alone_and_giving_it_up_shows_all(
    qtbot: QtBot, selection: Selection, analysis: Analysis
) -> None:
    layers = LayerList(selection)
    qtbot.addWidget(layers)
    layers.show_analysis(analysis)
    layers.view.setCurrentIndex(layers.model.index(1, 0))
    assert (selection.mode, selection.layers) == (ONLY, (1,))
    layers.view.clearSelection()
    assert selection.layers == ()


def test_that_up_to_a_layer_without_a_choice_takes_the_last_one(
    qtbot: QtBot, selection: Selection, analysis: Analysis
) -> None:
    layers = LayerList(selection)
    qtbot.addWidget(layers)
    layers.show_analysis(analysis)
    layers._modes.button(2).click()
    assert selection.layers == (2,)


def test_that_a_chip_takes_its_part_out_of_the_filter(qtbot: QtBot) -> None:
    field = FilterField()
    chips = FilterChips(field)
    qtbot.addWidget(field)
    qtbot.addWidget(chips)
    field.setText("*.go size>1M")
    assert chips.renew() is not None
    buttons = chips.findChildren(QToolButton)
    assert [button.text() for button in buttons] == ["*.go  ×", "size>1M  ×"]
    buttons[0].click()
    assert field.text() == "size>1M"
    field.setText("")
    assert chips.renew() is None
    assert chips.isHidden()


def test_that_typing_is_gathered_before_it_filters(qtbot: QtBot) -> None:
    field = FilterField()
    qtbot.addWidget(field)
    told = []
    field.changed.connect(lambda: told.append(field.text()))
    QTest.keyClicks(field, "abc")
    qtbot.waitUntil(lambda: bool(told))
    assert told == ["abc"]


def test_that_selected_rows_are_copied_with_their_cells(qtbot: QtBot, selection: Selection) -> None:
    view = FileTreeView(selection)
    qtbot.addWidget(view)
    view.renew()
    view.setCurrentIndex(view.files.index(0, 0))
    assert selected_text(view).split("\t")[:2] == ["usr", "5.0 MB"]
    view.setFocus()
    view.show()
    QGuiApplication.clipboard().clear()
    with qtbot.waitActive(view):
        view.activateWindow()
    QTest.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text().startswith("usr\t")


def test_that_enter_and_backspace_walk_the_tree(qtbot: QtBot, selection: Selection) -> None:
    view = FileTreeView(selection)
    qtbot.addWidget(view)
    view.renew()
    view.setCurrentIndex(view.files.index(0, 0))
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert selection.tree is not None
    assert selection.tree.path(selection.zoom) == b"usr"
    QTest.keyClick(view, Qt.Key.Key_Backspace)
    assert selection.zoom == 0
    with qtbot.waitSignal(view.previewed):
        QTest.keyClick(view, Qt.Key.Key_Space)


def test_that_names_keep_their_room_in_a_narrow_tree(qtbot: QtBot, selection: Selection) -> None:
    view = FileTreeView(selection)
    qtbot.addWidget(view)
    view.renew()
    view.show()
    for width in (300, 450, 700, 1200):
        view.resize(width, 300)
        QApplication.processEvents()
        assert view.columnWidth(0) >= min(width - 30, 200)


def test_that_rows_are_copied_in_the_order_of_the_list_however_they_were_chosen(
    qtbot: QtBot,
) -> None:
    model = QStandardItemModel()
    for name in ("a", "b", "c"):
        item = QStandardItem(name)
        item.appendRow(QStandardItem(f"{name}/x"))
        model.appendRow(item)
    view = QTreeView()
    qtbot.addWidget(view)
    view.setModel(model)
    chosen = view.selectionModel()
    inside = model.index(0, 0, model.index(0, 0))
    for index in (model.index(2, 0), inside, model.index(0, 0)):
        chosen.select(index, QItemSelectionModel.SelectionFlag.Select)
    assert selected_text(view) == "a\na/x\nc"
