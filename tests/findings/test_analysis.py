"""An analysis as a whole: figures, the partition into categories, and what comes back from its file."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.errors import StorageError
from explorer.filesystem.layer import Kind
from explorer.filesystem.tree import FileTree
from explorer.filesystem.union import Stack
from explorer.findings.analysis import Analysis, LayerFigures, Totals, analyse
from explorer.findings.category import CATEGORIES, CODE, GROUPS, LIVE_IDS, SHADOW
from explorer.findings.finding import Finding
from explorer.image.model import Config
from tests.support.layers import (
    Entry,
    directory,
    file,
    hardlink,
    image,
    layer,
    opaque,
    program,
    symlink,
    whiteout,
)

_PART = st.sampled_from(
    ["usr", "local", "go", "bin", "var", "lib", "dpkg", "app", "go.mod", "x.go", "tmp", "a"]
)
_PATHS = st.lists(_PART, min_size=1, max_size=4).map("/".join)
_ENTRIES = st.one_of(
    st.builds(file, _PATHS, st.integers(0, 10**12)),
    st.builds(file, _PATHS, content=st.sampled_from(["one", "two" * 9000])),
    st.builds(program, _PATHS, st.integers(0, 99)),
    st.builds(directory, _PATHS),
    st.builds(symlink, _PATHS, _PATHS),
    st.builds(hardlink, _PATHS, _PATHS),
    st.builds(whiteout, _PATHS),
    st.builds(opaque, _PATHS),
)  # fmt: skip
_LAYERS = st.lists(st.lists(_ENTRIES, max_size=7), max_size=4)


def _analysis(layers: list[list[Entry]], config: Config = Config(cmd=("/app/a",))) -> Analysis:
    return analyse(*image(*(layer(*entries) for entries in layers), config=config))


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(_LAYERS)
def test_that_categories_layers_and_totals_partition_the_content(layers: list[list[Entry]]) -> None:
    analysis = _analysis(layers)
    totals, stack = analysis.totals, analysis.stack
    by_category = dict(zip((c.id for c in CATEGORIES), analysis.category_bytes(), strict=True))
    assert sum(size for size, _ in by_category.values()) == totals.content_bytes
    assert sum(n for _, n in by_category.values()) == int((stack.kind == Kind.FILE).sum())
    lost = sum(by_category[CATEGORIES[code].id][0] for code in SHADOW.values())
    assert lost == totals.reclaimable_bytes == totals.content_bytes - totals.contribution_bytes
    for name in ("content_bytes", "contribution_bytes", "reclaimable_bytes"):
        assert sum(getattr(figures, name) for figures in analysis.layers) == getattr(totals, name)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(layers=_LAYERS)
def test_that_an_analysis_comes_back_from_its_file_as_it_was(
    layers: list[list[Entry]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    analysis = _analysis(layers)
    path = tmp_path_factory.mktemp("analysis") / "a.col"
    assert analysis.save(path) == path.stat().st_size
    _assert_same(Analysis.load(path), analysis)


def _assert_same(loaded: Analysis, original: Analysis) -> None:
    for field in fields(Analysis):
        ours, theirs = getattr(original, field.name), getattr(loaded, field.name)
        if field.name == "stack":
            _assert_same_columns(theirs, ours, Stack)
            _assert_same_columns(theirs.tree, ours.tree, FileTree)
        elif field.name == "findings":
            assert len(theirs) == len(ours)
            for a, b in zip(theirs, ours, strict=True):
                _assert_same_finding(a, b)
        elif isinstance(ours, np.ndarray):
            assert theirs.dtype == ours.dtype
            assert np.array_equal(theirs, ours)
        elif field.name == "dive":
            assert math.isclose(theirs.efficiency, ours.efficiency, rel_tol=0)
            assert repr(theirs) == repr(ours)  # user_wasted_percent may be no number
        else:
            assert theirs == ours
            assert type(theirs) is type(ours)


def _assert_same_columns(loaded: object, original: object, kind: type) -> None:
    for field in fields(kind):
        ours, theirs = getattr(original, field.name), getattr(loaded, field.name)
        if isinstance(ours, np.ndarray):
            assert theirs.dtype == ours.dtype, field.name
            assert np.array_equal(theirs, ours), field.name


def _assert_same_finding(loaded: Finding, original: Finding) -> None:
    for field in fields(Finding):
        ours, theirs = getattr(original, field.name), getattr(loaded, field.name)
        if field.name == "rows":
            assert theirs.dtype == ours.dtype == np.int32
            assert theirs.tolist() == ours.tolist()
        else:
            assert theirs == ours
    texts = (original.title(), original.reason(), original.remedy())
    assert (loaded.title(), loaded.reason(), loaded.remedy()) == texts


def test_that_names_that_are_no_utf8_survive_the_file(tmp_path: Path) -> None:
    analysis = _analysis([[file(b"/tmp/\xff\n", 5), file("/var/log/\u4f60", 3)]])
    analysis.save(tmp_path / "a.col")
    loaded = Analysis.load(tmp_path / "a.col")
    assert loaded.stack.tree.find(b"tmp/\xff\n") == analysis.stack.tree.find(b"tmp/\xff\n") > 0
    assert [f.id for f in loaded.findings] == ["temporary-files", "logs"]


def test_that_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.col"
    _analysis([[file("/tmp/x", 5)]]).save(path)
    data = bytearray(path.read_bytes())
    data[-70] ^= 1
    path.write_bytes(data)
    with pytest.raises(StorageError):
        Analysis.load(path)


def test_that_totals_are_those_of_the_image() -> None:
    analysis = _analysis(
        [
            [
                file("/a", 100),
                file("/b", 30),
                directory("/d"),
                symlink("/s", "a"),
                hardlink("/h", "/b"),
            ],
            [whiteout("/a"), file("/b", 7), file("/d/x", 3)],
        ]
    )
    assert analysis.totals == Totals(
        content_bytes=140,
        contribution_bytes=40,  # /b's first version lives on in /h
        reclaimable_bytes=100,
        efficiency=40 / 140,
        files=3,
        directories=1,
    )
    assert analysis.layers == (
        LayerFigures(0, 130, 30, 100, 5, 4, 0, 0, "digest", complete=True, read=True),
        LayerFigures(1, 10, 10, 0, 3, 1, 1, 1, "digest", complete=True, read=True),
    )


def test_that_an_image_without_bytes_is_efficient() -> None:
    assert _analysis([]).totals == Totals(0, 0, 0, 1.0, 0, 0)
    assert _analysis([[directory("/a")]]).totals == Totals(0, 0, 0, 1.0, 0, 1)


def test_that_with_a_layer_missing_the_findings_name_the_images_layers() -> None:
    described, layers = image(
        layer(file("/x", 1)),
        layer(file("/tmp/x", 50_000)),
        layer(whiteout("/tmp/x"), file("/tmp/y", 9)),
        created_by=("RUN one", "RUN two", "RUN three"),
    )
    analysis = analyse(described, {1: layers[1], 2: layers[2]})
    assert not analysis.complete
    assert analysis.layers_read == 2
    assert analysis.stack_layers == (1, 2)
    assert [figures.read for figures in analysis.layers] == [False, True, True]
    deleted, left = analysis.findings
    assert (deleted.id, deleted.layer, deleted.bytes) == ("deleted-temporary-files", 1, 50_000)
    assert deleted.reason().startswith("Layer 2 (RUN three) deletes 1 file under /tmp.")
    assert (left.id, left.layer, left.bytes) == ("temporary-files", 2, 9)


def test_that_layers_and_rule_files_hand_on_their_problems(own_folders: Path) -> None:
    folder = own_folders / ".config" / "image-size-explorer" / "rules"
    folder.mkdir(parents=True)
    (folder / "bad.toml").write_text("rule = 1")
    described, layers = image(layer(file("/a", 1)), layer(file("/b", 1)))
    noted = {index: replace(item, problems=("odd",)) for index, item in layers.items()}
    analysis = analyse(described, noted, problems=["first"])
    assert analysis.problems[0] == "first"
    assert analysis.problems[1].startswith("Rules left out. ")
    assert analysis.problems[2:] == ("odd",)


def test_that_an_incomplete_layer_makes_an_incomplete_analysis() -> None:
    described, layers = image(layer(file("/a", 1)))
    assert analyse(described, layers).complete
    assert not analyse(described, {0: replace(layers[0], complete=False)}).complete


def test_that_the_time_of_each_step_is_told() -> None:
    described, layers = image(layer(file("/a", 1)))
    timings = analyse(described, layers, timings={"open": 1.5}).timings
    assert set(timings) == {"open", "union", "classify", "findings"}
    assert timings["open"] == 1.5


def test_that_every_category_has_a_code_a_group_and_a_name() -> None:
    assert [CATEGORIES[CODE[item.id]] for item in CATEGORIES] == list(CATEGORIES)
    assert {item.group for item in CATEGORIES} == set(GROUPS)
    assert len({item.label() for item in CATEGORIES}) == len(CATEGORIES)
    assert set(LIVE_IDS) | {CATEGORIES[code].id for code in SHADOW.values()} == set(CODE)
