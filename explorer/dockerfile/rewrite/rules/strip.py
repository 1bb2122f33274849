"""Builds without symbol table and DWARF: -ldflags "-s -w", merged into what is there."""

from __future__ import annotations

from dataclasses import replace

from explorer.dockerfile.gobuild import Edit, GoCommand, merged_ldflags, strips
from explorer.dockerfile.rewrite.case import Case, Rule, Verdict, ask, hands_off
from explorer.dockerfile.rewrite.draft import Draft
from explorer.dockerfile.rewrite.goedits import edit_go_commands, hidden_builds
from explorer.translation import mark, tr
from explorer.units import size_text

ID = "strip-symbols"


def _edits(command: GoCommand) -> list[Edit]:
    edit = None if strips(command) or "ldflags" in command.in_goflags else merged_ldflags(command)
    return [edit] if edit else []


def _examine(case: Case, draft: Draft) -> Verdict | None:
    if case.facts.stripped:
        return None
    commands = [c for c in case.go_commands(draft) if not strips(c)]
    saved = case.facts.removable_bytes
    reason = tr("The symbol table and DWARF data are {size} of the program; only debuggers read them. Panics and profiles keep their function names.", size=size_text(saved)) if saved else tr("The symbol table and DWARF data are about a quarter of a Go program; only debuggers read them.")  # fmt: skip
    if not commands:
        hidden = hidden_builds(case, draft)
        if not hidden:
            return None
        return hands_off(
            reason,
            tr('The build command cannot be parsed; add -ldflags "-s -w" there.'),
            draft.origins(hidden),
            "low",
        )
    lines = draft.origins(c.instruction for c in commands)
    if not all(_edits(c) for c in commands):
        return hands_off(
            reason,
            tr("The build already sets linker flags in a way that cannot be merged safely."),
            lines,
            "low",
        )
    if any(_debug(c) for c in commands):
        return ask(
            reason, tr("The program is built for a debugger (-gcflags with -N or -l)."), lines
        )
    return Verdict(reason, risk="low", lines=lines)


def _debug(command: GoCommand) -> bool:
    flag = command.flag("gcflags")
    return flag is not None and bool({"-N", "-l"} & set(flag.value.replace("=", " ").split()))


def _edit(case: Case, draft: Draft) -> Draft:
    draft = edit_go_commands(case, draft, _edits, ID)
    saved = case.facts.removable_bytes
    return replace(
        draft.shrink("program", saved), program_bytes=max(0, draft.program_bytes - saved)
    )


RULE = Rule(ID, mark("Leave debug symbols out (-s -w)"), "cmd/link: -s, -w", _examine, _edit)
