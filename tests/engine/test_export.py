"""The engine's export as it comes: late, silent, cut, with an error inside, and cancelled."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from explorer.engine import stream
from explorer.engine.client import connect
from explorer.engine.source import EngineSource, open_engine_image
from explorer.errors import EngineLost, EngineRefused
from explorer.filesystem.cache import LayerStore
from explorer.filesystem.layer import LayerIndex
from explorer.task import Cancelled, Progress, Task
from tests.support.archives import Built, built, docker_legacy, layer_tar, pack
from tests.support.fake_engine import Exchange, FakeEngine

IMAGE = built(layer_tar({"a": b"a" * 4000}), layer_tar({"b": b"b" * 70_000}), tags=["app:1"])
ARCHIVE = pack(docker_legacy(IMAGE))


def _holding(fake: FakeEngine, image: Built, export: Callable[[Exchange], None]) -> None:
    document = {
        "Id": image.id, "RepoTags": ["app:1"], "Os": "linux", "Architecture": "amd64", "Config": {},
        "RootFS": {"Layers": image.config["rootfs"]["diff_ids"]}, "GraphDriver": {"Name": "vfs"},
    }  # fmt: skip
    fake.on_json(r"/images/[^/]*/json.*", document)
    fake.on_json(r"/images/[^/]*/history.*", [])
    fake.on_json(r"/images/json.*", [])
    fake.on_json(r"/containers/json.*", [])
    fake.on(r"/images/[^/]*/get.*", export)


def _chunked(exchange: Exchange, data: bytes) -> None:
    exchange.head(200, Transfer_Encoding="chunked")
    for start in range(0, len(data), 32 << 10):
        exchange.chunk(data[start : start + (32 << 10)])
    exchange.chunk(b"")


def _read(fake: FakeEngine, task: Task | None = None) -> tuple[EngineSource, dict[int, LayerIndex]]:
    task = task or Task()
    source = open_engine_image(connect(fake.url, task), "app:1")
    layers: dict[int, LayerIndex] = {}
    source.read_layers(task, LayerStore.private(), [0, 1], layers.__setitem__)
    return source, layers


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask and tell at once what is otherwise asked and told after seconds."""
    monkeypatch.setattr(stream, "TICK_SECONDS", 0.05)
    monkeypatch.setattr(stream, "SILENCE_SECONDS", 0.0)
    monkeypatch.setattr(stream, "PING_SECONDS", 0.1)


def test_that_layers_of_an_export_are_proved_by_their_digests(fake: FakeEngine) -> None:
    _holding(fake, IMAGE, lambda exchange: _chunked(exchange, ARCHIVE))
    source, layers = _read(fake)
    assert (source.via, source.problems) == ("export", [])
    assert [(layers[i].complete, layers[i].verified) for i in (0, 1)] == [(True, "digest")] * 2
    assert [layers[i].content_bytes for i in (0, 1)] == [4000, 70_000]


@pytest.mark.slow
def test_that_an_export_that_starts_late_is_waited_for_while_the_engine_answers(
    fake: FakeEngine, impatient: None
) -> None:
    patient = threading.Event()
    told: list[str] = []

    def hear(progress: Progress) -> None:
        told.append(progress.text)
        if told.count("The engine is preparing the image (0 s)") > 5:
            patient.set()

    def late(exchange: Exchange) -> None:
        patient.wait(30)
        _chunked(exchange, ARCHIVE)

    _holding(fake, IMAGE, late)
    source, layers = _read(fake, Task(on_progress=hear))
    assert (sorted(layers), source.problems) == ([0, 1], [])
    assert fake.requests.count("GET /_ping") > 5


