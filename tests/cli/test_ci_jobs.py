"""The ready-made CI jobs: valid, harmless, and run line by line with the wheel of this tree."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from xml.etree import ElementTree as ET

import pytest

from explorer.cli import check
from explorer.cli.main import _Parser
from tests.cli.cijobs import (
    PROJECT,
    GitHub,
    Machine,
    built_wheel,
    document,
    machine,
    program,
    run_gitlab,
    scripts,
)
from tests.support.registries import PASSWORD, USER, RealRegistry, real_registry

_FILES = ("github-actions.yml", "gitlab-ci.yml")
_DOCKERFILE = "FROM scratch\nCOPY app /app\n"


def variables(name: str) -> dict[str, str]:
    """What stands at the top of a file to be changed."""
    found = document(name)
    top: dict[str, str] = found["env" if "env" in found else "variables"]
    return top


@pytest.mark.parametrize("name", _FILES)
def test_that_what_pip_installs_is_named_once_and_is_the_wheel_of_this_version(name: str) -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    wheel = f"{project['name'].replace('-', '_')}-{project['version']}-py3-none-any.whl"
    assert variables(name)["EXPLORER"] == f"ci/{wheel}"
    installs = [line for line in scripts(document(name)) if "pip install" in line]
    assert installs == ['pip install "$EXPLORER"']


@pytest.mark.parametrize("name", _FILES)
def test_that_the_limits_at_the_top_are_options_of_check(name: str) -> None:
    parser = _Parser()
    check.configure(parser)
    top = variables(name)
    words = shlex.split(f"app {top['LIMITS']} {top['GROWTH']}")
    found = parser.parse_args(words)
    assert (found.max_size, found.max_growth, found.forbid) == ("50MB", "2%", ["go-toolchain"])


@pytest.mark.parametrize("name", _FILES)
def test_that_nothing_a_stranger_writes_becomes_a_part_of_a_script(name: str) -> None:
    assert not [line for line in scripts(document(name)) if re.search(r"\$\{\{", line)]


def test_that_every_step_of_the_github_job_does_one_thing() -> None:
    for job in document("github-actions.yml")["jobs"].values():
        assert {"runs-on", "timeout-minutes", "steps"} <= set(job)
        for step in job["steps"]:
            assert len({"uses", "run"} & set(step)) == 1
            assert set(step) <= {"name", "uses", "run", "with", "if", "env"}


def test_that_a_gitlab_job_is_in_every_pipeline_of_the_jobs_that_need_it() -> None:
    found = document("gitlab-ci.yml")
    jobs = {name: job for name, job in found.items() if "script" in job}
    assert set(jobs) == {"image-build", "image-size", "image-comment", "image-baseline"}
    for job in jobs.values():
        conditions = {rule["if"].partition(" && ")[0] for rule in job["rules"]}
        for needed in job.get("needs", []):
            assert conditions <= {rule["if"] for rule in jobs[needed]["rules"]}


# A stand-in for GitHub's own program: runs and artifacts in a folder, comments in a file.
_GH = """#!/usr/bin/env python3
import os, pathlib, shutil, sys
words = sys.argv[1:]
state = pathlib.Path(os.environ["GH_STATE"])
comment = state / "comment.md"
if words[:2] == ["run", "list"] and (state / "image-size").is_dir():
    print(41)
elif words[:2] == ["run", "download"]:
    assert words[2] == "41"
    shutil.copytree(state / words[words.index("--name") + 1], words[words.index("--dir") + 1])
elif words[0] == "api" and "--method" in words:
    assert words[words.index("PATCH") + 1] == "repos/team/app/issues/comments/99"
    comment.write_text("again " + open("comment.md").read())
elif words[0] == "api" and comment.exists():
    print("99\\n100")
elif words[:2] == ["pr", "comment"]:
    assert words[2] == "7"
    comment.write_text("new " + open(words[words.index("--body-file") + 1]).read())
"""


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A runner whose checkout builds an image of one file from nothing."""
    folder = tmp_path_factory.mktemp("runner")
    made = machine(folder, built_wheel(folder))
    (made.checkout / "Dockerfile").write_text(_DOCKERFILE)
    yield made
    subprocess.run(["docker", "image", "rm", "--force", "app:5ca1ab1e"], capture_output=True)


def write_app(runner: Machine, size: int) -> None:
    (runner.checkout / "app").write_bytes(b"x" * size)


def verdicts(folder: Path) -> dict[str, str]:
    """What the JUnit file says of each limit."""
    cases = ET.parse(folder / "image-check.xml").findall("testsuite/testcase")
    return {
        case.attrib["name"].partition(": ")[0]: next(
            (part.tag for part in case if part.tag in ("failure", "error")), "passed"
        )
        for case in cases
    }


