"""Finds the Go executables of an image, reads them and adds what they tell to its analysis."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import xxhash

from explorer.errors import DamagedInput, ExplorerError, LimitExceeded, StorageError
from explorer.filesystem.layer import LayerIndex
from explorer.filesystem.source import ImageSource
from explorer.filesystem.union import Stack, stack_layers
from explorer.findings.analysis import Analysis
from explorer.findings.binary import ImageBinary, debug_finding, image_binary
from explorer.findings.category import CODE
from explorer.gobinary.analyse import analyse_file
from explorer.gobinary.binary import NOT_GO, GoBinary
from explorer.gobinary.cache import BinaryCache
from explorer.gobinary.discovery import find_candidates, resolve
from explorer.gobinary.executable import NotAnExecutable
from explorer.task import Task
from explorer.translation import tr
from explorer.units import display_name, size_text

# The largest Go programs have some 250 MB; more than this is never copied out of an image.
FILE_LIMIT = 512 << 20
_FILES, _TOTAL_LIMIT = 20, 1 << 30
# Programs in these are tools that built the image; they are counted, not looked into.
_TOOLS = ("go-toolchain", "go-build-cache", "go-module-cache", "c-toolchain", "test-data")
_OWN = ("application", "other")
Sink = Callable[[memoryview], None]


@dataclass(frozen=True)
class File:
    """A live regular file of an image: `layer` counts in the image, `path` as in the layer, sizes in bytes."""

    row: int
    layer: int
    path: bytes
    data_offset: int
    size: int
    digest: str

    @property
    def name(self) -> str:
        """Its path for people."""
        return "/" + display_name(self.path)


Read = Callable[[File, Sink], None]


@runtime_checkable
class VisibleFiles(Protocol):
    """An image source that reads files of the final file system faster than layer by layer."""

    def visible_files(
        self, task: Task
    ) -> AbstractContextManager[Callable[[bytes, int, Sink], None]]:
        """A function that streams the file at a path with so many bytes; valid inside the context."""


def file_of(stack: Stack, layers: Sequence[int], row: int) -> File:
    """The file that a row holds; `layers` has the image's layer index of each layer of the stack."""
    low, high = (int(word) for word in stack.digest[row])
    return File(
        row=row,
        layer=layers[int(stack.layer[row])],
        path=stack.tree.path(int(stack.node[row])),
        data_offset=int(stack.data_offset[row]),
        size=int(stack.size[row]),
        digest=f"{high:016x}{low:016x}",
    )


def live_file(layers: Mapping[int, LayerIndex], path: bytes) -> File | None:
    """The regular file at a path of the final file system of these layers, links followed; None when there is none."""
    order = sorted(layers)
    stack = stack_layers([layers[index] for index in order])
    row = resolve(stack, path)
    return None if row < 0 else file_of(stack, order, row)


@contextmanager
def reading(task: Task, source: ImageSource) -> Iterator[Read]:
    """A function that streams files of the final file system."""
    if isinstance(source, VisibleFiles):
        with source.visible_files(task) as visible:
            yield lambda file, sink: visible(file.path, file.size, sink)
        return
    yield lambda file, sink: source.read_payload(
        task, file.layer, file.path, file.data_offset, file.size, sink
    )


def inspect_executable(
    task: Task, source: ImageSource, file: File, cache: BinaryCache | None
) -> GoBinary:
    """The analysis of one executable of an image; LimitExceeded, DamagedInput, NotAnExecutable and what reading raises."""
    held = cache.get(file.digest) if cache is not None else None
    if held is not None:
        return replace(held, path=file.name)
    with reading(task, source) as read:
        return _inspect(task, read, file, cache)


def add_binaries(
    task: Task, source: ImageSource, analysis: Analysis, cache: BinaryCache | None
) -> Analysis:
    """`analysis` with its Go executables and the finding about them; what cannot be read is a note, not an error."""
    stack = analysis.stack
    tools = np.isin(analysis.category, [CODE[name] for name in _TOOLS])
    own = np.isin(analysis.category, [CODE[name] for name in _OWN])
    found = find_candidates(stack, tools, own, _FILES)
    files = _within_budget([file_of(stack, analysis.stack_layers, row) for row in found.rows])
    binaries, notes = _inspect_all(task, source, files, cache)
    finding = debug_finding(binaries)
    findings = analysis.findings if finding is None else (*analysis.findings, finding)
    return replace(
        analysis,
        go_binaries=tuple(binaries),
        tool_binaries=found.toolchain,
        findings=tuple(sorted(findings, key=lambda item: (-item.bytes, item.id, item.layer))),
        problems=(*analysis.problems, *notes),
    )


def _within_budget(files: list[File]) -> list[File]:
    left, chosen = _TOTAL_LIMIT, []
    for file in files:
        if file.size <= min(left, FILE_LIMIT):
            left -= file.size
            chosen.append(file)
    return chosen


def _inspect_all(
    task: Task, source: ImageSource, files: list[File], cache: BinaryCache | None
) -> tuple[list[ImageBinary], list[str]]:
    binaries: list[ImageBinary] = []
    held = {file.row: cache.get(file.digest) if cache is not None else None for file in files}
    missing = [file for file in files if held[file.row] is None]
    notes: list[str] = []
    try:
        if missing:
            with reading(task, source) as read:
                # In the order in which they lie: a source that cannot skip reads each layer once.
                for file in sorted(missing, key=lambda file: (file.layer, file.data_offset)):
                    # What only begins as an executable is none, and no reason to stop.
                    with suppress(NotAnExecutable):
                        held[file.row] = _inspect(task, read, file, cache)
    except ExplorerError as error:
        notes.append(tr("Not all Go executables were looked into: {reason}", reason=error.message))
    for file in files:
        binary = held[file.row]
        if binary is not None and binary.state != NOT_GO:
            named = replace(binary, path=file.name)
            binaries.append(image_binary(named, file.row, file.layer, file.digest))
    return binaries, notes


def _inspect(task: Task, read: Read, file: File, cache: BinaryCache | None) -> GoBinary:
    if file.size > FILE_LIMIT:
        raise LimitExceeded(
            tr("{name} has {size}; files up to {limit} are looked into.", name=file.name, size=size_text(file.size), limit=size_text(FILE_LIMIT)),
            tr("Save the file and look into it with image-explorer binary FILE."),
        )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="image-explorer-") as folder:
        path = Path(folder) / "executable"
        _copy(task, read, file, path)
        binary = analyse_file(task, path, file.name)
    if cache is not None:
        cache.put(file.digest, binary)
    return binary


def _copy(task: Task, read: Read, file: File, path: Path) -> None:
    """Copy a file out of the image, checked against the digest that the layer scan took."""
    digest = xxhash.xxh3_128()
    done = 0
    try:
        with open(path, "wb") as target:

            def take(chunk: memoryview) -> None:
                nonlocal done
                done += len(chunk)
                digest.update(chunk)
                target.write(chunk)
                task.progress(tr("Reading {name}", name=file.name), done, file.size)

            read(file, take)
    except OSError as error:
        raise StorageError(
            tr("Could not write {path}: {reason}", path=path, reason=error.strerror or error),
            tr(
                "Free some space for temporary files ({size} are needed).",
                size=size_text(file.size),
            ),
        ) from error
    if digest.hexdigest() != file.digest:
        raise DamagedInput(
            tr("The content of {name} has changed.", name=file.name), tr("Open the image again.")
        )
