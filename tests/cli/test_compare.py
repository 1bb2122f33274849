"""`image-explorer compare A B` on archives."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from explorer.resources import sample_reference
from tests.cli.command import image_explorer
from tests.support.archives import built, docker_25, layer_tar, pack

pytestmark = pytest.mark.slow


def archive(folder: Path, name: str, **files: bytes) -> str:
    path = folder / name
    path.write_bytes(pack(docker_25(built(layer_tar(files)))))
    return str(path)


def test_that_two_archives_are_compared_on_the_terminal_and_as_json(tmp_path: Path) -> None:
    before = archive(tmp_path, "before.tar", big=b"x" * 5000, same=b"y" * 100)
    after = archive(tmp_path, "after.tar", same=b"y" * 100)
    shown = image_explorer("compare", before, after)
    assert shown.returncode == 0
    assert "▼ −5.0 kB" in shown.stdout
    assert "/big" in shown.stdout
    told = image_explorer("compare", before, after, "--json", "-")
    document = json.loads(told.stdout)
    assert document["totals"]["content_bytes"] == {"a": 5100, "b": 100, "delta": -5000}


def test_that_an_image_compared_with_itself_is_said_to_be_the_same() -> None:
    shown = image_explorer("compare", sample_reference(), sample_reference())
    assert shown.returncode == 0
    assert "Both are the same image." in shown.stdout


def test_that_a_missing_image_is_an_error_of_two_lines(tmp_path: Path) -> None:
    before = archive(tmp_path, "before.tar", a=b"x")
    shown = image_explorer("compare", before, str(tmp_path / "absent.tar"))
    assert shown.returncode == 2
    assert [line.partition(":")[0] for line in shown.stderr.splitlines()] == ["error", "hint"]
