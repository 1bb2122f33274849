"""`image-explorer snapshot` and `demo` as people run them; no engine answers."""

from __future__ import annotations

import json
from pathlib import Path

from explorer.resources import sample_reference
from tests.cli.command import image_explorer
from tests.snapshot.taken import taken

_NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}


def test_that_a_snapshot_is_written_and_opened(tmp_path: Path) -> None:
    target = tmp_path / "sample.image-snapshot"
    made = image_explorer("snapshot", sample_reference(), "-o", str(target), "--json", "-")
    assert made.returncode == 0, made.stderr
    document = json.loads(made.stdout)
    assert document["schema"] == "image-explorer/snapshot/1"
    assert document["bytes"] == target.stat().st_size
    was = image_explorer("analyze", sample_reference(), "--json", "-")
    shown = image_explorer("analyze", str(target), "--json", "-", env=_NO_ENGINE)
    ours, theirs = json.loads(shown.stdout), json.loads(was.stdout)
    for part in ("layers", "totals", "dive", "categories", "findings", "go_binaries"):
        assert ours[part] == theirs[part], part
    assert (ours["image"]["via"], ours["image"]["source"]) == ("snapshot", "snapshot")


def test_that_a_rewrite_of_a_snapshot_is_the_recorded_one(tmp_path: Path) -> None:
    path = taken(tmp_path)
    shown = image_explorer("rewrite", f"snapshot:{path}", "--json", "-", env=_NO_ENGINE)
    assert shown.returncode == 0, shown.stderr
    document = json.loads(shown.stdout)
    assert document["mode"] == "dockerfile"
    assert document["original"].startswith("FROM golang:1.27\n")


def test_that_errors_have_two_lines(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.image-snapshot"
    damaged.write_bytes(taken(tmp_path).read_bytes()[:-1])
    for arguments in (
        ("analyze", str(damaged)),
        ("snapshot", sample_reference(), "-o", str(tmp_path)),
        ("snapshot", sample_reference(), "-o", str(tmp_path / "absent" / "x")),
    ):
        shown = image_explorer(*arguments)
        assert shown.returncode == 2
        lines = [line.partition(":")[0] for line in shown.stderr.splitlines()]
        assert lines == ["error", "hint"]


def test_that_the_demo_prints_the_recorded_comparison_where_there_is_no_screen() -> None:
    shown = image_explorer("demo", env=_NO_ENGINE)
    assert shown.returncode == 0, shown.stderr
    assert shown.stderr.startswith("warning: There is no screen")
    assert "These images were recorded; nothing is measured now. Recorded on 20" in shown.stdout
    assert "gin-service:naive" in shown.stdout
    assert "create to ready" in shown.stdout or "process start to ready" in shown.stdout
