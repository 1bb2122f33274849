"""The window: toolbar and filter, one tab an image, status bar; it hands work to tabs and dialogs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QSize, Qt, QUrl
from PySide6.QtGui import (
    QCloseEvent,
    QDesktopServices,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QIcon,
)
from PySide6.QtWidgets import (
    QApplication,
    QMainWindow,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from explorer.errors import ExplorerError
from explorer.gui import window_dialogs
from explorer.gui.actions import EXPORTS, Actions
from explorer.gui.engine_watch import EngineWatch
from explorer.gui.image_tabs import ImageTabs
from explorer.gui.jobs import Jobs
from explorer.gui.pages.compare import ComparePage
from explorer.gui.pages.empty import EmptyPage, missing_places
from explorer.gui.pages.optimize import OptimizePage
from explorer.gui.presentation import Presentation
from explorer.gui.recordings import Recordings
from explorer.gui.startup_place import StartupPlace
from explorer.gui.theme import apply_theme
from explorer.gui.widgets.filter_bar import FilterChips, FilterField
from explorer.gui.widgets.notice import ERROR, WARNING, Notice
from explorer.gui.widgets.plain_label import covered, display_lines
from explorer.gui.widgets.rail import Rail
from explorer.gui.widgets.status_bar import StatusBar
from explorer.gui.window_bar import WindowBar
from explorer.paths import state_dir
from explorer.resources import resource, sample_reference
from explorer.settings import SettingsStore
from explorer.translation import sentences, tr
from explorer.units import display_text

if TYPE_CHECKING:
    # The engine's modules load only when an engine is asked.
    from explorer.engine.client import EngineInfo
    from explorer.gui.pages.image_tab import ImageTab
    from explorer.gui.pages.startup import StartupPage
    from explorer.gui.tour import Tour
    from explorer.workflow.opening import Options

TITLE = "Image Size Explorer"
MINIMUM, DEFAULT = QSize(1024, 680), QSize(1440, 900)


class MainWindow(QMainWindow):
    """Opens images, each in a tab; with none it says what to do."""

    def __init__(self, store: SettingsStore, host: str = "") -> None:
        super().__init__()
        self.store = store
        self.host = host or store.settings.endpoint
        self.jobs = Jobs(self)
        self.actions_ = Actions(self)
        self.notice = Notice()
        self.engine_notice = Notice()
        self.empty = EmptyPage()
        self.tabs = ImageTabs(store, self.jobs)
        self.tabs.host = self.host
        # Explore is the empty page or the open images; the other pages stand beside it.
        self.explore = QStackedWidget()
        self.compare = ComparePage(self.tabs, self.jobs, store)
        self.optimize = OptimizePage(self.tabs, self.jobs)
        self.startup_place = StartupPlace(self)
        self.pages = QStackedWidget()
        self.rail = Rail()
        self.field = FilterField()
        self.chips = FilterChips(self.field)
        self.bar = WindowBar(self.actions_, self.field)
        self.status = StatusBar()
        self.watch = EngineWatch(self.jobs, self.host, self)
        self._engine_was_there = False
        self._lay_out()
        self.recordings, self.presentation = Recordings(self), Presentation(self)
        self.tour: Tour | None = None
        self._connect()
        self._restore()
        self._tab_changed()

    # ---- how it is put together

    def _lay_out(self) -> None:
        self.setWindowIcon(QIcon(str(resource("icons", "image-size-explorer.svg"))))
        self.setMinimumSize(MINIMUM)
        self.resize(DEFAULT)
        self.setAcceptDrops(True)
        self.setStatusBar(self.status)
        self.explore.addWidget(self.empty)
        self.explore.addWidget(self.tabs)
        self.add_page(tr("Explore"), self.explore)
        self.add_page(tr("Compare"), self.compare)
        self.add_page(tr("Optimize"), self.optimize)
        self.add_page(tr("Start-up"), self.startup_place.stand_in)
        middle = QWidget()
        layout = QVBoxLayout(middle)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for widget in (self.notice, self.engine_notice, self.chips):
            layout.addWidget(widget)
        layout.addWidget(self.pages, 1)
        self.setCentralWidget(middle)
        self.addToolBar(self.bar)
        self.addToolBar(Qt.ToolBarArea.LeftToolBarArea, self.rail)
        # Keys work although some actions stand in no menu.
        self.addActions(self.actions_.all())

    def add_page(self, text: str, page: QWidget) -> None:
        """One more page with a button in the rail."""
        self.pages.addWidget(page)
        self.addAction(self.rail.add_page(text))

    @property
    def startup(self) -> StartupPage:
        """The start-up page."""
        return self.startup_place.page()

    def show_page(self, page: QWidget) -> None:
        """Bring a page to the front."""
        self.pages.setCurrentWidget(page)

    def _page_changed(self, place: int) -> None:
        if self.pages.currentWidget() is self.startup_place.stand_in:
            self.show_page(self.startup)
            return
        self.rail.choose(place)
        # What the mouse was on stands on another page.
        self.status.show_hover("")
        self._enable_filter()

    def _connect(self) -> None:
        self.actions_.connect(
            open=self.choose_image,
            open_archive=lambda: self.choose_image(archive=True),
            sample=lambda: self.open_reference(sample_reference()),
            reload=lambda: self._with_tab(lambda tab: tab.open_anew()),
            close=lambda: self.tabs.close_tab(self.tabs.currentIndex()),
            next_tab=lambda: self.tabs.step(1),
            previous_tab=lambda: self.tabs.step(-1),
            compare=self.choose_comparison,
            optimize=lambda: self.show_page(self.optimize),
            measure=self._measure,
            filter=self._focus_filter,
            palette=lambda: window_dialogs.show_palette(self.actions_.all(), self),
            undo=lambda: self._with_tab(lambda tab: tab.explore.findings.undo()),
            zoom_out=lambda: self._with_tab(lambda tab: tab.zoom_out()),
            zoom_reset=lambda: self._with_tab(lambda tab: tab.zoom_reset()),
            toggle_details=lambda: self._with_tab(lambda tab: tab.explore.toggle_details()),
            toggle_map=lambda: self._with_tab(lambda tab: tab.explore.toggle_map()),
            demo=self.start_tour,
            present=self.presentation.toggle,
            save_snapshot=self.recordings.ask_save,
            preferences=self.show_preferences,
            about=lambda: window_dialogs.show_about(self),
            quit=self.close,
        )
        for name in EXPORTS:
            self.actions_.connect(**{name: lambda kind=name: self._export_as(kind)})
        self.empty.open_image.connect(self.choose_image)
        self.empty.open_archive.connect(lambda: self.choose_image(archive=True))
        self.empty.open_sample.connect(self.actions_["sample"].trigger)
        self.empty.open_reference.connect(self.open_reference)
        self.empty.forget_reference.connect(self._forget)
        self.optimize.open_image.connect(self.choose_image)
        self.optimize.open_sample.connect(self.actions_["sample"].trigger)
        self.optimize.result_wanted.connect(self.open_reference)
        self.optimize.comparison_wanted.connect(self.open_comparison)
        self.compare.choose_wanted.connect(self._choose_for_comparison)
        self.compare.other_connection.connect(self.show_preferences)
        self.compare.progress_changed.connect(self._comparing)
        self.compare.hover_text.connect(self.status.show_hover)
        self.compare.measurement_wanted.connect(self._open_measurement)
        self.compare.measure_wanted.connect(self._measure_compared)
        self.rail.chosen.connect(self.pages.setCurrentIndex)
        self.pages.currentChanged.connect(self._page_changed)
        self.compare.currentChanged.connect(lambda _: self._enable_filter())
        self.tabs.front_changed.connect(self._tab_changed)
        self.tabs.opened.connect(self._opened)
        self.tabs.progress_changed.connect(self._progress)
        self.tabs.hover_text.connect(self.status.show_hover)
        self.tabs.reason_wanted.connect(
            lambda finding: window_dialogs.show_reason(self.current_tab(), finding, self)
        )
        self.tabs.query_cleared.connect(self.field.clear)
        self.tabs.other_connection.connect(self.show_preferences)
        self.tabs.archive_wanted.connect(lambda: self.choose_image(archive=True))
        self.field.changed.connect(self._filter)
        self.status.cancelled.connect(lambda: self._with_tab(lambda tab: tab.cancel()))
        self.status.engine_clicked.connect(self.show_preferences)
        self.watch.state.connect(self._engine_state)

    def _restore(self) -> None:
        settings = self.store.settings
        if settings.geometry:
            self.restoreGeometry(QByteArray.fromBase64(settings.geometry.encode("ascii", "ignore")))
        self.empty.show_recent(settings.recent, missing_places(settings.recent))
        if self.store.notice:
            self.notice.say(self.store.notice, kind=WARNING)

    # ---- images

    def open_reference(self, reference: str, platform: str = "") -> ImageTab:
        """Open an image in a tab of its own; one that is open already comes to the front."""
        tab = self.tabs.open_reference(reference, platform)
        self.explore.setCurrentWidget(self.tabs)
        self.show_page(self.explore)
        return tab

    def start_tour(self) -> None:
        """Begin the guided tour of the recorded demo."""
        from explorer.gui.tour import start_tour

        start_tour(self)

    def open_comparison(self, a: Options, b: Options) -> None:
        """Compare two images, `a` the earlier one; what is open already is not read again."""
        self.show_page(self.compare)
        self.compare.compare(a, b)

    def choose_comparison(self) -> None:
        """Go to the Compare page and ask there for two images."""
        self.show_page(self.compare)
        self.compare.choose()

    def current_tab(self) -> ImageTab | None:
        """The image in front."""
        return self.tabs.front()

    def choose_image(self, *, archive: bool = False) -> None:
        """Ask for an image of the engine, or for an archive or folder."""
        if self.presentation.on:
            return  # it lists folders and endpoints
        picker = window_dialogs.image_picker(self.jobs, self.host, self)
        if archive:
            picker.show_archives()
        picker.chosen.connect(self._open_chosen)
        picker.compare_wanted.connect(self._compare_chosen)
        picker.open()

    def _compare_chosen(self, choices: Sequence[tuple[str, str]]) -> None:
        self.show_page(self.compare)
        self.compare.take(choices)

    def _choose_for_comparison(self) -> None:
        picker = window_dialogs.image_picker(self.jobs, self.host, self)
        picker.chosen.connect(self.compare.take)
        picker.compare_wanted.connect(self.compare.take)
        picker.open()

    def _open_chosen(self, choices: Sequence[tuple[str, str]]) -> None:
        for reference, platform in choices:
            self.open_reference(reference, platform)

    def _opened(self, tab: ImageTab) -> None:
        self.store.remember(tab.options.reference, tab.title)
        self._tell_settings()
        if tab is self.current_tab():
            self._tab_changed()
            self._filter()
        if tab.from_engine:
            self.watch.ask()

    def _with_tab(self, act: Callable[[ImageTab], object]) -> None:
        tab = self.current_tab()
        if tab is not None:
            act(tab)

    def _tab_changed(self) -> None:
        if not self.tabs.count() and self.explore.currentWidget() is self.tabs:
            self.empty.show_recent(
                self.store.settings.recent, missing_places(self.store.settings.recent)
            )
            self.explore.setCurrentWidget(self.empty)
        tab = self.current_tab()
        shown = tab is not None and tab.analysis is not None
        self.actions_.enable_for_image(shown=shown)
        self._enable_filter()
        self.actions_["reload"].setEnabled(tab is not None)
        self.actions_["close"].setEnabled(tab is not None)
        self.field.setEnabled(shown)
        self.bar.export.setEnabled(shown)
        self.field.blockSignals(True)
        self.field.setText(tab.filter_text if tab is not None else "")
        self.field.blockSignals(False)
        self.chips.renew()
        self.status.show_progress("", -1.0)
        self.status.show_hover("")
        self.name_window()

    def name_window(self, share: float = -1.0) -> None:
        """Say in the title what is in front, and how far the work on it is (-1.0: none is under way)."""
        tab = self.current_tab()
        done = f"{round(100 * share)} % · " if share >= 0 else ""
        # [*] stands for a mark of unsaved changes in Qt's titles.
        name = tab.title.replace("[*]", "[ *]") + " — " if tab is not None else ""
        self.setWindowTitle(covered(done + name + TITLE))

    def _progress(self, text: str, share: float) -> None:
        tab = self.current_tab()
        # While nothing of it can be shown, the page itself tells.
        shown = text if tab is not None and tab.analysis is not None else ""
        self.status.show_progress(shown, share)
        self.name_window(share if text else -1.0)

    def _comparing(self, share: float) -> None:
        if self.pages.currentWidget() is self.compare or share < 0:
            self.name_window(share)

    # ---- filter

    def _enable_filter(self) -> None:
        """The filter's key means the tables of a comparison, too."""
        tab = self.current_tab()
        comparing = self.pages.currentWidget() is self.compare
        shown = self.compare.shows_result if comparing else tab and tab.analysis
        self.actions_["filter"].setEnabled(bool(shown))

    def _focus_filter(self) -> None:
        if self.pages.currentWidget() is self.compare and self.compare.view is not None:
            self.compare.view.focus_filter()
            return
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def _filter(self) -> None:
        tab = self.current_tab()
        query = self.chips.renew()
        if tab is not None and tab.analysis is not None:
            tab.filter_text = self.field.text()
            tab.explore.set_query(query)

    # ---- dialogs

    def show_preferences(self) -> None:
        """Ask for settings and put them in force."""
        window_dialogs.show_preferences(self.store, self.jobs, self._apply_settings, self)

    def _apply_settings(self) -> None:
        settings = self.store.settings
        self._tell_settings()
        for tab in self.tabs.all():
            tab.explore.apply_settings(settings)
        self.retheme()
        if settings.endpoint != self.host:
            self.host = settings.endpoint
            self._engine_was_there = False
            self.status.show_engine(None)
            self.watch.change_host(self.host)
            self.startup_place.change_host(self.host)
            self.tabs.host = self.host
            for tab in self.tabs.all():
                tab.options = replace(tab.options, host=self.host)

    def retheme(self) -> None:
        """Take the theme of the settings, in strong contrast while presenting."""
        application = QApplication.instance()
        if isinstance(application, QApplication):
            apply_theme(application, self.store.settings.theme, contrast=self.presentation.on)
        for tab in self.tabs.all():
            tab.explore.retheme()
        self.compare.retheme()
        self.optimize.retheme()
        self.startup_place.recolour()
        for notice in (self.notice, self.engine_notice):
            notice.recolour()

    def _tell_settings(self) -> None:
        if self.store.notice:
            self.notice.say(self.store.notice, kind=WARNING)
            self.store.notice = ""

    def _export_as(self, kind: str) -> None:
        tab = self.current_tab()
        if tab is None or tab.analysis is None:
            return
        from explorer.gui.export_dialog import export

        try:
            written = export(kind, tab.explore, self)
        except ExplorerError as error:
            self.notice.say(display_lines(sentences(error.message, error.hint)), kind=ERROR)
            return
        if written:
            self.notice.say(tr("Saved {path}.", path=display_text(written)), seconds=10)

    def _measure(self) -> None:
        """Go to the start-up page; from there, measure."""
        if self.startup_place.shown:
            self.startup.measure()
        else:
            self.show_page(self.startup)

    def _measure_compared(self) -> None:
        """Go to the start-up page, where both images of the comparison are filled in."""
        self.show_page(self.startup)
        self.startup.form.choose(*self.compare.engine_names())

    def _open_measurement(self, name: str) -> None:
        self.show_page(self.startup)
        if not self.recordings.show_measurement(name):
            self.startup.open_measurement(name)

    def _forget(self, reference: str) -> None:
        settings = self.store.forget(reference)
        self.empty.show_recent(settings.recent, missing_places(settings.recent))

    # ---- the engine, and what goes wrong

    def _engine_state(self, state: EngineInfo | ExplorerError) -> None:
        self.status.show_engine(state)
        self.startup_place.show_engine(state)
        if isinstance(state, ExplorerError):
            if self._engine_was_there:
                self.engine_notice.say(
                    tr("The engine stopped answering; what is open still can be used."),
                    (tr("Try again"), self.watch.ask),
                    kind=WARNING,
                    hint=f"{state.message}\n{state.hint}",
                )
            return
        self._engine_was_there = True
        self.engine_notice.hide()
        self._with_tab(lambda tab: tab.look_again())

    def show_internal_error(self, text: str, report: str) -> None:
        """Say that our own code failed; the program goes on."""
        self.notice.say(
            tr("Internal error: {error}", error=display_text(text, 300)),
            (tr("Copy details"), lambda: QGuiApplication.clipboard().setText(report)),
            (tr("Show log"), _open_log_folder),
            kind=ERROR,
        )

    # ---- drops and the end

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        for url in event.mimeData().urls():
            if url.isLocalFile():
                self.open_reference(url.toLocalFile())
        event.acceptProposedAction()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.presentation.leave()
        self.store.change(geometry=bytes(self.saveGeometry().toBase64().data()).decode("ascii"))
        self.watch.stop()
        self.compare.end()
        self.optimize.end()
        self.startup_place.end()
        self.tabs.close_all()
        self.jobs.close()
        super().closeEvent(event)


def _open_log_folder() -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(state_dir())))
