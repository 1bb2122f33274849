"""The findings with their heading, and what was dismissed of them: undo for ten seconds, a list for ever."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QStackedLayout, QToolButton, QVBoxLayout, QWidget

from explorer.findings.analysis import Analysis
from explorer.findings.catalogue import checked
from explorer.findings.finding import Finding
from explorer.gui.models.findings import SAVING, finding_key
from explorer.gui.widgets.findings_table import FindingsTable
from explorer.gui.widgets.notice import Notice
from explorer.gui.widgets.plain_label import PlainLabel, button_text
from explorer.translation import ntr, tr
from explorer.units import display_text, size_text

UNDO_SECONDS = 10


class FindingsPane(QWidget):
    """Heading, table, and the bar that undoes a dismissal. `dismissals_changed` carries the set of dismissed keys."""

    dismissals_changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = FindingsTable()
        self.notice = Notice()
        self._heading = PlainLabel()
        self._hidden = QToolButton()
        self._hidden.setAutoRaise(True)
        self._hidden.clicked.connect(self._list_hidden)
        self._nothing = PlainLabel(selectable=True)
        self._nothing.setAccessibleName(tr("Findings"))
        self._nothing.setWordWrap(True)
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._nothing.setMargin(8)
        self._dismissed: list[str] = []
        row = QHBoxLayout()
        row.addWidget(self._heading, 1)
        row.addWidget(self._hidden)
        self._stack = QStackedLayout()
        self._stack.addWidget(self.table)
        self._stack.addWidget(self._nothing)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row)
        layout.addLayout(self._stack, 1)
        layout.addWidget(self.notice)
        self.table.dismissed.connect(self.dismiss)
        self.setFocusProxy(self.table)

    def show_analysis(self, analysis: Analysis, dismissed: set[str]) -> None:
        """Show an image's findings without those dismissed; the biggest one is selected."""
        self._dismissed = sorted(dismissed)
        self.table.findings.show(analysis, dismissed)
        self._renew()
        if self.table.findings.rowCount():
            self.table.blockSignals(True)
            self.table.setCurrentIndex(self.table.findings.index(0, SAVING))
            self.table.blockSignals(False)

    def dismiss(self, finding: Finding) -> None:
        """Hide a finding; a bar offers to take it back."""
        key = finding_key(finding)
        self._dismissed.append(key)
        self.table.findings.dismiss(key)
        self._renew()
        self.notice.say(
            tr("Dismissed: {title}", title=display_text(finding.title(), 80)),
            (tr("Undo"), self.undo),
            seconds=UNDO_SECONDS,
        )
        self.dismissals_changed.emit(self.table.findings.dismissed)

    def undo(self) -> None:
        """Take the latest dismissal back."""
        if self._dismissed:
            self.restore(self._dismissed[-1])

    def restore(self, key: str) -> None:
        """Show a dismissed finding again."""
        self._dismissed.remove(key)
        self.table.findings.restore(key)
        self.notice.hide()
        self._renew()
        self.dismissals_changed.emit(self.table.findings.dismissed)

    def _renew(self) -> None:
        findings = self.table.findings
        count, hidden = findings.rowCount(), findings.hidden()
        text = ntr("{n} finding", "{n} findings", count)
        if count:
            text += " · " + size_text(findings.total())
        self._heading.setText(text)
        self._hidden.setVisible(bool(hidden))
        self._hidden.setText(button_text(tr("{n} dismissed", n=len(hidden))))
        self._stack.setCurrentIndex(0 if count else 1)
        looked = checked()
        self._nothing.setText(
            ntr(
                "Nothing worth removing was found ({n} kind of waste was looked for):",
                "Nothing worth removing was found ({n} kinds of waste were looked for):",
                len(looked),
            )
            + "\n"
            + ", ".join(looked)
        )

    def _list_hidden(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for finding in self.table.findings.hidden():
            title = f"{finding.title()}  {size_text(finding.bytes)}"
            menu.addAction(
                button_text(tr("Show again: {title}", title=display_text(title, 80))),
                lambda key=finding_key(finding): self.restore(key),
            )
        menu.popup(self._hidden.mapToGlobal(QPoint(0, self._hidden.height())))
