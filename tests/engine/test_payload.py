"""One file out of one layer, by every way an engine gives it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from explorer.engine.client import connect
from explorer.engine.source import open_engine_image
from explorer.errors import ImageNotFound
from explorer.filesystem.cache import LayerStore
from explorer.filesystem.layer import LayerIndex
from explorer.task import Cancelled, Task
from tests.engine import images
from tests.engine.docker import Docker
from tests.support.archives import containerd, docker_25

pytestmark = pytest.mark.engine

FILES = {
    ("opaque", 0, b"data/a"): b"a" * 5000,
    ("opaque", 1, b"data/new"): b"new" * 50,
    ("whiteouts", 2, b"data/a"): b"again",
    ("names", 0, b"n/\xff\xfe not utf-8"): b"1",
    ("names", 1, b"n/\xff\xfe not utf-8"): b"over",
    ("names", 0, b"n/new\nline"): b"333",
    ("names", 0, b"n/per%20cent?query=1&b#c"): b"7",
    ("names", 0, b"n/ spaces  and 'quotes\" \\back\\x41"): b"8",
    ("names", 0, b"n/..."): b"12",
    ("links", 1, b"data/one"): b"1" * 300,
    ("volumes", 0, b"data/sub/c"): b"c" * 90,
    ("kinds", 0, b"empty"): b"",
}
NAMES = sorted({name for name, _, _ in FILES})


@pytest.fixture(scope="module", params=["classic", "modern"])
def docker(request: pytest.FixtureRequest) -> Iterator[Docker]:
    engine: Docker = request.getfixturevalue(request.param)
    save = docker_25 if request.param == "classic" else containerd
    for image in images.images(NAMES):
        engine.load(save(image))
    yield engine
    engine.remove(*map(images.tag, NAMES))


def _offset(docker: Docker, name: str, layer: int, path: bytes) -> int:
    source = open_engine_image(connect(docker.host), name, via="export")
    layers: dict[int, LayerIndex] = {}
    source.read_layers(Task(), LayerStore.private(), [layer], layers.__setitem__)
    index = layers[layer]
    return next(
        int(index.data_offset[node]) for node in range(len(index)) if index.path(node) == path
    )


@pytest.mark.parametrize("place", FILES, ids=lambda place: f"{place[0]}-{place[1]}-{place[2]!r}")
def test_that_a_files_bytes_come_whole(docker: Docker, place: tuple[str, int, bytes]) -> None:
    name, layer, path = place
    expected = FILES[place]
    offset = _offset(docker, images.tag(name), layer, path)
    for via in ("auto", "export"):
        for known in (offset, -1):
            source = open_engine_image(connect(docker.host), images.tag(name), via=via)
            held = bytearray()
            source.read_payload(Task(), layer, path, known, len(expected), held.extend)
            assert bytes(held) == expected, (via, known)


def test_that_a_file_the_layer_lacks_is_named(docker: Docker) -> None:
    for via in ("auto", "export"):
        source = open_engine_image(connect(docker.host), images.tag("opaque"), via=via)
        with pytest.raises(ImageNotFound, match="holds no file data/none"):
            source.read_payload(Task(), 0, b"data/none", -1, 5, lambda _: None)


def test_that_reading_a_file_ends_when_it_is_cancelled(docker: Docker) -> None:
    task = Task()
    source = open_engine_image(connect(docker.host, task), images.tag("opaque"))

    def cancel(_: memoryview) -> None:
        task.cancel()
        task.checkpoint()

    with pytest.raises(Cancelled):
        source.read_payload(task, 0, b"data/a", -1, 5000, cancel)
