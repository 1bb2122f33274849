"""A report as PDF, drawn by reportlab: the same tables and charts as on the HTML page, for printing and sending.

Latin text stands in reportlab's own Vera, which is embedded; what that lacks in STSong-Light, which readers of PDF bring
along (Adobe-GB1: Chinese, Greek, Cyrillic). What neither has is written as an escape.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
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
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    LongTable,
    PageTemplate,
    Paragraph,
    XPreformatted,
)

from explorer.report import charts
from explorer.report.cells import (
    TOTAL,
    Shown,
    cell_text,
    change_text,
    clipped,
    shown_rows,
    visible,
)
from explorer.report.document import (
    NUMERIC,
    Bars,
    Block,
    Code,
    Column,
    Document,
    KeyFigures,
    Strips,
    Table,
    Treemap,
    Waterfall,
)
from explorer.report.document import Paragraph as Text
from explorer.report.drawing import WIDTH, Box, Dot, Drawing, Label, Line, fitted
from explorer.report.palette import GROUP_COLOURS, GROUP_LABELS, LESS, MORE, WHOLE, text_on
from explorer.translation import sentences, tr

_PLAIN, _BOLD, _WIDE = "Vera", "VeraBd", "STSong-Light"
_MARGIN = 16 * mm
_ROOM = A4[0] - 2 * _MARGIN
# The page is light, as print is (resources/report/report.css).
_PAINTS = {
    "ink": "#1c1f24",
    "faint": "#5b626d",
    "grid": "#d9dde3",
    "frame": "#e6e9ed",
    "less": LESS,
    "more": MORE,
    "whole": WHOLE,
}
_INK, _FAINT, _GRID, _SOFT = _PAINTS["ink"], _PAINTS["faint"], _PAINTS["grid"], "#f4f6f8"
# Wider cells are wrapped; the widest column takes what is left.
_COLUMN_LIMIT = 130.0
_SHORT = 70.0
_CELL, _PADDING = 7.5, 9.0
# Letters of a column's title.
_TITLE_LIMIT = 60
_HEADING = 300
# What a title does not stand above alone: the head of a table and two rows.
_LEAST_UNDER = 60.0
_MOST_PICTURE = 640.0
_FACT = 12.0  # a line of what was looked at
# Letters a line of code may have; longer ones go on in the next.
_CODE_LINE = 100


def pdf_bytes(document: Document) -> bytes:
    """The whole report; the same document gives the same bytes."""
    _register_fonts()
    target = io.BytesIO()
    template = BaseDocTemplate(
        target,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=_covered(document.title),
        author="Image Size Explorer",
        invariant=1,
        initialFontName=_PLAIN,
        lang=document.language,
    )
    frame = Frame(_MARGIN, _MARGIN, _ROOM, A4[1] - 2 * _MARGIN, 0, 0, 0, 0)
    page = PageTemplate("page", [frame], onPage=partial(_foot, title=document.title))
    template.addPageTemplates([page])
    template.build(list(_story(document)))
    return target.getvalue()


def _story(document: Document) -> Iterator[Flowable]:
    yield _Heading(document.title, 0)
    for warning in document.warnings:
        yield Paragraph(_markup(warning), _style(back="#fff6df", indent=4, before=3))
    for number, section in enumerate(document.sections):
        yield CondPageBreak(34 + (_under(section.blocks[0]) if section.blocks else 0.0))
        yield _Heading(section.title, 1)
        for place, block in enumerate(section.blocks):
            yield CondPageBreak(_under(block))
            if isinstance(block, Text) and number == place == 0:
                # What all of it comes to.
                yield Paragraph(_markup(block.text), _style(size=11, bold=True, before=3))
            else:
                yield from _block(block)
    yield CondPageBreak(_LEAST_UNDER + _FACT * len(document.facts))
    yield _Heading(tr("What was looked at"), 1)
    for fact in document.facts:
        line = f'<font color="{_FAINT}">{_markup(fact.label)}</font>  {_markup(fact.value)}'
        yield Paragraph(line, _style(before=1))


def _under(block: Block) -> float:
    """How high the place must be in which a block begins."""
    if isinstance(block, Bars | Waterfall | Treemap | Strips):
        return _Picture(_drawing(block)).height + 24
    return _LEAST_UNDER if isinstance(block, Table) else 0.0


def _block(block: Block) -> Iterator[Flowable]:
    if isinstance(block, Text):
        yield Paragraph(_markup(block.text), _style(before=3))
    elif isinstance(block, KeyFigures):
        yield from _figures(block)
    elif isinstance(block, Table):
        yield from _table(block)
    elif isinstance(block, Code):
        yield Paragraph(_markup(block.title), _style(bold=True, before=6))
        lines = "\n".join(_code_lines(block.text))
        yield XPreformatted(lines, _style(size=7.5, back=_SOFT, indent=4))
    else:
        yield from _chart(block)


def _code_lines(text: str) -> Iterator[str]:
    for line in text.split("\n"):
        # Seen first: escapes are longer than what they stand for.
        seen = _covered(visible(line.rstrip("\r").expandtabs(4)))
        for start in range(0, max(len(seen), 1), _CODE_LINE):
            yield _markup(seen[start : start + _CODE_LINE])


def _figures(block: KeyFigures) -> Iterator[Flowable]:
    for figure in block.figures:
        line = f"{_markup(figure.label)}: <b>{_markup(cell_text(figure.kind, figure.value))}</b>"
        if figure.before is not None:
            before = cell_text(figure.kind, figure.before)
            change = change_text(figure.before, figure.value)
            earlier = _markup(sentences(tr("before:"), before, change))
            line += f' <font color="{_FAINT}">{earlier}</font>'
        if figure.note:
            line += f' <font color="{_FAINT}">{_markup(figure.note)}</font>'
        yield Paragraph(line, _style(size=10, before=2))


def _chart(block: Bars | Waterfall | Treemap | Strips) -> Iterator[Flowable]:
    yield Paragraph(_markup(block.title), _style(bold=True, before=8))
    yield _Picture(_drawing(block))
    if isinstance(block, Treemap):
        used = {tile.group for panel in block.panels for tile in panel.tiles if tile.bytes}
        names = [
            f'<font color="{GROUP_COLOURS[group]}" size="16">•</font> {_markup(tr(text))}'
            for group, text in GROUP_LABELS.items()
            if group in used
        ]
        yield Paragraph("   ".join(names), _style(before=2))


def _drawing(block: Bars | Waterfall | Treemap | Strips) -> Drawing:
    if isinstance(block, Bars):
        return charts.bars(block)
    if isinstance(block, Waterfall):
        return charts.waterfall(block)
    return charts.treemap(block) if isinstance(block, Treemap) else charts.strips(block)


def _table(whole: Table) -> Iterator[Flowable]:
    table = whole.filled()
    yield Paragraph(_markup(table.title), _style(bold=True, before=8, after=2))
    rows = list(shown_rows(table))
    heads = [visible(column.title) for column in table.columns]
    widths = _widths(table.columns, heads, rows)
    cells = [
        [
            _head(head, width, right=column.kind in NUMERIC)
            for column, head, width in zip(table.columns, heads, widths, strict=True)
        ]
    ]
    cells += [
        [
            Paragraph(
                _markup(_text(cell)),
                _style(size=_CELL, bold=part == TOTAL, right=cell.column.kind in NUMERIC),
            )
            for cell in shown
        ]
        for part, shown in rows
    ]
    style: list[Any] = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 4),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
        ("LINEBELOW", (0, 0), (-1, 0), 1, HexColor(_GRID)),
        ("ROWBACKGROUNDS", (0, 1), (-1, -1), [None, HexColor(_SOFT)]),
        # Else one would be named that stands nowhere.
        ("FONTNAME", (0, 0), (-1, -1), _PLAIN),
    ]
    yield LongTable(cells, colWidths=widths, repeatRows=1, splitInRow=1, style=style, hAlign="LEFT")
    if table.note:
        yield Paragraph(_markup(table.note), _style(size=_CELL, paint=_FAINT, before=2))


def _text(cell: Shown) -> str:
    return f"{cell.text} ({cell.exact})" if cell.exact and cell.value else cell.text


def _head(title: str, width: float, *, right: bool) -> Paragraph:
    """A column's title, a long one cut; names of images break where their parts end."""
    lines = [""]
    for piece in _pieces(clipped(title, _TITLE_LIMIT)):
        if lines[-1] and _width(lines[-1] + piece.rstrip(), _BOLD, _CELL) > width - _PADDING:
            lines.append("")
        lines[-1] += piece
    return Paragraph("<br/>".join(map(_markup, lines)), _style(bold=True, size=_CELL, right=right))


