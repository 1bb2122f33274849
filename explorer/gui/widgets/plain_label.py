"""Labels and tooltips for untrusted text: Qt renders HTML in names unless told not to."""

from __future__ import annotations

import html
from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from explorer.units import display_text

_LINE_LIMIT = 4000
# What takes the names of this machine out of texts while presenting.
_covers: list[Callable[[str], str]] = []


def set_cover(cover: Callable[[str], str] | None) -> None:
    """Put every text that is set from now on through `cover`; None ends that."""
    _covers[:] = [cover] if cover is not None else []


def covered(text: str) -> str:
    """A text as it may be shown now."""
    for cover in _covers:
        text = cover(text)
    return text


class PlainLabel(QLabel):
    """The only label for dynamic text: plain, selectable on request."""

    def __init__(
        self, text: str = "", parent: QWidget | None = None, *, selectable: bool = False
    ) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        if selectable:
            self.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse
                | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
        # The whole text while less is shown.
        self._whole_text = ""
        self.setText(text)

    def setText(self, text: str) -> None:
        shown = covered(text)
        self._whole_text = text if shown != text else ""
        super().setText(shown)

    def cover(self) -> None:
        """Follow the cover that was set, or that none is there any more."""
        self.setText(self._whole_text or self.text())


class ElidedLabel(PlainLabel):
    """One line that is cut with an ellipsis where there is no room; the tooltip has it whole."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._whole = text
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.set_whole(text)

    def set_whole(self, text: str) -> None:
        """Show another text."""
        self._whole = text
        self.setToolTip(tooltip_text(text))
        self.setAccessibleName(text)
        self._elide()

    def cover(self) -> None:
        self._elide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        metrics = QFontMetrics(self.font())
        self.setText(
            metrics.elidedText(
                covered(self._whole), Qt.TextElideMode.ElideMiddle, max(self.width(), 20)
            )
        )


def tooltip_text(text: str) -> str:
    """Plain text as a tooltip that keeps its lines and cannot become HTML."""
    return f'<p style="white-space:pre-wrap">{html.escape(text)}</p>' if text else ""


def button_text(text: str) -> str:
    """Dynamic text for a button or action, where & would become a keyboard mnemonic."""
    return text.replace("&", "&&")


def display_lines(text: str) -> str:
    """Untrusted text with its own lines kept, each of them harmless."""
    return "\n".join(display_text(line, _LINE_LIMIT) for line in text.splitlines())
