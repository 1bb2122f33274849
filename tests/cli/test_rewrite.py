"""`rewrite` as a user types it: on the bundled sample, with and without a Dockerfile, and with input that cannot be used."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from explorer.resources import resource, sample_reference
from explorer.snapshot.container import read_container
from tests.cli.command import image_explorer

SAMPLE = str(resource("samples", "naive-go-service.oci.tar"))
_FIELDS = {
    "schema", "mode", "original", "rewritten", "changes", "predicted_bytes", "original_bytes", "runtime", "dockerignore",
    "build", "verify",
}  # fmt: skip
_DOCKERFILE = """\
FROM golang:1.27-bookworm
ARG API_TOKEN=s3cr3t
WORKDIR /src
COPY . .
RUN go build -o /usr/local/bin/hello-service .
USER app
CMD ["/usr/local/bin/hello-service"]
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {"IMAGE_EXPLORER_CACHE_DIR": str(tmp_path_factory.mktemp("cache"))}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Dockerfile").write_text(_DOCKERFILE)
    (folder / "go.mod").write_text("module example.com/hello\n\ngo 1.26\n")
    (folder / "main.go").write_text("package main\n\nfunc main() {}\n")
    return folder


def _json(cache: dict[str, str], *arguments: str) -> dict[str, Any]:
    result = image_explorer("rewrite", SAMPLE, *arguments, "--json", "-", env=cache)
    assert result.returncode == 0, result.stderr
    return dict(json.loads(result.stdout))


def test_that_the_json_has_the_designed_fields(cache: dict[str, str]) -> None:
    document = _json(cache)
    assert document["schema"] == "image-explorer/rewrite/1"
    assert set(document) >= _FIELDS
    assert (document["mode"], document["build"], document["verify"]) == ("image", None, None)
    assert set(document["runtime"]) >= {"choice", "reasons"}
    fields = {"rule", "title", "reason", "lines", "risk", "enabled", "bytes", "findings"}
    assert all(set(change) >= fields for change in document["changes"])
    assert (
        sum(c["bytes"] for c in document["changes"])
        == document["original_bytes"] - document["predicted_bytes"]
    )


def test_that_the_sample_is_packed_anew_without_its_toolchain(cache: dict[str, str]) -> None:
    document = _json(cache)
    assert "FROM scratch" in document["rewritten"]
    assert document["predicted_bytes"] < document["original_bytes"] / 5


def test_that_a_dockerfile_and_sources_are_rewritten_beside_each_other(
    cache: dict[str, str], project: Path
) -> None:
    result = image_explorer("rewrite", SAMPLE, "--context", str(project), env=cache)
    assert result.returncode == 0, result.stderr
    assert "-FROM golang:1.27-bookworm" in result.stdout
    assert "+FROM golang:1.27-bookworm AS build" in result.stdout
    assert "Build in one stage, run in another" in result.stdout
    assert "expected" in result.stdout


def test_that_secrets_are_masked_on_the_terminal_and_in_json(
    cache: dict[str, str], project: Path
) -> None:
    result = image_explorer("rewrite", SAMPLE, "--context", str(project), env=cache)
    document = _json(cache, "--context", str(project))
    assert "s3cr3t" not in result.stdout + json.dumps(document)
    assert "API_TOKEN" in document["warnings"][0]


def test_that_switches_turn_changes_on_and_off(cache: dict[str, str], project: Path) -> None:
    document = _json(cache, "--context", str(project), "--off", "split-stages", "--on", "trimpath")
    enabled = {change["rule"]: change["enabled"] for change in document["changes"]}
    assert enabled["split-stages"] is False
    assert enabled["trimpath"] is True
    assert "FROM scratch" not in document["rewritten"]


def test_that_files_are_written_into_a_new_folder_only(
    cache: dict[str, str], project: Path, tmp_path: Path
) -> None:
    arguments = (
        "rewrite",
        SAMPLE,
        "--context",
        str(project),
        "--ci",
        "github",
        "--output",
        str(tmp_path / "new"),
    )
    result = image_explorer(*arguments, env=cache)
    assert result.returncode == 0, result.stderr
    written = sorted(
        str(p.relative_to(tmp_path / "new")) for p in (tmp_path / "new").rglob("*") if p.is_file()
    )
    assert written == [".dockerignore", ".github/workflows/image.yml", "Dockerfile"]
    assert "ARG API_TOKEN=s3cr3t" in (tmp_path / "new" / "Dockerfile").read_text()
    assert (project / "Dockerfile").read_text() == _DOCKERFILE
    again = image_explorer(*arguments, env=cache)
    assert again.returncode == 2
    assert again.stderr.startswith("error: ")
    assert "nothing is overwritten" in again.stderr


def test_that_a_project_folder_is_never_written_into(cache: dict[str, str], project: Path) -> None:
    result = image_explorer(
        "rewrite", SAMPLE, "--context", str(project), "--output", str(project), env=cache
    )
    assert result.returncode == 2
    assert sorted(p.name for p in project.iterdir()) == ["Dockerfile", "go.mod", "main.go"]


