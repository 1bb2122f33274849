"""What is read directly equals what the engine exports, entry by entry, on every kind of image."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from explorer.engine.client import connect
from explorer.engine.source import EngineSource, open_engine_image
from explorer.filesystem.cache import LayerStore
from explorer.filesystem.layer import Flag, Kind, LayerIndex
from explorer.filesystem.union import stack_layers
from explorer.task import Task
from tests.engine import images
from tests.engine.docker import Docker
from tests.support.archives import built, containerd, docker_25, layer_tar

pytestmark = pytest.mark.engine

# Images of which some layer's opaque directories cannot be told from outside: that layer comes from the export.
UNDECIDED = {"opaque-below-opaque", "opaque-and-empty", "engine-paths"}
_MARKS = Flag.OPAQUE | Flag.ALSO_WHITEOUT
Described = dict[bytes, tuple[Any, ...]]


def described(layer: LayerIndex) -> Described:
    """Every entry of a layer by its path, with everything that is known of it but its place in the tar."""
    found: Described = {}
    for node in range(1, len(layer)):
        # Marks that hide nothing leave no trace in a folder: see lives().
        kind, flags = Kind(layer.kind[node]), Flag(int(layer.flags[node])) & ~_MARKS
        row: tuple[Any, ...] = (kind, flags, layer.link_target(node))
        if not (kind == Kind.WHITEOUT or flags & Flag.IMPLIED):
            row += (
                int(layer.mode[node]), int(layer.uid[node]), int(layer.gid[node]), int(layer.mtime[node]),
            )  # fmt: skip
        row += (int(layer.size[node]), layer.digest[node].tolist(), layer.head[node].tobytes())
        found[layer.path(node)] = row
    return found


def lives(layers: Mapping[int, LayerIndex]) -> dict[tuple[bytes, int, int], tuple[int, int]]:
    """How long each entry and its payload are seen, by path, layer and kind: what marks of opaque directories decide."""
    stack = stack_layers([layers[index] for index in sorted(layers)])
    return {
        (stack.tree.path(int(stack.node[row])), int(stack.layer[row]), int(stack.kind[row])): (
            int(stack.until[row]),
            int(stack.payload_until[row]),
        )
        for row in range(len(stack))
    }


def read(docker: Docker, name: str, via: str) -> tuple[EngineSource, dict[int, LayerIndex]]:
    source = open_engine_image(connect(docker.host), name, via=via)
    layers: dict[int, LayerIndex] = {}
    wanted = range(len(source.image.layers))
    source.read_layers(Task(), LayerStore.private(), wanted, layers.__setitem__)
    return source, layers


@pytest.fixture(scope="module")
def on_overlay(classic: Docker) -> Iterator[Docker]:
    for image in images.images():
        classic.load(docker_25(image))
    yield classic
    classic.remove(*map(images.tag, images.NAMES))


@pytest.fixture(scope="module")
def on_containerd(modern: Docker) -> Iterator[Docker]:
    for image in images.images():
        modern.load(containerd(image, compression="gzip"))
    yield modern
    modern.remove(*map(images.tag, images.NAMES))


@pytest.mark.parametrize("name", images.NAMES)
def test_that_overlay_folders_hold_what_the_export_holds(on_overlay: Docker, name: str) -> None:
    source, direct = read(on_overlay, images.tag(name), "direct")
    _, exported = read(on_overlay, images.tag(name), "export")
    assert len(source.problems) == (name in UNDECIDED)
    assert source.via == "direct-overlay2" + ("+export" if name in UNDECIDED else "")
    assert sorted(direct) == sorted(exported)
    for index, layer in exported.items():
        assert described(direct[index]) == described(layer), f"layer {index}"
        assert layer.verified == "digest"
    assert lives(direct) == lives(exported)
    assert {layer.complete for layer in direct.values()} == {True}
    assert {layer.verified for layer in direct.values()} <= {"sizes", "digest"}


@pytest.mark.parametrize("name", images.NAMES)
def test_that_blobs_hold_what_the_export_holds_and_are_proved(
    on_containerd: Docker, name: str
) -> None:
    source, direct = read(on_containerd, images.tag(name), "direct")
    _, exported = read(on_containerd, images.tag(name), "export")
    assert (source.via, source.problems) == ("direct-containerd", [])
    assert sorted(direct) == sorted(exported)
    for index, layer in exported.items():
        assert described(direct[index]) == described(layer), f"layer {index}"
        assert (direct[index].complete, direct[index].verified) == (True, "digest")
    assert lives(direct) == lives(exported)


@pytest.mark.parametrize("compression", ["plain", "zstd"])
def test_that_blobs_are_read_as_they_are_stored(modern: Docker, compression: str) -> None:
    modern.load(containerd(images.image("whiteouts"), compression=compression))
    try:
        source, direct = read(modern, images.tag("whiteouts"), "direct")
        assert (source.via, source.problems) == ("direct-containerd", [])
        assert [direct[i].verified for i in range(len(direct))] == ["digest"] * 4
        # What the layers are stored as is known then.
        assert all(layer.digest and layer.stored_bytes > 0 for layer in source.image.layers)
        plain = [layer.digest == layer.diff_id for layer in source.image.layers]
        assert plain == [compression == "plain"] * 4
        kinds = {layer.media_type.rpartition(".")[2] for layer in source.image.layers}
        assert kinds <= ({"tar"} if compression == "plain" else {"tar+zstd", "zstd"})
    finally:
        modern.remove(images.tag("whiteouts"))


@pytest.mark.parametrize("via", ["direct", "export"])
@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
def test_that_each_platform_of_an_image_is_read(
    modern: Docker, via: str, architecture: str
) -> None:
    tag = "image-explorer-test-platforms:1"
    layers = {name: layer_tar({name: name.encode()}) for name in ("amd64", "arm64")}
    both = [built(layers[name], tags=(tag,), platform=f"linux/{name}") for name in layers]
    modern.load(containerd(*both))
    try:
        platform = f"linux/{architecture}"
        source = open_engine_image(connect(modern.host), tag, via=via, platform=platform)
        read_ones: dict[int, LayerIndex] = {}
        source.read_layers(Task(), LayerStore.private(), [0], read_ones.__setitem__)
        assert (str(source.image.platform), source.problems) == (platform, [])
        assert read_ones[0].path(1) == architecture.encode()
        assert read_ones[0].verified == "digest"
    finally:
        modern.remove(tag)


@pytest.mark.slow
def test_that_an_image_of_125_layers_is_read_whole_from_either_store(
    classic: Docker, modern: Docker
) -> None:
    # Through overlay2's mounts of so many folders the export is the faster way.
    for docker, save, via in (
        (classic, docker_25, "export"),
        (modern, containerd, "direct-containerd"),
    ):
        docker.load(save(images.image("most")))
        try:
            source, layers = read(docker, images.tag("most"), "auto")
            assert (source.via, source.problems) == (via, [])
            assert [layers[index].verified for index in range(125)] == ["digest"] * 125
            assert [layers[index].content_bytes for index in range(120, 125)] == [3] * 5
        finally:
            docker.remove(images.tag("most"))
