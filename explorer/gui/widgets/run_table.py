"""Tables of a measurement: figures by phase, single runs, earlier measurements; each can be sorted and copied."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from explorer.gui.widgets.copying import name_view
from explorer.translation import tr


class RunTable(QTableView):
    """A table over one of models.startup_tables; `on_open` is called for Enter and a double click, `on_delete` for Del."""

    def __init__(
        self,
        name: str,
        model: QAbstractTableModel,
        widths: dict[int, int],
        *,
        stretch: int,
        on_open: Callable[[int], object] | None = None,
        on_delete: Callable[[], object] | None = None,
    ) -> None:
        super().__init__()
        model.setParent(self)
        self.setModel(model)
        self._on_open, self._on_delete = on_open, on_delete
        name_view(self, name)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSortingEnabled(True)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSortIndicator(0, Qt.SortOrder.AscendingOrder)
        for column, width in widths.items():
            header.resizeSection(column, width)
        header.setSectionResizeMode(stretch, QHeaderView.ResizeMode.Stretch)
        self.setItemDelegate(_NamedEditor(self))
        self.doubleClicked.connect(self._open)

    def rows(self) -> list[int]:
        """The selected rows."""
        return sorted({index.row() for index in self.selectionModel().selectedRows()})

    def keyPressEvent(self, event: QKeyEvent) -> None:
        editing = self.state() == QAbstractItemView.State.EditingState
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not editing:
            self._open(self.currentIndex())
        elif event.key() == Qt.Key.Key_Delete and self._on_delete is not None:
            self._on_delete()
        else:
            super().keyPressEvent(event)

    def _open(self, index: QModelIndex) -> None:
        if index.isValid() and self._on_open is not None:
            self._on_open(index.row())


class _NamedEditor(QStyledItemDelegate):
    """Editors have the name of their column."""

    def createEditor(
        self,
        parent: QWidget,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> QWidget:
        editor = super().createEditor(parent, option, index)
        editor.setAccessibleName(tr("Note"))
        return editor
