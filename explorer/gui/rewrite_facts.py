"""What a rewrite is planned with, found out as soon as an image has been read, so that its plan need not be waited for."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.errors import ExplorerError
from explorer.gui.jobs import Job, Jobs
from explorer.task import Progress

if TYPE_CHECKING:
    from explorer.dockerfile.bases import LocalImage
    from explorer.dockerfile.facts import ProgramFacts
    from explorer.gui.pages.image_tab import ImageTab

    Inputs = tuple[ProgramFacts | None, tuple[LocalImage, ...]]


class RewriteFacts(QObject):
    """Facts of one image's program and the engine's bases: `inputs` or `error` once `ended` was emitted."""

    ended = Signal()
    progressed = Signal(Progress)

    def __init__(self, tab: ImageTab, jobs: Jobs) -> None:
        super().__init__()
        self.inputs: Inputs | None = None
        self.error: ExplorerError | None = None
        self._tab, self._jobs = tab, jobs
        self._job: Job | None = None
        self._file = ""  # the analysis that they are of

    def ask(self, *, again: bool = False) -> None:
        """Find out, unless that is done or under way for this analysis."""
        tab = self._tab
        if not tab.analysis_file or tab.analysis is None:
            return
        if self._file == tab.analysis_file and not again:
            return
        self.cancel()
        self.inputs = self.error = None
        self._file = tab.analysis_file
        # What the analysis of the image found out already needs no process, only the engine's list of images.
        self._job = self._jobs.start_waiting(
            "explorer.workflow.rewriting:held_inputs",
            (asdict(tab.options), tab.analysis),
            on_done=self._held,
            on_failed=self._failed,
        )

    def cancel(self) -> None:
        """End the work, and forget that it was asked for."""
        self._file = ""
        if self._job is not None:
            self._job.cancel()

    def _held(self, found: Inputs) -> None:
        if found[0] is not None:
            self._done(found)
            return
        self._job = self._jobs.start(
            "explorer.workflow.rewriting:rewrite_inputs",
            (asdict(self._tab.options), self._file),
            on_done=self._done,
            on_failed=self._failed,
            on_progress=self.progressed.emit,
        )

    def _done(self, found: Inputs) -> None:
        self.inputs = found
        self.ended.emit()

    def _failed(self, error: ExplorerError) -> None:
        self.error = error
        self.ended.emit()
