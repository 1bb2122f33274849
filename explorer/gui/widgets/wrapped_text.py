"""Selectable plain text that wraps anywhere: paths and instructions have no spaces where a label could break them."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPalette, QResizeEvent, QTextLayout, QTextOption
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QSizePolicy, QWidget

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
        self.setPlainText(text)
        self.setAccessibleName(f"{self._name}: {text}" if text else self._name)
        self._fit()

    def sizeHint(self) -> QSize:
        return QSize(160, self._height())

    def minimumSizeHint(self) -> QSize:
        return QSize(60, self._height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        height = self._height()
        if height != self.height() or height != self.minimumHeight():
            self.setFixedHeight(height)

    def _height(self) -> int:
        lines = 0
        for paragraph in self.toPlainText().split("\n"):
            lines += self._lines(paragraph)
            if lines >= self._most:
                break
        return min(max(lines, 1), self._most) * self.fontMetrics().lineSpacing() + 2

    def _lines(self, paragraph: str) -> int:
        layout = QTextLayout(paragraph, self.font())
        option = QTextOption()
        option.setWrapMode(_WRAP)
        layout.setTextOption(option)
        layout.beginLayout()
        count = 0
        while count < self._most:
            line = layout.createLine()
            if not line.isValid():
                break
            line.setLineWidth(max(self.viewport().width(), 60))
            count += 1
        layout.endLayout()
        return max(count, 1)
