"""What our commands do to an engine: only what is on the list below, and nothing of it stays."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from explorer.engine.sweep import current_session
from explorer.filesystem.cache import LayerStore
from explorer.task import Task
from explorer.workflow.analysing import analyse
from explorer.workflow.asking import list_images
from explorer.workflow.opening import Options
from explorer.workflow.payloads import Payload, extract, preview
from tests.engine import images
from tests.engine.docker import Docker, PrivateEngine
from tests.engine.proxy import recorded
from tests.support.archives import Members, containerd, docker_25

pytestmark = pytest.mark.engine

# Everything that listing, analysing, previewing and extracting may ask of an engine.
OWN = r"image-explorer-[0-9a-f]{12}-\d+"
ALLOWED = re.compile(
    rf"GET /_ping|GET /version|GET /info|GET /images/json|GET /containers/json"
    rf"|GET /images/[^/]+/(json|history|get)"
    rf"|POST /containers/create|(GET|HEAD) /containers/{OWN}/archive|DELETE /containers/{OWN}"
)
NAMES = ("opaque", "opaque-and-empty", "volumes")


def _list(host: str, _: str, __: Path) -> None:
    list_images(Task(), host)


def _analyse(via: str) -> Callable[[str, str, Path], None]:
    def run(host: str, name: str, _: Path) -> None:
        options = Options(name, via=via, host=host)
        assert analyse(Task(), options, LayerStore.private()).complete

    return run


PAYLOAD = Payload(0, b"data/sub/deep/d", -1, 12_345)


def _preview(host: str, name: str, _: Path) -> None:
    options = {"reference": name, "host": host}
    assert preview(Task(), options, PAYLOAD, 100) == b"d" * 100


def _extract(host: str, name: str, folder: Path) -> None:
    options = {"reference": name, "host": host}
    assert extract(Task(), options, PAYLOAD, str(folder / "d")) == 12_345
    assert (folder / "d").read_bytes() == b"d" * 12_345


COMMANDS = {
    "list": _list,
    "analyse-auto": _analyse("auto"),
    "analyse-export": _analyse("export"),
    "preview": _preview,
    "extract": _extract,
}


@pytest.fixture(scope="module")
def filled(own_engine: PrivateEngine) -> PrivateEngine:
    for name in NAMES:
        own_engine.docker.load(docker_25(images.image(name)))
    # of somebody else, running with a volume: must be as it was
    own_engine.docker("volume", "create", "theirs")
    own_engine.docker("create", "-v", "theirs:/v", "--name", "other", images.tag("opaque"), "/x")
    return own_engine


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("command", COMMANDS)
def test_that_an_engine_is_the_same_before_and_after(
    filled: PrivateEngine, tmp_path: Path, command: str, name: str
) -> None:
    before = filled.docker.state()
    COMMANDS[command](filled.host, images.tag(name), tmp_path)
    assert filled.docker.state() == before


@pytest.fixture(params=["classic", "modern"])
def loaded(request: pytest.FixtureRequest) -> Iterator[tuple[Docker, str]]:
    """An engine of each kind and an image in it."""
    docker: Docker = request.getfixturevalue(request.param)
    save: Callable[[Any], Members] = docker_25 if request.param == "classic" else containerd
    docker.load(save(images.image("volumes")))
    yield docker, images.tag("volumes")
    docker.remove(images.tag("volumes"))


@pytest.mark.parametrize("command", COMMANDS)
def test_that_only_what_is_on_the_list_is_asked_of_an_engine(
    loaded: tuple[Docker, str], command: str, tmp_path: Path
) -> None:
    docker, name = loaded
    current_session()
    with (
        tempfile.TemporaryDirectory(prefix="ise-") as folder,
        recorded(Path(folder), docker.host) as proxy,
    ):
        COMMANDS[command](proxy.host, name, tmp_path)
        asked = list(proxy.requests)
    assert [request for request in asked if not ALLOWED.fullmatch(request)] == []
    created = sum(request.startswith("POST") for request in asked)
    removed = sum(request.startswith("DELETE") for request in asked)
    assert created == removed
    assert (created > 0) == (command in ("analyse-auto", "preview", "extract"))
