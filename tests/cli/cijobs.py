"""Runs the ready-made CI jobs on this machine, as far as their runners are only shells: the very lines of the files."""

from __future__ import annotations

import os
import re
import shutil
import string
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from explorer.resources import resource
from tests.cli.command import clean_environment

PROJECT = Path(__file__).resolve().parents[2]
_EXPRESSION = re.compile(r"\$\{\{ *([\w.]+) *\}\}")


def document(name: str) -> Any:
    """A file of resources/ci."""
    return yaml.safe_load((resource("ci") / name).read_text(encoding="utf-8"))


def scripts(part: Any) -> Iterator[str]:
    """Every shell line of a CI file."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key in ("run", "script", "before_script"):
                yield from [value] if isinstance(value, str) else value
            else:
                yield from scripts(value)
    elif isinstance(part, list):
        for item in part:
            yield from scripts(item)


@dataclass(frozen=True)
class Machine:
    """What a runner brings: a checkout, a home, and programs (a venv in which pip finds our dependencies, and no more)."""

    checkout: Path
    home: Path
    programs: Path

    def environment(self, values: Mapping[str, str]) -> dict[str, str]:
        path = f"{self.programs}{os.pathsep}{os.environ['PATH']}"
        kept = {name: text for name, text in clean_environment().items() if "XDG" not in name}
        # The dependencies are those of the tests: no package index is asked.
        pip = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        own = {"HOME": str(self.home), "PATH": path, "LC_ALL": "C.UTF-8", "DOCKER_BUILDKIT": "0"}
        engine = {name: os.environ[name] for name in ("DOCKER_HOST",) if name in os.environ}
        return {**kept, **pip, **own, **engine, **values}

    def run(
        self, lines: str, values: Mapping[str, str], shell: tuple[str, ...]
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*shell, "-c", lines],
            cwd=self.checkout,
            env=self.environment(values),
            capture_output=True,
            text=True,
            timeout=100,
        )


def machine(folder: Path, wheel: Path) -> Machine:
    """A runner with an empty home, and in its checkout our wheel where the jobs expect it."""
    made = Machine(folder / "checkout", folder / "home", folder / "venv/bin")
    (made.checkout / "ci").mkdir(parents=True)
    made.home.mkdir()
    shutil.copy(wheel, made.checkout / "ci")
    venv.create(folder / "venv", symlinks=True)
    (packages,) = (folder / "venv/lib").glob("python3*/site-packages")
    own = Path(np.__file__).parents[1]
    # A plain line: the tests' own checkout, which an import hook serves, is not found through it.
    (packages / "dependencies.pth").write_text(f"{own}\n")
    program(made.programs, "pip", '#!/bin/sh\nexec "$(dirname "$0")/python" -m pip "$@"\n')
    return made


def built_wheel(folder: Path) -> Path:
    """The wheel of this tree."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory"]
    subprocess.run([*command, folder], cwd=PROJECT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def program(folder: Path, name: str, text: str) -> None:
    """A program of the runner's that only a stand-in can be here."""
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)


@dataclass
class GitHub:
    """Runs the steps of the workflow; `artifacts` holds what was uploaded, `output` what the steps said."""

    machine: Machine
    artifacts: Path
    values: Mapping[str, str]
    output: str = ""
    failed: str = ""
    ran: list[str] = field(default_factory=list)

    def event(self, name: str) -> str:
        """What comes of an event: "" or the name of the step that failed."""
        workflow = document("github-actions.yml")
        shared = self._expressions(workflow["env"])
        self.output, self.failed, self.ran = "", "", []
        for step in workflow["jobs"]["image-size"]["steps"]:
            if not self._wanted(step.get("if", ""), name):
                continue
            if "upload-artifact" in step.get("uses", ""):
                self._upload(step["with"])
            if "run" in step:
                self._run(step, {**shared, **self._expressions(step.get("env", {}))})
        return self.failed

    def again(self, name: str) -> None:
        """Run one step once more."""
        steps = document("github-actions.yml")["jobs"]["image-size"]["steps"]
        (step,) = (step for step in steps if step.get("name") == name)
        self._run(step, self._expressions(step["env"]))

    def _run(self, step: dict[str, Any], values: Mapping[str, str]) -> None:
        title = step.get("name", step["run"])
        done = self.machine.run(step["run"], {**self.values, **values}, ("bash", "-e"))
        self.output += done.stdout + done.stderr
        self.ran.append(title)
        if done.returncode:
            self.failed = self.failed or title

    def _wanted(self, condition: str, event: str) -> bool:
        if self.failed and "cancelled()" not in condition:
            return False
        if "hashFiles" in condition and not (self.machine.checkout / "image-size.md").exists():
            return False
        return "github.event_name" not in condition or f"== '{event}'" in condition

    def _upload(self, options: Mapping[str, str]) -> None:
        folder = self.artifacts / options["name"]
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name in options["path"].split():
            if (self.machine.checkout / name).is_file():
                shutil.copy(self.machine.checkout / name, folder)

    def _expressions(self, values: Mapping[str, Any]) -> dict[str, str]:
        known = {
            "github.sha": "5ca1ab1e",
            "github.token": "",
            "github.event.pull_request.number": "7",
        }
        return {
            name: _EXPRESSION.sub(lambda found: known[found[1]], str(text))
            for name, text in values.items()
        }


def run_gitlab(
    where: Machine, job: str, values: Mapping[str, str], skip: str = " "
) -> subprocess.CompletedProcess[str]:
    """Run one job of the GitLab file in one shell, as its runner does; lines that begin with `skip` are left out."""
    pipeline = document("gitlab-ci.yml")
    found = dict(pipeline[job])
    found = {**pipeline.get(found.get("extends", ""), {}), **found}
    known = dict(values)
    # An engine of the tests' own machine stands for the one beside the job.
    engine = () if job in ("image-build", "image-baseline") else tuple(found.get("variables", {}))
    for name, text in (
        *pipeline["variables"].items(),
        *((n, found["variables"][n]) for n in engine),
    ):
        known[name] = string.Template(str(text)).safe_substitute(known)
    lines = [*found.get("before_script", []), *found["script"]]
    kept = [line for line in lines if not line.startswith(skip)]
    return where.run("\n".join(kept), known, ("bash", "-eo", "pipefail"))
