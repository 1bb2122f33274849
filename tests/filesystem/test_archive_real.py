"""Archives that docker, BuildKit, kaniko, bazel and others wrote, held against what tar lists."""

from __future__ import annotations

import gzip
import subprocess
import tarfile
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import zstandard

from explorer.errors import DamagedInput, InputError, NotAnImage
from explorer.filesystem.archive import list_archive, open_archive
from explorer.filesystem.cache import LayerStore
from explorer.filesystem.layer import Kind, LayerIndex
from explorer.task import Task
from tests.support.archives import digest

_IMAGES = [
    ("images/dive-test-docker-image.tar", "", 14),
    ("images/dive-test-oci-gzip-image.tar", "", 1),
    ("images/dive-test-oci-uncompressed-image.tar", "", 1),
    ("hostile/25-save-layer-is-symlink.tar", "bazel/v1/tarball:test_image_1", 1),
    ("hostile/25-save-layer-is-symlink.tar", "bazel/v1/tarball:test_image_3", 2),
    ("hostile/26-save-v25-oci.tar", "", 1),
    ("hostile/27-save-4layers-whiteouts-gz.tar", "", 4),
    ("hostile/28-oci-zstd-image.tar", "", 1),
]


def stored_layers(path: Path) -> dict[str, bytes]:
    """Every member of the archive, decompressed, by its digest."""
    layers = {}
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isfile():
                data = archive.extractfile(member).read()  # type: ignore[union-attr]  # a file
                if data.startswith(b"\x1f\x8b"):
                    data = gzip.decompress(data)
                elif data.startswith(b"\x28\xb5\x2f\xfd"):
                    data = zstandard.ZstdDecompressor().decompressobj().decompress(data)
                layers[digest(data)] = data
    return layers


def listed(data: bytes, tmp_path: Path) -> tuple[int, int, int]:
    """What `tar tvf` says of a layer: entries, regular files without whiteouts, their bytes."""
    path = tmp_path / "layer.tar"
    path.write_bytes(data)
    command = ["tar", "--quoting-style=escape", "-tvf", str(path)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    rows = [line.split(None, 5) for line in lines]
    rows = [row for row in rows if row[5].strip("./") != ""]
    names = [(row[0][0], int(row[2]), row[5].rpartition("/")[2]) for row in rows]
    plain = [size for kind, size, name in names if kind == "-" and not name.startswith(".wh.")]
    return len(rows), len(plain), sum(plain)


def found(index: LayerIndex) -> tuple[int, int, int]:
    """The same of an index."""
    count = int(np.count_nonzero(index.kind == Kind.FILE)) + len(index.shadowed_size)
    return index.entries, count, index.content_bytes


@pytest.mark.parametrize(("name", "selector", "layers"), _IMAGES)
def test_that_real_layers_hold_what_tar_lists(
    shared_data: Path, tmp_path: Path, name: str, selector: str, layers: int
) -> None:
    read: dict[int, LayerIndex] = {}
    source = open_archive(Task(), shared_data / name, selector=selector)
    with closing(source), closing(LayerStore.private()) as store:
        source.read_layers(Task(), store, range(layers), read.__setitem__)
        assert len(source.image.layers) == layers
    stored = stored_layers(shared_data / name)
    assert {i: found(read[i]) for i in range(layers)} == {
        layer.index: listed(stored[layer.diff_id], tmp_path) for layer in source.image.layers
    }
    assert all(index.complete and index.verified == "digest" for index in read.values())
    assert source.problems == []


def test_that_the_two_images_behind_one_link_are_listed(shared_data: Path) -> None:
    images = list_archive(Task(), shared_data / "hostile/25-save-layer-is-symlink.tar")
    assert [(image.tags, image.layer_count) for image in images] == [
        (("bazel/v1/tarball:test_image_1",), 1),
        (("bazel/v1/tarball:test_image_3",), 2),
    ]


def test_that_an_untagged_image_is_named_by_its_id(shared_data: Path) -> None:
    [image] = list_archive(Task(), shared_data / "hostile/26-save-v25-oci.tar")
    assert (image.tags, image.id) == (
        (),
        "sha256:ee301c921b8aadc002973b2e0c3da17d701dcd994b606769a7e6eaa100b81d44",
    )


def test_that_a_root_file_system_is_no_image(shared_data: Path) -> None:
    with pytest.raises(NotAnImage) as caught:
        open_archive(Task(), shared_data / "images/dive-test-uncompressed-image.tar")
    assert "its first entry is README.md" in caught.value.message
    with pytest.raises(NotAnImage) as caught:
        open_archive(Task(), shared_data / "images/alpine-minirootfs-3.20.3-x86_64.tar.gz")
    assert "docker import" in caught.value.hint


def test_that_broken_lists_are_told_apart(shared_data: Path) -> None:
    with pytest.raises(DamagedInput, match=r"its manifest.json is null"):
        open_archive(Task(), shared_data / "hostile/23-save-null-manifest.tar")
    with pytest.raises(NotAnImage, match=r"has no manifest.json"):
        open_archive(Task(), shared_data / "hostile/24-save-no-manifest.tar")


def test_that_no_hostile_file_opens_or_hangs(shared_data: Path) -> None:
    images = {name.rpartition("/")[2] for name, _, _ in _IMAGES}
    folders = (shared_data / "hostile", shared_data / "hostile-generated")
    for path in (path for folder in folders for path in sorted(folder.iterdir())):
        if path.name not in images:
            with pytest.raises(InputError) as caught:
                open_archive(Task(), path)
            assert caught.value.message, path
            assert caught.value.hint, path
