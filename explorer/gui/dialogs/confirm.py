"""A question before something is sent or run: what exactly, in sentences, with details, and a button that names it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from explorer.dockerfile.shown import shown_line
from explorer.gui.widgets.plain_label import PlainLabel, button_text
from explorer.translation import tr

_WIDTH = 620


class ConfirmDialog(QDialog):
    """accepted() when the person agrees; Cancel has the focus, so that Enter sends nothing by accident."""

    def __init__(
        self,
        title: str,
        sentences: Sequence[str],
        details: Sequence[str],
        button: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumWidth(_WIDTH)
        self.sentences = [PlainLabel(shown_line(text), selectable=True) for text in sentences]
        self.details = QPlainTextEdit("\n".join(shown_line(line) for line in details))
        self.details.setReadOnly(True)
        self.details.setTabChangesFocus(True)
        self.details.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.details.setAccessibleName(tr("Details"))
        self.details.setVisible(bool(details))
        buttons = QDialogButtonBox()
        self.agree = buttons.addButton(button_text(button), QDialogButtonBox.ButtonRole.AcceptRole)
        self.cancel = buttons.addButton(tr("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        self.agree.setAutoDefault(False)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = self._column = QVBoxLayout(self)
        layout.setSpacing(8)
        for label in self.sentences:
            label.setWordWrap(True)
            label.setAccessibleName(label.text())
            layout.addWidget(label)
        layout.addWidget(self.details, 1)
        if not details:
            layout.addStretch(1)
        layout.addWidget(buttons)
        self.cancel.setFocus()
