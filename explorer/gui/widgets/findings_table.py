"""The findings: Enter shows the files behind one, Del dismisses it, Ctrl+Z brings it back."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QHeaderView, QMenu, QTableView, QWidget

from explorer.findings.finding import Finding
from explorer.gui.models.findings import CONFIDENCE, LAYER, SAVING, TITLE, FindingsModel
from explorer.gui.widgets.bars import BarDelegate
from explorer.gui.widgets.copying import name_view
from explorer.translation import tr


class FindingsTable(QTableView):
    """A table over FindingsModel."""

    opened = Signal(object)
    chosen = Signal(object)
    dismissed = Signal(object)
    reason_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.findings = FindingsModel(self)
        self.setModel(self.findings)
        name_view(self, tr("Findings"))
        self.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setSortingEnabled(True)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setItemDelegateForColumn(SAVING, BarDelegate(self))
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        header = self.horizontalHeader()
        header.setSortIndicator(SAVING, Qt.SortOrder.DescendingOrder)
        for column, width in ((SAVING, 82), (LAYER, 46), (CONFIDENCE, 92)):
            header.resizeSection(column, width)
        header.setSectionResizeMode(TITLE, QHeaderView.ResizeMode.Stretch)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)
        self.doubleClicked.connect(
            lambda index: self.opened.emit(self.findings.finding(index.row()))
        )
        self.selectionModel().currentRowChanged.connect(self._current_changed)

    def current_finding(self) -> Finding | None:
        """The finding that is selected."""
        index = self.currentIndex()
        return self.findings.finding(index.row()) if index.isValid() else None

    def _current_changed(self, index: QModelIndex, _before: QModelIndex) -> None:
        if index.isValid():
            self.chosen.emit(self.findings.finding(index.row()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        finding = self.current_finding()
        if finding is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit(finding)
        elif finding is not None and event.key() == Qt.Key.Key_Delete:
            self.dismissed.emit(finding)
        else:
            super().keyPressEvent(event)

    def _menu(self, place: QPoint) -> None:
        finding = self.current_finding()
        if finding is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(tr("Show its files"), lambda: self.opened.emit(finding))
        menu.addAction(tr("Why, and what to do"), lambda: self.reason_wanted.emit(finding))
        menu.addAction(
            tr("Copy"), lambda: QGuiApplication.clipboard().setText(finding_text(finding))
        )
        menu.addSeparator()
        menu.addAction(tr("Dismiss"), lambda: self.dismissed.emit(finding))
        menu.popup(self.viewport().mapToGlobal(place))


def finding_text(finding: Finding) -> str:
    """A finding as a few lines of plain text."""
    return f"{finding.title()}\n{finding.reason()}\n{finding.remedy()}"
