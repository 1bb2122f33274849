"""A whole report as one CSV file (RFC 4180): each line begins with what it is, so that people can filter it and programs read it.

    report,TITLE
    note,WARNING
    fact,LABEL,VALUE

    table,ID,TITLE
    note,TEXT
    columns,ID,…        ids of tables and columns never change
    titles,TITLE,…      what people call the columns
    row,CELL,…
    rest,…              the sums of rows that are not listed; a report for CSV lists all
    total,…             the sums of all rows

Numbers have all their digits, shares are fractions of 1, times seconds, yes and no are English.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from explorer.report.csv_lines import csv_cell, csv_parts, path_text
from explorer.report.document import (
    Bar,
    Bars,
    Block,
    Cell,
    Column,
    Document,
    Figure,
    KeyFigures,
    Kind,
    Row,
    Section,
    Strips,
    Table,
    Typed,
    Waterfall,
)
from explorer.translation import tr

Line = Sequence[object]


def document_csv(document: Document) -> Iterator[bytes]:
    """The file, in parts of some thousand lines: rows of long tables are made only when they are written."""
    return csv_parts(_lines(document))


def _lines(document: Document) -> Iterator[Line]:
    yield "report", csv_cell(document.title)
    for warning in document.warnings:
        yield "note", csv_cell(warning)
    for fact in document.facts:
        yield "fact", csv_cell(fact.label), csv_cell(fact.value)
    known: Counter[str] = Counter()
    for section in document.sections:
        for block in section.blocks:
            table = _as_table(block, section)
            if table is None:
                continue
            known[table.id] += 1
            again = f"-{known[table.id]}" if known[table.id] > 1 else ""
            yield ()
            yield from _table(replace(table, id=table.id + again))


def _table(table: Table) -> Iterator[Line]:
    yield "table", table.id, csv_cell(table.title)
    if table.note:
        yield "note", csv_cell(table.note)
    yield "columns", *(column.id for column in table.columns)
    yield "titles", *(csv_cell(column.title) for column in table.columns)
    for row in table.rows:
        yield "row", *map(_cell, row)
    if table.more:
        yield "rest", tr("not listed: {n}", n=table.more), *map(_cell, table.rest[1:])
    if table.total:
        yield "total", *map(_cell, table.total)


def _cell(value: Cell) -> object:
    # The most frequent kinds first: there may be millions of them.
    if value is None:
        return ""
    if isinstance(value, bytes):
        return "/" + path_text(value)
    if isinstance(value, str):
        return csv_cell(value)
    if isinstance(value, Typed):
        return _cell(value.value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value


def _as_table(block: Block, section: Section) -> Table | None:
    """What a block tells in numbers; pictures of a table's own figures are not told twice."""
    if isinstance(block, Table):
        return block
    if isinstance(block, KeyFigures):
        return _figures(block, section)
    if isinstance(block, Bars):
        columns = (Column("label", block.title), Column("bytes", tr("Size"), Kind.BYTES))
        return Table(f"{section.id}-bars", block.title, columns, tuple(map(_bar, block.bars)))
    if isinstance(block, Waterfall):
        return _waterfall(block, section)
    if isinstance(block, Strips):
        return _times(block, section)
    return None


def _figures(block: KeyFigures, section: Section) -> Table:
    compared = any(figure.before is not None for figure in block.figures)
    columns = [Column("figure", tr("What")), Column("label", tr("Name"))]
    if compared:
        columns.append(Column("before", tr("before")))
    columns += [
        Column("value", tr("after") if compared else tr("Size")),
        Column("note", tr("Note")),
    ]

    def row(figure: Figure) -> Row:
        before = (figure.before,) if compared else ()
        return figure.id or None, figure.label, *before, figure.value, figure.note or None

    return Table(
        f"{section.id}-figures", section.title, tuple(columns), tuple(map(row, block.figures))
    )


def _waterfall(block: Waterfall, section: Section) -> Table:
    """The first size, then every step, then the last: the steps are differences."""
    rows: list[Row] = [("start", *_bar(block.start))]
    rows += [("step", *_bar(step)) for step in block.steps]
    rows.append(("end", *_bar(block.end)))
    columns = (
        Column("what", tr("What")),
        Column("label", tr("Name")),
        Column("bytes", tr("Bytes more or less"), Kind.DELTA, summed=False),
    )
    return Table(f"{section.id}-waterfall", block.title, columns, tuple(rows))


def _times(block: Strips, section: Section) -> Table | None:
    """Every measured time, where they are known; a table has the medians."""
    rows: tuple[Row, ...] = tuple(
        (strip.label, value) for strip in block.strips for value in strip.values
    )
    columns = (Column("label", tr("Name")), Column("seconds", tr("Time"), Kind.SECONDS))
    return Table(f"{section.id}-times", block.title, columns, rows) if rows else None


def _bar(bar: Bar) -> Row:
    return bar.label, bar.bytes
