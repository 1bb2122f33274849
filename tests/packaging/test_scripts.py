"""The set-up scripts say what is wrong and what to do, and change nothing before they know that they can."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

_PROJECT = Path(__file__).resolve().parents[2]
_SCRIPTS = sorted((_PROJECT / "packaging").glob("*.sh"))


@pytest.mark.parametrize("script", _SCRIPTS, ids=lambda path: path.name)
def test_that_a_script_is_plain_posix_shell(script: Path) -> None:
    done = subprocess.run(["sh", "-n", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_that_the_ci_entry_runs_the_same_tests_as_people_do() -> None:
    entry = (_PROJECT / ".ci" / "run").read_text(encoding="utf-8")
    assert entry == '#!/usr/bin/env bash\nexec sh "$(dirname "$0")/../packaging/test.sh"\n'
    assert (_PROJECT / ".ci" / "run").stat().st_mode & 0o100


@pytest.mark.parametrize(
    ("script", "argument", "message"),
    [
        (
            "test.sh",
            "everything",
            (
                "error: there is no part called everything\n"
                "hint: sh packaging/test.sh runs everything, sh packaging/test.sh fast only the fast part\n"
            ),
        ),
        (
            "modern-engine.sh",
            "restart",
            (
                "error: what to do was not said\n"
                "hint: sh packaging/modern-engine.sh start, or: sh packaging/modern-engine.sh stop\n"
            ),
        ),
    ],
)
def test_that_a_wrong_argument_is_answered_with_the_right_ones(
    script: str, argument: str, message: str
) -> None:
    done = subprocess.run(
        ["sh", f"packaging/{script}", argument],
        cwd=_PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, "", message)


def test_that_a_machine_without_a_fitting_python_is_told_which_one_is_needed(
    tmp_path: Path,
) -> None:
    assert _setup("find_python", path=tmp_path) == (
        2,
        (
            "error: no Python 3.11 or newer was found\n"
            "hint: install it (Debian 12: apt-get install python3), or name one: PYTHON=/path/to/python3 sh sh\n"
        ),
    )


def test_that_another_distribution_is_told_what_it_needs(tmp_path: Path) -> None:
    assert _setup("need_packages libegl1 libgl1", path=tmp_path) == (
        0,
        "This is not Debian: make sure that the equivalents of these are installed: libegl1 libgl1\n",
    )


def test_that_missing_packages_are_named_to_who_may_not_install_them(tmp_path: Path) -> None:
    _program(tmp_path / "dpkg-query", "exit 1")
    _program(tmp_path / "id", "echo 1000")
    assert _setup("need_packages libegl1 libgl1", path=tmp_path) == (
        2,
        (
            "error: these Debian packages are missing: libegl1 libgl1\n"
            "hint: run as root: apt-get install --no-install-recommends libegl1 libgl1\n"
        ),
    )


def test_that_the_last_words_of_apt_stand_above_the_error(tmp_path: Path) -> None:
    _program(tmp_path / "dpkg-query", "exit 1")
    _program(tmp_path / "id", "echo 0")
    _program(tmp_path / "apt-get", "echo 'E: Unable to fetch some archives' >&2; exit 100")
    for name in ("grep", "tail", "uniq"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    assert _setup("need_packages libegl1", path=tmp_path) == (
        2,
        (
            "Installing Debian packages: libegl1\n"
            "apt-get update did not succeed; trying with the package lists at hand.\n"
            "E: Unable to fetch some archives\n"
            "error: apt-get could not install: libegl1\n"
            "hint: check the network and /etc/apt/sources.list, then run this command again; what is installed stays\n"
        ),
    )


def _setup(call: str, path: Path) -> tuple[int, str]:
    """Exit code and messages of one function of setup.sh with only the programs in `path`."""
    (path / "rm").symlink_to("/bin/rm")
    done = subprocess.run(
        ["/bin/sh", "-c", f". packaging/setup.sh; {call}", "sh"],
        cwd=_PROJECT,
        env={"PATH": str(path), "TMPDIR": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


def _program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
