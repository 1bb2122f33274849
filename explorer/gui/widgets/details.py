"""Everything about the entry that is selected: its facts, its history through the layers, its content."""

from __future__ import annotations

import shlex

from PySide6.QtCore import QMimeData, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QShowEvent
from PySide6.QtWidgets import (
    QMenu,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from explorer.filesystem.layer import Kind
from explorer.findings.analysis import Analysis
from explorer.gui.models import facts
from explorer.gui.models.payload_text import PREVIEW_BYTES
from explorer.gui.selection import Selection
from explorer.gui.widgets.contents import Contents
from explorer.gui.widgets.details_form import DetailsForm
from explorer.gui.widgets.flow import FlowRow
from explorer.gui.widgets.plain_label import ElidedLabel
from explorer.translation import tr
from explorer.units import display_name
from explorer.workflow.payloads import Payload

# A preview starts a process: not for every row that the cursor passes.
_PREVIEW_MS = 250
_FORM_SHARE = 50
_NOTHING, _OPEN, _ASKED, _SHOWN = range(4)


class DetailsPanel(QWidget):
    """Follows show_node(); contents are asked for by preview_wanted and come back by show_preview().

    Rows in the signals are payload rows: facts.payload() tells what to read for them.
    """

    preview_wanted = Signal(int)
    save_wanted = Signal(int)
    layer_wanted = Signal(int)

    def __init__(self, selection: Selection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selection = selection
        self._node = 0
        self._row = -1
        self._payload = -1
        self._file: Payload | None = None
        self._state = _NOTHING
        self._title = ElidedLabel()
        font = self._title.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() + 2)
        self._title.setFont(font)
        self.form = DetailsForm()
        self.contents = Contents()
        self._timer = QTimer(self, singleShot=True, interval=_PREVIEW_MS)
        self._timer.timeout.connect(self._ask)
        self._split = QSplitter(Qt.Orientation.Vertical)
        self._split.setChildrenCollapsible(False)
        self._split.addWidget(self.form)
        self._split.addWidget(self.contents)
        # Proportions until somebody moves the handle.
        self._split.setSizes([_FORM_SHARE, 100 - _FORM_SHARE])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 0, 0, 4)
        layout.setSpacing(4)
        layout.addWidget(self._title)
        layout.addWidget(self._split, 1)
        layout.addWidget(self._buttons())
        self.setMinimumWidth(260)
        self.form.step_chosen.connect(self.show_row)
        self.form.copy_chosen.connect(selection.set_current)
        self.contents.wanted.connect(self._contents_wanted)
        selection.view_changed.connect(lambda: self.show_node(self._selection.current))
        self.show_node(0)

    def _buttons(self) -> FlowRow:
        row = FlowRow()
        self._copy = QToolButton()
        self._copy.setText(tr("Copy path"))
        self._copy.setAccessibleName(tr("Copy path"))
        self._copy.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self._copy.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._copy.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._copy.clicked.connect(self.copy_path)
        menu = QMenu(self._copy)
        menu.addAction(tr("Copy path"), self.copy_path)
        menu.addAction(tr("Copy path, quoted for a shell"), self.copy_quoted_path)
        menu.addAction(tr("Copy name"), self.copy_name)
        self._copy_digest = menu.addAction(tr("Copy content digest"), self.copy_digest)
        self._copy.setMenu(menu)
        self._save = QPushButton(tr("Save file as…"))
        self._save.clicked.connect(lambda: self.save_wanted.emit(self._payload))
        self._layer = QPushButton(tr("Show in layer"))
        self._layer.clicked.connect(self._layer_clicked)
        for button in (self._save, self._layer):
            button.setAutoDefault(False)
        for widget in (self._copy, self._save, self._layer):
            widget.setMinimumHeight(self._save.sizeHint().height())
            row.flow.addWidget(widget)
        return row

    # ---- what is shown

    def show_node(self, node: int) -> None:
        """Show a node as the view has it."""
        analysis, shown = self._selection.analysis, self._selection.view
        self._node = node
        if analysis is None or shown is None or not 0 <= node < len(analysis.stack.tree):
            self.setEnabled(False)
            self._title.set_whole(tr("Nothing selected"))
            self.contents.say("")
            return
        self.setEnabled(True)
        self._title.set_whole(display_name(analysis.stack.tree.name(node)) or "/")
        row = int(shown.row[node])
        self.form.verticalScrollBar().setValue(0)
        self.form.show_history(facts.history(analysis, node), row)
        self._show(analysis, row)

    def show_row(self, row: int) -> None:
        """Show another of the rows at the same path: an older version, or what removed it."""
        if self._selection.analysis is not None and row != self._row:
            self.form.steps.choose(row)
            self._show(self._selection.analysis, row)

    def _show(self, analysis: Analysis, row: int) -> None:
        shown = self._selection.view
        assert shown is not None
        self._row = row
        self._payload = facts.payload_row(analysis, row)
        self.form.show_facts(facts.entry_facts(analysis, shown, self._node, row))
        self.form.show_copies(*facts.copies(analysis, row))
        self._copy_digest.setEnabled(bool(facts.digest_text(analysis, self._payload)))
        self._save.setEnabled(self._payload >= 0)
        self._layer.setEnabled(row >= 0)
        self.contents.show_step(facts.layer_step(analysis, row) if row >= 0 else "")
        # Rows have other numbers in a fuller analysis: what is shown stays when it is the same file of the same layer.
        before, self._file = self._file, facts.payload(analysis, row)
        if self._file is None or self._file != before or self._state != _SHOWN:
            self._expect(analysis, row)

    def _expect(self, analysis: Analysis, row: int) -> None:
        """Say why there is no content, or ask for it soon."""
        self._timer.stop()
        self._state = _NOTHING
        if self._payload < 0:
            self.contents.say(_no_content(analysis, row))
        elif not analysis.stack.size[self._payload]:
            self.contents.say(tr("The file is empty."))
        else:
            self._state = _OPEN
            self.contents.say("")
            self._contents_wanted()

    def show_loading(self, row: int) -> None:
        """Say that a row's content is being read."""
        if row == self._payload:
            self._state = _ASKED
            self.contents.say(tr("Reading the file…"))

    def show_preview(self, row: int, data: bytes, truncated: bool) -> None:  # noqa: FBT001  # a slot
        """Show the first bytes of a row; of another row than the present one nothing is shown."""
        analysis = self._selection.analysis
        if row == self._payload and analysis is not None:
            self._state = _SHOWN
            size = int(analysis.stack.size[row])
            cut = truncated or len(data) > PREVIEW_BYTES
            self.contents.show_data(data[:PREVIEW_BYTES], size, truncated=cut)

    def show_preview_failed(self, row: int, message: str, hint: str) -> None:
        """Say why a row's content cannot be read."""
        if row == self._payload:
            self._state = _OPEN
            self.contents.say(f"{message}\n\n{hint}" if hint else message, retry=True)

    def open_preview(self) -> None:
        """Bring the content to the front and read it at once."""
        if not self.contents.showing_contents:
            self.contents.tabs.setCurrentIndex(0)
        if self._state == _OPEN:
            self._ask()
        self.contents.tabs.currentWidget().setFocus()

    def _contents_wanted(self) -> None:
        if self._state == _OPEN and self.isVisible() and self.contents.showing_contents:
            self._timer.start()

    def _ask(self) -> None:
        self._timer.stop()
        if self._state == _OPEN:
            self._state = _ASKED
            self.preview_wanted.emit(self._payload)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._contents_wanted()

    def _layer_clicked(self) -> None:
        analysis = self._selection.analysis
        if analysis is not None and self._row >= 0:
            self.layer_wanted.emit(facts.image_layer(analysis, self._row))

    # ---- what is copied

    def copy_path(self) -> None:
        """Copy the path as the image has it, byte for byte."""
        _copy(b"/" + self._path())

    def copy_quoted_path(self) -> None:
        """Copy the path so that a shell takes it as one word."""
        _copy(shell_quoted(b"/" + self._path()))

    def copy_name(self) -> None:
        """Copy the last part of the path."""
        _copy(self._path().rpartition(b"/")[2])

    def copy_digest(self) -> None:
        """Copy the content digest."""
        analysis = self._selection.analysis
        if analysis is not None:
            _copy(facts.digest_text(analysis, self._payload).encode())

    def _path(self) -> bytes:
        analysis = self._selection.analysis
        return analysis.stack.tree.path(self._node) if analysis is not None else b""


