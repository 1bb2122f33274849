"""Asks a container's port whether it listens and whether it answers, without ever waiting for it.

A refused connection on a container's own address comes back within microseconds, so a loop of one or two milliseconds
costs little; one socket is used for all refused attempts. An attempt that was accepted stays open until it is answered,
because its answer may be slow; each second another one joins it, because it may have been accepted too early.
"""

from __future__ import annotations

import errno
import select
import socket
import time
from dataclasses import dataclass, field

from explorer.coldstart.probe import READY_STATUSES, Readiness

_MS = 1_000_000
# Half of the interval is the mean lag: 0.5 ms for fast programs, 1 ms up to 0.4 s, a quarter of a percent beyond.
INTERVALS = ((100 * _MS, 1 * _MS), (400 * _MS, 2 * _MS))
SLOW_SHARE, SLOWEST = 200, 10 * _MS
# What the program writes is often the word that it is ready; a flood of words asks no more often than this.
_HURRIED = 1 * _MS
# After an answer that is not "ready" the app is not to be flooded with requests that it may log.
ANSWERED_INTERVAL = 5 * _MS
_ANOTHER_AFTER = 1_000 * _MS
_OPEN_LIMIT = 4
# A connection attempt without answer: the address does not exist yet, or packets are dropped.
_CONNECT_PATIENCE = 100 * _MS
_HEAD_LIMIT = 4096


@dataclass
class _Attempt:
    link: socket.socket
    path: str
    began_ns: int
    connected_ns: int = 0
    head: bytes = b""


@dataclass
class Answers:
    """What was found out; times are monotonic nanoseconds, 0: not yet."""

    listening_ns: int = 0
    ready_ns: int = 0
    status: int = 0
    path: str = ""
    probe_ns: int = 0
    statuses: dict[str, int] = field(default_factory=dict)


