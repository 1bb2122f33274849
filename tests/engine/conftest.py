"""Engines of every kind for the tests of this folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from explorer.engine import folders
from tests.engine.docker import Docker, PrivateEngine, answers, private_engine
from tests.support.fake_engine import FakeEngine, fake_engine


@pytest.fixture(autouse=True)
def through_containers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Layers come through containers, as for people who are not root; tests marked otherwise read the disk."""
    if "from_disk" not in request.fixturenames:
        monkeypatch.setattr(folders, "may_read", lambda _engine, _inspected: False)


@pytest.fixture
def from_disk() -> None:
    """Layers are read from the engine's folders on this disk."""
    if os.geteuid():
        pytest.skip("only root may read an engine's folders")


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeEngine]:
    """An engine that answers /_ping and whatever the test teaches it."""
    with fake_engine(tmp_path) as engine:
        yield engine


@pytest.fixture(scope="session")
def classic() -> Docker:
    """The machine's engine, which keeps images by a graph driver."""
    docker = Docker(os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock")
    if not answers(docker.host):
        pytest.skip("no container engine answers (packaging/test.sh starts one)")
    if docker("info", "-f", "{{.Driver}}") != "overlay2":
        pytest.skip("the engine does not use overlay2")
    return docker


@pytest.fixture(scope="session")
def modern() -> Docker:
    """A current engine with the containerd image store."""
    host = os.environ.get("MODERN_DOCKER_HOST")
    if not host or not answers(host):
        pytest.skip("no current engine (packaging/test.sh starts one and sets MODERN_DOCKER_HOST)")
    return Docker(host)


@pytest.fixture(scope="module")
def own_engine() -> Iterator[PrivateEngine]:
    """An engine nobody else uses, for tests that look at all of it."""
    _need_dockerd()
    with private_engine() as engine:
        yield engine


@pytest.fixture
def mortal_engine() -> Iterator[PrivateEngine]:
    """An engine that the test may kill or stop."""
    _need_dockerd()
    with private_engine() as engine:
        yield engine


def _need_dockerd() -> None:
    if shutil.which("dockerd") is None or os.geteuid() != 0:
        pytest.skip("an engine of the test's own needs dockerd and root")
