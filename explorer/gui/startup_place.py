"""Where the start-up page stands: it is made when it is first asked for, as it loads much that a window does without."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from explorer.errors import ExplorerError

if TYPE_CHECKING:
    from explorer.engine.client import EngineInfo
    from explorer.gui.main_window import MainWindow
    from explorer.gui.pages.startup import StartupPage


class StartupPlace:
    """`made` is the page once it was asked for; what is told to it before that reaches it when it is made."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._engine: EngineInfo | ExplorerError | None = None
        self.made: StartupPage | None = None
        # Stands among the pages until then.
        self.stand_in = QWidget()

    def page(self) -> StartupPage:
        """The start-up page."""
        if self.made is None:
            from explorer.gui.pages.startup import StartupPage

            window = self._window
            page = self.made = StartupPage(window.jobs, window.host)
            window.pages.insertWidget(window.pages.indexOf(self.stand_in), page)
            window.pages.removeWidget(self.stand_in)
            page.follow(window.tabs)
            page.other_connection.connect(window.show_preferences)
            page.retry_engine.connect(window.watch.ask)
            page.share_changed.connect(window.name_window)
            if self._engine is not None:
                page.show_engine(self._engine)
        return self.made

    @property
    def shown(self) -> bool:
        """Whether the page is in front."""
        return self._window.pages.currentWidget() in (self.made, self.stand_in)

    def show_engine(self, state: EngineInfo | ExplorerError) -> None:
        """Say what about the engine matters there."""
        self._engine = state
        if self.made is not None:
            self.made.show_engine(state)

    def change_host(self, host: str) -> None:
        """Measure on another engine."""
        self._engine = None
        if self.made is not None:
            self.made.host = host

    def recolour(self) -> None:
        """Take the colours of the theme in force."""
        if self.made is not None:
            self.made.recolour()

    def end(self) -> None:
        """End all work."""
        if self.made is not None:
            self.made.end()
