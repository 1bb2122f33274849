"""Engines that are not Docker on this machine: a real Podman, and an engine behind TCP as if it were elsewhere."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from explorer.coldstart.measurement import perform
from explorer.coldstart.plan import Request, plan
from explorer.coldstart.sample import OK
from explorer.coldstart.store import Store
from explorer.engine.client import Engine, connect
from explorer.errors import InputError
from explorer.task import Task
from tests.coldstart.engines import PORT, BridgedEngine, podman_service, program_archive

pytestmark = [pytest.mark.engine, pytest.mark.slow]
SERVE = f"serve=:{PORT}"


@pytest.fixture(scope="module")
def podman(app: Path) -> Iterator[str]:
    """The endpoint of a Podman of these tests' own, with the image `app`."""
    if shutil.which("podman") is None or shutil.which("runc") is None:
        pytest.skip("podman and runc are not installed")
    with podman_service() as host:
        subprocess.run(
            ["docker", "--host", host, "load", "-q"],
            input=program_archive("app:latest", app),
            check=True,
            capture_output=True,
        )
        yield host


def test_that_podman_is_measured_and_left_as_it_was(podman: str, tmp_path: Path) -> None:
    engine = connect(podman)
    assert engine.podman
    decided = plan(engine, Request(("app",), runs=2, warm_ups=0, command=(SERVE,)))
    sample = perform(Task(), engine, decided, Store(tmp_path))
    # the floor ends by itself, which Podman tells by another name of the event
    assert [run.status for run in sample.runs] == [OK] * 4
    assert {run.anchor for run in sample.runs} == {"event"}
    for run in sample.good(0):
        # the address was known beforehand: asking for it while Podman starts takes longer than the start
        assert run.phases.listening is not None
    assert any("Podman" in note for note in sample.environment.notes)
    assert engine.get_json("/containers/json?all=1") == []
    assert [row["RepoTags"] for row in engine.get_json("/images/json")] == [
        ["localhost/app:latest"]
    ]


@pytest.fixture
def far(bridged: BridgedEngine) -> Engine:
    """The session's engine, reached over TCP."""
    return connect(bridged.far)


@pytest.mark.usefixtures("left_as_it_was")
def test_that_an_engine_behind_tcp_is_said_to_be_remote_and_measured_by_our_clock_alone(
    far: Engine, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="on another machine"):
        plan(far, Request(("app",), command=(SERVE,)))
    with pytest.raises(InputError, match="Ports of containers on another machine"):
        plan(far, Request(("app",), command=(SERVE,), allow_remote=True))
    ready = Request(
        ("app",),
        ready="log:hello",
        command=("print=hello", SERVE),
        allow_remote=True,
        runs=2,
        warm_ups=0,
    )
    decided = plan(far, ready)
    assert "another machine" in "\n".join(decided.describe())
    sample = perform(Task(), far, decided, Store(tmp_path))
    assert sample.complete
    assert [run.status for run in sample.runs] == [OK] * 4
    # no stamp of the engine's clock is in any figure
    assert {run.anchor for run in sample.runs} == {"arrival"}
    assert all(run.phases.listening is None for run in sample.runs)
    assert sample.environment.remote
