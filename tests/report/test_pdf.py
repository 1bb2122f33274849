"""A report as PDF holds what the document holds, harmless and the same each time."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

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
