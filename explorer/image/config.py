"""Reads the JSON an image is described by: config, manifest, index and docker-archive manifest, typed and bounded.

Go reads these files everywhere else: `null` stands for an absent value, unknown fields are ignored, the last of two
equal keys counts. What has another type, is not UTF-8, nests too deeply or is over 4 MiB raises DamagedInput.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from explorer.errors import DamagedInput, LimitExceeded
from explorer.image.model import Config, History, Platform
from explorer.translation import tr
from explorer.units import display_text

# containers/image internal/iolimits/iolimits.go: 4 MiB for manifests and configs.
JSON_LIMIT = 4 << 20
# Engines stop at 125 to 128 layers (moby layer_store.go, containerd resolver.go); far beyond it is an attack.
LAYER_LIMIT = 1000
# OCI image-spec descriptor.md, the two algorithms it registers that images use.
DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")

INDEX_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFEST_TYPES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
CONFIG_TYPES = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)
_LAYER_TYPES = (
    "application/vnd.oci.image.layer.",
    "application/vnd.docker.image.rootfs.",
)


@dataclass(frozen=True)
class Descriptor:
    """What points to a blob: digest, size in bytes (-1: not said), media type, platform, annotations."""

    digest: str
    size: int = -1
    media_type: str = ""
    platform: Platform | None = None
    annotations: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Manifest:
    """One image of one platform; `artifact` when it is something else (a signature, an attestation, a chart)."""

    config: Descriptor
    layers: tuple[Descriptor, ...]
    artifact: bool = False


@dataclass(frozen=True)
class SavedImage:
    """One item of a docker-archive's manifest.json; `sources` maps diff_ids to descriptors (Docker 25 and later)."""

    config: str
    tags: tuple[str, ...]
    layers: tuple[str, ...]
    sources: dict[str, Descriptor] = field(default_factory=dict)


@dataclass(frozen=True)
class ImageConfig:
    """An image's config file; `diff_ids` base first, `history` as written, steps without a layer included."""

    platform: Platform
    created: str
    config: Config
    diff_ids: tuple[str, ...]
    history: tuple[History, ...]


class _Platform(msgspec.Struct):
    architecture: str | None = None
    os: str | None = None
    variant: str | None = None


class _Descriptor(msgspec.Struct, rename="camel"):
    digest: str | None = None
    size: int | None = None
    media_type: str | None = None
    platform: _Platform | None = None
    annotations: dict[str, str] | None = None


class _Document(msgspec.Struct, rename="camel"):
    subject: _Descriptor | None = None
    config: _Descriptor | None = None
    layers: list[_Descriptor] | None = None
    manifests: list[_Descriptor] | None = None


class _SavedImage(msgspec.Struct, rename="pascal"):
    config: str | None = None
    repo_tags: list[str] | None = None
    layers: list[str] | None = None
    layer_sources: dict[str, _Descriptor] | None = None


class _Healthcheck(msgspec.Struct, rename="pascal"):
    test: list[str] | None = None


class _RunConfig(msgspec.Struct, rename="pascal"):
    env: list[str] | None = None
    entrypoint: list[str] | str | None = None
    cmd: list[str] | str | None = None
    working_dir: str | None = None
    user: str | None = None
    exposed_ports: dict[str, msgspec.Raw] | None = None
    volumes: dict[str, msgspec.Raw] | None = None
    labels: dict[str, str] | None = None
    stop_signal: str | None = None
    healthcheck: _Healthcheck | None = None


class _History(msgspec.Struct):
    created: str | None = None
    created_by: str | None = None
    comment: str | None = None
    empty_layer: bool | None = None


class _RootFS(msgspec.Struct):
    diff_ids: list[str] | None = None


class _ImageConfig(_Platform):
    created: str | None = None
    config: _RunConfig | None = None
    rootfs: _RootFS | None = None
    history: list[_History] | None = None


_Shape = TypeVar("_Shape")


def parse_config(data: bytes) -> ImageConfig:
    """The image's config file (OCI image-spec config.md)."""
    found = _decode(data, _ImageConfig, tr("The image's config"))
    diff_ids = tuple((found.rootfs.diff_ids if found.rootfs else None) or ())
    _check_layer_count(len(diff_ids))
    for diff_id in diff_ids:
        check_digest(diff_id)
    return ImageConfig(
        platform=_platform(found),
        created=found.created or "",
        config=_run_config(found.config or _RunConfig()),
        diff_ids=diff_ids,
        history=tuple(
            History(
                step.created_by or "",
                step.created or "",
                step.comment or "",
                bool(step.empty_layer),
            )
            for step in found.history or ()
        ),
    )


def parse_index(data: bytes) -> tuple[Descriptor, ...]:
    """The manifests an index or index.json points to; none where it says null (Docker 25.0.0 to 25.0.2)."""
    found = _decode(data, _Document, tr("The index"))
    if found.layers:
        # CVE-2021-41190: a document that is an index to one reader and a manifest to another.
        raise _damaged(tr("The index"), tr("it is an index and a manifest at once"))
    return tuple(_descriptor(item) for item in found.manifests or ())


