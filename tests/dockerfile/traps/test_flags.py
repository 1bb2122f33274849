"""What breaks when flags of go build are added, merged or taken away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.dockerfile.projects import (
    NAIVE,
    PROGRAM,
    STATIC,
    Project,
    change_of,
    rules_of,
)
from tests.dockerfile.traps.cases import code, run


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('go build -ldflags "-X main.v=1" .', 'go build -ldflags "-s -w -X main.v=1" .'),
        ("go build -ldflags='-X \"main.v=a b\"' .", "go build -ldflags='-s -w -X \"main.v=a b\"' ."),
        ("go build -ldflags=-w .", 'go build -ldflags="-s -w -w" .'),
        ('go build -ldflags="-X main.d=$(date -u)" .', 'go build -ldflags="-s -w -X main.d=$(date -u)" .'),
        ('go build -ldflags "$FLAGS" .', 'go build -ldflags "-s -w $FLAGS" .'),
        ("go build -ldflags '-extldflags \"-static\"' .", "go build -ldflags '-s -w -extldflags \"-static\"' ."),
        ("cd cmd && go build -o /app/server && echo ok", 'cd cmd && go build -ldflags="-s -w" -o /app/server && echo ok'),
    ],
)  # fmt: skip
def test_that_linker_flags_are_merged_with_their_quotes(
    tmp_path: Path, before: str, after: str
) -> None:
    off = dict.fromkeys(("no-cgo", "trimpath", "cache-mounts", "split-stages"), False)
    made = Project(dockerfile=run(before), switches=off).plan(tmp_path)
    assert f"RUN {after}\n" in made.rewritten


@pytest.mark.parametrize(
    "command",
    [
        "go build -ldflags $FLAGS .",
        "go build -ldflags=all=-X=a.b=c .",
        "go build '-ldflags=-X a=b' .",
    ],
)
def test_that_linker_flags_that_cannot_be_merged_stay(tmp_path: Path, command: str) -> None:
    made = Project(dockerfile=run(command)).plan(tmp_path)
    assert not change_of(made, "strip-symbols").available
    assert "-s -w" not in made.rewritten


def test_that_a_stripped_program_is_not_stripped_again(tmp_path: Path) -> None:
    made = Project(facts=replace(PROGRAM, stripped=True, removable_bytes=0)).plan(tmp_path)
    assert "strip-symbols" not in rules_of(made)


def test_that_a_debug_build_keeps_its_symbols(tmp_path: Path) -> None:
    made = Project(dockerfile=run('go build -gcflags="all=-N -l" -o server .')).plan(tmp_path)
    assert not change_of(made, "strip-symbols").enabled


@pytest.mark.parametrize(
    "run",
    [
        '["go", "build", "-o", "server"]',
        "<<EOF\ngo build -o server .\nEOF",
        "make build && go build 'x",
    ],
)
def test_that_builds_that_cannot_be_taken_apart_are_not_edited(tmp_path: Path, run: str) -> None:
    text = NAIVE.replace("go build -o server .", run)
    made = Project(dockerfile=text).plan(tmp_path)
    assert f"RUN {run}\n" in made.rewritten


def test_that_caller_paths_are_asked_about(tmp_path: Path) -> None:
    change = change_of(
        Project(sources=code("var _ = runtime.Caller(0)")).plan(tmp_path), "trimpath"
    )
    assert not change.enabled
    assert change.why_off.startswith("extra.go:3 calls runtime.Caller")


def test_that_forced_rebuilds_go_and_nothing_else_of_the_command(tmp_path: Path) -> None:
    text = run(
        "CGO_ENABLED=0 GOOS=linux go build -a -installsuffix cgo -tags netgo -o server ./cmd/web"
    )
    off = dict.fromkeys(("strip-symbols", "trimpath", "cache-mounts"), False)
    made = Project(dockerfile=text, facts=STATIC, switches=off).plan(tmp_path)
    assert (
        "RUN CGO_ENABLED=0 GOOS=linux go build -tags netgo -o server ./cmd/web\n" in made.rewritten
    )
