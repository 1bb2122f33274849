"""The tables by which a file server names content types and a dialer finds port numbers."""

from __future__ import annotations

from explorer.dockerfile.evidence import FILE_TYPES, SERVICES
from explorer.dockerfile.rewrite.case import Case, Rule, Verdict
from explorer.dockerfile.rewrite.change import PredictedLayer
from explorer.dockerfile.rewrite.copying import add_copies, copy_line
from explorer.dockerfile.rewrite.draft import Draft
from explorer.translation import listed, mark, tr

ID = "system-tables"


def _paths(case: Case) -> list[str]:
    wanted = [
        *(FILE_TYPES if case.facts.may("file-types") else ()),
        *(SERVICES if case.facts.may("services") else ()),
    ]
    return [path for path in wanted if case.evidence.has(path)]


def _examine(case: Case, draft: Draft) -> Verdict | None:
    if not draft.split_from or not _paths(case):
        return None
    return Verdict(
        tr(
            "The program reads {paths}: without them some answers get another Content-Type, and names of ports are not found.",
            paths=listed(_paths(case)),
        )
    )


def _edit(case: Case, draft: Draft) -> Draft:
    paths = _paths(case)
    size = sum(case.evidence.files[path] for path in paths)
    lines = [copy_line(draft.split_from, path) for path in paths]
    return add_copies(draft, lines, PredictedLayer("system", " ".join(["COPY", *paths]), size), ID)


RULE = Rule(
    ID, mark("Keep the system's tables"), "mime/type_unix.go; net/port_unix.go", _examine, _edit
)
