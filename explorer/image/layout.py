"""Finds the images in an archive or folder from its members' names and small JSON files.

Layouts: docker-archive as Docker wrote it up to 24 (`<id>/layer.tar`), Docker 25 and later and containerd's store
(`blobs/<algorithm>/<hex>` with a manifest.json), and the OCI image layout. manifest.json is trusted first: the index
beside it may be empty (Docker 25.0.0 to 25.0.2) or in another order (25.0.0).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from explorer.errors import DamagedInput, ExplorerError, NotAnImage
from explorer.image.config import (
    INDEX_TYPES,
    LAYER_LIMIT,
    MANIFEST_TYPES,
    Descriptor,
    ImageConfig,
    Manifest,
    SavedImage,
    align_history,
    digest_of,
    is_companion,
    parse_config,
    parse_index,
    parse_manifest,
    parse_saved_images,
)
from explorer.image.model import Image, Layer, Platform
from explorer.image.reference import familiar_name
from explorer.translation import tr
from explorer.units import display_text

# An index of indexes is two levels deep in practice (containerd's store).
_DEPTH_LIMIT = 4
_TAR_TYPE = "application/vnd.docker.image.rootfs.diff.tar"
_HEX_NAME = re.compile(r"(?:.*/)?(?:sha256:)?([0-9a-f]{64})(?:\.json)?")
_TOP_FOLDERS = frozenset(
    {"bin", "etc", "usr", "lib", "var", "home", "root", "opt", "dev", "proc", "sbin", "tmp"}
)


class Contents(Protocol):
    """The members of an archive or folder by name; links are followed, but never out of it."""

    title: str  # what it is called in messages
    ends_early: int  # where the archive ends although more was promised, in bytes; -1: it is whole

    def names(self) -> Collection[str]: ...

    def resolve(self, name: str) -> str:
        """The member that holds the bytes of `name`, "" when there is none."""

    def size(self, name: str) -> int:
        """Length of a resolved member in bytes."""

    def text(self, name: str) -> bytes:
        """All bytes of a small resolved member; raises LimitExceeded over 4 MiB."""


@dataclass(frozen=True)
class Blob:
    """Where one layer is stored: `member` "" when the archive lacks it; `unplaced` when only its digest can find it."""

    member: str
    diff_id: str
    digest: str = ""
    media_type: str = ""
    stored_bytes: int = -1
    unplaced: bool = False


@dataclass(frozen=True)
class FoundImage:
    """One image of one platform in an archive or folder; `names` are the digests a selector may mean."""

    id: str
    tags: tuple[str, ...]
    platform: Platform
    config: ImageConfig
    blobs: tuple[Blob, ...]
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def label(self) -> str:
        """What the image is called in a hint."""
        name = self.tags[0] if self.tags else self.id
        return f"{display_text(name, 100)} ({display_text(str(self.platform), 40)})"

    def image(self, reference: str, source: str) -> Image:
        """The image as data."""
        steps = align_history(self.config.history, len(self.blobs))
        return Image(
            reference=reference,
            id=self.id,
            tags=self.tags,
            platform=self.platform,
            created=self.config.created,
            source=source,
            config=self.config.config,
            layers=tuple(
                Layer(i, blob.diff_id, blob.digest, blob.media_type, blob.stored_bytes, steps[i])
                for i, blob in enumerate(self.blobs)
            ),
            history=self.config.history,
        )


def find_images(contents: Contents) -> list[FoundImage]:
    """All images, in the order the archive names them.

    Raises NotAnImage (with what it is instead), DamagedInput, LimitExceeded. Attestations and signatures are left out.
    """
    saved, index = contents.resolve("manifest.json"), contents.resolve("index.json")
    if not saved and not index:
        if contents.ends_early >= 0:
            return _salvage(contents)
        raise not_an_image(contents)
    reader = _OciReader(contents)
    if index and not saved:
        reader.follow_all(parse_index(contents.text(index)), (), 0)
        return reader.images()
    if index:
        _follow_leniently(reader, contents.text(index))
    images = [
        _saved_image(contents, item, reader) for item in parse_saved_images(contents.text(saved))
    ]
    known = {image.id for image in images}
    return images + [image for image in reader.images() if image.id not in known]


def not_an_image(contents: Contents) -> NotAnImage:
    """The error for what has neither a manifest.json nor an index.json."""
    names = contents.names()
    tops = {name.split("/", 1)[0] for name in names}
    if "repositories" in tops or any(name.endswith("/layer.tar") for name in names):
        return NotAnImage(
            tr(
                "{file} has no manifest.json: it is an incomplete or very old Docker archive.",
                file=contents.title,
            ),
            tr("Load it with docker load, then save the image again with docker save."),
        )
    if "oci-layout" in tops or "blobs" in tops:
        return NotAnImage(
            tr(
                "{file} has no index.json: it is an incomplete OCI image layout.",
                file=contents.title,
            ),
            tr("Save the image again."),
        )
    if len(tops & _TOP_FOLDERS) >= 3:
        return NotAnImage(
            tr(
                "{file} is the file system of a machine or container, not an image.",
                file=contents.title,
            ),
            tr("Make an image of it with docker import FILE NAME, then open NAME."),
        )
    first = next(iter(sorted(names)), "")
    what = (
        tr("its first entry is {name}", name=display_text(first, 60))
        if first
        else tr("it is empty")
    )
    return NotAnImage(
        tr(
            "{file} is not an image: it has neither manifest.json nor index.json ({what}).",
            file=contents.title,
            what=what,
        ),
        tr(
            "Open a file that docker save wrote. A file system in a tar becomes an image with docker import FILE NAME."
        ),
    )


class _OciReader:
    """Walks index.json and what it points to; keeps each image once, by its config's digest."""

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._found: dict[str, FoundImage] = {}
        self._visited = 0
        self.absent: list[str] = []
        self.layers: dict[str, Descriptor] = {}

    def images(self) -> list[FoundImage]:
        if not self._found and self.absent:
            raise DamagedInput(
                tr(
                    "{file} lacks what its index names: {digest}.",
                    file=self._contents.title,
                    digest=self.absent[0],
                ),
                tr("The archive is incomplete. Save the image again."),
            )
        return list(self._found.values())

    def named(self, config_digest: str) -> FoundImage | None:
        return self._found.get(config_digest)

    def follow_all(
        self,
        items: Iterable[Descriptor],
        above: tuple[str, ...],
        depth: int,
        tags: tuple[str, ...] = (),
    ) -> None:
        for item in items:
            self._visited += 1
            if self._visited > LAYER_LIMIT or depth > _DEPTH_LIMIT:
                raise _too_many(self._contents.title)
            if not is_companion(item):
                self._follow(item, above, depth, _tags(item) or tags)

    def _follow(
        self, item: Descriptor, above: tuple[str, ...], depth: int, tags: tuple[str, ...]
    ) -> None:
        member = self._contents.resolve(blob_name(item.digest))
        if not member:
            # Only some platforms may have been saved: an absent one is no damage.
            self.absent.append(item.digest)
            return
        text = _checked(self._contents, member, item)
        if item.media_type in INDEX_TYPES or (
            item.media_type not in MANIFEST_TYPES and _is_index(text)
        ):
            self.follow_all(parse_index(text), (*above, item.digest), depth + 1, tags)
            return
        manifest = parse_manifest(text)
        if not manifest.artifact:
            self._add(manifest, item, (*above, item.digest), tags)

    def _add(
        self, manifest: Manifest, item: Descriptor, names: tuple[str, ...], tags: tuple[str, ...]
    ) -> None:
        known = self._found.get(manifest.config.digest)
        if known is not None:
            all_tags = tuple(dict.fromkeys((*known.tags, *tags)))
            all_names = tuple(dict.fromkeys((*known.names, *names)))
            self._found[known.id] = replace(known, tags=all_tags, names=all_names)
            return
        member = self._contents.resolve(blob_name(manifest.config.digest))
        if not member:
            self.absent.append(manifest.config.digest)
            return
        config = parse_config(_checked(self._contents, member, manifest.config))
        self.layers.update((layer.digest, layer) for layer in manifest.layers)
        blobs: list[tuple[str, Descriptor | None]] = [
            (blob_name(layer.digest), layer) for layer in manifest.layers
        ]
        self._found[manifest.config.digest] = _assemble(
            self._contents, manifest.config.digest, config, blobs, tags, names, item.platform
        )


