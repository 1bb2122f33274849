"""What one choice of rows looks like: totals are those of the chosen file system, hardlinks counted once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.filesystem.layer import Kind
from explorer.filesystem.reading import read_layer
from explorer.filesystem.union import Stack, View, stack_layers, view
from explorer.task import Task
from tests.filesystem.reference_union import Entry, reference_union
from tests.filesystem.tars import Held, entry, tar
from tests.filesystem.test_union import LAYERS, index_of
from tests.support.layers import directory, file, hardlink, layer, symlink, whiteout


def _at(stack: Stack, shown: View, path: bytes) -> tuple[int, int, int]:
    """Size of a node itself, total and files of its subtree."""
    node = stack.tree.find(path)
    return int(shown.size[node]), int(shown.total[node]), int(shown.files[node])


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(LAYERS)
def test_that_totals_after_each_layer_are_those_of_its_file_system(
    layers: list[list[Entry]],
) -> None:
    reference = reference_union(layers)
    stack = stack_layers([index_of(entries) for entries in layers])
    for number, state in enumerate(reference.states):
        shown = view(stack, stack.up_to(number))
        payloads = {item.payload for item in state.values()} - {None}
        assert int(shown.total[0]) == sum(reference.sizes[p] for p in payloads if p is not None)
        assert int(shown.files[0]) == sum(item.kind in ("file", "link") for item in state.values())
        present = {stack.tree.path(n + 1) for n in np.flatnonzero(shown.present[1:]).tolist()}
        assert present == {"/".join(path).encode() for path in state}


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(LAYERS)
def test_that_a_layers_own_view_holds_its_whole_content(layers: list[list[Entry]]) -> None:
    indexes = [index_of(entries) for entries in layers]
    stack = stack_layers(indexes)
    for number, index in enumerate(indexes):
        own = view(stack, stack.only(number))
        # A link to a lower layer shows the bytes that it keeps reachable.
        assert int(own.total[0]) >= index.content_bytes
        assert int(stack.size[stack.only(number)].sum()) == index.content_bytes


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(LAYERS, st.data())
def test_that_any_choice_of_rows_sums_up_from_its_nodes(
    layers: list[list[Entry]], data: st.DataObject
) -> None:
    stack = stack_layers([index_of(entries) for entries in layers])
    mask = np.array(
        data.draw(st.lists(st.booleans(), min_size=len(stack), max_size=len(stack))), dtype=bool
    )
    shown = view(stack, mask)
    assert int(shown.total[0]) == int(shown.size.sum())
    payloads = stack.payload_row[mask & (stack.payload_row >= 0)]
    assert int(shown.total[0]) == int(stack.size[np.unique(payloads)].sum())


def test_that_folders_sum_up_what_they_show() -> None:
    stack = stack_layers(
        [layer(file("/d/a", 5), file("/d/e/b", 7), file("/c", 1), directory("/x"))]
    )
    shown = view(stack, stack.merged())
    assert [_at(stack, shown, path) for path in (b"", b"d", b"d/e", b"d/a", b"x")] == [
        (0, 13, 3), (0, 12, 2), (0, 7, 1), (5, 5, 1), (0, 0, 0),
    ]  # fmt: skip


def test_that_a_file_and_its_links_count_once() -> None:
    stack = stack_layers(
        [layer(file("/a", 10), hardlink("/b", "/a"), hardlink("/c", "/b"), symlink("/s", "a"))]
    )
    shown = view(stack, stack.merged())
    assert (int(shown.total[0]), int(shown.files[0])) == (10, 3)
    assert _at(stack, shown, b"a") == (10, 10, 1)
    assert _at(stack, shown, b"c") == (0, 0, 1)


def test_that_a_link_carries_the_bytes_when_the_first_name_is_gone() -> None:
    stack = stack_layers(
        [layer(file("/a", 10), hardlink("/b", "/a"), hardlink("/c", "/a")), layer(whiteout("/a"))]
    )
    shown = view(stack, stack.merged())
    assert [_at(stack, shown, p)[0] for p in (b"a", b"b", b"c")] == [0, 10, 0]
    assert int(shown.total[0]) == 10
    assert stack.payload_until[stack.kind == Kind.FILE].tolist() == [2]


def test_that_bytes_die_with_the_last_link() -> None:
    stack = stack_layers(
        [
            layer(file("/a", 10), hardlink("/b", "/a")),
            layer(whiteout("/a")),
            layer(file("/b", 3)),
        ]
    )
    assert stack.payload_until[stack.kind == Kind.FILE].tolist() == [2, 3]
    assert [int(view(stack, stack.up_to(n)).total[0]) for n in range(3)] == [10, 10, 3]


def test_that_a_link_into_a_lower_layer_keeps_its_payload_alive() -> None:
    stack = stack_layers(
        [layer(file("/d/a", 10)), layer(hardlink("/b", "d/a")), layer(whiteout("/d"))]
    )
    assert stack.payload_until[stack.kind == Kind.FILE].tolist() == [3]
    shown = view(stack, stack.merged())
    assert _at(stack, shown, b"b") == (10, 10, 1)


def test_that_a_link_to_what_the_same_layer_hides_has_no_payload() -> None:
    stack = stack_layers([layer(file("/a", 10)), layer(whiteout("/a"), hardlink("/b", "/a"))])
    assert int(view(stack, stack.merged()).total[0]) == 0
    assert stack.payload_until[stack.kind == Kind.FILE].tolist() == [1]


def test_that_chains_and_circles_of_links_end() -> None:
    chain = [hardlink(f"/l{n}", f"/l{n + 1}") for n in range(500)]
    stack = stack_layers(
        [layer(*chain, file("/l500", 7), hardlink("/x", "/y"), hardlink("/y", "/x"))]
    )
    rows = {stack.tree.path(int(stack.node[row])): row for row in range(len(stack))}
    assert int(stack.payload_row[rows[b"l0"]]) == rows[b"l500"]
    assert [int(stack.payload_row[rows[name]]) for name in (b"x", b"y")] == [-1, -1]
    assert int(view(stack, stack.merged()).total[0]) == 7


def test_that_links_read_from_a_tar_count_once() -> None:
    data = tar(
        entry("bin/busybox", b"\x7fELF" * 1000),
        *(entry(f"bin/tool{n}", kind=b"1", link=b"bin/busybox") for n in range(300)),
    )
    stack = stack_layers([read_layer(Task(), Held(data))])
    shown = view(stack, stack.merged())
    assert (int(shown.total[0]), int(shown.files[0])) == (4000, 301)
