"""The files that come with the program: rules, translations, icons, samples."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parent


@cache
def resource_root() -> Path:
    """Folder of the bundled resources: explorer/_resources in a wheel, resources/ in a checkout."""
    installed = _PACKAGE / "_resources"
    return installed if installed.is_dir() else _PACKAGE.parent / "resources"


def resource(*parts: str) -> Path:
    """Path of one bundled file or folder."""
    return resource_root().joinpath(*parts)


def sample_reference() -> str:
    """The reference of the bundled sample image, a naive Go service."""
    return f"oci-archive:{resource('samples', 'naive-go-service.oci.tar')}"
