"""Downloads modules before the sources are copied, so that a change of the sources does not download them again."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from explorer.dockerfile.gobuild import declared, run_script
from explorer.dockerfile.model import Instruction, Stage
from explorer.dockerfile.rewrite.case import Case, Rule, Verdict, hands_off
from explorer.dockerfile.rewrite.draft import Draft
from explorer.dockerfile.sources import SourceFacts
from explorer.dockerfile.words import expand, unresolved
from explorer.translation import mark, tr

ID = "modules-first"
# What private modules need before they can be downloaded.
_ACCESS = re.compile(
    r"\binsteadOf\b|\.netrc|GOPRIVATE|GONOSUMDB|ssh-keyscan|id_rsa|GOPROXY", re.IGNORECASE
)
_MANIFESTS = re.compile(r"\bgo\.(?:mod|sum)\b")


@dataclass(frozen=True)
class _Place:
    """A COPY of everything before the build; `folder` is its target, `here` the working directory at that place."""

    copy: Instruction
    folder: str
    here: str
    download: Instruction | None


def _place(case: Case, draft: Draft) -> _Place | None:
    """The first COPY of the whole context in a stage that builds."""
    builds = [c.instruction.start for c in case.go_commands(draft)]
    for stage in draft.document.stages:
        inside = [line for line in builds if stage.opening.start < line <= stage.end]
        if not inside:
            continue
        return _in_stage(draft, stage, inside[0])
    return None


def _in_stage(draft: Draft, stage: Stage, build: int) -> _Place | None:
    escape, variables, here = draft.document.escape, dict[str, str](), "/go"
    for instruction in stage.instructions:
        if instruction.start >= build:
            return None
        if instruction.keyword in ("ENV", "ARG"):
            variables |= declared(instruction, variables, escape)
        elif instruction.keyword == "WORKDIR":
            here = posixpath.join(here, expand(instruction.rest, variables, escape))
        elif instruction.keyword in ("COPY", "ADD"):
            words = instruction.words or tuple(instruction.rest.split())
            if instruction.flag("from") or instruction.heredocs or len(words) != 2:
                continue
            if any(_MANIFESTS.search(word) for word in words):
                return None
            if words[0] in (".", "./", "/", "./*", "*") and not unresolved(
                words[1], variables, escape
            ):
                folder = posixpath.normpath(
                    posixpath.join(here, expand(words[1], variables, escape))
                )
                return _Place(
                    instruction, folder, here, _download(draft, stage, instruction.start, build)
                )
    return None


def _download(draft: Draft, stage: Stage, after: int, before: int) -> Instruction | None:
    """A RUN that only downloads modules, which can be moved up."""
    for instruction in stage.find("RUN"):
        if after < instruction.start < before and instruction.line.lower().startswith("run"):
            lines = run_script(instruction, draft.document.escape)
            if (
                lines
                and [c.values() for c in lines.commands] == [("go", "mod", "download")]
                and not lines.commands[0].assignments
            ):
                return instruction
    return None


def _examine(case: Case, draft: Draft) -> Verdict | None:
    place = _place(case, draft)
    if place is None:
        return None
    reason = tr(
        "All files are copied before modules are downloaded, so every change of a file downloads all modules again."
    )
    lines = draft.origins([place.copy])
    why = _against(case, draft, place)
    if why:
        return hands_off(reason, why, lines, "low")
    return Verdict(reason, lines=lines)


def _against(case: Case, draft: Draft, place: _Place) -> str:
    sources = case.sources
    if sources is None:
        return tr("Give the source folder: whether go.mod lies beside the Dockerfile is not known.")
    if not sources.has("go.mod") and not sources.workspace:
        return tr("There is no go.mod in the source folder.")
    if sources.vendored:
        return tr("The modules are in vendor/; nothing is downloaded.")
    outside = [path for path in (*sources.local_replacements, *sources.workspace) if _outside(path)]
    if outside:
        return tr("go.mod or go.work names {path}, outside of the source folder.", path=outside[0])
    missing = [p for p in _module_folders(sources) if not sources.has(posixpath.join(p, "go.mod"))]
    if missing:
        return tr("go.mod or go.work names {path}, which has no go.mod.", path=missing[0])
    stage = next(s for s in draft.document.stages if s.opening.start < place.copy.start <= s.end)
    later = [i for i in stage.instructions if i.start > place.copy.start]
    if any(_ACCESS.search(i.text) for i in later):
        return tr("The build sets up access to modules after the files are copied.")
    if any(
        re.search(r"\bgo\s+(?:mod\s+(?:init|tidy|edit|vendor)|get|generate|work)\b", i.text)
        for i in later
    ):
        return tr("The build changes go.mod before it builds.")
    return ""


def _outside(path: str) -> bool:
    return posixpath.normpath(path).startswith("..")


def _module_folders(sources: SourceFacts) -> tuple[str, ...]:
    """Folders of further modules that belong to the build, relative to the root."""
    named = [posixpath.normpath(path) for path in (*sources.local_replacements, *sources.workspace)]
    return tuple(dict.fromkeys(path for path in named if path != "."))


def _edit(case: Case, draft: Draft) -> Draft:
    place, sources = _place(case, draft), case.sources
    if place is None or sources is None:
        return draft
    newline = draft.document.newline
    same = posixpath.normpath(place.here) == place.folder
    target = "./" if same else f"{place.folder}/"
    top = [name for name in ("go.mod", "go.sum*") if sources.has("go.mod")]
    work = ["go.work", "go.work.sum*"] if sources.workspace else []
    lines = [f"COPY {' '.join((*top, *work))} {target}"]
    for folder in _module_folders(sources):
        goal = f"./{folder}/" if same else f"{place.folder}/{folder}/"
        lines.append(f"COPY {folder}/go.mod {folder}/go.sum* {goal}")
    text = place.download.text.rstrip() if place.download else "RUN go mod download"
    lines.append(text if same or place.download else f"RUN cd {place.folder} && go mod download")
    if place.download is not None:
        draft = draft.remove(place.download)
    copy = next(i for i in draft.document.instructions if i.start == place.copy.start)
    return draft.insert_before(copy, "".join(line + newline for line in lines), ID)


RULE = Rule(
    ID,
    mark("Download modules before copying the sources"),
    "docs.docker.com/guides/golang/build-images",
    _examine,
    _edit,
)
