"""Real Go programs, each built once per session; Go's own caches outlive it in the tests' temporary folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.gobinary.programs import Build, copy_source, go_build

Program = Callable[..., Path]


@pytest.fixture(scope="session")
def program(go: str, go_caches: Path, tmp_path_factory: pytest.TempPathFactory) -> Program:
    """Builds a program: program("tiny", "-ldflags=-s -w", GOARCH="arm64") -> its path; the same call builds once."""
    folder = tmp_path_factory.mktemp("programs")
    built: dict[object, Path] = {}

    def build(source: str, *arguments: str, **env: str) -> Path:
        key = (source, arguments, tuple(sorted(env.items())))
        if key not in built:
            target = folder / f"{source}-{len(built)}"
            place = copy_source(source, folder / "sources")
            built[key] = go_build(go, go_caches, place, target, Build(arguments, env))
        return built[key]

    return build


@pytest.fixture(scope="session")
def needs_gcc() -> None:
    """Skip without a C compiler: cgo and -race need one."""
    if shutil.which("gcc") is None:
        pytest.skip("no gcc: cgo programs cannot be built")
