"""The connection a build runs on: the context goes up in pieces, messages come down line by line."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from explorer.engine.stream import EngineStream
from explorer.engine.transport import (
    Connection,
    ConnectionBroken,
    Endpoint,
    ProtocolError,
    Response,
)
from explorer.errors import EngineRefused
from explorer.task import Task
from explorer.translation import tr

if TYPE_CHECKING:
    from explorer.engine.client import Engine

# A message carries a step's output of some seconds; the longest seen have some ten kB.
_MESSAGE_LIMIT = 16 << 20
_READ_STEP = 64 << 10
_ANSWER_LIMIT = 1 << 20


class UploadConnection(Connection):
    """A connection that takes a body piece by piece."""

    def write(self, data: memoryview) -> int:
        """How many bytes of `data` went; TimeoutError leaves everything as it was."""
        try:
            return self._socket.send(data)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise ConnectionBroken(*error.args) from error


class BuildStream(EngineStream):
    """One POST with a body of unknown length and an answer of lines; patient and cancelled as EngineStream is."""

    def __init__(self, endpoint: Endpoint, task: Task, connection: UploadConnection) -> None:
        super().__init__(endpoint, task, connection)
        self._upload = connection

    def post(self, target: str, headers: Mapping[str, str], pieces: Iterator[bytes]) -> Response:
        """Send the request and wait for the answer's head; an engine may answer before it has read all."""
        try:
            self._upload.send("POST", target, {**headers, "Transfer-Encoding": "chunked"})
            with contextlib.suppress(ConnectionBroken):
                for piece in pieces:
                    if piece:
                        self._write(b"%x\r\n" % len(piece) + piece + b"\r\n")
                self._write(b"0\r\n\r\n")
            self._task.checkpoint()
            while self._response is None:
                try:
                    self._response = self._upload.response("POST")
                except TimeoutError:
                    self._waited()
        except (OSError, ProtocolError) as error:
            raise self._lost(error) from error
        return self._response

    def lines(self) -> Iterator[bytes]:
        """The answer's lines; EngineRefused for one without end."""
        pending = b""
        for piece in self._pieces():
            *whole, pending = (pending + piece).split(b"\n")
            yield from whole
            if len(pending) > _MESSAGE_LIMIT:
                raise EngineRefused(tr("The engine sends an endless message."))
        yield pending

    def rest(self) -> bytes:
        """The answer's first megabyte."""
        held = b""
        for piece in self._pieces():
            held += piece
            if len(held) > _ANSWER_LIMIT:
                break
        return held

    def _pieces(self) -> Iterator[bytes]:
        buffer = memoryview(bytearray(_READ_STEP))
        while count := self.readinto(buffer):
            yield bytes(buffer[:count])

    def _write(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            try:
                left = left[self._upload.write(left) :]
            except TimeoutError:
                self._waited()
            else:
                self._task.checkpoint()


def ask_briefly(engine: Engine, method: str, target: str, seconds: float) -> tuple[int, bytes]:
    """(status, body) of a small exchange that ends in `seconds` whoever cancelled; status 0 when there was no answer."""
    headers = {"Connection": "close", "Content-Length": "0"}
    with (
        contextlib.suppress(OSError, ProtocolError),
        Connection(engine.endpoint, seconds) as connection,
    ):
        response = connection.request(method, engine.target(target), headers)
        return response.status, response.read(_ANSWER_LIMIT)
    return 0, b""
