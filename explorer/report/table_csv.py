"""All tables of a report as one CSV file (RFC 4180): a title line, a line of column names, the rows, an empty line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from explorer.report.cells import visible
from explorer.report.document import Cell, Document, Table
from explorer.translation import tr
from explorer.units import display_name

# What spreadsheets take for the beginning of a formula (OWASP, CSV Injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def csv_text(document: Document) -> str:
    """Every table with all its listed rows; numbers have all their digits, shares are fractions, times seconds.

    Rows that are not listed and totals follow with their name in the first column.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([csv_text_cell(document.title)])
    writer.writerows([csv_text_cell(warning)] for warning in document.warnings)
    for table in document.tables():
        writer.writerow([])
        writer.writerows(_lines(table))
    return text.getvalue()


def csv_text_cell(text: str) -> str:
    """Text in one line that no spreadsheet takes for a formula."""
    text = visible(text)
    return f"'{text}" if text.startswith(FORMULA) else text


def _lines(table: Table) -> Iterator[Sequence[object]]:
    yield [csv_text_cell(table.title)]
    yield [csv_text_cell(column.title) for column in table.columns]
    yield from map(_cells, table.rows)
    if table.more:
        yield [tr("not listed: {n}", n=table.more), *_cells(table.rest[1:])]
    if table.total:
        yield [tr("total"), *_cells(table.total[1:])]


def _cells(row: Iterable[Cell]) -> list[object]:
    return [_cell(value) for value in row]


def _cell(value: Cell) -> object:
    if isinstance(value, bytes):
        return csv_text_cell("/" + display_name(value, len(value) * 4 + 1))
    if isinstance(value, str):
        return csv_text_cell(value)
    return "" if value is None else value