def shell_quoted(path: bytes) -> bytes:
    """The path as one word of a POSIX shell; what cannot be typed as $'…' (bash, zsh, ksh, POSIX 2024)."""
    text = path.decode("utf-8", "surrogateescape")
    if text.isprintable():
        return shlex.quote(text).encode("utf-8")
    parts = []
    for byte in path:
        if byte in b"\\'":
            parts.append(f"\\{chr(byte)}")
        else:
            # Octal: a hex escape would swallow the digits after it.
            parts.append(chr(byte) if 0x20 <= byte < 0x7F else f"\\{byte:03o}")
    return f"$'{''.join(parts)}'".encode("ascii")


def _copy(raw: bytes) -> None:
    """Put `raw` on the clipboard: as text where it is UTF-8, and always byte for byte as text/plain."""
    data = QMimeData()
    try:
        data.setText(raw.decode("utf-8"))
    except UnicodeDecodeError:
        data.setData("text/plain", raw)
    QGuiApplication.clipboard().setMimeData(data)


def _no_content(analysis: Analysis, row: int) -> str:
    if row < 0:
        return tr("A folder has no content of its own.")
    kind = analysis.stack.kind[row]
    if kind == Kind.DIRECTORY:
        return tr("A folder has no content of its own.")
    if kind == Kind.FILE:
        return tr("The layer writes this path twice; the first version cannot be read.")
    if kind == Kind.HARDLINK:
        return tr("The file that this hard link names is not in the image.")
    if kind == Kind.WHITEOUT:
        return tr("This layer removes the path; choose an older version under History.")
    return tr("Only files have content.")
