"""Background work for the window: the only starter of workers. Events come by a timer; no Qt object leaves the thread."""

from __future__ import annotations

import importlib
import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from PySide6.QtCore import QObject, QTimer

from explorer.errors import ExplorerError, WorkerFailed
from explorer.sandbox import Done, Event, Failed, Partial, Stopped, Worker
from explorer.task import Cancelled, Progress, Task
from explorer.translation import tr

_POLL_MS = 30
# What was begun just now is asked more often: much of it takes milliseconds, and people wait for it.
_QUICK_MS, _QUICK_SECONDS = 5, 0.25
_log = logging.getLogger(__name__)


class Working(Protocol):
    """What a job asks of the work behind it: a child process, or a thread that only waits."""

    @property
    def finished(self) -> bool: ...

    def poll(self) -> list[Event]: ...

    def cancel(self) -> None: ...

    def close(self) -> None: ...


class Waiting:
    """A function on a thread, for calls that only wait for the engine; the same events as Worker has."""

    def __init__(self, function: str, *args: Any) -> None:
        self._function = function
        self._args = args
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._task = Task()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.finished = False

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def poll(self) -> list[Event]:
        """The events that have come."""
        events = []
        while not self._events.empty():
            events.append(self._events.get_nowait())
        self.finished = any(isinstance(event, (Done, Failed, Stopped)) for event in events)
        return events

    def cancel(self) -> None:
        """Ask the function to stop."""
        self._task.cancel()

    def close(self) -> None:
        """Ask it to stop and wait no longer."""
        self._task.cancel()
        self.finished = True

    def _run(self) -> None:
        module, _, name = self._function.partition(":")
        try:
            event: Event = Done(
                getattr(importlib.import_module(module), name)(self._task, *self._args)
            )
        except Cancelled:
            event = Stopped()
        except ExplorerError as error:
            event = Failed(error)
        except Exception as error:  # noqa: BLE001  # the border of the thread; the log has it all
            _log.exception("%s failed", self._function)
            event = Failed(
                WorkerFailed(
                    tr("Internal error: {error}", error=f"{type(error).__name__}: {error}"),
                    tr("Please report it, with the log file."),
                )
            )
        self._events.put(event)


class Job:
    """One piece of work; after cancel() none of its callbacks is called any more, except `on_stopped`."""

    def __init__(self, worker: Working, callbacks: dict[str, Callable[..., None] | None]) -> None:
        self._worker = worker
        self._callbacks = callbacks
        self._cancelled = False

    @property
    def running(self) -> bool:
        """Whether it has neither ended nor been cancelled."""
        return not self._cancelled and not self._worker.finished

    def cancel(self) -> None:
        """Stop the work; felt at once, the worker cleans up behind the scenes."""
        if self.running:
            self._cancelled = True
            self._worker.cancel()
            self._call("stopped")

    def poll(self) -> bool:
        """Deliver what has come; False when nothing more will."""
        for event in self._worker.poll():
            if not self._cancelled:
                self._deliver(event)
        return not self._worker.finished

    def close(self) -> None:
        """End the worker at once."""
        self._cancelled = True
        self._worker.close()

    def _deliver(self, event: Event) -> None:
        if isinstance(event, Progress):
            self._call("progress", event)
        elif isinstance(event, Partial):
            self._call("partial", event.value)
        elif isinstance(event, Done):
            self._call("done", event.value)
        elif isinstance(event, Failed):
            self._call("failed", event.error)
        elif isinstance(event, Stopped):
            self._call("stopped")

    def _call(self, name: str, *values: Any) -> None:
        callback = self._callbacks.get(name)
        if callback is not None:
            callback(*values)


class Jobs(QObject):
    """All jobs of a window; close() ends them."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs: list[Job] = []
        self._timer = QTimer(self, interval=_POLL_MS)
        self._quick_until = 0.0
        self._timer.timeout.connect(self._poll)

    def start(
        self,
        function: str,
        args: tuple[Any, ...],
        *,
        on_done: Callable[[Any], None],
        on_failed: Callable[[ExplorerError], None],
        on_progress: Callable[[Progress], None] | None = None,
        on_partial: Callable[[Any], None] | None = None,
        on_stopped: Callable[[], None] | None = None,
    ) -> Job:
        """Call `function` ("package.module:name") as name(task, *args) in a worker process."""
        worker = Worker(function, *args)
        worker.start()
        return self._watch(
            worker,
            done=on_done,
            failed=on_failed,
            progress=on_progress,
            partial=on_partial,
            stopped=on_stopped,
        )

    def start_waiting(
        self,
        function: str,
        args: tuple[Any, ...],
        *,
        on_done: Callable[[Any], None],
        on_failed: Callable[[ExplorerError], None],
        on_stopped: Callable[[], None] | None = None,
    ) -> Job:
        """The same on a thread, for a function that waits for the engine, or that counts what was parsed in columns."""
        waiting = Waiting(function, *args)
        waiting.start()
        return self._watch(waiting, done=on_done, failed=on_failed, stopped=on_stopped)

    def _watch(self, worker: Working, **callbacks: Callable[..., None] | None) -> Job:
        job = Job(worker, callbacks)
        self._jobs.append(job)
        self._quick_until = time.monotonic() + _QUICK_SECONDS
        self._timer.start(_QUICK_MS)
        return job

    @property
    def busy(self) -> bool:
        """Whether any work is under way."""
        return bool(self._jobs)

    def _poll(self) -> None:
        if self._timer.interval() == _QUICK_MS and time.monotonic() > self._quick_until:
            self._timer.setInterval(_POLL_MS)
        for job in list(self._jobs):
            if not job.poll() and job in self._jobs:
                self._jobs.remove(job)
        if not self._jobs:
            self._timer.stop()

    def close(self) -> None:
        """End all workers."""
        self._timer.stop()
        for job in self._jobs:
            job.close()
        self._jobs.clear()
