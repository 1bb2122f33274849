"""Saved images of every layout: which layers they have, what is in them, and what is said when something is wrong."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random

import numpy as np
import pytest

from explorer.errors import (
    DamagedInput,
    ImageNotFound,
    InputError,
    NotAnImage,
)
from explorer.filesystem.archive import (
    ArchiveImage,
    ArchiveSource,
    list_archive,
    open_archive,
)
from explorer.filesystem.cache import LayerStore
from explorer.filesystem.layer import Kind, LayerIndex
from explorer.image.model import Platform
from explorer.task import Cancelled, Progress, Task
from tests.support.archives import (
    Blobs,
    Built,
    Link,
    Members,
    built,
    compress,
    containerd,
    digest,
    docker_25,
    docker_legacy,
    layer_tar,
    oci,
    oci_layout,
    pack,
    unpack,
)

_BASE = layer_tar({"etc/base": b"base", "bin/sh": b"\x7fELF shell"}, ["etc", "bin"])
_APP = layer_tar({"app": b"application" * 1000})
_FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar"
_LAYOUTS: dict[str, Callable[[Built], Members]] = {
    "legacy": docker_legacy,
    "docker-25": docker_25,
    "containerd": containerd,
    "containerd-zstd": lambda image: containerd(image, compression="zstd"),
    "oci": oci,
    "oci-gzip-members": lambda image: oci(image, compression="gzip-members"),
    "oci-zstd-frames": lambda image: oci(image, compression="zstd-frames"),
    "oci-sha512": lambda image: oci(image, algorithm="sha512"),
}


def saved(members: Members, folder: Path, name: str = "app.tar", outer: str = "plain") -> Path:
    path = folder / name
    path.write_bytes(compress(pack(members), outer))
    return path


def read(source: ArchiveSource, task: Task | None = None) -> dict[int, LayerIndex]:
    """All layers of an opened image, which is closed then."""
    layers: dict[int, LayerIndex] = {}
    with closing(source), closing(LayerStore.private()) as store:
        wanted = [layer.index for layer in source.image.layers]
        source.read_layers(task or Task(), store, wanted, layers.__setitem__)
    return dict(sorted(layers.items()))


def files(index: LayerIndex) -> dict[str, int]:
    """Regular files of a layer: path and bytes."""
    nodes = np.flatnonzero(index.kind == Kind.FILE).tolist()
    return {index.path(node).decode(): int(index.size[node]) for node in nodes}


def payload(source: ArchiveSource, layer: int, index: LayerIndex, path: bytes) -> bytes:
    node = next(n for n in range(len(index)) if index.path(n) == path)
    data = bytearray()
    offset, size = int(index.data_offset[node]), int(index.size[node])
    source.read_payload(Task(), layer, path, offset, size, data.extend)
    return bytes(data)


@pytest.mark.parametrize("outer", ["plain", "gzip", "zstd", "bz2", "xz"])
@pytest.mark.parametrize("layout", _LAYOUTS)
def test_that_every_layout_gives_the_same_layers(tmp_path: Path, layout: str, outer: str) -> None:
    app = built(_BASE, _APP)
    source = open_archive(Task(), saved(_LAYOUTS[layout](app), tmp_path, outer=outer))
    algorithm = "sha512" if layout == "oci-sha512" else "sha256"
    identity = digest(app.config_bytes, algorithm)
    assert (source.image.id, source.image.tags, source.via) == (identity, ("app:1",), "archive")
    layers = read(source)
    assert {i: files(index) for i, index in layers.items()} == {
        0: {"etc/base": 4, "bin/sh": 10},
        1: {"app": 11_000},
    }
    assert [(x.complete, x.verified, x.diff_id, x.problems) for x in layers.values()] == [
        (True, "digest", digest(_BASE), ()),
        (True, "digest", digest(_APP), ()),
    ]
    assert source.problems == []


@pytest.mark.parametrize("first", ["node/app", "null", "{x}", "[y]", " {z"])
def test_that_a_layer_whose_first_name_begins_like_json_is_a_layer(
    tmp_path: Path, first: str
) -> None:
    app = built(layer_tar({first: b"x"}), _APP)
    source = open_archive(Task(), saved(docker_25(app), tmp_path, outer="gzip"))
    assert [files(index) for index in read(source).values()] == [{first: 1}, {"app": 11_000}]


@pytest.mark.parametrize("layout", _LAYOUTS)
def test_that_a_folder_gives_the_same_layers(tmp_path: Path, layout: str) -> None:
    source = open_archive(Task(), unpack(_LAYOUTS[layout](built(_BASE, _APP)), tmp_path / "image"))
    assert [files(index) for index in read(source).values()] == [
        {"etc/base": 4, "bin/sh": 10},
        {"app": 11_000},
    ]


@pytest.mark.parametrize("outer", ["plain", "gzip"])
@pytest.mark.parametrize("layout", _LAYOUTS)
def test_that_a_file_is_read_back_out_of_a_layer(tmp_path: Path, layout: str, outer: str) -> None:
    path = saved(_LAYOUTS[layout](built(_BASE, _APP)), tmp_path, outer=outer)
    layers = read(open_archive(Task(), path))
    with closing(open_archive(Task(), path)) as source:
        assert payload(source, 0, layers[0], b"bin/sh") == b"\x7fELF shell"
        assert payload(source, 1, layers[1], b"app") == b"application" * 1000


def test_that_a_payload_beyond_the_layer_is_an_error(tmp_path: Path) -> None:
    with closing(open_archive(Task(), saved(oci(built(_BASE)), tmp_path))) as source:
        for offset, size in ((512, 1 << 40), (1 << 40, 5)):
            with pytest.raises(DamagedInput):
                source.read_payload(Task(), 0, b"etc/base", offset, size, lambda _chunk: None)


@pytest.mark.parametrize("outer", ["plain", "gzip"])
@pytest.mark.parametrize("layout", ["legacy", "containerd"])
def test_that_a_file_without_a_known_place_is_found_by_its_path(
    tmp_path: Path, layout: str, outer: str
) -> None:
    path = saved(_LAYOUTS[layout](built(_BASE, _APP)), tmp_path, outer=outer)
    data = bytearray()
    with closing(open_archive(Task(), path)) as source:
        source.read_payload(Task(), 0, b"bin/sh", -1, 10, data.extend)
        with pytest.raises(DamagedInput, match="is not in the archive"):
            source.read_payload(Task(), 0, b"bin/zsh", -1, 10, data.extend)
    assert data == b"\x7fELF shell"


def test_that_the_names_of_the_image_say_where_it_came_from(tmp_path: Path) -> None:
    docker = saved(docker_25(built(_BASE), built(_APP, tags=("app:2",))), tmp_path)
    archive = saved(oci(built(_BASE)), tmp_path, "oci.tar")
    folder = unpack(oci(built(_BASE)), tmp_path / "image")
    images = [
        open_archive(Task(), docker, selector="app:2").image,
        open_archive(Task(), archive).image,
        open_archive(Task(), folder).image,
    ]
    assert [(image.reference, image.source) for image in images] == [
        (f"docker-archive:{docker}:app:2", "docker-archive"),
        (f"oci-archive:{archive}", "oci-archive"),
        (f"oci:{folder}", "oci"),
    ]


def test_that_a_layer_stored_twice_is_read_once_and_given_twice(tmp_path: Path) -> None:
    layers = read(open_archive(Task(), saved(docker_legacy(built(_BASE, _APP, _BASE)), tmp_path)))
    assert sorted(layers) == [0, 1, 2]
    assert layers[0] is layers[2]


@pytest.mark.parametrize("empty", [b"", bytes(512), bytes(1024), bytes(10240)])
@pytest.mark.parametrize("layout", ["legacy", "docker-25", "containerd", "oci"])
@pytest.mark.parametrize("outer", ["plain", "gzip"])
def test_that_an_empty_layer_is_complete(
    tmp_path: Path, empty: bytes, layout: str, outer: str
) -> None:
    path = saved(_LAYOUTS[layout](built(_BASE, empty, empty)), tmp_path, outer=outer)
    layers = read(open_archive(Task(), path))
    assert [(x.complete, x.entries, x.diff_id) for x in layers.values()] == [
        (True, 4, digest(_BASE)),
        (True, 0, digest(empty)),
        (True, 0, digest(empty)),
    ]


@pytest.mark.parametrize("outer", ["plain", "gzip"])
@pytest.mark.parametrize("layout", ["legacy", "docker-25", "containerd", "oci"])
def test_that_a_layer_of_another_digest_is_incomplete(
    tmp_path: Path, layout: str, outer: str
) -> None:
    app = built(_BASE, _APP)
    wrong = dict(app.config, rootfs={"diff_ids": [digest(_BASE), digest(b"other")]})
    image = Built(app.layers, wrong)
    layers = read(open_archive(Task(), saved(_LAYOUTS[layout](image), tmp_path, outer=outer)))
    assert (layers[0].complete, layers[1].complete) == (True, False)
    assert files(layers[1]) == {"app": 11_000}
    assert any("wrong digest" in problem for problem in layers[1].problems)


@pytest.mark.parametrize("outer", ["plain", "zstd"])
def test_that_a_missing_layer_is_named_and_the_others_are_read(tmp_path: Path, outer: str) -> None:
    members = docker_25(built(_BASE, _APP, absent=[0], layer_type=_FOREIGN))
    source = open_archive(Task(), saved(members, tmp_path, outer=outer))
    assert list(read(source)) == [1]
    assert source.problems == [
        f"Layer 0 ({digest(_BASE)}) is not in the archive: it is a foreign layer, which stays with its publisher."
    ]


@pytest.mark.parametrize("outer", ["plain", "gzip"])
def test_that_links_out_of_the_archive_lead_nowhere(tmp_path: Path, outer: str) -> None:
    secret = tmp_path / "secret.tar"
    secret.write_bytes(_BASE)
    for target in (
        str(secret),
        "../../../.." + str(secret),
        "../" * 40 + "secret.tar",
        "layer.tar",
    ):
        members = docker_legacy(built(_BASE, _APP))
        first = next(name for name in members if name.endswith("layer.tar"))
        members[first] = Link(target)
        source = open_archive(Task(), saved(members, tmp_path, outer=outer))
        assert list(read(source)) == [1]
        assert source.problems == [f"Layer 0 ({digest(_BASE)}) is not in the archive."]


def test_that_links_out_of_a_folder_lead_nowhere(tmp_path: Path) -> None:
    secret = tmp_path / "secret.tar"
    secret.write_bytes(_BASE)
    folder = unpack(docker_legacy(built(_BASE, _APP)), tmp_path / "image")
    first = next(p for p in folder.glob("*/layer.tar") if p.read_bytes() == _BASE)
    first.unlink()
    first.symlink_to(secret)
    source = open_archive(Task(), folder)
    assert list(read(source)) == [1]


def test_that_only_asked_for_layers_are_read(tmp_path: Path) -> None:
    for outer in ("plain", "gzip"):
        seen: dict[int, LayerIndex] = {}
        path = saved(docker_25(built(_BASE, _APP)), tmp_path, outer=outer)
        with closing(open_archive(Task(), path)) as source, closing(LayerStore.private()) as store:
            source.read_layers(Task(), store, [1], seen.__setitem__)
            assert store.get(digest(_APP)) is not None
            assert store.get(digest(_BASE)) is None
        assert list(seen) == [1]


def test_that_several_images_are_listed_and_one_is_chosen(tmp_path: Path) -> None:
    first, second = built(_BASE), built(_BASE, _APP, tags=("tool:2",), platform="linux/arm64/v8")
    for outer in ("plain", "gzip"):
        path = saved(docker_legacy(first, second), tmp_path, outer=outer)
        assert list_archive(Task(), path) == [
            ArchiveImage(first.id, ("app:1",), Platform("linux", "amd64"), "2026-11-24T00:00:00Z", 1),
            ArchiveImage(second.id, ("tool:2",), Platform("linux", "arm64", "v8"), "2026-11-24T00:00:00Z", 2),
        ]  # fmt: skip
        with pytest.raises(InputError) as caught:
            open_archive(Task(), path)
        assert "app:1 (linux/amd64), tool:2 (linux/arm64/v8)" in caught.value.hint
        source = open_archive(Task(), path, selector="tool:2")
        assert (source.image.id, len(read(source))) == (second.id, 2)


def test_that_a_platform_is_chosen_by_its_name(tmp_path: Path) -> None:
    here, there = built(_BASE), built(_APP, platform="linux/s390x")
    path = saved(containerd(here, there, attested=True), tmp_path)
    source = open_archive(Task(), path, platform="linux/s390x")
    assert (source.image.id, files(read(source)[0])) == (there.id, {"app": 11_000})


def test_that_an_estargz_layer_is_read_up_to_its_end(tmp_path: Path) -> None:
    blobs = Blobs()
    image = built(_APP)
    # eStargz: each file a gzip member of its own, an index member after the tar's end.
    half = len(_APP) // 2 // 512 * 512
    stored = b"".join(compress(part, "gzip") for part in (_APP[:half], _APP[half:], b""))
    config = blobs.add(image.config_bytes, "application/vnd.oci.image.config.v1+json")
    layer = blobs.add(stored, "application/vnd.oci.image.layer.v1.tar+gzip")
    manifest = json.dumps({"config": config, "layers": [layer]}).encode()
    item = blobs.add(manifest, "application/vnd.oci.image.manifest.v1+json")
    layers = read(open_archive(Task(), saved(oci_layout(blobs, item), tmp_path)))
    assert (files(layers[0]), layers[0].complete) == ({"app": 11_000}, True)


def test_that_an_image_without_layers_opens(tmp_path: Path) -> None:
    source = open_archive(Task(), saved(docker_25(built()), tmp_path))
    assert read(source) == {}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (b"hello, world\n" * 100, "it is a text file"),
        (b"PK\x03\x04" + bytes(600), "it is a ZIP archive"),
        (b"\x7fELF" + bytes(600), "it is a program"),
        (b'{"a": 1}', "it is a JSON file"),
        (b"\xde\xad\xbe\xef" * 300, "it is not a tar archive"),
        (compress(b"hello, world\n" * 100, "gzip"), "unpacked, it is a text file"),
        (compress(b"hello, world\n" * 100, "xz"), "unpacked, it is a text file"),
        (b"\x1f\x8b\x08damaged" * 100, "damaged"),
    ],
    ids=["empty", "text", "zip", "elf", "json", "bytes", "gzip", "xz", "bad-gzip"],
)
def test_that_a_file_that_is_no_image_is_called_what_it_is(
    tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "thing"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        open_archive(Task(), path)
    assert words in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("outer", ["plain", "gzip"])
def test_that_a_root_file_system_is_told_to_be_imported(tmp_path: Path, outer: str) -> None:
    files = {"etc/passwd": b"root", "usr/bin/env": b"", "bin/sh": b"", "README": b""}
    with pytest.raises(NotAnImage) as caught:
        open_archive(Task(), saved({**files}, tmp_path, outer=outer))
    assert "is the file system of a machine or container" in caught.value.message
    assert "docker import" in caught.value.hint


def test_that_a_folder_that_is_no_image_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotAnImage) as caught:
        open_archive(Task(), tmp_path)
    assert caught.value.message == (
        f"{tmp_path} is not an image folder: it has neither index.json nor manifest.json."
    )


def test_that_what_cannot_be_opened_says_why(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotAnImage, match="neither a file nor a folder"):
        open_archive(Task(), tmp_path / "pipe")
    with pytest.raises(ImageNotFound, match="There is no file or folder"):
        open_archive(Task(), tmp_path / "absent")
    with pytest.raises(ImageNotFound, match="There is no file or folder"):
        open_archive(Task(), tmp_path / ("a" * 5000))


@pytest.mark.parametrize("outer", ["plain", "gzip", "zstd"])
@pytest.mark.parametrize("layout", ["legacy", "docker-25", "oci"])
def test_that_a_cut_archive_is_incomplete_or_refused_wherever_it_is_cut(
    tmp_path: Path, layout: str, outer: str
) -> None:
    whole = compress(pack(_LAYOUTS[layout](built(_BASE, _APP))), outer)
    path = tmp_path / "cut.tar"
    for cut in range(0, len(whole) - 1, max(1, len(whole) // 40)):
        path.write_bytes(whole[:cut])
        try:
            source = open_archive(Task(), path)
        except InputError:
            continue
        layers = read(source)
        for index in layers.values():
            assert not index.complete or index.diff_id in (digest(_BASE), digest(_APP))
        if len(layers) < 2 or not all(index.complete for index in layers.values()):
            assert source.problems or any(index.problems for index in layers.values())


def test_that_layers_before_the_cut_stay_readable(tmp_path: Path) -> None:
    app = built(_BASE, _APP)
    members = docker_legacy(app)
    config = app.id[7:] + ".json"
    first, second = (name for name in members if name.endswith("layer.tar"))
    whole = pack({config: members[config], first: _BASE, second: _APP})
    cut = whole.index(b"application") + 5000
    path = tmp_path / "cut.tar"
    path.write_bytes(whole[:cut])
    source = open_archive(Task(), path)
    layers = read(source)
    assert files(layers[0]) == {"etc/base": 4, "bin/sh": 10}
    assert layers[0].complete
    assert source.problems[0].startswith(f"{path} ends early, at byte {cut}")
    assert not layers[1].complete


def test_that_a_cut_layer_in_a_whole_list_is_incomplete(tmp_path: Path) -> None:
    members = docker_25(built(_BASE, _APP))
    name = f"blobs/sha256/{digest(_APP)[7:]}"
    last = members.pop(name)
    whole = pack({**members, name: last})
    cut = whole.index(b"application") + 5000
    path = tmp_path / "cut.tar"
    path.write_bytes(whole[:cut])
    source = open_archive(Task(), path)
    layers = read(source)
    assert {i: index.complete for i, index in layers.items()} == {0: True, 1: False}
    assert source.problems == [
        f"{path} ends early, at byte {cut}: it was cut off. Layers that were read stay usable."
    ]


def test_that_reading_is_told_in_bytes_and_reaches_the_end(tmp_path: Path) -> None:
    told: list[Progress] = []
    big = layer_tar({f"{i}": os.urandom(1 << 20) for i in range(8)})
    source = open_archive(Task(), saved(docker_25(built(big, _APP)), tmp_path))
    read(source, Task(told.append))
    assert {progress.total for progress in told} == {len(big) + len(_APP)}
    assert all(0 <= progress.done <= progress.total for progress in told)
    assert told[-1].done == told[-1].total


@pytest.mark.slow
@pytest.mark.parametrize("outer", ["plain", "gzip"])
def test_that_a_cancel_is_felt_at_once(tmp_path: Path, outer: str) -> None:
    big = layer_tar({f"{i}": os.urandom(1 << 20) for i in range(40)})
    path = saved(docker_25(built(big, _APP)), tmp_path, outer=outer)
    cancelled: list[float] = []

    def cancel(progress: Progress) -> None:
        if progress.done and not cancelled:
            cancelled.append(time.monotonic())
            task.cancel()

    task = Task(cancel)
    with pytest.raises(Cancelled):
        read(open_archive(task, path), task)
    assert time.monotonic() - cancelled[0] < 0.5


def test_that_no_file_stays_open(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    path = saved(docker_25(built(_BASE, _APP)), tmp_path)
    folder = unpack(oci(built(_BASE)), tmp_path / "image")
    for place in (path, folder):
        read(open_archive(Task(), place))
        list_archive(Task(), place)
    saved({"a": b""}, tmp_path, "other.tar")
    with pytest.raises(NotAnImage):
        open_archive(Task(), tmp_path / "other.tar")
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("outer", ["plain", "gzip", "zstd"])
@pytest.mark.parametrize("layout", _LAYOUTS)
def test_that_changed_bytes_are_told_or_change_nothing(
    tmp_path: Path, layout: str, outer: str
) -> None:
    """Whatever is flipped, cut out or put in: a typed error, or layers that are what their digest says."""
    app = built(layer_tar({"a": b"x" * 700}), layer_tar({"b": b"y" * 1300, "c": b"z"}))
    expected = {digest(app.layers[0]): {"a": 700}, digest(app.layers[1]): {"b": 1300, "c": 1}}
    whole = compress(pack(_LAYOUTS[layout](app)), outer)
    random = Random(f"{layout} {outer}")
    path = tmp_path / "changed.tar"
    for _ in range(60):
        data = bytearray(whole)
        place = random.randrange(len(data))
        change = random.choice(["flip", "cut", "put"])
        if change == "flip":
            data[place] ^= 1 << random.randrange(8)
        elif change == "cut":
            del data[place : place + random.choice([1, 512, 600])]
        else:
            data[place:place] = random.randbytes(random.choice([1, 5, 512]))
        path.write_bytes(data)
        try:
            layers = read(open_archive(Task(), path))
        except InputError:
            continue
        for index in layers.values():
            assert not index.complete or files(index) == expected.get(index.diff_id)
