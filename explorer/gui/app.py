"""Starts the window: one application, the user's theme and language, a net for our own errors."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from explorer.gui.crash import CrashNet
from explorer.gui.main_window import TITLE, MainWindow
from explorer.gui.signals import closing_on_signals
from explorer.gui.theme import apply_theme
from explorer.settings import SettingsStore
from explorer.translation import set_language

# The empty window stands before this is loaded; it comes while people read what they can do.
_AHEAD_MS = 200
_PAGES = (
    "explorer.gui.pages.explore",
    "explorer.gui.pages.image_tab",
    "explorer.gui.pages.binary",
    "explorer.gui.pages.startup",
)


def run(references: Sequence[str], host: str = "", *, demo: bool = False) -> int:
    """Open the window with these images or on the demo and stay until it is closed; returns the exit code."""
    store = SettingsStore()
    set_language(store.settings.language)
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setApplicationName("image-size-explorer")
    application.setApplicationDisplayName(TITLE)
    application.setDesktopFileName("io.github.image_size_explorer.ImageSizeExplorer")
    apply_theme(application, store.settings.theme)
    window = MainWindow(store, host)
    net = CrashNet(window.show_internal_error)
    net.install()
    try:
        with closing_on_signals(window.close):
            window.show()
            # The window is there first; what takes time comes after it.
            QTimer.singleShot(0, lambda: _begin(window, references, demo=demo))
            return application.exec()
    finally:
        net.remove()


def _begin(window: MainWindow, references: Sequence[str], *, demo: bool) -> None:
    window.watch.ask()
    for reference in references:
        window.open_reference(reference)
    if not references and not demo:
        QTimer.singleShot(_AHEAD_MS, lambda: _load_ahead(window))
    if demo:
        window.start_tour()


def _load_ahead(window: MainWindow) -> None:
    """What a first image takes: what knows no window on a thread, then the pages one by one."""
    window.jobs.start_waiting(
        "explorer.workflow.rewriting:load_rules",
        (),
        on_done=lambda _: _load_pages(_PAGES),
        on_failed=lambda _: None,
    )


def _load_pages(names: Sequence[str]) -> None:
    if names:
        importlib.import_module(names[0])
        QTimer.singleShot(0, lambda: _load_pages(names[1:]))
