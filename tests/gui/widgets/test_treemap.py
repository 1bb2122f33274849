"""The treemap: one selection with the tree, keys, mouse and what it tells those who cannot see it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from explorer.findings.analysis import analyse
from explorer.gui.colouring import by_category
from explorer.gui.selection import Selection
from explorer.gui.widgets.treemap import Treemap
from tests.support.layers import file, image, layer

pytestmark = pytest.mark.gui


@pytest.fixture
def selection(qtbot: QtBot) -> Selection:
    made = Selection()
    made.set_analysis(
        analyse(
            *image(
                layer(
                    file("left/one", 4_000_000),
                    file("left/deep/two", 3_000_000),
                    file("left/deep/three", 2_000_000),
                    file("right", 6_000_000),
                )
            )
        )
    )
    return made


@pytest.fixture
def treemap(qtbot: QtBot, selection: Selection) -> Treemap:
    made = Treemap(selection)
    qtbot.addWidget(made)
    made.resize(600, 400)
    made.show()
    draw(made, selection)
    return made


def draw(treemap: Treemap, selection: Selection) -> None:
    analysis, shown = selection.analysis, selection.view
    assert analysis is not None
    assert shown is not None
    treemap.set_colours(by_category(analysis, shown).colours)
    treemap.relayout()
    treemap.finish_layout()


def node(selection: Selection, path: bytes) -> int:
    assert selection.tree is not None
    return selection.tree.find(path)


def centre(treemap: Treemap, selection: Selection, path: bytes) -> QPoint:
    return treemap._box(node(selection, path)).center()


def test_that_a_click_selects_the_file_under_it(treemap: Treemap, selection: Selection) -> None:
    place = centre(treemap, selection, b"right")
    QTest.mouseClick(treemap, Qt.MouseButton.LeftButton, pos=place)
    assert selection.current == node(selection, b"right")


def test_that_a_double_click_zooms_one_folder_and_backspace_leaves_it(
    treemap: Treemap, selection: Selection
) -> None:
    place = centre(treemap, selection, b"left/deep/two")
    QTest.mouseDClick(treemap, Qt.MouseButton.LeftButton, pos=place)
    assert selection.zoom == node(selection, b"left")
    treemap.finish_layout()
    QTest.keyClick(treemap, Qt.Key.Key_Backspace)
    assert selection.zoom == 0


def test_that_a_double_click_on_a_file_beside_the_root_opens_it(
    treemap: Treemap, selection: Selection, qtbot: QtBot
) -> None:
    place = centre(treemap, selection, b"right")
    with qtbot.waitSignal(treemap.activated) as signal:
        QTest.mouseDClick(treemap, Qt.MouseButton.LeftButton, pos=place)
    assert signal.args == [node(selection, b"right")]


def test_that_arrows_move_to_the_neighbour(treemap: Treemap, selection: Selection) -> None:
    left = centre(treemap, selection, b"left/one")
    right = centre(treemap, selection, b"right")
    selection.set_current(node(selection, b"left/one"))
    assert left.x() < right.x() or left.y() < right.y()
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Up):
        before = selection.current
        QTest.keyClick(treemap, key)
        if selection.current != before:
            break
    assert selection.current != node(selection, b"left/one")


def test_that_hovering_tells_the_file_and_leaving_tells_none(
    treemap: Treemap, selection: Selection, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(selection.hovered) as signal:
        QTest.mouseMove(treemap, centre(treemap, selection, b"right"))
    assert signal.args == [node(selection, b"right")]


def test_that_its_name_tells_the_largest(treemap: Treemap) -> None:
    assert treemap.accessibleName() == "Treemap, largest: left 9.0 MB, right 6.0 MB"


def test_that_ids_of_an_older_tree_mean_nothing(treemap: Treemap, selection: Selection) -> None:
    place = centre(treemap, selection, b"right")
    selection.set_analysis(analyse(*image(layer(file("x", 5)))))
    assert treemap.node_at(place) == -1
    treemap.finish_layout()
    assert treemap.node_at(place) == 1


def test_that_the_picture_is_the_same_in_pixels_and_in_shapes(treemap: Treemap) -> None:
    picture = treemap.picture()
    assert picture is not None
    pixels = picture.image(treemap._ids, picture.overlay())
    shapes = QPixmap(600, 400)
    painter = QPainter(shapes)
    picture.paint(painter)
    painter.end()
    drawn = shapes.toImage()
    for x in range(5, 600, 37):
        for y in range(150, 400, 23):
            assert drawn.pixelColor(x, y) == pixels.pixelColor(x, y)


def test_that_faded_tiles_are_nearer_to_the_background(
    treemap: Treemap, selection: Selection
) -> None:
    analysis, shown = selection.analysis, selection.view
    assert analysis is not None
    assert shown is not None
    import numpy as np

    colours = by_category(analysis, shown).colours
    place = centre(treemap, selection, b"right")
    full = treemap._image.pixelColor(place)
    dimmed = np.zeros(len(colours), dtype=bool)
    dimmed[node(selection, b"right")] = True
    treemap.set_colours(colours, dimmed)
    assert treemap._image.pixelColor(place).lightness() > full.lightness()


def test_that_the_layout_comes_in_slices_of_the_event_loop(
    treemap: Treemap, selection: Selection, qtbot: QtBot
) -> None:
    selection.set_zoom(node(selection, b"left"))
    qtbot.waitUntil(lambda: treemap._steps is None)
    assert treemap._layout is not None
    assert treemap._layout.root == node(selection, b"left")
