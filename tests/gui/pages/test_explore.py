"""The Explore page: findings, layers and filter limit tree and map; the parts follow one selection."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from explorer.findings.analysis import Analysis, analyse
from explorer.findings.query import parse_query
from explorer.gui.pages.explore import ExplorePage
from explorer.gui.selection import MERGED, ONLY, UP_TO
from explorer.gui.theme import DARK, apply_theme
from explorer.settings import Settings
from tests.gui.inputs import HOSTILE_NAMES
from tests.gui.reading import unnamed
from tests.support.layers import file, image, layer, whiteout

pytestmark = pytest.mark.gui


@pytest.fixture
def page(qtbot: QtBot, analysis: Analysis) -> ExplorePage:
    made = ExplorePage()
    qtbot.addWidget(made)
    made.resize(1280, 800)
    made.show()
    made.show_analysis(analysis, set())
    made.map_pane.map.finish_layout()
    return made


def node(page: ExplorePage, path: bytes) -> int:
    assert page.selection.tree is not None
    return page.selection.tree.find(path)


def shown_files(page: ExplorePage) -> int:
    assert page.selection.view is not None
    return int(page.selection.view.files[0])


def top_names(page: ExplorePage) -> set[str]:
    model = page.files.files
    return {model.index(row, 0).data() for row in range(model.rowCount())}


def test_that_tree_map_details_and_breadcrumb_follow_one_selection(page: ExplorePage) -> None:
    page.selection.set_current(node(page, b"usr/bin/app"))
    assert page.files.currentIndex().data() == "app"
    assert page.details.form.value("path") == "/usr/bin/app"
    page.selection.set_zoom(node(page, b"usr"))
    QApplication.processEvents()
    crumbs = [b.text() for b in page.breadcrumb.findChildren(QToolButton) if not b.isHidden()]
    assert crumbs == ["/", "› usr"]


def test_that_choosing_in_the_tree_moves_the_others(page: ExplorePage, qtbot: QtBot) -> None:
    index = page.files.files.index_of(node(page, b"etc/motd"))
    with qtbot.waitSignal(page.hover_text) as signal:
        page.files.setCurrentIndex(index)
    assert page.selection.current == node(page, b"etc/motd")
    assert signal.args == ["/etc/motd · 12 B"]


def test_that_a_finding_opens_the_files_behind_it(page: ExplorePage) -> None:
    wasteful = image(layer(file("data/blob", 5000), file("etc/x", 1)), layer(whiteout("data")))
    page.show_analysis(analyse(*wasteful), set())
    QTest.keyClick(page.findings.table, Qt.Key.Key_Return)
    assert shown_files(page) == 1
    assert top_names(page) == {"data"}
    assert page.selection.current == node(page, b"data/blob")
    assert page.filter_notice.text.startswith("Only the 1 file of “")
    page.close_finding()
    assert top_names(page) == {"etc"}
    assert page.filter_notice.text == ""


def test_that_layers_limit_what_is_shown(page: ExplorePage) -> None:
    merged = shown_files(page)
    page.layers.show_layer(1)
    assert page.selection.mode == ONLY
    assert top_names(page) == {"etc", "opt", "usr"}
    page.layers._modes.button(2).click()
    assert page.selection.mode == UP_TO
    page.layers.reset()
    assert page.selection.mode == MERGED
    assert shown_files(page) == merged


def test_that_a_filter_keeps_what_matches_and_can_be_cleared(page: ExplorePage) -> None:
    everything = shown_files(page)
    page.set_query(parse_query("motd"))
    assert shown_files(page) == 2
    page.set_query(None)
    assert shown_files(page) == everything


def test_that_a_filter_without_a_match_says_so_and_offers_a_way_out(
    page: ExplorePage, qtbot: QtBot
) -> None:
    page.set_query(parse_query("nothing-like-this"))
    assert page.filter_notice.text == "Nothing matches nothing-like-this."
    QApplication.processEvents()
    clear = next(
        b for b in page.filter_notice.findChildren(QPushButton) if b.text() == "Clear filter"
    )
    with qtbot.waitSignal(page.query_cleared):
        clear.click()


def test_that_matches_among_hidden_files_are_offered(page: ExplorePage) -> None:
    page.set_query(parse_query("manual"))
    assert shown_files(page) == 0
    assert "1 entries match elsewhere" in page.filter_notice.text
    QApplication.processEvents()
    everywhere = next(
        b for b in page.filter_notice.findChildren(QPushButton) if b.text() == "Search all layers"
    )
    everywhere.click()
    assert shown_files(page) == 1
    assert page.filter_notice.text == "Files that the final image hides are shown, too."


def test_that_zero_findings_tell_what_was_looked_for(qtbot: QtBot) -> None:
    clean = ExplorePage()
    qtbot.addWidget(clean)
    clean.show_analysis(analyse(*image(layer(file("srv/data", 5)))), set())
    text = clean.findings._nothing.text()
    assert text.startswith("Nothing worth removing was found (")
    assert "Go build cache" in text


def test_that_dismissed_findings_stay_away_and_come_back_by_undo(
    page: ExplorePage, qtbot: QtBot
) -> None:
    table = page.findings.table
    count = table.findings.rowCount()
    table.setFocus()
    with qtbot.waitSignal(page.dismissals_changed):
        QTest.keyClick(table, Qt.Key.Key_Delete)
    assert table.findings.rowCount() == count - 1
    assert page.findings.notice.text.startswith("Dismissed: ")
    page.findings.undo()
    assert table.findings.rowCount() == count


def test_that_each_colouring_can_be_chosen_and_faded(page: ExplorePage) -> None:
    legend = page.map_pane.legend
    for mode in range(3):
        legend.choose(mode)
        assert legend._buttons
        button = next(iter(legend._buttons.values()))
        button.click()
        assert len(legend.switched_off()) == 1
        legend.choose((mode + 1) % 3)
        assert legend.switched_off() == set()


def test_that_the_menu_of_a_file_zooms_previews_saves_and_copies(
    page: ExplorePage, qtbot: QtBot
) -> None:
    page._menu(node(page, b"usr/bin/app"), page.mapToGlobal(page.rect().center()))
    menu = page.findChildren(QMenu)[-1]
    assert [action.text() for action in menu.actions()] == [
        "Look inside",
        "Preview",
        "Save file as…",
        "Copy path",
        "Show in layer 0",
    ]
    menu.close()
    page._menu(node(page, b"usr/bin"), page.mapToGlobal(page.rect().center()))
    menu = page.findChildren(QMenu)[-1]
    assert menu.actions()[0].text() == "Zoom here"
    menu.actions()[0].trigger()
    menu.close()
    assert page.selection.zoom == node(page, b"usr/bin")


def test_that_details_and_map_can_be_hidden(page: ExplorePage) -> None:
    page.toggle_details()
    assert page.details.isHidden()
    page.preview(node(page, b"etc/motd"))
    assert not page.details.isHidden()
    page.toggle_map()
    assert page.map_pane.isHidden()
    page.apply_settings(Settings(treemap_shown=True, details_shown=False))
    assert not page.map_pane.isHidden()
    assert page.details.isHidden()


def test_that_the_keyboard_reaches_every_part_in_order(page: ExplorePage) -> None:
    page.layers.view.setFocus()
    order = [page.layers.view, page.findings.table, page.files, page.map_pane.map]
    reached = []
    for _ in range(60):
        focused = page.focusWidget()
        if focused in order and focused not in reached:
            reached.append(focused)
        page.focusNextChild()
    assert reached == order


def test_that_everything_that_takes_the_focus_has_a_name(page: ExplorePage) -> None:
    assert unnamed(page) == []


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_that_hostile_names_harm_no_part(page: ExplorePage, name: bytes) -> None:
    page.selection.set_current(node(page, b"srv/" + name))
    page.selection.set_zoom(node(page, b"srv"))
    page.map_pane.map.finish_layout()
    page.grab()
    assert page.files.currentIndex().data().isprintable()


def test_that_another_theme_recolours_what_is_drawn(page: ExplorePage, qapp: QApplication) -> None:
    apply_theme(qapp, "dark")
    page.retheme()
    page.map_pane.map.relayout()
    page.map_pane.map.finish_layout()
    picture = page.map_pane.map.picture()
    apply_theme(qapp, "light")
    assert picture is not None
    assert picture.theme is DARK


def test_that_splitters_are_put_back_where_they_stood(page: ExplorePage, qtbot: QtBot) -> None:
    page.columns.setSizes([350, 500, 430])
    other = ExplorePage()
    qtbot.addWidget(other)
    other.resize(1280, 800)
    other.restore_splitters(page.save_splitters())
    other.show()
    assert other.columns.sizes() == page.columns.sizes()


def test_that_a_fuller_analysis_keeps_place_layer_and_filter(qtbot: QtBot) -> None:
    described, layers = image(layer(file("a/x", 5)), layer(file("b/y", 6), whiteout("a/x")))
    page = ExplorePage()
    qtbot.addWidget(page)
    page.show_analysis(analyse(described, {0: layers[0]}), set())
    page.layers.show_layer(0)
    page.selection.set_current(node(page, b"a/x"))
    page.show_analysis(analyse(described, layers), set())
    assert page.selection.mode == ONLY
    assert page.selection.current == node(page, b"a/x")
    assert top_names(page) == {"a"}


def test_that_an_executable_opens_inside_and_any_other_file_in_the_preview(
    page: ExplorePage, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(page.inside_wanted) as signal:
        page.activate(node(page, b"usr/bin/alias"))
    assert signal.args == [node(page, b"usr/bin/alias")]
    with qtbot.assertNotEmitted(page.inside_wanted):
        page.activate(node(page, b"etc/motd"))
    assert page.details.form.value("path") == "/etc/motd"
    page.files.setCurrentIndex(page.files.files.index_of(node(page, b"usr/bin/app")))
    with qtbot.waitSignal(page.inside_wanted):
        QTest.keyClick(page.files, Qt.Key.Key_Return)
