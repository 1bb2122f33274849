"""Two images compared: every view sums to the same difference; layers, settings, programs and surface are told."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.compare.comparison import Comparison, ConfigChange, Pair, compare
from explorer.compare.surface import surface
from explorer.filesystem.diff import Change
from explorer.filesystem.layer import LayerIndex
from explorer.findings.analysis import Analysis, analyse
from explorer.image.model import Config
from explorer.report.compare_json import compare_document, compare_json
from tests.support.layers import Entry, directory, file, image, layer, symlink, whiteout


def analysed(*layers: LayerIndex, config: Config | None = None) -> Analysis:
    return analyse(*image(*layers, config=config))


def compared(a: list[Entry], b: list[Entry]) -> Comparison:
    return compare(analysed(layer(*a)), analysed(layer(*b)))


PATHS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "usr/local/go/VERSION", "usr/local/go/bin/go", "c/d", "c/e"]),
        st.integers(0, 5000),
    ),
    max_size=6,
)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.lists(PATHS, min_size=1, max_size=3), st.lists(PATHS, min_size=1, max_size=3))
def test_that_every_view_sums_to_the_difference_of_the_totals(
    first: list[list[tuple[str, int]]], second: list[list[tuple[str, int]]]
) -> None:
    def built(layers: list[list[tuple[str, int]]]) -> Analysis:
        return analysed(
            *(layer(*(file(path, size) for path, size in dict(rows).items())) for rows in layers)
        )

    c = compare(built(first), built(second))
    assert sum(item.size.delta for item in c.categories) == c.content.delta
    assert sum(item.size.delta for item in c.waterfall) == c.content.delta
    assert int(c.diff.size_a.sum()) == c.contribution.a
    assert int(c.diff.size_b.sum()) == c.contribution.b
    fates = [c.diff.bytes(change) for change in Change]
    assert sum(before for before, _ in fates) == c.contribution.a
    assert sum(after for _, after in fates) == c.contribution.b


def test_that_layers_with_the_same_diff_id_are_shared() -> None:
    base = layer(file("base", 10), diff_id="sha256:" + "11" * 32)
    a = analysed(base, layer(file("x", 1), diff_id="sha256:" + "22" * 32))
    b = analysed(layer(file("y", 1), diff_id="sha256:" + "33" * 32), base)
    layers = compare(a, b).layers
    assert (layers.shared, layers.only_a, layers.only_b) == (((0, 1),), (1,), (0,))


def test_that_a_layer_used_twice_is_shared_as_often_as_both_have_it() -> None:
    same = layer(file("x", 1), diff_id="sha256:" + "11" * 32)
    layers = compare(analysed(same, same), analysed(same)).layers
    assert (layers.shared, layers.only_a, layers.only_b) == (((0, 0),), (1,), ())


def test_that_settings_are_told_one_by_one() -> None:
    before = Config(env=("PATH=/bin", "MODE=debug"), cmd=("/app",), labels={"team": "x"})
    after = Config(env=("PATH=/bin", "MODE=release"), entrypoint=("/app",), user="1000")
    c = compare(analysed(layer(), config=before), analysed(layer(), config=after))
    assert set(c.config) == {
        ConfigChange("CMD", "/app", ""),
        ConfigChange("ENV MODE", "debug", "release"),
        ConfigChange("LABEL team", "x", ""),
        ConfigChange("ENTRYPOINT", "", "/app"),
        ConfigChange("USER", "", "1000"),
    }


def test_that_findings_are_gone_or_new_by_what_they_are_about() -> None:
    a = analysed(layer(file("var/lib/apt/lists/x", 9000)))
    b = analysed(layer(file("x", 9000)), layer(whiteout("x")))
    c = compare(a, b)
    assert [finding.id for finding in c.findings_gone] == ["apt-lists"]
    assert [finding.id for finding in c.findings_new] == ["deleted-later"]


def test_that_the_surface_names_shells_setuid_files_and_open_places() -> None:
    found = surface(
        analysed(
            layer(
                file("bin/busybox", 10, mode=0o755),
                symlink("bin/sh", "busybox"),
                file("usr/bin/passwd", 10, mode=0o4755),
                file("usr/share/bash", 10, mode=0o644),
                directory("tmp", mode=0o1777),
                directory("srv/open", mode=0o777),
                file("usr/local/go/bin/go", 5, mode=0o755),
            )
        )
    )
    assert found.paths["shells"] == (b"bin/busybox", b"bin/sh")
    assert found.paths["setuid"] == (b"usr/bin/passwd",)
    assert found.paths["world-writable"] == (b"srv/open",)
    assert found.paths["compilers"] == (b"usr/local/go/bin/go",)
    assert found.runs_as_root


def test_that_only_root_runs_as_root() -> None:
    users = {"": True, "0": True, "root": True, "root:root": True, "1000": False, "app:app": False}
    told = {
        user: surface(analysed(layer(), config=Config(user=user))).runs_as_root for user in users
    }
    assert told == users


def test_that_an_image_compared_with_itself_says_so_and_differs_in_nothing() -> None:
    same = analysed(layer(file("a", 5)))
    c = compare(same, same)
    assert c.notes == ("Both are the same image.",)
    assert (c.content, c.waterfall, c.largest_files(10)) == (Pair(5, 5), (), [])


def test_that_an_image_read_in_part_makes_the_comparison_incomplete() -> None:
    described, layers = image(layer(file("a", 5)), layer(file("b", 6)))
    cut = analyse(described, {0: layers[0]})
    c = compare(cut, analysed(layer(file("a", 5))))
    assert not c.complete
    assert any("1 of 2 layers" in note for note in c.notes)
    assert compare_document(c)["complete"] is False


def test_that_the_largest_differences_come_first_and_moves_name_their_other_end() -> None:
    c = compared(
        [file("old", content="moved" * 100), file("gone", 50)],
        [file("new", content="moved" * 100), file("come", 9000)],
    )
    largest = c.largest_files(10)
    assert [item.path for item in largest] == [b"come", b"old", b"new", b"gone"]
    assert (largest[1].change, largest[1].partner) == (Change.MOVED_AWAY, b"new")
    assert (largest[2].change, largest[2].partner) == (Change.MOVED_HERE, b"old")
    assert c.largest_files(1)[0].path == b"come"


def test_that_the_document_has_the_fields_of_its_schema() -> None:
    c = compared([file("a", 10), file(b"\xff<b>\n", 20)], [file("a", 11)])
    document = json.loads(compare_json(c))
    assert list(document) == [
        "schema", "complete", "notes", "a", "b", "totals", "layers", "categories", "files",
        "findings", "binaries", "config", "surface", "coldstart",
    ]  # fmt: skip
    assert document["schema"] == "image-explorer/compare/1"
    assert document["totals"]["content_bytes"] == {"a": 30, "b": 11, "delta": -19}
    assert sum(row["delta"] for row in document["categories"]) == -19
    assert document["files"]["removed"] == {
        "count": 1, "a_files": 1, "b_files": 0, "a_bytes": 20, "b_bytes": 0,
    }  # fmt: skip
    assert document["files"]["largest"][0]["path"] == "/\\xff<b>\\n"


def test_that_other_platforms_are_told() -> None:
    described, layers = image(layer(file("a", 1)))
    other = replace(
        described,
        id="sha256:" + "cd" * 32,
        platform=replace(described.platform, architecture="arm64"),
    )
    c = compare(analyse(described, layers), analyse(other, layers))
    assert c.notes == ("They are for different platforms: linux/amd64 and linux/arm64.",)
