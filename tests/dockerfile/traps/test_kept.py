"""What breaks when something is dropped that nobody named: other programs, trust, shells, settings that only some read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.dockerfile.projects import (
    ELF,
    GO_ENV,
    NAIVE,
    PROGRAM,
    SOURCES,
    Project,
    change_of,
    runtime_stage,
)
from tests.dockerfile.traps.cases import config_of, run
from tests.support.layers import file


@pytest.mark.parametrize("place", ["/app/worker", "/usr/local/bin/worker"])
def test_that_other_programs_of_the_same_build_go_along(tmp_path: Path, place: str) -> None:
    text = run(f"go build -o server . && go build -o {place} ./cmd/worker")
    own = (file(place, 5_000_000, head=ELF, mode=0o755),)
    made = Project(dockerfile=text, own=own).plan(tmp_path)
    stage = runtime_stage(made)
    assert f"COPY --from=build {place} {place}" in stage
    assert "COPY --from=build /app/server /app/server" in stage


@pytest.mark.parametrize(
    ("variable", "path", "folder"),
    [
        ("SSL_CERT_FILE=/certs/ca.pem", "/certs/ca.pem", "/certs"),
        ("SSL_CERT_DIR=/usr/local/share/ca", "/usr/local/share/ca/own.crt", "/usr/local/share/ca"),
        ("KO_DATA_PATH=/var/run/ko", "/var/run/ko/a.txt", "/var/run/ko"),
    ],
)
def test_that_files_named_by_variables_go_along_with_them(
    tmp_path: Path, variable: str, path: str, folder: str
) -> None:
    config = config_of(env=(*GO_ENV, variable))
    stage = runtime_stage(Project(own=(file(path, 500),), config=config).plan(tmp_path))
    assert f"ENV {variable}" in stage
    assert f"COPY --from=build {folder} {folder}" in stage
    assert "COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt" in stage  # fmt: skip


def test_that_hidden_and_code_like_run_time_files_go_along(tmp_path: Path) -> None:
    own = tuple(
        file(f"/app/{name}", 5)
        for name in (".env", "conf/app.yml", "internal/mail.txt", "migrations/001.sql")
    )
    stage = runtime_stage(Project(own=own).plan(tmp_path))
    for name in (".env", "conf", "internal", "migrations"):
        assert f"COPY --from=build /app/{name} /app/{name}" in stage


def test_that_a_volume_keeps_what_it_begins_with(tmp_path: Path) -> None:
    made = Project(
        dockerfile=NAIVE + "VOLUME /app/data\n",
        own=(file("/app/data/seed.db", 5),),
        config=config_of(volumes=("/app/data",)),
    ).plan(tmp_path)
    stage = runtime_stage(made)
    assert stage.index("COPY --from=build /app/data /app/data") < stage.index("VOLUME /app/data")


def test_that_a_script_for_bash_is_not_put_where_there_is_only_sh(tmp_path: Path) -> None:
    own = (file("/app/run.sh", 40, head=b"#!/bin/bash\nexec /app"[:20], mode=0o755),)
    text = NAIVE.replace('CMD ["/app/server"]', 'ENTRYPOINT ["/app/run.sh"]\nCMD ["./server"]')
    config = config_of(entrypoint=("/app/run.sh",), cmd=("./server",))
    project = Project(dockerfile=text, own=own, config=config, switches={"split-stages": True})
    assert runtime_stage(project.plan(tmp_path))[0] == "FROM debian:bookworm-slim"
    asked = replace(project, options=replace(project.options, runtime="alpine"), switches={})
    change = change_of(asked.plan(tmp_path), "split-stages")
    assert not change.enabled
    assert "script /app/run.sh" in change.why_off


def test_that_a_program_in_cxx_gets_its_runtime_libraries(tmp_path: Path) -> None:
    facts = replace(
        PROGRAM, needed=("libstdc++.so.6", "libgcc_s.so.1", "libc.so.6"), cgo_packages=("x.com/c",)
    )
    assert runtime_stage(Project(facts=facts).plan(tmp_path))[0] == "FROM debian:bookworm-slim"


def test_that_the_revision_is_never_switched_off_in_a_build(tmp_path: Path) -> None:
    sources = {**SOURCES, ".git/HEAD": "ref\n"}
    facts = replace(PROGRAM, uses=frozenset({"build-info"}))
    for dockerfile in (NAIVE, None):
        made = Project(dockerfile=dockerfile, sources=sources, facts=facts).plan(tmp_path)
        assert "-buildvcs" not in made.rewritten


def test_that_name_services_stay_as_they_were(tmp_path: Path) -> None:
    # Go before 1.16 asks DNS before /etc/hosts where there is no such file (golang/go#35305).
    stage = runtime_stage(Project().plan(tmp_path))
    assert "COPY --from=build /etc/nsswitch.conf /etc/nsswitch.conf" in stage


def test_that_a_command_never_becomes_an_entrypoint(tmp_path: Path) -> None:
    # docker run IMAGE ARGUMENTS and compose's command: replace the one and not the other.
    for line in ('CMD ["/app/server"]', "CMD /app/server"):
        text = NAIVE.replace('CMD ["/app/server"]', line)
        words = ("/app/server",) if "[" in line else ("/bin/sh", "-c", "/app/server")
        made = Project(dockerfile=text, config=config_of(cmd=words)).plan(tmp_path)
        assert runtime_stage(made)[-1] == 'CMD ["/app/server"]'
        assert "ENTRYPOINT" not in made.rewritten


def test_that_what_packages_recommend_is_not_left_out(tmp_path: Path) -> None:
    # Without its recommended packages a program may miss a part that it finds only when it runs.
    install = "RUN apt-get update && apt-get install -y ffmpeg\n"
    made = Project(dockerfile=NAIVE.replace("WORKDIR", install + "WORKDIR")).plan(tmp_path)
    assert "--no-install-recommends" not in made.rewritten


def test_that_the_card_names_what_stays_behind_and_not_what_goes_along(tmp_path: Path) -> None:
    own = (file("/app/cache/core.1234", 9_000_000),)
    project = Project(own=own)
    found = change_of(project.plan(tmp_path), "split-stages").findings
    known = {finding.id for finding in project.analysis().findings}
    assert {"go-toolchain", "go-build-cache"} <= set(found) <= known
    assert "binary-debug-symbols" not in found
