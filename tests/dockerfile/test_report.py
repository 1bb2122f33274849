"""A rewrite on the terminal: two columns where there is room, a unified diff elsewhere, secrets and controls in neither."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from explorer.dockerfile.rewrite.change import RewritePlan
from explorer.image.model import Config
from explorer.report.rewrite_json import rewrite_json
from explorer.report.rewrite_terminal import print_rewrite
from tests.dockerfile.projects import GO_ENV, NAIVE, Project


def _printed(plan: RewritePlan, *, side_by_side: bool) -> str:
    out = io.StringIO()
    console = Console(file=out, width=200, highlight=False, soft_wrap=True)
    print_rewrite(plan, console, side_by_side=side_by_side)
    return out.getvalue()


def test_that_both_files_stand_beside_each_other_where_there_is_room(tmp_path: Path) -> None:
    lines = _printed(Project().plan(tmp_path), side_by_side=True).splitlines()
    row = next(line for line in lines if line.startswith("FROM golang"))
    assert row.split() == [
        "FROM",
        "golang:1.27-bookworm",
        "FROM",
        "golang:1.27-bookworm",
        "AS",
        "build",
    ]


def test_that_a_unified_diff_marks_what_goes_and_comes(tmp_path: Path) -> None:
    text = _printed(Project().plan(tmp_path), side_by_side=False)
    assert "\n-FROM golang:1.27-bookworm\n+FROM golang:1.27-bookworm AS build\n" in text
    assert "51.1 MB now, 9.2 MB expected (18.0%)" in text


def test_that_rules_that_keep_their_hands_off_say_why(tmp_path: Path) -> None:
    made = Project(dockerfile=NAIVE.replace("-o server", "-race -o server")).plan(tmp_path)
    assert "Left as it is: -race needs C." in _printed(made, side_by_side=False)


@pytest.mark.parametrize("side_by_side", [True, False])
def test_that_neither_secrets_nor_controls_reach_the_terminal(
    tmp_path: Path, side_by_side: bool
) -> None:
    text = NAIVE.replace("COPY", 'ENV DB_PASSWORD=s3cr3t\nLABEL a="\x1b[31m\x07"\nCOPY')
    config = Config(
        env=(*GO_ENV, "OLD_TOKEN=s3cr3t", "DB_PASSWORD=s3cr3t"),
        cmd=("/app/server",),
        working_dir="/app",
    )
    made = Project(dockerfile=text, config=config).plan(tmp_path)
    printed = _printed(made, side_by_side=side_by_side)
    assert "s3cr3t" not in printed
    assert "\x1b" not in printed
    assert "\x07" not in printed


def test_that_json_masks_secrets_in_texts_and_config(tmp_path: Path) -> None:
    config = Config(
        env=(*GO_ENV, "GOFLAGS=-x"), cmd=("/app/server",), working_dir="/app", labels={"a": "b"}
    )
    text = NAIVE.replace("COPY", "ARG API_KEY=s3cr3t\nENV TOKEN=s3cr3t\nCOPY")
    document = json.loads(rewrite_json(Project(dockerfile=text, config=config).plan(tmp_path)))
    assert "s3cr3t" not in json.dumps(document)
    assert {
        "field": "env.GOFLAGS",
        "before": "-x",
        "after": "",
        "reason": "Only building reads it.",
    } in document["config_changes"]


def test_that_a_plan_without_changes_says_so(tmp_path: Path) -> None:
    made = Project().plan(tmp_path)
    same = replace(made, rewritten=made.original, changes=())
    assert "Nothing would be changed." in _printed(same, side_by_side=False)
