"""History lines as people wrote them: `/bin/sh -c #(nop) ` and BuildKit's additions taken away.

The lines are untrusted: every pattern here is bounded, so that none takes time beyond the line's own length.
"""

from __future__ import annotations

import re

from explorer.image.redact import redact

# The shell of a RUN: /bin/sh -c, /bin/bash -eo pipefail -c, /busybox/sh -c, cmd /S /C, powershell -Command …
_SHELL = re.compile(
    r"(?:(?:/[\w.-]{1,40}){0,6}/)?(?:ba|a|da|k|z)?sh(?: -[a-z]{0,9}o [a-z]{1,20}| -[a-z]{1,9}){0,9}? -[a-z]{0,9}c\s+"
    r"|cmd(?:\.exe)? /S /C\s+"
    r"|(?:powershell|pwsh)(?:\.exe)?(?: -(?!Command)\w{1,20}(?: \w{1,20})?){0,9} -Command\s+",
    re.IGNORECASE,
)
# A shell and its build arguments stand within this many characters.
_SHELL_WITHIN = 8192
_NOP = re.compile(r"#\(nop\)\s*")
_NOP_WITHIN = 300  # characters of the shell that may stand before #(nop)
_ARGUMENTS = re.compile(r"\|(\d{1,4}) ")
_BUILDKIT = " # buildkit"
_COPY_SOURCE = re.compile(
    r"(COPY|ADD) (--[a-z]{1,9}=\S{1,99}?|)\s*(?:dir|file|multi):[0-9a-f]{20,}+\s+in\s+"
)
_EXPOSE_MAP = re.compile(r"EXPOSE (?:map)?\[([^\]]*)\]")
_METADATA = frozenset(
    {"ARG", "CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD", "SHELL",
     "STOPSIGNAL", "USER", "VOLUME"}
)  # fmt: skip


def shown_instruction(created_by: str) -> str:
    """The instruction behind a history line as it may be shown to anybody: secrets masked."""
    return redact(instruction(created_by))


def instruction(created_by: str) -> str:
    """The Dockerfile instruction behind a history line, "" when there is none.

    Forms: classic builder `/bin/sh -c #(nop) CMD [...]` and `/bin/sh -c apt-get …` (a RUN), BuildKit
    `RUN /bin/sh -c … # buildkit` and `COPY . . # buildkit`; build arguments (`|1 A=b`) are left out.
    """
    text = created_by.strip().removesuffix(_BUILDKIT).strip()
    nop = _NOP.search(text, 0, _NOP_WITHIN)
    if nop and (nop.start() == 0 or _SHELL.fullmatch(text, 0, nop.start())):
        return _tidy(text[nop.end() :])
    run = text[4:].lstrip() if text.startswith("RUN ") else text
    command = _command(run)
    if command is not None:
        return f"RUN {command}"
    return _tidy(text)


def is_metadata(created_by: str) -> bool:
    """Whether the instruction behind a history line can never write a file."""
    return instruction(created_by).split(" ", 1)[0].upper() in _METADATA


def _command(text: str) -> str | None:
    """What a RUN's shell was told, None when no shell is named."""
    arguments = _ARGUMENTS.match(text)
    if arguments is None:
        shell = _SHELL.match(text)
        return text[shell.end() :].strip() if shell else None
    # Values may hold blanks and are not quoted: the shell is the first one behind as many `=` as there are arguments.
    start = arguments.end()
    for shell in _SHELL.finditer(text, start, start + _SHELL_WITHIN):
        before = text[start : shell.start()]
        if (not before or before[-1].isspace()) and before.count("=") >= int(arguments[1]):
            return text[shell.end() :].strip()
    return None


def _tidy(text: str) -> str:
    text = text.strip()
    copy = _COPY_SOURCE.match(text)
    if copy:
        options = f"{copy[2]} " if copy[2] else ""
        return f"{copy[1]} {options}… {text[copy.end() :]}"
    ports = _EXPOSE_MAP.fullmatch(text)
    if ports:
        return "EXPOSE " + " ".join(port.split(":")[0] for port in ports[1].split())
    return text
