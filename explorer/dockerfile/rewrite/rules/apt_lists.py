"""Removes apt's package lists in the RUN that downloads them, in the stage that becomes the image."""

from __future__ import annotations

from explorer.dockerfile.gobuild import Edit, run_script
from explorer.dockerfile.model import Instruction
from explorer.dockerfile.rewrite.case import Case, Rule, Verdict
from explorer.dockerfile.rewrite.draft import Draft
from explorer.translation import mark, tr

ID = "apt-lists"
_REMOVAL = " && rm -rf /var/lib/apt/lists/*"


def _found(draft: Draft) -> list[tuple[Instruction, Edit]]:
    found = []
    for instruction in draft.final.find("RUN") if draft.document.stages else ():
        lines = run_script(instruction, draft.document.escape)
        if (
            lines is None
            or lines.opaque
            or not lines.commands
            or "/var/lib/apt/lists" in instruction.text
        ):
            continue
        names = [c.name for c in lines.commands]
        plain = all(c.operator in ("&&", "") for c in lines.commands)
        installs = any(
            c.name in ("apt-get", "apt") and "install" in c.values() for c in lines.commands
        )
        if (
            installs
            and plain
            and set(names) <= {"apt-get", "apt", "rm", "mkdir", "useradd", "groupadd", "ln"}
        ):
            end = max(w.end for c in lines.commands for w in c.words)
            found.append((instruction, Edit(end, end, _REMOVAL)))
    return found


def _examine(_case: Case, draft: Draft) -> Verdict | None:
    found = _found(draft)
    if not found:
        return None
    return Verdict(
        tr(
            "apt leaves its package lists in the layer; deleting them in a later one frees nothing."
        ),
        lines=draft.origins(i for i, _ in found),
        findings=("apt-lists",),
    )


def _edit(case: Case, draft: Draft) -> Draft:
    for instruction, edit in reversed(_found(draft)):
        draft = draft.edit(instruction, [edit], ID)
    return draft.shrink("kept", case.evidence.finding_bytes.get("apt-lists", 0))


RULE = Rule(ID, mark("No package lists from apt"), "hadolint DL3009", _examine, _edit)
