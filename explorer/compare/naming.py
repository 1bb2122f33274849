"""What people call an image, and two images beside each other."""

from __future__ import annotations

from pathlib import PurePath

from explorer.findings.analysis import Analysis
from explorer.image.reference import REGISTRY
from explorer.translation import tr
from explorer.units import display_text

_LIMIT = 80


def image_name(analysis: Analysis) -> str:
    """The image's first tag, else how it was asked for: one harmless line."""
    image = analysis.image
    # An OCI layout's own names may be a bare "latest", which names nothing.
    tag = next((tag for tag in image.tags if ":" in tag or "/" in tag), "")
    return display_text(tag, _LIMIT) if tag else _asked_for(analysis)


def side_names(a: Analysis, b: Analysis) -> tuple[str, str]:
    """What the two images of a comparison are called, never the same."""
    first, second = image_name(a), image_name(b)
    if first == second:
        first, second = _asked_for(a), _asked_for(b)
    if first == second:
        first = tr("{label} ({which})", label=first, which=tr("before"))
        second = tr("{label} ({which})", label=second, which=tr("after"))
    return first, second


def _asked_for(analysis: Analysis) -> str:
    """The reference, of a file's only its last part: where it lies says more of a person than of the image."""
    reference = analysis.image.reference
    name = "" if reference.startswith(f"{REGISTRY}:") else PurePath(reference).name
    return display_text(name or reference, _LIMIT)