def _follow_leniently(reader: _OciReader, index: bytes) -> None:
    """Look at the index beside a manifest.json, which may be odd: manifest.json is what counts."""
    try:
        reader.follow_all(parse_index(index), (), 0)
    except DamagedInput:
        return


def _saved_image(contents: Contents, item: SavedImage, reader: _OciReader) -> FoundImage:
    member = contents.resolve(item.config)
    if not member:
        raise DamagedInput(
            tr(
                "{file} lacks the config {name} that its manifest.json names.",
                file=contents.title,
                name=display_text(item.config, 100),
            ),
            tr("The archive is incomplete. Save the image again."),
        )
    text = contents.text(member)
    identity = digest_of(text)
    named = _HEX_NAME.fullmatch(item.config)
    if named and identity != f"sha256:{named[1]}":
        raise _wrong_digest(tr("The image's config"), f"sha256:{named[1]}", identity)
    config = parse_config(text)
    blobs = [
        (name, _layer_descriptor(name, i, item, config, reader))
        for i, name in enumerate(item.layers)
    ]
    other = reader.named(identity)
    tags = tuple(map(familiar_name, item.tags)) or (other.tags if other else ())
    names = other.names if other else ()
    return _assemble(contents, identity, config, blobs, tags, names, None)


def _layer_descriptor(
    name: str, number: int, item: SavedImage, config: ImageConfig, reader: _OciReader
) -> Descriptor | None:
    diff_id = config.diff_ids[number] if number < len(config.diff_ids) else ""
    parts = name.split("/")
    digest = f"{parts[1]}:{parts[2]}" if len(parts) == 3 and parts[0] == "blobs" else ""
    return reader.layers.get(digest) or item.sources.get(diff_id) or item.sources.get(digest)


