"""The verdict over old and new image: in words, with every check and its evidence, and what was not tested."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from explorer.dockerfile.verify.model import Verification
from explorer.errors import ExplorerError
from explorer.gui.models.checks import EVIDENCE, KIND, NAME, RESULT, ChecksModel
from explorer.gui.widgets.copying import name_view
from explorer.gui.widgets.notice import ERROR, Notice
from explorer.gui.widgets.plain_label import ElidedLabel, display_lines
from explorer.gui.widgets.wrapped_text import WrappedText
from explorer.report.rewrite_trial import VERDICTS
from explorer.translation import ntr, tr
from explorer.units import count_text


class VerifyPane(QWidget):
    """Shows a Verification; `cancelled` when the person has had enough."""

    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.checks = ChecksModel(self)
        self.notice = Notice()
        self.verdict = ElidedLabel()
        self.table = QTableView()
        self.untested = WrappedText(tr("Not tested"), 30)
        self.cancel = QPushButton(tr("Cancel"))
        self.cancel.setAutoDefault(False)
        self.cancel.clicked.connect(self.cancelled)
        self._lay_out()
        self.clear(built=False)

    def _lay_out(self) -> None:
        font = QFont(self.font())
        font.setBold(True)
        self.verdict.setFont(font)
        self.table.setModel(self.checks)
        name_view(self.table, tr("Checks"))
        self.table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.table.setShowGrid(False)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        header = self.table.horizontalHeader()
        for column, width in ((NAME, 230), (RESULT, 110), (KIND, 90)):
            header.resizeSection(column, width)
        header.setSectionResizeMode(EVIDENCE, QHeaderView.ResizeMode.Stretch)
        parts = QSplitter(Qt.Orientation.Horizontal)
        parts.setChildrenCollapsible(False)
        parts.addWidget(self.table)
        side = QWidget()
        inside = QVBoxLayout(side)
        inside.setContentsMargins(6, 0, 0, 0)
        inside.addWidget(self.untested)
        inside.addStretch(1)
        parts.addWidget(side)
        parts.setSizes([2200, 800])
        row = QHBoxLayout()
        row.addWidget(self.verdict, 1)
        row.addWidget(self.cancel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.notice)
        layout.addLayout(row)
        layout.addWidget(parts, 1)

    def clear(self, *, built: bool) -> None:
        """As if nothing had been verified."""
        self.checks.show(())
        self.untested.set_text("")
        self.notice.hide()
        self.cancel.hide()
        self.verdict.set_whole(
            tr("Not verified yet. “Verify…” says what will be run before anything is.")
            if built
            else tr("Build the rewritten image first: then old and new can be compared.")
        )

    def begin(self) -> None:
        """A verification begins."""
        self.clear(built=True)
        self.verdict.set_whole(tr("Looking into both images"))
        self.cancel.show()

    def say(self, text: str) -> None:
        """What is going on."""
        self.verdict.set_whole(text)

    def show_verification(self, found: Verification) -> None:
        """Show what came of it."""
        self.cancel.hide()
        self.checks.show(found.checks)
        self.table.resizeRowsToContents()
        count = len(found.checks)
        checks = ntr("{n} check", "{n} checks", count, n=count_text(count))
        self.verdict.set_whole(f"{tr(VERDICTS[found.verdict])} · {checks}")
        lines = "\n".join(f"• {display_lines(text)}" for text in found.untested)
        self.untested.set_text(tr("Not tested:") + f"\n{lines}" if lines else "")

    def fail(self, error: ExplorerError) -> None:
        """It could not be told."""
        self.cancel.hide()
        self.verdict.set_whole(tr("Not verified."))
        text = "\n".join(part for part in (error.message, error.hint) if part)
        self.notice.say(display_lines(text), kind=ERROR)

    def stop(self) -> None:
        """It was cancelled."""
        self.cancel.hide()
        self.verdict.set_whole(tr("Cancelled. The containers that were started are removed."))
