"""The child process: results, errors, limits and cancellation."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from explorer.errors import DamagedInput, WorkerFailed
from explorer.sandbox import Done, Event, Failed, Partial, Stopped, Worker, run
from explorer.task import Cancelled, Progress, Task
from explorer.translation import set_language

# A process of their own each.
pytestmark = pytest.mark.slow

_PROJECT = Path(__file__).resolve().parent.parent


def _events(worker: Worker, seconds: float = 15) -> list[Event]:
    worker.start()
    events: list[Event] = []
    end = time.monotonic() + seconds
    while not worker.finished and time.monotonic() < end:
        events += worker.poll(0.05)
    worker.close()
    return events


def test_that_progress_partial_and_result_come_in_order() -> None:
    assert _events(Worker("tests.sandboxed:add", 2, 3)) == [
        Progress("adding", 1, 2),
        Partial("early"),
        Done(5),
    ]


def test_that_an_error_keeps_its_type_hint_and_offset() -> None:
    with pytest.raises(DamagedInput) as caught:
        run(Task(), "tests.sandboxed:fail")
    assert (caught.value.message, caught.value.hint, caught.value.offset) == (
        "it is cut",
        "copy it again",
        77,
    )


def test_that_an_unexpected_exception_names_itself_without_a_traceback() -> None:
    with pytest.raises(WorkerFailed) as caught:
        run(Task(), "tests.sandboxed:break_down")
    assert "RuntimeError: unexpected" in caught.value.message


def test_that_work_that_does_not_get_on_is_ended_by_the_processor_limit() -> None:
    events = _events(Worker("tests.sandboxed:spin", cpu_limit=1))
    assert isinstance(events[-1], Failed)
    assert "1 seconds of processor time" in events[-1].error.message


def test_that_work_that_gets_on_may_use_more_processor_time() -> None:
    last = _events(Worker("tests.sandboxed:busy", 2, cpu_limit=1), seconds=60)[-1]
    assert isinstance(last, Done)
    assert last.value >= 2


_UNDER_LIMITS = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
from explorer.sandbox import run
from explorer.task import Task

print(run(Task(), "tests.sandboxed:limits"), run(Task(), "tests.sandboxed:add", 1, 2))
"""


def test_that_a_lower_limit_of_the_system_stays_in_force() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _UNDER_LIMITS], capture_output=True, text=True, cwd=_PROJECT
    )
    assert (done.stdout, done.stderr) == (f"({2 << 30}, {2 << 30}) 3\n", "")


def test_that_a_killed_child_is_told() -> None:
    events = _events(Worker("tests.sandboxed:die"))
    assert isinstance(events[-1], Failed)
    assert "signal 9" in events[-1].error.message


def test_that_memory_is_limited() -> None:
    events = _events(Worker("tests.sandboxed:hoard"))
    assert isinstance(events[-1], Failed)
    assert "memory" in events[-1].error.message


def test_that_cancel_is_felt_within_a_second() -> None:
    task = Task()
    timer = threading.Timer(0.5, task.cancel)
    timer.start()
    started = time.monotonic()
    with pytest.raises(Cancelled):
        run(task, "tests.sandboxed:wait")
    assert time.monotonic() - started < 2.5
    timer.join()


def test_that_a_cancelled_worker_delivers_stopped_and_nothing_after() -> None:
    worker = Worker("tests.sandboxed:wait")
    worker.start()
    while not worker.poll(0.1):
        pass
    worker.cancel()
    events: list[Event] = []
    while not worker.finished:
        events += worker.poll(0.1)
    assert events[-1] == Stopped()
    assert worker.poll() == []


def test_that_the_child_speaks_the_callers_language() -> None:
    set_language("zh_CN")
    try:
        assert run(Task(), "tests.sandboxed:speak") == "zh_CN"
    finally:
        set_language("en")
