"""Findings about payloads that nothing reaches: each counted once, with the layer and the change that hid it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.filesystem.layer import LayerIndex
from explorer.findings.analysis import Analysis, analyse
from explorer.findings.finding import Finding
from tests.support.layers import (
    Entry,
    directory,
    file,
    hardlink,
    image,
    layer,
    opaque,
    symlink,
    whiteout,
)

BIG = 100_000


def _analysis(*layers: LayerIndex, created_by: tuple[str, ...] = ()) -> Analysis:
    return analyse(*image(*layers, created_by=created_by))


def _shadow(*layers: LayerIndex, created_by: tuple[str, ...] = ()) -> list[Finding]:
    """The findings about lost payloads."""
    found = _analysis(*layers, created_by=created_by).findings
    shadow = {"deleted", "overwritten", "metadata-copy", "duplicate-entry"}
    return [finding for finding in found if finding.category in shadow]


def _only(*layers: LayerIndex, created_by: tuple[str, ...] = ()) -> Finding:
    (finding,) = _shadow(*layers, created_by=created_by)
    return finding


def test_that_deleted_files_are_told_with_the_layer_that_deletes_them() -> None:
    finding = _only(
        layer(file("/srv/a", BIG), file("/srv/b", BIG)),
        layer(directory("/x")),
        layer(whiteout("/srv")),
        created_by=("RUN make", "RUN mkdir /x", "RUN rm -rf /srv"),
    )
    assert (finding.id, finding.category, finding.bytes) == ("deleted-later", "deleted", 2 * BIG)
    assert (finding.layer, len(finding.rows), finding.confidence) == (0, 2, "high")
    assert finding.reason() == (
        "Layer 2 (RUN rm -rf /srv) deletes 2 files under /srv that earlier layers hold. "
        "Deleting only hides them: their bytes stay in the image."
    )


def test_that_files_hidden_by_an_opaque_directory_are_deleted_ones() -> None:
    finding = _only(layer(file("/d/a", BIG)), layer(opaque("/d"), file("/d/b", 1)))
    assert (finding.id, finding.bytes) == ("deleted-later", BIG)


def test_that_what_a_copy_brought_in_is_told_to_be_left_out_of_the_context() -> None:
    finding = _only(
        layer(file("/srv/a", BIG)),
        layer(whiteout("/srv")),
        created_by=("COPY . /srv", "RUN rm -r /srv"),
    )
    assert "a COPY or ADD brought in" in finding.reason()
    assert ".dockerignore" in finding.remedy()


def test_that_known_waste_is_named_by_its_cause_with_its_own_cure() -> None:
    lists, cache = "/var/lib/apt/lists/x", "/root/.cache/go-build/00/x"
    found = _shadow(
        layer(file(lists, 2 * BIG), file(cache, BIG), file("/srv/x", 3 * BIG)),
        layer(whiteout("/var/lib/apt/lists"), whiteout("/root/.cache"), whiteout("/srv")),
        created_by=("RUN apt-get update && go build", "RUN rm -rf …"),
    )
    assert [(f.id, f.bytes, f.title()) for f in found] == [
        ("deleted-later", 3 * BIG, "Files deleted in a later layer"),
        ("deleted-apt-lists", 2 * BIG, "apt package lists, deleted later"),
        ("deleted-go-build-cache", BIG, "Go build cache, deleted later"),
    ]
    assert found[1].remedy() == "End the RUN that installs with && rm -rf /var/lib/apt/lists/*"
    assert "target=/root/.cache/go-build go build" in found[2].remedy()


def test_that_a_moved_file_is_told_from_a_deleted_one() -> None:
    finding = _only(
        layer(file("/a", content="x" * BIG)), layer(whiteout("/a"), file("/b", content="x" * BIG))
    )
    assert (finding.id, finding.category, finding.bytes) == ("moved-later", "deleted", BIG)


def test_that_a_copy_that_was_there_before_is_no_move() -> None:
    found = _shadow(
        layer(file("/a", content="x" * BIG), file("/b", content="x" * BIG)), layer(whiteout("/a"))
    )
    assert [finding.id for finding in found] == ["deleted-later"]


def test_that_content_that_comes_back_in_a_later_layer_was_deleted_and_not_moved() -> None:
    found = _shadow(
        layer(file("/a", content="x" * BIG)),
        layer(whiteout("/a")),
        layer(file("/b", content="x" * BIG)),
    )
    assert [finding.id for finding in found] == ["deleted-later"]


def test_that_a_moved_file_that_changes_again_was_still_moved() -> None:
    found = _shadow(
        layer(file("/a", content="x" * BIG)),
        layer(whiteout("/a"), file("/b", content="x" * BIG)),
        layer(file("/b", content="x" * BIG, mode=0o755)),
    )
    assert sorted(finding.id for finding in found) == ["metadata-copies", "moved-later"]


def test_that_overwritten_files_are_told_with_the_layer_that_writes_them() -> None:
    finding = _only(layer(file("/a", BIG)), layer(file("/a", BIG + 1)))
    assert (finding.id, finding.category, finding.bytes) == (
        "overwritten-later",
        "overwritten",
        BIG,
    )


def test_that_a_file_replaced_by_a_link_is_an_overwritten_one() -> None:
    assert _only(layer(file("/a", BIG)), layer(symlink("/a", "b"))).id == "overwritten-later"


@pytest.mark.parametrize(
    ("after", "title"),
    [
        (file("/a", BIG, uid=7), "Copies made by chown"),
        (file("/a", BIG, gid=7), "Copies made by chown"),
        (file("/a", BIG, mode=0o600), "Copies made by chmod"),
        (file("/a", BIG, mode=0o600, uid=7), "Copies made by chown and chmod"),
        (file("/a", BIG, mtime=7), "Same files written again"),
        (file("/a", BIG), "Same files written again"),
    ],
)
def test_that_a_copy_is_named_by_what_it_changes(after: Entry, title: str) -> None:
    finding = _only(layer(file("/a", BIG)), layer(after))
    assert (finding.id, finding.category, finding.bytes) == (
        "metadata-copies",
        "metadata-copy",
        BIG,
    )
    assert finding.title() == title


def test_that_most_bytes_decide_what_a_copy_is_called() -> None:
    finding = _only(
        layer(file("/a", BIG), file("/b", 30 * BIG)),
        layer(file("/a", BIG, mode=0o600), file("/b", 30 * BIG, uid=3)),
    )
    assert (finding.title(), finding.bytes) == ("Copies made by chown", 31 * BIG)


def test_that_owner_and_permissions_are_both_named_where_both_changed() -> None:
    finding = _only(
        layer(file("/a", BIG), file("/b", 3 * BIG)),
        layer(file("/a", BIG, uid=7), file("/b", 3 * BIG, mode=0o700)),
    )
    assert finding.title() == "Copies made by chown and chmod"


def test_that_a_hard_link_of_a_later_layer_is_named() -> None:
    finding = _only(layer(file("/a", BIG)), layer(file("/a", BIG), hardlink("/b", "/a")))
    assert (finding.title(), finding.bytes) == ("Copies made by hard links", BIG)


def test_that_each_layer_has_a_finding_of_its_own() -> None:
    found = _shadow(
        layer(file("/a", BIG), file("/b", 2 * BIG)), layer(whiteout("/a")), layer(whiteout("/b"))
    )
    assert [(finding.id, finding.bytes) for finding in found] == [
        ("deleted-later", 2 * BIG),
        ("deleted-later", BIG),
    ]
    assert ["Layer 2 (" in finding.reason() for finding in found] == [True, False]


def test_that_small_changes_are_told_together() -> None:
    finding = _only(
        layer(file("/etc/passwd", 900), file("/etc/motd", 5), file("/usr/lib/x", 100 * BIG)),
        layer(file("/etc/passwd", 950)),
        layer(whiteout("/etc/motd")),
    )
    assert (finding.id, finding.bytes, finding.confidence) == ("small-changes", 905, "info")
    assert (finding.category, finding.layer) == ("overwritten", 0)


def test_that_in_a_small_image_a_small_change_has_its_own_finding() -> None:
    assert _only(layer(file("/a", 10)), layer(whiteout("/a"))).id == "deleted-later"


def test_that_a_package_database_written_again_is_told_as_needed() -> None:
    finding = _only(
        layer(file("/var/lib/dpkg/status", BIG)),
        layer(file("/var/lib/dpkg/status", BIG + 1)),
        layer(file("/var/lib/dpkg/status", BIG + 2)),
    )
    assert (finding.id, finding.bytes) == ("package-database-copies", 2 * BIG + 1)
    assert finding.confidence == "info"
    assert "The database itself is needed." in finding.reason()


def test_that_a_path_written_twice_in_one_layer_is_told() -> None:
    finding = _only(layer(file("/a", BIG), file("/a", 4)))
    assert (finding.id, finding.category, finding.bytes) == (
        "written-twice",
        "duplicate-entry",
        BIG,
    )


def test_that_nothing_lost_means_no_finding() -> None:
    assert _shadow(layer(file("/a", BIG)), layer(file("/b", BIG, uid=3))) == []


_PATHS = st.lists(st.sampled_from(["a", "var", "lib", "dpkg", "tmp"]), min_size=1, max_size=3).map(
    "/".join
)
_ENTRIES = st.one_of(
    st.builds(file, _PATHS, st.integers(0, 50_000), mode=st.sampled_from([0o644, 0o755])),
    st.builds(file, _PATHS, content=st.sampled_from(["x" * 30_000, "y"])),
    st.builds(whiteout, _PATHS),
    st.builds(opaque, _PATHS),
    st.builds(symlink, _PATHS, _PATHS),
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(_ENTRIES, max_size=6), min_size=1, max_size=5))
def test_that_findings_about_lost_payloads_sum_to_the_reclaimable_bytes(
    layers: list[list[Entry]],
) -> None:
    analysis = _analysis(*(layer(*entries) for entries in layers))
    shadow = {"deleted", "overwritten", "metadata-copy", "duplicate-entry"}
    lost = [finding for finding in analysis.findings if finding.category in shadow]
    assert sum(finding.bytes for finding in lost) == analysis.totals.reclaimable_bytes
    rows = [row for finding in lost for row in finding.rows.tolist()]
    assert len(rows) == len(set(rows))
    for finding in lost:
        assert finding.title()
        assert finding.reason()
        assert finding.remedy()
