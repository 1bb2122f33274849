"""How the log of a start is kept: which streams it uses, whether it is JSON, whether colour codes are in it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from explorer.coldstart.inittrace import is_trace
from explorer.coldstart.logs import Line
from explorer.engine.wire import STDERR, STDOUT
from explorer.translation import tr

_COLOUR = re.compile(rb"\x1b\[[0-9;]*m")
_ERROR = re.compile(rb'\b(error|fatal|panic)\b|"level":"(error|fatal|panic)"', re.IGNORECASE)
_DEBUG = re.compile(rb"\[GIN-debug\]|\blevel=debug\b|\"level\":\"debug\"", re.IGNORECASE)
# More than this before it is ready slows the start down and hides what matters.
_CHATTY = 100


@dataclass(frozen=True)
class Hygiene:
    """Counts of the lines of one start, by stream, and findings in words."""

    stdout_lines: int
    stderr_lines: int
    bytes: int
    json_lines: int
    coloured_lines: int
    debug_lines: int
    errors_on_stdout: int
    findings: tuple[str, ...]


def inspect_log(lines: Sequence[Line], size: int) -> Hygiene:
    """The report on the lines of a start and their bytes; lines of Go's own traces do not count."""
    own = [line for line in lines if line.text.strip() and not is_trace(line.text)]
    by_stream = {stream: sum(line.stream == stream for line in own) for stream in (STDOUT, STDERR)}
    document = sum(_is_json(line.text) for line in own)
    coloured = sum(_COLOUR.search(line.text) is not None for line in own)
    debug = sum(_DEBUG.search(line.text) is not None for line in own)
    errors = sum(line.stream == STDOUT and _ERROR.search(line.text) is not None for line in own)
    findings = []
    if not own:
        findings.append(
            tr("It logs nothing while it starts: nobody can tell from the log when it is ready.")
        )
    if 0 < document < len(own):
        findings.append(
            tr(
                "{n} of {total} lines are JSON and the rest is not: collectors need one format.",
                n=document,
                total=len(own),
            )
        )
    elif own and not document:
        findings.append(tr("The log is plain text; JSON lines can be searched by field."))
    if coloured:
        findings.append(
            tr("{n} lines hold colour codes, which collectors store as garbage.", n=coloured)
        )
    if debug:
        findings.append(tr("{n} lines are debug output (Gin: set GIN_MODE=release).", n=debug))
    if errors:
        findings.append(
            tr("{n} lines about errors go to standard output instead of standard error.", n=errors)
        )
    if len(own) > _CHATTY:
        findings.append(tr("It writes {n} lines before it is ready.", n=len(own)))
    return Hygiene(
        stdout_lines=by_stream[STDOUT],
        stderr_lines=by_stream[STDERR],
        bytes=size,
        json_lines=document,
        coloured_lines=coloured,
        debug_lines=debug,
        errors_on_stdout=errors,
        findings=tuple(findings),
    )


def _is_json(text: bytes) -> bool:
    if not text.startswith(b"{"):
        return False
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
