"""Rewrites that are really built: the size is the predicted one, and the program finds what it had."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from explorer.dockerfile.context import read_context
from explorer.dockerfile.rewrite.change import RewriteOptions, RewritePlan
from explorer.dockerfile.rewrite.plan import plan_rewrite
from explorer.engine.build import build
from explorer.engine.client import connect
from explorer.filesystem.cache import LayerStore
from explorer.findings.analysis import Analysis
from explorer.task import Task
from explorer.workflow.analysing import analyse
from explorer.workflow.opening import Options
from explorer.workflow.rewriting import rewrite_inputs
from tests.engine.docker import Docker, answers
from tests.support.projects import program, tar_of

_TAG = "image-explorer.local/test-rewrite"
# Reads a template, looks a user and a time zone up, lists a folder: each line is one thing that a rewrite could lose.
_CODE = """package main

import (
	"fmt"
	"os"
	"os/user"
	"time"
)

func main() {
	text, err := os.ReadFile("templates/a.html")
	fmt.Println(string(text), err)
	found, err := user.Lookup("web")
	fmt.Println(found, err)
	zone, err := time.LoadLocation("Europe/Berlin")
	fmt.Println(zone, err)
	info, err := os.Stat("/etc/web/web.conf")
	fmt.Println(info != nil, err, os.Getenv("HOME"), os.Getenv("MODE"))
	place, err := os.Getwd()
	fmt.Println(place, err)
}
"""
_ZONE = Path("/usr/share/zoneinfo/Europe/Berlin")

pytestmark = [pytest.mark.engine, pytest.mark.slow]


@pytest.fixture(scope="module")
def docker() -> Iterator[Docker]:
    found = Docker(os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock")
    if not answers(found.host):
        pytest.skip("no container engine answers (packaging/test.sh starts one)")
    yield found
    for name in ("after", "before", "base"):
        found("rmi", "-f", f"{_TAG}:{name}")


@pytest.fixture(scope="module")
def before(docker: Docker) -> str:
    """An image as a naive build leaves it, flattened: program, toolchain, caches, files of its own."""
    files: dict[str, bytes | Path | str] = {
        "app/server": program(_CODE),
        "app/main.go": "package main\n",
        "app/go.mod": "module example.com/web\n",
        "app/templates/a.html": "<h1>hello</h1>",
        "usr/local/go/VERSION": "go1.27.3\n",
        "usr/local/go/bin/go": os.urandom(3_000_000),
        "usr/local/go/src/runtime/proc.go": "package runtime\n",
        "etc/passwd": "root:x:0:0::/root:/bin/sh\nweb:x:1234:1234::/home/web:/bin/sh\n",
        "etc/group": "root:x:0:\nweb:x:1234:\n",
        "etc/web/web.conf": "a=1\n",
    }
    if _ZONE.exists():
        files["usr/share/zoneinfo/Europe/Berlin"] = _ZONE.read_bytes()
    docker(
        "import",
        "-",
        f"{_TAG}:base",
        data=tar_of({k: v for k, v in files.items() if not k.startswith(("app/", "etc/web"))}),
    )
    own = {k: v for k, v in files.items() if k.startswith(("app/", "etc/web"))}
    docker(
        "build", "--network=none", "-t", f"{_TAG}:before", "-",
        data=tar_of({**own, "Dockerfile": f'FROM {_TAG}:base\nENV MODE=release\nWORKDIR /app\nCOPY app /app\nCOPY etc /etc\nUSER web\nCMD ["/app/server"]\n'}),
    )  # fmt: skip
    return f"{_TAG}:before"


def _analysed(reference: str, store: LayerStore) -> Analysis:
    return analyse(Task(), Options(reference), store)


def _planned(reference: str, analysis: Analysis, folder: Path) -> RewritePlan:
    analysis.save(folder / "analysis.col")
    options = {"reference": reference}
    facts, images = rewrite_inputs(Task(), options, str(folder / "analysis.col"))
    return plan_rewrite(analysis, None, None, facts, RewriteOptions(), None, images)


def test_that_the_prediction_is_what_is_built_and_the_program_says_the_same(
    docker: Docker, before: str, tmp_path: Path
) -> None:
    store = LayerStore.private()
    analysis = _analysed(before, store)
    made = _planned(before, analysis, tmp_path)
    (tmp_path / "context").mkdir()
    context = read_context(Task(), tmp_path / "context")
    build(
        Task(), connect(docker.host), context, made.rewritten, tag=f"{_TAG}:after", network="none"
    )
    after = _analysed(f"{_TAG}:after", store)
    store.close()
    assert made.predicted_bytes == after.totals.content_bytes
    assert made.predicted_bytes < made.original_bytes / 1.5
    said = [docker("run", "--rm", "--network=none", name) for name in (before, f"{_TAG}:after")]
    assert said[0] == said[1]
    assert "<h1>hello</h1> <nil>" in said[0]
    assert "true <nil> /home/web release" in said[0]
