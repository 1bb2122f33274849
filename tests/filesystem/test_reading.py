"""A layer's tar becomes an index: contents, proof, and what is left of damaged ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import xxhash

from explorer.errors import DamagedInput, EngineLost
from explorer.filesystem import reading
from explorer.filesystem.layer import Flag, Kind, LayerIndex
from explorer.filesystem.reading import read_layer
from explorer.task import Cancelled, Task
from explorer.units import display_name
from tests.filesystem.tars import END, Held, content, entry, header, paths, pax, read, tar
from tests.support.archives import digest

_TWO = (entry("a", b"first"), entry("d/b", b"second"))


def _node(index: LayerIndex, path: bytes) -> int:
    return next(node for node in range(len(index)) if index.path(node) == path)


def test_that_every_kind_of_entry_is_listed() -> None:
    index = read(
        tar(
            entry("d/", kind=b"5", mode=b"0041777\0"),
            entry("d/file", b"x" * 9),
            entry("d/old", b"y", kind=b"\0"),
            entry("d/contiguous", b"z", kind=b"7"),
            entry("d/soft", kind=b"2", link=b"../\xff"),
            entry("d/hard", kind=b"1", link=b"./d/file"),
            entry("d/null", kind=b"3", device=(1, 3)),
            entry("d/disk", kind=b"4", device=(8, 0)),
            entry("d/pipe", kind=b"6"),
        )
    )
    assert paths(index) == {
        b"d": (Kind.DIRECTORY, 0),
        b"d/file": (Kind.FILE, 9),
        b"d/old": (Kind.FILE, 1),
        b"d/contiguous": (Kind.FILE, 1),
        b"d/soft": (Kind.SYMLINK, 0),
        b"d/hard": (Kind.HARDLINK, 0),
        b"d/null": (Kind.CHARACTER, 0),
        b"d/disk": (Kind.BLOCK, 0),
        b"d/pipe": (Kind.FIFO, 0),
    }
    assert index.link_target(_node(index, b"d/soft")) == b"../\xff"
    assert int(index.link_node[_node(index, b"d/hard")]) == _node(index, b"d/file")
    assert int(index.mode[_node(index, b"d")]) == 0o1777
    assert (index.entries, index.content_bytes, index.problems) == (9, 11, ())


@pytest.mark.parametrize("size", [0, 1, 19, 20, 21, 511, 512, 513, 1_048_064, 1_048_576, 3_000_001])
def test_that_digest_head_and_offset_are_those_of_the_payload(size: int) -> None:
    data = bytes(n % 251 for n in range(size))
    archive = tar(entry("before", b"1"), entry("a", data), entry("after", b"2"))
    index = read(archive, step=70_001)
    node = _node(index, b"a")
    expected = xxhash.xxh3_128(data).intdigest() if size else 0
    low, high = (int(part) for part in index.digest[node])
    assert low + (high << 64) == expected
    assert index.head[node].tobytes() == data[:20].ljust(20, b"\0")
    start = int(index.data_offset[node])
    assert archive[start : start + size] == data
    assert content(index) == {b"before": 1, b"a": size, b"after": 1}


def test_that_a_layer_is_complete_when_its_digest_proves_it() -> None:
    data = tar(*_TWO)
    index = read(data)
    assert (index.complete, index.verified, index.diff_id) == (True, "digest", digest(data))
    assert index.tar_bytes == len(data)


def test_that_another_digest_makes_it_incomplete_and_says_so() -> None:
    index = read(tar(*_TWO), diff_id=digest(b"something else"))
    assert (index.complete, index.verified) == (False, "")
    assert content(index) == {b"a": 5, b"d/b": 6}
    [problem] = index.problems
    assert problem.startswith("wrong digest: its bytes have sha256:")


def test_that_sha512_digests_are_proved_too() -> None:
    data = tar(*_TWO)
    assert read(data, diff_id=digest(data, "sha512")).verified == "digest"
    wrong = read(data, diff_id=digest(b"x", "sha512"))
    assert (wrong.complete, wrong.verified) == (False, "")


def test_that_without_a_digest_the_computed_one_is_filled_in() -> None:
    data = tar(*_TWO)
    index = read(data, diff_id="")
    assert (index.diff_id, index.complete, index.verified) == (digest(data), True, "digest")


def test_that_a_bare_end_needs_a_digest() -> None:
    data = b"".join(_TWO)
    assert read(data).complete
    unproved = read(data, diff_id="")
    assert (unproved.complete, unproved.diff_id) == (False, "")
    assert unproved.problems == ("It ends without an end mark; it may be cut off.",)


def test_that_bytes_after_the_end_count_for_the_digest() -> None:
    data = tar(*_TWO) + b"trailing" * 1000
    assert read(data).complete
    assert not read(data, diff_id=digest(tar(*_TWO))).complete


@pytest.mark.parametrize("cut", [0, 100, 512, 514, 1024, 1100, 1536, 1540, 2047, 2048, 2500])
def test_that_no_cut_is_taken_for_the_whole(cut: int) -> None:
    data = tar(*_TWO)
    index = read(data[:cut], diff_id=digest(data))
    assert (index.complete, index.verified) == (False, "")
    assert index.problems


def test_that_a_cut_payload_is_kept_as_far_as_it_came() -> None:
    data = tar(entry("a", b"x" * 100), entry("b", b"y" * 5000))
    index = read(data[: 1536 + 3000], diff_id=digest(data))
    assert content(index) == {b"a": 100, b"b": 3000}
    assert index.problems == (
        "It cannot be read beyond byte 4536: it ends inside a file, 2000 bytes too early.",
    )


def test_that_what_was_read_before_an_engine_was_lost_is_kept() -> None:
    source = Held(b"".join(_TWO), failure=EngineLost("The engine went away."))
    index = read_layer(Task(), source, diff_id=digest(b""))
    assert content(index) == {b"a": 5, b"d/b": 6}
    assert index.problems == ("The engine went away.",)


def test_that_damage_of_the_source_keeps_its_own_place() -> None:
    source = Held(_TWO[0], failure=DamagedInput("bad checksum", offset=77))
    index = read_layer(Task(), source, diff_id=digest(b""))
    assert index.problems == ("It cannot be read beyond byte 77: bad checksum.",)


def test_that_a_cancelled_task_ends_the_reading() -> None:
    task = Task()

    def stop(count: int) -> None:
        task.cancel()

    with pytest.raises(Cancelled):
        read_layer(task, Held(tar(*_TWO)), on_bytes=stop)


def test_that_more_entries_than_fit_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MEMBERS_LIMIT", 3)
    index = read(tar(*(entry(f"{n}") for n in range(5))))
    assert (index.entries, index.complete) == (3, False)
    assert index.problems == ("It has more than 3 entries; the rest is left out.",)


def test_that_an_unknown_kind_with_bytes_counts_as_a_file_and_is_named() -> None:
    index = read(tar(entry("odd", b"data", kind=b"Q"), entry("label", kind=b"V")))
    assert content(index) == {b"odd": 4, b"label": 0}
    assert index.problems == ("odd is of an unknown kind and counts as a file.",)


def test_that_sparse_files_count_their_stored_bytes() -> None:
    old = header("old", 512, kind=b"S", tail=b"00165140000\0" + bytes(17)) + b"x" * 512
    new = pax((b"GNU.sparse.name", b"new"), (b"GNU.sparse.realsize", b"60000000000"))
    index = read(tar(old, new, entry("GNUSparseFile.0/new", b"y" * 700)))
    assert content(index) == {b"old": 512, b"new": 700}
    assert {index.path(node): size for node, size in index.logical_sizes.items()} == {
        b"old": 0o165140000,
        b"new": 60_000_000_000,
    }
    assert (index.flags[_node(index, b"new")] & Flag.SPARSE) == Flag.SPARSE


def test_that_an_engines_folder_loses_its_prefix_and_its_devices_are_whiteouts() -> None:
    data = tar(
        entry("l1/", kind=b"5"),
        entry("l1/data/", kind=b"5"),
        entry("l1/data/c", kind=b"3"),
        entry("l1/dev/null", kind=b"3", device=(1, 3)),
        entry("l1/data/a", b"abc"),
        entry("l1/data/b", kind=b"1", link=b"l1/data/a"),
        entry("l1/data/s", kind=b"2", link=b"l1/data/a"),
    )
    index = read_layer(Task(), Held(data), expect_prefix=b"l1", verify=False)
    assert paths(index) == {
        b"data": (Kind.DIRECTORY, 0),
        b"data/c": (Kind.WHITEOUT, 0),
        b"dev/null": (Kind.CHARACTER, 0),
        b"data/a": (Kind.FILE, 3),
        b"data/b": (Kind.HARDLINK, 0),
        b"data/s": (Kind.SYMLINK, 0),
    }
    assert int(index.link_node[_node(index, b"data/b")]) == _node(index, b"data/a")
    assert index.link_target(_node(index, b"data/s")) == b"l1/data/a"
    assert int(index.data_offset[_node(index, b"data/a")]) == -1
    assert index.verified == ""


def test_that_names_keep_their_bytes() -> None:
    names = [b"hi\x80\x81bye", b"line\nbreak", "\u202egnp".encode(), b"<b>", b"\x1b[31m", b"a\\b"]
    assert list(content(read(tar(*(entry(name, b"x") for name in names))))) == names


def test_that_naughty_names_keep_their_bytes_and_show_as_harmless_lines(shared_data: Path) -> None:
    strings = json.loads((shared_data / "hostile" / "30-blns.json").read_text())
    found = {text.encode("utf-8", "surrogatepass").replace(b"/", b"|") for text in strings}
    names = sorted(name for name in found if name.strip(b".") and b"\0" not in name)
    index = read(tar(*(pax((b"path", b"dir/" + name)) + entry("x", b"1") for name in names)))
    assert list(content(index)) == [b"dir/" + name for name in names]
    shown = {display_name(name, 10_000) for name in names}
    assert len(shown) == len(names) > 400
    assert all(text.isprintable() for text in shown)


def test_that_an_empty_layer_is_complete() -> None:
    assert [read(data).complete for data in (END, b"")] == [True, True]
