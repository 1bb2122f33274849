"""Engines and programs that cold starts are measured with."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from explorer.coldstart.probe import Readiness
from explorer.coldstart.runner import Streams, Target, open_streams
from explorer.engine.client import Engine, connect
from explorer.engine.running import Limits, Start
from explorer.task import Task
from tests.coldstart.engines import PORT, BridgedEngine, bridged_engine
from tests.gobinary.programs import Build, go_build

HTTP = Readiness("http", PORT, ("/",))
MakeTarget = Callable[..., Target]


@pytest.fixture(scope="session")
def app(go: str, go_caches: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program in app/, linked statically."""
    folder = tmp_path_factory.mktemp("app")
    source = Path(__file__).parent / "app"
    shutil.copytree(source, folder / "source")
    build = Build(("-trimpath", "-ldflags=-s -w"))
    return go_build(go, go_caches, folder / "source", folder / "app", build)


@pytest.fixture(scope="session")
def bridged(app: Path) -> Iterator[BridgedEngine]:
    """An engine of this session's own whose containers have addresses, with the image `app`."""
    _need_engine()
    with bridged_engine() as engine:
        engine.load_program("app:latest", app)
        yield engine


@pytest.fixture
def mortal(app: Path) -> Iterator[BridgedEngine]:
    """The same for one test that kills it."""
    _need_engine()
    with bridged_engine() as engine:
        engine.load_program("app:latest", app)
        yield engine


@pytest.fixture
def engine(bridged: BridgedEngine) -> Engine:
    """A client of the session's engine."""
    return connect(bridged.host)


@pytest.fixture
def streams(engine: Engine) -> Iterator[Streams]:
    """The open connections of a measurement."""
    with open_streams(engine, Task()) as opened:
        yield opened


@pytest.fixture
def target(engine: Engine) -> MakeTarget:
    """Makes what is to be measured: target("sleep=100ms", "serve=:8080", readiness=…, deadline=…)."""
    image_id = engine.image("app").id

    def make(
        *words: str,
        readiness: Readiness = HTTP,
        deadline: float = 20.0,
        network: str = "bridge",
        limits: Limits = Limits(256 << 20, 0, 512),
        publish: tuple[int, ...] = (),
        published: bool = False,
        address: str = "",
    ) -> Target:
        start = Start(
            image_id,
            command=words,
            network=network,
            limits=limits,
            publish=publish,
            log_driver="json-file",
        )
        return Target(
            start, readiness, deadline, address, published=published, local_processes=True
        )

    return make


@pytest.fixture
def left_as_it_was(bridged: BridgedEngine) -> Iterator[None]:
    """Fail when the test leaves a container, image, volume or network behind, or takes one away."""
    before = bridged.docker.state()
    yield
    assert bridged.docker.state() == before


def _need_engine() -> None:
    if os.geteuid() != 0 or shutil.which("dockerd") is None or shutil.which("docker") is None:
        pytest.skip("an engine of its own needs root, dockerd and docker")
    if shutil.which("ip") is None:
        pytest.skip("a bridge of its own needs iproute2")
    if platform.machine() != "x86_64":
        pytest.skip("the test program is built for amd64")
