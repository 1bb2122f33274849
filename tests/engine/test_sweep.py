"""What killed sessions leave in an engine is removed by the next one; everything else is never touched."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from explorer.engine import sweep as sweeping
from explorer.engine.client import connect
from explorer.engine.containers import created_container
from explorer.engine.sweep import (
    OWNER_LABEL,
    SESSION_LABEL,
    current_session,
    leftovers,
    sweep,
    sweep_once,
)
from explorer.task import Cancelled, Task
from tests.engine import images
from tests.engine.docker import Docker, PrivateEngine
from tests.support.archives import docker_25
from tests.support.fake_engine import Exchange, FakeEngine

# A session that creates a container, says so and is killed before it can remove it.
_SESSION = """
import sys, time
from explorer.engine.client import connect
from explorer.engine.containers import created_container
from explorer.task import Task
task = Task()
with created_container(connect(sys.argv[1]), task, sys.argv[2]) as name:
    print(name, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def fresh_session(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A session in the test's own state folder, as a new process would have one."""
    current_session.cache_clear()
    monkeypatch.setattr(sweeping, "_swept", set())
    yield
    lock = current_session().lock
    if lock >= 0:
        os.close(lock)
    current_session.cache_clear()


@pytest.fixture(scope="module")
def docker(own_engine: PrivateEngine) -> Docker:
    own_engine.docker.load(docker_25(images.image("plain")))
    return own_engine.docker


def _containers(docker: Docker) -> list[str]:
    return sorted(docker("ps", "-a", "--format", "{{.Names}}").splitlines())


def _session(docker: Docker) -> tuple[subprocess.Popen[str], str]:
    """Another process of this installation with a container in the engine."""
    process = subprocess.Popen(
        [sys.executable, "-c", _SESSION, docker.host, images.tag("plain")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def _end(process: subprocess.Popen[str]) -> None:
    for stream in (process.stdin, process.stdout):
        assert stream is not None
        stream.close()
    process.wait(30)


@pytest.mark.engine
def test_that_a_killed_session_is_cleaned_up_after_by_the_next(docker: Docker) -> None:
    process, name = _session(docker)
    process.send_signal(signal.SIGKILL)
    _end(process)
    assert _containers(docker) == [name]
    with created_container(connect(docker.host), Task(), images.tag("plain")) as mine:
        assert _containers(docker) == [mine]
    assert _containers(docker) == []


@pytest.mark.engine
def test_that_two_sessions_at_once_leave_each_other_alone(docker: Docker) -> None:
    process, theirs = _session(docker)
    with created_container(connect(docker.host), Task(), images.tag("plain")) as mine:
        assert _containers(docker) == sorted([theirs, mine])
        assert [found.alive for found in leftovers(connect(docker.host))] == [True, True]
        assert sweep(connect(docker.host)) == 0
    assert _containers(docker) == [theirs]
    _end(process)
    assert _containers(docker) == []


@pytest.mark.engine
def test_that_containers_of_others_stay(docker: Docker) -> None:
    session = current_session()
    labels = {
        "another-installation": {OWNER_LABEL: "f" * 32, SESSION_LABEL: "e" * 32},
        "no-session": {SESSION_LABEL: "e" * 32},
        "unlabelled": {},
        "ours": {OWNER_LABEL: session.installation, SESSION_LABEL: "e" * 32},
        "ours-with-a-path-for-a-session": {
            OWNER_LABEL: session.installation, SESSION_LABEL: "../../etc/passwd",
        },
    }  # fmt: skip
    for name, marks in labels.items():
        options = [part for key, value in marks.items() for part in ("--label", f"{key}={value}")]
        docker("create", "--name", name, *options, images.tag("plain"), "/x")
    try:
        assert sweep(connect(docker.host)) == 2
        assert _containers(docker) == ["another-installation", "no-session", "unlabelled"]
    finally:
        docker("rm", *_containers(docker))


def _wait_for(thread: threading.Thread, task: Task) -> None:
    thread.join()
    task.checkpoint()


@pytest.mark.engine
def test_that_a_container_is_gone_when_its_creation_was_cancelled(docker: Docker) -> None:
    task = Task()
    engine = connect(docker.host, task)
    sweep_once(engine)
    creating = threading.Timer(0, task.cancel)
    creating.start()
    with pytest.raises(Cancelled), created_container(engine, task, images.tag("plain")):
        _wait_for(creating, task)
    assert _containers(docker) == []


def test_that_a_cancelled_creation_may_end_before_its_container_is_removed(
    fake: FakeEngine,
) -> None:
    order: list[str] = []
    creating, cancelled = threading.Event(), threading.Event()

    def create(exchange: Exchange) -> None:
        creating.set()
        cancelled.wait(10)
        order.append("created")
        exchange.json({"Id": "c" * 64}, 201)

    def remove(exchange: Exchange) -> None:
        order.append("removed")
        exchange.body(b"", 204)

    fake.on_json(r"/containers/json.*", [])
    fake.on(r"/containers/create.*", create)
    fake.on(r"/containers/image-explorer-.*", remove)
    task = Task()

    def cancel() -> None:
        creating.wait(10)
        task.cancel()
        cancelled.set()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    with (
        pytest.raises(Cancelled),
        created_container(connect(fake.url, task), task, "sha256:" + "a" * 64),
    ):
        pytest.fail("the task was cancelled while the container was created")
    canceller.join()
    assert order == ["created", "removed"]


def test_that_a_container_is_removed_whatever_happens_in_it(fake: FakeEngine) -> None:
    fake.on_json(r"/containers/json.*", [])
    fake.on_json(r"/containers/create.*", {"Id": "c" * 64}, 201)
    fake.on(r"/containers/image-explorer-.*", lambda exchange: exchange.body(b"", 204))
    with (
        pytest.raises(ZeroDivisionError),
        created_container(connect(fake.url), Task(), "sha256:" + "a" * 64),
    ):
        raise ZeroDivisionError
    assert [r.split("?")[0].split("-")[0] for r in fake.requests if r.startswith("DELETE")] == [
        "DELETE /containers/image"
    ]


def test_that_a_sweep_that_is_refused_costs_nothing_else(fake: FakeEngine) -> None:
    fake.on_json(r"/containers/json.*", {"message": "not here"}, 501)
    sweep_once(connect(fake.url))
    sweep_once(connect(fake.url))
    assert len([r for r in fake.requests if r.startswith("GET /containers/json")]) == 1


def test_that_without_a_state_folder_a_session_has_a_name_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    first = current_session()
    current_session.cache_clear()
    second = current_session()
    assert (first.lock, second.lock) == (-1, -1)
    assert first.installation != second.installation
