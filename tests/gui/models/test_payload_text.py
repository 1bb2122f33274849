"""Bytes as text and as hex: nothing acts, nothing is lost, nothing takes long."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.gui.models.payload_text import (
    LONGEST_LINE,
    harmless,
    hex_columns,
    hex_rows,
    is_binary,
    printable_runs,
    readable,
)

pytestmark = pytest.mark.gui


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"plain\n\ttext\r\nend", "plain\n\ttext\nend"),
        (b"\x1b[31mred\x07\x00", "␛[31mred␇␀"),
        (b"a\xff\xfeb", r"a\xff\xfeb"),
        ("\u202eevil\u2066\u200b".encode(), r"\u202eevil\u2066\u200b"),
        ("镜像 é".encode(), "镜像 é"),
        (b"\xc2\x9b31m", r"\u009b31m"),
        (b"<img src=/dev/zero>", "<img src=/dev/zero>"),
        (b"\xef\xbb\xbfbom", r"\ufeffbom"),
    ],
)
def test_that_text_is_shown_without_acting(data: bytes, text: str) -> None:
    assert readable(data) == text


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_that_a_character_cut_by_the_limit_is_left_out(cut: int) -> None:
    data = "ab𝄞".encode()
    assert readable(data[:-cut], truncated=True) == "ab"
    assert readable(data, truncated=True) == "ab𝄞"


@given(st.binary(max_size=400), st.booleans())
def test_that_no_bytes_become_a_control_or_a_broken_character(data: bytes, truncated: bool) -> None:
    text = readable(data, truncated=truncated)
    text.encode("utf-8")
    bad = {"Cc", "Cs"}
    assert [char for char in text if unicodedata.category(char) in bad and char not in "\n\t"] == []
    assert not set(text) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


def test_that_one_endless_line_is_folded() -> None:
    lines = readable(b"x" * 10_000).split("\n")
    assert [len(line) for line in lines] == [LONGEST_LINE, LONGEST_LINE, 10_000 - 2 * LONGEST_LINE]
    assert readable(b"\n" * 5000) == "\n" * 5000


@pytest.mark.parametrize(
    ("data", "binary"),
    [
        (b"", False),
        (b"text\n" * 50, False),
        ("纯文本".encode(), False),
        ("纯文本".encode()[:-1], False),
        (b"\x1b[1mcolours\x1b[0m", False),
        (b"a\0b", True),
        (b"\xff\xfe\xfd" * 20, True),
        (b"\x01\x02\x03\x04" * 9, True),
    ],
)
def test_that_binary_content_is_told_from_text(data: bytes, binary: bool) -> None:
    assert is_binary(data) is binary


def test_that_the_readable_parts_of_a_binary_are_found() -> None:
    assert (
        printable_runs(b"\x7fELF\x00go1.27.3\x00\x01ab\x00main.main\xff") == "go1.27.3\nmain.main"
    )


def test_that_hex_rows_have_offset_hex_and_ascii() -> None:
    data = b"\x7fELF\x02\x01" + b"<b>&\x00\xff"
    assert hex_rows(data, 8).split("\n") == [
        "00000000  7f 45 4c 46 02 01 3c 62  .ELF..<b",
        "00000008  3e 26 00 ff              >&..",
    ]
    assert hex_rows(b"", 16) == ""


@given(st.binary(min_size=1, max_size=300), st.sampled_from([4, 8, 16]))
def test_that_every_byte_stands_once_in_the_hex_rows(data: bytes, width: int) -> None:
    rows = hex_rows(data, width).split("\n")
    found = b"".join(bytes.fromhex(row[10 : 10 + 3 * width - 1]) for row in rows)
    assert found == data
    assert max(map(len, rows)) <= hex_columns(width)


def test_that_lone_surrogates_cannot_reach_the_window() -> None:
    assert harmless("a\ud800b") == "a?b"
