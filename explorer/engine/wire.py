"""Raw keep-alive connections to an engine for measuring: small calls, the stream of events, a container's output.

A call takes 0.1 ms here and 1.1 ms through the SDK. All three have a descriptor for poll(), so that one loop without
threads sees everything in the order in which it comes, and stamps it with the monotonic clock (nanoseconds).
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from explorer.engine.answers import number_in, object_in, text_in
from explorer.engine.client import ANSWER_LIMIT, ANSWER_SECONDS, error_text, refused
from explorer.engine.stream import lost
from explorer.engine.transport import Connection, ProtocolError, Response
from explorer.errors import EngineError
from explorer.task import Task

if TYPE_CHECKING:
    from explorer.engine.client import Engine

_PIECE = 64 << 10
# One read of a stream must not hold up the loop when only half of a chunk's head has come.
_STREAM_SECONDS = 1.0
# An event is below 4 KiB; its attributes are the container's labels.
_EVENT_LIMIT = 1 << 20
# moby api/types/container/attach.go: stream, three zero bytes, length.
_FRAME_HEAD = 8
STDOUT, STDERR = 1, 2


@dataclass(frozen=True)
class Event:
    """One event: `subject` is the ID of what it is about, `time_ns` the engine's clock, `arrived_ns` our monotonic one."""

    kind: str
    action: str
    subject: str
    attributes: Mapping[str, str]
    time_ns: int
    arrived_ns: int


@dataclass(frozen=True)
class Output:
    """Bytes that a container wrote to `stream` (1: standard output, 2: standard error), and when they came."""

    stream: int
    data: bytes
    arrived_ns: int


