"""CMD and ENTRYPOINT as lists, where no shell is needed to read them."""

from __future__ import annotations

import json

from explorer.dockerfile.model import Instruction
from explorer.dockerfile.rewrite.case import Case, Rule, Verdict, hands_off
from explorer.dockerfile.rewrite.draft import Draft
from explorer.dockerfile.shell import needs_shell
from explorer.dockerfile.stageconfig import stage_chain
from explorer.translation import mark, tr

ID = "exec-form"


def _found(draft: Draft) -> list[Instruction]:
    if not draft.document.stages:
        return []
    last = [draft.final.last(keyword) for keyword in ("ENTRYPOINT", "CMD")]
    return [i for i in last if i is not None and i.words is None and i.rest]


def _examine(case: Case, draft: Draft) -> Verdict | None:
    found = _found(draft)
    if not found:
        return None
    reason = tr(
        "Started through a shell, the program may not get the signal to stop, and the image needs a shell."
    )
    lines = draft.origins(found)
    plain = [i for i in found if not needs_shell(i.rest)]
    if _entry_and_command(case, draft):
        return hands_off(reason, tr("ENTRYPOINT and CMD depend on each other's form."), lines)
    if not plain or _own_shell(draft):
        return hands_off(
            reason, tr("The command line uses the shell: {line}", line=found[0].rest), lines
        )
    return Verdict(reason, risk="low", lines=draft.origins(plain))


def _entry_and_command(case: Case, draft: Draft) -> bool:
    """A shell-form ENTRYPOINT ignores CMD; a list ENTRYPOINT gets a shell-form CMD as `/bin/sh -c …`."""
    chain = stage_chain(draft.document)
    entry = next((i for s in reversed(chain) if (i := s.last("ENTRYPOINT")) is not None), None)
    command = next((i for s in reversed(chain) if (i := s.last("CMD")) is not None), None)
    if entry is None:
        return bool(case.evidence.config.entrypoint)
    return command is not None and None in (entry.words, command.words)


def _own_shell(draft: Draft) -> bool:
    """Whether SHELL names something that does more than run a line."""
    shells = [i.words[0] for s in stage_chain(draft.document) for i in s.find("SHELL") if i.words]
    return any(name.rpartition("/")[2] not in ("sh", "bash", "ash", "dash") for name in shells)


def _edit(_case: Case, draft: Draft) -> Draft:
    for instruction in sorted(_found(draft), key=lambda i: -i.start):
        if not needs_shell(instruction.rest):
            words = json.dumps(instruction.rest.split(), ensure_ascii=False)
            draft = draft.rewrite(draft.again(instruction), f"{instruction.keyword} {words}", ID)
    return draft


RULE = Rule(
    ID,
    mark("Start the program itself, not a shell"),
    "hadolint DL3025; BuildKit JSONArgsRecommended",
    _examine,
    _edit,
)
