"""Opaque directories are found from what the image's merged file system lacks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.engine.opaque import Opaque, find_opaque, mark_opaque, stated_bytes
from explorer.filesystem.layer import Flag, LayerIndex
from explorer.filesystem.union import Stack, stack_layers
from tests.support.layers import directory, file, hardlink, layer, opaque, symlink, whiteout


@dataclass
class Overlay:
    """overlayfs in a few lines: what each RUN's upper folder holds, and what is merged."""

    merged: dict[str, str] = field(default_factory=dict)
    layers: list[LayerIndex] = field(default_factory=list)

    def run(self, commands: list[tuple[str, str]]) -> None:
        lower = dict(self.merged)
        upper: dict[str, str] = {}
        for command, path in commands:
            if command == "rm":
                self._remove(path, lower, upper)
            elif self._open_parents(path, lower, upper):
                self._make(command, path, lower, upper)
        entries = []
        for path, kind in sorted(upper.items()):
            entries += {
                "file": [file(path, len(self.layers) + 1)],
                "directory": [directory(path)],
                "opaque": [directory(path), opaque(path)],
                "whiteout": [whiteout(path)],
            }[kind]
        self.layers.append(layer(*entries))

    def _below(self, path: str, lower: dict[str, str], upper: dict[str, str]) -> bool:
        """Whether the lower layers show the path through the upper folder."""
        return path in lower and not any(
            upper.get(above) in ("opaque", "file", "whiteout") for above in _parents(path)
        )

    def _remove(self, path: str, lower: dict[str, str], upper: dict[str, str]) -> None:
        if path not in self.merged:
            return
        for tree in (self.merged, upper):
            for inside in [key for key in tree if key == path or key.startswith(path + "/")]:
                del tree[inside]
        if self._below(path, lower, upper):
            self._copy_up(path, upper)
            upper[path] = "whiteout"

    def _make(self, kind: str, path: str, lower: dict[str, str], upper: dict[str, str]) -> None:
        if self.merged.get(path, kind) != kind:
            return
        hides = kind == "directory" and upper.get(path) == "whiteout"
        if kind == "directory" and path in self.merged and path not in upper:
            upper[path] = "directory"  # chmod
        elif path not in self.merged or kind == "file":
            upper[path] = "opaque" if hides else kind
        self.merged[path] = kind

    def _open_parents(self, path: str, lower: dict[str, str], upper: dict[str, str]) -> bool:
        for above in _parents(path):
            if self.merged.get(above) == "file":
                return False
            if above not in self.merged:
                self._make("directory", above, lower, upper)
        self._copy_up(path, upper)
        return True

    def _copy_up(self, path: str, upper: dict[str, str]) -> None:
        for above in _parents(path):
            upper.setdefault(above, "directory")


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _without_marks(index: LayerIndex) -> LayerIndex:
    return replace(index, flags=index.flags & ~np.uint8(Flag.OPAQUE))


def _search(overlay: Overlay) -> tuple[Opaque, list[LayerIndex], int]:
    """What is found, the layers with the marks put back (the unclear ones as they truly are), and questions asked."""
    asked = []

    def exists(path: bytes) -> bool:
        asked.append(path)
        return path.decode() in overlay.merged

    bare = [_without_marks(index) for index in overlay.layers]
    found = find_opaque(bare, range(len(bare)), exists)
    layers = [
        overlay.layers[i]
        if i in found.unclear
        else mark_opaque(bare[i], found.nodes.get(i, frozenset()))
        for i in range(len(bare))
    ]
    return found, layers, len(asked)


def _lives(stack: Stack) -> dict[tuple[int, bytes, int], int]:
    return {
        (int(stack.layer[row]), stack.tree.path(int(stack.node[row])), int(stack.kind[row])): int(
            stack.until[row]
        )
        for row in range(len(stack))
    }


_PATHS = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join)
_COMMANDS = st.tuples(st.sampled_from(["file", "directory", "rm", "file"]), _PATHS)
_RUNS = st.lists(st.lists(_COMMANDS, max_size=10), min_size=2, max_size=5)


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(_RUNS)
def test_that_layers_live_as_long_as_with_their_own_marks(
    runs: list[list[tuple[str, str]]],
) -> None:
    overlay = Overlay()
    for commands in runs:
        overlay.run(commands)
    _, layers, _ = _search(overlay)
    assert _lives(stack_layers(layers)) == _lives(stack_layers(overlay.layers))


def test_that_a_directory_made_anew_is_opaque() -> None:
    overlay = Overlay()
    overlay.run([("file", "data/a"), ("file", "data/b"), ("file", "other/c")])
    overlay.run([("rm", "data"), ("directory", "data"), ("file", "other/d")])
    found, _, _ = _search(overlay)
    assert (found.nodes, found.unclear) == ({1: frozenset({b"data"})}, frozenset())


def test_that_one_witness_clears_all_directories_above_it() -> None:
    overlay = Overlay()
    overlay.run([("file", "usr/share/doc/a/x"), ("file", "usr/b"), ("file", "usr/share/c")])
    overlay.run([("file", "usr/share/doc/a/new")])
    found, _, asked = _search(overlay)
    assert (found.nodes, found.unclear, asked) == ({}, frozenset(), 1)


def test_that_a_tree_made_anew_costs_few_questions() -> None:
    overlay = Overlay()
    paths = [("file", f"top/modules/{i}/{j}/old") for i in range(20) for j in range(20)]
    overlay.run([*paths, ("file", "top/modules/old"), ("file", "top/old")])
    overlay.run(
        [("rm", "top/modules"), *[(kind, path.replace("old", "new")) for kind, path in paths]]
    )
    found, _, asked = _search(overlay)
    assert found.nodes == {1: frozenset({b"top/modules"})}
    assert asked <= 4


def test_that_a_layer_whose_witnesses_a_later_one_removes_is_unclear() -> None:
    overlay = Overlay()
    overlay.run([("file", "data/a")])
    overlay.run([("directory", "data"), ("file", "data/b")])
    overlay.run([("rm", "data/a")])
    found, _, _ = _search(overlay)
    assert found.unclear == {1}


def test_that_paths_the_engine_puts_into_containers_are_no_witnesses() -> None:
    overlay = Overlay()
    overlay.run([("file", "etc/hosts"), ("file", "etc/passwd")])
    overlay.run([("rm", "etc"), ("file", "etc/new")])
    bare = [_without_marks(index) for index in overlay.layers]
    found = find_opaque(bare, [1], lambda path: path != b"etc/passwd")
    assert found.nodes == {1: frozenset({b"etc"})}


def test_that_the_stated_size_counts_symlink_texts_and_each_inode_once() -> None:
    index = layer(file("/a", 100), hardlink("/b", "/a"), symlink("/c", "../some/where"))
    assert stated_bytes(index) == 113
