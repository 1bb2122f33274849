"""The treemap's rectangles: inside their folder, in proportion, none lost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.filesystem.union import stack_layers, view
from explorer.gui.widgets import treemap_layout
from explorer.gui.widgets.treemap_layout import Layout, fill_ids, layout_steps
from tests.support.layers import Entry, file, layer

pytestmark = pytest.mark.gui


def laid_out(*entries: Entry, width: int = 400, height: int = 300, root: str = "") -> Layout:
    stack = stack_layers([layer(*entries)])
    steps = layout_steps(
        stack.tree,
        view(stack, stack.merged()),
        max(stack.tree.find(root.encode()), 0),
        width,
        height,
    )
    return list(steps)[-1]


PATHS = st.lists(
    st.tuples(
        st.lists(st.sampled_from("abcd"), min_size=1, max_size=4), st.integers(1, 10_000_000)
    ),
    min_size=1,
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(PATHS, st.integers(5, 900), st.integers(5, 700))
def test_that_every_rectangle_lies_in_the_map_and_no_tiles_overlap(
    paths: list[tuple[list[str], int]], width: int, height: int
) -> None:
    entries = [
        file("/".join(parts) + f"/file{number}", size) for number, (parts, size) in enumerate(paths)
    ]
    layout = laid_out(*entries, width=width, height=height)
    boxes = [*(item[:4] for item in layout.tiles), *(item[:4] for item in layout.rests)]
    counts = np.zeros((height, width), dtype=int)
    for x, y, w, h in boxes:
        assert x >= 0
        assert y >= 0
        assert x + w <= width
        assert y + h <= height
        counts[y : y + h, x : x + w] += 1
    assert counts.max() <= 1


def test_that_areas_are_in_proportion_to_bytes() -> None:
    layout = laid_out(file("a", 3000), file("b", 1000))
    areas = sorted(w * h for _, _, w, h, _ in layout.tiles)
    assert areas == [30_000, 90_000]


def test_that_what_is_too_small_becomes_one_block_with_its_bytes() -> None:
    small = [file(f"small/{n}", 1) for n in range(2000)]
    layout = laid_out(file("big", 38_000), *small)
    assert len(layout.tiles) == 1
    assert [(rest[5], rest[6]) for rest in layout.rests] == [(2000, 2000)]


def test_that_a_long_folder_is_drawn_as_a_short_one_is(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [file("big", 38_000), file("half", 9_000), *(file(f"s/{n}", 1) for n in range(500))]
    entries += [file(f"tiny{n}", 1) for n in range(90)]
    whole = laid_out(*entries)
    monkeypatch.setattr(treemap_layout, "_LONG", 10)
    looked_through = laid_out(*entries)
    assert looked_through == whole
    assert sum(rest[5] for rest in whole.rests) == 590


def test_that_folders_of_one_folder_share_a_frame() -> None:
    layout = laid_out(file("usr/lib/gcc/cc1", 900), file("usr/lib/gcc/cc2", 800), file("x", 500))
    assert len(layout.frames) == 1
    *_, node, last, _ = layout.frames[0]
    assert last - node == 2


def test_that_files_without_bytes_are_not_drawn() -> None:
    layout = laid_out(file("a", 0), file("b", 10))
    assert len(layout.tiles) == 1


def test_that_each_pixel_names_the_node_that_is_drawn_there() -> None:
    layout = laid_out(file("d/a", 600), file("d/b", 300), file("e/c", 500))
    ids = fill_ids(layout)
    assert ids.shape == (300, 400)
    for x, y, w, h, node in layout.tiles:
        assert (ids[y : y + h, x : x + w] == node).all()
    assert (ids >= 0).all()


def test_that_an_empty_image_has_nothing_to_draw() -> None:
    layout = laid_out(file("a", 0))
    assert (layout.tiles, layout.rests) == ([], [])
