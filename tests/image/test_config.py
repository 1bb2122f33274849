"""Configs, manifests and indexes, as written by tools and by attackers."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import DamagedInput, InputError, LimitExceeded
from explorer.image.config import (
    JSON_LIMIT,
    Descriptor,
    ImageConfig,
    Manifest,
    SavedImage,
    align_history,
    check_digest,
    digest_of,
    parse_config,
    parse_index,
    parse_manifest,
    parse_saved_images,
)
from explorer.image.model import Config, History, Platform

_A, _B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
_PARSERS: list[Callable[[bytes], object]] = [
    parse_config,
    parse_index,
    parse_manifest,
    parse_saved_images,
]


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def test_that_a_config_is_read_whole() -> None:
    document = {
        "architecture": "arm64",
        "os": "linux",
        "variant": "v8",
        "created": "2026-01-02T03:04:05Z",
        "config": {
            "Env": ["PATH=/bin", "GOPATH=/go"],
            "Entrypoint": ["/app"],
            "Cmd": "serve",
            "WorkingDir": "/srv",
            "User": "65532",
            "ExposedPorts": {"80/tcp": {}},
            "Volumes": {"/data": {}},
            "Labels": {"a": "b"},
            "StopSignal": "SIGTERM",
            "Healthcheck": {"Test": ["CMD", "true"], "Interval": 3},
            "OnBuild": None,
        },
        "rootfs": {"type": "layers", "diff_ids": [_A]},
        "history": [
            {"created": "2026-01-01T00:00:00Z", "created_by": "/bin/sh -c #(nop) ADD x", "comment": "c"},
            {"created_by": "ENV A=b", "empty_layer": True},
        ],
        "moby.buildkit.cache.v0": "unknown fields are left alone",
    }  # fmt: skip
    assert parse_config(_json(document)) == ImageConfig(
        platform=Platform("linux", "arm64", "v8"),
        created="2026-01-02T03:04:05Z",
        config=Config(
            env=("PATH=/bin", "GOPATH=/go"),
            entrypoint=("/app",),
            cmd=("serve",),
            working_dir="/srv",
            user="65532",
            exposed_ports=("80/tcp",),
            volumes=("/data",),
            labels={"a": "b"},
            stop_signal="SIGTERM",
            healthcheck=("CMD", "true"),
        ),
        diff_ids=(_A,),
        history=(
            History("/bin/sh -c #(nop) ADD x", "2026-01-01T00:00:00Z", "c"),
            History("ENV A=b", empty_layer=True),
        ),
    )


def test_that_null_stands_for_absent_as_it_does_in_go() -> None:
    fields = ["architecture", "os", "variant", "created", "config", "rootfs", "history"]
    empty = ImageConfig(Platform(), "", Config(), (), ())
    assert parse_config(_json(dict.fromkeys(fields))) == empty
    run = ["Env", "Entrypoint", "Cmd", "WorkingDir", "User", "ExposedPorts", "Volumes", "Labels", "Healthcheck"]  # fmt: skip
    assert (
        parse_config(_json({"config": dict.fromkeys(run), "rootfs": {"diff_ids": None}})) == empty
    )


def test_that_the_last_of_two_equal_keys_counts_as_it_does_in_go() -> None:
    assert parse_config(b'{"os":"linux","os":"windows"}').platform == Platform("windows")


@pytest.mark.parametrize("parse", _PARSERS)
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"{} {}",
        b"true",
        b'"text"',
        b"[" * 200_000 + b"]" * 200_000,
        b'{"config":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"zz":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001,
        b"9" * 5_000,
        b'{"zz":NaN}',
        b'{"zz":Infinity}',
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        b"\xff",
        b"\0",
    ],
    ids=lambda data: repr(data[:12]),
)
def test_that_hostile_json_is_one_typed_error(
    parse: Callable[[bytes], object], data: bytes
) -> None:
    with pytest.raises(DamagedInput) as caught:
        parse(data)
    assert caught.value.hint
    assert len(caught.value.message) < 400


@pytest.mark.parametrize(
    "document",
    [
        b'{"os":5}',
        b'{"os":"\\ud800"}',
        b'{"os":"\xff"}',
        b'{"config":{"Env":"A=b"}}',
        b'{"config":{"Env":[1]}}',
        b'{"config":{"Labels":{"a":1}}}',
        b'{"rootfs":{"diff_ids":{}}}',
        b'{"rootfs":{"diff_ids":["sha256:../../etc/passwd"]}}',
        b'{"history":{}}',
        b'{"history":[null]}',
        b'{"history":[{"empty_layer":"yes"}]}',
    ],
)
def test_that_a_config_of_other_types_is_refused(document: bytes) -> None:
    with pytest.raises(DamagedInput):
        parse_config(document)


@pytest.mark.parametrize(
    "text",
    ["", "sha256:", "sha256:" + "a" * 63, "sha256:" + "A" * 64, "sha256:../../../../etc/passwd", "md5:" + "a" * 32, _A + "\n", "sha512:" + "a" * 64],
)  # fmt: skip
def test_that_only_a_digest_is_a_digest(text: str) -> None:
    with pytest.raises(DamagedInput):
        check_digest(text)


def test_that_sha512_is_a_digest_too() -> None:
    assert check_digest(digest_of(b"abc", "sha512")).startswith("sha512:ddaf35a1")


def test_that_a_manifest_is_read() -> None:
    document = {
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": _A, "size": 7},
        "layers": [
            {"mediaType": "application/vnd.oci.image.layer.v1.tar+zstd", "digest": _B, "size": 9}
        ],
    }  # fmt: skip
    assert parse_manifest(_json(document)) == Manifest(
        Descriptor(_A, 7, "application/vnd.oci.image.config.v1+json"),
        (Descriptor(_B, 9, "application/vnd.oci.image.layer.v1.tar+zstd"),),
    )


@pytest.mark.parametrize(
    "change",
    [
        {"config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": _A, "size": 2}},
        {"config": {"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": _A, "size": 2}},
        {"subject": {"digest": _B, "size": 1}},
        {"layers": [{"mediaType": "application/vnd.in-toto+json", "digest": _B, "size": 1}]},
    ],
)  # fmt: skip
def test_that_signatures_attestations_and_charts_are_no_images(change: dict[str, Any]) -> None:
    layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": _B, "size": 1}
    plain = {"config": {"digest": _A, "size": 2}, "layers": [layer]}
    assert not parse_manifest(_json(plain)).artifact
    assert parse_manifest(_json({**plain, **change})).artifact


def test_that_a_document_may_not_be_index_and_manifest_at_once() -> None:
    both = _json({"config": {"digest": _A}, "layers": [{"digest": _A}], "manifests": [{"digest": _B}]})  # fmt: skip
    for parse in (parse_index, parse_manifest):
        with pytest.raises(DamagedInput, match="an index and a manifest at once"):
            parse(both)


def test_that_an_index_without_manifests_is_empty() -> None:
    assert parse_index(b'{"schemaVersion":2,"manifests":null}') == ()


def test_that_saved_images_are_read() -> None:
    item = {
        "Config": "c.json",
        "RepoTags": None,
        "Layers": ["l/layer.tar"],
        "LayerSources": {_A: {"mediaType": "t", "size": 3, "digest": _A}},
    }
    assert parse_saved_images(_json([item])) == (
        SavedImage("c.json", (), ("l/layer.tar",), {_A: Descriptor(_A, 3, "t")}),
    )


@pytest.mark.parametrize("data", [b"null", b" null\n", b"[]"])
def test_that_a_manifest_without_images_says_so(data: bytes) -> None:
    with pytest.raises(DamagedInput) as caught:
        parse_saved_images(data)
    assert caught.value.message == (
        f"This is not a usable Docker archive: its manifest.json is {data.strip().decode()}."
    )


def test_that_the_dir_layout_of_skopeo_is_told_to_be_copied() -> None:
    with pytest.raises(DamagedInput) as caught:
        parse_saved_images(_json({"schemaVersion": 2, "config": {"digest": _A}}))
    assert "skopeo copy dir:FOLDER oci:FOLDER2" in caught.value.hint


def test_that_over_four_mebibytes_or_a_thousand_layers_nothing_is_read() -> None:
    for parse in _PARSERS:
        with pytest.raises(LimitExceeded):
            parse(b"[" + b" " * JSON_LIMIT + b"]")
    with pytest.raises(LimitExceeded):
        parse_config(_json({"rootfs": {"diff_ids": [_A] * 1001}}))
    with pytest.raises(LimitExceeded):
        parse_manifest(_json({"config": {"digest": _A}, "layers": [{"digest": _A}] * 1001}))
    with pytest.raises(LimitExceeded):
        parse_saved_images(_json([{"Config": "c", "Layers": ["l"] * 1001}]))


def test_that_history_counts_from_the_base_however_long_it_is() -> None:
    steps = (History("ADD"), History("ENV", empty_layer=True), History("RUN"))
    assert align_history(steps, 2) == (steps[0], steps[2])
    assert align_history(steps, 3) == (steps[0], steps[2], None)
    assert align_history(steps, 1) == (steps[0],)
    assert align_history((), 2) == (None, None)
    assert align_history(steps, 0) == ()


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["config", "layers", "manifests", "digest", "size", "rootfs", "diff_ids", "history", "Env", "Config", "Layers", "RepoTags", "platform", "os"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@pytest.mark.slow
@given(_VALUES)
def test_that_any_json_is_read_or_refused_by_a_typed_error(value: Any) -> None:
    for parse in _PARSERS:
        with contextlib.suppress(InputError):
            parse(_json(value))
