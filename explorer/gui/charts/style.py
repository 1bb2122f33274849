"""How arms and phases look: a colour, a symbol and a line style each, so that colour is never the only difference."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor, QGuiApplication, QPalette, QPen

from explorer.gui.theme import current_theme


@dataclass(frozen=True)
class ArmStyle:
    """The look of one arm; `symbol` is pyqtgraph's letter."""

    colour: QColor
    symbol: str
    dash: Qt.PenStyle

    def pen(self, width: float = 1.5) -> QPen:
        """For its lines."""
        return pen(self.colour, width, self.dash)


# At least 3:1 on the chart's background (WCAG 1.4.11); blue, orange and grey stay apart in all kinds of colour blindness.
_LIGHT = ("#4477AA", "#C2500B", "#6B6B6B")
_DARK = ("#66A8E0", "#F2A15F", "#A8A8A8")
_SYMBOLS = ("o", "t1", "s")
_DASHES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine)
# Phases: the engine's part in cool greys, the app's in the colour that is looked for.
_PHASES_LIGHT = {"create": "#8FA3B8", "engine": "#5B7896", "app": "#CC8A1D", "said": "#E3C07A"}
_PHASES_DARK = {"create": "#51647A", "engine": "#6F8FB0", "app": "#E0A33C", "said": "#8D6D33"}
# pyqtgraph's symbols of the moments in the waterfall.
MARKS = {"first_log": "t1", "listening": "d", "ready": "o", "exit": "s"}


def arm_style(place: int, *, floor: bool = False) -> ArmStyle:
    """The look of the arm at a place."""
    number = 2 if floor else min(place, 1)
    colours = _DARK if current_theme().dark else _LIGHT
    return ArmStyle(QColor(colours[number]), _SYMBOLS[number], _DASHES[number])


def phase_colour(kind: str) -> QColor:
    """The colour of a bar in the waterfall."""
    return QColor((_PHASES_DARK if current_theme().dark else _PHASES_LIGHT)[kind])


def palette() -> QPalette:
    """The application's: a widget's own follows a change of theme only some events later."""
    return QGuiApplication.palette()


def pen(colour: QColor, width: float = 1.0, dash: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    """A pen whose width does not follow the axes."""
    made = QPen(colour, width, dash)
    made.setCosmetic(True)
    return made


def faint(colour: QColor, alpha: int = 60) -> QBrush:
    """A see-through fill."""
    paler = QColor(colour)
    paler.setAlpha(alpha)
    return QBrush(paler)
