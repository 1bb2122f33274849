"""Functions that the sandbox tests run in a child process."""

from __future__ import annotations

import os
import signal
import time

from explorer.errors import DamagedInput
from explorer.task import Task
from explorer.translation import language


def add(task: Task, one: int, other: int) -> int:
    task.progress("adding", 1, 2)
    task.partial("early")
    return one + other


def fail(task: Task) -> None:
    raise DamagedInput("it is cut", "copy it again", offset=77)


def break_down(task: Task) -> None:
    raise RuntimeError("unexpected")


def spin(task: Task) -> None:
    while True:
        pass


def wait(task: Task) -> None:
    while True:
        time.sleep(0.01)
        task.progress("waiting")


def die(task: Task) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def hoard(task: Task) -> int:
    return len(bytearray(8 << 30))


def speak(task: Task) -> str:
    return language()
