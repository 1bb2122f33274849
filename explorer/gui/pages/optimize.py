"""The Optimize page: the rewrite of whichever image is in front, each image with its own."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from explorer.gui.image_tabs import ImageTabs
from explorer.gui.jobs import Job, Jobs
from explorer.gui.pages.message import MessagePage
from explorer.gui.rewrite_facts import RewriteFacts
from explorer.translation import tr

if TYPE_CHECKING:
    # The rules and the engine's modules load only when a rewrite is looked at.
    from explorer.gui.pages.image_tab import ImageTab
    from explorer.gui.pages.rewrite import RewriteView


class OptimizePage(QStackedWidget):
    """What a rewrite needs is found out once its image has been read; its view is made when it is looked at."""

    open_image = Signal()
    open_sample = Signal()
    result_wanted = Signal(str)
    comparison_wanted = Signal(object, object)  # Options of the image and of its rewrite

    def __init__(self, tabs: ImageTabs, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tabs, self._jobs = tabs, jobs
        self._views: dict[ImageTab, RewriteView] = {}
        self._facts: dict[ImageTab, RewriteFacts] = {}
        self._loader: Job | None = None
        self.empty = MessagePage()
        self.empty.say(
            tr("No image is open"),
            tr("Open an image to see how it could be built smaller, why, and how big it would be."),
            (tr("Open image…"), self.open_image.emit),
            (tr("Sample analysis"), self.open_sample.emit),
        )
        self.addWidget(self.empty)
        tabs.front_changed.connect(self.follow)
        tabs.opened.connect(self._image_read)

    def view(self) -> RewriteView | None:
        """The rewrite of the image in front, once it was looked at."""
        tab = self._tabs.front()
        return self.view_of(tab) if tab is not None else None

    def view_of(self, tab: ImageTab) -> RewriteView | None:
        """The rewrite of an open image, once it was looked at."""
        return self._views.get(tab)

    def follow(self) -> None:
        """Show the rewrite of the image in front; forget those of images that were closed."""
        kept = self._tabs.all()
        for gone in [tab for tab in self._facts if tab not in kept]:
            self._facts.pop(gone).cancel()
        for closed in [tab for tab in self._views if tab not in kept]:
            view = self._views.pop(closed)
            view.close_view()
            self.removeWidget(view)
            view.deleteLater()
        tab = self._tabs.front()
        if tab is not None:
            self._load_rules()
        if tab is None:
            self.setCurrentWidget(self.empty)
        elif self.isVisible():
            shown = self._views.get(tab) or self._new(tab)
            self.setCurrentWidget(shown)
            shown.refresh()

    def retheme(self) -> None:
        """Take the colours of the theme in force."""
        for view in self._views.values():
            view.retheme()

    def end(self) -> None:
        """End all work."""
        for facts in self._facts.values():
            facts.cancel()
        for view in self._views.values():
            view.close_view()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.follow()

    def _new(self, tab: ImageTab) -> RewriteView:
        from explorer.gui.pages.rewrite import RewriteView

        view = RewriteView(tab, self._jobs, self._facts_of(tab))
        view.result_wanted.connect(self.result_wanted)
        view.comparison_wanted.connect(self.comparison_wanted)
        self._views[tab] = view
        self.addWidget(view)
        return view

    def _facts_of(self, tab: ImageTab) -> RewriteFacts:
        if tab not in self._facts:
            self._facts[tab] = RewriteFacts(tab, self._jobs)
        return self._facts[tab]

    def _image_read(self, tab: ImageTab) -> None:
        self._facts_of(tab).ask()
        self.follow()

    def _load_rules(self) -> None:
        """While an image is being read there is time to load what planning takes: most of it on a thread, then the page."""
        if self._loader is None:
            self._loader = self._jobs.start_waiting(
                "explorer.workflow.rewriting:load_rules",
                (),
                on_done=_load_page,
                on_failed=lambda _: None,
            )


def _load_page(_: object) -> None:
    importlib.import_module("explorer.gui.pages.rewrite")
