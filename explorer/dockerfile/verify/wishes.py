"""What a user asks of a verification beside what is found: more paths, variables, when the containers are ready."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from explorer.dockerfile.verify.model import VerifyOptions
from explorer.dockerfile.verify.ready import parse_ready
from explorer.errors import InputError
from explorer.translation import tr
from explorer.units import display_text

# What may stand in a request line (RFC 9112 §3.2) without being escaped.
_PATH = re.compile(r"/[!-~]*")
_VARIABLE = re.compile(r"[^=\0\s][^=\0]*=[^\0]*", re.DOTALL)
_START_SECONDS = range(1, 3601)


def with_wishes(
    options: VerifyOptions,
    *,
    paths: Sequence[str] = (),
    env: Sequence[str] = (),
    ready: str = "",
    start_seconds: float = 0.0,
) -> VerifyOptions:
    """`options` with a user's wishes; InputError says which of them cannot be used. `start_seconds` 0: as it is."""
    for path in paths:
        if not _PATH.fullmatch(path):
            raise InputError(
                tr("{path} is not a path to request.", path=display_text(path, 120)),
                tr("A path begins with / and has no spaces, for example /api/items?page=2."),
            )
    for item in env:
        if not _VARIABLE.fullmatch(item):
            # The value may be a secret.
            name = display_text(item.partition("=")[0], 80)
            raise InputError(tr("{text} is not a variable.", text=name), tr("Write NAME=value."))
    if start_seconds and not _START_SECONDS[0] <= start_seconds <= _START_SECONDS[-1]:
        raise InputError(
            tr("A container cannot be given {n} s to start.", n=f"{start_seconds:g}"),
            tr("Write 1 to 3600 seconds."),
        )
    return replace(
        options,
        paths=(*options.paths, *paths),
        env=(*options.env, *env),
        ready=parse_ready(ready) or options.ready,
        start_seconds=start_seconds or options.start_seconds,
    )
