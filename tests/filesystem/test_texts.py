"""Byte strings in one blob, beside the same done one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.filesystem import texts
from explorer.filesystem.texts import Texts

STRINGS = st.lists(st.binary(max_size=20), max_size=12)
# Few letters, so that equal strings and equal beginnings are common.
ALIKE = st.lists(st.text("ab", max_size=18).map(str.encode), min_size=1, max_size=8)


def texts_of(strings: list[bytes]) -> Texts:
    lengths = np.array([len(text) for text in strings], dtype=np.int64)
    blob = np.frombuffer(b"".join(strings), dtype=np.uint8)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return Texts.of(blob, offsets, np.arange(len(strings)))


@settings(max_examples=50, deadline=None)
@given(ALIKE, st.data())
def test_that_strings_are_equal_exactly_when_their_bytes_are(
    strings: list[bytes], data: st.DataObject
) -> None:
    others = data.draw(st.permutations(strings))
    same = texts_of(strings).same(texts_of(others))
    assert same.tolist() == [a == b for a, b in zip(strings, others, strict=True)]


@settings(max_examples=50, deadline=None)
@given(ALIKE)
def test_that_equal_strings_have_equal_hashes_and_others_have_not(strings: list[bytes]) -> None:
    hashes = texts_of(strings).hashes().tolist()
    assert len(set(hashes)) == len(set(strings))
    assert len(set(zip(hashes, strings, strict=True))) == len(set(strings))


def test_that_a_hash_depends_on_every_byte_and_on_the_length() -> None:
    whole = bytes(range(1, 26))
    strings = [whole[:n] + b"\0" + whole[n + 1 :] for n in range(25)]
    strings += [bytes(n) for n in range(25)]
    assert len(set(texts_of(strings).hashes().tolist())) == len(strings)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.text("ab\0", max_size=18).map(str.encode), max_size=8))
def test_that_the_order_is_that_of_the_bytes(strings: list[bytes]) -> None:
    expected = sorted(range(len(strings)), key=strings.__getitem__)
    assert texts_of(strings).order().tolist() == expected


@settings(max_examples=50, deadline=None)
@given(STRINGS, st.data())
def test_that_chosen_strings_are_joined_in_their_order(
    strings: list[bytes], data: st.DataObject
) -> None:
    places = data.draw(st.lists(st.sampled_from(range(len(strings))))) if strings else []
    chosen = texts_of(strings).at(np.array(places, dtype=np.int64))
    assert chosen.joined().tobytes() == b"".join(strings[place] for place in places)


def test_that_long_lists_are_joined_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "_CHUNK", 3)
    strings = [b"%d" % n * (n % 4) for n in range(20)]
    assert texts_of(strings).joined().tobytes() == b"".join(strings)
