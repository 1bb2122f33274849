"""Exchanges the base of an image that is already built in stages for a smaller one."""

from __future__ import annotations

from explorer.dockerfile.evidence import ELF
from explorer.dockerfile.rewrite.case import Case, Rule, Verdict, ask, hands_off
from explorer.dockerfile.rewrite.draft import Draft
from explorer.dockerfile.rewrite.rules.split_stages import split
from explorer.dockerfile.rewrite.runtime import (
    base_layer,
    choose_runtime,
    conflict,
    needs_of,
    table_base,
)
from explorer.translation import mark, sentences, tr
from explorer.units import display_text, size_text

ID = "smaller-base"
_WORTH = 1 << 20


def _examine(case: Case, draft: Draft) -> Verdict | None:
    evidence = case.evidence
    if (
        draft.split_from
        or not draft.document.stages
        or evidence.entry.kind != ELF
        or not case.facts.is_go
    ):
        return None
    if case.mode != "image" and len(draft.document.stages) < 2:
        return None
    base = evidence.rebuilt.base.reference if case.mode == "image" else draft.final.base
    known = table_base(base)
    needs = needs_of(case, draft)
    runtime = choose_runtime(case, draft, needs)
    if base == "scratch" or (known is not None and known.choice == runtime.choice):
        return None
    layer = base_layer(case, runtime.image)
    saved = evidence.base_bytes - (layer.bytes if layer else 0)
    if case.options.runtime == "auto" and saved < _WORTH:
        return None
    reason = sentences(
        tr(
            "The base {base} is {size} of the image.",
            base=display_text(base),
            size=size_text(evidence.base_bytes),
        ),
        *runtime.reasons,
    )
    lines = draft.origins([draft.final.opening])
    if draft.document.problems:
        return hands_off(reason, draft.document.problems[0].reason, lines)
    if needs.blockers:
        return ask(reason, sentences(*needs.blockers), lines, "high")
    if case.options.runtime == "auto":
        return ask(
            reason,
            tr(
                "Without a shell nobody can look into the running container; the base is small already."
            ),
            lines,
            "medium",
        )
    against = conflict(case, draft, runtime, needs)
    if against:
        return ask(reason, against, lines, "high")
    return Verdict(reason, risk="medium", lines=lines)


def _edit(case: Case, draft: Draft) -> Draft:
    return split(case, draft, ID)


RULE = Rule(ID, mark("Use a smaller base"), "GoogleContainerTools/distroless", _examine, _edit)
