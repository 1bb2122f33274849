"""Limits as people write them, and the files of dive."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.compare.gate.divefile import parse_dive_rules, read_dive_file
from explorer.compare.gate.limits import (
    Limit,
    parse_duration,
    parse_duration_or_share,
    parse_size,
    parse_size_or_share,
)
from explorer.compare.gate.rules import DIVE_EFFICIENCY, DIVE_USER_WASTED, DIVE_WASTED, Rule
from explorer.errors import ExplorerError, InputError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("4096", 4096),
        ("20MB", 20_000_000),
        ("20 mb", 20_000_000),
        ("1.5GiB", 1_610_612_736),
        ("3k", 3000),
        ("3Ki", 3072),
        ("2B", 2),
    ],
)
def test_that_sizes_have_the_units_that_dive_knows(text: str, value: int) -> None:
    assert parse_size(text) == Limit(value, "bytes")
    assert parse_size_or_share(text) == Limit(value, "bytes")


def test_that_shares_and_durations_are_read() -> None:
    assert parse_size_or_share("5%") == Limit(0.05, "share")
    assert parse_duration("300ms") == Limit(0.3, "seconds")
    assert parse_duration("1.5 s") == Limit(1.5, "seconds")
    assert parse_duration_or_share("10%") == Limit(0.1, "share")
    assert parse_duration_or_share("0") == Limit(0.0, "seconds")


@pytest.mark.parametrize("text", ["", "MB", "-5MB", "5 %MB", "1e9", "20XB", "٣", "0x10", "nan", "9" * 99])  # fmt: skip
def test_that_what_is_no_limit_is_refused(text: str) -> None:
    for parse in (parse_size, parse_size_or_share, parse_duration, parse_duration_or_share):
        with pytest.raises(InputError):
            parse(text)


def test_that_a_duration_is_no_size_and_a_bare_number_no_duration() -> None:
    with pytest.raises(InputError):
        parse_size("300ms")
    with pytest.raises(InputError):
        parse_duration("300")


@given(st.text())
def test_that_any_text_is_a_limit_or_a_typed_error(text: str) -> None:
    for parse in (parse_size_or_share, parse_duration_or_share):
        with contextlib.suppress(InputError):
            assert parse(text).value >= 0


_EFFICIENCY = Rule(DIVE_EFFICIENCY, Limit(0.9, "share"), origin=".dive-ci")
_USER_WASTED = Rule(DIVE_USER_WASTED, Limit(0.1, "share"), origin=".dive-ci")


def test_that_the_file_of_dives_readme_is_read() -> None:
    text = """
rules:
  # If the efficiency is measured below X%, mark as failed.
  # Expressed as a ratio between 0-1.
  lowestEfficiency: 0.95

  # If the amount of wasted space is at least X or larger than X, mark as failed.
  # Expressed in B, KB, MB, and GB.
  highestWastedBytes: 20MB

  # If the amount of wasted space makes up for X% or more of the image, mark as failed.
  highestUserWastedPercent: 0.20
"""
    assert parse_dive_rules(text) == (
        Rule(DIVE_EFFICIENCY, Limit(0.95, "share"), origin=".dive-ci"),
        Rule(DIVE_WASTED, Limit(20_000_000, "bytes"), origin=".dive-ci"),
        Rule(DIVE_USER_WASTED, Limit(0.2, "share"), origin=".dive-ci"),
    )


@pytest.mark.parametrize("text", ["", "rules:\n", "---\nrules:\n  # none\n", "other:\n  x: y\n"])
def test_that_rules_left_out_have_dives_defaults(text: str) -> None:
    assert parse_dive_rules(text) == (_EFFICIENCY, _USER_WASTED)


def test_that_rules_can_be_disabled_quoted_and_in_the_newer_spelling() -> None:
    text = """rules:
    lowest-efficiency: "0.9"   # a comment
    'highest-wasted-bytes': '1 GiB'
    highestUserWastedPercent: disabled
source: docker
"""
    assert parse_dive_rules(text) == (
        _EFFICIENCY,
        Rule(DIVE_WASTED, Limit(1 << 30, "bytes"), origin=".dive-ci"),
    )


def test_that_percent_signs_are_understood() -> None:
    rules = parse_dive_rules("rules:\n  lowestEfficiency: 90%\n  highestUserWastedPercent: 10%\n")
    assert rules == (_EFFICIENCY, _USER_WASTED)


@pytest.mark.parametrize(
    "text",
    [
        "rules:\n  lowestEfficiency: 1.5\n",
        "rules:\n  lowestEfficiency: -0.1\n",
        "rules:\n  lowestEfficiency: high\n",
        "rules:\n  highestWastedBytes: many\n",
        "rules:\n  - lowestEfficiency\n",
        "rules: {lowestEfficiency: 0.9}\n",
        "\x00\x01\n",
    ],
)
def test_that_what_is_not_understood_is_refused_and_never_passes(text: str) -> None:
    with pytest.raises(InputError):
        parse_dive_rules(text)


@given(st.text() | st.lists(st.sampled_from(["rules:", "  lowestEfficiency: ", "0.5", "'", "#", "\n"])).map("".join))  # fmt: skip
def test_that_any_file_is_rules_or_a_typed_error(text: str) -> None:
    with contextlib.suppress(ExplorerError):
        assert all(rule.limit.value >= 0 for rule in parse_dive_rules(text))


def test_that_a_file_that_is_absent_or_endless_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        read_dive_file(tmp_path / "absent")
    with pytest.raises(InputError):
        read_dive_file(Path("/dev/zero"))
    (tmp_path / ".dive-ci").write_text("rules:\n  highestUserWastedPercent: disabled\n")
    assert read_dive_file(tmp_path / ".dive-ci") == (_EFFICIENCY,)