def test_that_an_unparsable_dockerfile_is_told_by_line_and_the_rest_shown(
    cache: dict[str, str], project: Path
) -> None:
    (project / "Dockerfile").write_text(_DOCKERFILE + "INSTALL git\n")
    result = image_explorer("rewrite", SAMPLE, "--context", str(project), env=cache)
    assert result.returncode == 0
    assert "line 8: INSTALL is not an instruction." in result.stdout
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--dockerfile", "/nowhere/Dockerfile"), "Could not read /nowhere/Dockerfile"),
        (("--context", "/nowhere"), "There is no folder /nowhere."),
        (("--on", "magic"), "There is no rule magic."),
    ],
)
def test_that_input_that_cannot_be_used_is_one_error_and_one_hint(
    cache: dict[str, str], arguments: tuple[str, ...], message: str
) -> None:
    result = image_explorer("rewrite", SAMPLE, *arguments, env=cache)
    assert result.returncode == 2
    lines = result.stderr.splitlines()
    assert lines[0].startswith(f"error: {message}")
    assert lines[1].startswith("hint: ")
    assert len(lines) == 2


def test_that_a_dockerfile_that_is_no_text_comes_back_byte_for_byte(
    cache: dict[str, str], tmp_path: Path
) -> None:
    odd = tmp_path / "Dockerfile"
    odd.write_bytes(b'FROM golang\nLABEL a=\xff\xfe\nCMD ["/x"]\n')
    off = [word for rule in ("split-stages", "exec-form") for word in ("--off", rule)]
    arguments = ("--dockerfile", str(odd), *off, "--output", str(tmp_path / "new"))
    result = image_explorer("rewrite", SAMPLE, *arguments, env=cache)
    assert result.returncode == 0, result.stderr
    assert b"LABEL a=\xff\xfe\n" in (tmp_path / "new" / "Dockerfile").read_bytes()


def test_that_a_pipe_is_no_dockerfile_and_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "Dockerfile"
    os.mkfifo(pipe)
    told = image_explorer("rewrite", sample_reference(), "--dockerfile", str(pipe))
    assert told.returncode == 2
    assert told.stderr.splitlines()[0] == f"error: {pipe} is not a file."


@pytest.mark.parametrize(
    "arguments",
    [
        ("analyze", SAMPLE),
        ("compare", SAMPLE, SAMPLE),
        ("check", SAMPLE, "--max-size", "1MB", "--forbid", "go-toolchain"),
        ("rewrite", SAMPLE),
        ("binary", SAMPLE, "/usr/local/bin/hello-service"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_that_json_is_english_in_any_language(
    cache: dict[str, str], arguments: tuple[str, ...]
) -> None:
    chinese = {**cache, "LC_ALL": "zh_CN.UTF-8"}
    result = image_explorer(*arguments, "--json", "-", env=chinese)
    assert json.loads(result.stdout)["schema"].startswith("image-explorer/")
    assert re.findall("[\u3000-\u9fff\uff00-\uffef]", result.stdout) == []


def test_that_a_snapshot_holds_no_text_in_the_users_language(
    cache: dict[str, str], project: Path, tmp_path: Path
) -> None:
    target = tmp_path / "a.image-snapshot"
    chinese = {**cache, "LC_ALL": "zh_CN.UTF-8"}
    given = ("-o", str(target), "--dockerfile", str(project / "Dockerfile"), "--json", "-")
    result = image_explorer("snapshot", SAMPLE, *given, env=chinese)
    assert json.loads(result.stdout)["rewrite"] is True
    box = read_container(target)
    held = str([box.head, *(box.value(name) for name in ("analysis", "binaries", "rewrite", "samples"))])  # fmt: skip
    assert "go build" in held
    assert re.findall("[\u3000-\u9fff\uff00-\uffef]", held + result.stdout) == []


@pytest.mark.slow
def test_that_a_rewrite_is_reported_in_every_format_with_secrets_masked(
    cache: dict[str, str], project: Path, tmp_path: Path
) -> None:
    names = {"html": "r.html", "pdf": "r.pdf", "csv": "r.csv", "json": "r.json"}
    words = [word for name, file in names.items() for word in (f"--{name}", str(tmp_path / file))]
    done = image_explorer(
        "rewrite", SAMPLE, "--context", str(project), *words, "--markdown", "-", env=cache
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("# How ")
    assert "```diff" in done.stdout
    assert "It was not built" in done.stdout
    assert (tmp_path / "r.html").read_bytes().lower().startswith(b"<!doctype html>")
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF-")
    assert "table,changes," in (tmp_path / "r.csv").read_text()
    made = json.loads((tmp_path / "r.json").read_bytes())
    assert f"{made['predicted_bytes']}" in (tmp_path / "r.csv").read_text()
    written = [done.stdout.encode(), *((tmp_path / file).read_bytes() for file in names.values())]
    assert not any(b"s3cr3t" in data for data in written)
