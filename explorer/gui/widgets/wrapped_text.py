"""Selectable plain text that wraps anywhere: paths and instructions have no spaces where a label could break them."""

from __future__ import annotations

from math import ceil

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QPalette, QResizeEvent, QTextLayout, QTextOption
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QSizePolicy, QWidget

from explorer.gui.widgets.plain_label import covered

_WRAP = QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere


class WrappedText(QPlainTextEdit):
    """As tall as its lines, up to `most` of them; then it scrolls."""

    def __init__(self, name: str, most: int = 4, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._most = name, most
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setTabChangesFocus(True)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWordWrapMode(_WRAP)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.document().setDocumentMargin(0)
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Base, Qt.GlobalColor.transparent)
        self.setPalette(palette)
        self.viewport().setAutoFillBackground(False)
        self.set_text("")

    def set_text(self, text: str) -> None:
        """Show another text."""
        text = covered(text)
        self.setPlainText(text)
        self.setAccessibleName(f"{self._name}: {text}" if text else self._name)
        self._fit()

    def sizeHint(self) -> QSize:
        return QSize(160, self._height())

    def minimumSizeHint(self) -> QSize:
        return QSize(60, self._height())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()
        if self.viewport().width() != event.size().width():
            # A scroll bar around it came while this event was handled; Qt keeps the lines of the event's width.
            self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
            self.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)

    def _fit(self) -> None:
        height = self._height()
        if height != self.height() or height != self.minimumHeight():
            self.setFixedHeight(height)

    def _height(self) -> int:
        heights: list[float] = []
        for paragraph in self.toPlainText().split("\n"):
            heights += self._line_heights(paragraph)
            if len(heights) >= self._most:
                break
        return max(ceil(sum(heights[: self._most])), self.fontMetrics().lineSpacing()) + 2

    def _line_heights(self, paragraph: str) -> list[float]:
        """Of at most as many lines as are shown; letters of another font make a line taller."""
        layout = QTextLayout(paragraph, self.font())
        option = QTextOption()
        option.setWrapMode(_WRAP)
        layout.setTextOption(option)
        heights: list[float] = []
        layout.beginLayout()
        while len(heights) < self._most:
            line = layout.createLine()
            if not line.isValid():
                break
            line.setLineWidth(max(self.viewport().width(), 60))
            heights.append(line.height())
        layout.endLayout()
        return heights or [float(self.fontMetrics().lineSpacing())]
