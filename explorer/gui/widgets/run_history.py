"""Earlier measurements: open one again, compare two, write a note, delete with undo."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QGroupBox, QPushButton, QVBoxLayout, QWidget

from explorer.coldstart.store import Entry
from explorer.gui.models.startup_tables import NOTE, HistoryRows
from explorer.gui.widgets.flow import FlowRow
from explorer.gui.widgets.plain_label import PlainLabel, tooltip_text
from explorer.gui.widgets.run_table import RunTable
from explorer.translation import tr

_HEIGHT = 120


class HistoryPane(QGroupBox):
    """Signals carry IDs of measurements."""

    opened = Signal(str)
    compared = Signal(str, str)
    deleted = Signal(str)

    def __init__(self, annotate: Callable[[str, str], None], parent: QWidget | None = None) -> None:
        super().__init__(tr("Measurements"), parent)
        self.rows = HistoryRows(annotate)
        self.table = RunTable(
            tr("Measurements"),
            self.rows,
            {0: 126, 2: 48, 3: 64},
            stretch=1,
            on_open=lambda row: self.opened.emit(self.rows.entry(row).id),
            on_delete=self._delete,
        )
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.setMinimumHeight(_HEIGHT)
        # Before and after often begin with the same words.
        self.table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.table.horizontalHeader().setSortIndicator(0, Qt.SortOrder.DescendingOrder)
        self.table.selectionModel().selectionChanged.connect(self._enable)
        self.empty = PlainLabel(tr("Nothing has been measured yet."))
        self._buttons: list[tuple[QPushButton, int]] = []
        row = FlowRow()
        for text, count, act, hint in (
            (tr("Open"), 1, self._open, tr("Show the measurement again")),
            (tr("Compare"), 2, self._compare, tr("Two measurements as A and B: choose two rows")),
            (tr("Note"), 1, self.write_note, tr("Write a note (F2)")),
            (tr("Delete"), 1, self._delete, tr("Delete the measurement (Del); it can be undone")),
        ):
            button = QPushButton(text)
            button.setToolTip(tooltip_text(hint))
            button.clicked.connect(lambda _=False, call=act: call())
            row.flow.addWidget(button)
            self._buttons.append((button, count))
        layout = QVBoxLayout(self)
        layout.addWidget(self.empty)
        layout.addWidget(self.table, 1)
        layout.addWidget(row)
        # Without a table the rest stands at the top.
        layout.addStretch(0)
        self._actions = row
        self._enable()

    def show_entries(self, entries: Sequence[Entry], chosen: str = "") -> None:
        """Show the history, with one measurement selected."""
        self.rows.show_entries(entries)
        header = self.table.horizontalHeader()
        self.rows.sort(header.sortIndicatorSection(), header.sortIndicatorOrder())
        self.empty.setVisible(not entries)
        for widget in (self.table, self._actions):
            widget.setVisible(bool(entries))
        row = self.rows.row_of(chosen)
        if row >= 0:
            self.table.selectRow(row)
        self._enable()

    def write_note(self) -> None:
        """Edit the note of the chosen measurement in its cell."""
        rows = self.table.rows()
        if len(rows) == 1:
            index = self.rows.index(rows[0], NOTE)
            self.table.setCurrentIndex(index)
            self.table.edit(index)

    def _chosen(self) -> list[str]:
        return [self.rows.entry(row).id for row in self.table.rows()]

    def _enable(self) -> None:
        count = len(self.table.rows())
        for button, wanted in self._buttons:
            button.setEnabled(count == wanted)

    def _open(self) -> None:
        for name in self._chosen()[:1]:
            self.opened.emit(name)

    def _compare(self) -> None:
        """The older one is A, whatever the table is sorted by."""
        entries = sorted(
            (self.rows.entry(row) for row in self.table.rows()), key=lambda e: (e.created, e.id)
        )
        if len(entries) == 2:
            self.compared.emit(entries[0].id, entries[1].id)

    def _delete(self) -> None:
        chosen = self._chosen()
        if len(chosen) == 1:
            self.deleted.emit(chosen[0])
