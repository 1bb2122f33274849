"""What comes back out of a snapshot is what went in, and nothing that is private went in."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explorer.filesystem.layer import Kind, LayerIndex
from explorer.filesystem.tree import FileTree
from explorer.filesystem.union import Stack
from explorer.findings.analysis import Analysis, analyse
from explorer.findings.category import CATEGORIES
from explorer.gui.models.magic import _MAGICS, content_type
from explorer.snapshot.checking import STACK_TYPES, TREE_TYPES
from explorer.snapshot.model import Snapshot
from explorer.snapshot.privacy import (
    MAGICS,
    _reduced,
    private_reference,
    private_text,
    reduced_heads,
)
from explorer.snapshot.reading import SnapshotFile
from explorer.snapshot.writing import write_snapshot
from tests.snapshot.taken import ORIGIN, before, snapshot, taken
from tests.support.layers import Entry, directory, file, hardlink, image, layer, opaque, whiteout

# What a snapshot changes of an analysis on purpose; all else must come back as it was.
_CHANGED = {"image", "via", "problems", "stack", "findings", "category", "rule"}
_CHANGED_COLUMNS = {"tree", "head", "data_offset"}


def read_back(path: Path) -> Analysis:
    return SnapshotFile.open(path).save_analysis(path.with_suffix(".col"), f"snapshot:{path}")


def assert_same_figures(found: Analysis, was: Analysis) -> None:
    """Every figure of two analyses is equal, column by column."""
    for name in (f.name for f in fields(Analysis) if f.name not in _CHANGED):
        assert getattr(found, name) == getattr(was, name), name
    pairs = [(found.category, was.category), (found.rule, was.rule)]
    columns = [f.name for f in fields(Stack) if f.name not in _CHANGED_COLUMNS]
    pairs += [(getattr(found.stack, name), getattr(was.stack, name)) for name in columns]
    trees = found.stack.tree, was.stack.tree
    pairs += [(getattr(trees[0], f.name), getattr(trees[1], f.name)) for f in fields(FileTree)]
    for ours, theirs in pairs:
        assert ours.dtype == theirs.dtype
        assert np.array_equal(ours, theirs)
    assert [
        (f.id, f.bytes, f.layer, f.title(), f.reason(), f.remedy(), f.rows.tolist())
        for f in found.findings
    ] == [
        (f.id, f.bytes, f.layer, f.title(), f.reason(), f.remedy(), f.rows.tolist())
        for f in was.findings
    ]
    assert found.category_bytes() == was.category_bytes()
    assert found.image.id == was.image.id
    assert [(x.diff_id, x.stored_bytes) for x in found.image.layers] == [
        (x.diff_id, x.stored_bytes) for x in was.image.layers
    ]


_paths = st.sampled_from(
    [
        b"/a",
        b"/a/b",
        b"/a/b/c",
        b"/etc/passwd",
        b"/x\xff",
        b"/usr/lib/node_modules/m",
        b"/tmp/t.tar.gz",
    ]
)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    path = draw(_paths)
    kind = draw(st.sampled_from(["file", "directory", "whiteout", "opaque", "hardlink"]))
    if kind == "file":
        size = draw(st.one_of(st.integers(0, 3), st.integers(0, 2**40)))
        head = draw(st.binary(max_size=20))[: min(size, 20)]
        return file(path, size, head=head, mtime=draw(st.integers(-(2**40), 2**40)))
    if kind == "hardlink":
        return hardlink(path, draw(_paths))
    return {"directory": directory, "whiteout": whiteout, "opaque": opaque}[kind](path)


def layers() -> st.SearchStrategy[LayerIndex]:
    return st.lists(entries(), max_size=6).map(lambda items: layer(*items))


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(layers(), max_size=4))
def test_that_every_figure_of_any_image_comes_back(
    tmp_path_factory: object, parts: list[LayerIndex]
) -> None:
    was = analyse(*image(*parts))
    path = tmp_path_factory.mktemp("any") / "x.image-snapshot"  # type: ignore[attr-defined]
    write_snapshot(path, Snapshot(ORIGIN, was))
    assert_same_figures(read_back(path), was)


def test_that_binaries_rewrite_and_measurements_come_back(tmp_path: Path) -> None:
    was = snapshot()
    found = SnapshotFile.open(taken(tmp_path, of=was)).whole(tmp_path / "a.col", "snapshot:x")
    assert_same_figures(found.analysis, was.analysis)
    assert found.binaries == was.binaries
    assert found.origin == was.origin
    assert found.rewrite is not None
    assert was.rewrite is not None
    masked = "COPY . . # TOKEN=•••"
    layers_ = tuple(
        replace(x, text=masked) if "TOKEN" in x.text else x for x in was.rewrite.plan.layers
    )
    assert found.rewrite.facts == was.rewrite.facts
    assert found.rewrite.images == was.rewrite.images
    reference = was.analysis.image.reference
    assert found.rewrite.plan == replace(was.rewrite.plan, reference=reference, layers=layers_)
    assert [s.runs for s in found.samples] == [s.runs for s in was.samples]
    assert found.analysis.via == "snapshot"
    assert found.analysis.image.reference == "snapshot:x"


def test_that_a_snapshot_of_a_snapshot_is_the_same_file(tmp_path: Path) -> None:
    first = taken(tmp_path, "first")
    again = SnapshotFile.open(first).whole(tmp_path / "a.col", "docker-daemon:test:latest")
    image_ = replace(again.analysis.image, source="docker-daemon")
    second = taken(
        tmp_path,
        "second",
        replace(again, analysis=replace(again.analysis, image=image_, via="export")),
    )
    assert second.read_bytes() == first.read_bytes()


def test_that_nothing_private_is_in_the_file(tmp_path: Path) -> None:
    box = SnapshotFile.open(taken(tmp_path)).container
    texts = b"".join(box._bytes(name) for name in box.sections) + repr(box.head).encode()
    for secret in (
        b"hunter2",
        b"ghp_abc",
        b"/home/ann",
        b"annes-laptop",
        b"secret",
        b"package main",
        b"KEY",
    ):
        assert secret not in texts, secret


def test_that_first_bytes_are_reduced_to_what_tells_the_type() -> None:
    stack = before().stack
    heads = {
        stack.tree.path(int(node)): bytes(head)
        for node, head, kind in zip(stack.node, reduced_heads(stack), stack.kind, strict=True)
        if kind != Kind.WHITEOUT
    }
    assert heads[b"etc/motd"] == b" " * 20
    assert heads[b"src/main.go"] == b" " * 20
    assert heads[b"src/caf\xe9.bin"] == b"\x1f\x8b".ljust(20, b"\0")
    assert heads[b"src/run.sh"] == b"#!/bin/sh\n".ljust(20, b"\0")
    assert heads[b"app/server"].startswith(b"\x7fELF")
    assert heads[b"tmp"] == bytes(20)


@pytest.mark.slow
@given(st.binary(min_size=20, max_size=20))
def test_that_a_file_is_of_the_same_type_after_its_first_bytes_were_reduced(head: bytes) -> None:
    kept = _reduced(head, runs=True)
    assert content_type(kept, 20).rstrip("…") == content_type(head, 20).rstrip("…")


def test_that_all_types_that_the_window_knows_survive() -> None:
    assert set(MAGICS) == {magic for magic, _ in _MAGICS}


def test_that_all_columns_of_an_analysis_are_checked() -> None:
    stack = {f.name for f in fields(Stack)}
    assert stack == {"tree", "first_row", "link_offsets", "links", *STACK_TYPES}
    assert {f.name for f in fields(FileTree)} == {"names", "name_offsets", *TREE_TYPES}
    assert len(CATEGORIES) < 256


def test_that_paths_of_references_and_texts_lose_their_folders() -> None:
    assert (
        private_reference("docker-archive:/home/ann/web.tar:web:1")
        == "docker-archive:web.tar:web:1"
    )
    assert private_reference("/srv/build/web.tar") == "web.tar"
    assert (
        private_reference("docker-daemon:reg.example:5000/web:1")
        == "docker-daemon:reg.example:5000/web:1"
    )
    assert private_text("see /home/ann/src and /Users/bo/x") == "see /home/…/src and /Users/…/x"
