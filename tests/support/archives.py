"""Saved images as bytes: pack(docker_25(built(layer_tar({"a": b"x"})))) is an archive as Docker 25 writes it."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
import lzma
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zstandard


@dataclass(frozen=True)
class Link:
    """A symbolic link among the members of an archive."""

    target: str


Members = dict[str, bytes | Link]

OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
_SUFFIX = {"plain": "", "gzip": "+gzip", "zstd": "+zstd"}


@dataclass(frozen=True)
class Built:
    """An image to be saved: uncompressed layer tars, base first, and its config."""

    layers: tuple[bytes, ...]
    config: Mapping[str, Any]
    tags: tuple[str, ...] = ("app:1",)
    absent: frozenset[int] = frozenset()  # layers that the archive lists but lacks
    layer_type: str = OCI_LAYER

    @property
    def config_bytes(self) -> bytes:
        return json.dumps(self.config).encode()

    @property
    def id(self) -> str:
        return digest(self.config_bytes)

    @property
    def platform(self) -> dict[str, str]:
        return {
            key: self.config[key] for key in ("os", "architecture", "variant") if key in self.config
        }


def digest(data: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def layer_tar(
    files: Mapping[str, bytes | Link] | None = None, directories: Iterable[str] = ()
) -> bytes:
    """An uncompressed layer of these regular files and links."""
    members: Members = dict(files or {})
    return pack(members, directories)


def built(
    *layers: bytes,
    tags: Sequence[str] = ("app:1",),
    platform: str = "linux/amd64",
    history: Sequence[Mapping[str, Any]] | None = None,
    config: Mapping[str, Any] | None = None,
    absent: Iterable[int] = (),
    layer_type: str = OCI_LAYER,
    **more: Any,
) -> Built:
    """An image of these layers; without `history` each layer gets one step, `more` goes into the config file."""
    names = dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False))
    steps = (
        [{"created_by": f"RUN step {i}"} for i in range(len(layers))]
        if history is None
        else list(history)
    )
    document = {
        **names,
        "created": "2026-11-24T00:00:00Z",
        "config": dict(config or {}),
        "rootfs": {"type": "layers", "diff_ids": [digest(layer) for layer in layers]},
        "history": steps,
        **more,
    }
    return Built(tuple(layers), document, tuple(tags), frozenset(absent), layer_type)


def docker_legacy(*images: Built) -> Members:
    """As Docker 24 and earlier save: `<id>/layer.tar`, a repeated layer as a symlink, manifest.json last."""
    members: Members = {}
    manifest = []
    first: dict[bytes, str] = {}
    for image in images:
        paths = []
        for number, layer in enumerate(image.layers):
            name = hashlib.sha256(b"%s %d" % (image.id.encode(), number)).hexdigest()
            paths.append(f"{name}/layer.tar")
            members[f"{name}/VERSION"] = b"1.0"
            members[f"{name}/json"] = json.dumps({"id": name}).encode()
            if number not in image.absent:
                known = first.setdefault(layer, name)
                members[f"{name}/layer.tar"] = (
                    layer if known == name else Link(f"../{known}/layer.tar")
                )
        config = image.id[7:] + ".json"
        members[config] = image.config_bytes
        manifest.append({"Config": config, "RepoTags": list(image.tags) or None, "Layers": paths})
    members["manifest.json"] = json.dumps(manifest).encode()
    members["repositories"] = b"{}"
    return members


def docker_25(*images: Built) -> Members:
    """As Docker 25 and later save with a graph driver: plain blobs, orphan v1 configs, an index that says null."""
    members: Members = {}
    manifest = []
    for image in images:
        sources = {}
        for number, layer in enumerate(image.layers):
            orphan = json.dumps({"id": f"v1 {number}", "os": "linux"}).encode()
            members[_blob(digest(orphan))] = orphan
            sources[digest(layer)] = _descriptor(layer, image.layer_type)
            if number not in image.absent:
                members[_blob(digest(layer))] = layer
        members[_blob(image.id)] = image.config_bytes
        manifest.append(
            {
                "Config": _blob(image.id),
                "RepoTags": list(image.tags) or None,
                "Layers": [_blob(digest(layer)) for layer in image.layers],
                "LayerSources": sources,
            }
        )
    members["index.json"] = json.dumps(
        {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": None}
    ).encode()
    members["manifest.json"] = json.dumps(manifest).encode()
    members["oci-layout"] = b'{"imageLayoutVersion":"1.0.0"}'
    return members


@dataclass
class Blobs:
    """Blobs by digest, with the descriptors that name them."""

    members: Members = field(default_factory=dict)
    algorithm: str = "sha256"

    def add(
        self, data: bytes, media_type: str, /, *, stored: bool = True, **more: Any
    ) -> dict[str, Any]:
        found = _descriptor(data, media_type, self.algorithm)
        if stored:
            self.members[_blob(found["digest"])] = data
        return {**found, **more}

    def manifest(self, image: Built, compression: str = "plain") -> dict[str, Any]:
        """Add an image's blobs and return the descriptor of its manifest."""
        layers = [
            self.add(
                compress(layer, compression),
                image.layer_type + _SUFFIX.get(compression, "+gzip"),
                stored=number not in image.absent,
            )
            for number, layer in enumerate(image.layers)
        ]
        config = self.add(image.config_bytes, OCI_CONFIG)
        document = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": config,
            "layers": layers,
        }
        return self.add(json.dumps(document).encode(), OCI_MANIFEST, platform=image.platform)

    def index(self, *items: Mapping[str, Any]) -> dict[str, Any]:
        document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(items)}
        return self.add(json.dumps(document).encode(), OCI_INDEX)


