"""Leaves out the time zones that count leap seconds: half of the database, and Go misreads them."""

from __future__ import annotations

from dataclasses import replace

from explorer.dockerfile.evidence import LEAP_ZONES, TIME_ZONES
from explorer.dockerfile.rewrite.case import Case, Rule, Verdict, ask
from explorer.dockerfile.rewrite.copying import copy_line, needs_root, staged_line
from explorer.dockerfile.rewrite.draft import Draft
from explorer.translation import mark, tr
from explorer.units import size_text

ID = "leap-second-zones"
# Where the build stage lays the zones out; nobody else uses the name.
_STAGED = "/runtime-zoneinfo"
_PREFIX = "right/"


def _examine(case: Case, draft: Draft) -> Verdict | None:
    size = case.evidence.leap_zone_bytes
    if (
        not draft.split_from
        or not size
        or _copied_at(draft) < 0
        or not case.evidence.has("/bin/sh")
    ):
        return None
    reason = tr(
        "The zones below {folder} count leap seconds, {size} of the database. Go programs do not: with these their times would be wrong by 27 seconds.",
        folder=LEAP_ZONES,
        size=size_text(size),
    )
    if _names_one(case):
        return ask(reason, tr("The image or its sources name one of them."))
    if not case.facts.is_go or case.facts.hard_cgo or case.facts.cgo_packages is None:
        return ask(reason, tr("Code in C may read them."))
    return Verdict(reason)


def _names_one(case: Case) -> bool:
    config, sources = case.evidence.config, case.sources
    words = [*config.env, *config.entrypoint, *config.cmd, *(sources.literals if sources else ())]
    return any(_PREFIX in word for word in words)


def _copied_at(draft: Draft) -> int:
    """The line that copies the database, -1 when there is none."""
    line = copy_line(draft.split_from, TIME_ZONES)
    return next((n for n, item in enumerate(draft.lines) if item.text.rstrip() == line), -1)


def _edit(case: Case, draft: Draft) -> Draft:
    newline = draft.document.newline
    at = _copied_at(draft)
    copied = copy_line(draft.split_from, _STAGED, TIME_ZONES) + newline
    draft = draft.splice(at, at + 1, copied, ID)
    commands = (f"cp -a {TIME_ZONES} {_STAGED}", f"rm -rf {_STAGED}/{_PREFIX.rstrip('/')}")
    stage = next(s for s in draft.document.stages if s.name == draft.split_from)
    text = newline + staged_line(commands, draft.document.escape) + newline
    if needs_root(case, stage):
        text = f"{newline}USER 0{text}"
    draft = draft.splice(stage.end, stage.end, text, ID)
    layers = tuple(
        replace(layer, bytes=layer.bytes - case.evidence.leap_zone_bytes)
        if layer.text == f"COPY {TIME_ZONES}"
        else layer
        for layer in draft.layers
    )
    return replace(draft, layers=layers)


RULE = Rule(
    ID,
    mark("Leave the leap-second zones out"),
    "tz database: Theory, “Leap seconds”; time/zoneinfo_read.go skips leap second data",
    _examine,
    _edit,
)
