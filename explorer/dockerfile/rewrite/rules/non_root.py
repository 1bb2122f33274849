"""Runs the program as a user without rights."""

from __future__ import annotations

from explorer.dockerfile.rewrite.case import Case, Rule, Verdict, ask
from explorer.dockerfile.rewrite.draft import Draft
from explorer.translation import mark, tr

ID = "non-root"
# distroless NONROOT; a number, so that Kubernetes' runAsNonRoot can be checked.
_USER = "65532:65532"


def _examine(case: Case, draft: Draft) -> Verdict | None:
    user = case.evidence.config.user.partition(":")[0]
    if (
        user not in ("", "0", "root")
        or not draft.document.stages
        or draft.final.last("USER") is not None
    ):
        return None
    reason = tr("The program runs as root; as user 65532 a break-in reaches less.")
    why = tr("It could no longer write its own files, nor use volumes that belong to root.")
    return ask(reason, why, risk="high")


def _edit(_case: Case, draft: Draft) -> Draft:
    newline = draft.document.newline
    start = [i for i in draft.final.instructions if i.keyword in ("ENTRYPOINT", "CMD")]
    text = f"USER {_USER}{newline}"
    if not start:
        return draft.splice(len(draft.lines), len(draft.lines), text, ID)
    return draft.insert_before(start[0], text, ID)


RULE = Rule(
    ID,
    mark("Run without root privileges"),
    "hadolint DL3002; kubernetes runAsNonRoot",
    _examine,
    _edit,
)
