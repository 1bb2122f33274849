"""The open images, a tab each: opening, closing, naming; what a tab tells goes on with the tab's name."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QTabWidget, QWidget

from explorer.gui.jobs import Jobs
from explorer.gui.widgets.plain_label import button_text, tooltip_text
from explorer.settings import Dismissals, SettingsStore
from explorer.units import display_text

if TYPE_CHECKING:
    from explorer.gui.pages.image_tab import ImageTab


class ImageTabs(QTabWidget):
    """Tabs of images; signals about the one in front come only from it."""

    opened = Signal(object)  # an ImageTab whose image has been read
    front_changed = Signal()  # another image is in front, or another state of it
    progress_changed = Signal(str, float)
    hover_text = Signal(str)
    reason_wanted = Signal(object)
    query_cleared = Signal()
    other_connection = Signal()
    archive_wanted = Signal()

    def __init__(self, store: SettingsStore, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.host = ""
        self._store, self._jobs = store, jobs
        self._dismissals = Dismissals()
        self.setDocumentMode(True)
        self.setTabsClosable(True)
        self.setTabBarAutoHide(True)
        self.setMovable(True)
        # The tab bar takes the focus itself; for a bar that is hidden the Tab key would end here.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.currentChanged.connect(self.front_changed)
        self.tabCloseRequested.connect(self.close_tab)

    def open_reference(self, reference: str, platform: str = "") -> ImageTab:
        """Open an image; one that is open already comes to the front."""
        for tab in self.all():
            if (tab.options.reference, tab.options.platform) == (reference, platform):
                self.setCurrentWidget(tab)
                return tab
        # What an image needs is loaded with the first one: the empty window comes sooner.
        from explorer.gui.pages.image_tab import ImageTab
        from explorer.workflow.opening import Options

        settings = self._store.settings
        options = Options(reference, via=settings.via, platform=platform, host=self.host)
        tab = ImageTab(options, self._jobs, self._dismissals)
        tab.explore.restore_splitters(dict(settings.splitters))
        tab.explore.apply_settings(settings)
        self._listen(tab)
        self.setCurrentIndex(self.addTab(tab, button_text(tab.title)))
        tab.open()
        return tab

    def front(self) -> ImageTab | None:
        """The image in front."""
        return cast("ImageTab | None", self.currentWidget())

    def all(self) -> list[ImageTab]:
        """The open images in the order of their tabs."""
        return [cast("ImageTab", self.widget(place)) for place in range(self.count())]

    def step(self, by: int) -> None:
        """Bring the next image (1) or the one before (-1) to the front."""
        if self.count():
            self.setCurrentIndex((self.currentIndex() + by) % self.count())

    def close_tab(self, place: int) -> None:
        """Close one image and end its work."""
        tab = cast("ImageTab | None", self.widget(place))
        if tab is None:
            return
        self.keep_layout(tab)
        tab.close_image()
        self.removeTab(place)
        tab.deleteLater()

    def close_all(self) -> None:
        """End the work of all images; the tabs stay until the window goes."""
        front = self.front()
        if front is not None:
            self.keep_layout(front)
        for tab in self.all():
            tab.close_image()

    def keep_layout(self, tab: ImageTab) -> None:
        """Remember where the splitters stand and what is hidden."""
        self._store.change(
            splitters=tab.explore.save_splitters(),
            details_shown=not tab.explore.details.isHidden(),
            treemap_shown=not tab.explore.map_pane.isHidden(),
        )

    def _listen(self, tab: ImageTab) -> None:
        tab.title_changed.connect(lambda: self._retitle(tab))
        tab.opened.connect(lambda _: self.opened.emit(tab))
        tab.progress_changed.connect(lambda text, share: self._progress(tab, text, share))
        tab.hover_text.connect(self.hover_text)
        tab.other_connection.connect(self.other_connection)
        tab.archive_wanted.connect(self.archive_wanted)
        tab.reason_wanted.connect(self.reason_wanted)
        tab.query_cleared.connect(self.query_cleared)

    def _retitle(self, tab: ImageTab) -> None:
        place = self.indexOf(tab)
        if place >= 0:
            self.setTabText(place, button_text(tab.title))
            self.setTabToolTip(place, tooltip_text(display_text(tab.options.reference)))
        if tab is self.front():
            self.front_changed.emit()

    def _progress(self, tab: ImageTab, text: str, share: float) -> None:
        if tab is self.front():
            self.progress_changed.emit(text, share)
