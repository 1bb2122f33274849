"""Text on the pages of a PDF: its fonts, colours and styles, and what becomes of letters that no font has.

Latin text stands in reportlab's own Vera, which is embedded; what that lacks in STSong-Light, which readers of PDF bring
along (Adobe-GB1: Chinese, Greek, Cyrillic). What neither has is written as an escape.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from html import escape
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont

from explorer.report.cells import visible
from explorer.report.palette import LESS, MORE, WHOLE

PLAIN, BOLD, _WIDE = "Vera", "VeraBd", "STSong-Light"
MARGIN = 16 * mm
ROOM = A4[0] - 2 * MARGIN
# The page is light, as print is (resources/report/report.css).
PAINTS = {
    "ink": "#1c1f24",
    "faint": "#5b626d",
    "grid": "#d9dde3",
    "frame": "#e6e9ed",
    "less": LESS,
    "more": MORE,
    "whole": WHOLE,
}
INK, FAINT, GRID, SOFT = PAINTS["ink"], PAINTS["faint"], PAINTS["grid"], "#f4f6f8"


def style(
    *,
    size: float = 8.5,
    bold: bool = False,
    right: bool = False,
    paint: str = INK,
    back: str = "",
    indent: float = 0.0,
    before: float = 0.0,
    after: float = 0.0,
) -> ParagraphStyle:
    """How a paragraph looks; lengths in points."""
    return ParagraphStyle(
        "text",
        fontName=BOLD if bold else PLAIN,
        fontSize=size,
        leading=size * 1.3,
        textColor=HexColor(paint),
        backColor=HexColor(back) if back else None,
        borderPadding=indent,
        leftIndent=indent,
        rightIndent=indent,
        spaceBefore=before + indent,
        spaceAfter=after + indent,
        alignment=TA_RIGHT if right else 0,
        splitLongWords=1,
    )


def markup(text: str) -> str:
    """Text for reportlab's paragraphs, which read markup: none of its own gets through."""
    return "".join(
        escape(run) if font == PLAIN else f'<font name="{_WIDE}">{escape(run)}</font>'
        for font, run in runs(text, PLAIN)
    )


def runs(text: str, font: str) -> Iterator[tuple[str, str]]:
    """Pieces of a text, each with a font that has its letters."""
    told = covered(visible(text).replace("\n", " "))
    start, wide = 0, False
    for place, char in enumerate(told):
        if (not _has(char)) != wide:
            if place > start:
                yield (_WIDE if wide else font), told[start:place]
            start, wide = place, not wide
    if start < len(told):
        yield (_WIDE if wide else font), told[start:]


def covered(text: str) -> str:
    """The text with escapes for what neither font has; a sign says what the marks of a difference say."""
    text = text.replace("▲ ", "").replace("▼ ", "")
    return "".join(char if _has(char) or _has_wide(char) else _escape(char) for char in text)


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


@lru_cache(maxsize=4096)
def _has(char: str) -> bool:
    face: Any = pdfmetrics.getFont(PLAIN).face  # type: ignore[attr-defined]  # a TTFont's
    return ord(char) in face.charToGlyph


def _has_wide(char: str) -> bool:
    # Adobe-GB1 holds GBK, and reportlab writes UCS-2.
    try:
        return len(char.encode("gbk")) == 2
    except UnicodeEncodeError:
        return False


def width_of(text: str, font: str, size: float) -> float:
    """How wide a text is drawn, in points."""
    return float(sum(pdfmetrics.stringWidth(run, name, size) for name, run in runs(text, font)))


def register_fonts() -> None:
    """Make the fonts known to reportlab: before all else here."""
    known = pdfmetrics.getRegisteredFontNames()
    if _WIDE not in known:
        pdfmetrics.registerFont(TTFont(PLAIN, "Vera.ttf"))
        pdfmetrics.registerFont(TTFont(BOLD, "VeraBd.ttf"))
        pdfmetrics.registerFontFamily(PLAIN, PLAIN, BOLD, PLAIN, BOLD)
        pdfmetrics.registerFont(UnicodeCIDFont(_WIDE))
