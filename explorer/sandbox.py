"""Runs a function of ours in a child process with limits, so that hostile input can neither freeze nor kill its caller.

The child is a fresh interpreter. It may use MEMORY_LIMIT bytes of address space, and CPU_LIMIT seconds of processor time
without making progress: each progress call that moves on renews the allowance.
"""

from __future__ import annotations

import importlib
import logging
import math
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from typing import Any

from explorer.errors import ExplorerError, WorkerFailed
from explorer.paths import log_to_file
from explorer.task import Cancelled, Progress, Task
from explorer.translation import language, set_language, tr

MEMORY_LIMIT = 4 << 30
CPU_LIMIT = 60
# A cancelled child may clean up (remove its container) this long before it is killed.
CANCEL_GRACE = 5.0
_PROGRESS_INTERVAL = 0.05
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Partial:
    """A result that may already be looked at."""

    value: Any


@dataclass(frozen=True)
class Done:
    """The function's result; the last event."""

    value: Any


@dataclass(frozen=True)
class Failed:
    """The function failed; the last event."""

    error: ExplorerError


@dataclass(frozen=True)
class Stopped:
    """The function ended because it was cancelled; the last event."""


Event = Progress | Partial | Done | Failed | Stopped


class Worker:
    """One call of `function` ("package.module:name") as `name(task, *args)` in a child process.

    Arguments and results are pickled and should be small; big results go through files.
    """

    def __init__(
        self,
        function: str,
        *args: Any,
        memory_limit: int = MEMORY_LIMIT,
        cpu_limit: int = CPU_LIMIT,
    ) -> None:
        self._request = (function, args, language(), memory_limit, cpu_limit)
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection[Any, Any] | None = None
        self._cancelled_at = 0.0
        self._finished = False

    def start(self) -> None:
        """Start the child."""
        ours, theirs = Pipe()
        # -P: the folder the user stands in is not searched for modules.
        command = [
            sys.executable,
            "-P",
            "-c",
            f"from explorer.sandbox import main; main({theirs.fileno()})",
        ]
        # A process group of its own: Ctrl-C reaches us alone, and we tell the child, which then cleans up undisturbed.
        self._process = subprocess.Popen(
            command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, process_group=0
        )
        theirs.close()
        self._connection = ours
        ours.send(self._request)

    @property
    def finished(self) -> bool:
        """Whether the last event was delivered."""
        return self._finished

    @property
    def connection(self) -> Connection[Any, Any]:
        """For multiprocessing.connection.wait; valid after start()."""
        assert self._connection is not None
        return self._connection

    def poll(self, timeout: float = 0.0) -> list[Event]:
        """The events that have come; waits up to `timeout` seconds for the first."""
        events: list[Event] = []
        while not self._finished:
            try:
                if not self.connection.poll(0 if events else timeout):
                    break
                event: Event = self.connection.recv()
            except (EOFError, OSError):
                event = self._ended_without_result()
            events.append(event)
            if isinstance(event, (Done, Failed, Stopped)):
                self.close()
        if (
            not self._finished
            and self._cancelled_at
            and time.monotonic() - self._cancelled_at > CANCEL_GRACE
        ):
            self.close()
            events.append(Stopped())
        return events

    def cancel(self) -> None:
        """Ask the child to stop; poll() delivers Stopped, after CANCEL_GRACE seconds at the latest."""
        if not self._finished and not self._cancelled_at:
            self._cancelled_at = time.monotonic()
            try:
                self.connection.send("cancel")
            except OSError:
                _log.debug("the worker was gone before it could be cancelled")

    def close(self) -> None:
        """End the child at once, if it still runs, and free what it held."""
        self._finished = True
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            try:
                self._process.wait(0.2)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _ended_without_result(self) -> Event:
        assert self._process is not None
        if self._cancelled_at:
            return Stopped()
        try:
            code = self._process.wait(2)
        except subprocess.TimeoutExpired:
            code = 0
        if code == -24:  # SIGXCPU
            reason = tr(
                "it used {n} seconds of processor time without making progress", n=self._request[4]
            )
        elif code < 0:
            reason = tr("it was ended by signal {n}", n=-code)
        else:
            reason = tr("it exited with code {n}", n=code)
        return Failed(
            WorkerFailed(
                tr("The worker process failed: {reason}.", reason=reason),
                tr("The input may be damaged or hostile; everything else keeps working."),
            )
        )


