"""History lines as people wrote them: `/bin/sh -c #(nop) ` and BuildKit's additions taken away."""

from __future__ import annotations

import re

_NOP = re.compile(r"^(?:/bin/sh -c )?#\(nop\)\s*")
_SHELL = re.compile(
    r"^(?:RUN )?(?:\|\d+ (?:\S+=(?:'[^']*'|\"[^\"]*\"|\S*) )*)?(?:/bin/(?:ba|a|da)?sh(?: -o \S+| -[a-z]+)*? -[a-z]*c|cmd /S /C)\s+"
)
_BUILDKIT = re.compile(r"\s+# buildkit$")
_COPY_SOURCE = re.compile(r"^(COPY|ADD) ((?:dir|file|multi):[0-9a-f]{20,})\s+in\s+(.*)$", re.DOTALL)


def instruction(created_by: str) -> str:
    """The Dockerfile instruction behind a history line, "" when there is none.

    Forms: classic builder `/bin/sh -c #(nop) CMD [...]` and `/bin/sh -c apt-get …` (a RUN), BuildKit
    `RUN /bin/sh -c … # buildkit` and `COPY . . # buildkit`; build arguments (`|1 A=b`) are left out.
    """
    text = _BUILDKIT.sub("", created_by.strip())
    if not text:
        return ""
    match = _NOP.match(text)
    if match:
        return _tidy(text[match.end() :])
    shell = _SHELL.match(text)
    if shell:
        return "RUN " + _tidy(text[shell.end() :])
    return _tidy(text)


def is_metadata(created_by: str) -> bool:
    """Whether the instruction behind a history line can never write a file."""
    return instruction(created_by).split(" ", 1)[0].upper() in _METADATA


_METADATA = frozenset(
    {"ARG", "CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD", "SHELL",
     "STOPSIGNAL", "USER", "VOLUME"}
)  # fmt: skip


def _tidy(text: str) -> str:
    match = _COPY_SOURCE.match(text.strip())
    if match:
        return f"{match[1]} … {match[3].strip()}"
    return text.strip()
