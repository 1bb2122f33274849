"""Files that are whole or not there: an error, a full disk or a stop leave what was there, and nothing beside it."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from explorer.errors import StorageError
from explorer.storing import whole_file, write_file
from explorer.task import Cancelled


def test_that_a_file_takes_the_place_of_the_old_one_and_keeps_its_mode(tmp_path: Path) -> None:
    target = tmp_path / "result"
    target.write_bytes(b"old")
    target.chmod(0o600)
    with whole_file(target) as file:
        file.write(b"new")
        file.flush()
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["result"]


def test_that_a_link_goes_on_pointing_to_its_file(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("real")
    write_file(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


@pytest.mark.parametrize("error", [Cancelled(), KeyboardInterrupt(), ValueError("odd"), KeyError()])
def test_that_whatever_ends_the_block_early_passes_and_leaves_the_old_file(
    tmp_path: Path, error: BaseException
) -> None:
    target = tmp_path / "result"
    target.write_bytes(b"old")

    def stopped() -> None:
        with whole_file(target) as file:
            file.write(b"half")
            raise error

    with pytest.raises(type(error)):
        stopped()
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["result"]


@pytest.mark.parametrize("call", ["fchmod", "fsync", "replace"])
def test_that_a_disk_that_is_full_at_any_moment_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    target = tmp_path / "result"
    target.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(StorageError) as caught:
        write_file(target, b"new", "Free some space.")
    monkeypatch.undo()
    assert caught.value.message == f"Could not write {target}: No space left on device"
    assert caught.value.hint == "Free some space."
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["result"]


def test_that_a_folder_is_made_where_that_is_wanted_only(tmp_path: Path) -> None:
    target = tmp_path / "new" / "file"
    with pytest.raises(StorageError) as caught:
        write_file(target, b"x")
    assert caught.value.message == f"Could not write {target}: No such file or directory"
    assert caught.value.hint == "Choose another folder or free some space."
    with whole_file(target, make_folder=True) as file:
        file.write(b"x")
    assert target.read_bytes() == b"x"


def test_that_what_is_no_file_is_neither_waited_for_nor_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", ".", "nul\0byte"):
        with pytest.raises(StorageError, match="Could not write"):
            write_file(tmp_path / name, b"x")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert os.listdir(tmp_path) == ["pipe"]


def test_that_the_longest_name_can_be_written(tmp_path: Path) -> None:
    target = tmp_path / ("包" * 85)
    write_file(target, b"x")
    assert os.listdir(tmp_path) == [target.name]
