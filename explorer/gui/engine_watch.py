"""Knows whether the engine answers: asks now and then from a thread, sooner after it went away."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from explorer.errors import ExplorerError
from explorer.gui.jobs import Job, Jobs

# Seconds between two questions: while all is well, and after each failure.
CALM_SECONDS = 30
RETRY_SECONDS = (2, 4, 8, 16, 30)


class EngineWatch(QObject):
    """`state` carries the EngineInfo of an engine that answers, or the error of one that does not."""

    state = Signal(object)

    def __init__(self, jobs: Jobs, host: str = "", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self.host = host
        self._failures = 0
        self._job: Job | None = None
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.ask)

    def ask(self) -> None:
        """Ask now."""
        self._timer.stop()
        if self._job is not None and self._job.running:
            return
        self._job = self._jobs.start_waiting(
            "explorer.workflow.asking:engine_state",
            (self.host,),
            on_done=self._answered,
            on_failed=self._unanswered,
        )

    def change_host(self, host: str) -> None:
        """Watch another endpoint, "" for the usual search."""
        self.host = host
        self._failures = 0
        if self._job is not None:
            self._job.cancel()
        self.ask()

    def stop(self) -> None:
        """Ask no more."""
        self._timer.stop()
        if self._job is not None:
            self._job.cancel()

    def _answered(self, info: object) -> None:
        self._failures = 0
        self._timer.start(1000 * CALM_SECONDS)
        self.state.emit(info)

    def _unanswered(self, error: ExplorerError) -> None:
        seconds = RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS) - 1)]
        self._failures += 1
        self._timer.start(1000 * seconds)
        self.state.emit(error)
