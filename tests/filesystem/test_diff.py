"""Two final file systems compared, beside a slow comparison of two dictionaries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.filesystem.diff import Change, TreeDiff, diff_trees
from explorer.filesystem.layer import Kind
from explorer.filesystem.union import Stack, stack_layers
from tests.support.layers import Entry, directory, file, hardlink, layer, symlink, whiteout


def compared(a: list[Entry], b: list[Entry]) -> TreeDiff:
    return diff_trees(stack_layers([layer(*a)]), stack_layers([layer(*b)]))


def fate(diff: TreeDiff, path: bytes) -> Change:
    return Change(int(diff.change[diff.tree.find(path)]))


def test_that_each_path_is_told_what_became_of_it() -> None:
    diff = compared(
        [
            file("same", content="x"),
            file("gone", content="one"),
            file("grown", content="x"),
            file("mode", content="x", mode=0o600),
            file("old/place", content="moved content"),
            symlink("link", "a"),
            file("kind", content="x"),
        ],
        [
            file("same", content="x"),
            file("come", content="another"),
            file("grown", content="xx"),
            file("mode", content="x", mode=0o644),
            file("new/place", content="moved content"),
            symlink("link", "b"),
            directory("kind"),
        ],
    )
    fates = {
        name: fate(diff, name.encode())
        for name in (
            "same",
            "gone",
            "come",
            "grown",
            "mode",
            "old/place",
            "new/place",
            "link",
            "kind",
        )
    }
    assert fates == {
        "same": Change.SAME,
        "gone": Change.REMOVED,
        "come": Change.ADDED,
        "grown": Change.CHANGED,
        "mode": Change.METADATA,
        "old/place": Change.MOVED_AWAY,
        "new/place": Change.MOVED_HERE,
        "link": Change.METADATA,
        "kind": Change.CHANGED,
    }
    old, new = diff.tree.find(b"old/place"), diff.tree.find(b"new/place")
    assert (diff.partner[old], diff.partner[new]) == (new, old)


def test_that_only_what_is_visible_in_the_end_is_compared() -> None:
    a = stack_layers([layer(file("x", 10), file("y", 5)), layer(whiteout("x"))])
    diff = diff_trees(a, stack_layers([layer(file("y", 5))]))
    assert diff.tree.find(b"x") == -1
    assert fate(diff, b"y") == Change.SAME
    assert diff.bytes(Change.SAME) == (5, 5)


def test_that_each_removed_content_moves_to_one_place_only() -> None:
    diff = compared(
        [file("a", content="same")], [file("b", content="same"), file("c", content="same")]
    )
    fates = sorted((fate(diff, b"b"), fate(diff, b"c")))
    assert fates == [Change.ADDED, Change.MOVED_HERE]


def test_that_a_hard_link_and_its_copy_are_the_same_content() -> None:
    diff = compared(
        [file("a", content="x"), hardlink("b", "a")],
        [file("a", content="x"), file("b", content="x")],
    )
    assert fate(diff, b"b") == Change.SAME


def test_that_an_empty_file_never_counts_as_moved() -> None:
    diff = compared([file("a")], [file("b")])
    assert (fate(diff, b"a"), fate(diff, b"b")) == (Change.REMOVED, Change.ADDED)


ENTRIES = st.dictionaries(
    st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join),
    st.tuples(st.sampled_from(["", "x", "yy", "zzz"]), st.sampled_from([0o600, 0o644])),
    max_size=8,
)


def tree_of(entries: dict[str, tuple[str, int]]) -> Stack:
    made = [file(path, content=text, mode=mode) for path, (text, mode) in entries.items()]
    return stack_layers([layer(*made)])


def visible(stack: Stack) -> dict[bytes, tuple[int, tuple[int, ...], int]]:
    """Path to (size, digest, mode) of every regular file in the end."""
    found = {}
    for row in range(len(stack)):
        if stack.merged()[row] and stack.kind[row] == Kind.FILE:
            path = stack.tree.path(int(stack.node[row]))
            found[path] = (
                int(stack.size[row]),
                tuple(stack.digest[row].tolist()),
                int(stack.mode[row]),
            )
    return found


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(ENTRIES, ENTRIES)
def test_that_fates_equal_those_of_two_dictionaries(
    first: dict[str, tuple[str, int]], second: dict[str, tuple[str, int]]
) -> None:
    a, b = tree_of(first), tree_of(second)
    diff, before, after = diff_trees(a, b), visible(a), visible(b)
    gone, come = {Change.REMOVED, Change.MOVED_AWAY}, {Change.ADDED, Change.MOVED_HERE}
    for path in before.keys() | after.keys():
        if diff.is_directory[diff.tree.find(path)]:
            continue
        told = fate(diff, path)
        if path not in after:
            assert told in gone
        elif path not in before:
            assert told in come
        elif before[path][:2] != after[path][:2]:
            assert told == Change.CHANGED
        else:
            same = before[path][2] == after[path][2]
            assert told == (Change.SAME if same else Change.METADATA)
    assert int(diff.size_a.sum()) == sum(size for size, _, _ in before.values())
    assert int(diff.size_b.sum()) == sum(size for size, _, _ in after.values())
    moved = diff.change == Change.MOVED_HERE
    assert int(moved.sum()) == int((diff.change == Change.MOVED_AWAY).sum())


CONTENTS = st.lists(
    st.tuples(st.sampled_from("pqrs"), st.sampled_from(["x", "y", "zz"])), max_size=8
)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(CONTENTS, CONTENTS)
def test_that_equal_contents_are_paired_in_the_order_of_the_tree(
    gone: list[tuple[str, str]], come: list[tuple[str, str]]
) -> None:
    a = stack_layers([layer(*(file(f"a/{i}{n}", content=c) for i, (n, c) in enumerate(gone)))])
    b = stack_layers([layer(*(file(f"b/{i}{n}", content=c) for i, (n, c) in enumerate(come)))])
    diff = diff_trees(a, b)
    waiting: dict[str, list[bytes]] = {}
    for i, (name, content) in enumerate(gone):
        waiting.setdefault(content, []).append(f"a/{i}{name}".encode())
    for i, (name, content) in enumerate(come):
        node = diff.tree.find(f"b/{i}{name}".encode())
        partner = int(diff.partner[node])
        froms = waiting.get(content)
        source = froms.pop(0) if froms else None
        assert (diff.tree.path(partner) if partner >= 0 else None) == source
        assert diff.change[node] == (Change.MOVED_HERE if source else Change.ADDED)
        assert partner < 0 or diff.partner[partner] == node
    left = {path for paths in waiting.values() for path in paths}
    removed = {diff.tree.path(n) for n in np.flatnonzero(diff.change == Change.REMOVED).tolist()}
    assert left == {path for path in removed if path.startswith(b"a/")}


def test_that_many_links_are_compared_by_what_they_say() -> None:
    texts = ["", "a", "a" * 8, "a" * 9, "a" * 7 + "b" + "a" * 9, "a" * 17]
    diff = compared(
        [symlink(f"l{i}", text) for i, text in enumerate(texts)],
        [symlink(f"l{i}", text) for i, text in enumerate([*texts[:4], "a" * 17, "a" * 17])],
    )
    fates = [fate(diff, b"l%d" % i) for i in range(len(texts))]
    assert fates == [Change.SAME] * 4 + [Change.METADATA, Change.SAME]
