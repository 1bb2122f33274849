"""Moves an image's files out of the page cache without rights on the engine's machine, and proves it by counting.

A container of the image itself, with our static program copied into it and started instead of the image's own, asks the
kernel to forget the pages of every file (posix_fadvise) and counts those that are left (mincore). What that makes cold
is the content of the files: directory entries, the engine's own programs, and the cache of a host below a virtual
machine stay warm, and pages that another running container has mapped stay too.
"""

from __future__ import annotations

import json
import select
import time
from dataclasses import dataclass

from explorer.coldstart.floor import need_program, tar_of
from explorer.coldstart.runner import Streams
from explorer.engine.answers import number_in, object_in
from explorer.engine.containers import mount_prefix
from explorer.engine.running import Limits, Start, container
from explorer.engine.wire import STDOUT, attach
from explorer.errors import EngineRefused
from explorer.translation import tr

# Half a million files were walked in 4 s; an image beyond that is no Go service.
_DEADLINE = 60.0
_LIMITS = Limits(memory_bytes=256 << 20, processes=16)
_OUTPUT_LIMIT = 4096


@dataclass(frozen=True)
class Residency:
    """Pages of an image's files: how many there are, and how many were in the page cache before and after."""

    files: int
    pages: int
    page_bytes: int
    before: int
    after: int
    unreadable: int = 0


def evict(streams: Streams, image_id: str, architecture: str) -> Residency:
    """Move the image's files out of the page cache; EngineRefused when our program cannot run in the image."""
    return _walk(streams, image_id, architecture, "evict")


def count(streams: Streams, image_id: str, architecture: str) -> Residency:
    """Count the pages of the image's files that are in the page cache."""
    return _walk(streams, image_id, architecture, "count")


def _walk(streams: Streams, image_id: str, architecture: str, verb: str) -> Residency:
    # A name that no image has; the program leaves itself out.
    name = f"{mount_prefix().lstrip('/')}floor"
    program = tar_of({name: need_program(architecture)})
    start = Start(
        image_id,
        entrypoint=(f"/{name}",),
        command=(verb,),
        network="none",
        user="0:0",
        limits=_LIMITS,
    )
    task = streams.task
    with container(streams.engine, task, streams.wire, start) as created:
        streams.wire.upload("PUT", f"/containers/{created.name}/archive?path=/", program)
        with attach(streams.engine, task, created.name) as output:
            streams.wire.call("POST", f"/containers/{created.name}/start")
            poll = select.poll()
            poll.register(output, select.POLLIN)
            written, deadline = b"", time.monotonic() + _DEADLINE
            while not output.ended and time.monotonic() < deadline:
                if output.buffered or poll.poll(50):
                    pieces = output.read()
                    written += b"".join(piece.data for piece in pieces if piece.stream == STDOUT)
                task.checkpoint()
                if len(written) > _OUTPUT_LIMIT or written.endswith(b"}\n"):
                    break
    return _parse(written)


def _parse(written: bytes) -> Residency:
    try:
        found = object_in(json.loads(written))
    except (ValueError, RecursionError):
        found = {}
    if not found:
        raise EngineRefused(
            tr("The image's files could not be moved out of the page cache."),
            tr("Measure without the cold page cache."),
        )
    return Residency(
        files=number_in(found.get("files")),
        pages=number_in(found.get("pages")),
        page_bytes=number_in(found.get("page_bytes")),
        before=number_in(found.get("resident_before")),
        after=number_in(found.get("resident_after")),
        unreadable=number_in(found.get("unreadable")),
    )
