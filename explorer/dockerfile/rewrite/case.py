"""What every rule gets to see: evidence, facts, sources, wishes; and what a rule is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from explorer.dockerfile.bases import LocalImage, find_local
from explorer.dockerfile.evidence import Evidence
from explorer.dockerfile.facts import ProgramFacts
from explorer.dockerfile.gobuild import GoCommand, go_commands
from explorer.dockerfile.model import Dockerfile, Stage
from explorer.dockerfile.rewrite.change import RewriteOptions
from explorer.dockerfile.rewrite.draft import Draft
from explorer.dockerfile.sources import SourceFacts


@dataclass(frozen=True, eq=False)
class Case:
    """One image with all that is known of it; `mode` is dockerfile, image or source."""

    mode: str
    evidence: Evidence
    facts: ProgramFacts
    sources: SourceFacts | None
    options: RewriteOptions
    mismatch: tuple[str, ...] = ()  # why the image was not built from the Dockerfile that was given

    @property
    def buildkit(self) -> bool:
        """Whether mounts may be written."""
        return self.options.builder == "buildkit"

    def local(self, reference: str) -> LocalImage | None:
        """The engine's image of this name."""
        return find_local(reference, self.evidence.local_images)

    def go_commands(self, draft: Draft) -> tuple[GoCommand, ...]:
        """All go build and go install commands, with the environment they see."""
        document = draft.document
        return tuple(
            command
            for stage in document.stages
            for command in go_commands(stage, document.escape, self._outer(document, stage))
        )

    def _outer(self, document: Dockerfile, stage: Stage) -> dict[str, str]:
        """Environment and working directory that the base of a stage sets, as far as known."""
        base = self.local(stage.base)
        if base is not None:
            outer = dict(item.partition("=")[::2] for item in base.config.env)
            return {**outer, "": base.config.working_dir or "/"}
        parent = document.stage(stage.base)
        if parent is not None and parent.index < stage.index:
            inherited = self._outer(document, parent)
            for instruction in parent.find("WORKDIR"):
                inherited[""] = instruction.rest
            return inherited
        return {"": "/go" if "golang" in stage.base else "/"}


@dataclass(frozen=True)
class Verdict:
    """What a rule says of a file: whether it is on by itself, its reason and risk, the original's lines it touches."""

    reason: str
    on: bool = True
    risk: str = "none"
    lines: tuple[int, ...] = ()
    findings: tuple[str, ...] = ()
    available: bool = True
    why_off: str = ""


def hands_off(reason: str, why: str, lines: tuple[int, ...] = (), risk: str = "high") -> Verdict:
    """The rule concerns this file, and keeps its hands off it."""
    return Verdict(reason, on=False, risk=risk, lines=lines, available=False, why_off=why)


def ask(
    reason: str,
    why: str,
    lines: tuple[int, ...] = (),
    risk: str = "medium",
    findings: tuple[str, ...] = (),
) -> Verdict:
    """The rule can be switched on by someone who knows better."""
    return Verdict(reason, on=False, risk=risk, lines=lines, findings=findings, why_off=why)


@dataclass(frozen=True)
class Rule:
    """One rule: `examine` says whether it concerns the draft (None: not at all), `edit` makes its change."""

    id: str
    title: str
    source: str
    examine: Callable[[Case, Draft], Verdict | None]
    edit: Callable[[Case, Draft], Draft]
