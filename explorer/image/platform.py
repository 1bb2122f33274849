"""Platforms as people and machines write them: linux/amd64, arm64, x86_64."""

from __future__ import annotations

import platform as machine
import re

from explorer.errors import ReferenceInvalid
from explorer.image.model import Platform
from explorer.translation import tr
from explorer.units import display_text

# Names of machines and their Go architecture (github.com/containerd/platforms, database.go, Apache-2.0).
_ARCHITECTURES = {
    "x86_64": "amd64",
    "x86-64": "amd64",
    "aarch64": "arm64",
    "i386": "386",
    "i486": "386",
    "i586": "386",
    "i686": "386",
    "armhf": "arm",
    "armel": "arm",
    "armv8l": "arm64",
}
_VARIANTS = {"armv7l": "v7", "armv6l": "v6", "armhf": "v7", "armel": "v6"}
_PART = re.compile(r"[A-Za-z0-9_.()-]+")
_SYSTEMS = frozenset({"linux", "windows", "darwin", "freebsd"})


def normal(platform: Platform) -> Platform:
    """The same platform in one spelling: amd64 for x86_64, no variant where it says nothing (arm64/v8, amd64/v1)."""
    system, name = platform.os.lower(), platform.architecture.lower()
    variant = platform.variant.lower() or _VARIANTS.get(name, "")
    architecture = _ARCHITECTURES.get(name, "arm" if name in _VARIANTS else name)
    if (architecture, variant) in (("arm64", "v8"), ("arm64", "8"), ("amd64", "v1")):
        variant = ""
    if architecture == "arm" and not variant:
        variant = "v7"
    return Platform(system, architecture, variant)


def parse_platform(text: str) -> Platform:
    """The platform a person named: os/arch, os/arch/variant or arch alone; raises ReferenceInvalid."""
    parts = text.strip().split("/")
    if len(parts) > 3 or not all(_PART.fullmatch(part) for part in parts):
        raise ReferenceInvalid(
            tr("{name} is not a platform.", name=display_text(text, 80)),
            tr("Write it as linux/amd64 or linux/arm64."),
        )
    if parts[0].lower() not in _SYSTEMS and len(parts) < 3:
        parts.insert(0, "linux")
    return normal(Platform(*parts))


def host_platform() -> Platform:
    """What containers run on here; Linux also on machines whose engine lives in a virtual machine."""
    return normal(Platform("linux", machine.machine()))


def matches(wanted: Platform, offered: Platform) -> bool:
    """Whether an image of platform `offered` is what `wanted` asks for; a variant counts only when both name one."""
    a, b = normal(wanted), normal(offered)
    same = not a.architecture or a.architecture == b.architecture
    return a.os == b.os and same and (not wanted.variant or not b.variant or a.variant == b.variant)