def test_that_an_engine_that_hangs_is_named_and_taken_up_again_when_it_goes_on(
    fake: FakeEngine, impatient: None
) -> None:
    seen = threading.Event()

    def hear(progress: Progress) -> None:
        if progress.text.startswith("The engine has not answered for"):
            seen.set()

    def stutter(exchange: Exchange) -> None:
        exchange.head(200, Transfer_Encoding="chunked")
        exchange.chunk(ARCHIVE[:20_000])
        fake.on("/_ping", lambda ping: ping.wait())
        seen.wait(30)
        fake.on("/_ping", lambda ping: ping.body(b"OK"))
        exchange.chunk(ARCHIVE[20_000:])
        exchange.chunk(b"")

    _holding(fake, IMAGE, stutter)
    source, layers = _read(fake, Task(on_progress=hear))
    assert seen.is_set()
    assert (sorted(layers), source.problems) == ([0, 1], [])


def test_that_an_engine_gone_while_it_prepares_is_lost(
    fake: FakeEngine, impatient: None, tmp_path: Path
) -> None:
    def vanish(exchange: Exchange) -> None:
        # nobody listens any more, but the connection stays open
        (tmp_path / "fake.sock").unlink()
        exchange.wait()

    _holding(fake, IMAGE, vanish)
    with pytest.raises(EngineLost) as caught:
        _read(fake)
    assert fake.url in caught.value.message
    assert caught.value.exit_code == 3


def test_that_layers_that_came_before_the_engine_went_stay(fake: FakeEngine) -> None:
    end_of_first = 3 * 512 + len(layer_tar({"a": b"a" * 4000})) + 4096

    def cut(exchange: Exchange) -> None:
        exchange.head(200, Transfer_Encoding="chunked")
        exchange.chunk(ARCHIVE[:end_of_first])

    _holding(fake, IMAGE, cut)
    source, layers = _read(fake)
    assert layers[0].complete
    assert 1 not in layers or not layers[1].complete
    (note,) = source.problems
    assert "was lost" in note


def test_that_an_error_written_into_the_stream_is_told_and_nothing_counts_as_complete(
    fake: FakeEngine,
) -> None:
    message = b'{"message":"write /tmp: no space \\u001b[31m left"}'

    def fail(exchange: Exchange) -> None:
        _chunked(exchange, ARCHIVE[: ARCHIVE.index(b"bbbb") + 10_000] + message)

    _holding(fake, IMAGE, fail)
    source, layers = _read(fake)
    said = " ".join([*source.problems, *(p for layer in layers.values() for p in layer.problems)])
    assert not (1 in layers and layers[1].complete)
    assert "early" in said or "cannot be read" in said or "wrong digest" in said
    assert "\x1b" not in said


def test_that_an_error_between_two_members_is_told_in_the_engines_own_words(
    fake: FakeEngine,
) -> None:
    # moby daemon/server/router/image/image_routes.go writes the error into the tar that it has begun
    second = ARCHIVE.index(b"VERSION", ARCHIVE.index(b"layer.tar"))
    start = ARCHIVE.rindex(b"\0", 0, second - 64) + 1
    at = start - start % 512
    message = b'{"message":"open /var/lib/docker/tmp: no space left on device"}'
    _holding(fake, IMAGE, lambda exchange: _chunked(exchange, ARCHIVE[:at] + message))
    source, layers = _read(fake)
    assert 1 not in layers
    assert "no space left on device" in " ".join(source.problems)


def test_that_a_refused_export_is_the_engines_error(fake: FakeEngine) -> None:
    _holding(fake, IMAGE, lambda exchange: exchange.json({"message": "empty export"}, 500))
    with pytest.raises(EngineRefused, match="empty export"):
        _read(fake)


def test_that_cancelling_closes_the_engines_stream(fake: FakeEngine) -> None:
    exchanges: list[Exchange] = []
    begun = threading.Event()

    def endless(exchange: Exchange) -> None:
        exchanges.append(exchange)
        exchange.head(200, Transfer_Encoding="chunked")
        begun.set()
        exchange.wait()

    _holding(fake, IMAGE, endless)
    task = Task()
    ended: list[Any] = []

    def read() -> None:
        try:
            _read(fake, task)
        except Cancelled:
            ended.append("cancelled")

    thread = threading.Thread(target=read)
    thread.start()
    assert begun.wait(10)
    task.cancel()
    thread.join(10)
    assert ended == ["cancelled"]
    assert exchanges[0].left.wait(10)
