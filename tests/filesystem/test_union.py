"""The union against a slow reference, and its special cases one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.filesystem.layer import Kind, LayerIndex
from explorer.filesystem.layerbuilder import LayerBuilder
from explorer.filesystem.union import Stack, State, stack_layers, view
from tests.filesystem.reference_union import Entry, Path, reference_union
from tests.support.layers import directory, file, hardlink, layer, opaque, symlink, whiteout

_NAMES = st.sampled_from(["a", "b", "c"])
_PATHS = st.lists(_NAMES, min_size=1, max_size=3).map(tuple)
_ENTRIES = st.one_of(
    st.builds(Entry, st.just("file"), _PATHS, st.integers(0, 9)),
    st.builds(Entry, st.sampled_from(["dir", "symlink", "whiteout", "opaque"]), _PATHS),
    st.builds(Entry, st.just("link"), _PATHS, st.just(0), _PATHS),
)
LAYERS = st.lists(st.lists(_ENTRIES, max_size=7), min_size=1, max_size=5)
_KINDS = {"file": Kind.FILE, "dir": Kind.DIRECTORY, "symlink": Kind.SYMLINK, "link": Kind.HARDLINK}


def _raw(path: Path) -> bytes:
    return "/".join(path).encode()


def index_of(entries: list[Entry]) -> LayerIndex:
    builder = LayerBuilder()
    for entry in entries:
        if entry.kind == "whiteout":
            builder.whiteout(_raw(entry.path))
        elif entry.kind == "opaque":
            builder.opaque(_raw(entry.path))
        else:
            builder.add(
                _raw(entry.path), _KINDS[entry.kind], size=entry.size, link=_raw(entry.target)
            )
    return builder.finish(complete=True)


def _shown(stack: Stack, mask: np.ndarray) -> dict[bytes, str]:
    names = {
        Kind.FILE: "file",
        Kind.DIRECTORY: "dir",
        Kind.SYMLINK: "symlink",
        Kind.HARDLINK: "link",
    }
    return {
        stack.tree.path(int(stack.node[row])): names[Kind(stack.kind[row])]
        for row in np.flatnonzero(mask)
    }


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(LAYERS)
def test_that_the_union_equals_the_slow_reference(layers: list[list[Entry]]) -> None:
    reference = reference_union(layers)
    stack = stack_layers([index_of(entries) for entries in layers])
    for number, state in enumerate(reference.states):
        expected = {_raw(path): item.kind for path, item in state.items()}
        assert _shown(stack, stack.up_to(number)) == expected
    assert int(stack.size.sum()) == reference.content
    unreachable = int(stack.size[stack.payload_until < stack.layer_count].sum())
    assert unreachable == reference.reclaimable
    assert view(stack, stack.merged()).total[0] == reference.content - reference.reclaimable


def _e(kind: str, path: str, size: int = 0, target: str = "") -> Entry:
    return Entry(kind, tuple(path.split("/")), size, tuple(target.split("/")) if target else ())


_BASE = [_e("dir", "a"), _e("dir", "a/b"), _e("dir", "a/b/c"), _e("file", "a/b/c/bar", 5)]
# Paths and reachable bytes, told by hand: what image-spec layer.md says, and what it leaves open as overlay2 has it.
_TOLD: dict[str, tuple[list[list[Entry]], set[str], int]] = {
    "layer.md: opaque mark, then new children": (
        [_BASE, [_e("dir", "a"), _e("opaque", "a"), _e("dir", "a/b"), _e("dir", "a/b/c"), _e("file", "a/b/c/foo", 2)]],
        {"a", "a/b", "a/b/c", "a/b/c/foo"}, 2,
    ),
    "layer.md: new children, then the opaque mark": (
        [_BASE, [_e("dir", "a"), _e("dir", "a/b"), _e("dir", "a/b/c"), _e("file", "a/b/c/foo", 2), _e("opaque", "a")]],
        {"a", "a/b", "a/b/c", "a/b/c/foo"}, 2,
    ),
    "layer.md: a whiteout hides in lower layers only": (
        [_BASE, [_e("dir", "a/b/c"), _e("whiteout", "a/b"), _e("file", "a/b/c/foo", 2)]],
        {"a", "a/b", "a/b/c", "a/b/c/foo"}, 2,
    ),
    "whiteout of a folder": ([_BASE, [_e("whiteout", "a/b")]], {"a"}, 0),
    "whiteout of a whiteout": ([_BASE, [_e("whiteout", "a")], [_e("whiteout", "a")]], set(), 0),
    "whiteout in the lowest layer": ([[_e("whiteout", "a"), _e("file", "b", 1)]], {"b"}, 1),
    "back again after a whiteout": (
        [_BASE, [_e("whiteout", "a")], [_e("file", "a/x", 3)]], {"a", "a/x"}, 3,
    ),
    "file over folder": ([_BASE, [_e("file", "a/b", 1)]], {"a", "a/b"}, 1),
    "folder over file": ([[_e("file", "a", 4)], [_e("dir", "a")]], {"a"}, 0),
    "implied folder over file": ([[_e("file", "a", 4)], [_e("file", "a/x", 1)]], {"a", "a/x"}, 1),
    "implied folder over symlink": ([[_e("symlink", "a")], [_e("file", "a/x", 1)]], {"a", "a/x"}, 1),
    "folder over folder keeps the children": (
        [_BASE, [_e("dir", "a/b")]], {"a", "a/b", "a/b/c", "a/b/c/bar"}, 5,
    ),
    "hardlink keeps a lower payload": (
        [_BASE, [_e("link", "keep", target="a/b/c/bar")], [_e("whiteout", "a")]], {"keep"}, 5,
    ),
    "hardlink to what its layer hides": (
        [_BASE, [_e("whiteout", "a"), _e("link", "lost", target="a/b/c/bar")]], {"lost"}, 0,
    ),
    "the same path twice in one layer": ([[_e("file", "a", 4), _e("file", "a", 2)]], {"a"}, 2),
}  # fmt: skip


@pytest.mark.parametrize("name", _TOLD)
def test_that_union_and_reference_say_what_is_told_by_hand(name: str) -> None:
    layers, expected, reachable = _TOLD[name]
    reference = reference_union(layers)
    stack = stack_layers([index_of(entries) for entries in layers])
    assert {"/".join(path) for path in reference.states[-1]} == expected
    assert {path.decode() for path in _shown(stack, stack.merged())} == expected
    assert reference.content - reference.reclaimable == reachable
    assert int(stack.size[stack.payload_until == stack.layer_count].sum()) == reachable


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(LAYERS)
def test_that_a_payload_has_a_state_exactly_when_nothing_reaches_it(
    layers: list[list[Entry]],
) -> None:
    stack = stack_layers([index_of(entries) for entries in layers])
    payload = stack.kind == Kind.FILE
    lost = payload & (stack.payload_until < stack.layer_count)
    assert np.array_equal(stack.state != State.LIVE, lost)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(LAYERS)
def test_that_the_tree_is_in_preorder(layers: list[list[Entry]]) -> None:
    tree = stack_layers([index_of(entries) for entries in layers]).tree
    for node in range(1, len(tree)):
        parent = int(tree.parent[node])
        assert parent < node < tree.end[parent]
        assert tree.end[node] <= tree.end[parent]
        assert tree.depth[node] == tree.depth[parent] + 1


def _states(stack: Stack) -> dict[tuple[bytes, int], State]:
    payload = np.flatnonzero(stack.kind == Kind.FILE)
    return {
        (stack.tree.path(int(stack.node[r])), int(stack.layer[r])): State(stack.state[r])
        for r in payload
    }


def test_that_a_chmod_copy_is_told_from_an_overwrite() -> None:
    stack = stack_layers(
        [
            layer(file("/same", content="x" * 9), file("/other", content="one")),
            layer(file("/same", content="x" * 9, mode=0o755), file("/other", content="two")),
        ]
    )
    assert _states(stack) == {
        (b"same", 0): State.METADATA_COPY,
        (b"other", 0): State.OVERWRITTEN,
        (b"same", 1): State.LIVE,
        (b"other", 1): State.LIVE,
    }


def test_that_a_deleted_directory_counts_as_reclaimable() -> None:
    stack = stack_layers([layer(file("/d/a", 10), file("/d/b", 5)), layer(whiteout("/d"))])
    assert _states(stack) == {(b"d/a", 0): State.DELETED, (b"d/b", 0): State.DELETED}


def test_that_an_opaque_directory_hides_lower_entries_whatever_its_place_in_the_tar() -> None:
    stack = stack_layers([layer(file("/d/old", 4)), layer(file("/d/new", 1), opaque("/d"))])
    assert _shown(stack, stack.merged()) == {b"d": "dir", b"d/new": "file"}
    assert _states(stack)[(b"d/old", 0)] == State.DELETED


def test_that_a_whiteout_beside_an_entry_of_its_name_hides_the_lower_one_only() -> None:
    stack = stack_layers([layer(file("/a", 7)), layer(file("/a", 3), whiteout("/a"))])
    assert _states(stack) == {(b"a", 0): State.DELETED, (b"a", 1): State.LIVE}


def test_that_a_payload_lives_while_a_hardlink_to_it_is_visible() -> None:
    stack = stack_layers([layer(file("/a", 10), hardlink("/b", "/a")), layer(whiteout("/a"))])
    assert _states(stack) == {(b"a", 0): State.LIVE}
    shown = view(stack, stack.merged())
    assert shown.size[stack.tree.find(b"b")] == 10
    assert shown.total[0] == 10


def test_that_a_path_written_twice_in_one_layer_counts_once_as_visible_and_once_as_duplicate() -> (
    None
):
    stack = stack_layers([layer(file("/a", 10), file("/a", 4))])
    payload = stack.kind == Kind.FILE
    assert sorted(
        zip(stack.size[payload].tolist(), stack.state[payload].tolist(), strict=True)
    ) == [
        (4, State.LIVE),
        (10, State.DUPLICATE),
    ]


def test_that_a_file_replaces_a_directory_with_all_below_it() -> None:
    stack = stack_layers([layer(directory("/d"), file("/d/x", 5)), layer(file("/d", 1))])
    assert _shown(stack, stack.merged()) == {b"d": "file"}
    assert _states(stack)[(b"d/x", 0)] == State.DELETED


def test_that_symlink_text_survives_the_join() -> None:
    stack = stack_layers([layer(symlink("/a", "x")), layer(symlink("/b", "../y\xff"))])
    texts = {
        stack.tree.path(int(stack.node[row])): stack.link_target(int(row))
        for row in range(len(stack))
    }
    assert texts == {b"a": b"x", b"b": "../y\xff".encode()}


def test_that_views_of_one_layer_show_its_whiteouts() -> None:
    stack = stack_layers([layer(file("/a", 7)), layer(whiteout("/a"), file("/b", 2))])
    only = view(stack, stack.only(1))
    assert only.total[0] == 2
    assert stack.kind[only.row[stack.tree.find(b"a")]] == Kind.WHITEOUT


def test_that_no_layers_give_an_empty_tree() -> None:
    stack = stack_layers([])
    assert (len(stack), len(stack.tree), stack.layer_count) == (0, 1, 0)
    assert view(stack, stack.merged()).total.tolist() == [0]
