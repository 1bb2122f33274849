"""What is to be built and compared of a rewrite: from where, under which name, and what of it is meant to differ."""

from __future__ import annotations

import os
from dataclasses import dataclass

from explorer.dockerfile.model import Stage
from explorer.dockerfile.parser import parse
from explorer.dockerfile.rewrite.change import RewritePlan
from explorer.dockerfile.rewrite.metadata import BUILD_VARIABLES
from explorer.dockerfile.rewrite.plan import Preparation
from explorer.dockerfile.runfiles import RunFile
from explorer.dockerfile.shown import shown_line
from explorer.dockerfile.verify.model import VerifyOptions
from explorer.errors import InputError
from explorer.findings.analysis import Analysis
from explorer.image.redact import redact
from explorer.image.reference import parse_reference
from explorer.translation import tr
from explorer.units import display_text

# What a change is meant to change of the config; anything else that differs is told by the verification.
_MEANT = {
    "non-root": ("user",),
    "exec-form": ("cmd", "entrypoint", "stop"),
    "maintainer": ("label:maintainer", "label:org.opencontainers.image.authors"),
}


@dataclass(frozen=True)
class Order:
    """What is to be built: the plan, where its files are ("" for none), and the image it is made from."""

    plan: RewritePlan
    host: str
    folder: str
    dockerfile: str  # relative to the folder
    image_id: str
    name: str
    platform: str
    command: tuple[str, ...] = ()
    run_files: tuple[RunFile, ...] = ()
    reference: str = ""


def order_of(
    plan: RewritePlan, prepared: Preparation, *, host: str, folder: str, dockerfile: str
) -> Order:
    """The order of a plan; `folder` and `dockerfile` are the user's paths, "" for none.

    InputError when the plan cannot be built: lines that no builder reads, or a source folder that is missing.
    """
    if plan.problems:
        first = plan.problems[0]
        raise InputError(
            tr("line {line}: {reason}", line=first.line, reason=first.reason),
            tr("Correct that line of the Dockerfile."),
        )
    line = needs_folder(plan.rewritten)
    if line and not folder:
        raise InputError(
            tr("“{line}” copies from the source folder, and none was named.", line=line),
            tr("Name it with --context DIR."),
        )
    analysis = prepared.case.evidence.analysis
    return Order(
        plan=plan,
        host=host,
        folder=folder if plan.mode != "image" else "",
        dockerfile=_relative(dockerfile, folder),
        image_id=analysis.image.id,
        name=name_of(analysis),
        platform=str(analysis.image.platform),
        command=(*analysis.image.config.entrypoint, *analysis.image.config.cmd),
        run_files=prepared.case.evidence.run_files,
        reference=analysis.image.reference,
    )


def name_of(analysis: Analysis) -> str:
    """What people call the image: its first tag, else the name it was opened by."""
    if analysis.image.tags:
        return analysis.image.tags[0]
    return os.path.basename(parse_reference(analysis.image.reference).name)


def _relative(dockerfile: str, folder: str) -> str:
    return os.path.relpath(dockerfile, folder) if dockerfile and folder else "Dockerfile"


def result_name(name: str, again: int = 0) -> str:
    """The tag of ours for the rewrite of an image; `again` counts tries of which the engine may still undo one."""
    from explorer.engine.build import result_tag

    base, tag = _apart(name)
    suffix = f"-{again + 1}" if again else ""
    return result_tag(base, f"{tag[:80]}-optimized{suffix}")


def wished_name(wish: str) -> str:
    """The tag of ours that comes nearest to what a user wishes; always one that nothing else is called by."""
    from explorer.engine.build import TAG_PREFIX, result_tag

    base, tag = _apart(wish.removeprefix(TAG_PREFIX))
    if not base.strip("/:."):
        raise InputError(
            tr("{name} is not a name for an image.", name=display_text(wish, 80)),
            tr("Write for example --tag myservice:small."),
        )
    return result_tag(base, tag)


def _apart(name: str) -> tuple[str, str]:
    base, colon, tag = name.rpartition(":")
    return (base, tag) if colon and "/" not in tag else (name, "latest")


def needs_folder(text: str) -> str:
    """The first line that copies from the source folder, "" when none does."""
    return next((line for stage in parse(text).stages for line in _copies(stage)), "")


def _copies(stage: Stage) -> list[str]:
    """COPY, ADD and bind mounts whose source is neither another stage nor an address nor written right there."""
    elsewhere = ("http://", "https://", "git@", "<<")
    found = [
        shown_line(redact(f"RUN --mount={mount}"))
        for instruction in stage.find("RUN")
        for mount in instruction.mounts()
        if "type=" not in mount or "type=bind" in mount
        if "from=" not in mount
    ]
    for instruction in stage.find("COPY", "ADD"):
        first = (instruction.words or tuple(instruction.rest.split()) or ("",))[0]
        if not instruction.flag("from") and not first.startswith(elsewhere):
            found.append(shown_line(redact(f"{instruction.keyword} {instruction.rest}")))
    return found


def commands_in(text: str) -> int:
    """How many RUN instructions a Dockerfile has."""
    return sum(len(stage.find("RUN")) for stage in parse(text).stages)


def rule_of_step(plan: RewritePlan, step: str) -> str:
    """The rule that wrote the instruction that a build's step names, "" when none did or it cannot be told."""
    words = step.rpartition("] ")[2].split()
    for instruction in parse(plan.rewritten).instructions:
        if words and instruction.line.split() == words:
            rules = plan.line_rules[instruction.start - 1 : instruction.end]
            return next((rule for rule in rules if rule), "")
    return ""


def verify_options(plan: RewritePlan, files: tuple[RunFile, ...]) -> VerifyOptions:
    """What is compared: files that were carried over must be there; what the changes are meant to change may differ."""
    meant = {name for c in plan.changes if c.enabled for name in _MEANT.get(c.rule, ())}
    for item in plan.config_changes:
        name = item.field.removeprefix("env.")
        if name != item.field and name in BUILD_VARIABLES:
            meant.add(f"env:{name}")
    paths = tuple(file.path.encode("utf-8", "surrogateescape") for file in files if not file.link)
    return VerifyOptions(files=paths, intended=frozenset(meant))
