"""UPX packs the program; never on by itself: the start becomes slower and the download hardly smaller."""

from __future__ import annotations

from dataclasses import replace

from explorer.dockerfile.rewrite.case import Case, Rule, Verdict, ask
from explorer.dockerfile.rewrite.draft import Draft
from explorer.translation import mark, tr

ID = "upx"
# ziggornif/gimme#81 (36.7 to 14.6 MB) and testcontainers/moby-ryuk#212 (10 to 5 MB): about half.
_SHARE = 0.45


def _examine(case: Case, draft: Draft) -> Verdict | None:
    if not draft.split_from or not case.facts.is_go or case.facts.packed or case.mode == "image":
        return None
    return ask(
        tr("UPX packs the program to about half. It is unpacked into memory at every start."),
        tr(
            "Published measurements: starts 60 to 420 ms slower, downloads not smaller, memory no longer shared, crashes with more than 500 environment variables. Measure before you use it."
        ),
        risk="high",
    )


def _edit(case: Case, draft: Draft) -> Draft:
    stage = next(s for s in draft.document.stages if s.name == draft.split_from)
    newline = draft.document.newline
    alpine = "alpine" in stage.base
    install = (
        "apk add --no-cache upx"
        if alpine
        else "apt-get update && apt-get install -y --no-install-recommends upx-ucl"
    )
    builds = [
        c for c in case.go_commands(draft) if stage.opening.start < c.instruction.start <= stage.end
    ]
    after = builds[-1].instruction.end if builds else stage.end
    draft = draft.splice(
        after, after, f"RUN {install} && upx {case.evidence.entry.program}{newline}", ID
    )
    saved = int(draft.program_bytes * (1 - _SHARE))
    layers = tuple(
        replace(x, basis="estimate") if x.kind == "program" else x
        for x in draft.shrink("program", saved).layers
    )
    return replace(draft, layers=layers, program_bytes=draft.program_bytes - saved)


RULE = Rule(
    ID,
    mark("Pack the program with UPX"),
    "upx/upx#466; ziggornif/gimme#81; unkeyed/unkey#7130",
    _examine,
    _edit,
)
