"""The same bytes in every view: document, HTML, Markdown, CSV, PDF, JSON and terminal of two images that differ in every way."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from explorer.compare.comparison import Comparison
from explorer.findings.category import CATEGORIES
from explorer.report.analysis_json import analysis_json
from explorer.report.cells import cell_text, is_exact, more_text
from explorer.report.compare_json import compare_json
from explorer.report.compare_terminal import print_comparison
from explorer.report.document import (
    Block,
    Cell,
    Column,
    Document,
    KeyFigures,
    Kind,
    Row,
    Table,
    Typed,
    Waterfall,
)
from explorer.report.documents.analysis import analysis_document
from explorer.report.documents.compare import compare_document
from explorer.report.markdown import markdown, prose
from explorer.report.pdf import pdf_bytes
from explorer.report.terminal import print_summary
from tests.report.csvfile import tables as csv_tables
from tests.report.pair import small_pair
from tests.report.webpage import parsed

# Bytes and numbers before and after, with the last layer of the first image, and without it.
TOTALS = {
    True: {
        "content_bytes": (361, 230),
        "contribution_bytes": (271, 230),
        "reclaimable_bytes": (90, 0),
        "files": (10, 8),
    },
    False: {
        "content_bytes": (330, 230),
        "contribution_bytes": (330, 230),
        "reclaimable_bytes": (0, 0),
        "files": (11, 8),
    },
}
FATES = {
    # paths, files before and after, bytes before and after
    "added": (2, 0, 2, 0, 47),
    "removed": (3, 3, 0, 88, 0),
    "changed": (1, 1, 1, 12, 25),
    "other mode or owner": (2, 1, 1, 12, 12),
    "moved away": (1, 1, 0, 36, 0),
    "moved here": (1, 0, 1, 0, 36),
    "same": (3, 3, 3, 110, 110),
    "file became a folder, or a folder a file": (1, 1, 0, 13, 0),
}
CATEGORIES_WHOLE = {
    "Deleted later": (60, 0),
    "Documentation": (31, 0),
    "Overwritten later": (30, 0),
    "Other": (206, 183),
    "System": (34, 47),
}
NUMBERS = (Kind.BYTES, Kind.DELTA, Kind.COUNT, Kind.COUNT_DELTA)
FIGURE = re.compile(r"(?<!\S)([−+]?[\d,]+)(?: ?B)?(?!\S)|(?<!\S)=(?!\S)")


@pytest.fixture(scope="module", params=[True, False], ids=["whole", "in part"])
def pair(request: pytest.FixtureRequest) -> tuple[Comparison, bool]:
    return small_pair(whole=request.param), request.param


def blocks(document: Document) -> Iterator[Block]:
    for section in document.sections:
        yield from section.blocks


def figures(line: str) -> list[int]:
    """The numbers that stand alone in a line; = is no difference."""
    return [
        int((found[1] or "0").replace(",", "").replace("\N{MINUS SIGN}", "-"))
        for found in FIGURE.finditer(line)
    ]


def told(columns: Sequence[Column], row: Row, *, doubled: bool = False) -> list[int]:
    """The numbers of a row; `doubled` where a view has a column of its own for every digit."""
    numbers = []
    for column, cell in zip(columns, row, strict=True):
        value = cell.value if isinstance(cell, Typed) else cell
        if column.kind in NUMBERS and isinstance(value, int):
            numbers += [value] * (2 if doubled and is_exact(column) else 1)
    return numbers


def rows_of(table: Table) -> list[Row]:
    """All rows as readers see them: the listed ones, the rest, the total."""
    rest: list[Row] = [(more_text(table), *table.rest[1:])] if table.more else []
    total: list[Row] = [table.total] if table.total else []
    return [*table.rows, *rest, *total]


def plain(text: str) -> str:
    """A line without what makes it a row of a table, or bold, or code."""
    return re.sub(r"[*`|\\ ]+", " ", text).strip()


def holds(found: Sequence[int], wanted: Sequence[int]) -> bool:
    """Whether `wanted` stands in `found`, one after the other."""
    places = range(len(found) - len(wanted) + 1)
    return any([*found[place : place + len(wanted)]] == [*wanted] for place in places)


def assert_lines(lines: Sequence[str], table: Table, *, doubled: bool = False) -> None:
    """Every row of the table is a line, in order, with its numbers beside each other."""
    waiting = map(plain, lines)
    for row in rows_of(table):
        first: Cell = row[0]
        name = plain(cell_text(table.columns[0].kind, first))
        wanted = told(table.columns, row, doubled=doubled)
        assert any(line.startswith(name) and holds(figures(line), wanted) for line in waiting), (
            table.id,
            name,
            wanted,
        )


def documents(c: Comparison) -> tuple[Document, ...]:
    return compare_document(c, 3), analysis_document(c.a, 3), compare_document(c, None)


def test_that_the_document_tells_the_totals_of_the_images(pair: tuple[Comparison, bool]) -> None:
    c, whole = pair
    document = compare_document(c, None)
    (key,) = (block for block in blocks(document) if isinstance(block, KeyFigures))
    found = {figure.id: (figure.before, figure.value) for figure in key.figures}
    assert found == {**TOTALS[whole], "layers": (3, 2)}
    content, visible = TOTALS[whole]["content_bytes"], TOTALS[whole]["contribution_bytes"]
    for name, (before, after) in {
        "categories": content,
        "layers": content,
        "fates": visible,
        "programs": (300, 200),
        "packages-1": (300, 200),
    }.items():
        table = document.table(name)
        place = [column.id for column in table.columns].index("before_bytes")
        assert table.total[place:] == (before, after, after - before)
    fates = {row[0]: row[1:6] for row in document.table("fates").rows}
    assert not whole or fates == FATES
    (steps,) = (block for block in blocks(document) if isinstance(block, Waterfall))
    assert (steps.start.bytes, steps.end.bytes) == content
    assert sum(step.bytes for step in steps.steps) == content[1] - content[0]
    if whole:
        categories = {row[0]: row[1:3] for row in document.table("categories").rows}
        assert categories == CATEGORIES_WHOLE
    alone = analysis_document(c.a, None)
    assert alone.table("files").total[-1] == alone.table("categories").total[1] == content[0]
    assert alone.table("layers").total[2:] == tuple(
        TOTALS[whole][name][0]
        for name in ("content_bytes", "contribution_bytes", "reclaimable_bytes")
    )


def test_that_the_page_tells_what_the_document_tells(pair: tuple[Comparison, bool]) -> None:
    for document in documents(pair[0]):
        page = parsed(document)
        for table in (whole.filled() for whole in document.tables()):
            rows = page.tables[f"t-{table.id}"][1:]
            for row, cells in zip(rows_of(table), rows, strict=True):
                for column, value, cell in zip(table.columns, row, cells, strict=True):
                    if told([column], (value,)):
                        assert cell == value, (table.id, column.id)


def test_that_the_comment_tells_what_the_document_tells(pair: tuple[Comparison, bool]) -> None:
    for document in documents(pair[0]):
        assert all(prose(warning) in markdown(document) for warning in document.warnings)
        for table in document.tables():
            assert_lines(markdown(document).splitlines(), table, doubled=True)


def test_that_the_spreadsheet_tells_what_the_document_tells(
    pair: tuple[Comparison, bool],
) -> None:
    for document in documents(pair[0]):
        read = csv_tables(document)
        for table in document.tables():
            found = read[table.id]
            numbers = [column.id for column in table.columns if column.kind in NUMBERS]
            for row, cells in zip(table.rows, found.rows, strict=True):
                wanted = told(table.columns, row)
                assert [int(cells[name]) for name in numbers if cells[name].lstrip("-").isdigit()] == wanted  # fmt: skip
            if table.total:
                assert [int(found.total[name]) for name in numbers if found.total[name]] == told(
                    table.columns, table.total
                )


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("pdftotext") is None,
    reason="no pdftotext (Debian: poppler-utils; packaging/test.sh installs it)",
)
def test_that_the_printed_pages_tell_what_the_document_tells(
    pair: tuple[Comparison, bool], tmp_path: Path
) -> None:
    for document in documents(pair[0]):
        path = tmp_path / "report.pdf"
        path.write_bytes(pdf_bytes(document))
        command = ["pdftotext", "-layout", str(path), "-"]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert all(warning in text for warning in document.warnings)
        for table in document.tables():
            assert_lines(text.splitlines(), table)


def test_that_json_tells_the_totals(pair: tuple[Comparison, bool]) -> None:
    c, whole = pair
    made: dict[str, Any] = json.loads(compare_json(c))
    assert (made["complete"], made["notes"]) == (whole, list(c.notes))
    assert made["totals"] == {
        name: {"a": before, "b": after, "delta": after - before}
        for name, (before, after) in TOTALS[whole].items()
    }
    for side in ("a", "b"):
        place = "ab".index(side)
        content = TOTALS[whole]["content_bytes"][place]
        visible, files = TOTALS[whole]["contribution_bytes"][place], TOTALS[whole]["files"][place]
        assert sum(item[side] for item in made["categories"]) == content
        fates = [item for name, item in made["files"].items() if name != "largest"]
        assert sum(item[f"{side}_bytes"] for item in fates) == visible
        assert sum(item[f"{side}_files"] for item in fates) == files
        listed = sum(item[side] for item in made["files"]["largest"])
        assert listed + made["files"]["same"][f"{side}_bytes"] == visible
        (program,) = made["binaries"]
        parts = [*program["packages"], *program["unattributed"]]
        assert sum(part[side] for part in parts) == program[side]
        own = ("shared", f"only_{side}")
        layers = [item for name in own for item in made["layers"][name]]
        assert sum(item["content_bytes"] for item in layers) == content
    if whole:
        labels = {item.id: item.label() for item in CATEGORIES}
        told_of = {labels[item["id"]]: (item["a"], item["b"]) for item in made["categories"]}
        assert {name: sizes for name, sizes in told_of.items() if any(sizes)} == CATEGORIES_WHOLE
    assert [item["bytes"] for item in made["findings"]["gone"]] == [77]
    alone: dict[str, Any] = json.loads(analysis_json(c.a))
    for name, (before, _) in TOTALS[whole].items():
        assert alone["totals"][name] == before
    assert sum(item["bytes"] for item in alone["categories"]) == alone["totals"]["content_bytes"]


def test_that_the_terminal_tells_the_same_of_a_comparison(
    pair: tuple[Comparison, bool], capsys: pytest.CaptureFixture[str]
) -> None:
    c, whole = pair
    print_comparison(c)
    lines = capsys.readouterr().out.splitlines()

    def line(name: str) -> list[int]:
        return figures(next(line for line in lines if line.startswith(f"{name} ")))

    words = ("content", "visible in the end", "reclaimable", "files")
    for word, (before, after) in zip(words, TOTALS[whole].values(), strict=True):
        assert line(word) == [before, after, after - before]
    document = compare_document(c)
    for row in document.table("categories").rows:
        assert [*line(cell_text(Kind.TEXT, row[0]))] == [*row[1:]]
    for row in document.table("fates").rows:
        name, paths, one, other, *_, delta = row
        shown = [paths, *dict.fromkeys((one, other)), delta]
        assert line(cell_text(Kind.TEXT, name)) == shown
    assert line("Go build cache") == [77]
    assert line("/server") == [300, 200, -100]
    assert line("/srv/gone") == [-50]
    assert all(note in lines for note in c.notes)


def test_that_the_terminal_tells_the_same_of_an_image(
    pair: tuple[Comparison, bool], capsys: pytest.CaptureFixture[str]
) -> None:
    c, whole = pair
    print_summary(c.a)
    text = capsys.readouterr().out
    content, visible, gone, files = (before for before, _ in TOTALS[whole].values())
    assert f"{content} B content in 3 layers, {files} files; {visible} B visible in the end" in text
    assert f"{gone} B reclaimable" in text
    table = analysis_document(c.a).table("categories")
    for row in table.rows:
        name = cell_text(Kind.TEXT, row[0])
        line = next(line for line in text.splitlines() if line.startswith(f"{name} "))
        assert figures(line) == [row[1], row[3]]
    assert whole or "note: Layer 2 is damaged." in text
