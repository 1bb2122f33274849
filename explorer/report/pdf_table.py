"""Tables on the pages of a PDF: columns as wide as what stands in them, never wider than the page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.platypus import Flowable, LongTable, Paragraph

from explorer.report.cells import TOTAL, Shown, clipped, shown_rows, visible
from explorer.report.document import NUMERIC, Column, Table
from explorer.report.pdf_text import BOLD, FAINT, GRID, PLAIN, ROOM, SOFT, markup, style, width_of

# Wider cells are wrapped; the widest column takes what is left.
_COLUMN_LIMIT = 130.0
_SHORT = 70.0
_CELL, _PADDING = 7.5, 9.0
# Letters of a column's title.
_TITLE_LIMIT = 60


def table_flowables(whole: Table) -> Iterator[Flowable]:
    """A table with its title and its note; its head stands on every page."""
    table = whole.filled()
    yield Paragraph(markup(table.title), style(bold=True, before=8, after=2))
    rows = list(shown_rows(table))
    heads = [visible(column.title) for column in table.columns]
    widths = column_widths(table.columns, heads, rows)
    cells = [
        [
            _head(head, width, right=column.kind in NUMERIC)
            for column, head, width in zip(table.columns, heads, widths, strict=True)
        ]
    ]
    cells += [
        [
            Paragraph(
                markup(_text(cell)),
                style(size=_CELL, bold=part == TOTAL, right=cell.column.kind in NUMERIC),
            )
            for cell in shown
        ]
        for part, shown in rows
    ]
    lines: list[Any] = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 4),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
        ("LINEBELOW", (0, 0), (-1, 0), 1, HexColor(GRID)),
        ("ROWBACKGROUNDS", (0, 1), (-1, -1), [None, HexColor(SOFT)]),
        # Else one would be named that stands nowhere.
        ("FONTNAME", (0, 0), (-1, -1), PLAIN),
    ]
    yield LongTable(cells, colWidths=widths, repeatRows=1, splitInRow=1, style=lines, hAlign="LEFT")
    if table.note:
        yield Paragraph(markup(table.note), style(size=_CELL, paint=FAINT, before=2))


def _text(cell: Shown) -> str:
    return f"{cell.text} ({cell.exact})" if cell.exact and cell.value else cell.text


def _head(title: str, width: float, *, right: bool) -> Paragraph:
    """A column's title, a long one cut; names of images break where their parts end."""
    lines = [""]
    for piece in _pieces(clipped(title, _TITLE_LIMIT)):
        if lines[-1] and width_of(lines[-1] + piece.rstrip(), BOLD, _CELL) > width - _PADDING:
            lines.append("")
        lines[-1] += piece
    return Paragraph("<br/>".join(map(markup, lines)), style(bold=True, size=_CELL, right=right))


def _pieces(text: str) -> list[str]:
    """A text in the parts that stay together: words, and the parts of an image's name."""
    return re.findall(r"[^\s/:@_-]*[\s/:@_-]+|[^\s/:@_-]+", text)


def column_widths(
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
    if sum(wanted) <= ROOM:
        return wanted
    if sum(least) >= ROOM:
        return [width * ROOM / sum(least) for width in least]
    left = (ROOM - sum(least)) / (sum(wanted) - sum(least))
    return [low + (width - low) * left for low, width in zip(least, wanted, strict=True)]


def _least_and_wanted(
    column: Column, head: str, texts: Sequence[tuple[str, bool]]
) -> tuple[float, float]:
    """How wide a column must be and would like to be; `texts` are its cells and whether they are bold."""
    longest = max(
        (width_of(text, BOLD if bold else PLAIN, _CELL) for text, bold in texts), default=0.0
    )
    pieces = [0.0, *(width_of(piece, BOLD, _CELL) for piece in _pieces(head))]
    # A title takes two lines, or three, rather than widen its column.
    title = max(*pieces, min(sum(pieces), _SHORT), min(sum(pieces) / 2, 1.3 * _SHORT))
    if column.kind in NUMERIC:
        longest = min(longest, _COLUMN_LIMIT)
        return max(longest, *pieces), max(longest, title)
    return max(min(longest, _SHORT), *pieces), max(longest, title)
