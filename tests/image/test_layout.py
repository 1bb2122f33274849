"""Which images an archive holds, whatever wrote it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from explorer.errors import DamagedInput, NotAnImage
from explorer.image.layout import Blob, FoundImage, find_images
from explorer.image.model import History, Layer, Platform
from tests.support.archives import (
    OCI_LAYER,
    Blobs,
    HeldContents,
    Members,
    attestation,
    built,
    compress,
    containerd,
    digest,
    docker_25,
    docker_legacy,
    layer_tar,
    oci,
    oci_layout,
)

_BASE = layer_tar({"base": b"base"})
_APP = layer_tar({"app": b"application"})
_DOCKER_TAR = "application/vnd.docker.image.rootfs.diff.tar"
_FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar"


def found(members: Members, ends_early: int = -1) -> list[FoundImage]:
    return find_images(HeldContents(members, ends_early))


def one(members: Members) -> FoundImage:
    [image] = found(members)
    return image


def test_that_a_legacy_archive_names_its_layers_by_folder() -> None:
    app = built(_BASE, _APP, tags=("docker.io/library/app:1", "app:latest"))
    members = docker_legacy(app)
    image = one(members)
    assert (image.id, image.tags, image.platform) == (
        app.id,
        ("app:1", "app:latest"),
        Platform("linux", "amd64"),
    )
    paths = [name for name in members if name.endswith("layer.tar")]
    assert image.blobs == (
        Blob(paths[0], digest(_BASE), "", _DOCKER_TAR, len(_BASE)),
        Blob(paths[1], digest(_APP), "", _DOCKER_TAR, len(_APP)),
    )


def test_that_a_repeated_layer_is_found_behind_its_link() -> None:
    first, second = found(docker_legacy(built(_BASE), built(_BASE, _APP, tags=("app:2",))))
    assert second.blobs[0].member == first.blobs[0].member


def test_that_a_docker_25_archive_has_its_descriptors() -> None:
    app = built(_BASE, _APP)
    assert one(docker_25(app)).blobs == tuple(
        Blob(f"blobs/sha256/{digest(x)[7:]}", digest(x), digest(x), OCI_LAYER, len(x))
        for x in (_BASE, _APP)
    )


@pytest.mark.parametrize("compression", ["plain", "gzip", "zstd"])
def test_that_an_oci_layout_is_read_without_a_manifest_json(compression: str) -> None:
    image = one(oci(built(_BASE), compression=compression))
    stored = compress(_BASE, compression)
    media_type = OCI_LAYER + {"plain": "", "gzip": "+gzip", "zstd": "+zstd"}[compression]
    member = f"blobs/sha256/{digest(stored)[7:]}"
    assert image.blobs == (Blob(member, digest(_BASE), digest(stored), media_type, len(stored)),)
    assert image.tags == ("app:1",)


def test_that_sha512_names_blobs_too() -> None:
    image = one(oci(built(_BASE), algorithm="sha512"))
    assert image.blobs[0].member == f"blobs/sha512/{digest(_BASE, 'sha512')[7:]}"


def test_that_a_containerd_archive_has_all_its_platforms_once() -> None:
    here, there = built(_BASE), built(_APP, platform="linux/arm64/v8")
    images = found(containerd(here, there, attested=True))
    assert [(image.id, image.tags, str(image.platform)) for image in images] == [
        (here.id, ("app:1",), "linux/amd64"),
        (there.id, ("app:1",), "linux/arm64/v8"),
    ]
    assert images[0].blobs[0].media_type == OCI_LAYER + "+gzip"
    # config, index and manifest: a selector may name any of them
    assert len(images[0].names) == len(images[1].names) == 3


def test_that_platforms_that_were_not_saved_are_left_out() -> None:
    members = containerd(built(_BASE), built(_APP, platform="linux/arm64"))
    lost = json.loads(str(members["index.json"], "utf-8"))["manifests"][0]["digest"]  # type: ignore[arg-type]  # bytes
    nested = json.loads(bytes(members[f"blobs/sha256/{lost[7:]}"]))  # type: ignore[arg-type]  # bytes
    del members["blobs/sha256/" + nested["manifests"][1]["digest"][7:]]
    assert [str(image.platform) for image in found(members)] == ["linux/amd64"]


def test_that_attestations_and_signatures_are_no_images() -> None:
    blobs = Blobs()
    item = blobs.manifest(built(_BASE))
    referrer = {**blobs.manifest(built(_APP)), "annotations": {"io.containerd.manifest.subject": item["digest"]}}  # fmt: skip
    members = oci_layout(blobs, item, attestation(blobs, item["digest"]), referrer)
    assert one(members).id == built(_BASE).id


def test_that_one_image_under_two_names_is_one_image() -> None:
    assert one(oci(built(_BASE, tags=("app:1", "app:2")))).tags == ("app:1", "app:2")


def test_that_a_missing_foreign_layer_is_named() -> None:
    image = one(docker_25(built(_BASE, _APP, absent=[0], layer_type=_FOREIGN)))
    assert image.blobs[0] == Blob("", digest(_BASE), digest(_BASE), _FOREIGN, len(_BASE))
    assert image.notes == (
        f"Layer 0 ({digest(_BASE)}) is not in the archive: it is a foreign layer, which stays with its publisher.",
    )


def test_that_any_missing_layer_is_named() -> None:
    assert one(docker_legacy(built(_BASE, _APP, absent=[1]))).notes == (
        f"Layer 1 ({digest(_APP)}) is not in the archive.",
    )


def test_that_a_layer_of_another_length_is_noted() -> None:
    members = oci(built(_BASE))
    members[f"blobs/sha256/{digest(_BASE)[7:]}"] = _BASE + b"\0"
    assert one(members).notes == (
        f"Layer 0 ({digest(_BASE)}) has {len(_BASE) + 1} bytes; the manifest says {len(_BASE)}.",
    )


def test_that_history_is_laid_beside_the_layers() -> None:
    steps: list[dict[str, Any]] = [{"created_by": "ADD"}, {"created_by": "ENV", "empty_layer": True}, {"created_by": "RUN"}]  # fmt: skip
    image = one(docker_25(built(_BASE, _APP, history=steps))).image("oci:app", "oci")
    assert image.layers == (
        Layer(0, digest(_BASE), digest(_BASE), OCI_LAYER, len(_BASE), History("ADD")),
        Layer(1, digest(_APP), digest(_APP), OCI_LAYER, len(_APP), History("RUN")),
    )
    assert (image.reference, image.source, image.created) == (
        "oci:app",
        "oci",
        "2026-11-24T00:00:00Z",
    )
    assert len(image.history) == 3


def test_that_history_of_another_length_is_noted_and_a_missing_one_is_not() -> None:
    short = one(docker_25(built(_BASE, _APP, history=[{"created_by": "a"}])))
    assert short.notes == ("The image's history has 1 steps for 2 layers.",)
    assert one(docker_25(built(_BASE, _APP, history=[]))).notes == ()


@pytest.mark.parametrize("save", [docker_legacy, docker_25, oci])
def test_that_a_changed_config_is_found_by_its_digest(save: object) -> None:
    app = built(_BASE)
    members = save(app)  # type: ignore[operator]  # one of the builders
    name = next(name for name in members if app.id[7:] in name)
    members[name] = replace(app, config={**app.config, "os": "plan9"}).config_bytes
    with pytest.raises(DamagedInput, match="wrong digest"):
        found(members)


def test_that_layers_and_diff_ids_must_agree_in_number() -> None:
    app = built(_BASE, rootfs={"diff_ids": []})
    with pytest.raises(DamagedInput) as caught:
        found(docker_25(app))
    assert caught.value.message == "The image's manifest lists 1 layers, its config 0."


def test_that_paths_out_of_the_archive_lead_nowhere() -> None:
    app = built(_BASE)
    item = {"Config": "../" + app.id[7:] + ".json", "Layers": ["/etc/passwd"]}
    with pytest.raises(DamagedInput, match="lacks the config"):
        found({"manifest.json": json.dumps([item]).encode()})


def test_that_an_index_that_points_to_itself_or_grows_ends() -> None:
    blobs = Blobs()
    item = blobs.manifest(built(_BASE))
    for _ in range(6):
        item = blobs.index(item)
    with pytest.raises(DamagedInput, match="too many images or levels"):
        found(oci_layout(blobs, item))
    wide = Blobs()
    many = [wide.index(wide.manifest(built(_BASE)))] * 1_100
    with pytest.raises(DamagedInput, match="too many images or levels"):
        found(oci_layout(wide, *many))


def test_that_an_odd_index_beside_a_manifest_json_is_ignored() -> None:
    members = {**docker_25(built(_BASE)), "index.json": b"{"}
    assert one(members).id == built(_BASE).id


def test_that_an_index_whose_manifest_is_absent_says_so() -> None:
    members = oci(built(_BASE))
    manifest = json.loads(bytes(members["index.json"]))["manifests"][0]["digest"]  # type: ignore[arg-type]  # bytes
    del members[f"blobs/sha256/{manifest[7:]}"]
    with pytest.raises(DamagedInput) as caught:
        found(members)
    assert caught.value.message == f"app.tar lacks what its index names: {manifest}."


@pytest.mark.parametrize(
    ("members", "words", "hint"),
    [
        ({"etc/passwd": b"", "usr/a": b"", "bin/sh": b""}, "the file system of a machine", "docker import FILE NAME"),
        ({"README.md": b"x"}, "neither manifest.json nor index.json (its first entry is README.md)", "docker import"),
        ({}, "(it is empty)", "docker save"),
        ({"repositories": b"{}", "x/layer.tar": b""}, "has no manifest.json", "docker load"),
        ({"oci-layout": b"{}", "blobs/sha256/a": b""}, "has no index.json", "Save the image again."),
        ({"\x1b[31m<b>": b""}, "its first entry is \\x1b[31m<b>", "docker save"),
    ],
)  # fmt: skip
def test_that_what_is_no_image_is_called_what_it_is(
    members: Members, words: str, hint: str
) -> None:
    with pytest.raises(NotAnImage) as caught:
        found(members)
    assert words in caught.value.message
    assert hint in caught.value.hint


def test_that_a_cut_archive_still_offers_the_image_of_its_config() -> None:
    app = built(_BASE, _APP)
    members = {k: v for k, v in docker_legacy(app).items() if not k.startswith(("man", "repo"))}
    [image] = found(members, ends_early=4096)
    assert image.id == app.id
    assert image.blobs == tuple(Blob("", digest(x), unplaced=True) for x in (_BASE, _APP))


def test_that_a_cut_archive_without_config_says_where_it_ends() -> None:
    with pytest.raises(DamagedInput) as caught:
        found({"a/layer.tar": _BASE}, ends_early=4096)
    assert (caught.value.message, caught.value.offset) == (
        "app.tar is cut off or damaged at byte 4096, before the list of its images.",
        4096,
    )


def test_that_an_image_without_layers_is_an_image() -> None:
    assert one(docker_25(built())).blobs == ()


def test_that_an_artifact_alone_is_no_image() -> None:
    blobs = Blobs()
    members = oci_layout(blobs, attestation(blobs, "sha256:" + "0" * 64))
    assert found(members) == []
