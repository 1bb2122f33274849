"""When a container under test is asked: by what the user says shows that it is ready."""

from __future__ import annotations

import re
from dataclasses import dataclass

from explorer.errors import InputError
from explorer.translation import tr
from explorer.units import display_text

HTTP, TCP, LOG, EXIT = "http", "tcp", "log", "exit"
# As kubelet judges a probe: pkg/probe/http/http.go.
READY_STATUSES = range(200, 400)
_PORT_PATH = re.compile(r"(?::?(?P<port>\d{1,5}))?(?P<path>/[!-~]*)")


@dataclass(frozen=True)
class Ready:
    """http: a GET of `path` on `port` (0: any) answers 200 to 399. tcp: `port` listens. log: a line matches. exit: it ends."""

    kind: str
    port: int = 0
    path: str = ""
    pattern: str = ""

    def __str__(self) -> str:
        port = str(self.port) if self.port else ""
        return {
            HTTP: f"http:{port}{self.path}",
            TCP: f"tcp:{port}",
            LOG: f"log:{self.pattern}",
        }.get(self.kind, EXIT)


def parse_ready(text: str) -> Ready | None:
    """The meaning of http:PATH, http:PORT/PATH, tcp:PORT, log:REGEX or exit, None for ""; InputError says what is wrong."""
    if not text.strip():
        return None
    kind, _, rest = text.strip().partition(":")
    if kind == HTTP:
        found = _PORT_PATH.fullmatch(rest or "/")
        if found is None:
            raise _invalid(
                text, tr("a path begins with / and has no spaces; a port may stand before it")
            )
        return Ready(HTTP, _port(text, found["port"]) if found["port"] else 0, found["path"])
    if kind == TCP:
        return Ready(TCP, _port(text, rest))
    if kind == LOG:
        return Ready(LOG, pattern=_pattern(text, rest))
    if kind == EXIT and not rest:
        return Ready(EXIT)
    raise _invalid(text, tr("it is none of http:PATH, tcp:PORT, log:REGEX and exit"))


def _port(text: str, digits: str) -> int:
    if not (digits.isascii() and digits.isdecimal() and 0 < int(digits) < 65536):
        raise _invalid(text, tr("a port is a number from 1 to 65535"))
    return int(digits)


def _pattern(text: str, pattern: str) -> str:
    try:
        matches_nothing = re.compile(pattern).search("") is not None
    except re.error as error:
        raise _invalid(text, display_text(str(error), 120)) from error
    if matches_nothing:
        raise _invalid(text, tr("it matches an empty line"))
    return pattern


def _invalid(text: str, reason: str) -> InputError:
    return InputError(
        tr(
            "{text} does not say when the container is ready: {reason}.",
            text=display_text(text, 120),
            reason=reason,
        ),
        tr("Write http:/healthz, http:8080/healthz, tcp:8080, log:REGEX or exit."),
    )