def _pieces(text: str) -> list[str]:
    """A text in the parts that stay together: words, and the parts of an image's name."""
    return re.findall(r"[^\s/:@_-]*[\s/:@_-]+|[^\s/:@_-]+", text)


def _widths(
    columns: Sequence[Column],
    heads: Sequence[str],
    rows: Sequence[tuple[str, Sequence[Shown]]],
) -> list[float]:
    """Numbers and words get the room they need, texts share what is left by how long their lines are."""
    least, wanted = [], []
    for place, (column, head) in enumerate(zip(columns, heads, strict=True)):
        texts = [(_text(cells[place]), part == TOTAL) for part, cells in rows]
        low, high = _least_and_wanted(column, head, texts)
        least.append(low + _PADDING)
        wanted.append(max(low, high) + _PADDING)
    if sum(wanted) <= _ROOM:
        return wanted
    if sum(least) >= _ROOM:
        return [width * _ROOM / sum(least) for width in least]
    left = (_ROOM - sum(least)) / (sum(wanted) - sum(least))
    return [low + (width - low) * left for low, width in zip(least, wanted, strict=True)]


def _least_and_wanted(
    column: Column, head: str, texts: Sequence[tuple[str, bool]]
) -> tuple[float, float]:
    """How wide a column must be and would like to be; `texts` are its cells and whether they are bold."""
    longest = max(
        (_width(text, _BOLD if bold else _PLAIN, _CELL) for text, bold in texts), default=0.0
    )
    pieces = [0.0, *(_width(piece, _BOLD, _CELL) for piece in _pieces(head))]
    # A title takes two lines, or three, rather than widen its column.
    title = max(*pieces, min(sum(pieces), _SHORT), min(sum(pieces) / 2, 1.3 * _SHORT))
    if column.kind in NUMERIC:
        longest = min(longest, _COLUMN_LIMIT)
        return max(longest, *pieces), max(longest, title)
    return max(min(longest, _SHORT), *pieces), max(longest, title)


