"""One start of a real container: its phases, and the traps that most measurements fall into."""

from __future__ import annotations

import select
import socket
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from explorer.coldstart.probe import Readiness
from explorer.coldstart.runner import Streams, Target, measure, watch
from explorer.coldstart.sample import FAILED, OK, TIMEOUT, Run
from explorer.engine.client import Engine
from explorer.engine.running import (
    Start,
    address_of,
    container,
    published_port,
)
from tests.coldstart.conftest import HTTP, MakeTarget
from tests.coldstart.engines import PORT, BridgedEngine

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.usefixtures("left_as_it_was")]


def _moments(run: Run) -> dict[str, float]:
    names = ("process", "first_log", "listening", "ready", "exit")
    found = {name: getattr(run.phases, name) for name in names}
    return {name: moment for name, moment in found.items() if moment is not None}


def test_that_a_server_is_followed_from_its_creation_to_its_first_good_answer(
    streams: Streams, target: MakeTarget
) -> None:
    run = measure(streams, target("sleep=1s", f"serve=:{PORT}"), 0, 0, 0)
    assert (run.status, run.http_status, run.path, run.anchor) == (OK, 200, "/", "event")
    moments = _moments(run)
    assert set(moments) == {"process", "first_log", "listening", "ready"}
    assert max(moments, key=moments.__getitem__) == "ready"
    assert min(moments, key=moments.__getitem__) == "process"
    assert run.phases.create is not None
    assert run.phases.start is not None
    # The engine's start event comes a little after the exec, on a busy machine by a tenth of a second.
    assert moments["ready"] - moments["process"] > 0.5


def test_that_a_stamp_of_the_app_itself_lies_between_process_and_ready(
    streams: Streams, target: MakeTarget
) -> None:
    before = time.time_ns()
    run, log = watch(streams, target("sleep=100ms", f"serve=:{PORT}"), 0, 0, 0)
    stamp = next(int(line.text.split()[2]) for line in log.lines if b"stamp" in line.text)
    assert before < stamp < time.time_ns()
    # The stamp's own moment, by the engine's anchor: it cannot be after we saw the port open.
    assert run.phases.listening is not None
    assert run.phases.process is not None
    assert run.phases.ready is not None
    assert run.phases.process < run.phases.listening <= run.phases.ready


def test_that_an_engine_with_another_clock_is_timed_by_what_arrives_here(
    streams: Streams, target: MakeTarget
) -> None:
    there = replace(target(f"serve=:{PORT}"), same_clock=False)
    run = measure(streams, there, 0, 0, 0)
    assert (run.status, run.anchor) == (OK, "arrival")
    assert run.phases.process is not None
    assert run.phases.start is not None
    assert run.phases.ready is not None
    assert run.phases.process < run.phases.ready


def test_that_a_program_that_ends_is_measured_by_its_end(
    streams: Streams, target: MakeTarget
) -> None:
    run = measure(streams, target("print=done", "exit=0", readiness=Readiness("exit")), 0, 0, 0)
    assert (run.status, run.exit_code) == (OK, 0)
    assert run.phases.ready == run.phases.exit
    assert run.phases.listening is None


def test_that_a_line_of_the_log_makes_ready(streams: Streams, target: MakeTarget) -> None:
    words = ("print=starting", "sleep=1s", "complain=Ready to serve", "wait")
    readiness = Readiness("log", pattern="[Rr]eady to")
    run = measure(streams, target(*words, readiness=readiness), 0, 0, 0)
    assert run.status == OK
    assert run.phases.first_log is not None
    assert run.phases.ready is not None
    assert run.phases.ready - run.phases.first_log > 0.5


def test_that_a_program_that_says_it_is_done_and_ends_was_ready(
    streams: Streams, target: MakeTarget
) -> None:
    words = ("print=all done", "exit=0")
    run = measure(streams, target(*words, readiness=Readiness("log", pattern="done")), 0, 0, 0)
    assert (run.status, run.detail) == (OK, "")
    assert run.phases.ready is not None


def test_that_a_crash_is_not_a_fast_start(streams: Streams, target: MakeTarget) -> None:
    run = measure(streams, target("exit=0"), 0, 0, 0)
    assert (run.status, run.exit_code, run.phases.ready) == (FAILED, 0, None)


def test_that_usual_paths_are_tried_until_one_answers(streams: Streams, target: MakeTarget) -> None:
    readiness = Readiness("http", PORT, ("/healthz", "/readyz", "/ping", "/"))
    run = measure(streams, target(f"notfound=:{PORT}", readiness=readiness), 0, 0, 0)
    assert (run.status, run.path) == (OK, "/ping")


def test_that_a_port_that_answers_503_is_listening_and_not_ready(
    streams: Streams, target: MakeTarget
) -> None:
    run = measure(streams, target(f"late=:{PORT}"), 0, 0, 0)
    assert run.status == OK
    assert run.phases.listening is not None
    assert run.phases.ready is not None
    assert run.phases.ready > run.phases.listening + 0.1


def test_that_an_open_published_port_is_the_proxy_and_not_the_app(
    engine: Engine, streams: Streams, target: MakeTarget
) -> None:
    deaf = target("wait", publish=(PORT,), published=True, deadline=2.0)
    with container(engine, streams.task, streams.wire, deaf.start) as created:
        streams.wire.call("POST", f"/containers/{created.name}/start")
        document = streams.wire.call("GET", f"/containers/{created.name}/json")
        # The trap: somebody accepts, although nothing in the container listens at all.
        with socket.create_connection(("127.0.0.1", published_port(document, PORT)), 2):
            pass
    run = measure(streams, deaf, 0, 0, 0)
    assert run.status == TIMEOUT
    assert (run.phases.listening, run.phases.ready) == (None, None)


