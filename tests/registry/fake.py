"""A registry of a few lines on this machine, for token logins and for faults that a real one cannot be made to show."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.archives import OCI_INDEX, OCI_MANIFEST, Blobs, Built, Link

Reply = Callable[["Request"], None]


class Request(BaseHTTPRequestHandler):
    """One question; a reply writes whatever it likes to the connection."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        registry = self.server.registry
        registry.seen.append((self.path, dict(self.headers.items())))
        for begin, reply in registry.replies:
            if self.path.startswith(begin):
                reply(self)
                return
        self.answer(404, {"errors": [{"code": "NOT_FOUND", "message": "no such thing"}]})

    def do_CONNECT(self) -> None:
        """What a proxy is asked; this one lets nobody through."""
        self.server.registry.seen.append((f"CONNECT {self.path}", dict(self.headers.items())))
        self.answer(403)

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        self.form = self.rfile.read(length).decode()
        self.do_GET()

    def answer(self, status: int, document: object = None, **headers: str) -> None:
        body = b"" if document is None else json.dumps(document).encode()
        self.begin(status, len(body), **headers)
        self.wfile.write(body)

    def begin(self, status: int, length: int, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def break_off(self) -> None:
        """End the connection in the middle of what was promised."""
        self.wfile.flush()
        self.close_connection = True

    def log_message(self, *args: Any) -> None:
        """Tests are quiet."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    registry: FakeRegistry

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that goes away is what some tests are about."""


class FakeRegistry:
    """Serves what it was taught; `seen` has the path and headers of each question."""

    def __init__(self) -> None:
        self._server = Server(("127.0.0.1", 0), Request)
        self._server.registry = self
        self.replies: list[tuple[str, Reply]] = []
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.stopped = threading.Event()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def on(self, begin: str, reply: Reply) -> None:
        """Answer what begins so; the last one taught wins."""
        self.replies.insert(0, (begin, reply))

    def serve(
        self, name: str, tag: str, *images: Built, compression: str = "gzip"
    ) -> list[dict[str, Any]]:
        """Hold an image of one platform, or an index of several; returns the descriptors of their manifests."""
        blobs = Blobs()
        items = [blobs.manifest(image, compression) for image in images]
        top = items[0] if len(items) == 1 else blobs.index(*items)
        kinds = {item["digest"]: OCI_MANIFEST for item in items}
        kinds.setdefault(str(top["digest"]), OCI_INDEX)
        self.on("/v2/", lambda request: request.answer(200, {}) if request.path == "/v2/" else request.answer(404, {"errors": [{"message": "unknown"}]}))  # fmt: skip
        for path, content in blobs.members.items():
            assert not isinstance(content, Link)
            digest = path.removeprefix("blobs/").replace("/", ":")
            self.on(f"/v2/{name}/blobs/{digest}", _blob(content))
            if digest in kinds:
                reply = _manifest(content, kinds[digest], digest)
                self.on(f"/v2/{name}/manifests/{digest}", reply)
                if digest == top["digest"]:
                    self.on(f"/v2/{name}/manifests/{tag}", reply)
        return items

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()


def _blob(content: bytes) -> Reply:
    def reply(request: Request) -> None:
        start = 0
        if asked := request.headers.get("Range"):
            start = int(asked.removeprefix("bytes=").partition("-")[0])
            span = f"bytes {start}-{len(content) - 1}/{len(content)}"
            request.begin(206, len(content) - start, Content_Range=span)
        else:
            request.begin(200, len(content))
        request.wfile.write(content[start:])

    return reply


def _manifest(content: bytes, media_type: str, digest: str) -> Reply:
    def reply(request: Request) -> None:
        request.begin(200, len(content), Content_Type=media_type, Docker_Content_Digest=digest)
        request.wfile.write(content)

    return reply


@contextmanager
def fake_registry() -> Iterator[FakeRegistry]:
    registry = FakeRegistry()
    registry.start()
    try:
        yield registry
    finally:
        registry.stop()
