"""Base images: those an engine holds, and a small table of well-known ones for when it holds none."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache

import msgspec

from explorer.image.model import Config, History
from explorer.resources import resource


@dataclass(frozen=True)
class LocalImage:
    """An image that a base may be: its tags, layers and config; `content_bytes` as the engine counts them, -1 unknown."""

    references: tuple[str, ...]
    diff_ids: tuple[str, ...]
    config: Config = field(default_factory=Config)
    history: tuple[History, ...] = ()
    content_bytes: int = -1


@dataclass(frozen=True)
class KnownBase:
    """A runtime base of the table: what it is called, about how big it is, what it brings along."""

    choice: str
    reference: str
    content_bytes: int
    shell: bool = False
    libc: str = ""  # "glibc", "musl" or ""
    libraries: tuple[str, ...] = ()
    certificates: bool = False
    time_zones: bool = False
    accounts: bool = False
    temporary_folder: bool = False
    env: tuple[str, ...] = ()
    workdir: str = ""
    measured: str = ""
    aliases: tuple[str, ...] = ()


@cache
def known_bases() -> tuple[KnownBase, ...]:
    """The table of resources/base-images.toml, in its order."""
    with open(resource("base-images.toml"), "rb") as file:
        rows = tomllib.load(file)["base"]
    return msgspec.convert(tuple(rows), tuple[KnownBase, ...])


def known_base(choice: str) -> KnownBase:
    """The table's base for a runtime choice: scratch, static, base, alpine, debian."""
    return next(base for base in known_bases() if base.choice == choice)


def base_of_reference(reference: str) -> KnownBase | None:
    """The table's entry for an image reference, tags and digests apart; None for all others."""
    name = reference.partition("@")[0]
    for base in known_bases():
        if name == base.reference or repository(name) in (
            repository(base.reference),
            *base.aliases,
        ):
            return base
    return None


def repository(reference: str) -> str:
    """The reference without tag and digest, and without what Docker adds to short names."""
    name = reference.partition("@")[0]
    head, _, last = name.rpartition("/")
    name = f"{head}/{last.partition(':')[0]}" if head else last.partition(":")[0]
    return name.removeprefix("docker.io/").removeprefix("library/")


def find_local(reference: str, images: tuple[LocalImage, ...]) -> LocalImage | None:
    """The local image with this tag; a reference without a tag means latest."""
    wanted = _full(reference)
    return next((i for i in images if wanted in map(_full, i.references)), None)


def longest_base(diff_ids: tuple[str, ...], images: tuple[LocalImage, ...]) -> LocalImage | None:
    """The local image whose layers are the longest true beginning of `diff_ids`; of equals the one tagged shortest."""

    def fits(image: LocalImage) -> bool:
        count = len(image.diff_ids)
        return 0 < count < len(diff_ids) and image.diff_ids == diff_ids[:count]

    found = [image for image in images if image.references and fits(image)]
    found.sort(key=lambda i: (-len(i.diff_ids), len(i.references[0]), i.references[0]))
    return found[0] if found else None


def _full(reference: str) -> str:
    name = reference.removeprefix("docker.io/").removeprefix("library/")
    return name if ":" in name.rpartition("/")[2] or "@" in name else f"{name}:latest"
