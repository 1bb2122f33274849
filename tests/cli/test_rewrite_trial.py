"""`rewrite --build --verify` as a user types it, with a real engine: what is told, how it ends, what is left behind."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from explorer.resources import sample_reference
from tests.cli.command import PROGRAM, clean_environment, image_explorer
from tests.engine.docker import Docker, private_engine
from tests.support.builds import naive_image

RESULT = "image-explorer.local/shop:1-optimized"


@pytest.fixture(scope="module")
def docker() -> Iterator[Docker]:
    with private_engine() as engine:
        yield engine.docker


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {"IMAGE_EXPLORER_CACHE_DIR": str(tmp_path_factory.mktemp("cache"))}


def _rewrite(
    docker: Docker, cache: dict[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    return image_explorer("rewrite", *arguments, "--host", docker.host, env=cache)


@pytest.mark.engine
@pytest.mark.slow
def test_that_a_rewrite_is_built_verified_and_told_whole(
    docker: Docker, cache: dict[str, str], tmp_path: Path
) -> None:
    naive_image(docker, "shop:1", "say", "hello")
    before = docker.state()
    target = tmp_path / "result.json"
    done = _rewrite(
        docker, cache, "shop:1", "--build", "--verify", "--env", "A=b", "--json", str(target)
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    told = [line for line in done.stdout.splitlines() if line]
    order = (
        "Only the rewritten Dockerfile is sent to",
        f"The result is called {RESULT}",
        f"Built {RESULT} in",
        f"shop:1 is started twice and {RESULT} once",
        "= Behaves the same, as far as it was tested",
        "Not tested:",
    )
    places = [next(n for n, line in enumerate(told) if line.startswith(text)) for text in order]
    assert places == sorted(places)
    document = json.loads(target.read_text())
    build, verify = document["build"], document["verify"]
    assert (build["tag"], build["builder"]) == (RESULT, "buildkit")
    assert build["image_id"] == docker("image", "inspect", "-f", "{{.Id}}", RESULT)
    assert build["content_bytes"] == document["predicted_bytes"]
    assert {"name", "seconds", "cached"} == set(build["steps"][0])
    assert (build["context"]["files"], build["context"]["suspects"]) == (0, [])
    assert verify["verdict"] == "same"
    assert {"name", "kind", "result", "evidence"} == set(verify["checks"][0])
    assert verify["untested"]
    docker.remove(RESULT)
    assert docker.state() == before


@pytest.mark.engine
@pytest.mark.slow
def test_that_a_difference_ends_with_1_and_what_cannot_be_told_with_2(
    docker: Docker, cache: dict[str, str]
) -> None:
    naive_image(docker, "reader:1", "show", "/app/words.txt", words_txt="hello")
    off = ("--off", "run-time-files", "--verify", "--tag", "reader:less", "--json", "-")
    done = _rewrite(docker, cache, "reader:1", *off)
    document = json.loads(done.stdout)
    assert (done.returncode, document["verify"]["verdict"]) == (1, "differs"), done.stderr
    assert document["build"]["tag"] == "image-explorer.local/reader:less"
    assert done.stderr.startswith("reader:1 is started twice and image-explorer.local/reader:less")
    naive_image(docker, "broken:1", "say", "no database", "exit", "1")
    done = _rewrite(docker, cache, "broken:1", "--verify")
    assert done.returncode == 2
    assert "? Not certain" in done.stdout
    docker.remove("image-explorer.local/reader:less", "image-explorer.local/broken:1-optimized")


def _project(folder: Path, *lines: str) -> str:
    (folder / "Dockerfile").write_text(
        "\n".join(("FROM shop:1", "MAINTAINER a@example.com", *lines)) + "\n"
    )
    (folder / ".env").write_text("KEY=1\n")
    return str(folder)


@pytest.mark.engine
@pytest.mark.slow
def test_that_a_failed_step_is_told_with_its_last_lines_and_leaves_nothing(
    docker: Docker, cache: dict[str, str], tmp_path: Path
) -> None:
    naive_image(docker, "shop:1", "say", "hello")
    before = docker.state()
    folder = _project(tmp_path, 'RUN ["/app/server", "count", "60", "say", "boom", "exit", "3"]')
    done = _rewrite(docker, cache, "shop:1", "--context", folder, "--build", "--json", "-")
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    assert lines[0] == "warning: Sent to the engine: .env (6 B): may hold a secret"
    assert lines[1].startswith("Last lines of the failed step [")
    assert lines[2:52] == [*(f"  line {n}" for n in range(12, 61)), "  boom"]
    assert lines[52].startswith("error: The build failed in the step [")
    assert lines[53:] == ["hint: The step's last lines say why."]
    assert docker.state() == before


def _interrupt_when(process: subprocess.Popen[bytes], ours: int, text: bytes) -> bytes:
    """As Ctrl-C does, once the terminal shows this; all that was shown."""
    shown = b""
    while text not in shown:
        assert select.select([ours], [], [], 100)[0], shown
        shown += os.read(ours, 4096)
    started = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    while not shown.endswith(b"error: Cancelled.\r\n"):
        assert select.select([ours], [], [], 100)[0], shown
        shown += os.read(ours, 4096)
    assert time.monotonic() - started < 60
    return shown


def _on_a_terminal(
    docker: Docker, cache: dict[str, str], *arguments: str
) -> tuple[subprocess.Popen[bytes], int]:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [PROGRAM, "rewrite", *arguments, "--host", docker.host],
        stdout=subprocess.DEVNULL, stderr=theirs, start_new_session=True,
        env={**clean_environment(), **cache, "COLUMNS": "200"},
    )  # fmt: skip
    os.close(theirs)
    return process, ours


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.parametrize("when", ["in a step", "in a container"])
def test_that_an_interrupted_trial_ends_with_130_and_leaves_nothing(
    docker: Docker, cache: dict[str, str], tmp_path: Path, when: str
) -> None:
    naive_image(docker, "shop:1", "say", "hello")
    naive_image(docker, "waits:1", "say", "begun", "sleep", "1000")
    before = docker.state()
    if when == "in a step":
        folder = _project(tmp_path, 'RUN ["/app/server", "say", "begun", "sleep", "1000"]')
        process, ours = _on_a_terminal(docker, cache, "shop:1", "--context", folder, "--build")
        shown = _interrupt_when(process, ours, "│ begun".encode())
    else:
        process, ours = _on_a_terminal(
            docker, cache, "waits:1", "--verify", "--ready", "log:never", "--deadline", "1000"
        )
        shown = _interrupt_when(process, ours, b"Starting the old image")
    os.close(ours)
    assert process.wait(60) == 130
    assert b"Traceback" not in shown
    deadline = time.monotonic() + 30
    while docker.state() != before and time.monotonic() < deadline:
        time.sleep(0.1)
    assert docker.state() == before


# ---- what cannot be begun


def _error(*arguments: str, env: dict[str, str]) -> tuple[int, Any]:
    done = image_explorer("rewrite", *arguments, env=env)
    return done.returncode, done.stderr.splitlines()


def test_that_an_archive_cannot_be_started(cache: dict[str, str]) -> None:
    code, lines = _error(sample_reference(), "--verify", env=cache)
    assert code == 2
    assert lines[0].endswith("is not an image of an engine.")
    assert lines[1] == "hint: Load it first: docker load -i FILE."


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--path", "/a"), "--path needs --verify."),
        (("--tag", "a:b"), "--tag needs --build."),
        (("--build", "--tag", "::"), ":: is not a name for an image."),
    ],
)
def test_that_options_that_mean_nothing_are_told(
    cache: dict[str, str], arguments: tuple[str, ...], message: str
) -> None:
    code, lines = _error(sample_reference(), *arguments, env=cache)
    assert (code, lines[0]) == (2, f"error: {message}")
    assert lines[1].startswith("hint: ")


@pytest.mark.parametrize(
    ("dockerfile", "message", "hint"),
    [
        ("INSTALL git\n", "line 4: INSTALL is not an instruction.", "Correct that line of the Dockerfile."),
        ("COPY a /a\n", "“COPY a /a” copies from the source folder, and none was named.", "Name it with --context DIR."),
    ],
)  # fmt: skip
def test_that_what_cannot_be_built_is_told_before_anything_is_sent(
    cache: dict[str, str], tmp_path: Path, dockerfile: str, message: str, hint: str
) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text(f'FROM golang\nMAINTAINER a\nCMD ["/a"]\n{dockerfile}')
    code, lines = _error(
        sample_reference(), "--dockerfile", str(path), "--build",
        "--host", f"unix://{tmp_path}/none.sock", env=cache,
    )  # fmt: skip
    assert (code, lines) == (2, [f"error: {message}", f"hint: {hint}"])


def test_that_no_engine_to_build_in_ends_with_3(cache: dict[str, str], tmp_path: Path) -> None:
    host = f"unix://{tmp_path}/none.sock"
    code, lines = _error(sample_reference(), "--build", "--host", host, env=cache)
    assert code == 3
    assert lines[0].startswith("error: ")
    assert lines[1].startswith("hint: ")
    assert len(lines) == 2
