"""COPY --link: layers that need not be built again when the base changes."""

from __future__ import annotations

from explorer.dockerfile.gobuild import Edit
from explorer.dockerfile.model import Instruction
from explorer.dockerfile.rewrite.case import Case, Rule, Verdict, ask
from explorer.dockerfile.rewrite.draft import Draft
from explorer.translation import mark, tr

ID = "copy-link"


def _found(draft: Draft) -> list[Instruction]:
    if not draft.split_from:
        return []
    return [i for i in draft.final.find("COPY") if i.flag("from") and "--link" not in i.flags]


def _examine(case: Case, draft: Draft) -> Verdict | None:
    found = _found(draft)
    if not found or not case.buildkit:
        return None
    reason = tr("With --link a copied layer stays valid when the layers below it change.")
    return ask(
        reason,
        tr(
            "It needs Dockerfile syntax 1.4 (Docker 23), follows no links in the target and does not change the size."
        ),
        risk="low",
    )


def _edit(_case: Case, draft: Draft) -> Draft:
    for instruction in reversed(_found(draft)):
        end = instruction.text.upper().index("COPY") + 4
        draft = draft.edit(instruction, [Edit(end, end, " --link")], ID)
    return draft


RULE = Rule(
    ID,
    mark("Copy layers that stand alone (--link)"),
    "docs.docker.com/reference/dockerfile/#copy---link",
    _examine,
    _edit,
)
