"""Everything of the image's own that the program may read: templates, static files, configuration, other programs."""

from __future__ import annotations

from explorer.dockerfile.rewrite.case import Case, Rule, Verdict
from explorer.dockerfile.rewrite.change import PredictedLayer
from explorer.dockerfile.rewrite.copying import add_copies, can_be_named, copy_line
from explorer.dockerfile.rewrite.draft import Draft
from explorer.dockerfile.runfiles import RunFile
from explorer.translation import listed, mark, ntr, sentences, tr
from explorer.units import display_text, size_text

ID = "run-time-files"
_SHOWN = 6


def carried(case: Case) -> tuple[RunFile, ...]:
    """What is copied: all but links and empty folders, which another rule makes."""
    return tuple(
        f for f in case.evidence.run_files if not f.empty and not f.link and can_be_named(f.path)
    )


def _examine(case: Case, draft: Draft) -> Verdict | None:
    files = carried(case)
    if not draft.split_from or not files:
        return None
    count, size = sum(f.files for f in files), sum(f.bytes for f in files)
    names = listed(f.path for f in sorted(files, key=lambda f: -f.bytes)[:_SHOWN])
    more = len(files) - _SHOWN
    names = display_text(names, 300)
    if more > 0:
        names = sentences(names, ntr("and {n} more", "and {n} more", more))
    reason = ntr("{n} file of the image ({size}) is not source code and may be read when the program runs: {names}.", "{n} files of the image ({size}) are not source code and may be read when the program runs: {names}.", count, size=size_text(size), names=names)  # fmt: skip
    if case.sources is not None and case.sources.where("files"):
        opens = tr("{place} opens files by name.", place=case.sources.where("files"))
        reason = sentences(reason, opens)
    return Verdict(reason, lines=())


def _edit(case: Case, draft: Draft) -> Draft:
    files = carried(case)
    lines = [copy_line(draft.split_from, f.path) for f in files]
    entry = case.evidence.entry
    for file in files:
        size, kind = file.bytes, "files"
        if entry.program != entry.path and file.path == entry.program:
            size, kind = draft.program_bytes, "program"
        draft = draft.with_layer(PredictedLayer(kind, f"COPY {display_text(file.path)}", size))
    return add_copies(draft, lines, None, ID)


RULE = Rule(
    ID, mark("Keep the files that the program reads"), "evidence of the image", _examine, _edit
)
