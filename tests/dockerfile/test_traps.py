"""What can break a program when its image is rewritten: for each, the rule keeps its hands off, asks, or carries what is needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from explorer.dockerfile.facts import ProgramFacts
from explorer.dockerfile.parser import parse
from explorer.dockerfile.rewrite.change import RewriteOptions, RewritePlan
from explorer.image.model import Config
from tests.dockerfile.projects import (
    ELF,
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
from tests.support.layers import Entry, directory, file, symlink

_UNPROVED = replace(PROGRAM, uses=None, cgo_packages=None)


def _run(command: str) -> str:
    return NAIVE.replace("go build -o server .", command)


def _using(*uses: str, base: ProgramFacts = PROGRAM) -> ProgramFacts:
    return replace(base, uses=frozenset({"certificates", *uses}))


def _code(text: str) -> dict[str, str]:
    return {**SOURCES, "extra.go": f"package main\n\n{text}\n"}


def _config(**fields: object) -> Config:
    plain: dict[str, object] = {"env": GO_ENV, "cmd": ("/app/server",), "working_dir": "/app"}
    return Config(**{**plain, **fields})  # type: ignore[arg-type]


# --- C


@pytest.mark.parametrize(
    ("facts", "sources", "why"),
    [
        (replace(PROGRAM, cgo_packages=("github.com/mattn/go-sqlite3", "net")), SOURCES, "github.com/mattn/go-sqlite3 needs C."),
        (replace(PROGRAM, dependencies=("github.com/confluentinc/confluent-kafka-go/v2",)), SOURCES, "github.com/confluentinc/confluent-kafka-go/v2 needs C."),
        (PROGRAM, _code('import "C"'), "extra.go:3 imports C."),
        (_using("plugins"), SOURCES, "The program loads Go plugins, which need C."),
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
    assert change_of(Project(dockerfile=_run(command)).plan(tmp_path), "no-cgo").why_off == why


def test_that_code_for_builds_without_cgo_is_asked_about(tmp_path: Path) -> None:
    sources = {**SOURCES, "b.go": "//go:build !cgo\n\npackage main\n"}
    change = change_of(Project(sources=sources).plan(tmp_path), "no-cgo")
    assert (change.enabled, change.available) == (False, True)
    assert change.why_off == "b.go:1 has other code for builds without cgo."


def test_that_unreadable_functions_leave_c_to_the_user(tmp_path: Path) -> None:
    assert not change_of(Project(facts=_UNPROVED).plan(tmp_path), "no-cgo").enabled


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
    text = _run("CGO_ENABLED=0 go build -buildmode=pie -o server .")
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
        config=_config(**config), facts=facts, options=RewriteOptions(runtime=runtime)
    )
    change = change_of(project.plan(tmp_path), "split-stages")
    assert (change.enabled, change.available, change.risk) == (False, True, "high")
    assert why in change.why_off


def test_that_the_stub_of_go_sqlite3_is_warned_of(tmp_path: Path) -> None:
    made = Project(facts=replace(STATIC, sqlite_stub=True)).plan(tmp_path)
    assert any("go-sqlite3" in warning for warning in made.warnings)


# --- linker flags and paths


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
    made = Project(dockerfile=_run(before), switches=off).plan(tmp_path)
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
    made = Project(dockerfile=_run(command)).plan(tmp_path)
    assert not change_of(made, "strip-symbols").available
    assert "-s -w" not in made.rewritten


def test_that_a_stripped_program_is_not_stripped_again(tmp_path: Path) -> None:
    made = Project(facts=replace(PROGRAM, stripped=True, removable_bytes=0)).plan(tmp_path)
    assert "strip-symbols" not in rules_of(made)


def test_that_a_debug_build_keeps_its_symbols(tmp_path: Path) -> None:
    made = Project(dockerfile=_run('go build -gcflags="all=-N -l" -o server .')).plan(tmp_path)
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
        Project(sources=_code("var _ = runtime.Caller(0)")).plan(tmp_path), "trimpath"
    )
    assert not change.enabled
    assert change.why_off.startswith("extra.go:3 calls runtime.Caller")


def test_that_forced_rebuilds_go_and_nothing_else_of_the_command(tmp_path: Path) -> None:
    text = _run(
        "CGO_ENABLED=0 GOOS=linux go build -a -installsuffix cgo -tags netgo -o server ./cmd/web"
    )
    off = dict.fromkeys(("strip-symbols", "trimpath", "cache-mounts"), False)
    made = Project(dockerfile=text, facts=STATIC, switches=off).plan(tmp_path)
    assert (
        "RUN CGO_ENABLED=0 GOOS=linux go build -tags netgo -o server ./cmd/web\n" in made.rewritten
    )


# --- start


@pytest.mark.parametrize(
    ("line", "words"),
    [("CMD /app/server", 'CMD ["/app/server"]'), ("CMD /app/server -v --port 80", 'CMD ["/app/server", "-v", "--port", "80"]'),
     ("ENTRYPOINT ./server", 'ENTRYPOINT ["./server"]')],
)  # fmt: skip
def test_that_plain_start_lines_become_lists_of_the_same_kind(
    tmp_path: Path, line: str, words: str
) -> None:
    keyword, command = line.split(" ", 1)
    start = (
        {"cmd": ("/bin/sh", "-c", command)}
        if keyword == "CMD"
        else {"cmd": (), "entrypoint": ("/bin/sh", "-c", command)}
    )
    made = Project(
        dockerfile=NAIVE.replace('CMD ["/app/server"]', line), config=_config(**start)
    ).plan(tmp_path)
    assert runtime_stage(made)[-1] == words
    assert made.runtime.choice == "scratch"


@pytest.mark.parametrize(
    "command",
    [
        "/app/server -p $PORT",
        "/app/server; echo bye",
        "exec /app/server",
        "sleep 1 && /app/server",
        "/app/server > /log",
        "A=1 /app/server",
        "/app/server 'a b'",
    ],
)
def test_that_start_lines_that_need_a_shell_keep_it(tmp_path: Path, command: str) -> None:
    text = NAIVE.replace('CMD ["/app/server"]', f"CMD {command}")
    made = Project(dockerfile=text, config=_config(cmd=("/bin/sh", "-c", command))).plan(tmp_path)
    assert runtime_stage(made)[0] == "FROM alpine:3.20"
    assert runtime_stage(made)[-1] == f"CMD {command}"


def test_that_a_shell_entrypoint_with_arguments_beside_it_is_left_alone(tmp_path: Path) -> None:
    text = NAIVE.replace('CMD ["/app/server"]', 'ENTRYPOINT /app/server\nCMD ["-v"]')
    config = _config(entrypoint=("/bin/sh", "-c", "/app/server"), cmd=("-v",))
    made = Project(dockerfile=text, config=config).plan(tmp_path)
    assert not change_of(made, "exec-form").available
    assert made.rewritten.endswith('ENTRYPOINT /app/server\nCMD ["-v"]\n')


def test_that_a_script_as_entrypoint_is_not_split_by_itself(tmp_path: Path) -> None:
    own = (file("/app/run.sh", 40, head=b"#!/bin/sh\nexec /app/"[:20], mode=0o755),)
    text = NAIVE.replace("/app/server", "/app/run.sh")
    made = Project(dockerfile=text, own=own, config=_config(cmd=("/app/run.sh",))).plan(tmp_path)
    change = change_of(made, "split-stages")
    assert not change.enabled
    assert "script /app/run.sh" in change.why_off


def test_that_go_run_is_not_split(tmp_path: Path) -> None:
    text = NAIVE.replace('["/app/server"]', '["go", "run", "."]')
    made = Project(dockerfile=text, config=_config(cmd=("go", "run", "."))).plan(tmp_path)
    assert not change_of(made, "split-stages").enabled


def test_that_a_program_found_through_path_keeps_the_path(tmp_path: Path) -> None:
    text = NAIVE.replace("go build -o server .", "go install .").replace(
        '["/app/server"]', '["web"]'
    )
    entry = file("/go/bin/web", 13_000_000, head=ELF, mode=0o755)
    made = Project(dockerfile=text, entry=entry, config=_config(cmd=("web",))).plan(tmp_path)
    stage = runtime_stage(made)
    assert f"ENV {GO_ENV[0]}" in stage
    assert "COPY --from=build /go/bin/web /go/bin/web" in stage


def test_that_a_relative_start_keeps_the_working_directory(tmp_path: Path) -> None:
    text = NAIVE.replace('["/app/server"]', '["./server"]')
    made = Project(dockerfile=text, config=_config(cmd=("./server",))).plan(tmp_path)
    assert "WORKDIR /app" in runtime_stage(made)
    assert runtime_stage(made)[-1] == 'CMD ["./server"]'


# --- what the program needs


@pytest.mark.parametrize(
    ("test", "image"),
    [
        (("CMD-SHELL", "wget -q -O- http://localhost:8080/ || exit 1"), "alpine:3.20"),
        (("CMD", "/app/server", "health"), "scratch"),
        (("NONE",), "scratch"),
    ],
)
def test_that_the_health_check_finds_its_programs(
    tmp_path: Path, test: tuple[str, ...], image: str
) -> None:
    made = Project(config=_config(healthcheck=test)).plan(tmp_path)
    assert made.runtime.image == image


def test_that_a_health_check_with_curl_is_not_split_by_itself(tmp_path: Path) -> None:
    config = _config(healthcheck=("CMD-SHELL", "curl -f http://localhost:8080/"))
    change = change_of(Project(config=config).plan(tmp_path), "split-stages")
    assert not change.enabled
    assert "curl" in change.why_off


def test_that_a_program_that_starts_others_is_not_split_by_itself(tmp_path: Path) -> None:
    sources = _code('var c = exec.Command("ffmpeg", "-i", "x")')
    change = change_of(
        Project(facts=_using("programs"), sources=sources).plan(tmp_path), "split-stages"
    )
    assert not change.enabled
    assert change.why_off == "The program starts other programs: ffmpeg."


def test_that_packages_of_the_image_are_taken_for_needed(tmp_path: Path) -> None:
    steps = (
        "RUN /bin/sh -c apt-get update && apt-get install -y git ffmpeg # buildkit",
        "RUN /bin/sh -c go build # buildkit",
    )
    change = change_of(Project(steps=steps).plan(tmp_path), "split-stages")
    assert not change.enabled
    assert "ffmpeg" in change.why_off
    assert "git" not in change.why_off


@pytest.mark.parametrize(
    "packages",
    ["git gcc musl-dev", "ca-certificates tzdata", "--no-install-recommends build-essential=12.9"],
)
def test_that_packages_for_building_do_not_stand_in_the_way(tmp_path: Path, packages: str) -> None:
    steps = (
        f"RUN /bin/sh -c apt-get install -y {packages} # buildkit",
        "RUN /bin/sh -c go build # buildkit",
    )
    assert change_of(Project(steps=steps).plan(tmp_path), "split-stages").enabled


def test_that_capabilities_are_not_lost_silently(tmp_path: Path) -> None:
    steps = (
        "COPY . . # buildkit",
        "RUN /bin/sh -c go build && setcap cap_net_bind_service=+ep server # buildkit",
    )
    assert "setcap" in change_of(Project(steps=steps).plan(tmp_path), "split-stages").why_off


def test_that_an_image_for_other_builds_is_not_split_by_itself(tmp_path: Path) -> None:
    text = NAIVE + "ONBUILD COPY . /src\n"
    assert "ONBUILD" in change_of(Project(dockerfile=text).plan(tmp_path), "split-stages").why_off


def test_that_a_program_that_was_not_looked_at_is_not_moved(tmp_path: Path) -> None:
    made = Project(facts=ProgramFacts()).plan(tmp_path)
    assert not change_of(made, "split-stages").enabled


@pytest.mark.parametrize(
    ("facts", "env", "carried"),
    [
        (PROGRAM, (), False),
        (_using("time-zones"), (), True),
        (_UNPROVED, (), True),
        (PROGRAM, ("TZ=Europe/Berlin",), True),
    ],
)
def test_that_time_zones_are_carried_where_they_may_be_looked_up(
    tmp_path: Path, facts: ProgramFacts, env: tuple[str, ...], carried: bool
) -> None:
    made = Project(
        facts=facts, config=_config(env=GO_ENV + env), switches={"split-stages": True}
    ).plan(tmp_path)
    assert (
        "COPY --from=build /usr/share/zoneinfo /usr/share/zoneinfo" in runtime_stage(made)
    ) is carried


def test_that_a_program_without_tls_needs_no_certificates(tmp_path: Path) -> None:
    made = Project(facts=replace(PROGRAM, uses=frozenset())).plan(tmp_path)
    assert "certificates" not in rules_of(made)


def test_that_certificates_of_the_users_own_are_carried(tmp_path: Path) -> None:
    steps = ("COPY . . # buildkit", "RUN /bin/sh -c update-ca-certificates && go build # buildkit")
    change = change_of(Project(steps=steps).plan(tmp_path), "certificates")
    assert change.enabled
    assert "certificates of its own" in change.reason


def test_that_the_tables_of_content_types_are_carried(tmp_path: Path) -> None:
    made = Project(facts=_using("file-types"), own=(file("/etc/mime.types", 73_000),)).plan(
        tmp_path
    )
    assert "COPY --from=build /etc/mime.types /etc/mime.types" in runtime_stage(made)


def test_that_a_user_by_name_stays_with_its_accounts(tmp_path: Path) -> None:
    text = NAIVE.replace("CMD", "USER web\nCMD")
    made = Project(dockerfile=text, config=_config(user="web")).plan(tmp_path)
    stage = runtime_stage(made)
    assert stage.index("COPY --from=build /etc/passwd /etc/passwd") < stage.index("USER web")
    assert "non-root" not in rules_of(made)


def test_that_folders_are_made_by_root_where_the_build_is_not(tmp_path: Path) -> None:
    text = NAIVE.replace("RUN", "USER web\nRUN")
    made = Project(dockerfile=text, config=_config(user="web")).plan(tmp_path)
    assert "USER 0\nRUN mkdir -p /runtime-root/tmp" in made.rewritten
    assert runtime_stage(made)[-2] == "USER web"


def _owned(path: str, uid: int, mode: int = 0o755) -> Entry:
    from explorer.filesystem.layer import Kind

    return lambda b: b.add(path.strip("/").encode(), Kind.DIRECTORY, mode, uid=uid, gid=uid)


def test_that_folders_keep_owner_and_mode_and_empty_ones_exist(tmp_path: Path) -> None:
    own = (_owned("/app/data", 1000, 0o750), directory("/var/lib/web"), file("/app/data2/x", 1))
    made = Project(own=own).plan(tmp_path)
    assert "install -d -o 1000 -g 1000 -m 750 /runtime-root/app/data" in made.rewritten
    assert "install -d -o 0 -g 0 -m 755 /runtime-root/var/lib/web" in made.rewritten


def test_that_links_stay_links_even_where_they_lead_nowhere(tmp_path: Path) -> None:
    made = Project(own=(symlink("/app/current", "/data/x"),)).plan(tmp_path)
    assert "ln -s /data/x /runtime-root/app/current" in made.rewritten
    assert not any("/app/current" in line for line in runtime_stage(made))


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("two words.txt", 'COPY --from=build ["/app/two words.txt", "/app/two words.txt"]'),
        ("a[1].txt", 'COPY --from=build ["/app/a[[]1].txt", "/app/a[1].txt"]'),
        ("price$.txt", 'COPY --from=build ["/app/price\\\\$.txt", "/app/price\\\\$.txt"]'),
    ],
)
def test_that_odd_names_are_written_so_that_docker_reads_them_as_names(
    tmp_path: Path, name: str, line: str
) -> None:
    made = Project(own=(file(f"/app/{name}", 3),)).plan(tmp_path)
    assert line in runtime_stage(made)


def test_that_vendored_modules_and_test_data_are_not_carried(tmp_path: Path) -> None:
    own = (
        file("/app/vendor/modules.txt", 9),
        file("/app/vendor/x.com/y/data.bin", 5),
        file("/app/testdata/z", 5),
    )
    made = Project(own=own).plan(tmp_path)
    assert "run-time-files" not in rules_of(made)


# --- modules and caches


@pytest.mark.parametrize(
    ("sources", "why"),
    [
        ({"main.go": "package main\n"}, "There is no go.mod in the source folder."),
        ({**SOURCES, "vendor/modules.txt": "#\n"}, "The modules are in vendor/; nothing is downloaded."),
        ({**SOURCES, "go.mod": "module m\n\nreplace example.com/x => ../x\n"}, "go.mod or go.work names ../x, outside of the source folder."),
        ({**SOURCES, "go.mod": "module m\n\nreplace example.com/x => ./x\n"}, "go.mod or go.work names x, which has no go.mod."),
    ],
)  # fmt: skip
def test_that_modules_are_not_downloaded_first_where_that_would_fail(
    tmp_path: Path, sources: Mapping[str, str], why: str
) -> None:
    change = change_of(Project(sources=sources).plan(tmp_path), "modules-first")
    assert (change.available, change.why_off) == (False, why)


def test_that_local_modules_and_workspaces_are_copied_before_the_download(tmp_path: Path) -> None:
    sources = {
        **SOURCES, "go.mod": "module m\n\nreplace (\n\texample.com/x => ./lib/x\n)\n", "lib/x/go.mod": "module x\n",
        "go.work": "go 1.26\n\nuse (\n\t.\n\t./tool\n)\n", "tool/go.mod": "module tool\n",
    }  # fmt: skip
    made = Project(sources=sources).plan(tmp_path)
    assert (
        "COPY go.mod go.sum* go.work go.work.sum* ./\n"
        "COPY lib/x/go.mod lib/x/go.sum* ./lib/x/\n"
        "COPY tool/go.mod tool/go.sum* ./tool/\n"
    ) in made.rewritten


@pytest.mark.parametrize(
    "step",
    [
        "RUN git config --global url.x.insteadOf y\n",
        "COPY .netrc /root/.netrc\n",
        "ENV GOPRIVATE=example.com\n",
        "RUN go mod tidy\n",
        "RUN go generate ./...\n",
    ],
)
def test_that_modules_are_not_downloaded_before_access_to_them_is_set_up(
    tmp_path: Path, step: str
) -> None:
    made = Project(dockerfile=NAIVE.replace("RUN", step + "RUN")).plan(tmp_path)
    assert not change_of(made, "modules-first").available


def test_that_a_download_that_stands_too_late_is_moved_up(tmp_path: Path) -> None:
    made = Project(dockerfile=NAIVE.replace("RUN", "RUN go mod download\nRUN")).plan(tmp_path)
    assert made.rewritten.count("go mod download") == 1
    assert made.rewritten.index("go mod download") < made.rewritten.index("COPY . .")


def test_that_modules_are_copied_where_the_sources_go(tmp_path: Path) -> None:
    text = NAIVE.replace("WORKDIR /app\nCOPY . .\n", "COPY . /app\nWORKDIR /app\n")
    made = Project(dockerfile=text).plan(tmp_path)
    assert "COPY go.mod go.sum* /app/\n" in made.rewritten
    assert "cd /app && go mod download\n" in made.rewritten


@pytest.mark.parametrize(
    "step",
    [
        "RUN cp -r /go/pkg/mod/x.com/y/assets .\n",
        "RUN cp -r $(go list -f '{{.Dir}}' -m x.com/y)/a .\n",
        "RUN make assets\n",
        "RUN ./build.sh\n",
        "RUN <<EOF\ngo generate ./...\nEOF\n",
    ],
)
def test_that_caches_are_not_mounted_where_another_step_reads_them(
    tmp_path: Path, step: str
) -> None:
    made = Project(dockerfile=NAIVE.replace("RUN", step + "RUN", 1)).plan(tmp_path)
    assert not change_of(made, "cache-mounts").available


def test_that_a_later_stage_that_copies_the_cache_stops_the_mounts(tmp_path: Path) -> None:
    text = (
        NAIVE.replace("FROM golang:1.27-bookworm", "FROM golang:1.27-bookworm AS a")
        + "FROM a\nCOPY --from=a /go/pkg/mod /m\n"
    )
    assert not change_of(Project(dockerfile=text).plan(tmp_path), "cache-mounts").available


def test_that_another_user_is_asked_before_caches_are_mounted(tmp_path: Path) -> None:
    made = Project(dockerfile=NAIVE.replace("RUN", "USER 1000\nRUN")).plan(tmp_path)
    assert not change_of(made, "cache-mounts").enabled


@pytest.mark.parametrize(
    ("env", "modules", "builds"),
    [
        ("", "/go/pkg/mod", "/root/.cache/go-build"),
        ("ENV GOPATH=/gp GOCACHE=/gc\n", "/gp/pkg/mod", "/gc"),
        ("ENV GOMODCACHE=/gm HOME=/h\n", "/gm", "/h/.cache/go-build"),
        ("ENV XDG_CACHE_HOME=/xdg\n", "/go/pkg/mod", "/xdg/go-build"),
    ],
)
def test_that_mounts_lie_where_go_looks(
    tmp_path: Path, env: str, modules: str, builds: str
) -> None:
    made = Project(dockerfile=NAIVE.replace("WORKDIR", env + "WORKDIR")).plan(tmp_path)
    assert (
        f"--mount=type=cache,target={modules} --mount=type=cache,target={builds} " in made.rewritten
    )


# --- platforms, context, other instructions


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
    facts = replace(_using("build-info"), settings={"CGO_ENABLED": "1", "vcs.revision": "abc"})
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
    made = Project(dockerfile=text, config=_config(exposed_ports=("8080/tcp", "80/tcp"))).plan(
        tmp_path
    )
    stage = runtime_stage(made)
    assert [line for line in stage if line.startswith("EXPOSE")] == ["EXPOSE 80", "EXPOSE 8080"]
    assert "exposed_ports" not in {item.field for item in made.config_changes}


def test_that_a_shell_command_behind_a_list_entrypoint_stays(tmp_path: Path) -> None:
    text = NAIVE.replace('CMD ["/app/server"]', 'ENTRYPOINT ["/app/server"]\nCMD -v')
    config = _config(entrypoint=("/app/server",), cmd=("/bin/sh", "-c", "-v"))
    assert not change_of(
        Project(dockerfile=text, config=config).plan(tmp_path), "exec-form"
    ).available


def test_that_a_wrapper_as_shell_stays(tmp_path: Path) -> None:
    text = NAIVE.replace('CMD ["/app/server"]', 'SHELL ["/wrap", "--"]\nCMD /app/server')
    config = _config(cmd=("/wrap", "--", "/app/server"))
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
    project = Project(facts=_using("time-zones"), base=base_without_zones)
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
    config = _config(env=(*GO_ENV, "GODEBUG=netdns=cgo"))
    assert not change_of(Project(config=config).plan(tmp_path), "no-cgo").enabled
    made = Project(dockerfile=_run("go build -tags netcgo -o server .")).plan(tmp_path)
    assert not change_of(made, "no-cgo").available


def test_that_labels_of_this_program_are_not_written_into_files(tmp_path: Path) -> None:
    config = _config(labels={"io.github.image-size-explorer.built-by": "x", "a": "b"})
    made = Project(config=config).plan(tmp_path)
    assert [line for line in runtime_stage(made) if line.startswith("LABEL")] == ["LABEL a=b"]


def test_that_a_start_script_takes_its_program_along_with_its_size(tmp_path: Path) -> None:
    own = (file("/app/run.sh", 40, head=b'#!/bin/sh\nexec "$@" '[:20], mode=0o755),)
    text = NAIVE.replace(
        'CMD ["/app/server"]', 'RUN chmod +x run.sh\nENTRYPOINT ["/app/run.sh"]\nCMD ["./server"]'
    )
    config = _config(entrypoint=("/app/run.sh",), cmd=("./server",))
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
    config = _config(entrypoint=("/app/run.sh",), cmd=("./server",))
    text = NAIVE.replace('CMD ["/app/server"]', 'ENTRYPOINT ["/app/run.sh"]\nCMD ["./server"]')
    facts = replace(PROGRAM, cgo_packages=("x.com/c",))
    made = Project(
        dockerfile=text, own=own, config=config, facts=facts, switches={"split-stages": True}
    ).plan(tmp_path)
    assert runtime_stage(made)[0] == "FROM debian:bookworm-slim"
