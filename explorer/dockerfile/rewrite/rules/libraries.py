"""The loader and the C libraries that a dynamically linked program starts with."""

from __future__ import annotations

from explorer.dockerfile.rewrite.case import Case, Rule, Verdict
from explorer.dockerfile.rewrite.change import PredictedLayer
from explorer.dockerfile.rewrite.copying import add_copies, copy_line
from explorer.dockerfile.rewrite.draft import Draft
from explorer.dockerfile.rewrite.libraries import carried_libraries
from explorer.translation import listed, mark, tr

ID = "libraries"


def _examine(case: Case, draft: Draft) -> Verdict | None:
    if not draft.split_from or draft.static is not False or draft.runtime.image != "scratch":
        return None
    found = carried_libraries(case)
    if not found:
        return None
    names = listed(path for path, _ in found)
    return Verdict(
        tr("The program starts with {names}; these are the old image's own.", names=names),
        risk="low",
    )


def _edit(case: Case, draft: Draft) -> Draft:
    found = carried_libraries(case)
    for path, size in found:
        draft = draft.with_layer(PredictedLayer("system", f"COPY {path}", size))
    return add_copies(draft, [copy_line(draft.split_from, path) for path, _ in found], None, ID)


RULE = Rule(ID, mark("Keep the loader and its libraries"), "ld.so(8)", _examine, _edit)
