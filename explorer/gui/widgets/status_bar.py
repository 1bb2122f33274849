"""The status bar: which engine, what the pointer is over, and work under way with its Cancel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QProgressBar, QPushButton, QStatusBar, QToolButton, QWidget

from explorer.errors import ExplorerError
from explorer.gui.theme import current_theme
from explorer.gui.widgets.plain_label import (
    ElidedLabel,
    PlainLabel,
    button_text,
    display_lines,
    tooltip_text,
)
from explorer.translation import tr
from explorer.units import display_text

if TYPE_CHECKING:
    # The engine's modules load only when an engine is asked.
    from explorer.engine.client import EngineInfo

_DOT = 10
_BAR = QSize(160, 14)
_STEPS = 1000


class StatusBar(QStatusBar):
    """Says what it is told; emits what is clicked."""

    engine_clicked = Signal()
    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self._engine = QToolButton()
        self._engine.setAutoRaise(True)
        self._engine.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._engine.clicked.connect(self.engine_clicked)
        self._hover = ElidedLabel()
        self._text = PlainLabel()
        self._bar = QProgressBar()
        self._bar.setFixedSize(_BAR)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(tr("Progress"))
        self._cancel = QPushButton(tr("Cancel"))
        self._cancel.setAutoDefault(False)
        self._cancel.clicked.connect(self.cancelled)
        self.addWidget(self._engine)
        self.addWidget(self._hover, 1)
        for widget in (self._text, self._bar, self._cancel):
            self.addPermanentWidget(widget)
        self.show_progress("", -1.0)
        self.show_engine(None)

    @property
    def engine_text(self) -> str:
        """What is said of the engine."""
        return self._engine.text().replace("&&", "&")

    @property
    def hover_text(self) -> str:
        """What the pointer is over, whole."""
        return self._hover.accessibleName()

    def show_engine(self, state: EngineInfo | ExplorerError | None) -> None:
        """An engine that answers, the error of one that does not, None while it is not known."""
        theme = current_theme()
        if state is None:
            colour, text, more = theme.muted, tr("Looking for an engine…"), ""
        elif isinstance(state, ExplorerError):
            colour, text = theme.bad, tr("No engine answers")
            more = f"{state.message}\n{state.hint}"
        else:
            place = display_text(state.endpoint.removeprefix("unix://"), 60)
            colour, text = theme.good, f"{state.product} {state.version} · {place}"
            more = "\n".join(
                part
                for part in (state.endpoint, state.found, state.operating_system, state.warning)
                if part
            )
        self._engine.setIcon(_dot(colour))
        self._engine.setText(button_text(text))
        self._engine.setToolTip(tooltip_text(display_lines(more)))
        self._engine.setAccessibleName(text)

    def show_hover(self, text: str) -> None:
        """A path and its size, "" for nothing."""
        self._hover.set_whole(text)

    def show_progress(self, text: str, share: float) -> None:
        """Work under way: a sentence and the share that is done, -1.0 unknown; "" ends it."""
        for widget in (self._text, self._bar, self._cancel):
            widget.setVisible(bool(text))
        self._text.setText(display_text(text, 120))
        if share < 0 and text:
            self._bar.setRange(0, 0)
        else:
            self._bar.setRange(0, _STEPS)
            self._bar.setValue(max(round(_STEPS * share), 0))


def _dot(colour: QColor) -> QIcon:
    pixmap = QPixmap(_DOT, _DOT)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(colour)
    painter.setPen(colour.darker(130))
    painter.drawEllipse(1, 1, _DOT - 2, _DOT - 2)
    painter.end()
    return QIcon(pixmap)
