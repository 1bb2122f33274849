"""Runs of plain members give what the reader finds one by one, to the last column."""

from __future__ import annotations

import io
import tarfile
from dataclasses import fields
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.filesystem.layer import LayerIndex
from explorer.filesystem.reading import read_layer
from explorer.filesystem.tarrun import find_runs
from explorer.filesystem.tarstream import TarStream
from explorer.task import Task
from tests.filesystem import fuzzing
from tests.filesystem.tars import Held, content, entry, header, pax, tar

_PLAIN = st.tuples(
    st.sampled_from(["a", "b/c", "d", "b/.wh.x", "./e", "f//g", "b"]), st.integers(0, 1200)
)
_MEMBERS = st.one_of(
    _PLAIN.map(lambda item: entry(item[0], bytes([item[1] % 251]) * item[1])),
    st.just(entry("dir/", kind=b"5", mode=b"0041777\0")),
    st.just(entry("old/", kind=b"\0")),
    st.just(entry("link", kind=b"2", link=b"a")),
    st.just(entry("hard", kind=b"1", link=b"a")),
    st.just(entry("name", b"x", prefix=b"some/prefix")),
    st.just(entry("na\0me", b"x")),
    st.just(entry("big", b"y", mtime=b"\x80" + bytes(10) + b"\7")),
    st.just(entry("spaces", b"z", mode=b"   644 \0")),
    st.just(pax((b"path", b"from/pax")) + entry("x", b"123")),
    st.just(pax((b"mtime", b"77"), kind=b"g")),
    st.just(entry("", b"no name")),
    st.just(header("bad", b"99999999999\0")),
    st.just(header("cut", 5000)),
)  # fmt: skip


def one_by_one(data: bytes, prefix: bytes = b"") -> LayerIndex:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TarStream, "plain_run", lambda self: None)
        return read_layer(Task(), Held(data), expect_prefix=prefix)


def check(data: bytes, prefix: bytes = b"") -> None:
    """Both ways give the same index."""
    expected, found = one_by_one(data, prefix), read_layer(Task(), Held(data), expect_prefix=prefix)
    for item in fields(LayerIndex):
        one, other = getattr(expected, item.name), getattr(found, item.name)
        same = np.array_equal(one, other) if item.type == "Array" else one == other
        assert same, (item.name, one, other)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(_MEMBERS, st.integers(1, 40)), max_size=6), st.sampled_from([b"", b"b"]))
def test_that_runs_give_what_one_by_one_gives(
    parts: list[tuple[bytes, int]], prefix: bytes
) -> None:
    check(tar(*(member * times for member, times in parts)), prefix)


@pytest.mark.slow
def test_that_broken_headers_are_seen_in_runs_too() -> None:
    random = Random(5)
    data = tar(*(entry(f"d{n % 7}/f{n}", b"%d" % n * n) for n in range(200)))
    for _ in range(150):
        check(fuzzing.broken(random, data))


def test_that_what_tarfile_writes_is_a_run() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for number in range(100):
            info = tarfile.TarInfo(f"f{number}")
            info.size, info.mode, info.uid, info.mtime = number * 9, 0o640, 33, 1_700_000_000
            archive.addfile(info, io.BytesIO(b"z" * info.size))
    data = buffer.getvalue()
    runs, looked = find_runs(memoryview(data), 0)
    assert [len(run.names) for run in runs] == [100]
    assert (runs[0].begin, runs[0].end) == (0, looked)
    name, is_directory, *rest = list(runs[0].rows())[7]
    assert (name, is_directory, rest[:5]) == (b"f7", False, [0o640, 33, 0, 1_700_000_000, 63])
    assert rest[6] == b"z" * 20
    check(data)


def test_that_an_odd_member_parts_a_run_in_two() -> None:
    plain = [entry(f"f{n}", b"x" * n) for n in range(30)]
    odd = entry("odd", b"o", prefix=b"in/a")
    runs, _ = find_runs(memoryview(tar(*plain, odd, *plain, odd, *plain[:3])), 0)
    assert [len(run.names) for run in runs] == [30, 30]
    check(tar(*plain, odd, *plain, odd, *plain[:3]))


def test_that_a_run_over_many_chunks_is_whole() -> None:
    data = tar(*(entry(f"d/{n:05d}", b"%d" % n * (n % 50)) for n in range(6000)))
    assert len(data) > 4 << 20
    check(data)
    assert len(content(read_layer(Task(), Held(data)))) == 6000


def test_that_few_members_are_no_run() -> None:
    assert find_runs(memoryview(tar(*[entry("a", b"x")] * 15)), 0) == ([], 15 * 1024)
    assert find_runs(memoryview(b""), 0) == ([], 0)
