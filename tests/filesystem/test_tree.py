"""The tree of columns: paths, children, sums."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.filesystem.tree import FileTree
from explorer.filesystem.union import stack_layers
from tests.support.layers import directory, file, layer, whiteout

_PATHS = st.lists(
    st.lists(st.sampled_from(["a", "b", "c", "\u4e2d"]), min_size=1, max_size=4).map("/".join),
    max_size=12,
)


def tree(*paths: str) -> FileTree:
    return stack_layers([layer(*(file(path, 1) for path in paths))]).tree


def test_that_siblings_keep_the_order_of_their_first_appearance() -> None:
    found = tree("/z/2", "/a", "/z/1", "/z/3/x")
    assert [found.path(node) for node in range(len(found))] == [
        b"", b"z", b"z/2", b"z/1", b"z/3", b"z/3/x", b"a",
    ]  # fmt: skip
    assert found.end.tolist() == [7, 6, 3, 4, 6, 6, 7]
    assert found.depth.tolist() == [0, 1, 2, 2, 2, 3, 1]


def test_that_a_path_is_found_with_any_slashes_and_nothing_else_is() -> None:
    found = tree("/a/b/c", "/a/bb")
    assert found.path(found.find(b"//a//b/")) == b"a/b"
    assert [found.find(path) for path in (b"", b"/")] == [0, 0]
    assert [found.find(path) for path in (b"a/x", b"b", b"a/b/c/d", b"a/.")] == [-1] * 4


def test_that_children_and_ancestors_are_the_two_ways() -> None:
    found = tree("/a/b/c", "/a/d", "/e")
    node = found.find(b"a/b/c")
    assert [found.path(n) for n in found.ancestors(node)] == [b"", b"a", b"a/b", b"a/b/c"]
    assert [found.name(int(n)) for n in found.children(found.find(b"a"))] == [b"b", b"d"]
    assert found.children(node).tolist() == []


def test_that_a_tree_of_nothing_is_its_root() -> None:
    found = stack_layers([]).tree
    assert (len(found), found.children(0).tolist(), found.find(b"a")) == (1, [], -1)


@pytest.mark.slow
@settings(deadline=None)
@given(_PATHS)
def test_that_sums_over_subtrees_equal_those_of_a_walk(paths: list[str]) -> None:
    found = tree(*paths)
    values = np.arange(len(found), dtype=np.int64) ** 2
    expected = values.tolist()
    for node in range(len(found) - 1, 0, -1):
        expected[int(found.parent[node])] += expected[node]
    assert found.roll_up(values).tolist() == expected


@pytest.mark.slow
@settings(deadline=None)
@given(_PATHS)
def test_that_every_node_is_a_child_of_its_parent_and_found_by_its_path(paths: list[str]) -> None:
    found = stack_layers(
        [layer(directory("/k"), *(file(p, 1) for p in paths)), layer(whiteout("/q"))]
    ).tree
    for node in range(1, len(found)):
        assert node in found.children(int(found.parent[node])).tolist()
        assert found.find(found.path(node)) == node
