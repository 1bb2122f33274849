"""The folder for temporary files and the folders with owners of their own, which an empty image lacks."""

from __future__ import annotations

import posixpath

from explorer.dockerfile.rewrite.case import Case, Rule, Verdict, hands_off
from explorer.dockerfile.rewrite.copying import (
    STAGED_ROOT,
    TEMPORARY,
    add_copies,
    can_be_named,
    copy_line,
    folder_command,
    link_command,
    needs_root,
    staged_line,
)
from explorer.dockerfile.rewrite.draft import Draft
from explorer.dockerfile.rewrite.runtime import table_base
from explorer.findings.detect import SHARED_FOLDERS
from explorer.translation import listed, mark, sentences, tr
from explorer.units import display_text

ID = "folders"


def folder_commands(case: Case, draft: Draft) -> tuple[str, ...]:
    """The commands that lay out what COPY alone would not keep: modes, owners, empty folders, links."""
    commands = []
    known = table_base(draft.runtime.image)
    if known is None or not known.temporary_folder:
        commands.append(f"mkdir -p {TEMPORARY} && chmod 1777 {TEMPORARY}")
    owners = dict(case.evidence.folder_owners)
    wanted = _wanted_folders(case)
    for path in sorted(wanted | {f.path for f in case.evidence.run_files if f.empty}):
        uid, gid, mode = owners.get(path, (0, 0, 0o755))
        if can_be_named(path):
            commands.append(folder_command(path, uid, gid, mode))
    commands += [
        link_command(f.path, f.link)
        for f in case.evidence.run_files
        if f.link and can_be_named(f.path + f.link)
    ]
    return tuple(commands)


def _wanted_folders(case: Case) -> set[str]:
    """Folders with owners of their own that hold, or are, something the runtime stage gets."""
    evidence = case.evidence
    places = [f.path for f in evidence.run_files] + [
        evidence.entry.path,
        evidence.config.working_dir or "/",
    ]
    shared = {f"/{path}" for path in SHARED_FOLDERS}
    above = {folder for place in places for folder in _ancestors(place)}
    return {path for path in evidence.folder_owners if path in above and path not in shared}


def _ancestors(path: str) -> list[str]:
    found = [path]
    while path not in ("/", ""):
        path = posixpath.dirname(path)
        found.append(path)
    return found


def _examine(case: Case, draft: Draft) -> Verdict | None:
    commands = folder_commands(case, draft) if draft.split_from else ()
    if not commands:
        return None
    named = sorted({f.path for f in case.evidence.run_files if f.empty} | _wanted_folders(case))
    reason = ""
    if TEMPORARY in commands[0]:
        reason = tr(
            "Temporary files go to /tmp, which an empty image does not have: uploads and os.CreateTemp would fail."
        )
    if named:
        folders = display_text(listed(named), 200)
        kept = tr("These folders keep their owner and mode: {folders}.", folders=folders)
        reason = sentences(reason, kept)
    if case.mode == "image" and not case.evidence.has("/bin/sh"):
        return hands_off(reason, tr("The old image has no shell to make them with."))
    return Verdict(reason)


def _edit(case: Case, draft: Draft) -> Draft:
    commands = folder_commands(case, draft)
    newline = draft.document.newline
    stage = next(s for s in draft.document.stages if s.name == draft.split_from)
    text = newline + staged_line(commands, draft.document.escape) + newline
    if needs_root(case, stage):
        text = f"{newline}USER 0{text}"
    draft = draft.splice(stage.end, stage.end, text, ID)
    return add_copies(draft, [copy_line(draft.split_from, STAGED_ROOT + "/", "/")], None, ID)


RULE = Rule(
    ID,
    mark("Keep /tmp and folder owners"),
    "net/http ParseMultipartForm; os.CreateTemp",
    _examine,
    _edit,
)
