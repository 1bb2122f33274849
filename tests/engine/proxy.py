"""A socket between a program and a real engine that writes down every request that passes."""

from __future__ import annotations

import re
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Recorder:
    """Hands everything through; `requests` are "METHOD /path" without the API's version and the query."""

    def __init__(self, folder: Path, target: str) -> None:
        self.host = f"unix://{folder}/proxy.sock"
        self.requests: list[str] = []
        self._target = target.removeprefix("unix://")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(f"{folder}/proxy.sock")
        self._listener.listen(64)
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(20)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            self._threads.append(threading.Thread(target=self._serve, args=(link,)))
            self._threads[-1].start()

    def _serve(self, link: socket.socket) -> None:
        """One connection to its end; a request of ours comes in one piece and is never followed by another unanswered."""
        with link, socket.socket(socket.AF_UNIX) as engine:
            engine.connect(self._target)
            other = {link: engine, engine: link}
            try:
                while True:
                    for side in select.select(list(other), [], [])[0]:
                        data = side.recv(1 << 20)
                        if not data:
                            return
                        if side is link:
                            self._note(data)
                        other[side].sendall(data)
            except OSError:
                return  # one of the two has gone

    def _note(self, data: bytes) -> None:
        found = re.match(rb"([A-Z]+) (?:/v1\.\d+)?(/[^ ?]*)[^ ]* HTTP/", data)
        if found:
            self.requests.append(f"{found[1].decode()} {found[2].decode()}")


@contextmanager
def recorded(folder: Path, target: str) -> Iterator[Recorder]:
    recorder = Recorder(folder, target)
    try:
        yield recorder
    finally:
        recorder.close()
