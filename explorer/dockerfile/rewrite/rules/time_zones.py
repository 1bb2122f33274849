"""Time zones: the database that time.LoadLocation reads, and the image's local time."""

from __future__ import annotations

from explorer.dockerfile.evidence import GO_TIME_ZONES, TIME_ZONES
from explorer.dockerfile.rewrite.case import Case, Rule, Verdict
from explorer.dockerfile.rewrite.change import PredictedLayer
from explorer.dockerfile.rewrite.copying import add_copies, copy_line
from explorer.dockerfile.rewrite.draft import Draft
from explorer.translation import mark, tr

ID = "time-zones"
_LOCAL_TIME = "/etc/localtime"


def _zones(case: Case) -> bool:
    return case.facts.may("time-zones") or bool(case.evidence.config.variable("TZ"))


def _paths(case: Case) -> list[tuple[str, int]]:
    evidence, found = case.evidence, []
    if _zones(case):
        if evidence.time_zone_bytes:
            found.append((TIME_ZONES, evidence.time_zone_bytes))
        elif evidence.has(GO_TIME_ZONES):
            # Where Go's own packages look last, when the program was built without -trimpath; ZONEINFO names it.
            found.append((GO_TIME_ZONES, evidence.files[GO_TIME_ZONES]))
    if evidence.has(_LOCAL_TIME):
        found.append((_LOCAL_TIME, evidence.files[_LOCAL_TIME]))
    return found


def _examine(case: Case, draft: Draft) -> Verdict | None:
    if not draft.split_from or not _paths(case):
        return None
    if not _zones(case):
        return Verdict(tr("The image has a local time of its own; the program keeps it."))
    if case.evidence.config.variable("TZ"):
        return Verdict(tr("TZ is set, and the program looks the zone up in this database."))
    return Verdict(
        tr("The program looks time zones up; without the database it says “unknown time zone”.")
    )


def _edit(case: Case, draft: Draft) -> Draft:
    paths = _paths(case)
    lines = [copy_line(draft.split_from, path) for path, _ in paths]
    if any(path == GO_TIME_ZONES for path, _ in paths):
        lines.insert(0, f"ENV ZONEINFO={GO_TIME_ZONES}")
    for path, size in paths:
        draft = draft.with_layer(PredictedLayer("system", f"COPY {path}", size))
    return add_copies(draft, lines, None, ID)


RULE = Rule(ID, mark("Keep the time zones"), "time/zoneinfo_unix.go", _examine, _edit)
