"""Why a container did not become ready in time: what its sockets say, in words."""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from explorer.coldstart.attempts import Answers
from explorer.coldstart.probe import Readiness
from explorer.translation import listed, tr

# Linux include/net/tcp_states.h, as /proc/net/tcp prints it.
_LISTEN = "0A"
_LINES = 4096


@dataclass(frozen=True)
class Listener:
    """An address that a program listens at."""

    address: str
    port: int

    @property
    def loopback(self) -> bool:
        """Whether nobody outside of the container can reach it."""
        return ipaddress.ip_address(self.address).is_loopback

    @property
    def version(self) -> int:
        """4 or 6."""
        return ipaddress.ip_address(self.address).version


def listening_sockets(pid: int, proc: str = "/proc") -> tuple[Listener, ...] | None:
    """Where the programs in a process's network listen; None when that cannot be read here."""
    found: list[Listener] = []
    readable = False
    for name in ("tcp", "tcp6"):
        try:
            with open(f"{proc}/{pid}/net/{name}", encoding="ascii") as file:
                lines = file.readlines(_LINES * 200)[1:]
        except (OSError, ValueError):
            continue
        readable = True
        found += [listener for line in lines if (listener := _listener(line)) is not None]
    return tuple(found) if readable else None


def explain_timeout(
    readiness: Readiness, seconds: float, answers: Answers, sockets: Sequence[Listener] | None
) -> str:
    """One sentence or two: what was reached, and what to look at."""
    n = f"{seconds:g}"
    if readiness.kind == "exit":
        return tr("It still ran after {n} s.", n=n)
    if readiness.kind == "log":
        return tr("No line of its log matched in {n} s.", n=n)
    if answers.statuses:
        told = listed(f"{path} {status}" for path, status in answers.statuses.items())
        return tr("It answered, but not with success, for {n} s: {told}.", n=n, told=told)
    if answers.listening_ns:
        return tr(
            "It accepted connections on port {port}, but sent no HTTP answer in {n} s.",
            port=readiness.port,
            n=n,
        )
    text = tr("Nothing answered on port {port} for {n} s.", port=readiness.port, n=n)
    reason = _reason(readiness.port, sockets)
    return f"{text} {reason}" if reason else text


def _reason(port: int, sockets: Sequence[Listener] | None) -> str:
    if sockets is None:
        return ""
    here = [item for item in sockets if item.port == port]
    if here and all(item.loopback for item in here):
        return tr(
            "It listens on {address} only, which cannot be reached from outside the container: let it listen on 0.0.0.0.",
            address=here[0].address,
        )
    if here and all(item.version == 6 for item in here):
        return tr("It listens on IPv6 only; containers are reached over IPv4.")
    others = sorted({item.port for item in sockets if not item.loopback})
    if others and not here:
        ports = listed(map(str, others[:5]))
        return tr("It listens on port {ports} instead: ask there.", ports=ports)
    return "" if sockets else tr("It listens on no TCP port at all.")


def _listener(line: str) -> Listener | None:
    """One line of /proc/net/tcp or tcp6: the local address is hexadecimal, in words of the machine's byte order."""
    fields = line.split()
    if len(fields) < 4 or fields[3] != _LISTEN:
        return None
    text, _, port = fields[1].partition(":")
    try:
        words = [int(text[at : at + 8], 16) for at in range(0, len(text), 8)]
        raw = struct.pack(f"={len(words)}I", *words)
        family = socket.AF_INET if len(raw) == 4 else socket.AF_INET6
        return Listener(socket.inet_ntop(family, raw), int(port, 16))
    except (ValueError, OSError):
        return None
