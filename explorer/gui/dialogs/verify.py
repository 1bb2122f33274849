"""The question before both images are started: what will be run, and what more to ask of them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QCheckBox, QFormLayout, QLineEdit, QPlainTextEdit, QWidget

from explorer.dockerfile.verify.model import VerifyOptions
from explorer.dockerfile.verify.wishes import with_wishes
from explorer.errors import ExplorerError
from explorer.gui.dialogs.confirm import ConfirmDialog
from explorer.gui.widgets.notice import ERROR, Notice
from explorer.gui.widgets.plain_label import display_lines
from explorer.translation import tr

_LINES = 3


class VerifyDialog(ConfirmDialog):
    """accepted() when what was entered can be used; `options` then holds it."""

    def __init__(
        self, sentences: Sequence[str], options: VerifyOptions, parent: QWidget | None = None
    ) -> None:
        super().__init__(
            tr("Start both images and compare what they do?"), sentences, (), tr("Verify"), parent
        )
        self.options = options
        self.notice = Notice()
        self.paths, self.environment = QLineEdit(), QPlainTextEdit()
        self.ready = QLineEdit()
        self.then_compare = QCheckBox(tr("Open the comparison of both when they behave the same"))
        self.then_compare.setChecked(True)
        self._lay_out()

    def _lay_out(self) -> None:
        self.paths.setPlaceholderText("/api/items /healthz")
        self.environment.setPlaceholderText("DB_URL=…\nMODE=…")
        self.environment.setTabChangesFocus(True)
        self.environment.setFixedHeight(self.fontMetrics().height() * _LINES + 14)
        self.ready.setPlaceholderText(tr("http:/healthz, tcp:8080, log:REGEX or exit"))
        form = QFormLayout()
        for label, field in (
            (tr("More paths to ask for"), self.paths),
            (tr("Environment of both"), self.environment),
            (tr("Ready when"), self.ready),
        ):
            field.setAccessibleName(label)
            form.addRow(label, field)
        form.addRow(self.then_compare)
        # Above the buttons and the stretch.
        place = self._column.count() - 2
        self._column.insertLayout(place, form)
        self._column.insertWidget(place + 1, self.notice)

    def accept(self) -> None:
        """Agree, if what was entered can be used; else say what is wrong with it."""
        try:
            self.options = with_wishes(
                self.options,
                paths=self.paths.text().split(),
                env=[line for line in self.environment.toPlainText().splitlines() if line.strip()],
                ready=self.ready.text(),
            )
        except ExplorerError as error:
            text = "\n".join(part for part in (error.message, error.hint) if part)
            self.notice.say(display_lines(text), kind=ERROR)
            QTimer.singleShot(0, self, self.adjustSize)
            return
        super().accept()
