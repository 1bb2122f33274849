"""Containers that really run, to be measured: limited, labelled, named by session, and removed whatever happens."""

from __future__ import annotations

import itertools
import logging
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from explorer.engine.answers import list_in, number_in, object_in, text_in
from explorer.engine.sweep import current_session
from explorer.engine.wire import Wire
from explorer.errors import EngineRefused, ExplorerError
from explorer.task import Task
from explorer.units import display_text

if TYPE_CHECKING:
    from explorer.engine.client import Engine

# ryuk (testcontainers' reaper) tries ten times; a removal takes 60 to 150 ms when the machine is quiet.
_REMOVE_TRIES = 10
_REMOVE_PAUSE = 0.2
REMOVE_SECONDS = 20.0
# "Every container gone within 5 s of a cancel"; the process around us lives no longer than that either.
REMOVE_SECONDS_CANCELLED = 4.0
_NOT_FOUND = 404
# json-file has no cap of its own: a program that floods its log would fill the engine's disk.
_CAPPED_LOGS = {
    "json-file": {"max-size": "10m", "max-file": "1"},
    "local": {"max-size": "10m", "max-file": "1"},
}
_LOOPBACK = "127.0.0.1"
_BRIDGE_NAME = "com.docker.network.bridge.name"
_INTERFACES = "/sys/class/net"
_numbers = itertools.count(1)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Host:
    """What the engine says about the machine that its containers run on."""

    architecture: str
    cpus: int
    memory_bytes: int
    kernel: str
    log_driver: str
    cgroup_version: str
    name: str


@dataclass(frozen=True)
class Network:
    """A network of the engine, and the interface of its machine that a bridge is."""

    name: str
    driver: str
    interface: str


@dataclass(frozen=True)
class Limits:
    """What one container may use; 0: no limit."""

    memory_bytes: int = 0
    cpus: float = 0.0
    processes: int = 0


@dataclass(frozen=True)
class Start:
    """A container to be made: the image's own entrypoint and command unless others are given.

    `network` is an engine's network mode; `publish` are ports given a free port of 127.0.0.1. `env` is added to the
    image's own environment.
    """

    image_id: str
    env: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    network: str = "bridge"
    publish: tuple[int, ...] = ()
    user: str = ""
    limits: Limits = Limits()
    log_driver: str = ""


@dataclass(frozen=True)
class Created:
    """A container that was created: when the request was sent and answered (monotonic nanoseconds), engine's warnings."""

    id: str
    name: str
    sent_ns: int
    answered_ns: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class State:
    """How a container stands: `pid` is 0 when it does not run (and is of the engine's machine)."""

    running: bool
    exit_code: int
    oom_killed: bool
    pid: int
    error: str


def describe_host(engine: Engine) -> Host:
    """Ask the engine about its machine."""
    info = object_in(engine.get_json("/info"))
    return Host(
        architecture=_oci_architecture(text_in(info.get("Architecture"))),
        cpus=number_in(info.get("NCPU")),
        memory_bytes=number_in(info.get("MemTotal")),
        kernel=display_text(text_in(info.get("KernelVersion")), 120),
        log_driver=text_in(info.get("LoggingDriver")),
        cgroup_version=text_in(info.get("CgroupVersion")),
        name=display_text(text_in(info.get("Name")), 120),
    )


@contextmanager
def container(engine: Engine, task: Task, wire: Wire, start: Start) -> Iterator[Created]:
    """A container that is not started yet; at the end it is killed and removed with its anonymous volumes."""
    session = current_session()
    name = f"image-explorer-{session.name[:12]}-run-{next(_numbers)}"
    document = creation(start, session.labels())
    answered = False
    try:
        sent = time.monotonic_ns()
        answer = object_in(wire.call("POST", f"/containers/create?name={name}", document))
        received = time.monotonic_ns()
        answered = True
        warnings = tuple(display_text(str(item), 300) for item in list_in(answer.get("Warnings")))
        yield Created(text_in(answer.get("Id")), name, sent, received, warnings)
    except EngineRefused:
        answered = True
        raise
    finally:
        remove(engine, name, task, surely_there=answered)


def creation(start: Start, labels: Mapping[str, str]) -> dict[str, Any]:
    """The body of the create request: no privilege, mount, device or restart, ports on 127.0.0.1 only."""
    host: dict[str, Any] = {
        "NetworkMode": start.network,
        "AutoRemove": False,
        "RestartPolicy": {"Name": "no"},
        "Ulimits": [{"Name": "core", "Soft": 0, "Hard": 0}],
    }
    if start.limits.processes:
        host["PidsLimit"] = start.limits.processes
    if start.limits.memory_bytes:
        host["Memory"] = host["MemorySwap"] = start.limits.memory_bytes
    if start.limits.cpus:
        host["NanoCpus"] = round(start.limits.cpus * 1_000_000_000)
    if start.log_driver in _CAPPED_LOGS:
        host["LogConfig"] = {"Type": start.log_driver, "Config": _CAPPED_LOGS[start.log_driver]}
    document: dict[str, Any] = {"Image": start.image_id, "Labels": dict(labels), "HostConfig": host}
    if start.publish:
        host["PortBindings"] = {
            f"{port}/tcp": [{"HostIp": _LOOPBACK, "HostPort": ""}] for port in start.publish
        }
        document["ExposedPorts"] = {f"{port}/tcp": {} for port in start.publish}
    if start.env:
        document["Env"] = list(start.env)
    if start.entrypoint:
        document["Entrypoint"] = list(start.entrypoint)
    if start.command or start.entrypoint:
        document["Cmd"] = list(start.command)
    if start.user:
        document["User"] = start.user
    return document


