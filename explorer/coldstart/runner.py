"""Measures one start of one container: a single loop over the engine's streams and our own probes, without threads."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from explorer.coldstart import pressure
from explorer.coldstart.appphases import reported_phases
from explorer.coldstart.attempts import Attempts
from explorer.coldstart.logs import Log
from explorer.coldstart.outcome import explain_timeout, listening_sockets
from explorer.coldstart.phase import Phases
from explorer.coldstart.probe import Readiness
from explorer.coldstart.sample import CLOCK, FAILED, OK, OUT_OF_MEMORY, REFUSED, TIMEOUT, Run
from explorer.engine.client import Engine
from explorer.engine.running import (
    Created,
    Start,
    State,
    address_in_network,
    address_of,
    container,
    processes_of,
    published_port,
    state_of,
)
from explorer.engine.wire import Attached, Event, Events, Wire, attach, open_events, open_wire
from explorer.errors import EngineRefused
from explorer.task import Task
from explorer.translation import sentences, tr
from explorer.units import display_text

_NS = 1_000_000_000
# Wakes the loop to look for a cancelled task and the deadline; everything else wakes it by itself.
_TICK_MS = 50
# The create event comes 0.3 ms after the answer; an engine that sends none is used without.
_CREATE_EVENT_NS = _NS // 2
# An engine that sends no start event (or lost it in a flood of them): its answer is the next best anchor.
_START_EVENT_NS = _NS // 2
# An event that seems to come from more than this before its request or after its arrival was stamped by another clock.
_CLOCK_SLACK_NS = 2_000_000
# Slewing moves the wall clock by at most 0.5 ms a second; more means that it was set.
_CLOCK_JUMP_NS = 50_000_000
# What the app wrote before its answer is still on the way, a third of a millisecond usually.
_LATE_OUTPUT_NS = 5_000_000
_FIRST_OUTPUT_NS = 20_000_000
# After the end of a container its last output is on the way.
_LAST_OUTPUT_NS = _NS // 5
_INTERRUPTED = 128 + 9


# Called with the container and where its port is reached, ("", 0) where it has none.
Visit = Callable[[Created, tuple[str, int]], None]


@dataclass
class Streams:
    """What stays open over a measurement: two wires (calls, questions beside a call) and the engine's events."""

    engine: Engine
    task: Task
    wire: Wire
    side: Wire
    events: Events


@dataclass(frozen=True)
class Target:
    """How one container is measured: how it is made, when it is ready, and where it is reached.

    `address` is known beforehand in a network namespace that exists already; `published` says that the container's own
    address cannot be reached from here, but a port of 127.0.0.1. `same_clock` is False for engines on other machines.
    """

    start: Start
    readiness: Readiness
    deadline: float
    address: str = ""
    published: bool = False
    same_clock: bool = True
    local_processes: bool = False


@contextmanager
def open_streams(engine: Engine, task: Task) -> Iterator[Streams]:
    """Open the connections of a measurement."""
    with (
        open_wire(engine, task) as wire,
        open_wire(engine, task) as side,
        open_events(engine, task) as events,
    ):
        yield Streams(engine, task, wire, side, events)


def measure(streams: Streams, target: Target, arm: int, index: int, order: int) -> Run:
    """Create, start, watch and remove one container; what goes wrong with it is told by the run's status."""
    return watch(streams, target, arm, index, order)[0]


def watch(
    streams: Streams,
    target: Target,
    arm: int,
    index: int,
    order: int,
    visit: Visit | None = None,
) -> tuple[Run, Log]:
    """measure(), and all that the container wrote; `visit` is called while a container that got ready still runs."""
    before = pressure.read_pressure()
    load = pressure.load_average()
    started_at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    log = Log(target.readiness.pattern)
    streams.task.checkpoint()
    with (
        container(streams.engine, streams.task, streams.wire, target.start) as created,
        attach(streams.engine, streams.task, created.name) as output,
    ):
        loop = _Loop(streams, target, created, output, log)
        run = loop.run(Run(arm, index, order, Phases()))
        if visit is not None and run.status == OK:
            visit(created, loop.address)
    share = pressure.share(before, pressure.read_pressure())
    done = replace(
        run,
        pressure=share,
        load=load,
        started_at=started_at,
        warnings=created.warnings,
        app_phases=tuple(reported_phases(line.text for line in log.lines)),
    )
    return done, log


