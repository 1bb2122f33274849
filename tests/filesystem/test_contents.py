"""Members of archives and folders: found by name, links followed inside only, read by offset."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.errors import DamagedInput, InputError, LimitExceeded
from explorer.filesystem import contents as contents_module
from explorer.filesystem import tarcontents
from explorer.filesystem.contents import (
    FileSlice,
    FolderContents,
    Meter,
    Part,
    Watched,
    discard,
    fill,
    follow,
    link_path,
    member_name,
)
from explorer.filesystem.tarcontents import TarContents
from explorer.image.config import JSON_LIMIT
from explorer.task import Cancelled, Progress, Task
from tests.filesystem.tars import END, Held, entry, header, pax, tar


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[FolderContents]:
    """An image folder with links of every kind, and a secret beside it."""
    (tmp_path / "secret").write_text("outside")
    root = tmp_path / "image"
    (root / "blobs").mkdir(parents=True)
    (root / "blobs" / "a").write_bytes(b"inside")
    (root / "inner").symlink_to("blobs/a")
    (root / "through").symlink_to("inner")
    (root / "up").symlink_to("../secret")
    (root / "absolute").symlink_to(tmp_path / "secret")
    (root / "dirlink").symlink_to("..")
    (root / "dangling").symlink_to("nothing")
    (root / "loop").symlink_to("loop")
    os.mkfifo(root / "pipe")
    with closing(FolderContents(root, "image")) as found:
        yield found


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("blobs/a", "blobs/a"), ("./blobs//a", "blobs/a"), ("blobs/../blobs/a", "blobs/a"), ("inner", "blobs/a"),
        ("through", "blobs/a"), ("up", ""), ("absolute", ""), ("dirlink/secret", ""), ("../secret", ""),
        ("/etc/passwd", ""), ("dangling", ""), ("loop", ""), ("blobs", ""), ("pipe", ""), ("", ""), ("a\0b", ""),
        ("x" * 5000, ""),
    ],
)  # fmt: skip
def test_that_nothing_outside_the_folder_is_found(
    folder: FolderContents, name: str, member: str
) -> None:
    assert folder.resolve(name) == member


def test_that_a_folders_members_are_read(folder: FolderContents) -> None:
    assert (folder.size("blobs/a"), folder.text("blobs/a")) == (6, b"inside")
    assert {"blobs", "inner"} <= set(folder.names())


def test_that_a_file_exchanged_for_a_link_after_the_look_is_not_followed(
    folder: FolderContents, tmp_path: Path
) -> None:
    member = folder.resolve("blobs/a")
    (tmp_path / "image" / "blobs" / "a").unlink()
    (tmp_path / "image" / "blobs" / "a").symlink_to(tmp_path / "secret")
    with pytest.raises(InputError) as caught:
        folder.text(member)
    assert "cannot be read" in caught.value.message
    assert caught.value.hint


def test_that_a_small_file_that_is_too_big_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "index.json").open("wb") as file:
        file.truncate(JSON_LIMIT + 1)
    with closing(FolderContents(tmp_path, "image")) as found, pytest.raises(LimitExceeded):
        found.text("index.json")


@pytest.mark.parametrize(
    ("links", "name", "member"),
    [
        ({"b": "a"}, "b", "a"),
        ({"b": "./x/../a"}, "./b", "a"),
        ({"b": "c", "c": "a"}, "b", "a"),
        ({"b": "b"}, "b", ""),
        ({"b": "c", "c": "b"}, "b", ""),
        ({"b": "../a"}, "b", ""),
        ({"b": ""}, "b", ""),
        ({}, "missing", ""),
        ({}, "../a", ""),
        ({f"l{n}": f"l{n + 1}" for n in range(200)}, "l0", ""),
    ],
)
def test_that_links_of_an_archive_end_inside_it_or_nowhere(
    links: dict[str, str], name: str, member: str
) -> None:
    assert follow(name, links, {"a"}) == member


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from("abcdef"), st.text("abcdef./", max_size=8)),
    st.text("abcdef./", max_size=8),
)
def test_that_what_a_link_leads_to_is_always_a_member(links: dict[str, str], name: str) -> None:
    assert follow(name, links, {"a", "b/c"}) in {"", "a", "b/c"}


def test_that_a_links_target_is_named_from_the_archives_root() -> None:
    assert link_path("x/layer.tar", "../y/layer.tar", hard=False) == "x/../y/layer.tar"
    assert link_path("x/layer.tar", "y/layer.tar", hard=True) == "y/layer.tar"
    assert link_path("x", "/etc/passwd", hard=False) == ""
    assert member_name(b"./a/\xff/") == "a/\udcff"


def _open(data: bytes, tmp_path: Path) -> TarContents:
    path = tmp_path / "archive.tar"
    path.write_bytes(data)
    return TarContents(Task(), os.open(path, os.O_RDONLY), "archive.tar")


def test_that_an_archives_members_are_read_by_offset(tmp_path: Path) -> None:
    long = entry("././@LongLink", b"n" * 150 + b"\0", b"L")
    data = tar(
        entry("d/", kind=b"5"), entry("d/a", b"first"), entry("d/a", b"last"),
        entry("soft", kind=b"2", link=b"d/a"), entry("d/hard", kind=b"1", link=b"d/a"),
        entry("out", kind=b"2", link=b"../../etc/passwd"), entry("root", kind=b"2", link=b"/etc/passwd"),
        long, entry("short", b"long"), pax((b"path", b"p" * 200), (b"size", b"3")), entry("x", b"pax"),
    )  # fmt: skip
    with closing(_open(data, tmp_path)) as found:
        assert found.ends_early == -1
        names = ("d/a", "soft", "d/hard", "out", "root", "n" * 150, "p" * 200, "short", "d")
        assert [found.resolve(name) for name in names] == [
            "d/a", "d/a", "d/a", "", "", "n" * 150, "p" * 200, "", "",
        ]  # fmt: skip
        assert [found.text(name) for name in ("d/a", "n" * 150, "p" * 200)] == [
            b"last",
            b"long",
            b"pax",
        ]


def test_that_a_sparse_member_does_not_hide_what_follows(tmp_path: Path) -> None:
    head = header("s", 512, kind=b"S", tail=bytes(29) + b"\1" + bytes(29))
    more = bytes(504) + b"\1" + bytes(7)
    data = tar(head + more + bytes(512) + b"x" * 512, entry("after", b"yes"))
    with closing(_open(data, tmp_path)) as found:
        assert (found.text("after"), found.ends_early) == (b"yes", -1)


@pytest.mark.parametrize(
    ("ending", "place"),
    [
        (END, -1),
        (b"", 1024),
        (b"half a header", 1037),
        (header("cut", 5000) + b"x", 1537),
        (header("L", 100, b"L") + b"x", 1537),
        (header("x", 100, b"x") + b"x", 1537),
        (b"\1" * 512, 1024),
        (header("x", 1 << 21, b"x") + bytes(1024), 1024),
        (entry("x", b"junk", b"x") + END, 1024),
    ],
)
def test_that_an_archive_tells_where_it_ends(tmp_path: Path, ending: bytes, place: int) -> None:
    with closing(_open(entry("a", b"x") + ending, tmp_path)) as found:
        assert found.ends_early == place
        assert found.text("a") == b"x"


def test_that_an_archive_of_too_many_members_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tarcontents, "MEMBERS_LIMIT", 10)
    with pytest.raises(LimitExceeded, match="more than"):
        _open(tar(*(entry(f"{n}") for n in range(30))), tmp_path)


def test_that_a_long_search_can_be_cancelled(tmp_path: Path) -> None:
    task = Task()
    task.cancel()
    path = tmp_path / "archive.tar"
    path.write_bytes(tar(entry("a")))
    descriptor = os.open(path, os.O_RDONLY)
    with pytest.raises(Cancelled):
        TarContents(task, descriptor, "archive.tar")
    os.close(descriptor)


def test_that_tarfile_agrees_on_every_member(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for number in range(50):
            info = tarfile.TarInfo(f"{'x' * number * 5}/{number}")
            info.size = number * 37
            archive.addfile(info, io.BytesIO(bytes([number]) * info.size))
    with closing(_open(buffer.getvalue(), tmp_path)) as found:
        assert {name: found.text(name) for name in found.names()} == {
            f"{'x' * n * 5}/{n}".lstrip("/") if n else "/0": bytes([n]) * n * 37 for n in range(50)
        }


def test_that_slices_do_not_move_each_other(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"0123456789")
    descriptor = os.open(path, os.O_RDONLY)
    one, other = FileSlice(descriptor, 2, 5), FileSlice(descriptor, 0, 10)
    buffer = memoryview(bytearray(4))
    assert (one.readinto(buffer), bytes(buffer)) == (4, b"2345")
    assert (other.readinto(buffer), bytes(buffer)) == (4, b"0123")
    assert (one.readinto(buffer), bytes(buffer[:1]), one.readinto(buffer)) == (1, b"6", 0)
    assert (other.skip(100), other.readinto(buffer)) == (6, 0)
    os.close(descriptor)


def test_that_a_disk_that_fails_is_told(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"x")
    source = FileSlice(os.open(path, os.O_WRONLY), 0, 1)
    with pytest.raises(DamagedInput, match="reading failed") as caught:
        source.readinto(memoryview(bytearray(1)))
    os.close(source.descriptor)
    assert (caught.value.offset, caught.value.hint != "") == (0, True)


def test_that_bytes_looked_at_stay_to_be_read() -> None:
    part = Part(Held(b"0123456789", step=3))
    assert part.peek(5) == b"01234"
    buffer = memoryview(bytearray(10))
    assert (fill(part, buffer), bytes(buffer)) == (10, b"0123456789")


def test_that_bytes_are_discarded_as_far_as_there_are_any() -> None:
    assert [discard(Held(b"x" * 100), count) for count in (0, 30, 100, 500)] == [0, 30, 100, 100]


def test_that_progress_adds_up_and_stops_with_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents_module, "_PROGRESS_SECONDS", 0.0)
    seen: list[Progress] = []
    meter = Meter(Task(seen.append), "Reading", 10)
    source = Watched(Held(b"x" * 12, step=6), Task(), meter)
    assert discard(source, 100) == 12
    meter.finish()
    assert [(p.done, p.total) for p in seen] == [(6, 10), (10, 10), (10, 10), (10, 10)]
    meter.stop()
    with pytest.raises(Cancelled):
        meter.add(1)