def _assemble(
    contents: Contents,
    identity: str,
    config: ImageConfig,
    layers: list[tuple[str, Descriptor | None]],
    tags: tuple[str, ...],
    names: tuple[str, ...],
    platform: Platform | None,
) -> FoundImage:
    if len(layers) != len(config.diff_ids):
        raise DamagedInput(
            tr(
                "The image's manifest lists {layers} layers, its config {diff_ids}.",
                layers=len(layers),
                diff_ids=len(config.diff_ids),
            ),
            tr("The image was not written by an image tool, or it is damaged. Save it again."),
        )
    notes: list[str] = []
    blobs = []
    for number, (name, descriptor) in enumerate(layers):
        blob = _blob(contents, name, config.diff_ids[number], descriptor)
        blobs.append(blob)
        notes.extend(_layer_notes(number, blob, descriptor))
    steps = sum(not step.empty_layer for step in config.history)
    if config.history and steps != len(layers):
        notes.append(
            tr(
                "The image's history has {steps} steps for {layers} layers.",
                steps=steps,
                layers=len(layers),
            )
        )
    return FoundImage(
        id=identity,
        tags=tags,
        platform=config.platform if config.platform.os else (platform or Platform()),
        config=config,
        blobs=tuple(blobs),
        names=tuple(dict.fromkeys((identity, *names))),
        notes=tuple(notes),
    )


def _blob(contents: Contents, name: str, diff_id: str, descriptor: Descriptor | None) -> Blob:
    member = contents.resolve(name)
    return Blob(
        member=member,
        diff_id=diff_id,
        digest=descriptor.digest if descriptor else "",
        media_type=descriptor.media_type if descriptor else _TAR_TYPE,
        stored_bytes=contents.size(member) if member else descriptor.size if descriptor else -1,
    )


def _layer_notes(number: int, blob: Blob, descriptor: Descriptor | None) -> Iterable[str]:
    digest = display_text(blob.digest or blob.diff_id, 80)
    if not blob.member and _is_foreign(blob.media_type):
        yield tr(
            "Layer {number} ({digest}) is not in the archive: it is a foreign layer, which stays with its publisher.",
            number=number,
            digest=digest,
        )
    elif not blob.member:
        yield tr("Layer {number} ({digest}) is not in the archive.", number=number, digest=digest)
    elif descriptor is not None and descriptor.size not in (-1, blob.stored_bytes):
        yield tr(
            "Layer {number} ({digest}) has {bytes} bytes; the manifest says {size}.",
            number=number,
            digest=digest,
            bytes=blob.stored_bytes,
            size=descriptor.size,
        )


def _is_foreign(media_type: str) -> bool:
    return ".nondistributable." in media_type or ".foreign." in media_type


def _tags(item: Descriptor) -> tuple[str, ...]:
    name = item.annotations.get("io.containerd.image.name") or item.annotations.get(
        "org.opencontainers.image.ref.name"
    )
    return (familiar_name(name),) if name else ()


def _is_index(text: bytes) -> bool:
    try:
        return bool(parse_index(text))
    except ExplorerError:
        return False


def blob_name(digest: str) -> str:
    """Member name of a checked digest."""
    return "blobs/" + digest.replace(":", "/")


def _checked(contents: Contents, member: str, item: Descriptor) -> bytes:
    text = contents.text(member)
    found = digest_of(text, item.digest.partition(":")[0])
    if found != item.digest:
        raise _wrong_digest(tr("A file of {file}", file=contents.title), item.digest, found)
    return text


def _wrong_digest(what: str, wanted: str, found: str) -> DamagedInput:
    return DamagedInput(
        tr(
            "{what} is damaged: wrong digest ({found} instead of {wanted}).",
            what=what,
            found=found,
            wanted=wanted,
        ),
        tr("Copy or save the image again."),
    )


def _too_many(title: str) -> DamagedInput:
    return DamagedInput(
        tr("{file} has an index with too many images or levels.", file=title),
        tr("No image tool writes such a file; do not trust this image."),
    )


def _salvage(contents: Contents) -> list[FoundImage]:
    """Images of an archive that ends before its manifest.json: configs that are still there, layers by their digests."""
    found = []
    for name in sorted(contents.names()):
        if not _HEX_NAME.fullmatch(name) or not 0 < contents.size(name) <= 1 << 20:
            continue
        config = _config_or_none(contents, name)
        if config is not None and config.diff_ids:
            blobs = tuple(Blob("", diff_id, unplaced=True) for diff_id in config.diff_ids)
            identity = digest_of(contents.text(name))
            found.append(FoundImage(identity, (), config.platform, config, blobs, (identity,)))
    if not found:
        raise DamagedInput(
            tr(
                "{file} is cut off or damaged at byte {offset}, before the list of its images.",
                file=contents.title,
                offset=contents.ends_early,
            ),
            tr("Copy or save the image again."),
            contents.ends_early,
        )
    return found


def _config_or_none(contents: Contents, name: str) -> ImageConfig | None:
    try:
        text = contents.text(name)
        return parse_config(text) if text.lstrip().startswith(b"{") else None
    except ExplorerError:
        return None
