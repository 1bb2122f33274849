"""The lines that a runtime stage gets from the stage it is split from: what the image's config had, nothing less."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace

from explorer.dockerfile.gobuild import declared
from explorer.dockerfile.model import Dockerfile, Instruction, Stage
from explorer.dockerfile.reconstruct import config_lines
from explorer.dockerfile.rewrite.case import Case
from explorer.dockerfile.rewrite.draft import Draft
from explorer.dockerfile.stageconfig import chain_config, stage_chain
from explorer.dockerfile.words import expand, name_values, split_words, unresolved
from explorer.image.model import Config

# What only building reads; golang's own images set the first five.
BUILD_VARIABLES = frozenset(
    {"GOLANG_VERSION", "GOTOOLCHAIN", "GOPATH", "GOROOT", "PATH", "GOCACHE", "GOMODCACHE", "GO111MODULE", "GOPROXY", "GOPRIVATE",
     "GONOPROXY", "GONOSUMDB", "GONOSUMCHECK", "GOSUMDB", "GOINSECURE", "GOFLAGS", "GOOS", "GOARCH", "GOARM", "GOAMD64", "GOBIN", "GOVCS",
     "CGO_ENABLED", "CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS", "CGO_LDFLAGS", "CC", "CXX", "AR", "DEBIAN_FRONTEND"}
)  # fmt: skip
# Moved from the build stage to the runtime stage as they are written, in this order of writing.
MOVED = (
    "LABEL",
    "MAINTAINER",
    "EXPOSE",
    "VOLUME",
    "STOPSIGNAL",
    "HEALTHCHECK",
    "ONBUILD",
    "ENTRYPOINT",
    "CMD",
)
# What this program puts on images that it builds itself.
_OUR_LABELS = "io.github.image-size-explorer."
_LAST_WINS = frozenset({"CMD", "ENTRYPOINT", "HEALTHCHECK", "STOPSIGNAL", "MAINTAINER"})


@dataclass(frozen=True)
class Metadata:
    """Texts for the runtime stage: before the files, and after them; `moved` leave the build stage."""

    before: str
    after: str
    moved: tuple[Instruction, ...]


def runtime_metadata(case: Case, draft: Draft, runtime: Config) -> Metadata:
    """What the runtime stage on a base with config `runtime` must set so that the image's config stays."""
    document, newline = draft.document, draft.document.newline
    chain = stage_chain(document)
    config = case.evidence.config
    moved = tuple(i for i in document.stages[-1].instructions if i.keyword in MOVED)
    inherited = tuple(i for s in chain[:-1] for i in s.instructions if i.keyword in MOVED)
    kept = _kept(inherited + moved)
    env = [i for s in chain for i in s.instructions if i.keyword == "ENV" and _wanted(i, document)]
    users = [i for s in chain for i in s.instructions if i.keyword == "USER"]
    shells = [i for s in chain for i in s.instructions if i.keyword == "SHELL"]
    texts = {i.start: draft.with_comments(i) if i in moved else i.text for i in kept}
    before = "".join(_ended(t, newline) for t in _arguments(document, chain, (*env, *kept)))
    before += "".join(_ended(i.text, newline) for i in env)
    implied = _implied(case, config, runtime, document, chain)
    before += "".join(line + newline for key, line in implied if key == "ENV")
    folder = working_directory(case, document, chain)
    if folder != (runtime.working_dir or "/") or runtime.working_dir:
        before += f"WORKDIR {folder}{newline}"
    after = "".join(
        line + newline
        for key, line in implied
        if key not in ("ENV", "WORKDIR", "USER", "ENTRYPOINT", "CMD")
    )
    before_start = [i for i in kept if i.keyword not in ("ENTRYPOINT", "CMD")]
    after += "".join(_ended(texts[i.start], newline) for i in before_start)
    if users:
        after += _ended(users[-1].text, newline)
    after += "".join(line + newline for key, line in implied if key == "USER" and not users)
    if shells and any(i.keyword in ("CMD", "ENTRYPOINT") and i.words is None for i in kept):
        after += _ended(shells[-1].text, newline)
    after += "".join(line + newline for key, line in implied if key == "ENTRYPOINT")
    after += "".join(
        _ended(texts[i.start], newline) for i in kept if i.keyword in ("ENTRYPOINT", "CMD")
    )
    after += "".join(line + newline for key, line in implied if key == "CMD")
    return Metadata(before, after, moved)


