"""Functions that the sandbox tests run in a child process."""

from __future__ import annotations

import os
import resource
import signal
import time
from contextlib import closing
from pathlib import Path

import numpy as np

from explorer.errors import DamagedInput, ExplorerError
from explorer.filesystem.archive import open_archive
from explorer.filesystem.cache import LayerStore
from explorer.filesystem.compression import decompressed
from explorer.filesystem.layer import Kind, LayerIndex
from explorer.filesystem.reading import read_layer
from explorer.task import Task
from explorer.translation import language
from explorer.units import display_name


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


def busy(task: Task, seconds: int) -> float:
    """Use up processor time, but get on with it."""
    started = time.process_time()
    while (spent := time.process_time() - started) < seconds:
        task.progress("busy", int(spent * 1000))
    return spent


def limits(task: Task) -> tuple[int, int]:
    return resource.getrlimit(resource.RLIMIT_AS)


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


class _File:
    """An open file as a stream."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)

    def readinto(self, buffer: memoryview, /) -> int:
        return self._file.readinto(buffer) or 0

    def close(self) -> None:
        self._file.close()


def as_layer(task: Task, path: str) -> dict[str, object]:
    """What a file is as a layer: names with bytes as they are shown, problems, completeness, peak memory in bytes."""
    with closing(_File(Path(path))) as file:
        try:
            index = read_layer(task, decompressed(file))
        except ExplorerError as error:
            return {"error": error.message, "peak": peak()}
    return {**_facts(index), "peak": peak()}


def as_archive(task: Task, path: str) -> dict[str, object]:
    """What a file is as an image archive: its layers as as_layer() has them, or the error."""
    try:
        with closing(open_archive(task, Path(path), "@0")) as source:
            layers: dict[int, LayerIndex] = {}
            wanted = [layer.index for layer in source.image.layers]
            source.read_layers(task, LayerStore.private(), wanted, layers.__setitem__)
            facts = [_facts(index) for _, index in sorted(layers.items())]
            return {"layers": facts, "problems": source.problems, "peak": peak()}
    except ExplorerError as error:
        return {"error": error.message, "hint": error.hint, "peak": peak()}


def peak() -> int:
    """The most memory that this process ever held, in bytes."""
    # Not ru_maxrss: a new program inherits that of the process it was forked from.
    with open("/proc/self/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def _facts(index: LayerIndex) -> dict[str, object]:
    nodes = np.flatnonzero(index.kind != Kind.DIRECTORY).tolist()
    return {
        "files": {display_name(index.path(node)): int(index.size[node]) for node in nodes},
        "entries": index.entries,
        "logical": sorted(index.logical_sizes.values()),
        "problems": list(index.problems),
        "complete": index.complete,
    }
