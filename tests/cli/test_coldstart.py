"""`coldstart` as people type it, where no engine is needed to answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from explorer.coldstart.store import Store
from explorer.resources import resource
from tests.cli.command import image_explorer
from tests.coldstart.samples import sample

NO_ENGINE = {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}


def test_that_no_engine_is_exit_code_3() -> None:
    result = image_explorer("coldstart", "service", env=NO_ENGINE)
    assert result.returncode == 3
    assert result.stderr.startswith("error: ")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("a", "--runs", "many"),
        ("a", "--quick", "--careful"),
        ("--open", "../etc/passwd"),
        ("--open", "20260101T000000-abcdef"),
    ],
)
def test_that_wrong_usage_is_exit_code_2_with_a_hint(arguments: tuple[str, ...]) -> None:
    result = image_explorer("coldstart", *arguments, env=NO_ENGINE)
    assert result.returncode == 2
    error, hint = result.stderr.splitlines()
    assert error.startswith("error: ")
    assert hint.startswith("hint: ")


def test_that_an_archive_cannot_be_started() -> None:
    archive = resource("samples", "naive-go-service.oci.tar")
    result = image_explorer("coldstart", f"oci-archive:{archive}", env=NO_ENGINE)
    assert result.returncode in (2, 3)
    assert "Traceback" not in result.stderr


def test_that_an_empty_history_says_so() -> None:
    result = image_explorer("coldstart", "--history", env=NO_ENGINE)
    assert (result.returncode, result.stdout) == (0, "Nothing has been measured yet.\n")


def test_that_an_earlier_measurement_is_shown_exported_and_annotated_without_an_engine(
    tmp_path: Path,
) -> None:
    found = sample([0.8 + i / 1000 for i in range(20)], [0.4 + i / 1000 for i in range(20)])
    Store().save(found)
    result = image_explorer(
        "coldstart", "--open", found.id, "--note", "lunch", "--prometheus", str(tmp_path / "a.prom"), env=NO_ENGINE
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "B is faster by 400 ms" in result.stdout
    assert (tmp_path / "a.prom").read_text().endswith("# EOF\n")
    history = image_explorer("coldstart", "--history", env=NO_ENGINE)
    assert history.stdout == f"{found.id}  service:before / service:after  20 runs  lunch\n"


@pytest.mark.slow
def test_that_an_earlier_measurement_is_reported_in_every_format_without_an_engine(
    tmp_path: Path,
) -> None:
    found = sample([0.8 + i / 1000 for i in range(6)], [0.4 + i / 1000 for i in range(6)])
    Store().save(found)
    names = {"html": "r.html", "pdf": "r.pdf", "csv": "r.csv", "json": "r.json"}
    words = [word for name, file in names.items() for word in (f"--{name}", str(tmp_path / file))]
    done = image_explorer("coldstart", "--open", found.id, *words, "--markdown", "-", env=NO_ENGINE)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("# How long service:before and service:after take to start")
    assert "B is faster by 400 ms" in done.stdout
    assert "saved as" not in done.stdout
    assert (tmp_path / "r.html").read_bytes().lower().startswith(b"<!doctype html>")
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF-")
    assert "table,comparisons," in (tmp_path / "r.csv").read_text()
    made = json.loads((tmp_path / "r.json").read_bytes())
    assert made["comparison"]["verdict"] == "faster"


def test_that_two_outputs_for_standard_output_are_refused_before_anything_runs() -> None:
    done = image_explorer("coldstart", "a", "--html", "-", "--json", "-", env=NO_ENGINE)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: Only one of --json, --html ")


def test_that_help_has_an_example() -> None:
    result = image_explorer("coldstart", "--help")
    assert result.returncode == 0
    assert "service:before service:after" in result.stdout
