"""An engine of a few lines on a unix socket, for faults that a real one cannot be made to show."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# What answers a request: writes to the connection whatever it likes.
Answer = Callable[["Exchange"], None]


class Exchange:
    """One request and the raw connection to answer it on."""

    def __init__(
        self, connection: socket.socket, method: str, target: str, api_version: str = "1.41"
    ) -> None:
        self.connection, self.method, self.target = connection, method, target
        self.api_version = api_version
        self.ended = threading.Event()
        # Set when the other side has closed the connection.
        self.left = threading.Event()

    def head(self, status: int = 200, **headers: str) -> None:
        lines = [f"HTTP/1.1 {status} Whatever"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode())

    def body(self, data: bytes, status: int = 200) -> None:
        self.head(status, Content_Length=str(len(data)), Api_Version=self.api_version)
        if self.method != "HEAD":
            self.send(data)

    def json(self, document: Any, status: int = 200) -> None:
        self.body(json.dumps(document).encode(), status)

    def chunk(self, data: bytes) -> None:
        self.send(b"%x\r\n%s\r\n" % (len(data), data))

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def wait(self) -> None:
        """Say nothing until the other side or the engine ends."""
        self.connection.settimeout(0.05)
        while not self.ended.is_set():
            try:
                if not self.connection.recv(1):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        if not self.ended.is_set():
            self.left.set()


class FakeEngine:
    """Answers by the first pattern that matches the target without its version; /_ping answers unless told otherwise."""

    def __init__(self, path: Path, api_version: str = "1.41") -> None:
        self.api_version = api_version
        self.url = f"unix://{path}"
        self.requests: list[str] = []
        self._answers: list[tuple[re.Pattern[str], Answer]] = []
        self._stopped = threading.Event()
        self._exchanges: list[Exchange] = []
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self.on(r"/_ping", lambda exchange: exchange.body(b"OK"))

    def start(self) -> None:
        self._threads[0].start()

    def on(self, pattern: str, answer: Answer) -> None:
        """Answer targets that match; the last one told wins."""
        self._answers.insert(0, (re.compile(pattern), answer))

    def on_json(self, pattern: str, document: Any, status: int = 200) -> None:
        self.on(pattern, lambda exchange: exchange.json(document, status))

    def stop(self) -> None:
        self._stopped.set()
        for exchange in self._exchanges:
            exchange.ended.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(2)

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            data = b""
            while b"\r\n\r\n" not in data:
                more = connection.recv(65536)
                if not more:
                    return
                data += more
            method, target, _ = data.decode("latin-1").split(" ", 2)
            target = re.sub(r"^/v1\.\d+", "", target)
            self.requests.append(f"{method} {target}")
            exchange = Exchange(connection, method, target, self.api_version)
            self._exchanges.append(exchange)
            for pattern, answer in self._answers:
                if pattern.fullmatch(target):
                    try:
                        answer(exchange)
                    except OSError:
                        return
                    return
            exchange.json({"message": f"page not found: {target}"}, 404)


@contextmanager
def fake_engine(folder: Path, api_version: str = "1.41") -> Iterator[FakeEngine]:
    """A running fake engine whose socket is in `folder`."""
    engine = FakeEngine(folder / "fake.sock", api_version)
    engine.start()
    try:
        yield engine
    finally:
        engine.stop()
