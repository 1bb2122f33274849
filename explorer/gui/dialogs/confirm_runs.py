"""Says exactly what a measurement will run before it does: images by ID, commands, ports, limits, number of containers."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPushButton, QVBoxLayout, QWidget

from explorer.coldstart.plan import Plan
from explorer.gui.models.payload_text import harmless
from explorer.gui.widgets.plain_label import PlainLabel
from explorer.gui.widgets.wrapped_text import WrappedText
from explorer.translation import ntr, tr
from explorer.units import display_text

_LINES = 24


class ConfirmRuns(QDialog):
    """Accepted when the user agrees."""

    def __init__(self, plan: Plan, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plan = plan
        self.setWindowTitle(tr("Measure start-up"))
        self.setMinimumSize(520, 280)
        self.resize(680, 340)
        heading = PlainLabel(
            ntr("Run {n} container?", "Run {n} containers, one after the other?", plan.spec.steps)
        )
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 1.4)
        font.setBold(True)
        heading.setFont(font)
        heading.setWordWrap(True)
        self.where = PlainLabel(selectable=True)
        self.where.setText(
            tr(
                "On {engine} at {endpoint}. Only containers made for this are touched, and each is removed.",
                engine=display_text(
                    f"{plan.environment.engine} {plan.environment.engine_version}".strip(), 80
                ),
                endpoint=display_text(plan.environment.endpoint, 120),
            )
        )
        self.where.setWordWrap(True)
        self.lines = WrappedText(tr("What will run"), most=_LINES)
        self.lines.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.lines.set_text(harmless("\n".join(plan.describe())))
        layout = QVBoxLayout(self)
        layout.addWidget(heading)
        layout.addWidget(self.where)
        layout.addWidget(self.lines)
        layout.addStretch(1)
        layout.addWidget(self._buttons())

    def _buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox()
        self.run = QPushButton(tr("Run"))
        self.run.setDefault(True)
        cancel = QPushButton(tr("Cancel"))
        copy = QPushButton(tr("Copy"))
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.lines.toPlainText()))
        buttons.addButton(self.run, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(cancel, QDialogButtonBox.ButtonRole.RejectRole)
        buttons.addButton(copy, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.run.setFocus()
        return buttons
