"""What is inside a file: as text, as hex, and the instruction of its layer; or why that cannot be shown."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontDatabase, QTextOption
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from explorer.gui.models.payload_text import (
    LONGEST_LINE,
    harmless,
    is_binary,
    printable_runs,
    readable,
)
from explorer.gui.widgets.hex_view import HexView
from explorer.gui.widgets.plain_label import PlainLabel
from explorer.translation import sentences, tr
from explorer.units import size_text

TEXT, HEX, STEP = range(3)
# Columns between tab stops; eight leave little of a narrow column.
_TAB_STOP = 4


class Contents(QWidget):
    """Three tabs and a line below that says how much is shown."""

    wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = _editor(tr("Content as text"))
        self.hex = HexView()
        self.step = _editor(tr("Instruction that made the layer"))
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.text, tr("Text"))
        self.tabs.addTab(self.hex, tr("Hex"))
        self.tabs.addTab(self.step, tr("Dockerfile line"))
        self.tabs.tabBar().setAccessibleName(tr("Contents"))
        self.tabs.tabBar().setUsesScrollButtons(True)
        self._preferred = TEXT
        self._note = PlainLabel(selectable=True)
        self._note.setWordWrap(True)
        self._retry = QPushButton(tr("Try again"))
        self._retry.setAutoDefault(False)
        self._retry.clicked.connect(self.wanted)
        below = QHBoxLayout()
        below.addWidget(self._note, 1)
        below.addWidget(self._retry, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.tabs, 1)
        layout.addLayout(below)
        self.tabs.tabBarClicked.connect(self._tab_clicked)
        self.tabs.currentChanged.connect(self._tab_changed)
        self.say("")

    @property
    def showing_contents(self) -> bool:
        """Whether the tab in front shows what is inside the file."""
        return self.tabs.currentIndex() != STEP

    def say(self, message: str, *, retry: bool = False) -> None:
        """Show a message instead of contents."""
        for editor in (self.text, self.hex):
            editor.setPlaceholderText(message)
        self.text.setPlainText("")
        self.hex.set_data(b"")
        self._show_note("", retry=retry)

    def show_data(self, data: bytes, size: int, *, truncated: bool) -> None:
        """Show the first bytes of a file of `size` bytes; what is no text comes up as hex."""
        self.say("")
        binary = is_binary(data)
        text = printable_runs(data) if binary else readable(data, truncated=truncated)
        self.text.setPlainText(text)
        self.text.setPlaceholderText(tr("There is no text in it.") if binary else "")
        self.hex.set_data(data)
        notes = []
        if truncated:
            notes.append(
                tr("The first {part} of {size}.", part=size_text(len(data)), size=size_text(size))
            )
        if binary:
            notes.append(tr("Text shows only the readable parts."))
        if any(len(line) == LONGEST_LINE for line in text.split("\n")):
            notes.append(tr("Long lines are folded."))
        self._show_note(sentences(*notes))
        if self._preferred != STEP:
            self.tabs.setCurrentIndex(HEX if binary else self._preferred)

    def show_step(self, text: str) -> None:
        """Show the layer's instruction, whole."""
        self.step.setPlainText(harmless(text))

    def _show_note(self, text: str, *, retry: bool = False) -> None:
        self._note.setText(text)
        self._note.setAccessibleName(text or tr("How much is shown"))
        self._note.setVisible(bool(text))
        self._retry.setVisible(retry)

    def _tab_clicked(self, index: int) -> None:
        if index >= 0:
            self._preferred = index

    def _tab_changed(self, index: int) -> None:
        if self.tabs.tabBar().hasFocus():
            self._preferred = index
        if self.showing_contents:
            self.wanted.emit()


def _editor(name: str) -> QPlainTextEdit:
    editor = QPlainTextEdit()
    editor.setReadOnly(True)
    editor.setUndoRedoEnabled(False)
    editor.setTabChangesFocus(True)
    editor.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    editor.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
    editor.setTabStopDistance(_TAB_STOP * editor.fontMetrics().horizontalAdvance(" "))
    editor.setAccessibleName(name)
    return editor
