"""What a click on a column's head does, for those who use the keyboard: a menu that sorts by a column."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QHeaderView, QMenu, QTableView, QTreeView

from explorer.gui.models.file_tree import FIRST_ORDER
from explorer.gui.widgets.copying import copy_selected
from explorer.gui.widgets.plain_label import button_text
from explorer.translation import tr


def add_sorting(menu: QMenu, view: QTableView | QTreeView) -> None:
    """Add a menu with the view's columns; the one that it is sorted by is checked, and turned round when chosen."""
    header, model = header_of(view), view.model()
    inner = menu.addMenu(tr("Sort by"))
    for column in range(header.count()):
        text = str(model.headerData(column, Qt.Orientation.Horizontal))
        action = inner.addAction(button_text(text), lambda column=column: _sort(view, column))
        action.setCheckable(True)
        action.setChecked(header.sortIndicatorSection() == column)


def offer_menu(view: QTableView) -> None:
    """Give a table a menu that copies and sorts, for the mouse and for the menu key."""

    def show(place: QPoint) -> None:
        menu = QMenu(view)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        copy = menu.addAction(tr("Copy rows"), lambda: copy_selected(view))
        copy.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        copy.setEnabled(view.selectionModel().hasSelection())
        add_sorting(menu, view)
        menu.popup(view.viewport().mapToGlobal(place))

    view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
    view.customContextMenuRequested.connect(show)


def header_of(view: QTableView | QTreeView) -> QHeaderView:
    """The heads of the view's columns."""
    return view.header() if isinstance(view, QTreeView) else view.horizontalHeader()


def _sort(view: QTableView | QTreeView, column: int) -> None:
    header = header_of(view)
    first = view.model().headerData(column, Qt.Orientation.Horizontal, FIRST_ORDER)
    order = first or Qt.SortOrder.AscendingOrder
    if header.sortIndicatorSection() == column:
        up = header.sortIndicatorOrder() == Qt.SortOrder.AscendingOrder
        order = Qt.SortOrder.DescendingOrder if up else Qt.SortOrder.AscendingOrder
    view.sortByColumn(column, order)
