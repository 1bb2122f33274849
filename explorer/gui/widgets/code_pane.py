"""A read-only text of numbered lines with coloured rows and marks at the left: one side of a diff."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QMimeData, QPointF, QRect, Qt
from PySide6.QtGui import (
    QColor,
    QFontDatabase,
    QHelpEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QSyntaxHighlighter,
    QTextBlock,
    QTextCharFormat,
)
from PySide6.QtWidgets import QPlainTextEdit, QToolTip, QWidget

from explorer.gui.theme import current_theme
from explorer.gui.widgets.plain_label import tooltip_text

NEW, OLD, FILLER = "new", "old", "filler"
# Blue for what comes, orange for what goes; light, dark. The gutter's signs say it too.
_TINTS = {
    NEW: ("#d9e8fa", "#1c3550"),
    OLD: ("#fde5cf", "#4a3320"),
    FILLER: ("#eceef1", "#22262c"),
}
_KEYWORD = re.compile(
    r"^\s*(FROM|RUN|COPY|ADD|ENV|ARG|WORKDIR|USER|EXPOSE|CMD|ENTRYPOINT|LABEL|VOLUME|HEALTHCHECK|STOPSIGNAL|SHELL|ONBUILD)\b",
    re.IGNORECASE,
)
_ROOM = 6


@dataclass(frozen=True)
class PaneLine:
    """A line with its number (0: none), sign, colour and tooltip; `mark` says how sure it is."""

    text: str = ""
    number: int = 0
    sign: str = ""
    tint: str = ""
    mark: str = ""
    tip: str = ""


class CodePane(QPlainTextEdit):
    """Shows PaneLines; lines without a number are room for the other side and are not copied."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lines: Sequence[PaneLine] = ()
        self._chosen = (0, 0)
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setTabChangesFocus(True)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.setAccessibleName(name)
        self._gutter = _Gutter(self)
        self._words = _Words(self)
        self.updateRequest.connect(self._gutter_moved)

    def show_lines(self, lines: Sequence[PaneLine]) -> None:
        """Show other lines, from the same place as far as there is one."""
        across, down = self.horizontalScrollBar().value(), self.verticalScrollBar().value()
        place = self.textCursor().blockNumber()
        self.lines = lines
        self._chosen = (0, 0)
        self._words.recolour()
        self.setPlainText("\n".join(line.text for line in lines))
        self.go_to(min(place, max(len(lines) - 1, 0)), centre=False)
        self.horizontalScrollBar().setValue(across)
        self.verticalScrollBar().setValue(down)
        self._fit_gutter()

    def go_to(self, row: int, *, centre: bool = True) -> None:
        """Put the cursor on a row and show it."""
        block = self.document().findBlockByNumber(row)
        if block.isValid():
            cursor = self.textCursor()
            cursor.setPosition(block.position())
            self.setTextCursor(cursor)
            if centre:
                self.centerCursor()

    def choose(self, first: int, end: int) -> None:
        """Mark rows as the ones that are talked about."""
        self._chosen = (first, end)
        self.viewport().update()
        self._gutter.update()

    def row_at(self, y: int) -> int:
        """The row at a height of the viewport, -1 below the last."""
        for block, place in self._shown():
            if place.top() <= y < place.bottom():
                return block.blockNumber()
        return -1

    def createMimeDataFromSelection(self) -> QMimeData:
        cursor = self.textCursor()
        data = QMimeData()
        first = self.document().findBlock(cursor.selectionStart()).blockNumber()
        pieces = cursor.selection().toPlainText().split("\n")
        held = [
            piece
            for number, piece in enumerate(pieces, first)
            if not (number < len(self.lines) and not self.lines[number].number)
        ]
        data.setText("\n".join(held))
        return data

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        for block, place in self._shown():
            number = block.blockNumber()
            tint = self.lines[number].tint if number < len(self.lines) else ""
            if tint:
                painter.fillRect(place, tint_colour(tint))
        painter.end()
        super().paintEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_gutter()

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            row = self.row_at(event.pos().y())
            tip = self.lines[row].tip if 0 <= row < len(self.lines) else ""
            QToolTip.showText(event.globalPos(), tooltip_text(tip), self.viewport())
            return True
        return super().viewportEvent(event)

    def paint_gutter(self, painter: QPainter, region: QRect) -> None:
        """Numbers, signs and marks of the rows that are seen."""
        theme = current_theme()
        painter.fillRect(region, theme.background)
        painter.setFont(self.font())
        width, sign = self._gutter.width(), self._sign_width()
        for block, place in self._shown():
            number = block.blockNumber()
            if number >= len(self.lines):
                break
            line = self.lines[number]
            top, height = round(place.top()), round(place.height())
            if line.tint:
                painter.fillRect(QRect(0, top, width, height), tint_colour(line.tint))
            if self._chosen[0] <= number < self._chosen[1]:
                painter.fillRect(QRect(0, top, 3, height), theme.accent)
            painter.setPen(theme.muted)
            if line.number:
                room = QRect(_ROOM, top, width - 2 * _ROOM - sign, height)
                text = f"{line.mark} {line.number}" if line.mark else str(line.number)
                painter.drawText(room, Qt.AlignmentFlag.AlignRight, text)
            painter.setPen(self.palette().text().color())
            place_of_sign = QRect(width - sign - 2, top, sign, height)
            painter.drawText(place_of_sign, Qt.AlignmentFlag.AlignHCenter, line.sign)

    def _shown(self) -> list[tuple[QTextBlock, QRect]]:
        found = []
        block = self.firstVisibleBlock()
        offset: QPointF = self.contentOffset()
        bottom = self.viewport().height()
        while block.isValid():
            box = self.blockBoundingGeometry(block).translated(offset)
            if box.top() > bottom:
                break
            top = round(box.top())
            height = round(box.bottom()) - top
            found.append((block, QRect(0, top, self.viewport().width(), height)))
            block = block.next()
        return found

    def _sign_width(self) -> int:
        return self.fontMetrics().horizontalAdvance("−") + 4

    def _fit_gutter(self) -> None:
        marks = 2 if any(line.mark for line in self.lines) else 0
        digits = len(str(max((line.number for line in self.lines), default=1))) + marks
        room = self.fontMetrics().horizontalAdvance("0" * max(digits, 2))
        width = room + self._sign_width() + 2 * _ROOM
        self.setViewportMargins(width, 0, 0, 0)
        inside = self.contentsRect()
        self._gutter.setGeometry(QRect(inside.left(), inside.top(), width, inside.height()))
        self._gutter.update()

    def _gutter_moved(self, region: QRect, by: int) -> None:
        if by:
            self._gutter.scroll(0, by)
        else:
            self._gutter.update(0, region.y(), self._gutter.width(), region.height())


class _Gutter(QWidget):
    """The strip at the left of a pane."""

    def __init__(self, pane: CodePane) -> None:
        super().__init__(pane)
        self._pane = pane

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._pane.paint_gutter(painter, event.rect())
        painter.end()


class _Words(QSyntaxHighlighter):
    """Instructions' names stand out, comments step back."""

    def __init__(self, pane: CodePane) -> None:
        super().__init__(pane.document())
        self._keyword, self._comment = QTextCharFormat(), QTextCharFormat()
        self.recolour()

    def recolour(self) -> None:
        """Take the colours of the theme in force."""
        theme = current_theme()
        self._keyword.setForeground(theme.accent)
        self._keyword.setFontWeight(600)
        self._comment.setForeground(theme.muted)

    def highlightBlock(self, text: str) -> None:
        if text.lstrip().startswith("#"):
            self.setFormat(0, len(text), self._comment)
        elif (match := _KEYWORD.match(text)) is not None:
            self.setFormat(match.start(1), match.end(1) - match.start(1), self._keyword)


def tint_colour(tint: str) -> QColor:
    """The colour behind a row, in the theme in force."""
    return QColor(_TINTS[tint][1 if current_theme().dark else 0])