class Attempts:
    """Attempts at one address; register() and unregister() tell the loop's poll object about sockets."""

    def __init__(self, poll: select.poll, readiness: Readiness, *, proxied: bool = False) -> None:
        self._poll, self._readiness = poll, readiness
        # Through a published port an accepted connection means nothing: the engine's proxy accepts before the app does.
        self._proxied = proxied
        self._address: tuple[str, int] | None = None
        self._open: dict[int, _Attempt] = {}
        self._spare: socket.socket | None = None
        self._began_ns = self._next_ns = self._asked_ns = 0
        self._turn = 0
        self.answers = Answers()

    def begin(self, address: tuple[str, int], now: int) -> None:
        """Start asking `address`; only when its network exists, for an earlier packet costs a second (ARP)."""
        if self._address is None:
            self._address = address
            self._began_ns = self._next_ns = now

    @property
    def address(self) -> tuple[str, int]:
        """What is asked, ("", 0) before begin()."""
        return self._address or ("", 0)

    @property
    def due_ns(self) -> int:
        """When tick() wants to be called next; 0: not at all."""
        return 0 if self._address is None or self.answers.ready_ns else self._next_ns

    def tick(self, now: int) -> None:
        """Begin a new attempt when it is time for one."""
        if self._address is None or self.answers.ready_ns or now < self._next_ns:
            return
        self._next_ns, self._asked_ns = now + self._interval(now), now
        if not self._open:
            self._connect(now)
            return
        newest = max(item.began_ns for item in self._open.values())
        connecting = [item for item in self._open.values() if not item.connected_ns]
        for item in connecting:
            if now - item.began_ns > _CONNECT_PATIENCE:
                self._drop(item)
        if connecting or now - newest < _ANOTHER_AFTER:
            return
        if len(self._open) >= _OPEN_LIMIT:
            self._drop(min(self._open.values(), key=lambda item: item.began_ns))
        self._connect(now)

    def hurry(self, now: int) -> None:
        """The program gave a sign of life: ask it now, unless it was asked a moment ago."""
        if now - self._asked_ns >= _HURRIED and not self.answers.statuses:
            self._next_ns = min(self._next_ns, now)

    def handle(self, descriptor: int) -> bool:
        """Look at a socket that poll() named; False when it is none of ours."""
        attempt = self._open.get(descriptor)
        if attempt is None:
            return False
        if not attempt.connected_ns:
            self._connected(attempt)
        else:
            self._receive(attempt)
        return True

    def close(self) -> None:
        """Close every socket."""
        for item in list(self._open.values()):
            self._drop(item)
        if self._spare is not None:
            self._spare.close()
            self._spare = None

    def _interval(self, now: int) -> int:
        if self.answers.statuses:
            return ANSWERED_INTERVAL
        waited = now - self._began_ns
        for until, step in INTERVALS:
            if waited < until:
                return step
        return min(SLOWEST, waited // SLOW_SHARE)

    def _connect(self, now: int) -> None:
        assert self._address is not None
        link, self._spare = self._spare, None
        if link is None:
            link = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = link.connect_ex(self._address)
        if code == errno.EINPROGRESS:
            # Both ends are on this machine: a refusal is back before the call returns, and asking again tells it.
            code = link.connect_ex(self._address)
        if code == errno.ECONNREFUSED:
            self._spare = link
        elif code in (0, errno.EISCONN, errno.EALREADY):
            paths = self._readiness.paths or ("/",)
            attempt = _Attempt(link, paths[self._turn % len(paths)], now)
            self._open[link.fileno()] = attempt
            self._poll.register(link, select.POLLOUT)
            if code != errno.EALREADY:
                self._connected(attempt)
        else:
            link.close()

    def _connected(self, attempt: _Attempt) -> None:
        code = attempt.link.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        now = time.monotonic_ns()
        if code:
            self._drop(attempt, keep=code == errno.ECONNREFUSED)
            return
        attempt.connected_ns = now
        if not self._proxied and not self.answers.listening_ns:
            self.answers.listening_ns = now
        if self._readiness.kind != "http":
            if self._readiness.kind == "tcp":
                self.answers.ready_ns = now
            self._drop(attempt)
            return
        host, port = self._address or ("", 0)
        request = (
            f"GET {attempt.path} HTTP/1.1\r\nHost: {host}:{port}\r\n"
            "User-Agent: image-explorer\r\nAccept: */*\r\nConnection: close\r\n\r\n"
        )
        try:
            attempt.link.send(request.encode("ascii"))
        except OSError:
            self._drop(attempt)
            return
        self._poll.modify(attempt.link, select.POLLIN)

    def _receive(self, attempt: _Attempt) -> None:
        try:
            data = attempt.link.recv(_HEAD_LIMIT)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        now = time.monotonic_ns()
        attempt.head += data
        if data and b"\n" not in attempt.head and len(attempt.head) < _HEAD_LIMIT:
            return
        status = _status(attempt.head)
        self._drop(attempt)
        if not status:
            return
        self.answers.statuses[attempt.path] = status
        if status in READY_STATUSES:
            self.answers.ready_ns, self.answers.status = now, status
            self.answers.path, self.answers.probe_ns = attempt.path, now - attempt.began_ns
        elif status == 404:
            # The next of the usual paths, the first time at once; a 503 means that this one is right and not ready yet.
            self._turn += 1
            if self._turn < len(self._readiness.paths):
                self._next_ns = now

    def _drop(self, attempt: _Attempt, *, keep: bool = False) -> None:
        descriptor = attempt.link.fileno()
        self._open.pop(descriptor, None)
        self._poll.unregister(attempt.link)
        if keep and self._spare is None:
            self._spare = attempt.link
        else:
            attempt.link.close()


def _status(head: bytes) -> int:
    """The status of an HTTP answer, 0 when it is none."""
    words = head.split(b"\n", 1)[0].split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        return 0
    return int(words[1][:3])