def test_that_an_answer_through_the_published_port_makes_ready(
    streams: Streams, target: MakeTarget
) -> None:
    words = ("sleep=1s", f"serve=:{PORT}")
    run = measure(streams, target(*words, publish=(PORT,), published=True), 0, 0, 0)
    assert (run.status, run.phases.listening) == (OK, None)
    assert run.phases.ready is not None
    assert run.phases.process is not None
    assert run.phases.ready - run.phases.process > 0.5


def test_that_the_command_line_client_and_the_removal_are_not_start_up_time(
    bridged: BridgedEngine, streams: Streams, target: MakeTarget
) -> None:
    quick = target("exit=0", readiness=Readiness("exit"))

    def naive() -> float:
        began = time.monotonic()
        command = ["docker", "-H", bridged.host, "run", "--rm", "app", "exit=0"]
        subprocess.run(command, check=True)
        return time.monotonic() - began

    def honest() -> float:
        run = measure(streams, quick, 0, 0, 0)
        assert run.phases.create is not None
        assert run.phases.exit is not None
        return run.phases.create + run.phases.exit

    assert _median(naive) > _median(honest)


def test_that_an_address_probed_too_early_costs_a_second_and_that_we_wait(
    bridged: BridgedEngine, engine: Engine, streams: Streams, target: MakeTarget
) -> None:
    """Linux holds a packet to an address that nobody answers for and asks again after a second (retrans_time_ms).

    Here the second is made five: on a busy machine the engine itself takes about one, which would hide the trap.
    """
    wanted = target("sleep=50ms", f"serve=:{PORT}")
    lag = 0.0
    with bridged.neighbours_asked_every(5000):
        # Now and then the container speaks first, and Linux learns its address from that.
        for _ in range(5):
            lag = _lag_when_probed_from_the_request_on(bridged, engine, streams, wanted.start)
            if lag > 2:
                break
        bridged.forget_neighbours()
        run = measure(streams, wanted, 0, 0, 0)
    assert run.phases.ready is not None
    assert run.phases.process is not None
    ours = run.phases.ready - run.phases.process
    assert lag > 2
    assert ours < lag / 2


def _lag_when_probed_from_the_request_on(
    bridged: BridgedEngine, engine: Engine, streams: Streams, start: Start
) -> float:
    """Seconds from the engine's answer to the first connection of a naive loop, begun before there is a network.

    The address is the one that the engine gives next: it counts up, so the one after the last container's.
    """
    with container(engine, streams.task, streams.wire, start) as first:
        streams.wire.call("POST", f"/containers/{first.name}/start")
        document = streams.wire.call("GET", f"/containers/{first.name}/json")
        head, _, last = address_of(document).rpartition(".")
        following = f"{head}.{int(last) + 1}"
        with container(engine, streams.task, streams.wire, start) as second:
            bridged.forget_neighbours()
            streams.wire.ask("POST", f"/containers/{second.name}/start")
            answered, connected = _naive_loop(streams, (following, PORT))
            document = streams.wire.call("GET", f"/containers/{second.name}/json")
            assert address_of(document) == following
    return connected - answered


def _naive_loop(streams: Streams, address: tuple[str, int]) -> tuple[float, float]:
    """When the engine answered and when a connection was made, by a loop that tries from the beginning."""
    answered = 0.0
    deadline = time.monotonic() + 30
    link = _connecting(address)
    try:
        while time.monotonic() < deadline:
            readable, writable, _ = select.select([streams.wire], [link], [], 0.005)
            if readable and not answered:
                streams.wire.answer()
                answered = time.monotonic()
            if not writable:
                continue
            if link.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                connected = time.monotonic()
                if not answered:
                    streams.wire.answer()
                    answered = connected
                return answered, connected
            link.close()
            link = _connecting(address)
    finally:
        link.close()
    raise AssertionError("it never listened")


def _connecting(address: tuple[str, int]) -> socket.socket:
    link = socket.socket()
    link.setblocking(False)
    link.connect_ex(address)
    return link


def test_that_a_network_made_beforehand_is_probed_from_the_start_request_on(
    engine: Engine, streams: Streams, target: MakeTarget
) -> None:
    pause = target("wait").start
    with container(engine, streams.task, streams.wire, pause) as held:
        streams.wire.call("POST", f"/containers/{held.name}/start")
        address = address_of(streams.wire.call("GET", f"/containers/{held.name}/json"))
        inside = target(f"serve=:{PORT}", network=f"container:{held.id}", address=address)
        run = measure(streams, inside, 0, 0, 0)
    assert run.status == OK
    assert run.phases.listening is not None


def _median(measured: Callable[[], float]) -> float:
    return statistics.median(measured() for _ in range(3))


def test_that_what_is_created_may_do_nothing_to_the_machine(
    bridged: BridgedEngine, engine: Engine, streams: Streams, target: MakeTarget
) -> None:
    wanted: Target = target("wait", readiness=HTTP, publish=(PORT,))
    with container(engine, streams.task, streams.wire, wanted.start) as created:
        document = streams.wire.call("GET", f"/containers/{created.name}/json")
    host, labels = document["HostConfig"], document["Config"]["Labels"]
    assert not host["Privileged"]
    assert not host["Binds"]
    assert not host["Devices"]
    assert host["RestartPolicy"]["Name"] == "no"
    assert host["PidsLimit"] == 512
    assert host["Memory"] == host["MemorySwap"] == 256 << 20
    assert host["LogConfig"]["Config"]["max-size"] == "10m"
    assert host["PortBindings"][f"{PORT}/tcp"][0]["HostIp"] == "127.0.0.1"
    assert {"io.github.image-size-explorer.owner", "io.github.image-size-explorer.session"} <= set(
        labels
    )
    assert document["Config"]["Image"].startswith("sha256:")
