"""When a container counts as ready: what the user asked for, or what the image itself suggests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from explorer.errors import InputError
from explorer.image.model import Config
from explorer.translation import tr
from explorer.units import display_text

# Tried in turn where an image names a port and no path; gin's tutorials have /ping.
USUAL_PATHS = ("/healthz", "/readyz", "/ping", "/")
# kubelet, pkg/probe/http/http.go: any status in [200, 400) is success.
READY_STATUSES = range(200, 400)
_KINDS = ("http", "tcp", "log", "exit")
_URL = re.compile(r"https?://[^\s'\"|;&]+")
_PORT_PATH = re.compile(r"(?::?(?P<port>\d{1,5}))?(?P<path>/.*)", re.DOTALL)
# What may stand in a request line (RFC 9112 §3.2) without being escaped.
_TARGET = re.compile(r"/[!-~]*")


@dataclass(frozen=True)
class Readiness:
    """How readiness is found out: `kind` is http, tcp, log or exit.

    http: a GET of one of `paths`, tried in turn, on `port` answers 200 to 399. tcp: `port` of the container itself (not a
    published one) accepts. log: a line of the log matches `pattern`. exit: the program ends with code 0.
    """

    kind: str
    port: int = 0
    paths: tuple[str, ...] = ()
    pattern: str = ""
    source: str = "user"

    def __str__(self) -> str:
        if self.kind == "http":
            return f"http:{self.port}{' '.join(self.paths)}"
        return {"tcp": f"tcp:{self.port}", "log": f"log:{self.pattern}"}.get(self.kind, "exit")


EXIT = Readiness("exit")


def parse_readiness(text: str, config: Config) -> Readiness:
    """The readiness behind http:PATH, http:PORT/PATH, tcp:PORT, log:REGEX or exit; InputError says what is wrong.

    Where no port is named, it is the one that the image's config suggests.
    """
    kind, _, rest = text.partition(":")
    if kind not in _KINDS or (kind == "exit" and rest):
        raise _invalid(text, tr("it is none of http:PATH, tcp:PORT, log:REGEX and exit"))
    if kind == "http":
        return _http(text, rest, config)
    if kind == "tcp":
        port = _port(text, rest) if rest else _suggested_port(config)
        if not port:
            raise _invalid(text, tr("it names no port, and the image exposes none"))
        return Readiness("tcp", port)
    if kind == "log":
        try:
            matches_nothing = re.compile(rest.encode()).search(b"") is not None
        except re.error as error:
            raise _invalid(text, display_text(str(error), 120)) from error
        if matches_nothing:
            raise _invalid(text, tr("it matches an empty line"))
        return Readiness("log", pattern=rest)
    return EXIT


def default_readiness(config: Config) -> Readiness:
    """What an image's config suggests: the URL in its HEALTHCHECK, else the first port it exposes, else its exit."""
    url = _healthcheck_url(config)
    if url is not None:
        return Readiness("http", url[0], (url[1],), source="healthcheck")
    port = _exposed_port(config)
    if port:
        return Readiness("http", port, USUAL_PATHS, source="exposed port")
    return Readiness("exit", source="nothing exposed")


def _http(text: str, rest: str, config: Config) -> Readiness:
    found = _PORT_PATH.fullmatch(rest or "/")
    if found is None or not _TARGET.fullmatch(found["path"]):
        raise _invalid(
            text, tr("a path begins with / and has no spaces; a port may stand before it")
        )
    port = _port(text, found["port"]) if found["port"] else _suggested_port(config)
    if not port:
        raise _invalid(text, tr("it names no port, and the image exposes none"))
    return Readiness("http", port, (found["path"],))


def _suggested_port(config: Config) -> int:
    url = _healthcheck_url(config)
    return url[0] if url is not None else _exposed_port(config)


def _exposed_port(config: Config) -> int:
    """The first TCP port of EXPOSE, 0 for none; engines sort them by text, which is no order that anybody meant."""
    ports = []
    for item in config.exposed_ports:
        number, _, protocol = item.partition("/")
        if protocol in ("", "tcp") and number.isdecimal() and 0 < int(number) < 65536:
            ports.append(int(number))
    return min(ports, default=0)


def _healthcheck_url(config: Config) -> tuple[int, str] | None:
    """Port and path of a HEALTHCHECK that asks the container itself over plain HTTP."""
    if not config.healthcheck or config.healthcheck[0] not in ("CMD", "CMD-SHELL"):
        return None
    found = _URL.search(" ".join(config.healthcheck[1:]))
    if found is None:
        return None
    try:
        parts = urlsplit(found[0])
        port = parts.port or 80
    except ValueError:
        return None
    local = parts.hostname in ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104  # read, not bound
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return (port, path) if parts.scheme == "http" and local and _TARGET.fullmatch(path) else None


def _port(text: str, digits: str) -> int:
    if not (digits.isascii() and digits.isdecimal() and 0 < int(digits) < 65536):
        raise _invalid(text, tr("a port is a number from 1 to 65535"))
    return int(digits)


def _invalid(text: str, reason: str) -> InputError:
    return InputError(
        tr(
            "{text} does not say when the container is ready: {reason}.",
            text=display_text(text, 120),
            reason=reason,
        ),
        tr("Write http:/healthz, http:8080/healthz, tcp:8080, log:REGEX or exit."),
    )
