"""A plain single-stage Dockerfile for an image whose source folder is at hand but whose Dockerfile is not."""

from __future__ import annotations

import posixpath
import re

from explorer.dockerfile.evidence import Evidence
from explorer.dockerfile.facts import ProgramFacts
from explorer.dockerfile.historyline import UNKNOWN
from explorer.dockerfile.parser import parse
from explorer.dockerfile.reconstruct import UNKNOWN_BASE, config_lines
from explorer.dockerfile.rewrite.case import Case
from explorer.dockerfile.sources import SourceFacts
from explorer.image.model import Config

_FALLBACK_GO = "1"
_BUILD_FOLDER = "/src"


def recipe(case: Case) -> str:
    """The Dockerfile the rules begin with: rebuilt from history where that is complete, else made from what is known."""
    evidence, sources = case.evidence, case.sources
    if sources is None:
        return evidence.rebuilt.full_text()
    if _usable(evidence, sources):
        return evidence.rebuilt.full_text()
    return _made(evidence, case.facts, sources)


def _usable(evidence: Evidence, sources: SourceFacts) -> bool:
    """Whether history tells the whole build, and every file it copies is in the folder."""
    rebuilt = evidence.rebuilt
    if rebuilt.base.reference == UNKNOWN_BASE or any(
        line.confidence == UNKNOWN for line in rebuilt.lines
    ):
        return False
    document = parse(rebuilt.full_text())
    builds = any(
        re.search(r"\bgo (?:build|install)\b", i.text)
        for i in document.instructions
        if i.keyword == "RUN"
    )
    copies = [i for i in document.instructions if i.keyword in ("COPY", "ADD")]
    words = [word for i in copies for word in (i.words or tuple(i.rest.split()))[:-1]]
    return builds and bool(copies) and all(_there(sources, word) for word in words)


def _there(sources: SourceFacts, word: str) -> bool:
    name = word.removeprefix("./").strip("/")
    return name in ("", ".") or sources.has(name) or sources.has_folder(name)


def _made(evidence: Evidence, facts: ProgramFacts, sources: SourceFacts) -> str:
    entry = evidence.entry.path or "/app/app"
    config = evidence.config
    lines = [
        f"FROM {_builder(evidence, facts, sources)}",
        f"WORKDIR {_BUILD_FOLDER}",
        "COPY . .",
        f"RUN {_build(facts, sources, entry)}",
    ]
    copied = [f for f in evidence.run_files if not f.empty and not f.link and f.path != entry]
    lines += [
        f"COPY {name} {f.path}" for f in copied if (name := _in_folder(sources, f.path, config))
    ]
    skipped = ("GOPATH", "GOLANG_VERSION", "GOTOOLCHAIN", "PATH")
    lines += [
        text
        for key, text in config_lines(config, Config())
        if not (key == "ENV" and text[4:].partition("=")[0] in skipped)
    ]
    return "".join(f"{line}\n" for line in lines)


def _builder(evidence: Evidence, facts: ProgramFacts, sources: SourceFacts) -> str:
    """The Go image: the one the engine has for this version, else the version that built the program, else go.mod's."""
    version = (
        facts.go_version.removeprefix("go").partition("-")[0].partition(" ")[0]
        or sources.go_version
        or _FALLBACK_GO
    )
    minor = ".".join(version.split(".")[:2])
    local = [r for i in evidence.local_images for r in i.references if re.match(r"golang:", r)]
    fitting = [r for r in local if r.startswith((f"golang:{version}", f"golang:{minor}"))]
    return max(fitting, key=len) if fitting else f"golang:{version}"


def _build(facts: ProgramFacts, sources: SourceFacts, entry: str) -> str:
    settings = facts.settings
    flags = "".join(
        f" {name}={_quoted(settings[name])}"
        for name in ("-tags", "-ldflags", "-gcflags", "-buildmode")
        if settings.get(name) and settings[name] != "exe"
    )
    flags += " -trimpath" if settings.get("-trimpath") == "true" else ""
    cgo = f"CGO_ENABLED={settings['CGO_ENABLED']} " if settings.get("CGO_ENABLED") == "0" else ""
    return f"{cgo}go build{flags} -o {entry} {_package(facts, sources)}"


def _package(facts: ProgramFacts, sources: SourceFacts) -> str:
    """The main package, relative to the module."""
    path = facts.main_package
    if (
        path
        and sources.module
        and (path == sources.module or path.startswith(sources.module + "/"))
    ):
        inside = path[len(sources.module) :].strip("/")
        return f"./{inside}" if inside else "."
    if len(sources.main_packages) == 1 and sources.main_packages[0]:
        return f"./{sources.main_packages[0]}"
    return "."


def _in_folder(sources: SourceFacts, path: str, config: Config) -> str:
    """Where a file of the image lies in the source folder, "" when it is not there."""
    relative = posixpath.relpath(path, config.working_dir or "/")
    for name in (relative, path.strip("/"), posixpath.basename(path)):
        if not name.startswith("..") and (sources.has(name) or sources.has_folder(name)):
            return name
    return ""


def _quoted(text: str) -> str:
    return (
        text
        if re.fullmatch(r"[\w./:@%+,=-]+", text)
        else '"' + re.sub(r'(["\\$`])', r"\\\1", text) + '"'
    )
