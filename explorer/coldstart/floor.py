"""The image that exits at once, built by us: a start of it is nothing but the engine's own time."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import quote

from explorer.engine.answers import list_in, object_in, text_in
from explorer.engine.client import Engine
from explorer.engine.sweep import OWNER_LABEL, SESSION_LABEL, current_session, session_lives
from explorer.engine.wire import Wire
from explorer.errors import EngineError, InputError
from explorer.resources import resource
from explorer.task import Task
from explorer.translation import tr

PROGRAM = "floor"
_REPOSITORY = "image-explorer.local/floor"
ARCHITECTURES = ("amd64", "arm64")


def native_program(architecture: str) -> bytes | None:
    """Our static program for an OCI architecture, None where it was not compiled."""
    if architecture not in ARCHITECTURES:
        return None
    with suppress(OSError):
        return resource("native", f"{PROGRAM}-{architecture}").read_bytes()
    return None


def need_program(architecture: str) -> bytes:
    """native_program(), or InputError that says why there is none."""
    program = native_program(architecture)
    if program is None:
        raise InputError(
            tr(
                "The small helper program is not available for {architecture}.",
                architecture=architecture or "?",
            ),
            tr(
                "Measure without the engine's floor, a network made beforehand and a cold page cache; or compile it: {command}",
                command="python packaging/build_native.py",
            ),
        )
    return program


def image_archive(program: bytes, architecture: str, tag: str, labels: Mapping[str, str]) -> bytes:
    """A docker-archive of an image with one file: equal inputs give equal bytes."""
    layer = tar_of({PROGRAM: program})
    config = _json(
        {
            "architecture": architecture,
            "os": "linux",
            "created": "1970-01-01T00:00:00Z",
            # As process 1 of its namespace it ignores SIGTERM, and it has nothing to finish.
            "config": {
                "Entrypoint": [f"/{PROGRAM}"],
                "Labels": dict(labels),
                "StopSignal": "SIGKILL",
            },
            "rootfs": {
                "type": "layers",
                "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"],
            },
            "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "image-explorer floor"}],
        }
    )
    name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = _json([{"Config": name, "RepoTags": [tag], "Layers": ["layer.tar"]}])
    return tar_of({name: config, "layer.tar": layer, "manifest.json": manifest})


def tar_of(files: Mapping[str, bytes]) -> bytes:
    """A tar of files that everybody may run, with no time and no owner in it."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o755
            archive.addfile(member, io.BytesIO(data))
    return held.getvalue()


@contextmanager
def floor_image(engine: Engine, task: Task, wire: Wire, architecture: str) -> Iterator[str]:
    """The ID of the floor image, loaded into the engine for as long as this lasts."""
    session = current_session()
    tag = f"{_REPOSITORY}:{session.name[:12]}"
    archive = image_archive(need_program(architecture), architecture, tag, session.labels())
    try:
        wire.upload("POST", "/images/load?quiet=1", archive)
        document = object_in(wire.call("GET", f"/images/{quote(tag, safe='')}/json"))
        yield text_in(document.get("Id"))
    finally:
        _remove(engine, tag, task)


def sweep_images(engine: Engine) -> int:
    """Remove the floor images that killed sessions of this installation left; returns how many went."""
    ours = current_session()
    filters = quote(json.dumps({"label": [f"{OWNER_LABEL}={ours.installation}"]}), safe="")
    removed = 0
    for row in map(object_in, list_in(engine.get_json(f"/images/json?filters={filters}"))):
        session = text_in(object_in(row.get("Labels")).get(SESSION_LABEL))
        tags = [str(tag) for tag in list_in(row.get("RepoTags"))]
        if session == ours.name or session_lives(session):
            continue
        for tag in tags:
            if f"{_REPOSITORY}:" in tag:
                with suppress(EngineError):
                    engine.delete(f"/images/{quote(tag, safe='')}?noprune=1")
                    removed += 1
    return removed


def _remove(engine: Engine, tag: str, task: Task) -> None:
    with suppress(EngineError):
        engine.delete(
            f"/images/{quote(tag, safe='')}?noprune=1&force=1", 4.0 if task.cancelled else 20.0
        )


def _json(document: Any) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
