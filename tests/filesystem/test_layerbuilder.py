"""Paths become nodes: tidy names, duplicates, replaced folders, whiteouts, links, limits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from explorer.errors import LimitExceeded
from explorer.filesystem import layerbuilder
from explorer.filesystem.layer import Flag, Kind, LayerIndex
from explorer.filesystem.layerbuilder import MAX_PATH_BYTES, LayerBuilder, clean_path
from tests.filesystem.tars import content, paths
from tests.support.layers import directory, file, hardlink, layer, opaque, symlink, whiteout

_TWICE = "Some paths appear twice in one layer; the last one counts."


def built(*files: bytes) -> LayerIndex:
    builder = LayerBuilder()
    for number, path in enumerate(files):
        builder.add(path, Kind.FILE, size=number + 1)
    return builder.finish(complete=True)


def shadowed(index: LayerIndex) -> list[tuple[bytes, int]]:
    """Replaced files: the path at which they count, and their bytes."""
    rows = zip(index.shadowed_node.tolist(), index.shadowed_size.tolist(), strict=True)
    return [(index.path(node), size) for node, size in rows]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"a/b", b"a/b"),
        (b"./a/b", b"a/b"),
        (b"/a/b", b"a/b"),
        (b"//a//b//", b"a/b"),
        (b"././c", b"c"),
        (b".//c", b"c"),
        (b"a/./b", b"a/b"),
        (b"a/../c", b"c"),
        (b"a/c/..", b"a"),
        (b"..a/b..", b"..a/b.."),
        (b"a/b/", b"a/b"),
        (b"./.wh", b".wh"),
    ],
)
def test_that_names_are_tidied(path: bytes, expected: bytes) -> None:
    assert list(content(built(path))) == [expected]
    # And behind directories that are known already.
    known = built(b"a/x", b"b/y", path)
    assert known.path(len(known) - 1) == expected


@pytest.mark.parametrize("path", [b"", b"/", b".", b"./", b"a/..", b"//"])
def test_that_a_file_without_a_name_is_left_out_and_told(path: bytes) -> None:
    index = built(path)
    assert (len(index), index.entries) == (1, 0)
    assert index.problems == ("An entry without a name was left out.",)


@pytest.mark.parametrize("path", [b"..", b"../x", b"/../x", b"a/../../x"])
def test_that_a_name_that_leads_outside_stays_inside_and_is_told(path: bytes) -> None:
    index = built(path)
    assert clean_path(path) is None
    assert all(b".." not in name for name in content(index))
    assert index.problems[0].endswith("points outside the layer.")


def test_that_parents_are_made_once_and_marked_until_they_are_listed() -> None:
    index = layer(file("/a/b/c", 1), directory("/a", 0o700), file("/a/b/d", 2))
    found = {index.path(n): (int(index.mode[n]), int(index.flags[n])) for n in range(len(index))}
    assert found == {
        b"": (0o755, Flag.IMPLIED),
        b"a": (0o700, 0),
        b"a/b": (0o755, Flag.IMPLIED),
        b"a/b/c": (0o644, 0),
        b"a/b/d": (0o644, 0),
    }
    assert index.entries == 3


def test_that_the_roots_own_entry_is_no_entry() -> None:
    builder = LayerBuilder()
    builder.add(b"./", Kind.DIRECTORY, 0o711, 3, 4, 5)
    index = builder.finish()
    assert (index.entries, int(index.mode[0]), int(index.uid[0]), int(index.mtime[0])) == (
        0,
        0o711,
        3,
        5,
    )
    assert not index.flags[0] & Flag.IMPLIED


def test_that_the_last_of_two_files_counts_and_both_are_content() -> None:
    index = built(b"a", b"b", b"a", b"./a")
    assert content(index) == {b"b": 2, b"a": 4}
    assert shadowed(index) == [(b"a", 1), (b"a", 3)]
    assert (index.entries, index.content_bytes, index.problems) == (4, 10, (_TWICE,))


def test_that_a_file_over_a_folder_takes_all_below_it_away() -> None:
    index = layer(file("/d/x/y", 5), symlink("/d/s", "t"), file("/d", 1), file("/e", 2))
    assert content(index) == {b"d": 1, b"e": 2}
    assert shadowed(index) == [(b"d", 5)]


def test_that_a_folder_over_a_file_over_a_folder_begins_anew() -> None:
    index = layer(file("/d/x", 5), file("/d", 1), file("/d/z", 3))
    assert content(index) == {b"d/z": 3}
    assert sorted(shadowed(index)) == [(b"d", 1), (b"d", 5)]
    assert index.content_bytes == 9


def test_that_a_file_replaced_twice_in_a_replaced_folder_counts_at_what_stands_there() -> None:
    index = layer(file("/d/a", 5), file("/d/a", 6), file("/d", 1), file("/zz", 2))
    assert content(index) == {b"d": 1, b"zz": 2}
    assert shadowed(index) == [(b"d", 5), (b"d", 6)]


def test_that_a_folder_twice_is_one_folder_with_the_last_mode() -> None:
    index = layer(directory("/d", 0o700), file("/d/x", 1), directory("/d", 0o755), file("/d/y", 2))
    assert content(index) == {b"d/x": 1, b"d/y": 2}
    assert (int(index.mode[1]), index.problems) == (0o755, ())


def test_that_whiteouts_lose_their_prefix_and_carry_no_bytes() -> None:
    builder = LayerBuilder()
    builder.add(b"d/.wh.gone", Kind.FILE, size=9)
    index = builder.finish()
    assert paths(index) == {b"d/gone": (Kind.WHITEOUT, 0)}
    assert index.content_bytes == 0


def test_that_an_opaque_mark_is_a_flag_of_its_folder() -> None:
    index = layer(file("/d/new", 1), opaque("/d"), opaque(""))
    flags = {index.path(n): bool(index.flags[n] & Flag.OPAQUE) for n in range(len(index))}
    assert flags == {b"": True, b"d": True, b"d/new": False}


@pytest.mark.parametrize("name", [b".wh.", b".wh..", b".wh..."])
def test_that_a_whiteout_without_a_name_is_left_out_and_told(name: bytes) -> None:
    index = built(b"d/" + name)
    assert paths(index) == {}
    assert index.problems == ("A whiteout without a name was left out.",)


def test_that_aufs_bookkeeping_is_no_part_of_the_file_system() -> None:
    index = built(b".wh..wh.aufs", b".wh..wh.plnk", b".wh..wh.orph/x")
    assert content(index) == {b".wh..wh.orph/x": 3}


def test_that_an_entry_beside_its_whiteout_says_so() -> None:
    index = layer(whiteout("/a"), file("/a", 1), whiteout("/b"), whiteout("/b"))
    flags = {index.path(n): int(index.flags[n]) for n in range(1, len(index))}
    assert flags == {b"a": Flag.ALSO_WHITEOUT, b"b": 0}
    assert index.problems == ()


def test_that_links_are_bound_to_their_target_wherever_it_stands() -> None:
    index = layer(
        hardlink("/early", "/d/file"), file("/d/file", 3), hardlink("/d/late", "./d//file"),
        hardlink("/chain", "/early"), hardlink("/self", "/self"), hardlink("/lower", "/no/such"),
        hardlink("/folder", "/d"), hardlink("/out", "../../etc/passwd"), hardlink("/root", "/"),
    )  # fmt: skip
    names = {n: index.path(n) for n in range(len(index))}
    links = np.flatnonzero(index.kind == Kind.HARDLINK).tolist()
    assert {names[n]: names.get(int(index.link_node[n])) for n in links} == {
        b"early": b"d/file", b"d/late": b"d/file", b"chain": b"early", b"self": None,
        b"lower": None, b"folder": None, b"out": None, b"root": None,
    }  # fmt: skip


def test_that_too_long_paths_are_cut_and_told() -> None:
    deep, wide = b"a/" * 222_000 + b"x", b"n" * (MAX_PATH_BYTES + 1)
    index = built(deep, wide)
    assert index.entries == 2
    assert index.content_bytes == 3
    assert all(len(path) < 10_000 for path in content(index))
    assert [text.split(" was cut")[0] for text in index.problems] == [
        "A path of 444001 bytes and 222001 components",
        "A path of 65537 bytes and 1 components",
    ]


def test_that_folders_nested_by_the_thousand_do_not_eat_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(layerbuilder, "MAX_DIRECTORY_BYTES", 1_000_000)
    builder = LayerBuilder()
    builder.add(b"d/" * 500 + b"x", Kind.FILE, size=1)
    with pytest.raises(LimitExceeded, match="nest deeper"):
        builder.add(b"e/" * 2000 + b"x", Kind.FILE, size=1)
    assert builder.finish().content_bytes == 1


class _Unscanned(dict[bytes, int]):
    """Directories that may be looked up, but not walked through."""

    def __iter__(self) -> Iterator[bytes]:
        raise AssertionError("all directories were walked through")

    keys = items = values = __iter__  # type: ignore[assignment]


def test_that_replacing_a_folder_looks_at_what_is_in_it_only() -> None:
    builder = LayerBuilder()
    builder._directories = _Unscanned(builder._directories)
    for path in (b"other", b"d", b"d/e", b"d/e/f", b"dd"):
        builder.add(path, Kind.DIRECTORY)
    builder.add(b"d", Kind.FILE)
    assert [path in builder._directories for path in (b"other", b"d", b"d/e/f", b"dd")] == [
        True, False, False, True,
    ]  # fmt: skip


def test_that_only_the_first_hundred_problems_are_kept() -> None:
    assert len(built(*(b"../%d" % n for n in range(500))).problems) == 100


def test_that_ids_and_modes_out_of_range_fit_their_columns() -> None:
    builder = LayerBuilder()
    builder.add(b"a", Kind.FILE, -1, -1, 1 << 40, -5)
    index = builder.finish()
    assert (int(index.uid[1]), int(index.gid[1]), int(index.mtime[1])) == (0xFFFFFFFF, 0, -5)
