"""Runs that did not become ready: which phase they reached, what happened, and the last lines of their logs."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from explorer.coldstart.sample import OK, Run, Sample
from explorer.coldstart.telling import arm_label, phase_label, status_label
from explorer.engine.build_lines import harmless
from explorer.translation import ntr, tr
from explorer.units import display_text

_SHOWN = 5


class FailureCard(QWidget):
    """A report as plain text, with the way to try again."""

    again_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.report = QPlainTextEdit()
        self.report.setReadOnly(True)
        self.report.setTabChangesFocus(True)
        self.report.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.report.setAccessibleName(tr("Failed runs"))
        self.again = QPushButton(tr("Run again"))
        self.again.clicked.connect(self.again_wanted)
        copy = QPushButton(tr("Copy report"))
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.report.toPlainText()))
        row = QHBoxLayout()
        row.addWidget(self.again)
        row.addWidget(copy)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addWidget(self.report, 1)
        layout.addLayout(row)

    def show_sample(self, sample: Sample) -> int:
        """Show the failed runs of a measurement, the last ones first; returns how many there are."""
        failed = [run for run in sample.runs if run.status != OK]
        parts = ["\n".join(_lines(sample, run)) for run in reversed(failed[-_SHOWN:])]
        if len(failed) > _SHOWN:
            more = len(failed) - _SHOWN
            parts.append(ntr("{n} more failed run.", "{n} more failed runs.", more))
        self.report.setPlainText("\n\n".join(parts))
        return len(failed)


def _lines(sample: Sample, run: Run) -> list[str]:
    code = "" if run.exit_code is None else " " + tr("with code {code}", code=run.exit_code)
    lines = [
        tr(
            "Run {n} of {arm}: {state}{code}. Phase reached: {phase}.",
            n=run.order + 1,
            arm=arm_label(sample.spec.arms[run.arm]),
            state=status_label(run.status),
            code=code,
            phase=phase_label(run.phases.last()),
        )
    ]
    if run.detail:
        lines.append(display_text(run.detail, 1000))
    lines.append(tr("Last lines of its log:") if run.log_tail else tr("It logged nothing."))
    return lines + [f"  | {harmless(line)}" for line in run.log_tail]
