"""Whether every view of a report tells what its document tells, and lets nothing of an image act."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from explorer.report.cells import Shown, cell_text, shown_rows
from explorer.report.document import Document, Kind, Table
from explorer.report.html import html_page
from explorer.report.markdown import markdown, prose
from explorer.report.pdf import pdf_bytes
from tests.report.csvfile import lines, tables
from tests.report.test_html import ATTRIBUTES, TAGS
from tests.report.test_markdown import ALIVE, OWN, tokens
from tests.report.webpage import parsed

# Besides those of other reports: texts in lines, and what changes in them.
CODE_TAGS = frozenset({"details", "summary", "pre", "ins", "del"})


def assert_page(document: Document) -> None:
    """The page has each row of each table, in order, and each number with all its digits."""
    page = parsed(document)
    text = html_page(document)
    for table in map(Table.filled, document.tables()):
        rows = page.tables[f"t-{table.id}"][1:]
        for (_, cells), found in zip(shown_rows(table), rows, strict=True):
            for cell, told in zip(cells, found, strict=True):
                if cell.number is None or cell is cells[0]:
                    assert told == cell.text, (table.id, cell.column.id)
                else:
                    assert f'<data value="{cell.number}">' in text


def assert_comment(document: Document) -> None:
    """The Markdown has each row of each table, in order."""
    _assert_lines(map(_plain, markdown(document).splitlines()), document)


def assert_spreadsheet(document: Document) -> None:
    """The CSV file has each row of each table with every digit."""
    read = tables(document)
    for table in document.tables():
        found = read[table.id]
        assert found.columns == [column.id for column in table.columns]
        for row, cells in zip(table.rows, found.rows, strict=True):
            for column, value in zip(table.columns, row, strict=True):
                told = cells[column.id]
                if isinstance(value, bool):
                    assert told == ("yes" if value else "no")
                elif isinstance(value, int | float):
                    assert float(told) == value, (table.id, column.id)
                elif value is None:
                    assert told == ""


def assert_printed(document: Document, folder: Path) -> None:
    """The PDF has each row of each table, in order: names may be broken over lines, numbers not."""
    assert shutil.which("pdftotext") is not None
    path = folder / "report.pdf"
    path.write_bytes(pdf_bytes(document))
    command = ["pdftotext", "-layout", str(path), "-"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    waiting = (line.replace(" ", "") for line in text.splitlines())
    for table in map(Table.filled, document.tables()):
        for _, cells in shown_rows(table):
            numbers = (cell.text for cell in cells if cell.number is not None)
            wanted = [number.strip("▼▲").replace(" ", "") for number in numbers]
            assert any(_in_turn(line, wanted) for line in waiting), (table.id, wanted)


def assert_harmless(document: Document) -> None:
    """No name is markup, a link, a picture, a formula or a control character, whatever the format."""
    page = parsed(document)
    assert page.tags <= TAGS | CODE_TAGS
    assert {name for name, _ in page.attributes} <= ATTRIBUTES | {"open"}
    ids = [value for name, value in page.attributes if name == "id"]
    assert len({*ids}) == len(ids)
    assert all(value.startswith("#") for name, value in page.attributes if name == "href")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", html_page(document))
    for token in tokens(markdown(document)):
        assert token.type not in ("link_open", "image", "html_inline", "s_open")
        if token.type == "html_block":
            assert OWN.fullmatch(token.content.strip())
        if token.type == "text":
            assert not ALIVE.search(token.content)
    for cells in lines(document):
        for cell in cells:
            number = re.fullmatch(r"-[\d.]+(e-?\d+)?", cell)
            assert number or not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
            assert cell.replace("\n", "").isprintable()
    data = pdf_bytes(document)
    assert not re.search(rb"/(JavaScript|JS|URI|Launch|SubmitForm|EmbeddedFile)\b", data)


def _assert_lines(waiting: Iterator[str], document: Document) -> None:
    for table in map(Table.filled, document.tables()):
        for _, cells in shown_rows(table):
            wanted = [_plain(_written(cell)) for cell in cells]
            assert any(_in_turn(line, wanted) for line in waiting), (table.id, wanted)


def _in_turn(line: str, wanted: Sequence[str]) -> bool:
    """Whether these texts stand in a line, one after the other."""
    place = 0
    for text in wanted:
        found = line.find(text, place)
        if found < 0:
            return False
        place = found + len(text)
    return True


def _written(cell: Shown) -> str:
    """A cell as Markdown has it."""
    if cell.kind in (Kind.CODE, Kind.PATH) or not isinstance(cell.value, str):
        return cell.text
    return prose(cell.text)


def _plain(text: str) -> str:
    """A line without what makes it a row of a table, or bold, or code."""
    return re.sub(r"[*`|\\ ]+", " ", text).strip()


def seconds(value: float) -> str:
    """A duration as a cell tells it."""
    return cell_text(Kind.SECONDS, value)