def working_directory(case: Case, document: Dockerfile, chain: tuple[Stage, ...]) -> str:
    """The final WORKDIR, absolute; the image's own where the file's cannot be told."""
    config = case.evidence.config.working_dir or "/"
    variables: dict[str, str] = {}
    folder = ""
    for stage in chain:
        for instruction in stage.instructions:
            if instruction.keyword in ("ENV", "ARG"):
                variables |= declared(instruction, variables, document.escape)
            elif instruction.keyword == "WORKDIR":
                if unresolved(instruction.rest, variables, document.escape):
                    return config
                folder = posixpath.join(
                    folder, expand(instruction.rest, variables, document.escape)
                )
    return posixpath.normpath(folder) if folder.startswith("/") else config


def _kept(instructions: tuple[Instruction, ...]) -> tuple[Instruction, ...]:
    """Without those that a later one of their kind replaces; a new ENTRYPOINT also drops the CMD before it."""
    kept = []
    for number, item in enumerate(instructions):
        later = {i.keyword for i in instructions[number + 1 :]}
        if item.keyword in _LAST_WINS and item.keyword in later:
            continue
        kept.append(item)
    return tuple(kept)


def _wanted(instruction: Instruction, document: Dockerfile) -> bool:
    pairs = name_values(instruction.rest, document.escape) or ()
    return any(name not in BUILD_VARIABLES for name, _ in pairs)


def path_needed(case: Case) -> bool:
    """Whether the program is found, or finds others, through PATH."""
    return case.evidence.entry.through_path or case.facts.may("programs")


def _implied(
    case: Case, config: Config, runtime: Config, document: Dockerfile, chain: tuple[Stage, ...]
) -> list[tuple[str, str]]:
    """What the old image's base set and the new one's does not: no instruction of the file says it."""
    said = {i.keyword for s in chain for i in s.instructions}
    names = {
        name for s in chain for i in s.instructions if i.keyword in ("ENV", "LABEL") for name, _ in name_values(i.rest, document.escape) or ()
    }  # fmt: skip
    known = chain_config(document, runtime)
    additive = replace(runtime, exposed_ports=known.exposed_ports, volumes=known.volumes)
    found = []
    for keyword, plain in config_lines(config, additive):
        line = _recorded_health(case) or plain if keyword == "HEALTHCHECK" else plain
        name = line.split(" ", 1)[1].partition("=")[0]
        if keyword == "ENV":
            unwanted = name in BUILD_VARIABLES and not (name == "PATH" and path_needed(case))
            if (name in names and name != "PATH") or unwanted:
                continue
        elif keyword == "LABEL":
            if name in names or name.startswith(_OUR_LABELS):
                continue
        elif (keyword in said and keyword not in ("EXPOSE", "VOLUME")) or (
            keyword == "CMD" and "ENTRYPOINT" in said
        ):
            continue
        found.append((keyword, line))
    return found


def _recorded_health(case: Case) -> str:
    """HEALTHCHECK with its times, which history has and our config has not."""
    lines = [
        line.text for line in case.evidence.rebuilt.lines if line.text.startswith("HEALTHCHECK ")
    ]
    return lines[-1] if lines else ""


def _arguments(
    document: Dockerfile, chain: tuple[Stage, ...], used: tuple[Instruction, ...]
) -> list[str]:
    """The ARG lines that the moved lines name, each once."""
    wanted = {n for i in used for n in unresolved(i.rest, {}, document.escape)}
    wanted |= {n for i in used for n in re.findall(r"\$\{?(\w+)", i.rest)}
    env = {n for s in chain for i in s.find("ENV") for n in declared(i, {}, document.escape)}
    found = []
    for stage in chain:
        for instruction in stage.find("ARG"):
            names = [word.partition("=")[0] for word in split_words(instruction.rest)]
            if any(name in wanted - env for name in names) and instruction.text not in found:
                found.append(instruction.text)
    return found


def _ended(text: str, newline: str) -> str:
    return text if text.endswith("\n") else text + newline
