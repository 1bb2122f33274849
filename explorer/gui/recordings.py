"""Snapshots in the window: who recorded what is shown, the measurements that came with it, and saving one."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog

from explorer.errors import ExplorerError
from explorer.gui.jobs import Job
from explorer.gui.widgets.notice import ERROR
from explorer.gui.widgets.plain_label import display_lines
from explorer.image.reference import SNAPSHOT
from explorer.task import Progress
from explorer.translation import sentences, tr
from explorer.units import display_text, size_text

if TYPE_CHECKING:
    from explorer.coldstart.sample import Sample
    from explorer.gui.main_window import MainWindow
    from explorer.gui.pages.image_tab import ImageTab
    from explorer.snapshot.origin import Origin

_STORY = "explorer.workflow.snapshots"


class Recordings(QObject):
    """Listens to the window's images; a measurement that was recorded is shown where nothing else was measured."""

    known = Signal(object)  # an ImageTab whose snapshot has been read as a whole

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._parts: dict[ImageTab, tuple[Origin, tuple[Sample, ...]]] = {}
        self._job: Job | None = None
        window.tabs.opened.connect(self._opened)
        window.tabs.front_changed.connect(self._show_measurement)
        window.pages.currentChanged.connect(self._show_measurement)
        window.status.cancelled.connect(self.cancel)

    def origin(self, tab: ImageTab | None) -> Origin | None:
        """Who made the snapshot that a tab shows; None while that is not known, and for images themselves."""
        found = self._parts.get(tab) if tab is not None else None
        return found[0] if found is not None else None

    def samples(self, tab: ImageTab | None) -> tuple[Sample, ...]:
        """What was measured of a tab's image when it was recorded."""
        found = self._parts.get(tab) if tab is not None else None
        return found[1] if found is not None else ()

    def show_recorded(self, tab: ImageTab) -> bool:
        """Show the newest recorded measurement of an image on the Start-up page; False when there is none."""
        samples, origin = self.samples(tab), self.origin(tab)
        if not samples or origin is None or self._window.startup.busy:
            return False
        self._window.startup.show_recorded(samples[0], origin.sentence())
        return True

    def show_measurement(self, name: str) -> bool:
        """Show a measurement by its ID if it came with an open snapshot; False when it did not."""
        for tab, (origin, samples) in self._parts.items():
            for sample in samples:
                if sample.id == name and tab in self._window.tabs.all():
                    self._window.startup.show_recorded(sample, origin.sentence())
                    return True
        return False

    def say_origin(self, tab: ImageTab) -> None:
        """Say above a snapshot's files what it is and who made it, after what is said there already."""
        origin = self.origin(tab)
        if origin is None:
            return
        notice = tab.explore.state_notice
        text = sentences(
            tr("This is a snapshot: figures without file contents."), origin.sentence()
        )
        said = [notice.text] if notice.text and origin.sentence() not in notice.text else []
        notice.say("\n".join([*said, text]), hint=display_text(origin.note))

    # ---- what was opened

    def _opened(self, tab: ImageTab) -> None:
        if tab.analysis is None or tab.analysis.via != SNAPSHOT:
            return

        def done(found: tuple[Origin, tuple[Sample, ...]]) -> None:
            if tab not in self._window.tabs.all():
                return
            self._parts[tab] = found
            self.say_origin(tab)
            self._show_measurement()
            self.known.emit(tab)

        def failed(error: ExplorerError) -> None:
            if tab in self._window.tabs.all():
                text = display_lines(sentences(error.message, error.hint))
                tab.explore.state_notice.say(text, kind=ERROR)

        # What is in the file is as untrusted as an image: it is read in a process of its own.
        self._window.jobs.start(
            f"{_STORY}:recorded_parts",
            (tab.options.reference,),
            on_done=done,
            on_failed=failed,
        )

    def _show_measurement(self) -> None:
        """Where the Start-up page still shows nothing, it shows what came with the image in front."""
        window = self._window
        kept = window.tabs.all()
        self._parts = {tab: parts for tab, parts in self._parts.items() if tab in kept}
        tab = window.current_tab()
        if tab is None or not window.startup_place.shown:
            return
        if window.startup.place.currentWidget() is window.startup.hello:
            self.show_recorded(tab)

    # ---- saving one

    def ask_save(self) -> None:
        """Ask where a snapshot of the image in front goes, and write it."""
        tab = self._window.current_tab()
        if tab is None or tab.analysis is None:
            return
        from explorer.gui.export_dialog import file_stem
        from explorer.snapshot.container import SUFFIX

        suggested = str(Path.home() / (file_stem(tab.analysis) + SUFFIX))
        formats = tr("Snapshot (*.image-snapshot)")
        path, _ = QFileDialog.getSaveFileName(self._window, tr("Save snapshot"), suggested, formats)
        if path:
            self.save(tab, path if Path(path).suffix else path + SUFFIX)

    def save(self, tab: ImageTab, path: str) -> None:
        """Write a snapshot of an open image, with the rewrite as it would be planned from the files chosen for it."""
        view = self._window.optimize.view() if tab is self._window.current_tab() else None
        wishes = {
            "dockerfile": view.inputs.dockerfile.path if view is not None else "",
            "context": view.inputs.folder.path if view is not None else "",
        }
        notice, status = self._window.notice, self._window.status

        def progress(now: Progress) -> None:
            status.show_progress(now.text, now.done / now.total if now.total else -1.0)

        def done(found: dict[str, object]) -> None:
            status.show_progress("", -1.0)
            size = size_text(int(str(found["bytes"])))
            notice.say(tr("Saved {path} ({size}).", path=display_text(path), size=size), seconds=10)

        def failed(error: ExplorerError) -> None:
            status.show_progress("", -1.0)
            notice.say(display_lines(sentences(error.message, error.hint)), kind=ERROR)

        if self._job is not None:
            self._job.cancel()
        self._job = self._window.jobs.start(
            f"{_STORY}:take_snapshot",
            (asdict(tab.options), path, wishes),
            on_done=done,
            on_failed=failed,
            on_progress=progress,
            on_stopped=lambda: status.show_progress("", -1.0),
        )

    def cancel(self) -> None:
        """Stop writing a snapshot."""
        if self._job is not None:
            self._job.cancel()