def state_of(document: Any) -> State:
    """How a container stands, out of the answer to its inspection."""
    state = object_in(object_in(document).get("State"))
    return State(
        running=bool(state.get("Running")),
        exit_code=number_in(state.get("ExitCode")),
        oom_killed=bool(state.get("OOMKilled")),
        pid=number_in(state.get("Pid")),
        error=display_text(text_in(state.get("Error")), 500),
    )


def processes_of(document: Any) -> int:
    """How many processes and threads a container has, out of its statistics; 0 when they do not say."""
    return number_in(object_in(object_in(document).get("pids_stats")).get("current"))


def address_of(document: Any) -> str:
    """A container's IPv4 address, "" for none, out of the answer to its inspection."""
    settings = object_in(object_in(document).get("NetworkSettings"))
    own = text_in(settings.get("IPAddress"))
    networks = object_in(settings.get("Networks")).values()
    found = [own, *(text_in(object_in(item).get("IPAddress")) for item in networks)]
    return next((address for address in found if address), "")


def address_in_network(document: Any, container_id: str) -> str:
    """The same out of the answer to the inspection of its network, which knows it before the container has started."""
    endpoints = object_in(object_in(document).get("Containers"))
    return text_in(object_in(endpoints.get(container_id)).get("IPv4Address")).partition("/")[0]


def published_port(document: Any, port: int) -> int:
    """The port of 127.0.0.1 that leads to the container's `port`, 0 for none."""
    settings = object_in(object_in(document).get("NetworkSettings"))
    bindings = list_in(object_in(settings.get("Ports")).get(f"{port}/tcp"))
    number = text_in(object_in(bindings[0]).get("HostPort")) if bindings else ""
    return int(number) if number.isdecimal() else 0


def image_environment(document: Any) -> tuple[str, ...]:
    """The image's own environment, out of the answer to its inspection."""
    config = object_in(object_in(document).get("Config"))
    return tuple(str(item) for item in list_in(config.get("Env")))


def has_network(engine: Engine, name: str) -> bool:
    """Whether the engine has a network of this name."""
    return network_named(engine, name) is not None


def network_named(engine: Engine, name: str) -> Network | None:
    """The engine's network of a name or ID, None when it has none."""
    rows = map(object_in, list_in(engine.get_json("/networks")))
    for row in rows:
        network_id = text_in(row.get("Id"))
        if name != row.get("Name") and (len(name) < 12 or not network_id.startswith(name)):
            continue
        options = object_in(row.get("Options"))
        # libnetwork, drivers/bridge: networks that users make are bridges named br- and twelve digits of their ID.
        interface = text_in(options.get(_BRIDGE_NAME)) or f"br-{network_id[:12]}"
        return Network(name, text_in(row.get("Driver")), interface)
    return None


def interface_gone(network: Network, host: str) -> bool:
    """Whether a bridge of an engine on this machine is surely missing.

    An engine whose socket was handed into a container sees other interfaces than we do: it has another host name.
    """
    if network.driver != "bridge" or host != socket.gethostname():
        return False
    try:
        return network.interface not in os.listdir(_INTERFACES)
    except OSError:
        return False


def remove(engine: Engine, name: str, task: Task, *, surely_there: bool = True) -> bool:
    """Kill and remove a container of ours; whether it is gone. What a dead engine keeps is swept by the next session.

    Without `surely_there` the engine may still be about to create it, because nobody waited for its answer.
    """
    deadline = time.monotonic() + (REMOVE_SECONDS_CANCELLED if task.cancelled else REMOVE_SECONDS)
    tries, reason = _REMOVE_TRIES, ""
    while tries and (left := deadline - time.monotonic()) > 0:
        tries -= 1
        try:
            engine.delete(f"/containers/{name}?force=1&v=1", left)
            return True
        except EngineRefused as error:
            if error.status == _NOT_FOUND and surely_there:
                return True
            reason = error.message
        except ExplorerError as error:
            reason = error.message
            tries = min(tries, 1)
        time.sleep(min(_REMOVE_PAUSE, max(0.0, deadline - time.monotonic())))
    if surely_there:
        _log.warning("could not remove container %s: %s", name, reason)
    return False


def _oci_architecture(name: str) -> str:
    """The kernel's name of a machine as OCI writes it."""
    return {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm"}.get(name, name)
