"""Makes one kind of edit in every go command of a draft."""

from __future__ import annotations

from collections.abc import Callable

from explorer.dockerfile.gobuild import Edit, GoCommand, mentions_go
from explorer.dockerfile.model import Instruction
from explorer.dockerfile.rewrite.case import Case
from explorer.dockerfile.rewrite.draft import Draft


def edit_go_commands(
    case: Case, draft: Draft, edits: Callable[[GoCommand], list[Edit]], rule: str
) -> Draft:
    """The draft with `edits` made in each go build and go install; lines keep their number."""
    wanted: dict[int, tuple[Instruction, list[Edit]]] = {}
    for command in case.go_commands(draft):
        made = edits(command)
        if made:
            wanted.setdefault(command.instruction.start, (command.instruction, []))[1].extend(made)
    for instruction, made in wanted.values():
        draft = draft.edit(draft.again(instruction), made, rule)
    return draft


def hidden_builds(case: Case, draft: Draft) -> tuple[Instruction, ...]:
    """RUNs that build in a way that is not taken apart: here-documents, JSON forms, unclosed quotes."""
    seen = {c.instruction.start for c in case.go_commands(draft)}
    return tuple(
        i
        for s in draft.document.stages
        for i in s.find("RUN")
        if mentions_go(i) and i.start not in seen and ("build" in i.text or "install" in i.text)
    )