class _Loop:
    """One start: what was seen so far, and what is waited for."""

    def __init__(
        self, streams: Streams, target: Target, created: Created, output: Attached, log: Log
    ) -> None:
        self._streams, self._target, self._created = streams, target, created
        self._output, self._log = output, log
        self._poll = select.poll()
        self._attempts = Attempts(self._poll, target.readiness, proxied=target.published)
        self._asked = ""
        self._started_ns = self._answered_ns = self._process_ns = self._process_arrived_ns = 0
        self._exit_ns = self._exit_code = 0
        self._out_of_memory = False
        self._created_events: list[Event] = []
        self._same_clock = target.same_clock
        self._wall_offset = 0
        self._refusal = ""

    @property
    def address(self) -> tuple[str, int]:
        """Where the container's port is asked."""
        return self._attempts.address

    def run(self, run: Run) -> Run:
        """Start the container and watch it until it is ready, has ended, or the deadline has passed."""
        try:
            return self._run(run)
        finally:
            self._attempts.close()

    def _run(self, run: Run) -> Run:
        self._poll.register(self._streams.events, select.POLLIN)
        self._poll.register(self._output, select.POLLIN)
        self._await_create_event()
        self._poll.register(self._streams.wire, select.POLLIN)
        self._poll.register(self._streams.side, select.POLLIN)
        address = self._target.address or self._address_beforehand()
        self._wall_offset = _wall_offset()
        self._started_ns = time.monotonic_ns()
        self._streams.wire.ask("POST", f"/containers/{self._created.name}/start")
        if address:
            # Nothing is censored: the address exists before the program does.
            self._attempts.begin((address, self._target.readiness.port), self._started_ns)
        deadline = self._started_ns + round(self._target.deadline * _NS)
        while not self._done():
            now = time.monotonic_ns()
            if now > deadline:
                break
            self._step(now, deadline)
        self._settle()
        return self._outcome(run)

    def _address_beforehand(self) -> str:
        """Podman has made the network when it answered the attach request, and takes its time to tell while it starts."""
        wanted = self._target.readiness.kind in ("http", "tcp") and not self._target.published
        if not (wanted and self._streams.engine.podman):
            return ""
        found = self._streams.side.call("GET", f"/containers/{self._created.name}/json")
        return address_of(found)

    def _await_create_event(self) -> None:
        """Proof that the stream of events is live, and that its stamps are made by our clock."""
        deadline = time.monotonic_ns() + _CREATE_EVENT_NS
        while not self._created_events and (now := time.monotonic_ns()) < deadline:
            self._wait(max(1, (deadline - now) // 1_000_000))
        if not self._created_events:
            self._same_clock = False
            return
        event = self._created_events[0]
        stamped = event.time_ns - _wall_offset()
        earliest = self._created.sent_ns - _CLOCK_SLACK_NS
        latest = event.arrived_ns + _CLOCK_SLACK_NS
        self._same_clock = self._same_clock and earliest <= stamped <= latest

    def _step(self, now: int, deadline: int) -> None:
        self._attempts.tick(now)
        due = min(self._attempts.due_ns or deadline, deadline)
        left_ms = -((time.monotonic_ns() - due) // 1_000_000)
        self._wait(min(_TICK_MS, max(1, left_ms)))
        if self._answered_ns and not self._process_ns and now - self._answered_ns > _START_EVENT_NS:
            self._process_ns, self._same_clock = self._answered_ns, False
            self._process_seen()

    def _wait(self, milliseconds: int) -> None:
        """Handle whatever comes first, or nothing in that time."""
        streams = self._streams
        waiting = streams.events.buffered or self._output.buffered
        ready = self._poll.poll(0 if waiting else milliseconds)
        streams.task.checkpoint()
        if not (ready or waiting):
            return
        numbers = {number for number, _ in ready}
        # Probes first: theirs are the stamps that count.
        for number in numbers:
            self._attempts.handle(number)
        written = self._output.buffered or self._output.fileno() in numbers
        if written and not self._output.ended:
            self._read_output()
        if streams.events.buffered or streams.events.fileno() in numbers:
            for event in streams.events.read():
                self._take(event)
        if streams.wire.fileno() in numbers and streams.wire.arrived():
            self._take_start_answer()
        if streams.side.fileno() in numbers and streams.side.arrived():
            self._take_address()

    def _read_output(self) -> None:
        for piece in self._output.read():
            self._log.add(piece)
        self._attempts.hurry(time.monotonic_ns())
        if self._output.ended:
            self._poll.unregister(self._output)

    def _take(self, event: Event) -> None:
        if event.kind == "network" and event.attributes.get("container") == self._created.id:
            if event.action == "connect" and not self._asked:
                self._ask_address("network", f"/networks/{event.subject}")
            return
        if event.subject != self._created.id:
            return
        if event.action == "create":
            self._created_events.append(event)
        elif event.action == "start" and not self._process_ns:
            self._process_arrived_ns = event.arrived_ns
            stamped = event.time_ns - self._wall_offset
            self._process_ns = stamped if self._same_clock else event.arrived_ns
            self._process_seen()
        elif event.action == "oom":
            self._out_of_memory = True
        elif event.action == "die" and not self._exit_ns:
            stamped = event.time_ns - self._wall_offset
            self._exit_ns = stamped if self._same_clock else event.arrived_ns
            code = event.attributes.get("exitCode", "")
            self._exit_code = int(code) if code.lstrip("-").isdecimal() else 0

    def _process_seen(self) -> None:
        """The program runs, so its network exists and may be asked."""
        if self._target.readiness.kind not in ("http", "tcp") or self._attempts.address[1]:
            return
        if self._asked.startswith("known "):
            self._begin(self._asked.removeprefix("known "), self._target.readiness.port)
        elif not self._asked:
            self._ask_address("container", f"/containers/{self._created.name}/json")

    def _ask_address(self, what: str, target: str) -> None:
        if self._target.readiness.kind in ("http", "tcp") and not self._attempts.address[1]:
            if what == "network" and self._target.published:
                return
            self._asked = what
            self._streams.side.ask("GET", target)

    def _take_address(self) -> None:
        what, port = self._asked, self._target.readiness.port
        try:
            answer = self._streams.side.answer()
        except EngineRefused:
            answer = None
        if what == "network":
            address = address_in_network(answer, self._created.id)
            self._asked = f"known {address}" if address else ""
            if self._process_ns:
                self._process_seen()
        elif what == "container":
            self._asked = "done"
            if self._target.published:
                number = published_port(answer, port)
                if number:
                    self._begin("127.0.0.1", number)
            elif address := address_of(answer):
                self._begin(address, port)

    def _begin(self, address: str, port: int) -> None:
        self._attempts.begin((address, port), time.monotonic_ns())

    def _take_start_answer(self) -> None:
        try:
            self._streams.wire.answer()
        except EngineRefused as error:
            self._refusal = error.message
        self._answered_ns = time.monotonic_ns()
        self._poll.unregister(self._streams.wire)

    def _ready_ns(self) -> int:
        if self._target.readiness.kind == "log":
            return self._log.matched_ns
        return self._attempts.answers.ready_ns

    def _done(self) -> bool:
        if self._refusal:
            return True
        if not (self._answered_ns and self._process_ns):
            return False
        return bool(self._exit_ns or self._ready_ns())

    def _settle(self) -> None:
        """Wait for output that was written before the end or the answer, and for what was asked and not answered."""
        now = time.monotonic_ns()
        while self._ready_ns() and not (self._output.ended or self._exit_ns or self._refusal):
            patience = _LATE_OUTPUT_NS if self._log.first_ns else _FIRST_OUTPUT_NS
            if time.monotonic_ns() - now > patience:
                break
            self._wait(1)
        deadline = time.monotonic_ns() + _LAST_OUTPUT_NS
        while (
            self._exit_ns
            and not self._output.ended
            and time.monotonic_ns() < deadline
            and not self._refusal
        ):
            self._wait(5)
        if self._asked in ("network", "container"):
            self._take_address()
        if not self._answered_ns:
            self._take_start_answer()
        self._log.finish()

    def _outcome(self, run: Run) -> Run:
        answers = self._attempts.answers
        state = self._inspect()
        status, detail = self._verdict(state)
        ready = self._ready_ns()
        if self._target.readiness.kind == "exit" and status == OK:
            ready = self._exit_ns
        jumped = abs(_wall_offset() - self._wall_offset) > _CLOCK_JUMP_NS
        if jumped and self._same_clock and status == OK:
            status, detail = CLOCK, tr("The machine's clock was set during the run.")
        failed = status != OK
        return replace(
            run,
            phases=Phases(
                create=(self._created.answered_ns - self._created.sent_ns) / _NS,
                start=None if self._refusal else self._since(self._answered_ns),
                process=self._since(self._ran_ns()),
                first_log=self._since(self._log.first_ns),
                listening=self._since(answers.listening_ns),
                ready=self._since(ready),
                exit=self._since(self._exit_ns),
            ),
            status=status,
            detail=detail,
            exit_code=self._exit_code if self._exit_ns else None,
            log_tail=self._log.tail() if failed else (),
            http_status=answers.status,
            path=answers.path,
            probe_seconds=answers.probe_ns / _NS if answers.probe_ns else None,
            anchor="event" if self._same_clock else "arrival",
        )

    def _ran_ns(self) -> int:
        if self._same_clock:
            return self._process_ns
        return ran_by(self._process_ns, self._log.first_ns, self._attempts.answers.listening_ns)

    def _verdict(self, state: State | None) -> tuple[str, str]:
        """How the run ended, and a sentence about it."""
        if self._refusal:
            return REFUSED, self._refusal
        if self._target.readiness.kind != "exit" and self._ready_ns():
            # A program that was ready and ended at once was fast, but it does not serve.
            finished = self._target.readiness.kind == "log" and not self._exit_code
            if not self._exit_ns or finished:
                return OK, ""
        elif self._target.readiness.kind == "exit" and self._exit_ns and not self._exit_code:
            return OK, ""
        if self._exit_ns and (self._out_of_memory or (state is not None and state.oom_killed)):
            return OUT_OF_MEMORY, tr("It was killed because it used more memory than it may.")
        if self._exit_ns:
            if self._exit_code == _INTERRUPTED:
                return FAILED, tr("It was killed (SIGKILL).")
            return FAILED, tr(
                "It ended with code {code} before it was ready.", code=self._exit_code
            )
        sockets = None
        if self._target.local_processes and state is not None and state.pid:
            sockets = listening_sockets(state.pid)
        reached = self._attempts.answers
        text = explain_timeout(self._target.readiness, self._target.deadline, reached, sockets)
        return TIMEOUT, sentences(text, self._limits_hit())

    def _limits_hit(self) -> str:
        """Which of its limits a container that still runs has reached."""
        limit = self._target.start.limits.processes
        target = f"/containers/{self._created.name}/stats?stream=0&one-shot=1"
        try:
            stats = self._streams.side.call("GET", target)
        except EngineRefused:
            return ""
        if limit and processes_of(stats) >= limit:
            return tr("It reached the limit of {n} processes.", n=limit)
        if self._out_of_memory:
            return tr("A process of it was killed because it used more memory than it may.")
        return ""

    def _inspect(self) -> State | None:
        """How the container stands, asked only when something went wrong."""
        fine = self._ready_ns() and not self._exit_ns
        if fine or (
            self._target.readiness.kind == "exit" and self._exit_ns and not self._exit_code
        ):
            return None
        try:
            return state_of(
                self._streams.side.call("GET", f"/containers/{self._created.name}/json")
            )
        except EngineRefused as error:
            self._refusal = self._refusal or display_text(error.message, 300)
            return None

    def _since(self, moment: int) -> float | None:
        """Seconds after the start request, to the microsecond."""
        return round((moment - self._started_ns) / _NS, 6) if moment else None


def ran_by(started_ns: int, *seen_ns: int) -> int:
    """When a program ran at the latest, by our clock alone: its output may overtake the news of its start (0: not seen)."""
    return min([started_ns, *filter(None, seen_ns)]) if started_ns else 0


def _wall_offset() -> int:
    """Nanoseconds from the monotonic to the wall clock, from the closest of three pairs of readings."""
    pairs = []
    for _ in range(3):
        before = time.monotonic_ns()
        wall = time.time_ns()
        after = time.monotonic_ns()
        pairs.append((after - before, wall - (before + after) // 2))
    return min(pairs)[1]
