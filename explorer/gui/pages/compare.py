"""The Compare page: asks for two images, reads and compares them in a worker, and shows what differs."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from explorer.errors import EngineError, ExplorerError
from explorer.gui.image_tabs import ImageTabs
from explorer.gui.jobs import Job, Jobs
from explorer.gui.pages.compare_choice import CompareChoice, Offer
from explorer.gui.pages.loading import LoadingPage
from explorer.gui.pages.problem import ProblemPage
from explorer.gui.widgets.notice import Action
from explorer.image.reference import parse_reference
from explorer.settings import SettingsStore
from explorer.task import Progress
from explorer.translation import tr
from explorer.units import display_text

if TYPE_CHECKING:
    from explorer.compare.comparison import Comparison
    from explorer.gui.diff_figures import DiffFigures
    from explorer.gui.pages.comparison import ComparisonView
    from explorer.workflow.comparing import Compared, Side
    from explorer.workflow.opening import Options

_NAME_LIMIT = 60


class ComparePage(QStackedWidget):
    """compare() starts, end() ends all work; the view is made when there is something to show."""

    choose_wanted = Signal()
    other_connection = Signal()
    measure_wanted = Signal()
    measurement_wanted = Signal(str)  # the ID of a stored one
    hover_text = Signal(str)
    progress_changed = Signal(float)  # share done, -1.0 when nothing runs

    def __init__(
        self, tabs: ImageTabs, jobs: Jobs, store: SettingsStore, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._tabs, self._jobs, self._store = tabs, jobs, store
        self._job: Job | None = None
        self._now: list[Job] = []
        self._started = 0.0
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.sides: tuple[Options, Options] | None = None
        self.comparison: Comparison | None = None
        self.choice, self.loading, self.problem = CompareChoice(), LoadingPage(), ProblemPage()
        self.view: ComparisonView | None = None
        for page in (self.choice, self.loading, self.problem):
            self.addWidget(page)
        self.setAcceptDrops(True)
        self.choice.compare_wanted.connect(self._compare_offers)
        self.choice.choose_wanted.connect(self.choose_wanted)
        self.choice.recent_wanted.connect(self._compare_references)
        self.loading.cancelled.connect(self.cancel)
        tabs.opened.connect(lambda _: self._offer())
        tabs.front_changed.connect(self._offer)

    # ---- what shall be compared

    def choose(self) -> None:
        """Ask for two images; what is compared already stays until two are chosen."""
        self._offer()
        self.choice.show_recent(self._store.settings.comparisons)
        self.setCurrentWidget(self.choice)
        ready = self.choice.compare.isEnabled()
        (self.choice.compare if ready else self.choice.both).setFocus()

    def take(self, choices: Sequence[tuple[str, str]]) -> None:
        """What the picker chose: both images, or one of them."""
        offers = [(name, platform, _short_name(name)) for name, platform in choices]
        self.choice.take(offers)
        if len(offers) > 1:
            self._compare_offers(offers[0], offers[1])
        else:
            self.setCurrentWidget(self.choice)

    def _offer(self) -> None:
        opened = [
            (tab.options.reference, tab.options.platform, tab.title) for tab in self._tabs.all()
        ]
        recent = [(item.reference, "", item.label) for item in self._store.settings.recent]
        known = {item[0] for item in opened}
        others = [item for item in recent if item[0] not in known]
        self.choice.offer([*opened, *others], len(opened))

    def _compare_offers(self, a: Offer, b: Offer) -> None:
        self.compare(*(self._options(name, platform) for name, platform, _ in (a, b)))

    def _compare_references(self, a: str, b: str) -> None:
        self.compare(self._options(a), self._options(b))

    def _options(self, reference: str, platform: str = "") -> Options:
        from explorer.workflow.opening import Options

        via = self._store.settings.via
        return Options(reference, via=via, platform=platform, host=self._tabs.host)

    # ---- comparing

    @property
    def busy(self) -> bool:
        """Whether images are being read or compared."""
        return self._job is not None and self._job.running

    @property
    def shows_result(self) -> bool:
        """Whether a comparison is in front."""
        return self.view is not None and self.currentWidget() is self.view

    def compare(self, a: Options, b: Options) -> None:
        """Compare two images, `a` the earlier one; analyses of open tabs are used as they are."""
        from explorer.workflow.comparing import Side

        if self._job is not None:
            self._job.cancel()
        self._forget_now()
        folder = self._new_folder()
        sides = []
        for number, options in enumerate((a, b)):
            file, opened = self._of_open_tab(options, folder, number)
            sides.append(Side(asdict(opened), file))
        self.sides = a, b
        names = (_short_name(options.reference) for options in (a, b))
        self.loading.begin("  →  ".join(names))
        self.setCurrentWidget(self.loading)
        self._started = time.monotonic()
        if not all(_of_engine(options.reference) for options in (a, b)):
            self._read(sides, folder)
            return
        # What is kept of both is there before a process has started.
        self._job = self._jobs.start_waiting(
            "explorer.gui.diff_figures:kept",
            (*sides, self._states()),
            on_done=lambda kept: self._read(sides, folder) if kept is None else self._counted(kept),
            on_failed=self._failed,
            on_stopped=self._stopped,
        )

    def _read(self, sides: Sequence[Side], folder: str) -> None:
        """Read both images and compare them in a process of its own."""
        self._job = self._jobs.start(
            "explorer.workflow.comparing:compare_to_files",
            (*sides, folder),
            on_done=self._done,
            on_failed=self._failed,
            on_progress=self._progress,
            on_stopped=self._stopped,
        )

    def _states(self) -> frozenset[str] | None:
        """The states that are shown, None for the usual ones."""
        return self.view.files.selection.states if self.view is not None else None

    def cancel(self) -> None:
        """Stop reading and comparing; what was shown before stays."""
        if self._job is not None:
            self._job.cancel()

    def engine_names(self) -> tuple[str, ...]:
        """What an engine calls both images, for those that are of none what they were called in theirs."""
        if self.sides is None or self.comparison is None:
            return ("", "")
        images = self.comparison.a.image, self.comparison.b.image
        return tuple(
            _engine_name(side.reference, image.tags)
            for side, image in zip(self.sides, images, strict=True)
        )

    def swap(self) -> None:
        """Compare the other way round."""
        if self.sides is not None:
            self.compare(self.sides[1], self.sides[0])

    def again(self) -> None:
        """Compare what the two names mean now."""
        if self.sides is not None:
            self.compare(*(replace(options, image_id="") for options in self.sides))

    def end(self) -> None:
        """End all work and free the files behind the comparison."""
        if self._job is not None:
            self._job.cancel()
        self._forget_now()
        if self.view is not None:
            self.view.files.selection.stop()
        self.loading.end()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def retheme(self) -> None:
        """Take the colours of the theme in force."""
        if self.view is not None:
            self.view.retheme()

    def _new_folder(self) -> str:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(
                prefix="image-explorer-",
                ignore_cleanup_errors=True,  # a worker that is being stopped may still write into it
            )
        # What is shown is mapped: its files may go.
        for old in os.listdir(self._folder.name):
            shutil.rmtree(os.path.join(self._folder.name, old), ignore_errors=True)
        return tempfile.mkdtemp(dir=self._folder.name)

    def _of_open_tab(self, options: Options, folder: str, number: int) -> tuple[str, Options]:
        """A copy of the analysis that a tab holds, "" when none does: the tab may be closed meanwhile."""
        for tab in self._tabs.all():
            same = (tab.options.reference, tab.options.platform) == (
                options.reference,
                options.platform,
            )
            if same and tab.analysis_file and options.image_id in ("", tab.options.image_id):
                copy = os.path.join(folder, f"open-{number}.col")
                with contextlib.suppress(OSError):
                    os.link(tab.analysis_file, copy)
                    return copy, tab.options
        return "", options

    def _progress(self, progress: Progress) -> None:
        self.loading.show_progress(progress)
        self.progress_changed.emit(progress.done / progress.total if progress.total else -1.0)

    def _done(self, files: Compared) -> None:
        # Mapping and counting a million files takes longer than a window may stand still.
        self._job = self._jobs.start_waiting(
            "explorer.gui.diff_figures:opened",
            (files, self._states()),
            on_done=self._counted,
            on_failed=self._failed,
            on_stopped=self._stopped,
        )

    def _counted(self, counted: DiffFigures) -> None:
        from explorer.compare.naming import side_names

        self._ended()
        comparison = counted.joined.comparison
        assert self.sides is not None
        a, b = self.sides
        self.sides = (
            replace(a, image_id=comparison.a.image.id),
            replace(b, image_id=comparison.b.image.id),
        )
        names = side_names(comparison.a, comparison.b)
        self._store.remember_comparison(a.reference, b.reference, *names)
        self.show_comparison(comparison, counted)
        self.look_again()

    def show_comparison(self, comparison: Comparison, counted: DiffFigures | None = None) -> None:
        """Show what differs; `counted` are the figures of its files, if somebody has them."""
        self.comparison = comparison
        if self.view is None:
            from explorer.gui.pages.comparison import ComparisonView

            self.view = ComparisonView(jobs=self._jobs)
            self.view.swap_wanted.connect(self.swap)
            self.view.choose_wanted.connect(self.choose)
            self.view.measure_wanted.connect(self.measure_wanted)
            self.view.measurement_wanted.connect(self.measurement_wanted)
            self.view.hover_text.connect(self.hover_text)
            self.addWidget(self.view)
        self.view.show_comparison(comparison, counted)
        self.setCurrentWidget(self.view)

    def _failed(self, error: ExplorerError) -> None:
        self._ended()
        actions: list[Action] = [
            (tr("Try again"), self.again),
            (tr("Choose other images"), self.choose),
        ]
        if isinstance(error, EngineError):
            actions.append((tr("Other connection…"), self.other_connection.emit))
        self.problem.show_problem(tr("The images could not be compared"), error, *actions)
        self.setCurrentWidget(self.problem)

    def _stopped(self) -> None:
        self._ended()
        if self.view is not None and self.comparison is not None:
            self.setCurrentWidget(self.view)
        else:
            self.choose()

    def _ended(self) -> None:
        self.loading.end()
        self.progress_changed.emit(-1.0)

    # ---- images that were moved or removed meanwhile

    def look_again(self) -> None:
        """Ask whether both names still mean the images that are shown."""
        if self.sides is None or self.comparison is None or self.busy:
            return
        self._forget_now()
        for options in self.sides:
            try:
                reference = parse_reference(options.reference)
            except ExplorerError:
                continue
            if reference.transport == "docker-daemon":
                self._ask_now(options, reference.name)

    def _ask_now(self, options: Options, name: str) -> None:
        def found(image_id: str) -> None:
            if self.view is not None and image_id != options.image_id:
                self.view.say_moved(_short_name(options.reference), image_id, self.again)

        self._now.append(
            self._jobs.start_waiting(
                "explorer.workflow.asking:image_now",
                (options.host, name),
                on_done=found,
                on_failed=lambda _: None,
            )
        )

    def _forget_now(self) -> None:
        for job in self._now:
            job.cancel()
        self._now.clear()

    # ---- what Qt sends

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.comparison is None and not self.busy and self.currentWidget() is self.choice:
            self.choose()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        files = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()][:2]
        if files:
            event.acceptProposedAction()
            self.take([(path, "") for path in files])


def _of_engine(reference: str) -> bool:
    try:
        return parse_reference(reference).transport == "docker-daemon"
    except ExplorerError:
        return False


def _engine_name(reference: str, tags: Sequence[str]) -> str:
    """What an engine may call an image."""
    found = parse_reference(reference)
    return found.name if found.transport == "docker-daemon" or not tags else tags[0]


def _short_name(reference: str) -> str:
    try:
        parsed = parse_reference(reference)
    except ExplorerError:
        return display_text(reference, _NAME_LIMIT)
    name = parsed.name if parsed.transport == "docker-daemon" else Path(parsed.name).name
    return display_text(name, _NAME_LIMIT)