def oci(*images: Built, compression: str = "plain", algorithm: str = "sha256") -> Members:
    """An OCI layout; images of several tags are named one by one, those without tags only by platform."""
    blobs = Blobs(algorithm=algorithm)
    items = []
    for image in images:
        item = blobs.manifest(image, compression)
        for tag in image.tags or (None,):
            note = {"annotations": {"org.opencontainers.image.ref.name": tag}} if tag else {}
            items.append({**item, **note})
    return oci_layout(blobs, *items)


def oci_layout(blobs: Blobs, *items: Mapping[str, Any]) -> Members:
    """An OCI layout whose index.json names these descriptors."""
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(items)}
    ordered = dict(sorted(blobs.members.items()))
    return {
        **ordered,
        "index.json": json.dumps(index).encode(),
        "oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
    }


def containerd(*platforms: Built, compression: str = "gzip", attested: bool = False) -> Members:
    """As Docker with containerd's store saves one image of several platforms; manifest.json names the first one."""
    blobs = Blobs()
    items = [blobs.manifest(image, compression) for image in platforms]
    if attested:
        items += [attestation(blobs, str(item["digest"])) for item in list(items)]
    top = blobs.index(*items)
    name = (
        {"io.containerd.image.name": f"docker.io/library/{platforms[0].tags[0]}"}
        if platforms[0].tags
        else {}
    )
    members = oci_layout(blobs, {**top, "annotations": name})
    first = json.loads(_text(blobs.members[_blob(str(items[0]["digest"]))]))
    manifest = [
        {
            "Config": _blob(first["config"]["digest"]),
            "RepoTags": list(platforms[0].tags) or None,
            "Layers": [_blob(item["digest"]) for item in first["layers"]],
        }
    ]
    layout = members.pop("oci-layout")
    return {**members, "manifest.json": json.dumps(manifest).encode(), "oci-layout": layout}


def attestation(blobs: Blobs, subject: str) -> dict[str, Any]:
    """A BuildKit attestation of a manifest: looks like one more platform, holds JSON instead of a tar."""
    layer = blobs.add(
        b'{"_type":"https://in-toto.io/Statement/v0.1"}', "application/vnd.in-toto+json"
    )
    config = blobs.add(
        b'{"architecture":"unknown","os":"unknown","rootfs":{"diff_ids":[]}}', OCI_CONFIG
    )
    document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": [layer]}
    return blobs.add(
        json.dumps(document).encode(),
        OCI_MANIFEST,
        platform={"architecture": "unknown", "os": "unknown"},
        annotations={
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": subject,
        },
    )


def pack(members: Mapping[str, bytes | Link], directories: Iterable[str] = ()) -> bytes:
    """A tar of these members in this order."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in directories:
            info = tarfile.TarInfo(name)
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(info)
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            if isinstance(content, Link):
                info.type, info.linkname = tarfile.SYMTYPE, content.target
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def unpack(members: Mapping[str, bytes | Link], folder: Path) -> Path:
    """The same members as files below a folder."""
    for name, content in members.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Link):
            path.symlink_to(content.target)
        else:
            path.write_bytes(content)
    return folder


def compress(data: bytes, how: str) -> bytes:
    """`data` as plain, gzip, gzip-members (three members, the last one empty), zstd, zstd-frames, bz2 or xz."""
    half = len(data) // 2
    if how == "plain":
        return data
    if how == "gzip":
        return gzip.compress(data, 1, mtime=0)
    if how == "gzip-members":
        return b"".join(gzip.compress(part, 1, mtime=0) for part in (data[:half], data[half:], b""))
    if how == "zstd":
        return zstandard.ZstdCompressor().compress(data)
    if how == "zstd-frames":
        return b"".join(
            zstandard.ZstdCompressor().compress(part) for part in (data[:half], data[half:])
        )
    if how == "bz2":
        return bz2.compress(data)
    if how == "xz":
        return lzma.compress(data)
    raise ValueError(how)


def _blob(name: str) -> str:
    return "blobs/" + name.replace(":", "/")


def _descriptor(data: bytes, media_type: str, algorithm: str = "sha256") -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest(data, algorithm), "size": len(data)}


def _text(content: bytes | Link) -> bytes:
    assert isinstance(content, bytes)
    return content


class HeldContents:
    """Members in memory, as the layout code sees an archive's."""

    def __init__(self, members: Mapping[str, bytes | Link], ends_early: int = -1) -> None:
        self.title = "app.tar"
        self.ends_early = ends_early
        self._members = members

    def names(self) -> list[str]:
        return list(self._members)

    def resolve(self, name: str) -> str:
        found = self._members.get(name)
        if isinstance(found, Link):
            return self.resolve(found.target.removeprefix("../"))
        return "" if found is None else name

    def size(self, name: str) -> int:
        return len(_text(self._members[name]))

    def text(self, name: str) -> bytes:
        return _text(self._members[name])
