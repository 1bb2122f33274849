"""A report as PDF, drawn by reportlab: the same tables and charts as on the HTML page, for printing and sending."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import partial
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    PageTemplate,
    Paragraph,
    XPreformatted,
)

from explorer.report import charts
from explorer.report.cells import (
    cell_text,
    change_text,
    clipped,
    visible,
)
from explorer.report.document import (
    Bars,
    Block,
    Code,
    Document,
    KeyFigures,
    Strips,
    Table,
    Treemap,
    Waterfall,
)
from explorer.report.document import Paragraph as Text
from explorer.report.drawing import WIDTH, Box, Dot, Drawing, Label, Line, fitted
from explorer.report.palette import GROUP_COLOURS, GROUP_LABELS, text_on
from explorer.report.pdf_table import table_flowables
from explorer.report.pdf_text import (
    BOLD,
    FAINT,
    MARGIN,
    PAINTS,
    PLAIN,
    ROOM,
    SOFT,
    covered,
    markup,
    register_fonts,
    runs,
    style,
    width_of,
)
from explorer.translation import sentences, tr

_HEADING = 300
# What a title does not stand above alone: the head of a table and two rows.
_LEAST_UNDER = 60.0
_MOST_PICTURE = 640.0
_FACT = 12.0  # a line of what was looked at
# Letters a line of code may have; longer ones go on in the next.
_CODE_LINE = 100
# As report.css has them.
_DIFF_PAINTS = {"+": "#dcebfa", "-": "#fbe6d3"}


def pdf_bytes(document: Document) -> bytes:
    """The whole report; the same document gives the same bytes."""
    register_fonts()
    target = io.BytesIO()
    template = BaseDocTemplate(
        target,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=covered(document.title),
        author="Image Size Explorer",
        invariant=1,
        initialFontName=PLAIN,
        lang=document.language,
    )
    frame = Frame(MARGIN, MARGIN, ROOM, A4[1] - 2 * MARGIN, 0, 0, 0, 0)
    page = PageTemplate("page", [frame], onPage=partial(_foot, title=document.title))
    template.addPageTemplates([page])
    template.build(list(_story(document)))
    return target.getvalue()


def _story(document: Document) -> Iterator[Flowable]:
    yield _Heading(document.title, 0)
    for warning in document.warnings:
        yield Paragraph(markup(warning), style(back="#fff6df", indent=4, before=3))
    for number, section in enumerate(document.sections):
        yield CondPageBreak(34 + (_under(section.blocks[0]) if section.blocks else 0.0))
        yield _Heading(section.title, 1)
        for place, block in enumerate(section.blocks):
            yield CondPageBreak(_under(block))
            if isinstance(block, Text) and number == place == 0:
                # What all of it comes to.
                yield Paragraph(markup(block.text), style(size=11, bold=True, before=3))
            else:
                yield from _block(block)
    yield CondPageBreak(_LEAST_UNDER + _FACT * len(document.facts))
    yield _Heading(tr("What was looked at"), 1)
    for fact in document.facts:
        line = f'<font color="{FAINT}">{markup(fact.label)}</font>  {markup(fact.value)}'
        yield Paragraph(line, style(before=1))


def _under(block: Block) -> float:
    """How high the place must be in which a block begins."""
    if isinstance(block, Bars | Waterfall | Treemap | Strips):
        return _Picture(_drawing(block)).height + 24
    return _LEAST_UNDER if isinstance(block, Table) else 0.0


def _block(block: Block) -> Iterator[Flowable]:
    if isinstance(block, Text):
        yield Paragraph(markup(block.text), style(before=3))
    elif isinstance(block, KeyFigures):
        yield from _figures(block)
    elif isinstance(block, Table):
        yield from table_flowables(block)
    elif isinstance(block, Code):
        yield Paragraph(markup(block.title), style(bold=True, before=6))
        lines = "\n".join(_code_lines(block))
        yield XPreformatted(lines, style(size=7.5, back=SOFT, indent=4))
    else:
        yield from _chart(block)


def _code_lines(block: Code) -> Iterator[str]:
    for line in block.text.split("\n"):
        paint = _DIFF_PAINTS.get(line[:1]) if block.language == "diff" else None
        # Seen first: escapes are longer than what they stand for.
        seen = covered(visible(line.rstrip("\r").expandtabs(4)))
        for start in range(0, max(len(seen), 1), _CODE_LINE):
            text = markup(seen[start : start + _CODE_LINE])
            yield f'<font backcolor="{paint}">{text}</font>' if paint else text


def _figures(block: KeyFigures) -> Iterator[Flowable]:
    for figure in block.figures:
        line = f"{markup(figure.label)}: <b>{markup(cell_text(figure.kind, figure.value))}</b>"
        if figure.before is not None:
            before = cell_text(figure.kind, figure.before)
            change = change_text(figure.before, figure.value)
            earlier = markup(sentences(tr("before:"), before, change))
            line += f' <font color="{FAINT}">{earlier}</font>'
        if figure.note:
            line += f' <font color="{FAINT}">{markup(figure.note)}</font>'
        yield Paragraph(line, style(size=10, before=2))


def _chart(block: Bars | Waterfall | Treemap | Strips) -> Iterator[Flowable]:
    yield Paragraph(markup(block.title), style(bold=True, before=8))
    yield _Picture(_drawing(block))
    if isinstance(block, Treemap):
        used = {tile.group for panel in block.panels for tile in panel.tiles if tile.bytes}
        names = [
            f'<font color="{GROUP_COLOURS[group]}" size="16">•</font> {markup(tr(text))}'
            for group, text in GROUP_LABELS.items()
            if group in used
        ]
        yield Paragraph("   ".join(names), style(before=2))


def _drawing(block: Bars | Waterfall | Treemap | Strips) -> Drawing:
    if isinstance(block, Bars):
        return charts.bars(block)
    if isinstance(block, Waterfall):
        return charts.waterfall(block)
    return charts.treemap(block) if isinstance(block, Treemap) else charts.strips(block)


class _Heading(Paragraph):
    """A heading with its bookmark; `level` 0 is the title."""

    def __init__(self, text: str, level: int) -> None:
        size = 13.0 if level else 18.0
        super().__init__(
            markup(clipped(text, _HEADING)),
            style(size=size, bold=True, before=14 * level, after=4),
        )
        self._text, self._level = covered(visible(text)), level

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
        self._scale = min(ROOM / WIDTH, _MOST_PICTURE / max(drawing.height, 1.0))
        self.width, self.height = ROOM, drawing.height * self._scale + 4

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
    font = BOLD if label.bold else PLAIN
    # Vera is wider than the fonts that the drawing reckons with.
    size = label.size * 0.9
    width = width_of(label.text, font, size)
    x = label.x - {"start": 0.0, "middle": width / 2, "end": width}[label.anchor]
    canvas.setFillColor(HexColor(_paint(label.paint)))
    for name, run in runs(label.text, font):
        canvas.setFont(name, size)
        canvas.drawString(x, -label.y, run)
        x += pdfmetrics.stringWidth(run, name, size)


def _foot(canvas: Any, _template: Any, *, title: str) -> None:
    canvas.saveState()
    shown = fitted(covered(visible(title)), 8.0, ROOM - 40)
    text = f"{shown} · {canvas.getPageNumber()}"
    _label(canvas, Label(A4[0] - MARGIN, -8 * mm, text, 8.0, "end", "faint"))
    canvas.restoreState()


def _paint(name: str) -> str:
    """The colour that a drawing names: see explorer.report.drawing."""
    if name in PAINTS:
        return PAINTS[name]
    if name.startswith("on-"):
        return text_on(_paint(name.removeprefix("on-")))
    if name.startswith("part-"):
        return _lighter(GROUP_COLOURS[name.removeprefix("part-")])
    return GROUP_COLOURS[name]


def _lighter(colour: str) -> str:
    channels = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return "#" + "".join(f"{255 - (255 - part) * 7 // 10:02x}" for part in channels)
