"""Builds without C (CGO_ENABLED=0), so that the program needs no loader and no libraries."""

from __future__ import annotations

from dataclasses import replace

from explorer.dockerfile.facts import SOFT_CGO
from explorer.dockerfile.gobuild import Edit, GoCommand
from explorer.dockerfile.rewrite.case import Case, Rule, Verdict, ask, hands_off
from explorer.dockerfile.rewrite.draft import Draft
from explorer.dockerfile.rewrite.goedits import edit_go_commands
from explorer.translation import listed, mark, sentences, tr

ID = "no-cgo"


def _edits(command: GoCommand) -> list[Edit]:
    return (
        []
        if command.setting("CGO_ENABLED") is not None
        else [command.insert_assignment("CGO_ENABLED=0")]
    )


def _examine(case: Case, draft: Draft) -> Verdict | None:
    if case.facts.static or not case.facts.is_go:
        return None
    commands = [c for c in case.go_commands(draft) if _edits(c)]
    if not commands:
        return None
    lines = draft.origins(c.instruction for c in commands)
    reason = tr(
        "The program is linked with C ({loader}), so it starts only where that loader and its libraries are.",
        loader=case.facts.interpreter or "libc",
    )
    why = _against(case, commands)
    if why:
        return hands_off(reason, why, lines)
    if case.facts.cgo_packages is None:
        return ask(
            reason,
            tr("The program's functions cannot be read, so C code in it cannot be ruled out."),
            lines,
            "high",
        )
    if "netdns=cgo" in case.evidence.config.variable("GODEBUG"):
        return ask(reason, tr("GODEBUG asks for the C library's resolver."), lines)
    sources = case.sources
    if sources is not None and sources.where("cgo-tag"):
        return ask(
            reason,
            tr("{place} has other code for builds without cgo.", place=sources.where("cgo-tag")),
            lines,
            "high",
        )
    soft = sorted(SOFT_CGO.intersection(case.facts.cgo_packages) - {"runtime/cgo"})
    own = tr(
        "Only Go's own packages use C in it ({packages}), and they have the same in Go.",
        packages=listed(soft) or "runtime/cgo",
    )
    unseen = sources is None or (not sources.vendored and case.facts.dependencies != ())
    warning = tr(
        "Modules are not searched for code that is only built without cgo; compare both images."
    )
    reason = sentences(reason, own, warning if unseen else "")
    return Verdict(reason, risk="medium" if unseen else "low", lines=lines)


def _against(case: Case, commands: list[GoCommand]) -> str:
    """Why the program cannot do without C, "" when nothing says so."""
    if case.facts.hard_cgo:
        return tr("{package} needs C.", package=case.facts.hard_cgo[0])
    if case.sources is not None and case.sources.where("cgo"):
        return tr("{place} imports C.", place=case.sources.where("cgo"))
    for command in commands:
        for name in ("race", "msan", "asan"):
            if command.flag(name) is not None:
                return tr("-{flag} needs C.", flag=name)
        mode = command.flag("buildmode")
        if mode is not None and mode.value != "exe":
            return tr("-buildmode={mode} needs C or a loader.", mode=mode.value)
        tags = command.flag("tags")
        if tags is not None and "netcgo" in tags.value:
            return tr("-tags {tags} asks for the C library's resolver.", tags=tags.value)
        linker = command.flag("ldflags")
        if linker is not None and "external" in linker.value:
            return tr("The linker flags ask for the external linker.")
    if case.facts.proved("plugins"):
        return tr("The program loads Go plugins, which need C.")
    return ""


def _edit(case: Case, draft: Draft) -> Draft:
    return replace(edit_go_commands(case, draft, _edits, ID), static=True)


RULE = Rule(
    ID, mark("Build a static program (CGO_ENABLED=0)"), "cmd/cgo; golang/go#40711", _examine, _edit
)
