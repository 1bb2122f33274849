"""How arms and phases look: a colour, a symbol and a line style each, so that colour is never the only difference."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetrics, QGuiApplication, QPalette, QPen

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
# For presenting, 6:1 and more.
_LIGHT_CONTRAST = ("#0B4F94", "#9C3800", "#4A4A4A")
_DARK_CONTRAST = ("#8CCBFF", "#FFB878", "#D0D0D0")
_SYMBOLS = ("o", "t1", "s")
_DASHES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine)
# The line's height that widths of pens are meant for, in pixels.
_USUAL_LINE = 15.0
# Phases: the engine's part in cool greys, the app's in the colour that is looked for.
_PHASES_LIGHT = {"create": "#8FA3B8", "engine": "#5B7896", "app": "#CC8A1D", "said": "#E3C07A"}
_PHASES_DARK = {"create": "#51647A", "engine": "#6F8FB0", "app": "#E0A33C", "said": "#8D6D33"}
# pyqtgraph's symbols of the moments in the waterfall.
MARKS = {"first_log": "t1", "listening": "d", "ready": "o", "exit": "s"}


def arm_style(place: int, *, floor: bool = False) -> ArmStyle:
    """The look of the arm at a place."""
    number = 2 if floor else min(place, 1)
    theme = current_theme()
    usual = _DARK if theme.dark else _LIGHT
    strong = _DARK_CONTRAST if theme.dark else _LIGHT_CONTRAST
    colours = strong if theme.contrast else usual
    return ArmStyle(QColor(colours[number]), _SYMBOLS[number], _DASHES[number])


def phase_colour(kind: str) -> QColor:
    """The colour of a bar in the waterfall."""
    return QColor((_PHASES_DARK if current_theme().dark else _PHASES_LIGHT)[kind])


def font() -> QFont:
    """The application's: it is larger while presenting, and all that is drawn with it."""
    return QGuiApplication.font()


def em(share: float = 1.0) -> float:
    """A share of a line's height in pixels: what lengths in charts are measured by."""
    return share * QFontMetrics(font()).height()


def palette() -> QPalette:
    """The application's: a widget's own follows a change of theme only some events later."""
    return QGuiApplication.palette()


def pen(colour: QColor, width: float = 1.0, dash: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    """A pen whose width does not follow the axes."""
    made = QPen(colour, max(width, width * em() / _USUAL_LINE), dash)
    made.setCosmetic(True)
    return made


def faint(colour: QColor, alpha: int = 60) -> QBrush:
    """A see-through fill."""
    paler = QColor(colour)
    paler.setAlpha(alpha)
    return QBrush(paler)