def parse_manifest(data: bytes) -> Manifest:
    """A manifest (OCI image-spec manifest.md)."""
    found = _decode(data, _Document, tr("The manifest"))
    if found.manifests:
        raise _damaged(tr("The manifest"), tr("it is an index and a manifest at once"))
    if found.config is None:
        raise _damaged(tr("The manifest"), tr("it names no config"))
    _check_layer_count(len(found.layers or ()))
    config = _descriptor(found.config)
    other = config.media_type not in ("", *CONFIG_TYPES)
    layers = tuple(_descriptor(item) for item in found.layers or ())
    return Manifest(
        config=config,
        layers=layers,
        artifact=other or found.subject is not None or not _any_layer(layers),
    )


def parse_saved_images(data: bytes) -> tuple[SavedImage, ...]:
    """A docker-archive's manifest.json; never empty."""
    if data.lstrip().startswith(b"{"):
        raise DamagedInput(
            tr("manifest.json describes one image, as in the dir: layout of skopeo and podman."),
            tr("Copy it with skopeo copy dir:FOLDER oci:FOLDER2, then open FOLDER2."),
        )
    found = [] if data.strip() == b"null" else _decode(data, list[_SavedImage], "manifest.json")
    if not found:
        value = display_text(data.strip().decode("ascii", "replace"), 10)
        raise DamagedInput(
            tr("This is not a usable Docker archive: its manifest.json is {value}.", value=value),
            tr("Save the image again with docker save."),
        )
    images = []
    for item in found:
        if not item.config:
            raise _damaged("manifest.json", tr("it names no config"))
        _check_layer_count(len(item.layers or ()))
        sources = {key: _descriptor(value) for key, value in (item.layer_sources or {}).items()}
        tags, layers = tuple(item.repo_tags or ()), tuple(item.layers or ())
        images.append(SavedImage(item.config, tags, layers, sources))
    return tuple(images)


def align_history(history: tuple[History, ...], layer_count: int) -> tuple[History | None, ...]:
    """The step behind each layer, from the base up, as `docker history` counts them; None where no step is left."""
    steps = [step for step in history if not step.empty_layer][:layer_count]
    return (*steps, *([None] * (layer_count - len(steps))))


def check_digest(digest: str) -> str:
    """`digest` itself; raises DamagedInput unless it is sha256:… or sha512:… in the form the OCI specification gives."""
    if not DIGEST.fullmatch(digest):
        raise DamagedInput(
            tr("{digest} is not a digest.", digest=display_text(digest, 80) or '""'),
            tr("The image was not written by an image tool, or it is damaged. Save it again."),
        )
    return digest


def digest_of(data: bytes, algorithm: str = "sha256") -> str:
    """The digest of some bytes, sha256 or sha512."""
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def is_companion(item: Descriptor) -> bool:
    """Whether an index's item is no image: an attestation or signature beside one (moby#48295, containerd's referrers)."""
    at, notes = item.platform, item.annotations
    unknown = at is not None and at.os == at.architecture == "unknown"
    return (
        unknown or "vnd.docker.reference.type" in notes or "io.containerd.manifest.subject" in notes
    )


def _decode(data: bytes, shape: type[_Shape], what: str) -> _Shape:
    if len(data) > JSON_LIMIT:
        raise LimitExceeded(
            tr(
                "{what} has {bytes} bytes; at most {limit} are read.",
                what=what,
                bytes=len(data),
                limit=JSON_LIMIT,
            ),
            tr("No image tool writes such a file; do not trust this image."),
        )
    try:
        return msgspec.json.decode(data, type=shape)
    except RecursionError:
        raise _damaged(what, tr("it nests too deeply")) from None
    except ValueError as error:  # msgspec's errors and UnicodeDecodeError
        raise _damaged(what, display_text(str(error), 200)) from error


def _damaged(what: str, reason: str) -> DamagedInput:
    return DamagedInput(
        tr("{what} cannot be used: {reason}.", what=what, reason=reason),
        tr("The image was not written by an image tool, or it is damaged. Save it again."),
    )


def _check_layer_count(count: int) -> None:
    if count > LAYER_LIMIT:
        raise LimitExceeded(
            tr(
                "The image lists {count} layers; at most {limit} are read.",
                count=count,
                limit=LAYER_LIMIT,
            ),
            tr("Engines stop at 128 layers; do not trust this image."),
        )


def _descriptor(found: _Descriptor) -> Descriptor:
    return Descriptor(
        digest=check_digest(found.digest or ""),
        size=-1 if found.size is None or found.size < 0 else found.size,
        media_type=found.media_type or "",
        platform=_platform(found.platform) if found.platform else None,
        annotations=found.annotations or {},
    )


def _any_layer(layers: tuple[Descriptor, ...]) -> bool:
    """Whether these are an image's layers; signatures and attestations hold other things."""
    return not layers or any(item.media_type.startswith(_LAYER_TYPES) for item in layers)


def _platform(found: _Platform) -> Platform:
    return Platform(found.os or "", found.architecture or "", found.variant or "")


def _run_config(found: _RunConfig) -> Config:
    return Config(
        env=tuple(found.env or ()),
        entrypoint=_words(found.entrypoint),
        cmd=_words(found.cmd),
        working_dir=found.working_dir or "",
        user=found.user or "",
        exposed_ports=tuple(found.exposed_ports or ()),
        volumes=tuple(found.volumes or ()),
        labels=found.labels or {},
        stop_signal=found.stop_signal or "",
        healthcheck=tuple((found.healthcheck.test if found.healthcheck else None) or ()),
    )


def _words(value: list[str] | str | None) -> tuple[str, ...]:
    """Old images hold a single string where a list belongs (Docker reads both)."""
    if isinstance(value, str):
        return (value,)
    return tuple(value or ())
