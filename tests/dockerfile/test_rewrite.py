"""What a rewrite of a naive Go image is, how its size is predicted, and how its switches work."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from explorer.dockerfile.parser import parse
from explorer.dockerfile.rewrite.change import RewriteOptions
from explorer.dockerfile.rewrite.plan import plan, prepare
from explorer.dockerfile.rewrite.rules import RULES
from explorer.dockerfile.sources import read_sources
from explorer.image.model import Config
from explorer.task import Task
from tests.dockerfile.projects import (
    CERTIFICATES,
    GO_ENV,
    LIBC,
    LOADER,
    MEGABYTE,
    PROGRAM,
    STATIC,
    Project,
    base_image,
    change_of,
    rules_of,
    runtime_stage,
)
from tests.support.layers import file

_ACCOUNTS = 839 + 434 + 494


def test_that_the_naive_image_is_built_in_one_stage_and_run_in_an_empty_one(tmp_path: Path) -> None:
    made = Project().plan(tmp_path)
    assert made.rewritten == (
        "FROM golang:1.27-bookworm AS build\n"
        "WORKDIR /app\n"
        "COPY go.mod go.sum* ./\n"
        "RUN --mount=type=cache,target=/go/pkg/mod go mod download\n"
        "COPY . .\n"
        "RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build "
        'CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o server .\n'
        "\n"
        "RUN mkdir -p /runtime-root/tmp && chmod 1777 /runtime-root/tmp\n"
        "\n"
        "FROM scratch\n"
        "WORKDIR /app\n"
        "COPY --from=build /runtime-root/ /\n"
        "COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt\n"
        "COPY --from=build /etc/passwd /etc/passwd\n"
        "COPY --from=build /etc/group /etc/group\n"
        "COPY --from=build /etc/nsswitch.conf /etc/nsswitch.conf\n"
        "COPY --from=build /app/server /app/server\n"
        'CMD ["/app/server"]\n'
    )
    assert parse(made.rewritten).problems == ()


def test_that_the_prediction_is_the_program_less_its_symbols_and_what_is_carried(
    tmp_path: Path,
) -> None:
    made = Project().plan(tmp_path)
    assert made.predicted_bytes == 9 * MEGABYTE + CERTIFICATES + _ACCOUNTS
    assert made.predicted_bytes == sum(layer.bytes for layer in made.layers)


def test_that_what_the_changes_save_is_the_difference_of_the_two_sizes(tmp_path: Path) -> None:
    for options in (
        RewriteOptions(),
        RewriteOptions(runtime="alpine"),
        RewriteOptions(builder="classic"),
    ):
        made = Project(options=options).plan(tmp_path)
        assert sum(c.bytes for c in made.changes) == made.original_bytes - made.predicted_bytes


@pytest.mark.parametrize("rule", [rule.id for rule in RULES])
def test_that_each_change_can_be_turned_off_alone(tmp_path: Path, rule: str) -> None:
    made = Project(switches={rule: False}).plan(tmp_path)
    assert not any(change.enabled for change in made.changes if change.rule == rule)
    assert not parse(made.rewritten).problems
    assert rule not in made.line_rules


def test_that_switching_everything_off_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    project = Project(switches={rule.id: False for rule in RULES})
    made = project.plan(tmp_path)
    assert made.rewritten == project.dockerfile
    assert made.predicted_bytes == made.original_bytes
    assert not made.changed


def test_that_lines_know_where_they_come_from_and_which_rule_wrote_them(tmp_path: Path) -> None:
    made = Project().plan(tmp_path)
    lines = made.rewritten.splitlines()
    assert len(made.line_origins) == len(made.line_rules) == len(lines)
    place = lines.index("COPY . .")
    assert (made.line_origins[place], made.line_rules[place]) == (3, "")
    build = next(n for n, line in enumerate(lines) if "go build" in line)
    assert (made.line_origins[build], made.line_rules[build]) == (4, "cache-mounts")
    assert made.line_rules[lines.index("FROM scratch")] == "split-stages"
    assert change_of(made, "strip-symbols").lines == (4,)


def test_that_the_classic_builder_gets_no_mounts(tmp_path: Path) -> None:
    made = Project(options=RewriteOptions(builder="classic")).plan(tmp_path)
    assert "--mount" not in made.rewritten
    assert change_of(made, "cache-mounts").why_off == "The classic builder has no mounts."


def test_that_without_splitting_the_caches_are_what_mounts_save(tmp_path: Path) -> None:
    made = Project(switches={"split-stages": False}).plan(tmp_path)
    saved = change_of(made, "cache-mounts").bytes
    assert 20 * MEGABYTE <= saved < 20 * MEGABYTE + 10_000
    assert made.predicted_bytes == made.original_bytes - 4 * MEGABYTE - saved


def test_that_line_ends_of_windows_stay(tmp_path: Path) -> None:
    text = Project().dockerfile or ""
    made = Project(dockerfile=text.replace("\n", "\r\n")).plan(tmp_path)
    assert made.rewritten.count("\r\n") == made.rewritten.count("\n")


def test_that_run_time_files_are_carried_as_few_folders(tmp_path: Path) -> None:
    own = (file("/app/templates/a.html", 100), file("/app/templates/b/c.html", 50), file("/app/config.yaml", 7),
           file("/etc/web/web.conf", 5), file("/app/internal/x.go", 9))  # fmt: skip
    made = Project(own=own).plan(tmp_path)
    copies = [line for line in runtime_stage(made) if " /app/" in line or " /etc/web" in line]
    assert copies == [
        "COPY --from=build /app/config.yaml /app/config.yaml",
        "COPY --from=build /app/templates /app/templates",
        "COPY --from=build /etc/web /etc/web",
        "COPY --from=build /app/server /app/server",
    ]
    assert change_of(made, "run-time-files").bytes == -162


def test_that_the_config_stays_but_for_what_only_building_reads(tmp_path: Path) -> None:
    text = (
        "FROM golang:1.27-bookworm\nARG VERSION=7\nENV MODE=release GOFLAGS=-mod=mod\nLABEL v=$VERSION\nWORKDIR /app\nCOPY . .\n"
        "RUN go build -o server .\nEXPOSE 8080 9090/udp\nVOLUME /data\nSTOPSIGNAL SIGINT\n"
        'HEALTHCHECK --interval=5s CMD ["/app/server", "health"]\nUSER 1000\nENTRYPOINT ["/app/server"]\nCMD ["-v"]\n'
    )
    config = Config(
        env=(*GO_ENV, "MODE=release", "GOFLAGS=-mod=mod"), entrypoint=("/app/server",), cmd=("-v",), working_dir="/app",
        user="1000", exposed_ports=("8080/tcp", "9090/udp"), volumes=("/data",), labels={"v": "7"}, stop_signal="SIGINT",
        healthcheck=("CMD", "/app/server", "health"),
    )  # fmt: skip
    made = Project(dockerfile=text, config=config).plan(tmp_path)
    changed = {item.field for item in made.config_changes}
    assert changed == {"env.PATH", "env.GOPATH", "env.GOTOOLCHAIN", "env.GOLANG_VERSION"}
    stage = runtime_stage(made)
    assert stage[1:3] == ["ARG VERSION=7", "ENV MODE=release GOFLAGS=-mod=mod"]
    assert stage[-8:] == [
        "LABEL v=$VERSION", "EXPOSE 8080 9090/udp", "VOLUME /data", "STOPSIGNAL SIGINT",
        'HEALTHCHECK --interval=5s CMD ["/app/server", "health"]', "USER 1000", 'ENTRYPOINT ["/app/server"]', 'CMD ["-v"]',
    ]  # fmt: skip


def test_that_the_image_alone_is_packed_anew_with_its_own_loader_and_libraries(
    tmp_path: Path,
) -> None:
    made = Project(dockerfile=None, sources=None).plan(tmp_path)
    assert made.mode == "image"
    assert made.rewritten.startswith("FROM test:latest AS build\n")
    assert (
        "COPY --from=build /lib64/ld-linux-x86-64.so.2 /lib64/ld-linux-x86-64.so.2"
        in runtime_stage(made)
    )
    assert made.predicted_bytes == 13 * MEGABYTE + LOADER + LIBC + CERTIFICATES + _ACCOUNTS
    assert not change_of(made, "non-root").enabled


def test_that_a_source_folder_without_dockerfile_uses_the_history_that_tells_all(
    tmp_path: Path,
) -> None:
    made = Project(dockerfile=None).plan(tmp_path)
    assert made.mode == "source"
    assert "CGO_ENABLED=0 go build -trimpath" in made.rewritten
    assert made.original.startswith("FROM golang:1.27-bookworm\n")
    assert runtime_stage(made)[0] == "FROM scratch"


def test_that_a_source_folder_and_a_lossy_history_get_a_recipe_from_build_info(
    tmp_path: Path,
) -> None:
    steps = ("/bin/sh -c #(nop) COPY dir:" + "ab" * 32 + " in . ", "/bin/sh -c make")
    facts = replace(
        STATIC,
        main_package="example.com/web/cmd/web",
        settings={"CGO_ENABLED": "0", "-tags": "json,x"},
    )
    sources = {**Project().sources, "cmd/web/main.go": "package main\n"}  # type: ignore[dict-item]
    made = Project(dockerfile=None, steps=steps, facts=facts, sources=sources).plan(tmp_path)
    assert "FROM golang:1.27-bookworm AS build\nWORKDIR /src\n" in made.rewritten
    assert (
        'CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -tags=json,x -o /app/server ./cmd/web'
        in made.rewritten
    )


def test_that_a_plan_is_made_again_from_its_preparation_with_other_switches(tmp_path: Path) -> None:
    project = Project()
    project.plan(tmp_path)
    sources = read_sources(Task(), tmp_path)
    prepared = prepare(
        project.analysis(),
        project.dockerfile,
        sources,
        project.facts,
        RewriteOptions(),
        (base_image(),),
    )
    first, second, third = plan(prepared), plan(prepared, {"strip-symbols": False}), plan(prepared)
    assert second.predicted_bytes - first.predicted_bytes == PROGRAM.removable_bytes
    assert first == third


def test_that_bases_that_are_not_local_are_counted_by_the_table_and_said_so(tmp_path: Path) -> None:
    made = Project(options=RewriteOptions(runtime="debian")).plan(tmp_path)
    assert made.runtime.image == "debian:bookworm-slim"
    assert made.layers[0].basis == "table"
    assert (
        "debian:bookworm-slim is not on this engine; its size comes from a table." in made.warnings
    )


def test_that_ci_jobs_build_the_platforms_asked_for(tmp_path: Path) -> None:
    options = RewriteOptions(ci=("github", "gitlab"), platforms=("linux/amd64", "linux/arm64"))
    made = Project(options=options).plan(tmp_path)
    assert "platforms: linux/amd64,linux/arm64" in made.jobs["github"]
    assert 'PLATFORMS: "linux/amd64,linux/arm64"' in made.jobs["gitlab"]
    assert made.rewritten.startswith(
        "FROM --platform=$BUILDPLATFORM golang:1.27-bookworm AS build\n"
    )
    assert "ARG TARGETOS TARGETARCH\nRUN" in made.rewritten
    assert "GOOS=$TARGETOS GOARCH=$TARGETARCH" in made.rewritten


def test_that_a_file_that_cannot_be_parsed_is_told_and_not_split(tmp_path: Path) -> None:
    text = (Project().dockerfile or "") + "INSTALL x\n"
    made = Project(dockerfile=text).plan(tmp_path)
    assert [(p.line, p.reason) for p in made.problems] == [(6, "INSTALL is not an instruction.")]
    assert not change_of(made, "split-stages").available


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "RUN x\n", "FROM\n"])
def test_that_a_dockerfile_with_no_stage_gives_a_plan_without_changes(
    tmp_path: Path, text: str
) -> None:
    made = Project(dockerfile=text).plan(tmp_path)
    assert made.problems != ()
    assert not any(c.enabled for c in made.changes if c.rule != "dockerignore")


def test_that_upx_and_root_are_never_touched_by_themselves(tmp_path: Path) -> None:
    made = Project().plan(tmp_path)
    for rule in ("upx", "non-root", "copy-link", "platforms"):
        assert not change_of(made, rule).enabled
    assert "pinned-base" not in rules_of(made)


def test_that_upx_when_asked_for_is_an_estimate(tmp_path: Path) -> None:
    made = Project(switches={"upx": True}).plan(tmp_path)
    assert "upx /app/server" in made.rewritten
    assert next(x for x in made.layers if x.kind == "program").basis == "estimate"


def test_that_only_an_image_of_a_file_has_to_be_loaded_before_it_is_packed_anew(
    tmp_path: Path,
) -> None:
    alone = replace(Project(), dockerfile=None, sources=None)
    told = "load the archive into it"
    for source, expected in (
        ("unix:///var/run/docker.sock", False),
        ("docker-archive", True),
        ("oci", True),
    ):
        analysis = alone.analysis()
        moved = replace(analysis, image=replace(analysis.image, source=source, reference="web:1"))
        made = plan(prepare(moved, None, None, alone.facts, RewriteOptions()))
        assert any(told in text for text in made.warnings) is expected
