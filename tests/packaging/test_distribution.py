"""What is declared, what is locked and what is built agree."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from validate_pyproject.api import Validator

_PROJECT = Path(__file__).resolve().parents[2]
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)
_LOCKS = ("requirements.lock", "requirements-dev.lock")


@pytest.fixture(scope="module")
def pyproject() -> dict[str, Any]:
    return tomllib.loads((_PROJECT / "pyproject.toml").read_text(encoding="utf-8"))


def test_that_the_project_file_is_valid(pyproject: dict[str, Any]) -> None:
    Validator()(pyproject)


@pytest.mark.parametrize("lock", _LOCKS)
def test_that_every_declared_dependency_is_locked_at_a_version_that_fits(
    pyproject: dict[str, Any], lock: str
) -> None:
    declared = pyproject["project"]["dependencies"] + pyproject["build-system"]["requires"]
    if lock == "requirements-dev.lock":
        declared += pyproject["project"]["optional-dependencies"]["dev"]
    pinned = _pinned(lock)
    unfit = {
        requirement.name: pinned.get(canonicalize_name(requirement.name))
        for requirement in map(Requirement, declared)
        if pinned.get(canonicalize_name(requirement.name), "") not in requirement.specifier
    }
    assert unfit == {}


def test_that_both_locks_agree() -> None:
    runtime, dev = map(_pinned, _LOCKS)
    assert {name: dev.get(name) for name in runtime} == runtime


@pytest.mark.parametrize("lock", _LOCKS)
def test_that_a_lock_holds_only_pins_and_their_hashes(lock: str) -> None:
    lines = (_PROJECT / "packaging" / lock).read_text(encoding="utf-8").splitlines()
    pattern = r"[a-z0-9.-]+==\S+( ; .+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?"
    assert [line for line in lines if not re.fullmatch(pattern, line)] == []


@pytest.mark.slow
def test_that_the_wheel_holds_the_program_and_its_resources(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path],
        cwd=_PROJECT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    resources = {
        f"explorer/_resources/{path.relative_to(_PROJECT / 'resources').as_posix()}"
        for path in (_PROJECT / "resources").rglob("*")
        if path.is_file() and path.name != ".gitignore"
    }
    modules = {
        path.relative_to(_PROJECT).as_posix() for path in (_PROJECT / "explorer").rglob("*.py")
    }
    assert resources | modules <= names
    assert not {name for name in names if name.startswith(("tests/", "packaging/"))}


def _pinned(lock: str) -> dict[str, str]:
    text = (_PROJECT / "packaging" / lock).read_text(encoding="utf-8")
    return {canonicalize_name(name): version for name, version in _PINNED.findall(text)}
