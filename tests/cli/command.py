"""Runs the installed command as users do, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

PROGRAM = str(Path(sys.executable).with_name("image-explorer"))
# What decides about screens, languages and engines must not leak in from the machine.
_CLEARED = (
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "QT_QPA_PLATFORM",
    "LANG",
    "LC_ALL",
    "LC_MESSAGES",
    "DOCKER_HOST",
)


def clean_environment() -> dict[str, str]:
    """The environment without what decides about screens, languages and engines."""
    return {name: value for name, value in os.environ.items() if name not in _CLEARED}


def image_explorer(
    *arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `image-explorer` with these arguments; its output as text."""
    return subprocess.run(
        [PROGRAM, *arguments],
        capture_output=True,
        text=True,
        env={**clean_environment(), **(env or {})},
        cwd=cwd,
        timeout=120,
    )
