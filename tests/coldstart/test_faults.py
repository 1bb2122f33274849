"""Containers that misbehave, one fault a test: what is told, what was reached, and that nothing stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from explorer.coldstart.measurement import perform
from explorer.coldstart.phase import PHASES
from explorer.coldstart.plan import Request, plan
from explorer.coldstart.probe import Readiness
from explorer.coldstart.runner import Streams, measure, watch
from explorer.coldstart.sample import FAILED, OK, OUT_OF_MEMORY, REFUSED, TIMEOUT, Run
from explorer.coldstart.store import Store
from explorer.engine.client import Engine, connect
from explorer.engine.running import Limits
from explorer.errors import EngineError, EngineLost, EngineRefused, InputError
from explorer.task import Cancelled, Task
from tests.coldstart.conftest import MakeTarget
from tests.coldstart.engines import PORT, BridgedEngine

pytestmark = [pytest.mark.engine, pytest.mark.slow]
untouched = pytest.mark.usefixtures("left_as_it_was")


@untouched
def test_that_exit_code_1_is_told_with_the_last_log_lines(
    streams: Streams, target: MakeTarget
) -> None:
    run = measure(streams, target("complain=no database", "exit=1"), 0, 0, 0)
    assert (run.status, run.exit_code) == (FAILED, 1)
    assert "code 1" in run.detail
    assert run.log_tail == ("no database",)
    assert run.phases.last() == "exit"


@untouched
def test_that_running_out_of_memory_is_told(streams: Streams, target: MakeTarget) -> None:
    run = measure(streams, target("eat", limits=Limits(32 << 20, 0, 512)), 0, 0, 0)
    assert run.status == OUT_OF_MEMORY
    assert "memory" in run.detail


@untouched
def test_that_a_program_that_never_listens_keeps_its_earlier_phases(
    streams: Streams, target: MakeTarget
) -> None:
    run = measure(streams, target("print=hello", "wait", deadline=2.0), 0, 0, 0)
    assert run.status == TIMEOUT
    assert "listens on no TCP port" in run.detail
    assert _reached(run) == {"create", "start", "process", "first_log"}
    assert run.log_tail == ("hello",)


@untouched
def test_that_a_program_that_listens_late_is_waited_for(
    streams: Streams, target: MakeTarget
) -> None:
    run = measure(streams, target("sleep=1500ms", f"serve=:{PORT}"), 0, 0, 0)
    assert run.status == OK
    assert run.phases.ready is not None
    assert run.phases.process is not None
    assert run.phases.ready - run.phases.process > 1.0


@pytest.mark.parametrize("word", ["accept", "backlog"])
@untouched
def test_that_a_port_without_an_answer_is_listening_and_never_ready(
    streams: Streams, target: MakeTarget, word: str
) -> None:
    run = measure(streams, target(f"{word}=:{PORT}", deadline=2.0), 0, 0, 0)
    assert run.status == TIMEOUT
    assert "no HTTP answer" in run.detail
    assert run.phases.listening is not None
    assert run.phases.ready is None


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (f"127.0.0.1:{PORT}", "It listens on 127.0.0.1 only"),
        (f"[::]:{PORT}", "IPv6 only"),
        (":9090", "It listens on port 9090 instead"),
    ],
)
@untouched
def test_that_the_wrong_address_is_named(
    streams: Streams, target: MakeTarget, address: str, words: str
) -> None:
    run = measure(streams, target(f"serve={address}", deadline=2.0), 0, 0, 0)
    assert run.status == TIMEOUT
    assert words in run.detail


@untouched
def test_that_a_program_deaf_to_sigterm_goes_all_the_same(
    streams: Streams, target: MakeTarget
) -> None:
    began = time.monotonic()
    run = measure(streams, target("deaf", "wait", deadline=1.0), 0, 0, 0)
    assert run.status == TIMEOUT
    # docker stop would wait ten seconds
    assert time.monotonic() - began < 9


@untouched
def test_that_a_flood_of_log_lines_is_held_in_a_little_memory(
    streams: Streams, target: MakeTarget
) -> None:
    run, log = watch(streams, target("flood", deadline=2.0), 0, 0, 0)
    assert run.status == TIMEOUT
    assert log.total > 1 << 20
    assert len(log.lines) <= 2000
    assert len(run.log_tail) <= 50
    assert all(len(line) <= 400 for line in run.log_tail)


@untouched
def test_that_a_program_that_forks_without_end_meets_its_limit(
    streams: Streams, target: MakeTarget
) -> None:
    fork = target("fork", deadline=4.0, limits=Limits(1 << 30, 0, 64))
    run = measure(streams, fork, 0, 0, 0)
    assert run.status == TIMEOUT
    assert "limit of 64 processes" in run.detail


@untouched
def test_that_a_program_that_is_not_there_is_the_engines_refusal(
    engine: Engine, streams: Streams, target: MakeTarget
) -> None:
    from dataclasses import replace

    wanted = target()
    absent = replace(wanted, start=replace(wanted.start, entrypoint=("/nonexistent",)))
    run = measure(streams, absent, 0, 0, 0)
    assert run.status == REFUSED
    assert "/nonexistent" in run.detail
    assert run.phases.process is None


@untouched
def test_that_colour_codes_of_a_log_do_not_reach_the_terminal(
    streams: Streams, target: MakeTarget
) -> None:
    run = measure(streams, target("print=\x1b[31mred", "exit=1"), 0, 0, 0)
    assert run.log_tail == ("\\x1b[31mred",)


def test_that_a_dead_engine_ends_the_measurement_and_keeps_the_finished_runs(
    mortal: BridgedEngine, tmp_path: Path
) -> None:
    client, store = connect(mortal.host), Store(tmp_path)
    request = Request(("app",), runs=50, command=(f"serve=:{PORT}",), floor=False)
    seen: list[object] = []

    def after_two(result: object) -> None:
        seen.append(result)
        if len(seen) == 3:
            mortal.kill()

    with pytest.raises(EngineError) as caught:
        perform(Task(on_partial=after_two), client, plan(client, request), store)
    (entry,) = store.history()
    assert entry.id in caught.value.hint
    kept = store.load(entry.id)
    assert not kept.complete
    assert [run.status for run in kept.runs] == [OK] * len(seen)
    assert len(seen) == 3


def test_that_a_network_whose_interface_is_gone_is_one_error_before_the_first_run(
    mortal: BridgedEngine, tmp_path: Path
) -> None:
    client, store = connect(mortal.host), Store(tmp_path)
    request = Request(("app",), runs=5, command=("exit=0",), ready="exit")
    decided = plan(client, request)
    mortal.lose_bridge()
    with pytest.raises(InputError, match="interface ise") as caught:
        plan(client, request)
    assert "Restarting the engine" in caught.value.hint
    # It went after the question: the first refusal ends the measurement.
    with pytest.raises(EngineRefused, match="failed to create endpoint") as refused:
        perform(Task(), client, decided, store)
    assert "restart the engine" in refused.value.hint
    assert store.history() == []
    assert mortal.docker("ps", "-aq") == ""


def test_that_a_cancelled_measurement_leaves_nothing_within_five_seconds(
    bridged: BridgedEngine, engine: Engine, tmp_path: Path
) -> None:
    before = bridged.docker.state()
    request = Request(("app",), runs=20, command=("sleep=20s", f"serve=:{PORT}"), precision=True)
    decided = plan(engine, request)
    running = threading.Event()
    task = Task(on_progress=lambda progress: running.set() if progress.total else None)
    cancelled_at: list[float] = []

    def cancel() -> None:
        running.wait(60)
        while "run-" not in bridged.docker("ps", "--format", "{{.Names}}"):
            time.sleep(0.05)
        cancelled_at.append(time.monotonic())
        task.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    with pytest.raises(Cancelled):
        perform(task, engine, decided, Store(tmp_path))
    gone = time.monotonic() - cancelled_at[0]
    thread.join()
    assert bridged.docker.state() == before
    assert gone < 5


def test_that_a_killed_program_leaves_what_the_next_one_sweeps(
    bridged: BridgedEngine, engine: Engine, tmp_path: Path
) -> None:
    before = bridged.docker.state()
    command = [
        sys.executable, "-m", "explorer", "coldstart", "app", "--yes", "--precision", "--runs", "50",
        "--command", f"serve=:{PORT}", "--host", bridged.host,
    ]  # fmt: skip
    # In a session of its own, so that the worker is killed with it.
    child = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)
    _until_one_run_is_saved(child)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    assert bridged.docker.state() != before
    (entry,) = Store().history()
    assert not entry.complete
    assert Store().load(entry.id).runs
    request = Request(("app",), runs=1, warm_ups=0, command=(f"serve=:{PORT}",))
    sample = perform(Task(), engine, plan(engine, request), Store())
    assert sample.complete
    assert bridged.docker.state() == before


def test_that_an_engine_without_the_image_any_more_is_an_error(
    bridged: BridgedEngine, app: Path, engine: Engine, tmp_path: Path
) -> None:
    bridged.load_program("gone:latest", app, Labels={"a": "b"})
    decided = plan(engine, Request(("gone",), runs=1, warm_ups=0, command=("exit=0",)))
    bridged.docker("rmi", "gone:latest")
    before = bridged.docker.state()
    with pytest.raises(EngineError) as caught:
        perform(Task(), engine, decided, Store(tmp_path))
    assert not isinstance(caught.value, EngineLost)
    assert bridged.docker.state() == before


def test_that_an_arm_that_is_never_ready_is_given_up(engine: Engine, tmp_path: Path) -> None:
    request = Request(("app",), runs=20, command=("exit=3",), floor=False)
    sample = perform(Task(), engine, plan(engine, request), Store(tmp_path))
    assert not sample.complete
    assert [run.status for run in sample.runs] == [FAILED] * 3


def _until_one_run_is_saved(child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert child.poll() is None
        if any(Store().load(entry.id).runs for entry in Store().history()):
            return
        time.sleep(0.05)
    raise AssertionError("no run was saved")


def _reached(run: Run) -> set[str]:
    return {name for name in PHASES if getattr(run.phases, name) is not None}


def test_that_the_default_readiness_is_the_images_own(engine: Engine) -> None:
    decided = plan(engine, Request(("app",)))
    assert decided.spec.arms[0].readiness == Readiness(
        "http", PORT, ("/healthz", "/readyz", "/ping", "/"), source="exposed port"
    )
