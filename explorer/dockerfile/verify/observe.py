"""One run of one image, watched: starts, ports, answers, health, files written, end, output. Limited and always removed."""

from __future__ import annotations

import contextlib
import itertools
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from explorer.dockerfile.verify.asking import MISSING_PATH, ask, health_paths, links_in
from explorer.dockerfile.verify.model import NOT_REACHED, Answer, Observation, VerifyOptions
from explorer.dockerfile.verify.reach import Port, Reach
from explorer.engine.answers import list_in, number_in, object_in, text_in
from explorer.engine.client import Engine
from explorer.engine.running import Limits, Start, State, creation, remove, state_of
from explorer.engine.sweep import current_session, sweep_once
from explorer.engine.wire import Wire, open_wire
from explorer.errors import EngineRefused
from explorer.image.model import Image
from explorer.task import Task
from explorer.translation import tr
from explorer.units import display_text

# One name for all arms, because programs print it.
_HOSTNAME = "verify"
_POLL_SECONDS = 0.05
_SETTLE_SECONDS = 0.4
_CONNECT_SECONDS, _CONNECT_TRIES = 0.8, 4
_ANSWER_SECONDS = 10.0
_HEALTH_SECONDS = 10.0
_LOG_LINES = 2000
_LOG_LIMIT = 2 << 20
_LINE_LIMIT = 4000
_FRAME_HEAD = 8
_KINDS = {0: "C", 1: "A", 2: "D"}
# What the engine puts into every container.
_ENGINE_PATHS = (
    *("/dev", "/proc", "/sys", "/.dockerenv", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf"),
    *("/etc/mtab", "/run/.containerenv"),
)
_KILLED = 137
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Questions:
    """What every arm is asked: found on the first run of the old image, the same for all."""

    ports: tuple[Port, ...] = ()
    paths: tuple[str, ...] = ()
    fixed: bool = False


@dataclass
class _Watch:
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


def observe(
    engine: Engine,
    task: Task,
    image: Image,
    reach: Reach,
    options: VerifyOptions,
    questions: Questions,
) -> tuple[Observation, Questions]:
    """Run an image once; also returns the questions, completed if this was the first run.

    What the engine refuses to create or start is an observation too: exit code -1 and the engine's words.
    """
    try:
        with (
            open_wire(engine, task) as wire,
            _container(engine, task, wire, image, reach, options) as (name, container_id),
        ):
            return _watched(
                _Watch(engine, task, wire, reach, options, image, questions, name, container_id)
            )
    except EngineRefused as error:
        return Observation(False, -1, error.message, reached=reach.way), questions


def _watched(watch: _Watch) -> tuple[Observation, Questions]:
    error = _started(watch)
    if error:
        refused = Observation(False, -1, error, log=_log(watch), reached=watch.reach.way)
        return refused, watch.questions
    ports = _wait(watch)
    seen = watch.reach.sees(watch.id, exposed_ports(watch.image))
    questions = _asked(watch, ports)
    state = watch.state()
    health = _health(watch) if state.running else ""
    written = _written(watch)
    stop = _stopped(watch) if state.running else (-1.0, 0, False)
    return (
        Observation(
            running=state.running,
            exit_code=state.exit_code,
            error=state.error,
            out_of_memory=state.oom_killed,
            ports=tuple(map(str, ports)),
            ports_seen=seen or not state.running,
            answers=watch.answers,
            log=_log(watch),
            written=written,
            health=health,
            stop_seconds=stop[0],
            stop_code=stop[1],
            stop_killed=stop[2],
            reached=watch.reach.way,
        ),
        questions,
    )


@contextmanager
def _container(
    engine: Engine, task: Task, wire: Wire, image: Image, reach: Reach, options: VerifyOptions
) -> Iterator[tuple[str, str]]:
    """Name and ID of a created container; killed and removed at the end, with its volumes."""
    sweep_once(engine)
    session = current_session()
    name = f"image-explorer-{session.name[:12]}-verify-{next(_numbers)}"
    start = Start(
        image_id=image.id,
        env=options.env,
        command=options.command,
        network=reach.network,
        publish=reach.publish(exposed_ports(image)),
        limits=Limits(memory_bytes=options.memory_bytes, processes=options.processes),
        log_driver="json-file",
    )
    document = creation(start, session.labels())
    document |= {"Hostname": _HOSTNAME, "StopTimeout": options.stop_seconds}
    if image.config.healthcheck[:1] not in ((), ("NONE",)):
        # The same quick rhythm for both images; the command stays the image's own.
        second = 1_000_000_000
        document["Healthcheck"] = {"Interval": second, "Timeout": 3 * second, "Retries": 3}
    answered = False
    try:
        answer = object_in(wire.call("POST", f"/containers/create?name={name}", document))
        answered = True
        yield name, text_in(answer.get("Id"))
    except EngineRefused:
        answered = True
        raise
    finally:
        remove(engine, name, task, surely_there=answered)


def exposed_ports(image: Image) -> tuple[int, ...]:
    """The TCP ports an image declares."""
    found = (port.partition("/") for port in image.config.exposed_ports)
    return tuple(sorted(int(n) for n, _, kind in found if n.isdecimal() and kind in ("", "tcp")))


def _started(watch: _Watch) -> str:
    """Start the container; why it could not be, "" when it did."""
    try:
        watch.wire.call("POST", f"/containers/{watch.name}/start")
    except EngineRefused as error:
        return error.message
    return ""


def _wait(watch: _Watch) -> tuple[Port, ...]:
    """Until the ports stand that are to be expected, the program ended, or the time is over; the ports."""
    options, expected = watch.options, set(watch.questions.ports)
    exposed = exposed_ports(watch.image)
    started = time.monotonic()
    ports: tuple[Port, ...] = ()
    since = started
    while True:
        watch.task.checkpoint()
        now = time.monotonic()
        found = watch.reach.listening(watch.id, exposed)
        if found != ports:
            ports, since = found, now
        if not watch.state().running:
            return ports
        settled = now - since >= _SETTLE_SECONDS
        if watch.questions.fixed:
            enough = (
                settled
                and expected <= set(ports)
                and (bool(ports) or now - started >= options.quiet_seconds)
            )
        else:
            # A program that declares no port and opens none is not waited for as long.
            enough = settled and (
                bool(ports) or (not exposed and now - started >= options.quiet_seconds)
            )
        if enough or now - started >= options.start_seconds:
            return ports
        time.sleep(_POLL_SECONDS)


def _asked(watch: _Watch, ports: tuple[Port, ...]) -> Questions:
    """Ask every port for every path; on the first run the pages themselves say what else there is to ask."""
    questions = watch.questions
    if watch.reach.way == NOT_REACHED:
        return Questions(ports, (), fixed=True)
    if not questions.fixed:
        health = health_paths(watch.image.config.healthcheck)
        paths = dict.fromkeys(("/", *health, *watch.options.paths, MISSING_PATH))
        questions = Questions(ports, tuple(paths), fixed=True)
        for port in ports:
            links = links_in(_answer(watch, port, "/"))
            questions = Questions(
                ports, tuple(dict.fromkeys((*questions.paths, *links))), fixed=True
            )
    for port in questions.ports:
        for path in questions.paths:
            watch.task.checkpoint()
            answer = _answer(watch, port, path)
            watch.answers[f"{port.number}{path}"] = answer
            if answer.error:
                break
    return questions


def _answer(watch: _Watch, port: Port, path: str) -> Answer:
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


def _health(watch: _Watch) -> str:
    """What the image's own health check says after some rounds, "" where it has none."""
    if watch.image.config.healthcheck[:1] in ((), ("NONE",)):
        return ""
    deadline = time.monotonic() + _HEALTH_SECONDS
    while True:
        watch.task.checkpoint()
        state = object_in(object_in(watch.inspect()).get("State"))
        status = text_in(object_in(state.get("Health")).get("Status"))
        if status not in ("", "starting") or time.monotonic() > deadline:
            return status
        time.sleep(_POLL_SECONDS)


def _written(watch: _Watch) -> tuple[str, ...]:
    """Paths that the run added, changed or deleted (A, C, D); folders that only hold those are left out."""
    rows = [
        object_in(row)
        for row in list_in(watch.wire.call("GET", f"/containers/{watch.name}/changes"))
    ]
    changes = {
        text_in(row.get("Path")): _KINDS.get(number_in(row.get("Kind")), "?") for row in rows
    }
    parents = {path.rpartition("/")[0] for path in changes}
    return tuple(
        f"{kind} {path}"
        for path, kind in sorted(changes.items())
        if not (kind == "C" and path in parents) and not _is_engines(path)
    )


def _is_engines(path: str) -> bool:
    return any(path == own or path.startswith(own + "/") for own in _ENGINE_PATHS)


def _stopped(watch: _Watch) -> tuple[float, int, bool]:
    """(seconds, exit code, whether it had to be killed) of stopping it as docker stop does."""
    started = time.monotonic()
    watch.wire.call("POST", f"/containers/{watch.name}/stop?t={watch.options.stop_seconds}")
    seconds = time.monotonic() - started
    code = watch.state().exit_code
    return seconds, code, code == _KILLED and seconds >= watch.options.stop_seconds - 0.5


def _log(watch: _Watch) -> tuple[str, ...]:
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
