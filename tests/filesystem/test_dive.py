"""dive's figures, flaws included: the edge cases that dive's own code shows."""

from __future__ import annotations

import pytest

from explorer.filesystem.dive import DiveFigures, dive_figures
from explorer.filesystem.layer import LayerIndex
from explorer.filesystem.union import stack_layers
from tests.support.layers import directory, file, layer, opaque, whiteout


def _figures(*layers: LayerIndex) -> DiveFigures:
    return dive_figures(stack_layers(layers))


def test_that_a_deleted_file_counts_its_copy_as_wasted() -> None:
    figures = _figures(layer(file("/a", 5000), file("/k", 1000)), layer(whiteout("/a")))
    assert figures == DiveFigures(1000 / 6000, 5000, None, 6000)


def test_that_a_deleted_directory_leaves_the_efficiency_at_one() -> None:
    figures = _figures(layer(file("/d/a", 5000)), layer(whiteout("/d")))
    assert figures.efficiency == 1.0
    assert figures.wasted_bytes == 0


def test_that_chmod_copies_count_the_live_copy_too() -> None:
    figures = _figures(layer(file("/a", 9000)), layer(file("/a", 9000, mode=0o755)))
    assert figures == DiveFigures(0.5, 18000, 2.0, 18000)


def test_that_the_smallest_copy_sets_the_efficiency_whatever_the_order() -> None:
    grown = _figures(layer(file("/a", 2000)), layer(file("/a", 5000)))
    shrunk = _figures(layer(file("/a", 5000)), layer(file("/a", 2000)))
    assert grown.efficiency == shrunk.efficiency == 2000 / 7000


def test_that_an_opaque_directory_ends_the_walk_over_its_layer() -> None:
    # `.wh..wh..opq` sorts before `new`, so dive never counts /d/new.
    figures = _figures(layer(file("/d/old", 4000)), layer(opaque("/d"), file("/d/new", 10)))
    assert figures == DiveFigures(1.0, 0, 0.0, 4010)


def test_that_a_whiteout_of_nothing_ends_the_walk_over_its_layer() -> None:
    layers = [
        layer(file("/a", 100)),
        layer(file("/b", 10)),
        layer(whiteout("/zz"), file("/b", 30), file("/z", 5)),
    ]
    # `.wh.zz` sorts before `b` and `z`.
    assert _figures(*layers) == DiveFigures(1.0, 0, 0.0, 145)


def test_that_an_empty_directory_in_two_layers_adds_no_bytes() -> None:
    figures = _figures(layer(directory("/tmp"), file("/a", 7)), layer(directory("/tmp")))
    assert figures == DiveFigures(1.0, 0, None, 7)


@pytest.mark.parametrize("layers", [(), (layer(),)])
def test_that_an_image_without_bytes_is_fully_efficient(layers: tuple[LayerIndex, ...]) -> None:
    assert _figures(*layers) == DiveFigures(1.0, 0, None, 0)
