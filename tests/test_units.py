"""Numbers and untrusted names as people read them."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.units import (
    DISPLAY_LIMIT,
    display_name,
    display_text,
    seconds_text,
    share_text,
    size_text,
)


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (887151968, "887.2 MB"),
        (1_140_000_000, "1.1 GB"),
    ],
)
def test_that_sizes_are_decimal_as_docker_prints_them(count: int, expected: str) -> None:
    assert size_text(count) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"plain name.txt", "plain name.txt"),
        (b"hi\x80\x81bye", "hi\\x80\\x81bye"),
        (b"a\nb\tc\x1b[31m", "a\\nb\\tc\\x1b[31m"),
        ("txt.\u202egnp".encode(), "txt.\\u202egnp"),
        (b"back\\slash", "back\\\\slash"),
        ("\u4e2d\u6587".encode(), "\u4e2d\u6587"),
    ],
)
def test_that_names_become_one_harmless_line(raw: bytes, expected: str) -> None:
    assert display_name(raw) == expected


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_that_displayed_names_hold_nothing_that_controls_a_terminal_or_a_direction(
    raw: bytes,
) -> None:
    shown = display_name(raw)
    assert all(unicodedata.category(char) not in ("Cc", "Cs", "Cf", "Zl", "Zp") for char in shown)


@settings(deadline=None)
@given(st.binary(max_size=100), st.binary(max_size=100))
def test_that_two_names_are_shown_alike_only_when_they_are_the_same(
    one: bytes, other: bytes
) -> None:
    assert (display_name(one) == display_name(other)) == (one == other)


def test_that_long_names_are_cut_in_the_middle() -> None:
    shown = display_name(b"a" * 300_000 + b"end")
    assert len(shown) <= DISPLAY_LIMIT
    assert shown.endswith("end")


def test_that_naughty_strings_stay_inert(shared_data: Path) -> None:
    for text in json.loads((shared_data / "hostile" / "30-blns.json").read_text()):
        assert display_text(text).isprintable()


def test_that_durations_and_shares_are_short() -> None:
    assert [seconds_text(s) for s in (0.351, 12.4, 185.0)] == ["0.35 s", "12 s", "3 min 5 s"]
    assert [share_text(1, 3), share_text(1, 0)] == ["33.3%", "—"]
