"""The checked file of arrays: round trip, damage, strangers, full disks."""

from __future__ import annotations

import resource
import signal
from pathlib import Path

import numpy as np
import pytest

from explorer.errors import StorageError
from explorer.filesystem.columnfile import Array, ColumnFileInvalid, read_columns, write_columns

ARRAYS: dict[str, Array] = {
    "numbers": np.arange(1000, dtype=np.int64),
    "pairs": np.arange(10, dtype=np.uint64).reshape(5, 2),
    "none": np.zeros(0, dtype=np.uint8),
}


def test_that_arrays_and_meta_come_back_as_written(tmp_path: Path) -> None:
    write_columns(tmp_path / "a.col", "test", 1, {"x": [1, "é"]}, ARRAYS)
    meta, arrays = read_columns(tmp_path / "a.col", "test", 1)
    assert meta == {"x": [1, "é"]}
    assert {name: array.tolist() for name, array in arrays.items()} == {
        n: a.tolist() for n, a in ARRAYS.items()
    }
    assert not arrays["numbers"].flags.writeable
    assert [path.name for path in tmp_path.iterdir()] == ["a.col"]


@pytest.mark.parametrize("position", [0, 9, 30, 40, 200, -1])
def test_that_one_flipped_byte_is_found(tmp_path: Path, position: int) -> None:
    path = tmp_path / "a.col"
    write_columns(path, "test", 1, {}, ARRAYS)
    data = bytearray(path.read_bytes())
    data[position] ^= 0x40
    path.write_bytes(data)
    with pytest.raises(ColumnFileInvalid):
        read_columns(path, "test", 1)


def test_that_no_cut_of_the_file_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "a.col"
    size = write_columns(path, "test", 1, {}, ARRAYS)
    whole = path.read_bytes()
    for length in range(0, size, 97):
        path.write_bytes(whole[:length])
        with pytest.raises(ColumnFileInvalid):
            read_columns(path, "test", 1)


@pytest.mark.parametrize(("kind", "version"), [("other", 1), ("test", 2)])
def test_that_another_kind_or_version_is_refused(tmp_path: Path, kind: str, version: int) -> None:
    write_columns(tmp_path / "a.col", "test", 1, {}, ARRAYS)
    with pytest.raises(ColumnFileInvalid):
        read_columns(tmp_path / "a.col", kind, version)


def test_that_a_write_that_cannot_finish_leaves_nothing_behind(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(StorageError) as caught:
            write_columns(tmp_path / "a.col", "test", 1, {}, ARRAYS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert "a.col" in caught.value.message
    assert list(tmp_path.iterdir()) == []


def test_that_a_folder_that_was_removed_meanwhile_stays_removed(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="No such file or directory"):
        write_columns(tmp_path / "gone" / "a.col", "test", 1, {}, ARRAYS)
    assert list(tmp_path.iterdir()) == []