def run(task: Task, function: str, *args: Any, meanwhile: Callable[[], None] | None = None) -> Any:
    """Call `function` in a child and wait; progress and partial results go to `task`.

    `meanwhile` is called here once the child runs, for what takes time and will be needed then.
    Raises the child's ExplorerError, WorkerFailed when it died, Cancelled when `task` was cancelled.
    """
    worker = Worker(function, *args)
    worker.start()
    try:
        with task.on_cancel(worker.cancel):
            if meanwhile is not None:
                meanwhile()
            for event in _events(worker):
                if isinstance(event, Progress):
                    _forward(task, event)
                elif isinstance(event, Partial):
                    task.partial(event.value)
                elif isinstance(event, Done):
                    return event.value
                elif isinstance(event, Failed):
                    raise event.error
        raise Cancelled
    except KeyboardInterrupt:
        worker.cancel()
        for _ in _events(worker):
            pass
        raise
    finally:
        worker.close()


def _forward(task: Task, event: Progress) -> None:
    if not task.cancelled:
        task.progress(event.text, event.done, event.total)


def _events(worker: Worker) -> Iterator[Event]:
    while not worker.finished:
        yield from worker.poll(0.1)


class _ChildTask(Task):
    """Sends progress at most every 50 ms and renews the allowance of processor time when the work moves on."""

    def __init__(self, connection: Connection[Any, Any], cpu_limit: int) -> None:
        super().__init__()
        self._connection = connection
        self._cpu_limit = cpu_limit
        self._lock = threading.Lock()
        self._sent_at = 0.0
        self._last: tuple[str, int] = ("", -1)

    def progress(self, text: str, done: int = 0, total: int = 0) -> None:
        self.checkpoint()
        now = time.monotonic()
        if now - self._sent_at < _PROGRESS_INTERVAL:
            return
        self._sent_at = now
        if (text, done) != self._last:
            self._last = (text, done)
            allow_cpu(self._cpu_limit)
        self.send(Progress(text, done, total))

    def partial(self, result: object) -> None:
        self.checkpoint()
        self.send(Partial(result))

    def send(self, event: Event) -> None:
        with self._lock:
            self._connection.send(event)


def allow_cpu(seconds: int) -> None:
    """Let this process use `seconds` more of processor time before the kernel sends SIGXCPU."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    spent = math.ceil(usage.ru_utime + usage.ru_stime)
    _limit(resource.RLIMIT_CPU, spent + seconds)


def _limit(what: int, amount: int) -> None:
    """Set a soft limit; a lower hard one, from the shell or the service manager, stays in force."""
    _, hard = resource.getrlimit(what)
    soft = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
    resource.setrlimit(what, (soft, hard))


def main(descriptor: int) -> None:
    """The child's side: one request, then events until Done, Failed or Stopped."""
    connection: Connection[Any, Any] = Connection(descriptor)
    try:
        function, args, chosen_language, memory_limit, cpu_limit = connection.recv()
    except EOFError:
        return  # the caller was gone before it could ask
    log_to_file()
    _limit(resource.RLIMIT_AS, memory_limit)
    _limit(resource.RLIMIT_CORE, 0)
    allow_cpu(cpu_limit)
    set_language(chosen_language)
    task = _ChildTask(connection, cpu_limit)
    threading.Thread(target=_listen, args=(connection, task), daemon=True).start()
    try:
        task.send(_call(function, args, task))
    except OSError:
        _log.debug("the caller is gone")
    connection.close()


def _listen(connection: Connection[Any, Any], task: Task) -> None:
    try:
        while connection.recv() == "cancel":
            task.cancel()
    except (EOFError, OSError):
        # The caller is gone: nothing waits for a result, and what was created must still be removed.
        task.cancel()
        time.sleep(CANCEL_GRACE)
        os._exit(1)


def _call(function: str, args: tuple[Any, ...], task: Task) -> Event:
    module, _, name = function.partition(":")
    try:
        return Done(getattr(importlib.import_module(module), name)(task, *args))
    except Cancelled:
        return Stopped()
    except KeyboardInterrupt:
        return Stopped()
    except ExplorerError as error:
        return Failed(error)
    except MemoryError:
        return Failed(
            WorkerFailed(
                tr("The analysis needed more memory than it may use."),
                tr("The input may be damaged or hostile; everything else keeps working."),
            )
        )
    except Exception as error:  # noqa: BLE001  # the border of the process; the log has it all
        _log.exception("%s failed", function)
        return Failed(
            WorkerFailed(
                tr(
                    "Internal error in the worker process: {error}",
                    error=f"{type(error).__name__}: {error}",
                ),
                tr("Please report it, with the log file."),
            )
        )
