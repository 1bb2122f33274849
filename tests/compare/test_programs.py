"""Go executables of two images: which belong together, and that packages and rest are both sizes to the byte."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.compare.pair import ConfigChange, Pair
from explorer.compare.programs import (
    UNKNOWN,
    BinaryDelta,
    DependencyChange,
    PackageDelta,
    RestDelta,
    binary_deltas,
)
from explorer.findings.binary import ImageBinary
from explorer.gobinary.binary import GO, GoBinary
from explorer.gobinary.buildinfo import Module
from explorer.gobinary.packages import Package, Remainder


def held(path: str, digest: str, size: int = 100, module: str = "example.com/app") -> ImageBinary:
    return ImageBinary(
        row=0, path=path, layer=0, size_bytes=size, go_version="go1.27", module=module, cgo_enabled=False,
        static=True, interpreter="", stripped=False, symbol_bytes=0, dwarf_bytes=0, removable_bytes=0,
        upx=False, digest=digest,
    )  # fmt: skip


def binary(size: int, packages: dict[str, int], rest: dict[str, int], **more: object) -> GoBinary:
    found = GoBinary("/app", size, GO, "elf", "amd64", 64)
    return replace(
        found,
        packages=tuple(Package(name, "m", "main", n, 0) for name, n in packages.items()),
        unattributed=tuple(Remainder(reason, n) for reason, n in rest.items()),
        **more,  # type: ignore[arg-type]  # fields of GoBinary
    )


def one(a: list[ImageBinary], b: list[ImageBinary], **programs: GoBinary) -> BinaryDelta:
    (found,) = binary_deltas(a, b, programs)
    return found


def test_that_packages_of_both_programs_are_told_with_the_biggest_difference_first() -> None:
    found = one(
        [held("/app", "x", 100)],
        [held("/app", "y", 60)],
        x=binary(100, {"fmt": 30, "gone": 20}, {"debug": 50}),
        y=binary(60, {"fmt": 25, "new": 35}, {}),
    )
    assert found.packages == (
        PackageDelta("new", "m", Pair(0, 35)),
        PackageDelta("gone", "m", Pair(20, 0)),
        PackageDelta("fmt", "m", Pair(30, 25)),
    )
    assert found.rest == (RestDelta("debug", Pair(50, 0)),)


SIZES = st.dictionaries(st.sampled_from(["fmt", "net", "main", "io"]), st.integers(0, 10**9))
RESTS = st.dictionaries(st.sampled_from(["debug", "symbols", "types"]), st.integers(0, 10**9))


@pytest.mark.slow
@given(SIZES, RESTS, st.integers(0, 1000), SIZES, RESTS, st.integers(0, 1000), st.booleans())
def test_that_packages_and_rest_are_both_sizes_to_the_byte(
    packages_a: dict[str, int],
    rest_a: dict[str, int],
    left_a: int,
    packages_b: dict[str, int],
    rest_b: dict[str, int],
    left_b: int,
    known: bool,
) -> None:
    size_a = sum(packages_a.values()) + sum(rest_a.values()) + left_a
    size_b = sum(packages_b.values()) + sum(rest_b.values()) + left_b
    programs = {"x": binary(size_a, packages_a, rest_a)}
    if known:
        programs["y"] = binary(size_b, packages_b, rest_b)
    found = one([held("/app", "x", size_a)], [held("/app", "y", size_b)], **programs)
    rows: list[PackageDelta | RestDelta] = [*found.packages, *found.rest]
    assert sum(row.size.a for row in rows) == size_a
    assert sum(row.size.b for row in rows) == size_b
    assert sum(row.size.delta for row in rows) == found.size.delta


def test_that_a_program_that_moved_is_found_by_its_module() -> None:
    found = one([held("/app/server", "x")], [held("/server", "y")])
    assert (found.path, found.path_a, found.path_b, found.moved) == ("/server", "/app/server", "/server", True)  # fmt: skip


def test_that_the_same_path_counts_more_than_the_same_module() -> None:
    found = binary_deltas(
        [held("/a", "1"), held("/b", "2")], [held("/b", "3"), held("/c", "4")], {}
    )
    assert [(item.path_a, item.path_b) for item in found] == [("/b", "/b"), ("/a", "/c")]


def test_that_the_same_content_elsewhere_counts_more_than_the_same_module() -> None:
    found = binary_deltas([held("/a", "1"), held("/b", "2")], [held("/c", "2")], {})
    assert [(item.path_a, item.path_b) for item in found] == [("/b", "/c"), ("/a", "")]


def test_that_programs_without_a_module_are_not_taken_for_each_other() -> None:
    found = binary_deltas([held("/a", "1", module="")], [held("/b", "2", module="")], {})
    assert [(item.path_a, item.path_b) for item in found] == [("", "/b"), ("/a", "")]


def test_that_a_program_of_one_image_only_is_all_of_it() -> None:
    found = one([], [held("/app", "y", 60)], y=binary(60, {"fmt": 60}, {}))
    assert found.packages == (PackageDelta("fmt", "m", Pair(0, 60)),)
    assert found.size == Pair(0, 60)


def test_that_a_program_that_cannot_be_read_is_said_to_be_unknown() -> None:
    found = one([held("/app", "x", 100)], [held("/app", "y", 60)], x=binary(100, {"fmt": 100}, {}))
    assert (found.packages, found.rest) == ((), (RestDelta(UNKNOWN, Pair(100, 60)),))
    assert not found.looked_into


def test_that_the_same_file_differs_in_nothing() -> None:
    found = one([held("/app", "x")], [held("/app", "x")], x=binary(100, {"fmt": 100}, {}))
    assert (found.packages, found.rest, found.dependencies, found.changes) == ((), (), (), ())


def test_that_modules_are_told_with_their_versions_and_replacements() -> None:
    before = (Module("a", "v1"), Module("b", "v1"), Module("c", "v1"), Module("d", "v1"))
    after = (Module("a", "v1"), Module("b", "v2"), Module("e", "v1"), Module("d", "v1", replace=Module("../d")))  # fmt: skip
    found = one(
        [held("/app", "x")],
        [held("/app", "y")],
        x=binary(100, {}, {}, dependencies=before, settings={"CGO_ENABLED": "1"}),
        y=binary(
            100, {}, {}, dependencies=after, settings={"CGO_ENABLED": "0", "-trimpath": "true"}
        ),
    )
    assert found.dependencies == (
        DependencyChange("b", "v1", "v2"),
        DependencyChange("c", "v1", ""),
        DependencyChange("d", "v1", "v1 => ../d"),
        DependencyChange("e", "", "v1"),
    )
    assert found.changes == (
        ConfigChange("CGO_ENABLED", "1", "0"),
        ConfigChange("-trimpath", "", "true"),
    )
