"""A report as CSV: what each line is can be told, every row is there, and every path can be turned back into its bytes."""

from __future__ import annotations

import pytest

from explorer.compare.comparison import Comparison, compare
from explorer.findings.analysis import analyse
from explorer.report.csv_lines import ROWS_A_PART, path_bytes
from explorer.report.document import (
    Bar,
    Bars,
    Column,
    Document,
    Fact,
    Figure,
    KeyFigures,
    Kind,
    Section,
    Strip,
    Strips,
    Table,
    Typed,
    Waterfall,
)
from explorer.report.document_csv import document_csv
from explorer.report.documents.analysis import analysis_document
from explorer.report.documents.compare import compare_document
from explorer.translation import set_language
from tests.report.csvfile import lines, tables
from tests.report.hostile import NAMES, hostile_analysis, hostile_comparison
from tests.support.layers import file, image, layer, symlink


def test_that_each_line_says_what_it_is() -> None:
    columns = (
        Column("path", "Path", Kind.PATH),
        Column("bytes", "Size", Kind.BYTES),
        Column("so", "Is it so?"),
    )
    rows = ((b"=1+1\\\xff", 1_234_567, Typed(Kind.FLAG, value=False)), (b"b", None, "@x"))
    table = Table(
        "files", "Files", columns, rows, 2, (None, 7, None), ("all", 1_234_574, None), "-note"
    )
    figures = KeyFigures((Figure("content", 5, id="content_bytes"), Figure("layers", 1)))
    steps = Waterfall("From", Bar("a", 9), (Bar("+b", -4),), Bar("c", 5))
    document = Document(
        "=1+1",
        (Fact("Image", "a\nb"),),
        ("Not whole.",),
        (Section("f", "Summary", (figures, steps, table)),),
    )
    assert lines(document) == [
        ["report", "'=1+1"],
        ["note", "Not whole."],
        ["fact", "Image", "a\nb"],
        [],
        ["table", "f-figures", "Summary"],
        ["columns", "figure", "label", "value", "note"],
        ["titles", "What", "Name", "Size", "Note"],
        ["row", "content_bytes", "content", "5", ""],
        ["row", "", "layers", "1", ""],
        [],
        ["table", "f-waterfall", "From"],
        ["columns", "what", "label", "bytes"],
        ["titles", "What", "Name", "Bytes more or less"],
        ["row", "start", "a", "9"],
        ["row", "step", "'+b", "-4"],
        ["row", "end", "c", "5"],
        [],
        ["table", "files", "Files"],
        ["note", "'-note"],
        ["columns", "path", "bytes", "so"],
        ["titles", "Path", "Size", "Is it so?"],
        ["row", "/=1+1\\\\\\xff", "1234567", "no"],
        ["row", "/b", "", "'@x"],
        ["rest", "not listed: 2", "7", ""],
        ["total", "all", "1234574", ""],
    ]


def test_that_charts_of_one_section_are_told_apart_and_measured_times_are_all_there() -> None:
    bars = Bars("B", (Bar("a", 1),))
    strips = Strips("Ready", (Strip("x", (0.25, 0.5), 0.4, 0.3, 0.5), Strip("y", (), 1, 1, 1, 9)))
    document = Document("R", (), (), (Section("s", "S", (bars, bars, strips)),))
    found = tables(document)
    assert list(found) == ["s-bars", "s-bars-2", "s-times"]
    assert found["s-times"].rows == [
        {"label": "x", "seconds": "0.25"},
        {"label": "x", "seconds": "0.5"},
    ]


def test_that_every_path_of_an_image_is_there_and_can_be_turned_back_into_its_bytes() -> None:
    listed = tables(analysis_document(hostile_analysis(), None))["files"].rows
    found = [path_bytes(row["path"].removeprefix("/")) for row in listed]
    assert {*found} == {*(b"srv/" + name for name in NAMES), b"bin/" + NAMES[0]}
    assert len(found) == len(NAMES) + 2


@pytest.mark.parametrize("chosen", ["en", "zh_CN"])
def test_that_no_cell_is_a_formula_or_holds_a_control_and_ids_have_one_language(
    chosen: str,
) -> None:
    set_language(chosen)
    try:
        documents = (
            analysis_document(hostile_analysis(), None),
            compare_document(hostile_comparison(), None),
        )
        for document in documents:
            for cells in lines(document):
                for cell in cells:
                    number = cell.startswith("-") and cell[1:].isdigit()
                    assert number or not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
                    assert cell.replace("\n", "").isprintable()
            for name, table in tables(document).items():
                assert all(part.isascii() for part in (name, *table.columns))
    finally:
        set_language("en")


def many(count: int) -> Comparison:
    before = layer(*(file(f"a{n % 7}/b/{n}", n % 900) for n in range(count)), symlink("l", "a"))
    after = layer(file("a1/b/1", 5), symlink("l", "b"))
    return compare(analyse(*image(before)), analyse(*image(after)))


def test_that_all_differences_are_listed_the_biggest_first_and_sum_to_the_total() -> None:
    c = many(3000)
    parts = list(document_csv(compare_document(c, None)))
    assert all(part.count(b"\r\n") <= ROWS_A_PART for part in parts)
    table = tables(compare_document(c, None))["differences"]
    assert len(table.rows) == 3000 + 1
    deltas = [int(row["delta_bytes"]) for row in table.rows]
    assert [abs(delta) for delta in deltas] == sorted(map(abs, deltas), reverse=True)
    assert sum(deltas) == int(table.total["delta_bytes"]) == c.contribution.delta
    assert {"path": "/l", "change": "other mode or owner"}.items() <= table.rows[-1].items()


def test_that_rows_of_a_long_table_are_made_when_they_are_written() -> None:
    (table,) = (
        table for table in compare_document(many(3000), None).tables() if table.id == "differences"
    )
    assert table.rows[5:7][1] == table.rows[6]
    assert [*table.rows] == [table.rows[place] for place in range(len(table.rows))]
    assert not isinstance(table.rows, tuple)
