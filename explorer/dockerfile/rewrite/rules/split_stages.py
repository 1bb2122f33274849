"""Builds in one stage and runs in another: the image keeps the program and what it reads, nothing of the build."""

from __future__ import annotations

from dataclasses import replace

from explorer.dockerfile.gobuild import Edit
from explorer.dockerfile.model import Stage
from explorer.dockerfile.rewrite.case import Case, Rule, Verdict, ask, hands_off
from explorer.dockerfile.rewrite.change import PredictedLayer
from explorer.dockerfile.rewrite.copying import PROGRAM_LINE, copy_line
from explorer.dockerfile.rewrite.draft import BUILD_STAGE, Draft
from explorer.dockerfile.rewrite.metadata import runtime_metadata
from explorer.dockerfile.rewrite.runtime import (
    base_config,
    base_layer,
    choose_runtime,
    conflict,
    needs_of,
)
from explorer.dockerfile.stageconfig import stage_chain
from explorer.translation import mark, sentences, tr
from explorer.units import display_text, size_text

ID = "split-stages"
_BUILD_CATEGORIES = ("go-toolchain", "go-build-cache", "go-module-cache", "source", "c-toolchain")
# A stage that holds less of these is not one that things are built in.
_BUILD_BYTES = 1 << 20


def _examine(case: Case, draft: Draft) -> Verdict | None:
    document = draft.document
    if not document.stages or not _builds_where_it_runs(case, draft):
        return None
    evidence = case.evidence
    findings = evidence.left_behind
    left = sum(evidence.category_bytes.get(name, 0) for name in _BUILD_CATEGORIES)
    reason = tr("The image holds what built it, {left} of {total}: compiler, caches and sources. The program needs none of it.", left=size_text(left), total=size_text(evidence.total_bytes))  # fmt: skip
    lines = draft.origins([s.opening for s in stage_chain(document)])
    if document.problems:
        return hands_off(reason, document.problems[0].reason, (document.problems[0].line,))
    if not evidence.entry.path:
        return hands_off(
            reason, tr("The program that the image starts was not found in it."), lines
        )
    needs = needs_of(case, draft)
    if needs.blockers:
        return ask(reason, sentences(*needs.blockers), lines, "high", findings)
    chosen = choose_runtime(case, draft, needs)
    against = conflict(case, draft, chosen, needs)
    if against:
        return ask(reason, against, lines, "high", findings)
    risk = "low" if case.facts.uses is not None and draft.static else "medium"
    text = sentences(reason, _runtime_text(chosen.image, chosen.reasons))
    return Verdict(text, risk=risk, lines=lines, findings=findings)


def _runtime_text(image: str, reasons: tuple[str, ...]) -> str:
    return sentences(tr("The final stage is FROM {image}.", image=image), *reasons)


def _builds_where_it_runs(case: Case, draft: Draft) -> bool:
    """Whether the final stage is one that builds, or is made from one."""
    if case.mode == "image":
        held = sum(case.evidence.category_bytes.get(name, 0) for name in _BUILD_CATEGORIES)
        return held > _BUILD_BYTES
    chain = stage_chain(draft.document)
    starts = {stage.opening.start for stage in chain}
    commands = [
        c for c in case.go_commands(draft) if _stage_of(draft, c.instruction.start) in starts
    ]
    alone = len(chain) == len(draft.document.stages)
    return bool(commands) or (
        alone and case.evidence.category_bytes.get("go-toolchain", 0) > _BUILD_BYTES
    )


def _stage_of(draft: Draft, line: int) -> int:
    return max(
        (s.opening.start for s in draft.document.stages if s.opening.start <= line), default=0
    )


def _edit(case: Case, draft: Draft) -> Draft:
    return split(case, draft, ID)


def split(case: Case, draft: Draft, rule: str) -> Draft:
    """The draft with a runtime stage behind its last one, which gets the program and the config's lines."""
    needs = needs_of(case, draft)
    runtime = choose_runtime(case, draft, needs)
    metadata = runtime_metadata(case, draft, base_config(case, runtime.image))
    for instruction in sorted(metadata.moved, key=lambda i: -i.start):
        draft = draft.remove(instruction)
    draft, name = _named(draft, draft.document.stages[-1])
    entry, newline = case.evidence.entry, draft.document.newline
    while draft.lines and not draft.lines[-1].text.strip():
        draft = replace(draft, lines=draft.lines[:-1])
    platform = stage_chain(draft.document)[0].platform
    fixed = f"--platform={platform} " if platform and not platform.startswith("$BUILD") else ""
    head = f"{newline}FROM {fixed}{runtime.image}{newline}" + metadata.before
    draft = draft.splice(len(draft.lines), len(draft.lines), head, rule)
    program = copy_line(name, entry.path, entry.called if entry.called.startswith("/") else "")
    draft = draft.splice(len(draft.lines), len(draft.lines), program + newline, PROGRAM_LINE)
    draft = draft.splice(len(draft.lines), len(draft.lines), metadata.after, rule)
    base = base_layer(case, runtime.image)
    text, basis = f"COPY {display_text(entry.path)}", "measured" if case.facts.known else "estimate"
    layer = PredictedLayer("files", text, entry.bytes)
    if entry.program == entry.path:
        layer = PredictedLayer("program", text, draft.program_bytes or entry.bytes, basis)
    layers = (*([base] if base else []), layer)
    return replace(draft, layers=layers, split_from=name, runtime=runtime)


def _named(draft: Draft, stage: Stage) -> tuple[Draft, str]:
    """The draft with a name for the stage to copy from."""
    if stage.name:
        return draft, stage.name
    taken = {s.name for s in draft.document.stages}
    name = next(
        n
        for n in (BUILD_STAGE, "builder", *(f"{BUILD_STAGE}-{i}" for i in range(2, 99)))
        if n not in taken
    )
    text = stage.opening.text
    end = len(text.rstrip())
    return draft.edit(stage.opening, [Edit(end, end, f" AS {name}")], ID), name


RULE = Rule(
    ID,
    mark("Build in one stage, run in another"),
    "docs.docker.com/build/building/multi-stage",
    _examine,
    _edit,
)