class Wire:
    """One connection for one call after another; closed by a cancelled task."""

    def __init__(self, engine: Engine, connection: Connection, task: Task) -> None:
        self._engine, self._connection, self._task = engine, connection, task
        self._method = ""

    def fileno(self) -> int:
        """Readable when an answer to ask() comes; see arrived()."""
        return self._connection.fileno()

    def arrived(self) -> bool:
        """Whether answer() need not wait, once the descriptor is readable: what came may be TLS's own."""
        return self._connection.arrived()

    def call(self, method: str, target: str, document: Any = None) -> Any:
        """Send a request and return its JSON answer (None for none); EngineRefused, EngineLost."""
        self.ask(method, target, document)
        return self.answer()

    def upload(self, method: str, target: str, tar: bytes) -> Any:
        """Send a tar archive and return the JSON answer; of several JSON lines the last one."""
        self._send(method, target, tar, {"Content-Type": "application/x-tar"})
        return self.answer()

    def ask(self, method: str, target: str, document: Any = None) -> None:
        """Send a request, whose answer() is to be fetched later."""
        if document is None:
            self._send(method, target, b"", {})
        else:
            body = json.dumps(document).encode()
            self._send(method, target, body, {"Content-Type": "application/json"})

    def _send(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> None:
        headers["Content-Length"] = str(len(body))
        self._method = method
        with self._errors():
            self._connection.send(method, self._engine.target(target), headers, body)

    def answer(self) -> Any:
        """The answer to what was asked."""
        with self._errors():
            response = self._connection.response(self._method)
            data = response.read(ANSWER_LIMIT)
        if response.status >= 400:
            raise refused(response.status, error_text(data))
        try:
            lines = data.strip().splitlines()
            return json.loads(data) if len(lines) < 2 else json.loads(lines[-1])
        except (ValueError, RecursionError):
            return None

    @contextmanager
    def _errors(self) -> Iterator[None]:
        with _losses(self._engine, self._task):
            yield


class Events:
    """The engine's events from now on: creation, start, end of containers, and their networks."""

    def __init__(self, engine: Engine, connection: Connection, task: Task) -> None:
        self._engine, self._task = engine, task
        self._connection = connection
        filters = {
            "type": ["container", "network"],
            # Podman sends "die" to those who ask for its own word for it.
            "event": ["create", "connect", "start", "die", "died", "oom"],
        }
        target = f"/events?filters={quote(json.dumps(filters), safe='')}"
        with _losses(engine, task):
            connection.send("GET", engine.target(target))
            self._response = _head(connection, task, "GET")
        self._buffer = memoryview(bytearray(_PIECE))
        self._rest = b""

    def fileno(self) -> int:
        """Readable when events have come; see `buffered`."""
        return self._connection.fileno()

    @property
    def buffered(self) -> bool:
        """Whether read() need not wait for the descriptor."""
        return self._response.buffered

    def read(self) -> list[Event]:
        """The events that have come; EngineLost when there will be none any more."""
        with _losses(self._engine, self._task):
            try:
                count = self._response.readinto(self._buffer)
            except TimeoutError:
                return []
            arrived = time.monotonic_ns()
            if count == 0:
                raise ProtocolError("the events ended")
        self._rest += bytes(self._buffer[:count])
        *lines, self._rest = self._rest.split(b"\n")
        if len(self._rest) > _EVENT_LIMIT:
            self._rest = b""
        return [event for line in lines if (event := _event(line, arrived)) is not None]


class Attached:
    """What one container writes from its first byte on; attach before it starts."""

    def __init__(self, engine: Engine, connection: Connection, task: Task, name: str) -> None:
        self._engine, self._task = engine, task
        self._connection = connection
        self.ended = False
        with _losses(engine, task):
            connection.send(
                "POST",
                engine.target(f"/containers/{name}/attach?stream=1&stdout=1&stderr=1"),
                {"Connection": "Upgrade", "Upgrade": "tcp", "Content-Length": "0"},
            )
            self._response = _head(connection, task, "POST")
        self._buffer = memoryview(bytearray(_PIECE))
        self._head = b""
        self._stream = self._left = 0

    def fileno(self) -> int:
        """Readable when output has come; see `buffered`."""
        return self._connection.fileno()

    @property
    def buffered(self) -> bool:
        """Whether read() need not wait for the descriptor."""
        return self._response.buffered

    def read(self) -> list[Output]:
        """The output that has come; `ended` is set at its end."""
        try:
            count = self._response.readinto(self._buffer)
        except TimeoutError:
            return []
        except (OSError, ProtocolError):
            # Whether the container or the engine ended is told by the events.
            self._task.checkpoint()
            count = 0
        if count == 0:
            self.ended = True
            return []
        return self._frames(bytes(self._buffer[:count]), time.monotonic_ns())

    def _frames(self, data: bytes, arrived: int) -> list[Output]:
        found: list[Output] = []
        while data:
            if self._left == 0:
                need = _FRAME_HEAD - len(self._head)
                self._head, data = self._head + data[:need], data[need:]
                if len(self._head) < _FRAME_HEAD:
                    break
                self._stream, self._left = self._head[0], int.from_bytes(self._head[4:], "big")
                self._head = b""
                continue
            piece, data = data[: self._left], data[self._left :]
            self._left -= len(piece)
            found.append(Output(self._stream, piece, arrived))
        return found


@contextmanager
def open_wire(engine: Engine, task: Task, seconds: float = ANSWER_SECONDS) -> Iterator[Wire]:
    """A connection for calls, each answered within `seconds`."""
    with _connection(engine, task, seconds) as connection:
        yield Wire(engine, connection, task)


@contextmanager
def open_events(engine: Engine, task: Task) -> Iterator[Events]:
    """The engine's events from now on."""
    with _connection(engine, task, _STREAM_SECONDS) as connection:
        yield Events(engine, connection, task)


@contextmanager
def attach(engine: Engine, task: Task, name: str) -> Iterator[Attached]:
    """The output of a container that is created and not yet started."""
    with _connection(engine, task, _STREAM_SECONDS) as connection:
        yield Attached(engine, connection, task, name)


@contextmanager
def _connection(engine: Engine, task: Task, seconds: float) -> Iterator[Connection]:
    with _losses(engine, task):
        connection = Connection(engine.endpoint, seconds)
    with connection, task.on_cancel(connection.shutdown):
        yield connection


@contextmanager
def _losses(engine: Engine, task: Task) -> Iterator[None]:
    """Turn what a broken connection raises into EngineLost, or Cancelled where we broke it ourselves."""
    try:
        yield
    except EngineError:
        raise
    except (OSError, ProtocolError) as error:
        task.checkpoint()
        raise lost(engine.endpoint, error) from error


def _head(connection: Connection, task: Task, method: str) -> Response:
    """The head of a stream's answer, for which a busy engine is given more time than one read may take."""
    deadline = time.monotonic() + ANSWER_SECONDS
    response: Response | None = None
    while response is None:
        try:
            response = connection.response(method)
        except TimeoutError:
            task.checkpoint()
            if time.monotonic() > deadline:
                raise
    if response.status >= 400:
        text = ""
        with contextlib.suppress(OSError, ProtocolError):
            text = error_text(response.read(_PIECE))
        raise refused(response.status, text)
    return response


def _event(line: bytes, arrived: int) -> Event | None:
    try:
        document = object_in(json.loads(line)) if line.strip() else {}
    except (ValueError, RecursionError):
        return None
    actor = object_in(document.get("Actor"))
    action = text_in(document.get("Action"))
    if not action:
        return None
    attributes = object_in(actor.get("Attributes"))
    return Event(
        kind=text_in(document.get("Type")),
        action=action,
        subject=text_in(actor.get("ID")),
        attributes={str(key): text_in(value) for key, value in attributes.items()},
        time_ns=number_in(document.get("timeNano")),
        arrived_ns=arrived,
    )
