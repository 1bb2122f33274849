"""How long a container under test is waited for: until its ports stand, or until what the user named shows it is ready."""

from __future__ import annotations

import re
import time

from explorer.dockerfile.verify.reach import Port
from explorer.dockerfile.verify.ready import EXIT, HTTP, LOG, READY_STATUSES, TCP, Ready
from explorer.dockerfile.verify.watch import Watch, answer_of, exposed_ports, output_of
from explorer.engine.running import State

_POLL_SECONDS = 0.05
_SETTLE_SECONDS = 0.4
# Programs may log each request, and reading a log costs the engine a process.
_ASK_SECONDS = 0.25


def wait(watch: Watch) -> tuple[tuple[Port, ...], bool | None]:
    """The ports once they stand, the program ended, or the time is over; whether it was ready, None where nobody said how."""
    ready = watch.options.ready
    if ready is None:
        return _settled(watch, time.monotonic() + watch.options.start_seconds), None
    deadline = time.monotonic() + watch.options.start_seconds
    became = _until(watch, ready, deadline)
    return _settled(watch, min(deadline, time.monotonic() + 2 * _SETTLE_SECONDS)), became


def _settled(watch: Watch, deadline: float) -> tuple[Port, ...]:
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
        if enough or now >= deadline:
            return ports
        time.sleep(_POLL_SECONDS)


def _until(watch: Watch, ready: Ready, deadline: float) -> bool:
    asked = 0.0
    while True:
        watch.task.checkpoint()
        now, state = time.monotonic(), watch.state()
        if now - asked >= _ASK_SECONDS or not state.running:
            if _is_ready(watch, ready, state):
                return True
            asked = now
        if not state.running or now >= deadline:
            return False
        time.sleep(_POLL_SECONDS)


def _is_ready(watch: Watch, ready: Ready, state: State) -> bool:
    if ready.kind == EXIT:
        return not state.running
    if ready.kind == LOG:
        pattern = re.compile(ready.pattern)
        return any(pattern.search(line) for line in output_of(watch))
    if not state.running:
        return False
    ports = watch.reach.listening(watch.id, exposed_ports(watch.image))
    named = [port for port in ports if ready.port in (0, port.number)]
    if ready.kind == TCP:
        return bool(named)
    assert ready.kind == HTTP
    return any(answer_of(watch, port, ready.path).status in READY_STATUSES for port in named)
