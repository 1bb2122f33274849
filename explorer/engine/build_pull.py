"""Pulls a base image that a build lacks: BuildKit itself would ask a session for logins, which a posted context has not.

Only anonymous pulls; what a registry gives to those who logged in has to be pulled with the docker command.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from explorer.engine.answers import object_in, text_in
from explorer.engine.build_lines import harmless
from explorer.engine.build_stream import BuildStream, UploadConnection
from explorer.engine.stream import TICK_SECONDS, lost
from explorer.errors import BuildFailed
from explorer.task import Task
from explorer.translation import tr
from explorer.units import display_text

if TYPE_CHECKING:
    from explorer.engine.client import Engine

_METADATA = re.compile(r"\[internal\] load metadata for (\S+)")
_NO_SESSION = re.compile(r"no active session", re.IGNORECASE)


def missing_base(error: BuildFailed) -> str:
    """The base image that a build could not get for want of a session, "" when it failed for something else."""
    step = _METADATA.fullmatch(error.step)
    return step[1] if step and _NO_SESSION.search(error.reason) else ""


def pull_base(task: Task, engine: Engine, name: str, platform: str = "") -> None:
    """Have the engine pull an image; BuildFailed with the registry's words when it cannot."""
    image, tag = split_name(name)
    query = {"fromImage": image, "tag": tag, "platform": platform}
    target = "/images/create?" + urlencode({key: value for key, value in query.items() if value})
    try:
        connection = UploadConnection(engine.endpoint, TICK_SECONDS)
    except OSError as error:
        raise lost(engine.endpoint, error) from error
    with connection, task.on_cancel(connection.shutdown):
        stream = BuildStream(engine.endpoint, task, connection)
        response = stream.post(engine.target(target), {}, iter(()))
        reason = ""
        for line in stream.lines():
            row = _row(line)
            reason = text_in(row.get("error")) or text_in(row.get("message")) or reason
            status = f"{text_in(row.get('status'))} {text_in(row.get('progress'))}".strip()
            if status:
                task.progress(
                    tr(
                        "Pulling {name}: {status}",
                        name=display_text(name, 120),
                        status=harmless(status),
                    )
                )
    if reason or response.status >= 400:
        raise BuildFailed(
            tr(
                "The base image {name} could not be pulled: {reason}.",
                name=display_text(name, 200),
                reason=harmless(reason).rstrip(".") or response.status,
            ),
            tr("Pull it with the docker command, which knows your logins (docker pull)."),
            reason=harmless(reason),
        )


def split_name(name: str) -> tuple[str, str]:
    """Name and tag of an image as /images/create wants them; the tag is "" for a digest and "latest" when there is none."""
    if "@" in name:
        return name, ""
    head, colon, tag = name.rpartition(":")
    return (head, tag) if colon and "/" not in tag else (name, "latest")


def _row(line: bytes) -> dict[str, object]:
    try:
        return object_in(json.loads(line or b"{}"))
    except (ValueError, RecursionError):
        return {}
