"""Variants of the naive project that the traps are tried on."""

from __future__ import annotations

from dataclasses import replace

from explorer.dockerfile.facts import ProgramFacts
from explorer.image.model import Config
from tests.dockerfile.projects import GO_ENV, NAIVE, PROGRAM, SOURCES

UNPROVED = replace(PROGRAM, uses=None, cgo_packages=None)


def run(command: str) -> str:
    """The naive Dockerfile with another build command."""
    return NAIVE.replace("go build -o server .", command)


def using(*uses: str, base: ProgramFacts = PROGRAM) -> ProgramFacts:
    """A program that may do these things."""
    return replace(base, uses=frozenset({"certificates", *uses}))


def code(text: str) -> dict[str, str]:
    """The sources with one more file."""
    return {**SOURCES, "extra.go": f"package main\n\n{text}\n"}


def config_of(**fields: object) -> Config:
    """The naive image's config with other fields."""
    plain: dict[str, object] = {"env": GO_ENV, "cmd": ("/app/server",), "working_dir": "/app"}
    return Config(**{**plain, **fields})  # type: ignore[arg-type]
