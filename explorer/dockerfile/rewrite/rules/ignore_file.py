"""Writes a .dockerignore where there is none: what the build does not read is not sent and not copied."""

from __future__ import annotations

import re
from dataclasses import replace

from explorer.dockerfile.rewrite.case import Case, Rule, Verdict
from explorer.dockerfile.rewrite.draft import Draft
from explorer.dockerfile.sources import SourceFacts
from explorer.translation import mark, sentences, tr

ID = "dockerignore"
# (pattern, what must be there for it to be written). A trailing slash asks for a folder of that name at the top.
_CANDIDATES = (
    (".github", r"^\.github/"),
    (".gitlab-ci.yml", r"^\.gitlab-ci\.yml$"),
    (".vscode", r"^\.vscode/"),
    (".idea", r"^\.idea/"),
    ("Dockerfile*", r"^Dockerfile"),
    ("docker-compose*.yml", r"^docker-compose.*\.yml$"),
    ("compose.yaml", r"^compose\.yaml$"),
    ("bin", r"^bin/"),
    ("dist", r"^dist/"),
    ("tmp", r"^tmp/"),
    ("*.log", r"^[^/]*\.log$"),
    ("*.out", r"^[^/]*\.out$"),
    ("*.test", r"^[^/]*\.test$"),
    ("**/*_test.go", r"_test\.go$"),
    ("**/.DS_Store", r"(^|/)\.DS_Store$"),
)
_FOLDERS = frozenset({"bin", "dist", "tmp"})
# Steps whose own files say what they read: build tools and scripts.
_SCRIPTS = re.compile(r"\b(?:make|mage|task|just|bazel|goreleaser)\b|\.(?:sh|bash)\b")
_GIT = re.compile(r"\bgit\s+(?!clone\b|config\b|lfs\b)[a-z-]+")


def ignore_lines(case: Case, draft: Draft) -> list[str]:
    """The patterns, each of which matches something and nothing that the build or the program names."""
    sources = case.sources
    if sources is None:
        return []
    named = _named(draft, sources)
    scripted = bool(_SCRIPTS.search(draft.text))
    kept = _needs_history(case) or scripted or bool(_GIT.search(draft.text)) or ".git" in named
    found = [] if kept or not sources.has_folder(".git") else [".git"]
    for pattern, present in _CANDIDATES:
        matching = [path for path in sources.paths if re.search(present, path)]
        code = pattern in _FOLDERS and (
            scripted or any(p.endswith((".go", "go.mod")) for p in matching)
        )
        if (
            matching
            and not code
            and not _wanted(pattern, matching, named)
            and not _tested(pattern, draft)
        ):
            found.append(pattern)
    return found


def _needs_history(case: Case) -> bool:
    """Whether the program was stamped from .git and may show it."""
    stamped = not case.facts.settings or any(name.startswith("vcs") for name in case.facts.settings)
    asks = case.facts.may("build-info") or bool(case.sources and case.sources.where("build-info"))
    return stamped and asks


def _tested(pattern: str, draft: Draft) -> bool:
    """Test files stay where the build runs the tests or looks at them."""
    return pattern == "**/*_test.go" and bool(
        re.search(r"\bgo\s+(?:test|vet|generate)\b|golangci-lint|make\b", draft.text)
    )


def _named(draft: Draft, sources: SourceFacts) -> set[str]:
    """Names that COPY, RUN and the code mention: whole words and their first parts."""
    words: set[str] = set(sources.embeds) | set(sources.literals)
    for instruction in draft.document.instructions:
        if instruction.keyword in ("COPY", "ADD", "RUN") and not instruction.flag("from"):
            words |= set(re.findall(r"[\w.*/-]+", instruction.rest))
    cleaned = {word.removeprefix("./").strip("/") for word in words}
    return cleaned | {word.partition("/")[0] for word in cleaned}


def _wanted(pattern: str, matching: list[str], named: set[str]) -> bool:
    if pattern in ("Dockerfile*", "**/*_test.go", "**/.DS_Store"):
        return any(path in named for path in matching)
    return pattern in named or any(
        path in named or path.rpartition("/")[2] in named for path in matching
    )


def _examine(case: Case, draft: Draft) -> Verdict | None:
    if case.sources is None or case.sources.ignore_text is not None or case.mode == "image":
        return None
    if not any(
        i.keyword in ("COPY", "ADD") and not i.flag("from") for i in draft.document.instructions
    ):
        return None
    lines = ignore_lines(case, draft)
    if not lines:
        return None
    reason = tr(
        "There is no .dockerignore: all files of the folder are sent to the engine, and COPY . takes them along."
    )
    if ".git" not in lines and case.sources.has_folder(".git"):
        reason = sentences(
            reason, tr(".git stays in: the program was stamped from it and may show its revision.")
        )
    return Verdict(
        reason,
        risk="low",
        findings=("vcs",)
        if case.evidence.finding_bytes.get("vcs") and not draft.split_from
        else (),
    )


def _edit(case: Case, draft: Draft) -> Draft:
    text = "".join(f"{line}\n" for line in ignore_lines(case, draft))
    draft = replace(draft, ignore_text=text)
    if draft.split_from or ".git\n" not in text:
        return draft
    return draft.shrink("kept", case.evidence.finding_bytes.get("vcs", 0))


RULE = Rule(
    ID,
    mark("Write a .dockerignore"),
    "docs.docker.com/build/concepts/context/#dockerignore-files",
    _examine,
    _edit,
)
