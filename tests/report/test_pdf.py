"""A report as PDF holds what the document holds, harmless and the same each time."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.report.cells import ROW, Shown
from explorer.report.document import (
    Bar,
    Bars,
    Block,
    Code,
    Column,
    Document,
    Fact,
    Kind,
    Section,
    Table,
)
from explorer.report.pdf import pdf_bytes
from explorer.report.pdf_table import column_widths
from explorer.report.pdf_text import ROOM, register_fonts

HOSTILE = "<b onclick=x>&amp;</font><a href='http://x.example/'>\u202e\x1b[31m=1+1"


def document(name: str = "app", title: str = "Report") -> Document:
    columns = (
        Column("path", "Path", Kind.PATH),
        Column("bytes", "Size", Kind.BYTES, exact=True),
        Column("note", "What"),
    )
    rows = ((name.encode("utf-8", "surrogateescape"), 1_234_567, "gone"), (b"b", 33, name))
    table = Table(
        "files", "Largest files", columns, rows, 2, (None, 7, None), (None, 1_234_607, None)
    )
    return Document(
        title, (Fact("Image", name),), ("Not whole.",), (Section("f", "Files", (table,)),)
    )


def printed(data: bytes, folder: Path) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("no pdftotext (Debian: poppler-utils; packaging/test.sh installs it)")
    path = folder / "report.pdf"
    path.write_bytes(data)
    command = ["pdftotext", "-layout", str(path), "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_that_a_page_tells_rows_rest_total_and_warnings(tmp_path: Path) -> None:
    text = printed(pdf_bytes(document()), tmp_path)
    for expected in (
        "Report",
        "Not whole.",
        "/app",
        "1,234,567",
        "33",
        "2 more",
        "1,234,607",
        "gone",
    ):
        assert expected in text, expected


def test_that_no_name_becomes_markup_or_an_action(tmp_path: Path) -> None:
    data = pdf_bytes(document(HOSTILE, HOSTILE))
    assert not re.search(rb"/(JavaScript|JS|URI|Launch|SubmitForm|EmbeddedFile)\b", data)
    text = re.sub(r"\s", "", printed(data, tmp_path))
    assert "<bonclick=x>&amp;</font><ahref='http://x.example/'>" in text
    assert "\u202e" not in text
    assert "\x1b" not in text


def test_that_the_same_document_gives_the_same_bytes() -> None:
    assert pdf_bytes(document()) == pdf_bytes(document())


def test_that_chinese_stands_in_a_font_that_readers_have() -> None:
    assert b"STSong-Light" in pdf_bytes(document("镜像"))
    assert b"/BaseFont /STSong-Light" not in pdf_bytes(document("app"))


@pytest.mark.parametrize(
    "block",
    [
        Bars("Many", tuple(Bar(str(size), size) for size in range(1, 101))),
        Code("Long", "+" + "z" * 600, "diff"),
        Table("t", "Tall", (Column("a", "A", Kind.CODE),), (("x" * 20_000,),)),
        Table("t", "Odd", (Column("a", "A"),), (("\udcff\ud800 \U0001f600",),)),
        Table("t", "Empty", (Column("a", "A"),), ()),
    ],
    ids=["many bars", "long line", "tall row", "no letters", "no rows"],
)
def test_that_any_block_finds_room(block: Block) -> None:
    found = Document("T" * 5000, (), (), (Section("s", "S", (block,)),))
    assert pdf_bytes(found).startswith(b"%PDF-")


def test_that_no_font_is_named_that_stands_nowhere() -> None:
    named = {*re.findall(rb"/BaseFont /(\S+)", pdf_bytes(document()))}
    assert {name.partition(b"+")[2] for name in named} == {
        b"BitstreamVeraSans-Roman",
        b"BitstreamVeraSans-Bold",
    }


NAME = "registry.example.com:5000/team/checkout-service:2026.11.25-3f2a9c1d-linux-amd64"


def test_that_a_long_name_at_the_head_of_a_column_breaks_between_its_parts(tmp_path: Path) -> None:
    columns = (
        Column("path", "Path", Kind.PATH),
        *(Column(side, NAME, Kind.BYTES) for side in "ab"),
        Column("name", "Go executable"),
    )
    table = Table("t", "Files", columns, ((b"usr/" * 40, 1, 2, "CGO_ENABLED"),))
    text = printed(
        pdf_bytes(Document("R", (), (), (Section("s", "S", (table,)),))), tmp_path
    ).splitlines()
    first = next(number for number, line in enumerate(text) if line.startswith("Path"))
    body = next(number for number, line in enumerate(text) if line.startswith("/usr"))
    pieces = {word for line in text[first:body] for word in line.split()}
    assert pieces == {
        "Path", "registry.example.com:", "5000/tea…26.11.25-", "3f2a9c1d-linux-amd64", "Go", "executable",
    }  # fmt: skip
    assert any("CGO_ENABLED" in line for line in text)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(Kind), st.text("ab /:-字", max_size=60), st.text("w 字", max_size=300)),
        min_size=1,
        max_size=9,
    )
)  # fmt: skip
def test_that_no_table_is_wider_than_the_page(columns: list[tuple[Kind, str, str]]) -> None:
    register_fonts()
    made = [Column(str(place), title, kind) for place, (kind, title, _) in enumerate(columns)]
    cells = tuple(
        Shown(column, column.kind, text, text)
        for column, (_, _, text) in zip(made, columns, strict=True)
    )
    widths = column_widths(made, [column.title for column in made], [(ROW, cells)])
    assert len(widths) == len(made)
    assert min(widths) > 0
    assert sum(widths) <= ROOM + 0.01
