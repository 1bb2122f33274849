"""An engine's export as one stream: layers are known by their digests, whatever comes when, and however it ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import numpy as np
import pytest

from explorer.errors import EngineLost, LimitExceeded
from explorer.filesystem import exportstream
from explorer.filesystem.cache import LayerStore
from explorer.filesystem.exportstream import promised_digest, read_export, scan_export
from explorer.filesystem.layer import Kind, LayerIndex
from explorer.filesystem.reading import read_layer
from explorer.image.layout import find_images
from explorer.image.model import Image
from explorer.task import Cancelled, Task
from tests.support.archives import (
    Built,
    HeldContents,
    Link,
    Members,
    built,
    compress,
    containerd,
    digest,
    docker_25,
    docker_legacy,
    layer_tar,
    pack,
)

_BASE = layer_tar({"base": b"base"})
_APP = layer_tar({"app": b"application" * 300_000})
_TOP = layer_tar({"top": b"t"})
_IMAGE = built(_BASE, _APP, _TOP)
_SAVES: dict[str, Callable[[Built], Members]] = {
    "legacy": docker_legacy,
    "docker-25": docker_25,
    "containerd": containerd,
    "containerd-zstd": lambda image: containerd(image, compression="zstd"),
}


@dataclass
class Stream:
    """Bytes that come in pieces and then end, or fail."""

    data: bytes
    failure: Exception | None = None
    piece: int = 100_000
    position: int = 0
    on_read: Callable[[], None] = field(default=lambda: None)

    def readinto(self, buffer: memoryview, /) -> int:
        self.on_read()
        part = self.data[self.position : self.position + min(self.piece, len(buffer))]
        if not part and self.failure is not None:
            raise self.failure
        buffer[: len(part)] = part
        self.position += len(part)
        return len(part)


def image_of(app: Built) -> Image:
    """The image as an engine's inspect describes it."""
    return find_images(HeldContents(docker_25(app)))[0].image(
        "docker-daemon:app:1", "docker-daemon"
    )


@dataclass
class Result:
    layers: dict[int, LayerIndex]
    notes: list[str]
    order: list[int]


def read(
    stream: Stream,
    app: Built = _IMAGE,
    wanted: Sequence[int] | None = None,
    task: Task | None = None,
) -> Result:
    result = Result({}, [], [])

    def take(number: int, index: LayerIndex) -> None:
        result.order.append(number)
        result.layers[number] = index

    chosen = range(len(app.layers)) if wanted is None else wanted
    with closing(LayerStore.private()) as store:
        result.notes = read_export(task or Task(), stream, image_of(app), store, chosen, take)
        for index in result.layers.values():
            assert (store.get(index.diff_id) is not None) == index.complete
    return result


def names(index: LayerIndex) -> list[str]:
    return [index.path(n).decode() for n in np.flatnonzero(index.kind == Kind.FILE).tolist()]


@pytest.mark.parametrize("save", _SAVES)
@pytest.mark.parametrize("piece", [511, 100_000])
def test_that_every_layer_is_known_by_its_digest(save: str, piece: int) -> None:
    result = read(Stream(pack(_SAVES[save](_IMAGE)), piece=piece))
    assert {i: (names(x), x.complete, x.verified) for i, x in result.layers.items()} == {
        0: (["base"], True, "digest"),
        1: (["app"], True, "digest"),
        2: (["top"], True, "digest"),
    }
    assert result.notes == []


@pytest.mark.parametrize("save", _SAVES)
def test_that_the_pass_ends_with_the_last_wanted_layer(save: str) -> None:
    data = pack({**_SAVES[save](_IMAGE), "zz": bytes(8 << 20)})
    stream = Stream(data)
    assert sorted(read(stream).layers) == [0, 1, 2]
    assert stream.position < len(data) - (4 << 20)


@pytest.mark.parametrize("save", _SAVES)
def test_that_only_wanted_layers_are_handed_over(save: str) -> None:
    result = read(Stream(pack(_SAVES[save](_IMAGE))), wanted=[2])
    assert (result.order, result.notes) == ([2], [])


