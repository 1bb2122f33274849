"""Jobs that a test ends by hand, in place of worker processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QObject

from explorer.errors import ExplorerError


@dataclass
class StartedJob:
    """A job that a test ends by hand."""

    function: str
    args: tuple[Any, ...]
    on_done: Callable[[Any], None]
    on_failed: Callable[[ExplorerError], None]
    cancelled: bool = False
    running: bool = True
    more: dict[str, Any] = field(default_factory=dict)

    def cancel(self) -> None:
        self.cancelled, self.running = True, False

    def done(self, value: Any) -> None:
        assert self.running
        self.running = False
        self.on_done(value)

    def failed(self, error: ExplorerError) -> None:
        assert self.running
        self.running = False
        self.on_failed(error)


class ScriptedJobs(QObject):
    """Stands in for explorer.gui.jobs.Jobs: starts nothing, remembers what was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.started: list[StartedJob] = []

    def start(
        self,
        function: str,
        args: tuple[Any, ...],
        *,
        on_done: Callable[[Any], None],
        on_failed: Callable[[ExplorerError], None],
        **more: Any,
    ) -> StartedJob:
        job = StartedJob(function, args, on_done, on_failed, more=more)
        self.started.append(job)
        return job

    def start_waiting(
        self,
        function: str,
        args: tuple[Any, ...],
        *,
        on_done: Callable[[Any], None],
        on_failed: Callable[[ExplorerError], None],
        **more: Any,
    ) -> StartedJob:
        return self.start(
            function, args, on_done=on_done, on_failed=on_failed, waiting=True, **more
        )

    @property
    def last(self) -> StartedJob:
        return self.started[-1]
