"""One container under test while it is watched: what is known of it, asking it, its output."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from explorer.dockerfile.verify.asking import ask
from explorer.dockerfile.verify.model import Answer, VerifyOptions
from explorer.dockerfile.verify.reach import Port, Reach
from explorer.engine.client import Engine
from explorer.engine.running import State, state_of
from explorer.engine.wire import Wire
from explorer.errors import EngineRefused
from explorer.image.model import Image
from explorer.task import Task
from explorer.translation import tr
from explorer.units import display_text

_CONNECT_SECONDS, _CONNECT_TRIES = 0.8, 4
_ANSWER_SECONDS = 10.0
_LOG_LINES = 2000
_LOG_LIMIT = 2 << 20
_LINE_LIMIT = 4000
_FRAME_HEAD = 8


@dataclass(frozen=True)
class Questions:
    """What every arm is asked: found on the first run of the old image, the same for all."""

    ports: tuple[Port, ...] = ()
    paths: tuple[str, ...] = ()
    fixed: bool = False


@dataclass
class Watch:
    """What one run has shown so far."""

    engine: Engine
    task: Task
    wire: Wire
    reach: Reach
    options: VerifyOptions
    image: Image
    questions: Questions
    name: str
    id: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)

    def inspect(self) -> Any:
        return self.wire.call("GET", f"/containers/{self.name}/json")

    def state(self) -> State:
        return state_of(self.inspect())


def exposed_ports(image: Image) -> tuple[int, ...]:
    """The TCP ports an image declares."""
    found = (port.partition("/") for port in image.config.exposed_ports)
    return tuple(sorted(int(n) for n, _, kind in found if n.isdecimal() and kind in ("", "tcp")))


def answer_of(watch: Watch, port: Port, path: str) -> Answer:
    """One answer; a connection that does not come about is tried for some seconds, each short enough for a cancel."""
    reason = ""
    for _ in range(_CONNECT_TRIES):
        watch.task.checkpoint()
        try:
            connection = watch.reach.connect(watch.inspect(), watch.id, port, _CONNECT_SECONDS)
        except TimeoutError:
            reason = "timeout"
            continue
        except OSError as error:
            return Answer(error=type(error).__name__)
        with connection, watch.task.on_cancel(partial(_wake, connection)):
            connection.settimeout(_ANSWER_SECONDS)
            answer = ask(connection, path)
        watch.task.checkpoint()
        return answer
    return Answer(error=reason)


def _wake(connection: socket.socket) -> None:
    """End the wait of whoever reads from a connection."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def output_of(watch: Watch) -> tuple[str, ...]:
    """The output's last lines, standard output before standard error."""
    target = f"/containers/{watch.name}/logs?stdout=1&stderr=1&tail={_LOG_LINES}"
    held = bytearray()
    buffer = memoryview(bytearray(1 << 16))
    try:
        with watch.engine.stream(watch.task, target) as stream:
            while len(held) < _LOG_LIMIT and (count := stream.readinto(buffer)):
                held += buffer[:count]
    except EngineRefused as error:
        return (tr("(no output: {reason})", reason=error.message),)
    streams: dict[int, bytearray] = {1: bytearray(), 2: bytearray()}
    place = 0
    while place + _FRAME_HEAD <= len(held):
        size = int.from_bytes(held[place + 4 : place + 8], "big")
        streams.setdefault(held[place], bytearray()).extend(
            held[place + _FRAME_HEAD : place + _FRAME_HEAD + size]
        )
        place += _FRAME_HEAD + size
    text = b"".join(bytes(streams[key]) + b"\n" for key in sorted(streams) if streams[key])
    lines = text.decode("utf-8", "replace").splitlines()
    return tuple(display_text(line.rstrip(), _LINE_LIMIT) for line in lines if line.strip())
