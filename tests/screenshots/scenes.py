"""Makes the pictures of README from the bundled sample, off screen: .venv/bin/python -m tests.screenshots.scenes [folder].

With a folder it writes every size, theme and language there, to be looked at; without one only the pictures of README.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication

from explorer.gui.main_window import MainWindow
from explorer.gui.pages.image_tab import ImageTab
from explorer.gui.theme import apply_theme
from explorer.gui.tour import demo_references
from explorer.resources import resource, sample_reference
from explorer.settings import SettingsStore
from explorer.translation import set_language
from explorer.workflow.opening import Options

SIZES = (QSize(1280, 800), QSize(2560, 1440))
THEMES = ("light", "dark")
LANGUAGES = ("en", "zh_CN")
_PATIENCE = 60.0


@dataclass(frozen=True)
class Scene:
    """One state of the window worth a picture."""

    name: str
    arrange: Callable[[MainWindow, ImageTab], None]


def _overview(_window: MainWindow, _tab: ImageTab) -> None:
    """The window as it is when the image has been read."""


def _finding(_window: MainWindow, tab: ImageTab) -> None:
    tab.explore.open_finding(tab.explore.findings.table.findings.finding(0))


def _file(_window: MainWindow, tab: ImageTab) -> None:
    tree = tab.explore.selection.tree
    assert tree is not None
    tab.explore.preview(tree.find(b"usr/local/bin/hello-service"))


def _layer(_window: MainWindow, tab: ImageTab) -> None:
    tab.explore.layers.show_layer(6)
    tab.explore.map_pane.legend.choose(2)


def _filter(window: MainWindow, _tab: ImageTab) -> None:
    window.field.setText("*.go size>1k")


def _comparison(window: MainWindow, _tab: ImageTab) -> None:
    before, after = (Options(reference) for reference in demo_references())
    window.open_comparison(before, after)


SCENES = (
    Scene("overview", _overview),
    Scene("finding", _finding),
    Scene("file", _file),
    Scene("layer", _layer),
    Scene("filter", _filter),
    Scene("comparison", _comparison),
)
# What README shows: scene, theme, language.
README = (
    ("overview", "light", "en"),
    ("file", "dark", "en"),
    ("finding", "light", "zh_CN"),
    ("comparison", "light", "en"),
)


@contextmanager
def opened(size: QSize, theme: str, language: str) -> Iterator[tuple[MainWindow, ImageTab]]:
    """The window with the sample in it, settled."""
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    set_language(language)
    apply_theme(application, theme)
    with tempfile.TemporaryDirectory() as folder:
        window = MainWindow(SettingsStore(Path(folder)))
        window.resize(size)
        window.show()
        tab = window.open_reference(sample_reference())
        settle(lambda: not tab.busy)
        yield window, tab
        window.close()
        settle(lambda: not window.jobs.busy)
        window.deleteLater()
        settle(lambda: True)


def settle(ready: Callable[[], bool]) -> None:
    """Let events run until `ready`, and a little more."""
    application = QApplication.instance()
    assert application is not None
    end = time.monotonic() + _PATIENCE
    while not ready() and time.monotonic() < end:
        application.processEvents()
        time.sleep(0.01)
    calm = time.monotonic() + 0.6
    while time.monotonic() < calm:
        application.processEvents()
        time.sleep(0.01)


def take(scene: Scene, size: QSize, theme: str, language: str, path: Path) -> None:
    """Write one picture."""
    with opened(size, theme, language) as (window, tab):
        scene.arrange(window, tab)
        settle(lambda: not window.jobs.busy)
        window.grab().save(str(path))
        sys.stdout.write(f"{path}\n")


def main(arguments: list[str]) -> int:
    """Make the pictures."""
    scenes = {scene.name: scene for scene in SCENES}
    if not arguments:
        folder = resource("screenshots")
        for name, theme, language in README:
            path = folder / f"{name}-{theme}-{language}.png"
            take(scenes[name], SIZES[0], theme, language, path)
        return 0
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    for scene in SCENES:
        for size in SIZES:
            for theme in THEMES:
                for language in LANGUAGES:
                    name = f"{scene.name}-{size.width()}-{theme}-{language}.png"
                    take(scene, size, theme, language, folder / name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
