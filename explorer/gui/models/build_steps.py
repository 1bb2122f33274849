"""The steps of a build as they come: number, name, time, state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from explorer.dockerfile.shown import shown_line
from explorer.engine.build_events import Step
from explorer.gui.models.file_tree import ALIGNMENT, DISPLAY, RIGHT, TOOLTIP
from explorer.gui.widgets.plain_label import tooltip_text
from explorer.translation import mark, tr
from explorer.units import seconds_text

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
NUMBER, NAME, TIME, STATE = range(4)
RUNNING, DONE, CACHED, FAILED, STOPPED = (
    mark("… running"),
    mark("✓ done"),
    mark("= from the cache"),
    mark("✗ failed"),
    mark("■ stopped"),
)


@dataclass
class _Row:
    number: int
    name: str
    seconds: float = -1.0
    state: str = RUNNING
    error: str = ""


class BuildStepsModel(QAbstractTableModel):
    """Rows in the order in which the steps began."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[_Row] = []
        self._place: dict[int, int] = {}

    def clear(self) -> None:
        """Forget all steps."""
        self.beginResetModel()
        self._rows, self._place = [], {}
        self.endResetModel()

    def start(self, number: int, name: str) -> int:
        """A step began, or began again; its row."""
        row = self._place.get(number)
        if row is None:
            row = len(self._rows)
            self.beginInsertRows(_NOWHERE, row, row)
            self._rows.append(_Row(number, name))
            self._place[number] = row
            self.endInsertRows()
        else:
            self._rows[row].state, self._rows[row].seconds = RUNNING, -1.0
            self._changed(row)
        return row

    def end(self, step: Step) -> int:
        """A step ended; its row."""
        row = self._place.get(step.number)
        if row is None:
            row = self.start(step.number, step.name)
        held = self._rows[row]
        held.seconds, held.error = step.seconds, step.error
        held.state = FAILED if step.error else CACHED if step.cached else DONE
        self._changed(row)
        return row

    def stop(self, *, failed: bool) -> int:
        """The build ended before its steps did; the row of the step that failed, -1 for none."""
        found = -1
        for row, held in enumerate(self._rows):
            if held.state == RUNNING:
                held.state = STOPPED
                self._changed(row)
            if held.state == FAILED and failed:
                found = row
        return found

    def state(self, row: int) -> str:
        """One of the states of this module."""
        return self._rows[row].state

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else 4

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = DISPLAY) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == DISPLAY:
            return (tr("#"), tr("Step"), tr("Time"), tr("State"))[section]
        return RIGHT if role == ALIGNMENT and section in (NUMBER, TIME) else None

    def data(self, index: Index, role: int = DISPLAY) -> Any:
        row, column = self._rows[index.row()], index.column()
        if role == DISPLAY:
            return (
                str(row.number),
                shown_line(row.name),
                seconds_text(row.seconds) if row.seconds >= 0 else "",
                tr(row.state),
            )[column]
        if role == ALIGNMENT:
            return RIGHT if column in (NUMBER, TIME) else None
        if role == TOOLTIP:
            text = shown_line(row.name)
            return tooltip_text(f"{text}\n{shown_line(row.error)}" if row.error else text)
        return None

    def _changed(self, row: int) -> None:
        self.dataChanged.emit(self.index(row, 0), self.index(row, self.columnCount() - 1))
