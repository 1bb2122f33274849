"""Builds for several platforms: the compiler runs on the builder's own, the program is made for the target's."""

from __future__ import annotations

from explorer.dockerfile.gobuild import Edit, GoCommand
from explorer.dockerfile.model import Stage
from explorer.dockerfile.rewrite.case import Case, Rule, Verdict, ask, hands_off
from explorer.dockerfile.rewrite.draft import Draft
from explorer.dockerfile.rewrite.goedits import edit_go_commands
from explorer.translation import mark, tr

ID = "platforms"


def _edits(command: GoCommand) -> list[Edit]:
    text = [
        f"{name}=$TARGET{name[2:]}" for name in ("GOOS", "GOARCH") if command.setting(name) is None
    ]
    return [command.insert_assignment(" ".join(text))] if text else []


def _examine(case: Case, draft: Draft) -> Verdict | None:
    commands = [c for c in case.go_commands(draft) if _edits(c)]
    if not commands or not draft.split_from:
        return None
    reason = tr(
        "Go compiles for other platforms without emulation; each platform's image is built at full speed."
    )
    lines = draft.origins(c.instruction for c in commands)
    if not case.buildkit:
        return hands_off(
            reason, tr("The classic builder does not set TARGETOS and TARGETARCH."), lines, "none"
        )
    if not draft.static:
        return hands_off(
            reason, tr("Programs that use C need a C compiler for each platform."), lines
        )
    if _stage(draft, commands[0]).platform:
        return hands_off(reason, tr("The build stage already names a platform."), lines, "low")
    if not case.options.platforms:
        return ask(
            reason, tr("Needed only when images for several platforms are built."), lines, "low"
        )
    return Verdict(reason, risk="low", lines=lines)


def _stage(draft: Draft, command: GoCommand) -> Stage:
    line = command.instruction.start
    return max((s for s in draft.document.stages if s.opening.start < line), key=lambda s: s.index)


def _edit(case: Case, draft: Draft) -> Draft:
    commands = [c for c in case.go_commands(draft) if _edits(c)]
    opening = _stage(draft, commands[0]).opening.start
    first = commands[0].instruction.start
    draft = edit_go_commands(case, draft, _edits, ID)
    run = next(i for i in draft.document.instructions if i.start == first)
    draft = draft.insert_before(run, f"ARG TARGETOS TARGETARCH{draft.document.newline}", ID)
    start = next(i for i in draft.document.instructions if i.start == opening)
    end = start.text.upper().index("FROM") + 4
    return draft.edit(start, [Edit(end, end, " --platform=$BUILDPLATFORM")], ID)


RULE = Rule(
    ID,
    mark("Build for several platforms"),
    "docs.docker.com/build/building/multi-platform/#cross-compilation",
    _examine,
    _edit,
)
