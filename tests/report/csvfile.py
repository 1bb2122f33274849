"""What a program makes of a report's CSV file."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field

from explorer.report.document import Document
from explorer.report.document_csv import document_csv


@dataclass
class Read:
    """What a program makes of one table of the file: its rows by the ids of the columns, and its sums."""

    rows: list[dict[str, str]] = field(default_factory=list)
    total: dict[str, str] = field(default_factory=dict)
    columns: list[str] = field(default_factory=list)


def lines(document: Document) -> list[list[str]]:
    text = b"".join(document_csv(document)).decode("utf-8")
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def tables(document: Document) -> dict[str, Read]:
    found: dict[str, Read] = {}
    table = Read()
    for kind, *cells in filter(None, lines(document)):
        if kind == "table":
            table = found[cells[0]] = Read()
        elif kind == "columns":
            table.columns = cells
        elif kind == "row":
            table.rows.append(dict(zip(table.columns, cells, strict=True)))
        elif kind == "total":
            table.total = dict(zip(table.columns, cells, strict=True))
        else:
            assert kind in ("report", "note", "fact", "titles", "rest")
    return found
