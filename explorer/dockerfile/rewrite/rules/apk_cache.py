"""apk add --no-cache in the stage that becomes the image."""

from __future__ import annotations

from explorer.dockerfile.gobuild import Edit, run_script
from explorer.dockerfile.model import Instruction
from explorer.dockerfile.rewrite.case import Case, Rule, Verdict
from explorer.dockerfile.rewrite.draft import Draft
from explorer.translation import mark, tr

ID = "apk-no-cache"


def _found(draft: Draft) -> list[tuple[Instruction, list[Edit]]]:
    found = []
    for instruction in draft.final.find("RUN") if draft.document.stages else ():
        lines = run_script(instruction, draft.document.escape)
        edits = []
        for command in lines.commands if lines and not lines.opaque else ():
            values = command.values()
            if (
                command.name == "apk"
                and "add" in values
                and "--no-cache" not in values
                and "--virtual" not in values
            ):
                end = command.words[values.index("add")].end
                edits.append(Edit(end, end, " --no-cache"))
        if edits:
            found.append((instruction, edits))
    return found


def _examine(_case: Case, draft: Draft) -> Verdict | None:
    found = _found(draft)
    if not found:
        return None
    return Verdict(
        tr("apk leaves its package index in the image."),
        lines=draft.origins(i for i, _ in found),
        findings=("apk-cache",),
    )


def _edit(case: Case, draft: Draft) -> Draft:
    for instruction, edits in reversed(_found(draft)):
        draft = draft.edit(instruction, edits, ID)
    return draft.shrink("kept", case.evidence.finding_bytes.get("apk-cache", 0))


RULE = Rule(ID, mark("No package index from apk"), "hadolint DL3019", _examine, _edit)
