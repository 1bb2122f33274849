"""A table of a comparison with a filter over it; differences are drawn as bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (  # fmt: skip
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from explorer.gui.models.compare_tables import CompareRows, Row
from explorer.gui.widgets.copying import name_view
from explorer.gui.widgets.delta_bar import DeltaBarDelegate
from explorer.gui.widgets.plain_label import PlainLabel
from explorer.gui.widgets.sorting import offer_menu
from explorer.translation import tr
from explorer.units import count_text

_DELTA_WIDTH, _SIZE_WIDTH, _FIELD_WIDTH = 170, 90, 220
_DEFAULT_WIDTH, _ROW_PADDING = 120, 6


class CompareTable(QWidget):
    """`stretch` is the column that takes what room is left; `sorted_by` the one it is sorted by at first."""

    def __init__(
        self,
        name: str,
        heads: Sequence[str],
        *,
        stretch: int,
        numbers: Sequence[int] = (),
        bars: Sequence[int] = (),
        widths: Mapping[int, int] | None = None,
        sorted_by: int | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.name, self.numbers = name, frozenset(numbers)
        self.rows = CompareRows(heads, numbers, self)
        self.view = QTableView()
        self.view.setModel(self.rows)
        name_view(self.view, name)
        offer_menu(self.view)
        self.view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.view.setSortingEnabled(True)
        self.view.setShowGrid(False)
        self.view.setWordWrap(False)
        self.view.setTabKeyNavigation(False)
        self.view.verticalHeader().hide()
        self.view.verticalHeader().setDefaultSectionSize(
            self.view.fontMetrics().height() + _ROW_PADDING
        )
        header = self.view.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column in range(len(heads)):
            wide = _DELTA_WIDTH if column in bars else _SIZE_WIDTH if column in numbers else 0
            header.resizeSection(column, (widths or {}).get(column, wide or _DEFAULT_WIDTH))
        for column in bars:
            self.view.setItemDelegateForColumn(column, DeltaBarDelegate(self.view))
        header.setSectionResizeMode(stretch, QHeaderView.ResizeMode.Stretch)
        self._sorted_by = sorted_by
        self.title = PlainLabel(name)
        font = self.title.font()
        font.setBold(True)
        self.title.setFont(font)
        self.field = QLineEdit()
        self.field.setPlaceholderText(tr("Filter"))
        self.field.setAccessibleName(f"{self.field.placeholderText()}: {name}")
        self.field.setClearButtonEnabled(True)
        self.field.setMaximumWidth(_FIELD_WIDTH)
        self.field.textChanged.connect(self._filter)
        head = QHBoxLayout()
        head.addWidget(self.title)
        head.addStretch(1)
        head.addWidget(self.field)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addWidget(self.view, 1)

    def show_rows(self, rows: Sequence[Row], name: str = "") -> None:
        """Show other rows, in the order that the table had at first, under another name if one is given."""
        self.name = name or self.name
        self.rows.show(rows)
        header = self.view.horizontalHeader()
        if self._sorted_by is None:
            header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        else:
            self.view.sortByColumn(self._sorted_by, Qt.SortOrder.DescendingOrder)
        self._say()

    def _filter(self, text: str) -> None:
        header = self.view.horizontalHeader()
        column, order = header.sortIndicatorSection(), header.sortIndicatorOrder()
        self.rows.set_filter(text)
        if 0 <= column < self.rows.columnCount():
            self.rows.sort(column, order)
        self._say()

    def _say(self) -> None:
        shown, count = self.rows.rowCount(), self.rows.count
        told = count_text(count) if shown == count else f"{count_text(shown)} / {count_text(count)}"
        self.title.setText(f"{self.name} ({told})")
