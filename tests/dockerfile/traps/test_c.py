"""What breaks when C is taken out of a program, or left in without its libraries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from explorer.dockerfile.facts import ProgramFacts
from explorer.dockerfile.rewrite.change import RewriteOptions
from tests.dockerfile.projects import (
    NAIVE,
    PROGRAM,
    SOURCES,
    STATIC,
    Project,
    change_of,
    rules_of,
    runtime_stage,
)
from tests.dockerfile.traps.cases import UNPROVED, code, config_of, run, using


@pytest.mark.parametrize(
    ("facts", "sources", "why"),
    [
        (replace(PROGRAM, cgo_packages=("github.com/mattn/go-sqlite3", "net")), SOURCES, "github.com/mattn/go-sqlite3 needs C."),
        (replace(PROGRAM, dependencies=("github.com/confluentinc/confluent-kafka-go/v2",)), SOURCES, "github.com/confluentinc/confluent-kafka-go/v2 needs C."),
        (PROGRAM, code('import "C"'), "extra.go:3 imports C."),
        (using("plugins"), SOURCES, "The program loads Go plugins, which need C."),
    ],
)  # fmt: skip
def test_that_a_program_that_needs_c_keeps_it(
    tmp_path: Path, facts: ProgramFacts, sources: Mapping[str, str], why: str
) -> None:
    made = Project(facts=facts, sources=sources).plan(tmp_path)
    assert change_of(made, "no-cgo").why_off == why
    assert not change_of(made, "no-cgo").available
    assert "CGO_ENABLED" not in made.rewritten


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("go build -race -o server .", "-race needs C."),
        ("go build -buildmode=plugin -o server .", "-buildmode=plugin needs C or a loader."),
        ("go build -buildmode=pie -o server .", "-buildmode=pie needs C or a loader."),
        ('go build -ldflags="-linkmode external -extldflags -static" -o server .', "The linker flags ask for the external linker."),
    ],
)  # fmt: skip
def test_that_a_build_that_needs_c_keeps_it(tmp_path: Path, command: str, why: str) -> None:
    assert change_of(Project(dockerfile=run(command)).plan(tmp_path), "no-cgo").why_off == why


def test_that_code_for_builds_without_cgo_is_asked_about(tmp_path: Path) -> None:
    sources = {**SOURCES, "b.go": "//go:build !cgo\n\npackage main\n"}
    change = change_of(Project(sources=sources).plan(tmp_path), "no-cgo")
    assert (change.enabled, change.available) == (False, True)
    assert change.why_off == "b.go:1 has other code for builds without cgo."


def test_that_unreadable_functions_leave_c_to_the_user(tmp_path: Path) -> None:
    assert not change_of(Project(facts=UNPROVED).plan(tmp_path), "no-cgo").enabled


@pytest.mark.parametrize("setting", ["ENV CGO_ENABLED=1\n", "ARG CGO_ENABLED=1\n"])
def test_that_a_choice_for_c_in_the_file_stands(tmp_path: Path, setting: str) -> None:
    text = NAIVE.replace("COPY", setting + "COPY")
    assert "no-cgo" not in rules_of(Project(dockerfile=text).plan(tmp_path))


def test_that_a_program_with_c_goes_to_an_empty_image_with_its_libraries(tmp_path: Path) -> None:
    made = Project(switches={"no-cgo": False}).plan(tmp_path)
    assert made.runtime.choice == "scratch"
    assert (
        "COPY --from=build /lib/x86_64-linux-gnu/libc.so.6 /lib/x86_64-linux-gnu/libc.so.6"
        in runtime_stage(made)
    )


def test_that_libraries_of_unknown_needs_are_not_left_behind(tmp_path: Path) -> None:
    facts = replace(PROGRAM, needed=("libc.so.6", "libsqlite3.so.0"), cgo_packages=("x.com/c",))
    change = change_of(Project(facts=facts).plan(tmp_path), "split-stages")
    assert not change.enabled
    assert change.why_off == "The program needs libsqlite3.so.0, which small images do not have."


@pytest.mark.parametrize(
    ("glibc", "image"),
    [((2, 34), "gcr.io/distroless/base-debian12"), ((2, 38), "debian:trixie-slim")],
)
def test_that_the_runtime_has_a_glibc_that_is_new_enough(
    tmp_path: Path, glibc: tuple[int, int], image: str
) -> None:
    facts = replace(
        PROGRAM, needed=("libc.so.6", "libssl.so.3"), cgo_packages=("x.com/c",), glibc=glibc
    )
    project = Project(facts=facts, dockerfile=NAIVE.replace("-bookworm", ""))
    made = replace(project, switches={"split-stages": True}).plan(tmp_path)
    assert made.runtime.image == image


def test_that_a_static_looking_program_with_a_loader_is_not_called_static(tmp_path: Path) -> None:
    # CGO_ENABLED=0 -buildmode=pie has PT_INTERP and needs nothing (golang/go#40711).
    facts = replace(PROGRAM, settings={"CGO_ENABLED": "0"}, needed=(), cgo_packages=())
    text = run("CGO_ENABLED=0 go build -buildmode=pie -o server .")
    made = Project(facts=facts, dockerfile=text).plan(tmp_path)
    assert (
        "COPY --from=build /lib64/ld-linux-x86-64.so.2 /lib64/ld-linux-x86-64.so.2"
        in runtime_stage(made)
    )


@pytest.mark.parametrize(
    ("runtime", "facts", "config", "why"),
    [
        (
            "scratch",
            PROGRAM,
            {"healthcheck": ("CMD-SHELL", "wget -q localhost")},
            "scratch has no shell",
        ),
        (
            "static",
            replace(PROGRAM, cgo_packages=("x.com/c",)),
            {},
            "needs the loader /lib64/ld-linux-x86-64.so.2",
        ),
        (
            "alpine",
            replace(PROGRAM, cgo_packages=("x.com/c",)),
            {},
            "needs the loader /lib64/ld-linux-x86-64.so.2",
        ),
        (
            "debian",
            replace(PROGRAM, cgo_packages=("x.com/c",), interpreter="/lib/ld-musl-x86_64.so.1"),
            {},
            "needs the loader /lib/ld-musl",
        ),
        (
            "base",
            replace(PROGRAM, cgo_packages=("x.com/c",), glibc=(2, 41)),
            {},
            "needs a newer glibc",
        ),
    ],
)
def test_that_a_wish_that_would_not_work_is_not_carried_out_by_itself(
    tmp_path: Path, runtime: str, facts: ProgramFacts, config: Mapping[str, object], why: str
) -> None:
    project = Project(
        config=config_of(**config), facts=facts, options=RewriteOptions(runtime=runtime)
    )
    change = change_of(project.plan(tmp_path), "split-stages")
    assert (change.enabled, change.available, change.risk) == (False, True, "high")
    assert why in change.why_off


def test_that_the_stub_of_go_sqlite3_is_warned_of(tmp_path: Path) -> None:
    made = Project(facts=replace(STATIC, sqlite_stub=True)).plan(tmp_path)
    assert any("go-sqlite3" in warning for warning in made.warnings)
