"""The index of a layer and its file."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from explorer.filesystem.columnfile import ColumnFileInvalid, write_columns
from explorer.filesystem.layer import LayerIndex
from tests.filesystem.tars import entry, header, pax, read, tar
from tests.support.layers import file, hardlink, layer, symlink

_SPARSE = header("s", 5, kind=b"S", tail=b"00000777000\0" + bytes(17)) + b"x" * 512


def test_that_an_index_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    index = read(
        tar(
            entry("a", b"1"), entry("a", b"22"), entry("../out", b"3"), _SPARSE,
            pax((b"path", b"na\xefve"), (b"mtime", b"-5")), entry("x", kind=b"2", link=b"t"),
        )
    )  # fmt: skip
    index.save(tmp_path / "a.col")
    loaded = LayerIndex.load(tmp_path / "a.col")
    for item in fields(LayerIndex):
        saved, found = getattr(index, item.name), getattr(loaded, item.name)
        if item.type == "Array":
            assert saved.dtype == found.dtype, item.name
            assert np.array_equal(saved, found), item.name
            assert not found.flags.writeable
        else:
            assert saved == found, item.name
    assert (loaded.content_bytes, loaded.entries, len(loaded.problems)) == (9, 5, 2)


def test_that_an_empty_layer_comes_back(tmp_path: Path) -> None:
    layer().save(tmp_path / "a.col")
    loaded = LayerIndex.load(tmp_path / "a.col")
    assert (len(loaded), loaded.content_bytes, loaded.complete) == (1, 0, True)


def test_that_a_file_of_another_kind_is_no_index(tmp_path: Path) -> None:
    write_columns(tmp_path / "a.col", "analysis", 1, {}, {})
    with pytest.raises(ColumnFileInvalid):
        LayerIndex.load(tmp_path / "a.col")


def test_that_paths_names_and_links_are_raw_bytes() -> None:
    index = layer(file(b"d/\xff\n", 1), symlink("/s", b"\xfe"), hardlink("/h", b"d/\xff\n"))
    assert [index.path(node) for node in range(len(index))] == [b"", b"d", b"d/\xff\n", b"s", b"h"]
    assert [index.link_target(node) for node in (2, 3, 4)] == [b"", b"\xfe", b"d/\xff\n"]
    assert index.name(0) == b""
