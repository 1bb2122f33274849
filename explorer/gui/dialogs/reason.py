"""Why a finding is one, what to do about it, and the files that prove it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from explorer.findings.analysis import Analysis
from explorer.findings.finding import Finding
from explorer.gui.models.facts import exact_size, image_layer
from explorer.gui.models.file_tree import ALIGNMENT, DISPLAY, RIGHT, TOOLTIP
from explorer.gui.models.payload_text import harmless
from explorer.gui.widgets.copying import name_view
from explorer.gui.widgets.plain_label import PlainLabel, tooltip_text
from explorer.gui.widgets.wrapped_text import WrappedText
from explorer.translation import mark, ntr, tr
from explorer.units import count_text, display_name, size_text

# Files that the table lists, and those that a copy lists.
LISTED, COPIED = 500, 20
_PATH, _SIZE, _LAYER = range(3)
_CONFIDENCE = {
    "high": mark("Sure: these bytes are not needed."),
    "medium": mark("Likely: look at the files before you remove them."),
    "info": mark("For information: this may be intended."),
}
Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class ReasonDialog(QDialog):
    """Title, bytes, reason, remedy, evidence; everything can be copied."""

    files_wanted = Signal(object)

    def __init__(self, analysis: Analysis, finding: Finding, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._analysis, self._finding = analysis, finding
        title = harmless(finding.title())
        self.setWindowTitle(tr("Why, and what to do"))
        self.resize(640, 560)
        self.setMinimumSize(480, 420)
        heading = PlainLabel(title)
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 1.4)
        font.setBold(True)
        heading.setFont(font)
        heading.setWordWrap(True)
        self.files = QTableView()
        self.files.setModel(_Files(analysis, finding, self))
        self._set_up_files()
        layout = QVBoxLayout(self)
        layout.addWidget(heading)
        layout.addWidget(_value(_summary(finding)))
        layout.addWidget(_value(tr(_CONFIDENCE.get(finding.confidence, "")), muted=True))
        for caption, text in ((tr("Why"), finding.reason()), (tr("What to do"), finding.remedy())):
            layout.addWidget(_caption(caption))
            body = WrappedText(caption, most=8)
            body.set_text(harmless(text))
            layout.addWidget(body)
        layout.addWidget(_caption(self._evidence_caption()))
        layout.addWidget(self.files, 1)
        layout.addWidget(self._buttons())

    def _evidence_caption(self) -> str:
        count, listed = len(self._finding.rows), self.files.model().rowCount()
        if listed < count:
            return tr(
                "The largest {n} of {total} files", n=count_text(listed), total=count_text(count)
            )
        return ntr("{count} file", "{count} files", count, count=count_text(count))

    def _set_up_files(self) -> None:
        name_view(self.files, tr("Files of the finding"))
        self.files.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.files.setShowGrid(False)
        self.files.setWordWrap(False)
        self.files.setTabKeyNavigation(False)
        self.files.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.files.verticalHeader().hide()
        self.files.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        header = self.files.horizontalHeader()
        header.setSectionResizeMode(_PATH, QHeaderView.ResizeMode.Stretch)
        header.resizeSection(_SIZE, 90)
        header.resizeSection(_LAYER, 70)

    def _buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close = buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setText(tr("Close"))
        show = QPushButton(tr("Show its files"))
        show.clicked.connect(self._show_files)
        copy = QPushButton(tr("Copy"))
        copy.clicked.connect(self.copy)
        for button in (show, copy):
            buttons.addButton(button, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        close.setFocus()
        return buttons

    def _show_files(self) -> None:
        self.accept()
        self.files_wanted.emit(self._finding)

    def copy(self) -> None:
        """Copy everything as text, with the largest files."""
        QGuiApplication.clipboard().setText(reason_text(self._analysis, self._finding))


def reason_text(analysis: Analysis, finding: Finding) -> str:
    """A finding as a report: title, bytes, reason, remedy, largest files."""
    files = [
        f"{size_text(int(analysis.stack.size[row])):>10}  {_path(analysis, row)}"
        for row in finding.rows[:COPIED].tolist()
    ]
    more = len(finding.rows) - len(files)
    if more > 0:
        files.append(tr("… and {n} more", n=count_text(more)))
    head = (harmless(finding.title()), _summary(finding))
    body = ("", harmless(finding.reason()), "", harmless(finding.remedy()), "", *files)
    return "\n".join((*head, *body))


def _summary(finding: Finding) -> str:
    size = exact_size(finding.bytes)
    where = tr("layer {n}", n=finding.layer) if finding.layer >= 0 else tr("several layers")
    overlap = tr("other findings count these bytes, too") if finding.overlaps else ""
    return " · ".join(part for part in (size, where, overlap) if part)


def _path(analysis: Analysis, row: int) -> str:
    return "/" + display_name(analysis.stack.tree.path(int(analysis.stack.node[row])))


def _value(text: str, *, muted: bool = False) -> PlainLabel:
    label = PlainLabel(text, selectable=True)
    label.setWordWrap(True)
    label.setAccessibleName(text)
    if muted:
        label.setForegroundRole(label.palette().ColorRole.PlaceholderText)
    return label


def _caption(text: str) -> PlainLabel:
    label = PlainLabel(text)
    font = QFont(label.font())
    font.setBold(True)
    label.setFont(font)
    return label


class _Files(QAbstractTableModel):
    """The largest files of a finding: path, size, layer."""

    def __init__(self, analysis: Analysis, finding: Finding, parent: QObject) -> None:
        super().__init__(parent)
        self._analysis = analysis
        self._rows: list[int] = finding.rows[:LISTED].tolist()

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else 3

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = DISPLAY) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == DISPLAY:
            return (tr("Path"), tr("Size"), tr("Layer"))[section]
        return RIGHT if role == ALIGNMENT and section != _PATH else None

    def data(self, index: Index, role: int = DISPLAY) -> Any:
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], index.column()
        if role == DISPLAY:
            if column == _PATH:
                return _path(self._analysis, row)
            if column == _SIZE:
                return size_text(int(self._analysis.stack.size[row]))
            return str(image_layer(self._analysis, row))
        if role == TOOLTIP and column == _PATH:
            return tooltip_text(_path(self._analysis, row))
        return RIGHT if role == ALIGNMENT and column != _PATH else None
