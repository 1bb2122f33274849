"""Bytes of single files: a preview, or a copy on disk."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from explorer.errors import StorageError
from explorer.storing import whole_file
from explorer.task import Task
from explorer.translation import tr
from explorer.units import display_text, size_text
from explorer.workflow.opening import Options, open_source, same_image

# Free space left alone when a file is extracted.
_SPARE_BYTES = 16 << 20


@dataclass(frozen=True)
class Payload:
    """One regular file of one layer: its path in the layer, where its payload starts and its size in bytes."""

    layer: int
    path: bytes
    data_offset: int
    size: int


class _Enough(Exception):
    """The preview is full."""


def preview(task: Task, options: Mapping[str, Any], payload: Payload, limit: int) -> bytes:
    """The first `limit` bytes of a file; fewer when it is smaller."""
    held = bytearray()

    def take(chunk: memoryview) -> None:
        held.extend(chunk[: limit - len(held)])
        if len(held) >= limit:
            raise _Enough

    with closing(open_source(task, Options(**options))) as source:
        same_image(source, options)
        try:
            source.read_payload(
                task, payload.layer, payload.path, payload.data_offset, payload.size, take
            )
        except _Enough:
            task.checkpoint()
    return bytes(held)


def extract(task: Task, options: Mapping[str, Any], payload: Payload, destination: str) -> int:
    """Write a file of the image to `destination` (a path the user chose) and return its bytes.

    Written beside it first and renamed, so that nothing half-written is left. Raises StorageError when there is no room.
    """
    target = Path(destination)
    _check_room(target.parent, payload.size)
    hint = tr(
        "Choose another folder or free some space ({size} are needed).",
        size=size_text(payload.size),
    )
    written = 0
    with (
        whole_file(target, hint) as file,
        closing(open_source(task, Options(**options))) as source,
    ):
        same_image(source, options)

        def take(chunk: memoryview) -> None:
            nonlocal written
            file.write(chunk)
            written += len(chunk)
            task.progress(
                tr("Saving {name}", name=display_text(target.name)), written, payload.size
            )

        source.read_payload(
            task, payload.layer, payload.path, payload.data_offset, payload.size, take
        )
    return written


def _check_room(folder: Path, size: int) -> None:
    try:
        state = os.statvfs(folder)
    except OSError as error:
        raise StorageError(
            tr("Could not write {path}: {reason}", path=folder, reason=error.strerror or error),
            tr("Choose a folder that exists."),
        ) from error
    free = state.f_bavail * state.f_frsize
    if free < size + _SPARE_BYTES:
        raise StorageError(
            tr(
                "{path} has {free} free; {size} are needed.",
                path=folder,
                free=size_text(free),
                size=size_text(size),
            ),
            tr("Choose another folder or free some space."),
        )
