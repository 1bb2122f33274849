"""The shape of the program: which part may import which, how long a module may be, what a command may load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

_PROJECT = Path(__file__).resolve().parent.parent
_MODULES = sorted((_PROJECT / "explorer").rglob("*.py"))
_LONGEST_MODULE = 500
_VAGUE_NAMES = {"utils", "util", "helpers", "helper", "manager", "misc", "common"}


def test_that_every_import_follows_the_layers(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(_PROJECT)
    monkeypatch.syspath_prepend(_PROJECT)
    status = lint_imports(config_filename="pyproject.toml", no_cache=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


@pytest.mark.parametrize(
    "module", ["explorer.cli", "explorer.workflow.rewriting", "explorer.report"]
)
def test_that_a_part_below_the_window_loads_no_qt(module: str) -> None:
    assert _loaded_by(module, "PySide6", "shiboken6", "pyqtgraph") == ""


def test_that_the_command_starts_without_qt_and_without_the_engine_sdk() -> None:
    assert _loaded_by("explorer.__main__", "PySide6", "pyqtgraph", "docker", "requests") == ""


def test_that_no_module_is_longer_than_five_hundred_lines() -> None:
    lengths = {
        str(path.relative_to(_PROJECT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in _MODULES
    }
    assert {name: length for name, length in lengths.items() if length > _LONGEST_MODULE} == {}


def test_that_every_module_is_named_by_what_it_does() -> None:
    assert [str(path) for path in _MODULES if path.stem in _VAGUE_NAMES] == []


def _loaded_by(module: str, *unwanted: str) -> str:
    """Those of `unwanted` that a fresh interpreter has loaded after importing `module`."""
    code = (
        f"import sys, {module}\n"
        f"print(*sorted({{name.split('.')[0] for name in sys.modules}} & set({unwanted!r})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=_PROJECT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
