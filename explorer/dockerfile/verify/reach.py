"""Ways to talk to a container under test without letting it talk to anybody else."""

from __future__ import annotations

import ctypes
import itertools
import json
import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from explorer.dockerfile.verify.model import (
    ADDRESS,
    AUTO,
    NAMESPACE,
    NOT_REACHED,
    PUBLISHED,
)
from explorer.engine.answers import list_in, object_in, text_in
from explorer.engine.client import Engine
from explorer.engine.running import address_of, has_network, published_port
from explorer.engine.sweep import OWNER_LABEL, SESSION_LABEL, current_session
from explorer.errors import EngineRefused, ExplorerError
from explorer.task import Task

_CLONE_NEWNET = 0x40000000
_LISTEN = "0A"
# The engine answers DNS there in networks of its own.
_ENGINE_DNS = "127.0.0.11"
_REMOVE_SECONDS = 10.0
_REMOVE_SECONDS_CANCELLED = 0.4
_numbers = itertools.count(1)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Port:
    """A TCP port that something listens on: `address` as the kernel tells it, "" for every address."""

    number: int
    address: str = ""

    def __str__(self) -> str:
        return f"{self.address}:{self.number}" if self.address else f"{self.number}"


@dataclass(frozen=True)
class Reach:
    """One way to reach containers; `network` is the mode they are created with."""

    way: str
    network: str

    def publish(self, ports: tuple[int, ...]) -> tuple[int, ...]:
        """The ports to be published."""
        return ports if self.way == PUBLISHED else ()

    def listening(self, container_id: str, exposed: tuple[int, ...]) -> tuple[Port, ...]:
        """What listens in a container now; where the kernel cannot be asked, the ports it declares."""
        pid = _process_of(container_id)
        if pid:
            return _listening(pid)
        return tuple(Port(number) for number in exposed) if self.way != NOT_REACHED else ()

    def sees(self, container_id: str, exposed: tuple[int, ...]) -> bool:
        """Whether listening() tells more than nothing for a running container."""
        return bool(exposed) or bool(_process_of(container_id))

    def connect(
        self, document: Any, container_id: str, port: Port, seconds: float
    ) -> socket.socket:
        """A connection to a port of a running container, whose inspection is `document`; OSError."""
        if self.way == PUBLISHED:
            number = published_port(document, port.number)
            return socket.create_connection(("127.0.0.1", number), seconds)
        if self.way == ADDRESS and not port.address.startswith("127."):
            return socket.create_connection((address_of(document), port.number), seconds)
        pid = _process_of(container_id)
        if not pid or os.geteuid():
            raise OSError
        connection = _socket_in(pid, socket.AF_INET6 if ":" in port.address else socket.AF_INET)
        connection.settimeout(seconds)
        try:
            connection.connect((_loopback(port.address), port.number))
        except OSError:
            connection.close()
            raise
        return connection


@contextmanager
def opened_reach(engine: Engine, task: Task, choice: str = AUTO) -> Iterator[Reach]:
    """The best way there is: an internal network of our own, the container's network namespace, a port of 127.0.0.1."""
    info = engine.describe()
    near = not info.remote and not info.machine
    if choice in (AUTO, ADDRESS) and near and not info.rootless:
        with _internal_network(engine, task) as name:
            if name:
                yield Reach(ADDRESS, name)
                return
    if choice in (AUTO, NAMESPACE) and near and os.geteuid() == 0:
        yield Reach(NAMESPACE, "none")
    elif choice in (AUTO, PUBLISHED) and not info.remote and has_network(engine, "bridge"):
        yield Reach(PUBLISHED, "bridge")
    else:
        yield Reach(NOT_REACHED, "none")


@contextmanager
def _internal_network(engine: Engine, task: Task) -> Iterator[str]:
    """The name of a network that leads nowhere else; "" where the engine makes none."""
    session = current_session()
    _sweep(engine)
    name = f"image-explorer-{session.name[:12]}-net-{next(_numbers)}"
    document = {"Name": name, "Internal": True, "Labels": session.labels(), "CheckDuplicate": True}
    try:
        engine.post(task, "/networks/create", document)
    except EngineRefused as error:
        _log.info("no network for the containers: %s", error.message)
        yield ""
        return
    try:
        yield name
    finally:
        _remove(engine, name, _REMOVE_SECONDS_CANCELLED if task.cancelled else _REMOVE_SECONDS)


def _sweep(engine: Engine) -> None:
    """Remove networks that dead sessions of this installation left; one in use stays."""
    session = current_session()
    filters = quote(json.dumps({"label": [f"{OWNER_LABEL}={session.installation}"]}), safe="")
    try:
        rows = [object_in(row) for row in list_in(engine.get_json(f"/networks?filters={filters}"))]
    except ExplorerError:
        return
    for row in rows:
        if object_in(row.get("Labels")).get(SESSION_LABEL) != session.name:
            _remove(engine, text_in(row.get("Id")), _REMOVE_SECONDS)


def _remove(engine: Engine, name: str, seconds: float) -> None:
    try:
        engine.delete(f"/networks/{name}", seconds)
    except ExplorerError as error:
        _log.warning("could not remove network %s: %s", name, error.message)


def _process_of(container_id: str) -> int:
    """A process of the container as this machine numbers it, 0 for none: the engine may count in a namespace of its own."""
    if len(container_id) < 12:
        return 0
    for path in Path("/proc").glob("[0-9]*/cgroup"):
        try:
            if container_id in path.read_text("ascii", "replace"):
                return int(path.parent.name)
        except OSError:
            continue
    return 0


def _listening(pid: int) -> tuple[Port, ...]:
    """Listening TCP sockets of a network namespace (proc(5), /proc/net/tcp)."""
    found = set()
    for name in ("tcp", "tcp6"):
        try:
            rows = Path(f"/proc/{pid}/net/{name}").read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            if len(fields) > 3 and fields[3] == _LISTEN:
                address, _, port = fields[1].partition(":")
                shown = _address(address)
                if shown != _ENGINE_DNS:
                    found.add(Port(int(port, 16), shown))
    return tuple(sorted(found, key=lambda p: (p.number, p.address)))


def _address(text: str) -> str:
    """An address of /proc/net/tcp: words of four bytes in the machine's order; "" for all addresses."""
    raw = bytes.fromhex(text)
    words = [raw[place : place + 4][::-1] for place in range(0, len(raw), 4)]
    packed = b"".join(words)
    if not any(packed):
        return ""
    if len(packed) == 16 and packed[:12] == bytes(10) + b"\xff\xff":
        packed = packed[12:]
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)


def _loopback(address: str) -> str:
    return address or "127.0.0.1"


def _socket_in(pid: int, family: socket.AddressFamily) -> socket.socket:
    """A socket of another network namespace; a thread of its own enters it, for that cannot be undone safely."""
    made: list[socket.socket] = []
    failure: list[OSError] = []

    def enter() -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        try:
            with open(f"/proc/{pid}/ns/net", "rb") as namespace:
                if libc.setns(namespace.fileno(), _CLONE_NEWNET):
                    number = ctypes.get_errno()
                    failure.append(OSError(number, os.strerror(number)))
                    return
            made.append(socket.socket(family, socket.SOCK_STREAM))
        except OSError as error:
            failure.append(error)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return made[0]
