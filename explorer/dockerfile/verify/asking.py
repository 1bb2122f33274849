"""One HTTP request on a connection that is already there, and which paths are worth asking for."""

from __future__ import annotations

import hashlib
import http.client
import re
import socket
from collections.abc import Iterable

from explorer.dockerfile.verify.model import Answer

# The start of a body that is compared as text, which takes a second at most; the rest counts through the digest of all.
BODY_LIMIT = 256 << 10
_READ_LIMIT = 64 << 20
_PIECE = 1 << 16
_LINKS_LIMIT = 8
_LINK = re.compile(r"""(?:href|src)\s*=\s*["'](/[^"'\s#]*)""", re.IGNORECASE)
_HEALTH_URL = re.compile(
    r"""https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\])(?::\d+)?(/[^\s"'|;&)]*)?""",
    re.IGNORECASE,
)
# Answered by every router in its own way.
MISSING_PATH = "/image-explorer-no-such-page"


class _Borrowed(http.client.HTTPConnection):
    """A client on a socket that somebody else opened."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__("localhost")
        self.sock = connection

    def connect(self) -> None:
        raise OSError


def ask(connection: socket.socket, path: str) -> Answer:
    """GET a path; an Answer with `error` for whatever is no HTTP answer."""
    client = _Borrowed(connection)
    try:
        client.request(
            "GET",
            path,
            headers={"User-Agent": "image-explorer", "Accept": "*/*", "Connection": "close"},
        )
        response = client.getresponse()
        body, digest = _read(response)
    except TimeoutError:
        return Answer(error="timeout")
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Answer(error=type(error).__name__)
    finally:
        client.close()
    headers: dict[str, str] = {}
    for name, value in response.getheaders():
        headers[name.lower()] = (
            f"{headers[name.lower()]}, {value}" if name.lower() in headers else value
        )
    return Answer(
        status=response.status,
        headers=headers,
        body=body.decode("utf-8", "replace"),
        digest=digest,
    )


def _read(response: http.client.HTTPResponse) -> tuple[bytes, str]:
    """The start of a body, and the sha256 of all of it."""
    digest = hashlib.sha256()
    held = bytearray()
    read = 0
    while read < _READ_LIMIT and (piece := response.read(_PIECE)):
        digest.update(piece)
        held += piece[: BODY_LIMIT - len(held)]
        read += len(piece)
    return bytes(held), digest.hexdigest()


def links_in(answer: Answer) -> tuple[str, ...]:
    """Paths of the same server that an HTML page links to."""
    if answer.status != 200 or not answer.headers.get("content-type", "").startswith("text/"):
        return ()
    found = [path for path in _LINK.findall(answer.body) if not path.startswith("//")]
    return tuple(dict.fromkeys(found))[:_LINKS_LIMIT]


def health_paths(words: Iterable[str]) -> tuple[str, ...]:
    """Paths that a health check asks its own container for."""
    return tuple(dict.fromkeys(path or "/" for path in _HEALTH_URL.findall(" ".join(words))))
