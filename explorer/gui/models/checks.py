"""What a verification compared, a row each; differences first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from explorer.dockerfile.shown import shown_line
from explorer.dockerfile.verify.model import Check
from explorer.gui.models.file_tree import DISPLAY, TOOLTIP
from explorer.gui.widgets.plain_label import tooltip_text
from explorer.report.rewrite_trial import KINDS, RESULTS
from explorer.translation import tr

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
NAME, RESULT, KIND, EVIDENCE = range(4)


class ChecksModel(QAbstractTableModel):
    """Differences first, then what could not be told, then what is the same."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._checks: list[Check] = []

    def show(self, checks: Sequence[Check]) -> None:
        """Show these checks."""
        order = list(RESULTS)
        self.beginResetModel()
        self._checks = sorted(checks, key=lambda check: order.index(check.result))
        self.endResetModel()

    def check(self, row: int) -> Check:
        """The check in a row."""
        return self._checks[row]

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._checks)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else 4

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = DISPLAY) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == DISPLAY:
            return (tr("Check"), tr("Result"), tr("How"), tr("Evidence"))[section]
        return None

    def data(self, index: Index, role: int = DISPLAY) -> Any:
        check, column = self._checks[index.row()], index.column()
        if role == DISPLAY:
            return (
                shown_line(check.name),
                tr(RESULTS[check.result]),
                tr(KINDS.get(check.kind, check.kind)),
                shown_line(check.evidence),
            )[column]
        if role == TOOLTIP:
            return tooltip_text(f"{shown_line(check.name)}\n{shown_line(check.evidence)}")
        return None
