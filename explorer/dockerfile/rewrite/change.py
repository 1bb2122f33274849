"""What a rewrite is made of: changes with their reasons, the runtime chosen, the layers expected, the plan as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from explorer.dockerfile.model import Problem

RISKS = ("none", "low", "medium", "high")
MODES = ("dockerfile", "image", "source")


@dataclass(frozen=True)
class Change:
    """One thing that a rule changes; `bytes` is what the result loses by it (negative: gains).

    `lines` are the original's, counted from 1. `available` is False where the rule keeps its hands off; `why_off` says
    why it is not switched on by itself. `findings` are ids of the analysis that it removes.
    """

    rule: str
    title: str
    reason: str
    source: str
    risk: str
    enabled: bool
    available: bool = True
    why_off: str = ""
    lines: tuple[int, ...] = ()
    bytes: int = 0
    findings: tuple[str, ...] = ()


@dataclass(frozen=True)
class PredictedLayer:
    """A layer of the result: `kind` is kept, base, program, files, system; `basis` is measured, table or estimate."""

    kind: str
    text: str
    bytes: int
    basis: str = "measured"


@dataclass(frozen=True)
class RuntimeChoice:
    """What the final stage is FROM: `choice` as on the command line ("" when it stays), and why."""

    choice: str
    image: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class ConfigChange:
    """A field of the image's config that the rewrite changes, with the reason."""

    field: str
    before: str
    after: str
    reason: str


@dataclass(frozen=True)
class RewriteOptions:
    """What the user wants: a runtime choice or "auto", the builder ("buildkit" or "classic"), platforms, CI systems."""

    runtime: str = "auto"
    builder: str = "buildkit"
    platforms: tuple[str, ...] = ()
    ci: tuple[str, ...] = ()


@dataclass(frozen=True)
class RewritePlan:
    """A rewrite, ready to be shown: texts with every value in them (mask them with redact() where they are shown).

    `line_origins` has, for each line of `rewritten`, the line of `original` it comes from (0: a new one), `line_rules`
    the rule that wrote it ("" for unchanged lines).
    """

    mode: str
    reference: str
    original: str
    rewritten: str
    changes: tuple[Change, ...]
    predicted_bytes: int
    original_bytes: int
    layers: tuple[PredictedLayer, ...]
    runtime: RuntimeChoice
    config_changes: tuple[ConfigChange, ...] = ()
    dockerignore: str | None = None
    jobs: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    line_origins: tuple[int, ...] = ()
    line_rules: tuple[str, ...] = ()
    original_masked: bool = False

    @property
    def changed(self) -> bool:
        """Whether any change is switched on."""
        return any(change.enabled for change in self.changes)
