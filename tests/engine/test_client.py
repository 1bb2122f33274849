"""What an engine says of its images, old and new, friendly and hostile; and that asking can always be cancelled."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import Any

import pytest

from explorer.engine.client import EngineImage, connect
from explorer.engine.inspection import inspect
from explorer.errors import EngineLost, EngineRefused, ExplorerError, ImageNotFound
from explorer.image.model import Platform
from explorer.task import Cancelled, Task
from tests.support.fake_engine import Exchange, FakeEngine, fake_engine

ID = "sha256:" + "1a" * 32
LAYERS = ["sha256:" + f"{n}" * 64 for n in (7, 8)]
LISTED = {
    "Id": ID, "RepoTags": ["app:1", "app:latest"], "Size": 1234, "Created": 1_700_000_000, "Labels": None,
}  # fmt: skip
INSPECTED = {
    "Id": ID, "RepoTags": ["app:1"], "Created": "2026-11-24T00:00:00Z", "Architecture": "arm64", "Os": "linux",
    "Variant": "v8", "Size": 1234,
    "Config": {"Env": ["A=b"], "Cmd": ["/app"], "Volumes": {"/data": {}}, "Labels": {"k": "v"}},
    "RootFS": {"Type": "layers", "Layers": LAYERS},
}  # fmt: skip
HISTORY = [
    {"Id": ID, "Created": 1_700_000_002, "CreatedBy": '/bin/sh -c #(nop)  CMD ["/app"]', "Size": 0},
    {"Id": "<missing>", "Created": 1_700_000_001, "CreatedBy": "/bin/sh -c make", "Size": 30},
    {"Id": "<missing>", "Created": 1_700_000_000, "CreatedBy": "/bin/sh -c #(nop) ADD file:x in /", "Size": 500},
]  # fmt: skip


def _holding(fake: FakeEngine, **document: Any) -> None:
    """Teach the fake engine one image."""
    fake.on_json(rf"/images/(app%3A1|{ID.replace(':', '%3A')})/json.*", {**INSPECTED, **document})
    fake.on_json(r"/images/[^/]*/history.*", HISTORY)
    fake.on_json(r"/images/json.*", [LISTED])
    fake.on_json(r"/containers/json.*", [])


def test_that_the_list_tells_tags_sizes_times_and_users(fake: FakeEngine) -> None:
    dangling = {"Id": ID[:-1] + "f", "RepoTags": ["<none>:<none>"], "Size": 5, "Created": 0}
    fake.on_json(r"/images/json.*", [LISTED, dangling])
    ours = {"ImageID": ID, "Labels": {"io.github.image-size-explorer.owner": "x"}}
    fake.on_json(r"/containers/json.*", [{"ImageID": ID, "Labels": {}}, ours])
    first, second = connect(fake.url).images()
    assert first == EngineImage(ID, ("app:1", "app:latest"), 1234, "2023-11-14T22:13:20Z", 1)
    assert (second.tags, second.created, second.containers) == ((), "", 0)


def test_that_newer_engines_are_asked_for_platforms(tmp_path: Path) -> None:
    with fake_engine(tmp_path, "1.51") as fake:
        manifest = {
            "Kind": "image", "Available": True,
            "ImageData": {"Platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}},
        }  # fmt: skip
        attestation = {**manifest, "Kind": "attestation"}
        fake.on_json(r"/images/json.*", [{**LISTED, "Manifests": [attestation, manifest]}])
        fake.on_json(r"/containers/json.*", [])
        (image,) = connect(fake.url).images()
        assert "GET /images/json?manifests=1" in fake.requests
    assert image.platform == Platform("linux", "arm64", "v8")


def test_that_an_image_of_a_graph_driver_is_described_with_folders_and_sizes(
    fake: FakeEngine,
) -> None:
    data = {"UpperDir": "/var/lib/docker/2/diff", "LowerDir": "/var/lib/docker/1/diff"}
    _holding(fake, GraphDriver={"Name": "overlay2", "Data": data})
    found = inspect(connect(fake.url), "app:1")
    assert (found.driver, found.folders, found.sizes, found.descriptor) == (
        "overlay2", ("/var/lib/docker/1/diff", "/var/lib/docker/2/diff"), (500, 30), "",
    )  # fmt: skip
    image = found.image
    assert (image.id, image.tags, str(image.platform)) == (ID, ("app:1",), "linux/arm64/v8")
    assert image.config.volumes == ("/data",)
    assert [layer.diff_id for layer in image.layers] == LAYERS
    assert [layer.history.created_by for layer in image.layers if layer.history] == [
        "/bin/sh -c #(nop) ADD file:x in /", "/bin/sh -c make",
    ]  # fmt: skip
    assert [step.empty_layer for step in image.history] == [False, False, True]


def test_that_an_image_of_the_containerd_store_is_described_by_its_descriptor(
    tmp_path: Path,
) -> None:
    with fake_engine(tmp_path, "1.51") as fake:
        _holding(fake, Descriptor={"digest": ID, "size": 3}, GraphDriver=None)
        found = inspect(connect(fake.url), "app:1")
        assert "GET /images/app%3A1/json?manifests=1" in fake.requests
    assert (found.driver, found.folders, found.descriptor) == ("", (), ID)
    # its history counts what snapshots occupy, which proves nothing
    assert found.sizes == (-1, -1)


def test_that_a_missing_image_is_answered_with_the_nearest_names(fake: FakeEngine) -> None:
    _holding(fake)
    fake.on_json(r"/images/json.*", [{**LISTED, "RepoTags": ["shop/app:1.2", "other:1"]}])
    with pytest.raises(ImageNotFound) as caught:
        inspect(connect(fake.url), "app:1.3")
    assert caught.value.message == "The engine has no image app:1.3."
    assert caught.value.hint == "Did you mean shop/app:1.2?"


def test_that_a_missing_image_without_near_names_is_said_not_to_be_pulled(fake: FakeEngine) -> None:
    _holding(fake)
    fake.on_json(r"/images/json.*", [])
    with pytest.raises(ImageNotFound) as caught:
        inspect(connect(fake.url), "nothing:1")
    assert "never pulled" in caught.value.hint


def test_that_another_platform_than_the_one_asked_for_names_those_that_are_there(
    tmp_path: Path,
) -> None:
    with fake_engine(tmp_path, "1.51") as fake:
        rows = [
            {"Kind": "image", "Available": True, "ImageData": {"Platform": {"os": "linux", "architecture": name}}}
            for name in ("amd64", "arm64")
        ]  # fmt: skip
        _holding(fake, Manifests=rows, Descriptor={"digest": ID})
        fake.on_json(r"/images/app%3A1/json\?platform=.*", {"message": "no such platform"}, 404)
        with pytest.raises(ImageNotFound) as caught:
            inspect(connect(fake.url), "app:1", "linux/s390x")
    assert caught.value.message == "app:1 is not available for linux/s390x."
    assert caught.value.hint == "The engine has it for linux/amd64, linux/arm64."


@pytest.mark.parametrize(
    "document",
    [
        None, [], "text", 7, {}, {"Id": 5, "RootFS": []}, {**INSPECTED, "RootFS": {"Layers": [None, 3]}},
        {**INSPECTED, "Config": {"Env": 7, "Labels": ["x"]}}, {**INSPECTED, "Created": -1},
    ],
)  # fmt: skip
def test_that_no_answer_of_an_engine_is_more_than_an_error(fake: FakeEngine, document: Any) -> None:
    fake.on_json(r"/images/[^/]*/json.*", document)
    fake.on_json(r"/images/[^/]*/history.*", document)
    fake.on_json(r"/images/json.*", document)
    fake.on_json(r"/containers/json.*", document)
    engine = connect(fake.url)
    engine.images()
    # whatever is wrong with it is an error of ours; some of it is an image without layers
    with contextlib.suppress(ExplorerError):
        inspect(engine, "app:1")


def test_that_an_error_of_the_engine_is_shown_harmless_and_cut(fake: FakeEngine) -> None:
    fake.on_json("/x", {"message": "\x1b[31mno\nspace \u202e" + "y" * 10_000}, 500)
    with pytest.raises(EngineRefused) as caught:
        connect(fake.url).get_json("/x")
    message = caught.value.message
    assert message.startswith("The engine answered: \\x1b[31mno\\nspace \\u202eyyy")
    assert (len(message) < 2100, caught.value.status) == (True, 500)
    assert caught.value.hint == "The engine's log says more."


@pytest.mark.parametrize("data", [b"{cut", b"\xff\xfe", b"[" * 100_000])
def test_that_an_answer_that_is_no_json_is_refused(fake: FakeEngine, data: bytes) -> None:
    fake.on("/x", lambda exchange: exchange.body(data))
    with pytest.raises(EngineRefused, match="not understood"):
        connect(fake.url).get_json("/x")


def test_that_an_engine_that_closes_inside_an_answer_is_lost(fake: FakeEngine) -> None:
    def answer(exchange: Exchange) -> None:
        exchange.head(200, Content_Length="100")
        exchange.send(b'{"Id": ')

    fake.on("/x", answer)
    with pytest.raises(EngineLost, match="the connection was closed"):
        connect(fake.url).get_json("/x")


def test_that_whatever_is_asked_of_a_silent_engine_can_be_cancelled(fake: FakeEngine) -> None:
    waiting = threading.Event()

    def silence(exchange: Exchange) -> None:
        waiting.set()
        exchange.wait()

    fake.on("/images/.*", silence)
    task = Task()
    engine = connect(fake.url, task)
    ended: list[type[BaseException]] = []

    def ask() -> None:
        try:
            inspect(engine, "app:1")
        except BaseException as error:  # noqa: BLE001  # the kind is what the test asks for
            ended.append(type(error))

    thread = threading.Thread(target=ask)
    thread.start()
    assert waiting.wait(10)
    task.cancel()
    thread.join(10)
    assert ended == [Cancelled]


@pytest.mark.slow
def test_that_the_user_is_told_how_long_an_engine_is_silent(fake: FakeEngine) -> None:
    told: list[str] = []
    answered = threading.Event()

    def late(exchange: Exchange) -> None:
        answered.wait(20)
        exchange.json({"ok": True})

    def hear(progress: Any) -> None:
        told.append(progress.text)
        answered.set()

    fake.on("/x", late)
    assert connect(fake.url, Task(on_progress=hear)).get_json("/x") == {"ok": True}
    assert told[0] == "The engine has not answered for 1 s"
