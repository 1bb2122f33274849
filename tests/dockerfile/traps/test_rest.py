"""What breaks in the build context, other stages, platforms and instructions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from explorer.dockerfile.parser import parse
from explorer.dockerfile.rewrite.change import RewriteOptions, RewritePlan
from tests.dockerfile.projects import (
    GO_ENV,
    NAIVE,
    PROGRAM,
    SOURCES,
    STATIC,
    Project,
    alpine_base,
    base_without_zones,
    change_of,
    rules_of,
    runtime_stage,
)
from tests.dockerfile.traps.cases import config_of, run, using
from tests.support.layers import directory, file


def test_that_programs_with_c_are_not_built_for_other_platforms(tmp_path: Path) -> None:
    options = RewriteOptions(platforms=("linux/amd64", "linux/arm64"))
    made = Project(options=options, facts=replace(PROGRAM, cgo_packages=("x.com/c",))).plan(
        tmp_path
    )
    assert not change_of(made, "platforms").available


_HISTORY = {**SOURCES, ".git/HEAD": "ref\n", "bin/tool": "x", ".github/workflows/a.yml": "x"}


def _ignored(plan: RewritePlan) -> list[str]:
    return (plan.dockerignore or "").splitlines()


def test_that_what_the_build_does_not_read_is_ignored(tmp_path: Path) -> None:
    assert _ignored(Project(sources=_HISTORY).plan(tmp_path)) == [".git", ".github", "bin"]


def test_that_an_ignore_file_of_the_users_stays(tmp_path: Path) -> None:
    assert Project(sources={**_HISTORY, ".dockerignore": "x\n"}).plan(tmp_path).dockerignore is None


def test_that_history_is_sent_to_programs_that_show_their_revision(tmp_path: Path) -> None:
    facts = replace(using("build-info"), settings={"CGO_ENABLED": "1", "vcs.revision": "abc"})
    assert ".git" not in _ignored(Project(sources=_HISTORY, facts=facts).plan(tmp_path))


@pytest.mark.parametrize(
    "more",
    [
        {"e.go": "package main\n\n//go:embed bin/tool\nvar b []byte\n"},
        {"e.go": 'package main\n\nvar p = "bin/tool"\n'},
    ],
)
def test_that_files_that_the_code_names_are_not_ignored(
    tmp_path: Path, more: Mapping[str, str]
) -> None:
    assert "bin" not in _ignored(Project(sources={**_HISTORY, **more}).plan(tmp_path))


def test_that_files_that_the_dockerfile_copies_are_not_ignored(tmp_path: Path) -> None:
    text = NAIVE.replace("RUN", "COPY bin/tool /usr/local/bin/\nRUN")
    assert "bin" not in _ignored(Project(dockerfile=text, sources=_HISTORY).plan(tmp_path))


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        ("ADD . /app", True),
        ("ADD main.go /app/", True),
        ("ADD a.tar.gz /", False),
        ("ADD https://x.com/y /", False),
        ("ADD *.go /", False),
        ("ADD unknown /", False),
    ],
)
def test_that_only_plain_files_are_copied_instead_of_added(
    tmp_path: Path, line: str, changed: bool
) -> None:
    made = Project(dockerfile=NAIVE.replace("COPY . .", line)).plan(tmp_path)
    assert (line.replace("ADD", "COPY") in made.rewritten) is changed


def test_that_deprecated_maintainers_become_labels(tmp_path: Path) -> None:
    made = Project(dockerfile=NAIVE.replace("WORKDIR", "MAINTAINER A <a@x.com>\nWORKDIR")).plan(
        tmp_path
    )
    assert 'LABEL org.opencontainers.image.authors="A <a@x.com>"' in runtime_stage(made)


def test_that_a_last_stage_from_the_build_stage_is_split_as_well(tmp_path: Path) -> None:
    text = NAIVE.replace("bookworm", "bookworm AS base").replace("CMD", "FROM base\nCMD")
    made = Project(dockerfile=text).plan(tmp_path)
    assert "FROM base AS build\n" in made.rewritten
    assert "COPY --from=build /app/server /app/server" in runtime_stage(made)


def test_that_a_taken_stage_name_is_not_taken_again(tmp_path: Path) -> None:
    text = "FROM golang:1.27-bookworm AS build\nRUN true\n" + NAIVE
    made = Project(dockerfile=text).plan(tmp_path)
    assert "FROM golang:1.27-bookworm AS builder\n" in made.rewritten
    assert "COPY --from=builder /app/server /app/server" in runtime_stage(made)


_STAGED = NAIVE.replace("bookworm", "bookworm AS build").replace(
    'CMD ["/app/server"]\n',
    'FROM alpine:3.20\nCOPY --from=build /app/server /app/server\nCMD ["/app/server"]\n',
)


def test_that_an_image_in_stages_keeps_its_base_unless_asked(tmp_path: Path) -> None:
    project = Project(dockerfile=_STAGED, facts=STATIC, base=alpine_base, sources=None)
    change = change_of(project.plan(tmp_path), "smaller-base")
    assert not change.enabled
    asked = replace(project, options=RewriteOptions(runtime="scratch")).plan(tmp_path)
    assert change_of(asked, "smaller-base").enabled
    assert runtime_stage(asked)[0] == "FROM scratch"


def test_that_secrets_in_arguments_are_warned_of(tmp_path: Path) -> None:
    made = Project(dockerfile=NAIVE.replace("COPY", "ARG API_TOKEN=s3cr3t\nCOPY")).plan(tmp_path)
    assert made.warnings[0].startswith("API_TOKEN hold secrets")
    assert "s3cr3t" not in "".join(made.warnings)


def test_that_a_dockerfile_of_another_image_is_noticed(tmp_path: Path) -> None:
    made = Project(dockerfile=NAIVE.replace('["/app/server"]', '["/app/other"]')).plan(tmp_path)
    assert made.warnings[0].startswith("The image was not built from this Dockerfile: its CMD is")
    assert not change_of(made, "split-stages").enabled


def test_that_ports_of_the_base_stay_beside_the_files_own(tmp_path: Path) -> None:
    text = NAIVE.replace("CMD", "EXPOSE 8080\nCMD")
    made = Project(dockerfile=text, config=config_of(exposed_ports=("8080/tcp", "80/tcp"))).plan(
        tmp_path
    )
    stage = runtime_stage(made)
    assert [line for line in stage if line.startswith("EXPOSE")] == ["EXPOSE 80", "EXPOSE 8080"]
    assert "exposed_ports" not in {item.field for item in made.config_changes}


def test_that_a_shell_command_behind_a_list_entrypoint_stays(tmp_path: Path) -> None:
    text = NAIVE.replace('CMD ["/app/server"]', 'ENTRYPOINT ["/app/server"]\nCMD -v')
    config = config_of(entrypoint=("/app/server",), cmd=("/bin/sh", "-c", "-v"))
    assert not change_of(
        Project(dockerfile=text, config=config).plan(tmp_path), "exec-form"
    ).available


def test_that_a_wrapper_as_shell_stays(tmp_path: Path) -> None:
    text = NAIVE.replace('CMD ["/app/server"]', 'SHELL ["/wrap", "--"]\nCMD /app/server')
    config = config_of(cmd=("/wrap", "--", "/app/server"))
    made = Project(dockerfile=text, config=config).plan(tmp_path)
    assert not change_of(made, "exec-form").available


def test_that_a_fixed_platform_stays_the_platform_of_the_result(tmp_path: Path) -> None:
    made = Project(dockerfile=NAIVE.replace("FROM", "FROM --platform=linux/amd64")).plan(tmp_path)
    assert runtime_stage(made)[0] == "FROM --platform=linux/amd64 scratch"


def test_that_lines_are_continued_by_the_files_own_escape(tmp_path: Path) -> None:
    own = (directory("/var/lib/web"),)
    made = Project(dockerfile="# escape=`\n" + NAIVE, own=own).plan(tmp_path)
    assert "chmod 1777 /runtime-root/tmp `\n && install -d" in made.rewritten
    assert parse(made.rewritten).problems == ()


def test_that_an_older_one_stage_image_does_not_split_a_file_in_stages(tmp_path: Path) -> None:
    made = Project(dockerfile=_STAGED, facts=STATIC).plan(tmp_path)
    assert "split-stages" not in rules_of(made)


def test_that_time_zones_in_gos_own_folder_are_found_after_all(tmp_path: Path) -> None:
    project = Project(facts=using("time-zones"), base=base_without_zones)
    made = project.plan(tmp_path)
    assert not change_of(made, "trimpath").enabled
    assert "ENV ZONEINFO=/usr/local/go/lib/time/zoneinfo.zip" in runtime_stage(made)


@pytest.mark.parametrize(
    "step", ["RUN git describe > version.txt\n", "RUN make version\n", "RUN ./scripts/version.sh\n"]
)
def test_that_history_is_sent_to_builds_that_read_it(tmp_path: Path, step: str) -> None:
    made = Project(dockerfile=NAIVE.replace("RUN", step + "RUN"), sources=_HISTORY).plan(tmp_path)
    assert ".git" not in _ignored(made)


def test_that_folders_of_code_are_not_ignored_by_their_names(tmp_path: Path) -> None:
    made = Project(sources={**SOURCES, "tmp/t.go": "package tmp\n", ".idea/x": ""}).plan(tmp_path)
    assert _ignored(made) == [".idea"]


def test_that_a_wish_for_the_c_resolver_is_heard(tmp_path: Path) -> None:
    config = config_of(env=(*GO_ENV, "GODEBUG=netdns=cgo"))
    assert not change_of(Project(config=config).plan(tmp_path), "no-cgo").enabled
    made = Project(dockerfile=run("go build -tags netcgo -o server .")).plan(tmp_path)
    assert not change_of(made, "no-cgo").available


def test_that_labels_of_this_program_are_not_written_into_files(tmp_path: Path) -> None:
    config = config_of(labels={"io.github.image-size-explorer.built-by": "x", "a": "b"})
    made = Project(config=config).plan(tmp_path)
    assert [line for line in runtime_stage(made) if line.startswith("LABEL")] == ["LABEL a=b"]


def test_that_a_start_script_takes_its_program_along_with_its_size(tmp_path: Path) -> None:
    own = (file("/app/run.sh", 40, head=b'#!/bin/sh\nexec "$@" '[:20], mode=0o755),)
    text = NAIVE.replace(
        'CMD ["/app/server"]', 'RUN chmod +x run.sh\nENTRYPOINT ["/app/run.sh"]\nCMD ["./server"]'
    )
    config = config_of(entrypoint=("/app/run.sh",), cmd=("./server",))
    made = Project(dockerfile=text, own=own, config=config, switches={"split-stages": True}).plan(
        tmp_path
    )
    stage = runtime_stage(made)
    assert stage[0] == "FROM alpine:3.20"
    assert {
        "COPY --from=build /app/server /app/server",
        "COPY --from=build /app/run.sh /app/run.sh",
    } <= set(stage)
    assert "CGO_ENABLED=0" in made.rewritten
    assert next(x.bytes for x in made.layers if x.kind == "program") == 9_000_000
    assert change_of(made, "cache-mounts").enabled


def test_that_a_start_script_of_a_program_with_c_is_not_put_on_alpine(tmp_path: Path) -> None:
    own = (file("/app/run.sh", 40, head=b'#!/bin/sh\nexec "$@" '[:20], mode=0o755),)
    config = config_of(entrypoint=("/app/run.sh",), cmd=("./server",))
    text = NAIVE.replace('CMD ["/app/server"]', 'ENTRYPOINT ["/app/run.sh"]\nCMD ["./server"]')
    facts = replace(PROGRAM, cgo_packages=("x.com/c",))
    made = Project(
        dockerfile=text, own=own, config=config, facts=facts, switches={"split-stages": True}
    ).plan(tmp_path)
    assert runtime_stage(made)[0] == "FROM debian:bookworm-slim"
