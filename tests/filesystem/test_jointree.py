"""Two trees joined in columns, beside a join that looks up each path."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.filesystem import jointree
from explorer.filesystem.columnfile import Array
from explorer.filesystem.jointree import join_trees
from explorer.filesystem.texts import Texts
from explorer.filesystem.tree import FileTree, preorder

PARTS = st.lists(st.sampled_from(["a", "b", "name of twelve", "name of twelve."]), max_size=4)
PATHS = st.lists(st.tuples(PARTS.map(tuple), st.booleans()), max_size=14)
Side = tuple[FileTree, Array]


def side_of(paths: list[tuple[tuple[str, ...], bool]]) -> Side:
    """A tree of these paths, and which of its nodes are present: the marked ones and all above them."""
    known: dict[tuple[str, ...], int] = {(): 0}
    parents, names, marked = [-1], [b""], [0]
    for path, present in paths:
        for depth in range(1, len(path) + 1):
            if path[:depth] not in known:
                known[path[:depth]] = len(parents)
                parents.append(known[path[: depth - 1]])
                names.append(path[depth - 1].encode())
                marked.append(0)
        marked[known[path]] |= int(present)
    tree, place = preorder(parents, names)
    own = np.zeros(len(tree), dtype=np.int64)
    own[place] = marked
    return tree, tree.roll_up(own) > 0


def looked_up(a: Side, b: Side) -> tuple[FileTree, list[int], list[int]]:
    """What join_trees() says, path by path."""
    known: dict[tuple[int, bytes], int] = {}
    parents, names = [-1], [b""]
    joined: list[list[int]] = []
    for tree, present in (a, b):
        place = {0: 0}
        for node in np.flatnonzero(present).tolist():
            if node:
                key = place[int(tree.parent[node])], tree.name(node)
                if key not in known:
                    known[key] = len(parents)
                    parents.append(key[0])
                    names.append(key[1])
                place[node] = known[key]
        joined.append([place[node] for node in np.flatnonzero(present).tolist()])
    tree, where = preorder(parents, names)
    return tree, where[joined[0]].tolist(), where[joined[1]].tolist()


def assert_equal_to_the_slow_one(a: Side, b: Side) -> None:
    tree, place_a, place_b = join_trees(*a, *b)
    expected, slow_a, slow_b = looked_up(a, b)
    for item in fields(FileTree):
        ours, theirs = getattr(tree, item.name), getattr(expected, item.name)
        assert (ours.dtype, ours.tolist()) == (theirs.dtype, theirs.tolist()), item.name
    assert (place_a.tolist(), place_b.tolist()) == (slow_a, slow_b)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(PATHS, PATHS)
def test_that_two_trees_join_as_if_each_path_were_looked_up(
    a: list[tuple[tuple[str, ...], bool]], b: list[tuple[tuple[str, ...], bool]]
) -> None:
    assert_equal_to_the_slow_one(side_of(a), side_of(b))


def test_that_what_only_the_second_has_stands_behind_its_siblings_of_the_first() -> None:
    a = side_of([(("x", "m"), True), (("x", "z"), True), (("y",), True)])
    b = side_of([(("x", "b", "c"), True), (("x", "z"), True), (("w",), True)])
    tree, _, _ = join_trees(*a, *b)
    paths = [tree.path(node) for node in range(len(tree))]
    assert paths == [b"", b"x", b"x/m", b"x/z", b"x/b", b"x/b/c", b"y", b"w"]


@pytest.mark.parametrize("constant", [0, 7])
def test_that_names_made_to_have_equal_hashes_are_still_told_apart(
    monkeypatch: pytest.MonkeyPatch, constant: int
) -> None:
    # The hash tells nothing, or only that of the first folder apart from the rest.
    monkeypatch.setattr(
        Texts,
        "hashes",
        lambda texts: np.where(texts.lengths > 1, constant, 1).astype(np.uint64),
    )
    a = side_of([(("long", "one"), True), (("x",), True)])
    b = side_of([(("long", "two"), True), (("other", "one"), True)])
    assert_equal_to_the_slow_one(a, b)


def test_that_a_single_false_match_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Texts, "hashes", lambda texts: texts.lengths.astype(np.uint64))
    assert_equal_to_the_slow_one(side_of([(("one",), True)]), side_of([(("two",), True)]))


def test_that_names_are_compared_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jointree, "_CHUNK", 2)
    # All but the last of seven names are the same, and all have their lengths for hashes.
    monkeypatch.setattr(Texts, "hashes", lambda texts: texts.lengths.astype(np.uint64))
    names = ["a" * n for n in range(1, 8)]
    a, b = (side_of([((name,), True) for name in [*names, last]]) for last in ("x" * 9, "y" * 9))
    assert_equal_to_the_slow_one(a, b)


def test_that_empty_sides_join() -> None:
    nothing, something = side_of([]), side_of([(("a", "b"), True)])
    for pair in ((nothing, nothing), (nothing, something), (something, nothing)):
        assert_equal_to_the_slow_one(*pair)
