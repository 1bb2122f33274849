"""Pictures of the window at two sizes, in two themes and two languages: nothing is cut off, nothing is left undrawn."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QFontMetrics, QImage
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from explorer.filesystem.columnfile import Array
from explorer.gui.theme import apply_theme
from explorer.gui.widgets.plain_label import ElidedLabel
from explorer.report.palette import GROUP_COLOURS
from explorer.resources import resource
from explorer.translation import set_language
from tests.screenshots.scenes import LANGUAGES, README, SCENES, SIZES, THEMES, opened, settle

pytestmark = [pytest.mark.gui, pytest.mark.screenshot, pytest.mark.slow]
# Readme pictures may differ from a new one by this mean distance of their colours (0 to 255), other fonts included.
_ALIKE = 12.0


@pytest.fixture(autouse=True)
def light_english(qapp: QApplication) -> Iterator[None]:
    yield
    set_language("en")
    apply_theme(qapp, "light")


def pixels(image: QImage) -> Array:
    """uint8[height, width, 3], red first."""
    plain = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(plain.constBits(), dtype=np.uint8).reshape(plain.height(), -1)
    # The picture owns the buffer and goes when this function ends.
    return rows[:, : 3 * plain.width()].reshape(plain.height(), plain.width(), 3).copy()


def cut_off(window: QWidget) -> list[str]:
    """Texts that have less room than they need; those that may be shortened say so by their class."""
    found = []
    for label in window.findChildren(QLabel):
        if not label.isVisible() or isinstance(label, ElidedLabel) or label.wordWrap():
            continue
        needed = QFontMetrics(label.font()).horizontalAdvance(label.text())
        if needed > label.width() + 2:
            found.append(label.text())
    return found + [
        button.text()
        for button in window.findChildren(QPushButton)
        if button.isVisible() and button.sizeHint().width() > button.width() + 2
    ]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size.width()}x{size.height()}")
def test_that_each_scene_is_drawn_whole(
    qtbot: QtBot, size: QSize, theme: str, language: str
) -> None:
    with opened(size, theme, language) as (window, tab):
        for scene in SCENES:
            tab.explore.close_finding()
            window.field.clear()
            tab.explore.layers.reset()
            settle(lambda: not window.jobs.busy)
            scene.arrange(window, tab)
            settle(lambda: not window.jobs.busy)
            picture = pixels(window.grab().toImage())
            assert picture.shape == (size.height(), size.width(), 3), scene.name
            assert cut_off(window) == [], scene.name
            dark = float(picture.mean()) < 128
            assert dark == (theme == "dark"), scene.name
        treemap = pixels(tab.explore.map_pane.map.grab().toImage())
        shown = {tuple(colour) for colour in np.unique(treemap.reshape(-1, 3), axis=0).tolist()}
        colours = {
            tuple(int(code[i : i + 2], 16) for i in (1, 3, 5)) for code in GROUP_COLOURS.values()
        }
        assert shown & colours


@pytest.mark.parametrize(("scene", "theme", "language"), README)
def test_that_readmes_pictures_show_the_window_as_it_is(
    qtbot: QtBot, scene: str, theme: str, language: str
) -> None:
    """Another machine has other fonts, so that shapes are compared at a sixteenth of the size."""
    kept = QImage(str(resource("screenshots", f"{scene}-{theme}-{language}.png")))
    with opened(SIZES[0], theme, language) as (window, tab):
        next(item for item in SCENES if item.name == scene).arrange(window, tab)
        settle(lambda: not window.jobs.busy)
        fresh = window.grab().toImage()
    assert kept.size() == fresh.size()
    small = [pixels(image.scaled(80, 50)).astype(np.int16) for image in (kept, fresh)]
    assert float(np.abs(small[0] - small[1]).mean()) < _ALIKE
