"""Builds with -trimpath: the same program wherever it is built."""

from __future__ import annotations

from explorer.dockerfile.evidence import GO_TIME_ZONES
from explorer.dockerfile.gobuild import Edit, GoCommand
from explorer.dockerfile.rewrite.case import Case, Rule, Verdict, ask
from explorer.dockerfile.rewrite.draft import Draft
from explorer.dockerfile.rewrite.goedits import edit_go_commands
from explorer.translation import mark, tr

ID = "trimpath"


def _edits(command: GoCommand) -> list[Edit]:
    there = command.flag("trimpath") is not None or "-trimpath" in command.in_goflags
    return [] if there else [command.insert_flag("-trimpath")]


def _examine(case: Case, draft: Draft) -> Verdict | None:
    commands = [c for c in case.go_commands(draft) if _edits(c)]
    if not commands:
        return None
    reason = tr(
        "File paths of the build machine stay out of the program, and two builds of the same sources are equal byte for byte."
    )
    lines = draft.origins(c.instruction for c in commands)
    sources = case.sources
    if sources is None:
        return ask(
            reason,
            tr(
                "Without the sources nobody can tell whether the program looks for files beside its source code (runtime.Caller)."
            ),
            lines,
        )
    if sources.where("caller"):
        return ask(
            reason,
            tr(
                "{place} calls runtime.Caller, which would no longer give paths of this machine.",
                place=sources.where("caller"),
            ),
            lines,
        )
    evidence = case.evidence
    if (
        case.facts.may("time-zones")
        and not evidence.time_zone_bytes
        and evidence.has(GO_TIME_ZONES)
    ):
        return ask(
            reason,
            tr("The program finds time zones in Go's own folder, which it would no longer know."),
            lines,
        )
    return Verdict(reason, risk="low", lines=lines)


def _edit(case: Case, draft: Draft) -> Draft:
    return edit_go_commands(case, draft, _edits, ID)


RULE = Rule(
    ID, mark("Build reproducibly (-trimpath)"), "go help build; golang/go#77468", _examine, _edit
)
