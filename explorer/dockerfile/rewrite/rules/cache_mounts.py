"""Keeps the module cache and the build cache outside the image, and from one build to the next."""

from __future__ import annotations

import re
from dataclasses import replace

from explorer.dockerfile.gobuild import Edit, declared, mentions_go, run_script
from explorer.dockerfile.model import Instruction, Stage
from explorer.dockerfile.rewrite.case import Case, Rule, Verdict, ask, hands_off
from explorer.dockerfile.rewrite.draft import Draft
from explorer.translation import mark, tr

ID = "cache-mounts"
_MODULES, _BUILDS = "go-module-cache", "go-build-cache"
# Steps that read the caches without being go commands: a mount would leave them nothing.
_READERS = re.compile(
    r"/go/pkg/mod|pkg/mod/|go\s+env\s+GO(?:MOD)?CACHE|go\s+list\s+[^&;|]*-m|\.cache/go-build|GOMODCACHE"
)
_BUILDERS = re.compile(
    r"\b(?:make|mage|task|just|bazel|goreleaser|ninja|mockgen|protoc|buf|swag)\b|\.(?:sh|bash)\b"
)
_DOWNLOADING = frozenset(
    {"build", "install", "mod", "test", "vet", "generate", "run", "get", "list", "tool"}
)


def _runs(draft: Draft) -> list[tuple[Stage, Instruction]]:
    """RUNs with go commands and no cache mounts."""
    found = []
    for stage in draft.document.stages:
        for instruction in stage.find("RUN"):
            lines = run_script(instruction, draft.document.escape)
            if lines is None or lines.opaque or "type=cache" in "".join(instruction.mounts()):
                continue
            if any(
                c.name == "go" and len(c.words) > 1 and c.words[1].value in _DOWNLOADING
                for c in lines.commands
            ):
                found.append((stage, instruction))
    return found


def _examine(case: Case, draft: Draft) -> Verdict | None:
    found = _runs(draft)
    if not found:
        return None
    reason = tr(
        "Modules and compiled packages are kept between builds: after a change of one line a build took 1.8 to 3.5 s instead of 90 s in our measurement."
    )
    lines = draft.origins(i for _, i in found)
    if not case.buildkit:
        return hands_off(reason, tr("The classic builder has no mounts."), lines, "none")
    readers = [
        i
        for s in draft.document.stages
        for i in s.instructions
        if _READERS.search(i.rest) and i.keyword in ("RUN", "COPY", "ADD")
    ]
    if readers:
        return hands_off(
            reason,
            tr(
                "Line {line} reads a cache, which would be empty there.",
                line=_line(draft, readers[0]),
            ),
            lines,
            "medium",
        )
    hidden = _other_builds(found, draft.document.escape)
    if hidden:
        return hands_off(
            reason,
            tr(
                "Line {line} may build, too, and would not find what is kept in a mount.",
                line=_line(draft, hidden[0]),
            ),
            lines,
            "medium",
        )
    if any(_user_at(stage, i) for stage, i in found):
        return ask(
            reason,
            tr(
                "The build runs as a user other than root, whose caches lie elsewhere and who must own them."
            ),
            lines,
        )
    findings = (
        ()
        if draft.split_from
        else tuple(f for f in (_MODULES, _BUILDS) if case.evidence.finding_bytes.get(f))
    )
    return Verdict(reason, lines=lines, findings=findings)


def _other_builds(found: list[tuple[Stage, Instruction]], escape: str) -> list[Instruction]:
    """Steps of the same stages that run scripts or build tools: they read the modules from the layers below."""
    starts = {i.start for _, i in found}
    stages = {stage.index: stage for stage, _ in found}.values()
    return [
        i for s in stages for i in s.find("RUN") if i.start not in starts and _builds(i, escape)
    ]


def _builds(instruction: Instruction, escape: str) -> bool:
    lines = run_script(instruction, escape)
    if lines is None or lines.opaque:
        return (
            bool(_BUILDERS.search(instruction.rest))
            or bool(instruction.heredocs)
            or mentions_go(instruction)
        )
    return any(
        _BUILDERS.search(c.name) or (c.name in ("sh", "bash", "ash") and len(c.words) > 1)
        for c in lines.commands
    )


def _line(draft: Draft, instruction: Instruction) -> int:
    return next(iter(draft.origins([instruction])), instruction.start)


def _user_at(stage: Stage, instruction: Instruction) -> str:
    users = [i for i in stage.find("USER") if i.start < instruction.start]
    user = users[-1].rest.partition(":")[0] if users else ""
    return "" if user in ("0", "root") else user


def _targets(case: Case, stage: Stage, instruction: Instruction, escape: str) -> tuple[str, str]:
    """Where the caches are, by `go help environment`: GOMODCACHE or GOPATH/pkg/mod; GOCACHE or HOME/.cache/go-build."""
    variables: dict[str, str] = {}
    base = case.local(stage.base)
    if base is not None:
        variables |= dict(item.partition("=")[::2] for item in base.config.env)
    for item in stage.instructions:
        if item.start >= instruction.start:
            break
        if item.keyword in ("ENV", "ARG"):
            variables |= declared(item, variables, escape)
    golang = "golang" in stage.base or "GOLANG_VERSION" in variables
    path = variables.get("GOPATH", "/go" if golang else "/root/go").split(":")[0]
    home = variables.get("HOME", "/root")
    cache = (
        variables.get("GOCACHE")
        or f"{variables.get('XDG_CACHE_HOME') or home + '/.cache'}/go-build"
    )
    return variables.get("GOMODCACHE") or f"{path}/pkg/mod", cache


def _edit(case: Case, draft: Draft) -> Draft:
    escape = draft.document.escape
    for stage, instruction in reversed(_runs(draft)):
        lines = run_script(instruction, escape)
        modules, builds = _targets(case, stage, instruction, escape)
        compiles = lines is not None and any(
            c.name == "go" and c.words[1].value != "mod" for c in lines.commands if len(c.words) > 1
        )
        flags = f" --mount=type=cache,target={modules}"
        flags += f" --mount=type=cache,target={builds}" if compiles else ""
        keyword = re.match(r"\s*RUN", instruction.text, re.IGNORECASE)
        end = keyword.end() if keyword else 3
        draft = draft.edit(instruction, [Edit(end, end, flags)], ID)
    if draft.split_from:
        return draft
    saved = sum(case.evidence.category_bytes.get(name, 0) for name in (_MODULES, _BUILDS))
    return _without(draft, saved)


def _without(draft: Draft, count: int) -> Draft:
    """Take bytes from the layers that the image keeps, last one first."""
    layers, left = list(draft.layers), count
    for number in range(len(layers) - 1, -1, -1):
        taken = min(left, layers[number].bytes) if layers[number].kind in ("kept", "program") else 0
        layers[number] = replace(layers[number], bytes=layers[number].bytes - taken)
        left -= taken
    return replace(draft, layers=tuple(layers))


RULE = Rule(
    ID,
    mark("Keep caches between builds"),
    "docs.docker.com/reference/dockerfile/#run---mounttypecache",
    _examine,
    _edit,
)