def test_that_layers_named_by_their_digest_are_not_read_when_not_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[str] = []
    original = read_layer

    def watched(task: Task, source: object, *, diff_id: str, bare_end: bool) -> LayerIndex:
        seen.append(diff_id)
        return original(task, source, diff_id=diff_id, bare_end=bare_end)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(exportstream, "read_layer", watched)
    read(Stream(pack(docker_25(_IMAGE))), wanted=[1])
    assert seen == [digest(_APP)]


@pytest.mark.parametrize("save", _SAVES)
def test_that_one_layer_may_stand_at_several_places(save: str) -> None:
    app = built(_BASE, _TOP, _BASE)
    result = read(Stream(pack(_SAVES[save](app))), app)
    assert sorted(result.order) == [0, 1, 2]
    assert result.layers[0] is result.layers[2]


@pytest.mark.parametrize("empty", [b"", bytes(512), bytes(1024)])
@pytest.mark.parametrize("save", _SAVES)
def test_that_an_empty_layer_is_found(save: str, empty: bytes) -> None:
    app = built(_BASE, empty)
    result = read(Stream(pack(_SAVES[save](app))), app)
    assert {i: (x.entries, x.complete) for i, x in result.layers.items()} == {
        0: (1, True),
        1: (0, True),
    }


@pytest.mark.parametrize("save", ["legacy", "containerd"])
def test_that_a_layer_of_another_digest_is_placed_by_the_list_and_incomplete(save: str) -> None:
    other = layer_tar({"other": b"x"})
    written = Built((_BASE, other, _TOP), _IMAGE.config)
    result = read(Stream(pack(_SAVES[save](written))))
    assert {i: (names(x), x.complete) for i, x in result.layers.items()} == {
        0: (["base"], True),
        1: (["other"], False),
        2: (["top"], True),
    }
    assert result.layers[1].diff_id == digest(_APP)
    assert result.layers[1].problems == (
        f"wrong digest: its bytes have {digest(other)[:19]}, the image names {digest(_APP)[:19]}",
    )


def test_that_a_layer_that_does_not_come_is_named() -> None:
    result = read(Stream(pack(docker_legacy(built(_BASE, _APP, _TOP, absent=[1])))))
    assert result.order == [0, 2]
    assert result.notes == [f"Layer 1 ({digest(_APP)}) did not arrive."]


def _ordered(*layers: bytes) -> Members:
    """A legacy export in the order of its layers, its list at the end."""
    members = docker_legacy(_IMAGE)
    first = {
        name: content
        for layer in layers
        for name, content in members.items()
        if isinstance(content, bytes) and content == layer
    }
    return {**first, **{name: x for name, x in members.items() if name not in first}}


def test_that_a_cut_stream_leaves_whole_layers_and_the_cut_one_incomplete() -> None:
    data = pack(_ordered(_BASE, _TOP, _APP))
    cut = data.index(b"application") + 2_000_000
    result = read(Stream(data[:cut]))
    assert {i: (names(x), x.complete) for i, x in result.layers.items()} == {
        0: (["base"], True),
        1: (["app"], False),
        2: (["top"], True),
    }
    assert result.notes == [f"The engine's export ends early, at byte {cut}."]
    [problem] = result.layers[1].problems
    assert problem.startswith(f"It cannot be read beyond byte {cut}: it ends inside a file")


def test_that_an_engines_error_inside_the_stream_is_told() -> None:
    data = pack(_ordered(_BASE, _APP, _TOP))
    end = data.index(_BASE) + len(_BASE)
    error = json.dumps({"errorDetail": {"message": "no <b>space</b>\x1b left"}, "error": "no"})
    result = read(Stream(data[:end] + error.encode()))
    assert list(result.layers) == [0]
    assert result.notes == [
        f"The engine's export ends early, at byte {end}: the engine stopped with: no <b>space</b>\\x1b left.",
        f"Layer 1 ({digest(_APP)}) did not arrive.",
        f"Layer 2 ({digest(_TOP)}) did not arrive.",
    ]


