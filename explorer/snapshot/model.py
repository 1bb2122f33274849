"""What a snapshot holds, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from explorer.coldstart.sample import Sample
from explorer.dockerfile.bases import LocalImage
from explorer.dockerfile.facts import ProgramFacts
from explorer.dockerfile.rewrite.change import RewriteOptions, RewritePlan
from explorer.dockerfile.rewrite.files import RewriteFiles
from explorer.findings.analysis import Analysis
from explorer.gobinary.binary import GoBinary
from explorer.snapshot.origin import Origin


@dataclass(frozen=True)
class ImageSummary:
    """What a list shows of the image in a snapshot; sizes in bytes."""

    id: str = ""
    tags: tuple[str, ...] = ()
    os: str = ""
    architecture: str = ""
    variant: str = ""
    created: str = ""
    layers: int = 0
    content_bytes: int = 0
    files: int = 0


@dataclass(frozen=True)
class RecordedRewrite:
    """A rewrite with all that it was planned from, so that it can be planned again without the image."""

    facts: ProgramFacts
    images: tuple[LocalImage, ...]
    files: RewriteFiles
    options: RewriteOptions
    plan: RewritePlan


@dataclass(frozen=True, eq=False)
class Snapshot:
    """All that is known of an image: `binaries` by the digest of their content, `samples` the newest first."""

    origin: Origin
    analysis: Analysis
    binaries: Mapping[str, GoBinary] = field(default_factory=dict)
    rewrite: RecordedRewrite | None = None
    samples: tuple[Sample, ...] = ()
