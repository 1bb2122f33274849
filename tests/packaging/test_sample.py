"""The bundled sample image is whole, small, and holds the waste that it is there to show."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from typing import Any

import pytest
import zstandard

from explorer.resources import resource

_SAMPLE = resource("samples", "naive-go-service.oci.tar")
_LIMIT = 4_000_000  # bytes


@pytest.fixture(scope="module")
def members() -> dict[str, bytes]:
    with tarfile.open(_SAMPLE) as archive:
        files = {member.name: archive.extractfile(member) for member in archive if member.isreg()}
        return {name: file.read() for name, file in files.items() if file is not None}


@pytest.fixture(scope="module")
def manifest(members: dict[str, bytes]) -> dict[str, Any]:
    (entry,) = json.loads(members["index.json"])["manifests"]
    parsed: dict[str, Any] = json.loads(members[_blob_name(entry["digest"])])
    return parsed


@pytest.fixture(scope="module")
def layers(members: dict[str, bytes], manifest: dict[str, Any]) -> list[bytes]:
    return [
        _uncompressed(layer["mediaType"], members[_blob_name(layer["digest"])])
        for layer in manifest["layers"]
    ]


def test_that_the_sample_is_at_most_four_megabytes() -> None:
    assert _SAMPLE.stat().st_size <= _LIMIT


def test_that_every_blob_is_what_its_name_says(members: dict[str, bytes]) -> None:
    blobs = {name: data for name, data in members.items() if name.startswith("blobs/")}
    assert blobs
    assert {name: _blob_name(_digest(data)) for name, data in blobs.items()} == {
        name: name for name in blobs
    }


def test_that_the_manifest_names_every_blob_with_its_size(
    members: dict[str, bytes], manifest: dict[str, Any]
) -> None:
    (entry,) = json.loads(members["index.json"])["manifests"]
    described = [entry, manifest["config"], *manifest["layers"]]
    assert {_blob_name(blob["digest"]): blob["size"] for blob in described} == {
        name: len(data) for name, data in members.items() if name.startswith("blobs/")
    }


def test_that_every_layer_unpacks_to_its_diff_id(
    members: dict[str, bytes], manifest: dict[str, Any], layers: list[bytes]
) -> None:
    config = json.loads(members[_blob_name(manifest["config"]["digest"])])
    assert [_digest(layer) for layer in layers] == config["rootfs"]["diff_ids"]


def test_that_the_history_has_one_step_for_each_layer(
    members: dict[str, bytes], manifest: dict[str, Any], layers: list[bytes]
) -> None:
    history = json.loads(members[_blob_name(manifest["config"]["digest"])])["history"]
    assert len([step for step in history if not step.get("empty_layer")]) == len(layers)
    assert len([step for step in history if step.get("empty_layer")]) == 7


@pytest.mark.parametrize(
    ("layer", "path"),
    [
        (1, "var/lib/apt/lists/deb.example.org_debian_dists_bookworm_main_binary-amd64_Packages"),
        (2, "usr/local/go/LICENSE"),
        (4, "src/.git/HEAD"),
        (5, "go/pkg/mod/example.org/greeting@v1.2.0/greeting.go"),
        (6, "root/.cache/go-build/trim.txt"),
        (6, "tmp/go-build2748120391/b001/exe/a.out"),
        (6, "usr/local/bin/hello-service"),
        (7, "usr/local/bin/hello-service"),
        (8, "src/.wh..git"),
        (8, "var/cache/apt/.wh..wh..opq"),
    ],
)
def test_that_a_layer_holds_the_waste_of_its_step(
    layers: list[bytes], layer: int, path: str
) -> None:
    with tarfile.open(fileobj=io.BytesIO(layers[layer])) as archive:
        assert path in archive.getnames()


def test_that_the_service_is_a_go_program_with_its_symbols(layers: list[bytes]) -> None:
    with tarfile.open(fileobj=io.BytesIO(layers[6])) as archive:
        file = archive.extractfile("usr/local/bin/hello-service")
        assert file is not None
        program = file.read()
    assert program.startswith(b"\x7fELF")
    assert b"\xff Go buildinf:" in program
    assert b".debug_info" in program


def _uncompressed(media_type: str, data: bytes) -> bytes:
    if media_type.endswith("+gzip"):
        return gzip.decompress(data)
    assert media_type.endswith("+zstd")
    return zstandard.ZstdDecompressor().decompress(data)


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _blob_name(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")
