"""The findings as a list sorted by bytes; dismissed ones are left out and can come back."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from explorer.findings.analysis import Analysis
from explorer.findings.finding import Finding
from explorer.gui.models.file_tree import ALIGNMENT, DISPLAY, RIGHT, SHARE_ROLE, TOOLTIP
from explorer.gui.widgets.plain_label import tooltip_text
from explorer.translation import mark, tr
from explorer.units import display_text, size_text

TITLE, SAVING, LAYER, CONFIDENCE = range(4)
_CONFIDENCE = {"high": mark("● High"), "medium": mark("◐ Medium"), "info": mark("○ Info")}
Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class FindingsModel(QAbstractTableModel):
    """Columns title, bytes, layer, confidence."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: tuple[Finding, ...] = ()
        self._shown: list[Finding] = []
        self._dismissed: set[str] = set()
        self._largest = 1
        self._column, self._descending = SAVING, True

    def show(self, analysis: Analysis, dismissed: set[str]) -> None:
        """Show another image's findings without those dismissed (their keys)."""
        self._all, self._dismissed = analysis.findings, set(dismissed)
        self._largest = max((finding.bytes for finding in self._all), default=1) or 1
        self._renew()

    @property
    def dismissed(self) -> set[str]:
        """The keys of the findings that are hidden."""
        return set(self._dismissed)

    def hidden(self) -> list[Finding]:
        """The dismissed findings of this image."""
        return [finding for finding in self._all if finding_key(finding) in self._dismissed]

    def finding(self, row: int) -> Finding:
        """One finding."""
        return self._shown[row]

    def total(self) -> int:
        """Bytes of all shown findings that do not overlap with others."""
        return sum(finding.bytes for finding in self._shown if not finding.overlaps)

    def dismiss(self, key: str) -> None:
        """Hide a finding."""
        self._dismissed.add(key)
        self._renew()

    def restore(self, key: str) -> None:
        """Show a dismissed finding again."""
        self._dismissed.discard(key)
        self._renew()

    def _renew(self) -> None:
        self.beginResetModel()
        self._shown = [f for f in self._all if finding_key(f) not in self._dismissed]
        self._order()
        self.endResetModel()

    def _order(self) -> None:
        keys = {
            TITLE: lambda f: f.title(),
            SAVING: lambda f: f.bytes,
            LAYER: lambda f: f.layer,
            CONFIDENCE: lambda f: list(_CONFIDENCE).index(f.confidence),
        }
        self._shown.sort(key=keys[self._column], reverse=self._descending)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self.layoutAboutToBeChanged.emit()
        kept = self.persistentIndexList()
        before = [self._shown[index.row()] for index in kept]
        self._column, self._descending = column, order == Qt.SortOrder.DescendingOrder
        self._order()
        place = {id(finding): row for row, finding in enumerate(self._shown)}
        moved = [
            self.index(place[id(f)], index.column()) for f, index in zip(before, kept, strict=True)
        ]
        self.changePersistentIndexList(kept, moved)
        self.layoutChanged.emit()

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else 4

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = DISPLAY) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == DISPLAY:
            return (tr("Finding"), tr("Bytes"), tr("Layer"), tr("Confidence"))[section]
        return RIGHT if role == ALIGNMENT and section in (SAVING, LAYER) else None

    def data(self, index: Index, role: int = DISPLAY) -> Any:
        finding, column = self._shown[index.row()], index.column()
        if role == DISPLAY:
            return (
                display_text(finding.title()),
                size_text(finding.bytes),
                str(finding.layer) if finding.layer >= 0 else "",
                tr(_CONFIDENCE[finding.confidence]),
            )[column]
        if role == ALIGNMENT:
            return RIGHT if column in (SAVING, LAYER) else None
        if role == TOOLTIP:
            return tooltip_text(f"{finding.title()}\n{finding.reason()}\n\n{finding.remedy()}")
        if role == SHARE_ROLE and column == SAVING:
            return finding.bytes / self._largest
        return None


def finding_key(finding: Finding) -> str:
    """What a dismissal is remembered by: the finding's id and the layer it is about."""
    return f"{finding.id}:{finding.fields.get('layer', finding.layer)}"