def test_that_a_lost_engine_is_raised_after_what_came_was_handed_over() -> None:
    data = pack(_ordered(_BASE, _TOP, _APP))
    cut = data.index(b"application") + 2_500_000
    handed: dict[int, LayerIndex] = {}
    stream = Stream(data[:cut], EngineLost("The engine went away.", "Start it again."))
    with closing(LayerStore.private()) as store, pytest.raises(EngineLost):
        read_export(Task(), stream, image_of(_IMAGE), store, [0, 1, 2], handed.__setitem__)
    assert {i: index.complete for i, index in handed.items()} == {0: True, 1: False, 2: True}
    assert any("The engine went away." in problem for problem in handed[1].problems)


def test_that_a_cancel_ends_the_pass() -> None:
    task = Task()
    reads: Iterator[int] = iter(range(5))

    def count() -> None:
        if next(reads, None) is None:
            task.cancel()

    stream = Stream(pack(docker_legacy(_IMAGE)), on_read=count)
    with pytest.raises(Cancelled):
        read(stream, task=task)
    assert stream.position <= 7 * stream.piece


@pytest.mark.parametrize("cut", range(0, 60_000, 1_713))
@pytest.mark.parametrize("save", _SAVES)
def test_that_no_cut_gives_a_layer_that_claims_to_be_complete(save: str, cut: int) -> None:
    app = built(layer_tar({"a": b"a" * 9_000}), layer_tar({"b": b"b" * 9_000}))
    data = pack(_SAVES[save](app))
    result = read(Stream(data[: min(cut, len(data))]), app)
    whole = {digest(layer) for layer in app.layers}
    assert {x.diff_id for x in result.layers.values()} <= whole
    for number, index in result.layers.items():
        assert not index.complete or names(index) == [["a"], ["b"]][number]
    if len(result.layers) < 2 or not all(x.complete for x in result.layers.values()):
        assert result.notes


def test_that_json_members_are_kept_and_links_followed() -> None:
    members = {**docker_legacy(_IMAGE), "copy.json": Link("manifest.json"), "out": Link("/etc/x")}
    export = scan_export(Task(), Stream(pack(members)), "app.tar", on_layer=None)
    assert export.text(export.resolve("copy.json")) == members["manifest.json"]
    assert (export.resolve("out"), export.resolve("absent")) == ("", "")
    assert export.layers == {}
    assert [name for name in export.texts if name.startswith("manifest")] == ["manifest.json"]


def test_that_json_is_kept_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exportstream, "_TEXTS_LIMIT", 1000)
    members: Members = {f"{i}.json": b"{" + b" " * 398 + b"}" for i in range(5)}
    members["huge.json"] = b"[" + b" " * (5 << 20) + b"]"
    export = scan_export(Task(), Stream(pack(members)), "app.tar", on_layer=None)
    assert list(export.texts) == ["0.json", "1.json"]
    with pytest.raises(LimitExceeded):
        export.text("huge.json")


def test_that_too_many_members_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exportstream, "MEMBERS_LIMIT", 10)
    members: Members = {str(i): b"" for i in range(11)}
    with pytest.raises(LimitExceeded):
        scan_export(Task(), Stream(pack(members)), "app.tar", on_layer=None)


def test_that_a_blob_promises_the_digest_in_its_name() -> None:
    assert promised_digest("blobs/sha256/" + "a" * 64) == "sha256:" + "a" * 64
    assert promised_digest("abc/layer.tar") == ""


def test_that_compressed_blobs_of_other_kinds_are_passed_over() -> None:
    junk = {"chart.tgz": compress(b"not a tar at all", "gzip"), "VERSION": b"1.0"}
    members: Members = {**junk, **docker_legacy(_IMAGE)}
    result = read(Stream(pack(members)))
    assert sorted(result.layers) == [0, 1, 2]
    assert result.notes == []
