"""Layers' folders read from the disk hold what the engine exports, marks of opaque directories included."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from explorer.engine import folders
from explorer.engine.folders import Unreadable, read_folder
from explorer.filesystem.layer import Kind, LayerIndex
from explorer.task import Cancelled, Task
from tests.engine import images
from tests.engine.docker import Docker
from tests.engine.test_direct import described, lives, on_overlay, read

__all__ = ["on_overlay"]  # a fixture


def index_of(folder: Path) -> LayerIndex:
    return read_folder(Task(), str(folder), lambda _count: None)


@pytest.mark.engine
@pytest.mark.parametrize("name", images.NAMES)
def test_that_folders_on_disk_hold_what_the_export_holds(
    on_overlay: Docker, from_disk: None, name: str
) -> None:
    source, direct = read(on_overlay, images.tag(name), "direct")
    assert (source.via, source.problems) == ("direct-overlay2", [])
    _, exported = read(on_overlay, images.tag(name), "export")
    assert sorted(direct) == sorted(exported)
    for index, layer in exported.items():
        assert described(direct[index]) == described(layer), f"layer {index}"
    assert lives(direct) == lives(exported)
    assert {(layer.complete, layer.verified) for layer in direct.values()} == {(True, "sizes")}


@pytest.mark.engine
def test_that_a_layer_which_the_disk_does_not_give_comes_through_a_container(
    on_overlay: Docker, from_disk: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = folders.read_folder
    refused: list[str] = []

    def grudging(task: Task, folder: str, on_bytes: Callable[[int], None]) -> LayerIndex:
        if not refused:
            refused.append(folder)
            raise Unreadable
        return real(task, folder, on_bytes)

    monkeypatch.setattr(folders, "read_folder", grudging)
    source, direct = read(on_overlay, images.tag("whiteouts"), "direct")
    assert (source.via, source.problems, len(refused)) == ("direct-overlay2", [], 1)
    _, exported = read(on_overlay, images.tag("whiteouts"), "export")
    assert lives(direct) == lives(exported)


def test_that_names_of_one_inode_are_links_to_the_first(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"12345")
    os.link(tmp_path / "b", tmp_path / "a")
    os.symlink("b", tmp_path / "c")
    os.mkfifo(tmp_path / "d")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "e"))
        layer = index_of(tmp_path)
    found = [(layer.path(n), int(layer.kind[n]), layer.link_target(n)) for n in range(1, 5)]
    assert found == [
        (b"a", Kind.FILE, b""),
        (b"b", Kind.HARDLINK, b"a"),
        (b"c", Kind.SYMLINK, b"b"),
        (b"d", Kind.FIFO, b""),
    ]
    assert (len(layer), layer.content_bytes) == (5, 5)


@pytest.mark.parametrize("size", [1, 20, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
def test_that_a_payload_of_any_length_has_one_digest(tmp_path: Path, size: int) -> None:
    payload = os.urandom(size)
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(payload)
    counted: list[int] = []
    layer = read_folder(Task(), str(tmp_path), counted.append)
    assert layer.size.tolist()[1:] == [size, size]
    assert layer.digest[1].tolist() == layer.digest[2].tolist() != [0, 0]
    assert layer.head[1].tobytes().rstrip(b"\0") == payload[:20].rstrip(b"\0")
    assert sum(counted) == 2 * size


def test_that_what_cannot_be_read_is_said_and_not_half_read(tmp_path: Path) -> None:
    with pytest.raises(Unreadable):
        index_of(tmp_path / "missing")
    os.symlink(tmp_path, tmp_path / "link")
    with pytest.raises(Unreadable):
        index_of(tmp_path / "link")
    deep = tmp_path / "deep"
    deep.mkdir()
    for _ in range(300):
        deep /= "d"
        deep.mkdir()
    with pytest.raises(Unreadable):
        index_of(tmp_path)


def test_that_reading_ends_when_it_is_cancelled(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"1")
    task = Task()
    task.cancel()
    with pytest.raises(Cancelled):
        read_folder(task, str(tmp_path), lambda _count: None)