class _Heading(Paragraph):
    """A heading with its bookmark; `level` 0 is the title."""

    def __init__(self, text: str, level: int) -> None:
        size = 13.0 if level else 18.0
        super().__init__(
            _markup(clipped(text, _HEADING)),
            _style(size=size, bold=True, before=14 * level, after=4),
        )
        self._text, self._level = _covered(visible(text)), level

    def draw(self) -> None:
        canvas = self.canv
        key = f"{self._text}-{canvas.getPageNumber()}"
        canvas.bookmarkPage(key)
        canvas.addOutlineEntry(self._text, key, self._level)
        super().draw()


class _Picture(Flowable):
    """A chart as wide as the page, or as high."""

    def __init__(self, drawing: Drawing) -> None:
        super().__init__()
        self._drawing = drawing
        self._scale = min(_ROOM / WIDTH, _MOST_PICTURE / max(drawing.height, 1.0))
        self.width, self.height = _ROOM, drawing.height * self._scale + 4

    def draw(self) -> None:
        canvas = self.canv
        canvas.translate(0, self.height - 2)
        canvas.scale(self._scale, self._scale)
        for shape in self._drawing.shapes:
            if isinstance(shape, Box):
                canvas.setFillColor(HexColor(_paint(shape.paint)))
                canvas.rect(shape.x, -shape.y - shape.height, shape.width, shape.height, 0, 1)
            elif isinstance(shape, Label):
                _label(canvas, shape)
            elif isinstance(shape, Line):
                canvas.setStrokeColor(HexColor(_paint(shape.paint)))
                canvas.setLineWidth(shape.width)
                canvas.setDash(*((3, 3) if shape.dashed else ()))
                canvas.line(shape.x1, -shape.y1, shape.x2, -shape.y2)
            else:
                _dot(canvas, shape)


