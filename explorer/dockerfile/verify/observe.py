"""One run of one image, watched: starts, ports, answers, health, files written, end, output. Limited and always removed."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager

from explorer.dockerfile.verify.asking import MISSING_PATH, health_paths, links_in
from explorer.dockerfile.verify.model import NOT_REACHED, Observation, VerifyOptions
from explorer.dockerfile.verify.reach import Port, Reach
from explorer.dockerfile.verify.waiting import wait
from explorer.dockerfile.verify.watch import (
    Questions,
    Watch,
    answer_of,
    exposed_ports,
    output_of,
)
from explorer.engine.answers import list_in, number_in, object_in, text_in
from explorer.engine.client import Engine
from explorer.engine.running import Limits, Start, creation, remove
from explorer.engine.sweep import current_session, sweep_once
from explorer.engine.wire import Wire, open_wire
from explorer.errors import EngineRefused
from explorer.image.model import Image
from explorer.task import Task

# One name for all arms, because programs print it.
_HOSTNAME = "verify"
_POLL_SECONDS = 0.05
_HEALTH_SECONDS = 10.0
_KINDS = {0: "C", 1: "A", 2: "D"}
# What the engine puts into every container.
_ENGINE_PATHS = (
    *("/dev", "/proc", "/sys", "/.dockerenv", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf"),
    *("/etc/mtab", "/run/.containerenv"),
)
_KILLED = 137
_numbers = itertools.count(1)


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
                Watch(engine, task, wire, reach, options, image, questions, name, container_id)
            )
    except EngineRefused as error:
        return Observation(False, -1, error.message, reached=reach.way), questions


def _watched(watch: Watch) -> tuple[Observation, Questions]:
    error = _started(watch)
    if error:
        refused = Observation(False, -1, error, log=output_of(watch), reached=watch.reach.way)
        return refused, watch.questions
    ports, ready = wait(watch)
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
            ready=ready,
            ports_seen=seen or not state.running,
            answers=watch.answers,
            log=output_of(watch),
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


def _started(watch: Watch) -> str:
    """Start the container; why it could not be, "" when it did."""
    try:
        watch.wire.call("POST", f"/containers/{watch.name}/start")
    except EngineRefused as error:
        return error.message
    return ""


def _asked(watch: Watch, ports: tuple[Port, ...]) -> Questions:
    """Ask every port for every path; on the first run the pages themselves say what else there is to ask."""
    questions = watch.questions
    if watch.reach.way == NOT_REACHED:
        return Questions(ports, (), fixed=True)
    if not questions.fixed:
        health = health_paths(watch.image.config.healthcheck)
        paths = dict.fromkeys(("/", *health, *watch.options.paths, MISSING_PATH))
        questions = Questions(ports, tuple(paths), fixed=True)
        for port in ports:
            links = links_in(answer_of(watch, port, "/"))
            questions = Questions(
                ports, tuple(dict.fromkeys((*questions.paths, *links))), fixed=True
            )
    for port in questions.ports:
        for path in questions.paths:
            watch.task.checkpoint()
            answer = answer_of(watch, port, path)
            watch.answers[f"{port.number}{path}"] = answer
            if answer.error:
                break
    return questions


def _health(watch: Watch) -> str:
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


def _written(watch: Watch) -> tuple[str, ...]:
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


def _stopped(watch: Watch) -> tuple[float, int, bool]:
    """(seconds, exit code, whether it had to be killed) of stopping it as docker stop does."""
    started = time.monotonic()
    watch.wire.call("POST", f"/containers/{watch.name}/stop?t={watch.options.stop_seconds}")
    seconds = time.monotonic() - started
    code = watch.state().exit_code
    return seconds, code, code == _KILLED and seconds >= watch.options.stop_seconds - 0.5
