"""What a user sees when something is wrong: one line of error, one of hint, the designed exit code, no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import image_explorer

NO_ENGINE = {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}


def test_that_no_engine_is_exit_code_3_and_names_the_endpoint() -> None:
    result = image_explorer("analyze", "golang:1.27", env=NO_ENGINE)
    assert result.returncode == 3
    assert result.stdout == ""
    error, hint = result.stderr.splitlines()
    assert error.startswith("error: ")
    assert "unix:///nonexistent/docker.sock" in error + hint
    assert hint.startswith("hint: ")


def test_that_list_without_an_engine_is_exit_code_3() -> None:
    assert image_explorer("list", env=NO_ENGINE).returncode == 3


@pytest.mark.parametrize(
    "arguments", [("analyze",), ("analyze", "x", "--via", "magic"), ("list", "--nonsense")]
)
def test_that_wrong_usage_is_exit_code_2_with_a_hint(arguments: tuple[str, ...]) -> None:
    result = image_explorer(*arguments)
    assert result.returncode == 2
    assert result.stderr.startswith("error: ")
    assert "--help" in result.stderr.splitlines()[1]


def test_that_a_missing_file_is_named(tmp_path: Path) -> None:
    result = image_explorer("analyze", f"docker-archive:{tmp_path}/none.tar")
    assert result.returncode == 2
    assert "none.tar" in result.stderr
    assert "Traceback" not in result.stderr


def test_that_a_text_file_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("shopping list\n" * 100)
    result = image_explorer("analyze", str(tmp_path / "notes.txt"))
    assert result.returncode == 2
    assert result.stderr.startswith("error: ")
    assert "Traceback" not in result.stderr


def test_that_a_file_name_cannot_control_the_terminal(tmp_path: Path) -> None:
    name = "a\x1b[31m\u202eb.tar"
    (tmp_path / name).write_bytes(b"no image")
    result = image_explorer("analyze", str(tmp_path / name))
    assert result.returncode == 2
    assert "\x1b" not in result.stderr
    assert "\u202e" not in result.stderr


@pytest.mark.parametrize("command", [(), ("list",), ("analyze",), ("open",)])
def test_that_every_command_has_help_with_an_example(command: tuple[str, ...]) -> None:
    result = image_explorer(*command, "--help")
    assert result.returncode == 0
    assert "xample" in result.stdout
    assert "image-explorer" in result.stdout


def test_that_errors_come_in_the_users_language() -> None:
    result = image_explorer("list", env={**NO_ENGINE, "LANG": "zh_CN.UTF-8"})
    assert result.returncode == 3
    assert any("\u4e00" <= char <= "\u9fff" for char in result.stderr)