@pytest.mark.engine
@pytest.mark.slow
def test_that_the_github_job_compares_with_main_and_fails_on_growth(
    runner: Machine, tmp_path: Path
) -> None:
    state = tmp_path / "github"
    state.mkdir()
    program(runner.programs, "gh", _GH)
    values = {
        "GH_STATE": str(state), "GITHUB_WORKFLOW": "Image size", "GITHUB_BASE_REF": "main",
        "GITHUB_REPOSITORY": "team/app", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }  # fmt: skip
    write_app(runner, 40_000)
    job = GitHub(runner, state, values)
    assert (job.event("push"), sorted(path.name for path in (state / "image-size").iterdir())) == (
        "", ["image.image-snapshot"],
    ), job.output  # fmt: skip

    write_app(runner, 60_000)
    assert job.event("pull_request") == "Limits", job.output
    assert job.ran[-1] == "Comment"
    assert verdicts(state / "image-size") == {
        "max-size": "passed", "max-reclaimable": "passed", "forbid:go-toolchain": "passed",
        "max-growth": "failure",
    }  # fmt: skip
    comment = (state / "comment.md").read_text()
    assert comment.startswith("new <!-- image-size -->\n\n")
    assert "+20.0 kB" in comment
    assert "+20.0 kB" in (tmp_path / "summary.md").read_text()

    job.again("Comment")
    assert (state / "comment.md").read_text().startswith("again <!-- image-size -->\n\n")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealRegistry]:
    with real_registry(tmp_path_factory.mktemp("registry")) as started:
        yield started


@pytest.mark.engine
@pytest.mark.slow
def test_that_the_gitlab_jobs_build_compare_and_fail_on_growth(
    runner: Machine, registry: RealRegistry
) -> None:
    values = {
        "CI_REGISTRY": registry.plain, "CI_REGISTRY_IMAGE": f"{registry.plain}/team/app",
        "CI_REGISTRY_USER": USER, "CI_REGISTRY_PASSWORD": PASSWORD, "CI_DEFAULT_BRANCH": "main",
        "CI_COMMIT_SHORT_SHA": "5ca1ab1e", "CI_PROJECT_DIR": str(runner.checkout),
    }  # fmt: skip

    def job(name: str) -> tuple[int, str]:
        done = run_gitlab(runner, name, values)
        return done.returncode, done.stdout + done.stderr

    write_app(runner, 40_000)
    try:
        assert job("image-build")[0] == 0
        status, said = job("image-size")
        assert (status, "growth is not checked" in said) == (0, True), said
        assert "max-growth" not in verdicts(runner.checkout)
        status, said = job("image-baseline")
        assert status == 0, said

        write_app(runner, 60_000)
        assert job("image-build")[0] == 0
        status, said = job("image-size")
        assert status == 1, said
        assert verdicts(runner.checkout)["max-growth"] == "failure"
        names = document("gitlab-ci.yml")["image-size"]["artifacts"]["paths"]
        assert [name for name in names if not (runner.checkout / name).is_file()] == []
    finally:
        tags = [f"{values['CI_REGISTRY_IMAGE']}:{tag}" for tag in ("5ca1ab1e", "main")]
        subprocess.run(["docker", "image", "rm", "--force", *tags], capture_output=True)


class _Notes(BaseHTTPRequestHandler):
    """The comments of a merge request."""

    held: list[dict[str, Any]]

    def do_GET(self) -> None:
        self._answer(self.held)

    def do_POST(self) -> None:
        assert self.path == "/projects/3/merge_requests/7/notes"
        self.held.append({"id": 10 + len(self.held), "body": self._body()})
        self._answer({})

    def do_PUT(self) -> None:
        assert self.path == "/projects/3/merge_requests/7/notes/12"
        self.held[2]["body"] = self._body()
        self._answer({})

    def _body(self) -> str:
        length = int(self.headers["Content-Length"])
        return parse_qs(self.rfile.read(length).decode())["body"][0]

    def _answer(self, found: object) -> None:
        data = json.dumps(found).encode()
        self.send_response(200 if self.headers["PRIVATE-TOKEN"] == "secret" else 401)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: Any) -> None:
        """Tests are quiet."""


@pytest.mark.slow
def test_that_the_gitlab_comment_is_written_once_and_then_changed(tmp_path: Path) -> None:
    for name in ("curl", "jq"):
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed")
    (tmp_path / "home").mkdir()
    runner = Machine(tmp_path, tmp_path / "home", tmp_path)
    others = [{"id": 10, "body": "Nice!"}, {"id": 11, "body": "> <!-- image-size -->"}]
    handler = type("Notes", (_Notes,), {"held": others})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        values = {
            "CI_API_V4_URL": f"http://127.0.0.1:{server.server_port}", "CI_MERGE_REQUEST_IID": "7",
            "CI_MERGE_REQUEST_PROJECT_ID": "3", "IMAGE_SIZE_TOKEN": "secret",
        }  # fmt: skip
        for text in ("First & 100 %", "Second"):
            (tmp_path / "image-size.md").write_text(text)
            done = run_gitlab(runner, "image-comment", values, skip="apk ")
            assert (done.returncode, done.stderr) == (0, "")
            assert [note["body"] for note in others[2:]] == [f"<!-- image-size -->\n\n{text}"]
        server.shutdown()
