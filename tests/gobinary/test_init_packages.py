"""Packages with work before main, against what the runtime traces."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.gobinary.conftest import Program
from tests.gobinary.programs import analysed, installed

_LINE = re.compile(r"^init (\S+) @", re.MULTILINE)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("source", ["tiny", "server"])
def test_that_no_package_that_the_runtime_traces_is_missed(program: Program, source: str) -> None:
    path = program(source, "-ldflags=-s -w")
    ours = {item.name for item in analysed(path).init_packages}
    traced = _traced(path, "exit")
    assert traced <= ours
    # Initialisers that the linker found to have nothing to do are not run.
    assert len(ours - traced) <= 0.05 * len(ours) + 2


@pytest.mark.slow
def test_that_dockers_client_starts_the_packages_that_were_predicted() -> None:
    path = installed("/usr/local/bin/docker")
    ours = {item.name.rpartition("/vendor/")[2] for item in analysed(path).init_packages}
    traced = {name.rpartition("/vendor/")[2] for name in _traced(path, "--version")}
    assert len(traced) > 200
    assert traced <= ours


@pytest.mark.slow
def test_that_init_code_is_measured(program: Program) -> None:
    sizes = {item.name: item.code_bytes for item in analysed(program("tiny")).init_packages}
    assert 0 < sizes["example.com/tiny/price"] < 1000
    assert "main" not in sizes


def _traced(path: Path, argument: str) -> set[str]:
    env = {**os.environ, "GODEBUG": "inittrace=1"}
    done = subprocess.run([path, argument], env=env, capture_output=True, text=True, timeout=60)
    return {name.replace("%2e", ".") for name in _LINE.findall(done.stderr)}
