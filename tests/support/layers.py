"""Layers and images from a few readable lines: image(layer(file("/a", 10)), layer(whiteout("/a")))."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import xxhash

from explorer.filesystem.layer import Kind, LayerIndex
from explorer.filesystem.layerbuilder import LayerBuilder
from explorer.image.model import Config, History, Image, Layer, Platform

Entry = Callable[[LayerBuilder], None]


def _raw(path: str | bytes) -> bytes:
    return (path.encode() if isinstance(path, str) else path).strip(b"/")


def file(
    path: str | bytes,
    size: int = 0,
    content: str | None = None,
    mode: int = 0o644,
    head: bytes = b"",
    mtime: int = 0,
    uid: int = 0,
    gid: int = 0,
) -> Entry:
    """A regular file; its digest follows from `content`, or from its path and size when there is none."""
    payload = content.encode() if content is not None else _raw(path) + b":%d" % size
    length = len(payload) if content is not None else size
    digest = xxhash.xxh3_128(payload).intdigest().to_bytes(16, "little")
    return lambda b: b.add(
        _raw(path), Kind.FILE, mode, uid, gid, mtime=mtime, size=length, digest=digest, head=head
    )


def elf(kind: int = 2, *, big_endian: bool = False) -> bytes:
    """The first bytes of an ELF file: `kind` 1 object, 2 executable, 3 shared object, 4 core dump."""
    order: Literal["big", "little"] = "big" if big_endian else "little"
    ident = b"\x7fELF" + bytes([2, 2 if big_endian else 1, 1])
    return ident.ljust(16, b"\0") + kind.to_bytes(2, order) + (62).to_bytes(2, order)


def program(path: str | bytes, size: int = 1000) -> Entry:
    """An executable ELF file."""
    return file(path, size, mode=0o755, head=elf())


def directory(path: str | bytes, mode: int = 0o755) -> Entry:
    """A directory."""
    return lambda b: b.add(_raw(path), Kind.DIRECTORY, mode)


def symlink(path: str | bytes, target: str | bytes) -> Entry:
    """A symbolic link with its text."""
    text = target.encode() if isinstance(target, str) else target
    return lambda b: b.add(_raw(path), Kind.SYMLINK, 0o777, link=text)


def hardlink(path: str | bytes, target: str | bytes) -> Entry:
    """A hard link to another path of the image."""
    return lambda b: b.add(_raw(path), Kind.HARDLINK, link=_raw(target))


def whiteout(path: str | bytes) -> Entry:
    """Hides a path of lower layers."""
    return lambda b: b.whiteout(_raw(path))


def opaque(path: str | bytes) -> Entry:
    """Hides all that lower layers hold in a directory."""
    return lambda b: b.opaque(_raw(path))


def layer(*entries: Entry, diff_id: str = "") -> LayerIndex:
    """A complete layer of these entries."""
    builder = LayerBuilder()
    for entry in entries:
        entry(builder)
    return builder.finish(complete=True, verified="digest", diff_id=diff_id)


def image(
    *layers: LayerIndex,
    env: tuple[str, ...] = (),
    created_by: tuple[str, ...] = (),
    config: Config | None = None,
) -> tuple[Image, dict[int, LayerIndex]]:
    """An image of these layers, base first, and the layers by index."""
    steps = tuple(
        History(created_by=created_by[i] if i < len(created_by) else f"RUN step {i}")
        for i in range(len(layers))
    )
    described = tuple(
        Layer(
            i, item.diff_id or f"sha256:{i:064x}", stored_bytes=item.content_bytes, history=steps[i]
        )
        for i, item in enumerate(layers)
    )
    return (
        Image(
            reference="docker-daemon:test:latest",
            id="sha256:" + "ab" * 32,
            tags=("test:latest",),
            platform=Platform("linux", "amd64"),
            created="2026-11-24T00:00:00Z",
            source="docker-daemon",
            config=config or Config(env=env),
            layers=described,
            history=steps,
        ),
        dict(enumerate(layers)),
    )
