"""Every list of the Compare page: sorted, filtered and copied, by mouse and by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QTableView, QTreeView
from pytestqt.qtbot import QtBot

from explorer.gui.models.binary import Cell
from explorer.gui.models.diff_tree import DELTA, NAME, SIZE_A, STATE
from explorer.gui.pages.comparison import ComparisonView
from explorer.gui.widgets.compare_table import CompareTable
from explorer.gui.widgets.diff_tree import DiffTreeView
from explorer.gui.widgets.sorting import header_of
from tests.gui.comparisons import everything

pytestmark = pytest.mark.gui
UP, DOWN = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder
LISTS = ("causes.table", "layers", "findings", "programs.programs", "programs.packages", "programs.modules",
         "programs.build", "config", "surface.counts", "surface.paths")  # fmt: skip


@pytest.fixture
def shown(qtbot: QtBot) -> ComparisonView:
    view = ComparisonView()
    qtbot.addWidget(view)
    view.resize(1200, 760)
    view.show()
    view.show_comparison(everything())
    return view


@pytest.fixture
def tree(shown: ComparisonView) -> DiffTreeView:
    shown.tabs.setCurrentWidget(shown.files)
    return shown.files.tree


def tables_of(shown: ComparisonView) -> Iterator[CompareTable]:
    """Each of LISTS, with the tabs that it is on in front."""
    for name in LISTS:
        first, _, rest = name.partition(".")
        page = getattr(shown, first)
        shown.tabs.setCurrentWidget(page)
        table = getattr(page, rest) if rest else page
        assert isinstance(table, CompareTable)
        if first == "programs" and rest != "programs":
            shown.programs.tabs.setCurrentWidget(table)
        assert table.isVisible()
        assert table.rows.rowCount() > 0
        yield table


def keys_of(table: CompareTable, column: int) -> list[Any]:
    return [row[column].key for row in rows_of(table)]


def rows_of(table: CompareTable) -> list[tuple[Cell, ...]]:
    return [table.rows.row(n) for n in range(table.rows.rowCount())]


def click_head(view: QTableView | QTreeView, column: int) -> None:
    header = header_of(view)
    place = QPoint(header.sectionViewportPosition(column) + header.sectionSize(column) // 2, 5)
    QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)


def menu_of(view: QTableView | QTreeView) -> QMenu:
    """The menu that the menu key brings up."""
    place = view.visualRect(view.currentIndex()).center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, place, view.mapToGlobal(place))
    QApplication.sendEvent(view.viewport(), event)
    return view.findChildren(QMenu, options=Qt.FindChildOption.FindDirectChildrenOnly)[-1]


def sort_by_menu(view: QTableView | QTreeView, column: int) -> None:
    menu = menu_of(view)
    (inner,) = menu.findChildren(QMenu)
    inner.actions()[column].trigger()
    menu.close()


def test_that_each_list_is_sorted_by_each_column_with_mouse_and_menu(
    shown: ComparisonView,
) -> None:
    for table in tables_of(shown):
        header = header_of(table.view)
        for column in range(header.count()):
            header.setSortIndicator(-1, UP)
            click_head(table.view, column)
            first = header.sortIndicatorOrder()
            assert first == (DOWN if column in table.numbers else UP)
            assert keys_of(table, column) == sorted(keys_of(table, column), reverse=first == DOWN)
            table.view.selectRow(0)
            sort_by_menu(table.view, column)
            assert header.sortIndicatorOrder() != first
            assert keys_of(table, column) == sorted(keys_of(table, column), reverse=first != DOWN)


def test_that_each_list_is_filtered_by_typing_and_keeps_its_order(shown: ComparisonView) -> None:
    for table in tables_of(shown):
        table.view.sortByColumn(0, DOWN)
        whole = rows_of(table)
        text = whole[-1][0].text.split()[-1]
        QTest.keyClicks(table.field, text.upper())
        kept, folded = rows_of(table), text.casefold()
        assert kept == [row for row in whole if any(folded in c.text.casefold() for c in row)]
        assert f"({len(kept)}" in table.title.text()
        table.field.clear()
        assert rows_of(table) == whole


def test_that_rows_of_each_list_are_copied_by_key_and_by_menu(shown: ComparisonView) -> None:
    clipboard = QApplication.clipboard()
    for table in tables_of(shown):
        table.view.setFocus()
        table.view.selectAll()
        lines = ["\t".join(cell.text for cell in row) for row in rows_of(table)]
        clipboard.clear()
        QTest.keyClick(table.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
        assert clipboard.text().split("\n") == lines
        table.view.clearSelection()
        table.view.selectRow(0)
        menu = menu_of(table.view)
        menu.actions()[0].trigger()
        menu.close()
        assert clipboard.text() == lines[0]


def names_of(tree: QTreeView) -> list[str]:
    model = tree.model()
    return [model.index(row, NAME).data() for row in range(model.rowCount())]


def test_that_the_file_tree_is_sorted_by_head_and_menu(tree: DiffTreeView) -> None:
    tree.setCurrentIndex(tree.model_.index(0, 0))
    for column, first in ((NAME, UP), (SIZE_A, DOWN), (STATE, UP), (DELTA, DOWN)):
        click_head(tree, column)
        assert (tree.header().sortIndicatorSection(), tree.header().sortIndicatorOrder()) == (column, first)  # fmt: skip
    by_delta = names_of(tree)
    assert by_delta[:3] == ["usr", "app", "server"]
    for order in (False, True):
        sort_by_menu(tree, NAME)
        assert names_of(tree) == sorted(by_delta, reverse=order)
    sort_by_menu(tree, DELTA)
    assert names_of(tree) == by_delta


def test_that_rows_of_the_file_tree_are_copied(tree: DiffTreeView) -> None:
    tree.sortByColumn(DELTA, DOWN)
    tree.setFocus()
    tree.setCurrentIndex(tree.model_.index(0, 0))
    QTest.keyClick(tree, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    copied = QApplication.clipboard().text().split("\t")
    assert copied == ["usr", "5.9 MB", "950.0 kB", "▼ −5.0 MB", "≠"]


def test_that_the_file_tree_is_filtered_by_typing(shown: ComparisonView) -> None:
    shown.tabs.setCurrentWidget(shown.files)
    shown.focus_filter()
    QTest.keyClicks(shown.files.field, "libc")
    shown.files.field.changed.emit()
    assert names_of(shown.files.tree) == ["usr"]
    QTest.keyClick(shown.files.field, Qt.Key.Key_Escape)
    shown.files.field.changed.emit()
    assert len(names_of(shown.files.tree)) > 5
