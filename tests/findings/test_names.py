"""Names found by globs, a million at once, against one name at a time."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from explorer.filesystem.union import stack_layers
from explorer.findings.names import NameTable, escape, glob_regex, is_literal
from tests.support.layers import directory, file, layer

_LETTERS = "abA.-é]"
_NAMES = st.text(_LETTERS, min_size=1, max_size=12).filter(lambda name: name not in (".", ".."))
_GLOBS = st.text(_LETTERS + "*?[!", min_size=1, max_size=12)


def _slow_match(glob: bytes, name: bytes) -> bool:
    """One glob, one name, by trying every split."""
    if not glob:
        return not name
    if glob[:1] == b"*":
        return any(_slow_match(glob[1:], name[i:]) for i in range(len(name) + 1))
    closing = re.match(rb"\[(!?)(\]?[^\]]*)\]", glob)
    if closing:
        if not name:
            return False
        inside = _slow_class(closing[2], name[:1])
        return inside != bool(closing[1]) and _slow_match(glob[closing.end() :], name[1:])
    return (
        bool(name)
        and (glob[:1] == b"?" or glob[:1] == name[:1])
        and _slow_match(glob[1:], name[1:])
    )


def _slow_class(letters: bytes, letter: bytes) -> bool:
    if not letters:
        return False
    if len(letters) >= 3 and letters[1:2] == b"-" and letters[0] <= letters[2]:
        return letters[0] <= letter[0] <= letters[2] or _slow_class(letters[3:], letter)
    return letter == letters[:1] or _slow_class(letters[1:], letter)


def _table(names: list[str], *, fold: bool = False) -> tuple[NameTable, list[bytes]]:
    tree = stack_layers([layer(*(file(f"/{name}") for name in dict.fromkeys(names)))]).tree
    return NameTable(tree, fold=fold), [tree.name(node) for node in range(len(tree))]


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.lists(_NAMES, max_size=8), _GLOBS)
@example(["ab"], "a*b*")
@example(["aXbaXb"], "*aXb")
@example(["abcdefghijk", "xbcdefghijk"], "abcdefghijk")
@example(["a"], "[!]")
@example(["]"], "[]]")
def test_that_a_glob_finds_what_comparing_letter_by_letter_finds(
    names: list[str], glob: str
) -> None:
    table, known = _table(names)
    raw = glob.encode()
    expected = [node for node in range(1, len(known)) if _slow_match(raw, known[node])]
    assert table.matching(raw).tolist() == expected
    everything = np.arange(1, len(known))
    assert table.matching(raw, everything).tolist() == expected


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.lists(_NAMES, max_size=8), _GLOBS)
def test_that_folding_compares_in_lower_case(names: list[str], glob: str) -> None:
    table, known = _table(names, fold=True)
    lowered = glob.encode().lower()
    expected = [n for n in range(1, len(known)) if _slow_match(lowered, known[n].lower())]
    assert table.matching(glob.encode()).tolist() == expected


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.lists(_NAMES, max_size=8), st.text(_LETTERS + "/", max_size=4))
def test_that_a_part_of_a_name_is_found_in_every_name_that_holds_it(
    names: list[str], text: str
) -> None:
    table, known = _table(names)
    expected = [n for n in range(1, len(known)) if text.encode() in known[n]]
    assert table.containing(text.encode()).tolist() == expected


@given(st.binary(min_size=1, max_size=12).filter(lambda name: b"/" not in name))
def test_that_an_escaped_name_matches_only_itself(name: bytes) -> None:
    pattern = glob_regex(escape(name))
    assert pattern.fullmatch(name)
    assert not pattern.fullmatch(name + b"x")
    assert not pattern.fullmatch(name[:-1])


@pytest.mark.parametrize(
    ("glob", "literal"), [(b"go.mod", True), (b"a[b", True), (b"a[b]", False), (b"*", False)]
)
def test_that_a_glob_without_wildcards_is_known(glob: bytes, literal: bool) -> None:
    assert is_literal(glob) is literal


@pytest.mark.timeout(10)
def test_that_many_stars_take_no_more_time_than_one() -> None:
    assert not glob_regex(b"*a" * 60 + b"b").fullmatch(b"a" * 4000)


def test_that_owners_are_the_folders_above_a_path() -> None:
    tree = stack_layers(
        [
            layer(
                file("/usr/local/go/bin/go"),
                file("/x/bin/go"),
                file("/bin/go/no"),
                directory("/y/go"),
            )
        ]
    ).tree
    owners = NameTable(tree).owners(b"bin/go")
    assert sorted(tree.path(int(node)) for node in owners) == [b"", b"usr/local/go", b"x"]
