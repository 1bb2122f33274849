"""MAINTAINER becomes a LABEL."""

from __future__ import annotations

from explorer.dockerfile.reconstruct import quoted
from explorer.dockerfile.rewrite.case import Case, Rule, Verdict
from explorer.dockerfile.rewrite.draft import Draft
from explorer.translation import mark, tr

ID = "maintainer-label"


def _examine(_case: Case, draft: Draft) -> Verdict | None:
    found = [i for s in draft.document.stages for i in s.find("MAINTAINER")]
    if not found:
        return None
    return Verdict(
        tr("MAINTAINER is deprecated; a label can be read by every tool."),
        lines=draft.origins(found),
    )


def _edit(_case: Case, draft: Draft) -> Draft:
    for instruction in [i for s in draft.document.stages for i in s.find("MAINTAINER")][::-1]:
        text = f"LABEL org.opencontainers.image.authors={quoted(instruction.rest)}"
        current = draft.again(instruction)
        draft = draft.rewrite(current, text, ID)
    return draft


RULE = Rule(
    ID,
    mark("MAINTAINER becomes a label"),
    "docs.docker.com/reference/dockerfile/#maintainer-deprecated",
    _examine,
    _edit,
)
