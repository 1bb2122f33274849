"""Takes the symbols off the program of an old image, where there is no source to build it from."""

from __future__ import annotations

from dataclasses import replace

from explorer.dockerfile.rewrite.case import Case, Rule, Verdict, ask
from explorer.dockerfile.rewrite.draft import Draft
from explorer.translation import mark, tr
from explorer.units import size_text

ID = "strip-old-program"


def _examine(case: Case, draft: Draft) -> Verdict | None:
    facts = case.facts
    if (
        case.mode != "image"
        or not draft.split_from
        or facts.stripped
        or not facts.removable_bytes
        or not facts.is_go
    ):
        return None
    if not case.evidence.has("/usr/bin/strip"):
        return None
    return ask(
        tr(
            "strip takes {size} of symbols off the finished program.",
            size=size_text(facts.removable_bytes),
        ),
        tr(
            "strip was not made for Go programs; it works on all that we tried, but a build with -s -w is the safe way."
        ),
    )


def _edit(case: Case, draft: Draft) -> Draft:
    stage = next(s for s in draft.document.stages if s.name == draft.split_from)
    newline = draft.document.newline
    user = stage.last("USER")
    root = f"USER 0{newline}" if case.evidence.config.user and user is None else ""
    draft = draft.splice(
        stage.end, stage.end, f"{root}RUN strip {case.evidence.entry.program}{newline}", ID
    )
    saved = case.facts.removable_bytes
    return replace(
        draft.shrink("program", saved), program_bytes=max(0, draft.program_bytes - saved)
    )


RULE = Rule(ID, mark("Strip the finished program"), "binutils strip(1)", _examine, _edit)