def _dot(canvas: Any, dot: Dot) -> None:
    canvas.setFillColor(HexColor(_paint(dot.paint)))
    canvas.circle(dot.x, -dot.y, dot.radius, 0, 1)


def _label(canvas: Any, label: Label) -> None:
    font = _BOLD if label.bold else _PLAIN
    # Vera is wider than the fonts that the drawing reckons with.
    size = label.size * 0.9
    width = _width(label.text, font, size)
    x = label.x - {"start": 0.0, "middle": width / 2, "end": width}[label.anchor]
    canvas.setFillColor(HexColor(_paint(label.paint)))
    for name, run in _runs(label.text, font):
        canvas.setFont(name, size)
        canvas.drawString(x, -label.y, run)
        x += pdfmetrics.stringWidth(run, name, size)


def _foot(canvas: Any, _template: Any, *, title: str) -> None:
    canvas.saveState()
    shown = fitted(_covered(visible(title)), 8.0, _ROOM - 40)
    text = f"{shown} · {canvas.getPageNumber()}"
    _label(canvas, Label(A4[0] - _MARGIN, -8 * mm, text, 8.0, "end", "faint"))
    canvas.restoreState()


def _paint(name: str) -> str:
    """The colour that a drawing names: see explorer.report.drawing."""
    if name in _PAINTS:
        return _PAINTS[name]
    if name.startswith("on-"):
        return text_on(_paint(name.removeprefix("on-")))
    if name.startswith("part-"):
        return _lighter(GROUP_COLOURS[name.removeprefix("part-")])
    return GROUP_COLOURS[name]


def _lighter(colour: str) -> str:
    channels = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return "#" + "".join(f"{255 - (255 - part) * 7 // 10:02x}" for part in channels)


def _style(
    *,
    size: float = 8.5,
    bold: bool = False,
    right: bool = False,
    paint: str = _INK,
    back: str = "",
    indent: float = 0.0,
    before: float = 0.0,
    after: float = 0.0,
) -> ParagraphStyle:
    return ParagraphStyle(
        "text",
        fontName=_BOLD if bold else _PLAIN,
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


def _markup(text: str) -> str:
    """Text for reportlab's paragraphs, which read markup: none of its own gets through."""
    return "".join(
        escape(run) if font == _PLAIN else f'<font name="{_WIDE}">{escape(run)}</font>'
        for font, run in _runs(text, _PLAIN)
    )


def _runs(text: str, font: str) -> Iterator[tuple[str, str]]:
    """Pieces of a text, each with a font that has its letters."""
    covered = _covered(visible(text).replace("\n", " "))
    start, wide = 0, False
    for place, char in enumerate(covered):
        if (not _has(char)) != wide:
            if place > start:
                yield (_WIDE if wide else font), covered[start:place]
            start, wide = place, not wide
    if start < len(covered):
        yield (_WIDE if wide else font), covered[start:]


def _covered(text: str) -> str:
    """The text with escapes for what neither font has; a sign says what the marks of a difference say."""
    text = text.replace("▲ ", "").replace("▼ ", "")
    return "".join(char if _has(char) or _has_wide(char) else _escape(char) for char in text)


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


@lru_cache(maxsize=4096)
def _has(char: str) -> bool:
    face: Any = pdfmetrics.getFont(_PLAIN).face  # type: ignore[attr-defined]  # a TTFont's
    return ord(char) in face.charToGlyph


def _has_wide(char: str) -> bool:
    # Adobe-GB1 holds GBK, and reportlab writes UCS-2.
    try:
        return len(char.encode("gbk")) == 2
    except UnicodeEncodeError:
        return False


def _width(text: str, font: str, size: float) -> float:
    return float(sum(pdfmetrics.stringWidth(run, name, size) for name, run in _runs(text, font)))


def _register_fonts() -> None:
    known = pdfmetrics.getRegisteredFontNames()
    if _WIDE not in known:
        pdfmetrics.registerFont(TTFont(_PLAIN, "Vera.ttf"))
        pdfmetrics.registerFont(TTFont(_BOLD, "VeraBd.ttf"))
        pdfmetrics.registerFontFamily(_PLAIN, _PLAIN, _BOLD, _PLAIN, _BOLD)
        pdfmetrics.registerFont(UnicodeCIDFont(_WIDE))
