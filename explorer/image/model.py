"""The values an image is made of, in OCI and Docker terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Platform:
    """What an image runs on: linux/amd64, linux/arm/v7."""

    os: str = ""
    architecture: str = ""
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


@dataclass(frozen=True)
class History:
    """One step of the build, as the config records it; `created_by` is untrusted text."""

    created_by: str = ""
    created: str = ""
    comment: str = ""
    empty_layer: bool = False


@dataclass(frozen=True)
class Config:
    """The run-time part of an image config (OCI image-spec config.md); lists may be empty."""

    env: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    working_dir: str = ""
    user: str = ""
    exposed_ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    stop_signal: str = ""
    healthcheck: tuple[str, ...] = ()

    def variable(self, name: str) -> str:
        """The value of an environment variable, "" when it is not set; the last one wins."""
        prefix = name + "="
        return next(
            (item[len(prefix) :] for item in reversed(self.env) if item.startswith(prefix)), ""
        )


@dataclass(frozen=True)
class Layer:
    """One layer: `index` counts from the base (0), `stored_bytes` is what its blob occupies (-1: unknown)."""

    index: int
    diff_id: str
    digest: str = ""
    media_type: str = ""
    stored_bytes: int = -1
    history: History | None = None


@dataclass(frozen=True)
class Image:
    """One image of one platform; `id` is what the source calls it (config or manifest digest)."""

    reference: str
    id: str
    tags: tuple[str, ...] = ()
    platform: Platform = Platform()
    created: str = ""
    source: str = ""
    config: Config = Config()
    layers: tuple[Layer, ...] = ()
    history: tuple[History, ...] = ()
