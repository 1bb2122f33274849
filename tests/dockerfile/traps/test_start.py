"""What breaks when a start line is rewritten or its shell goes away."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dockerfile.projects import (
    ELF,
    GO_ENV,
    NAIVE,
    Project,
    change_of,
    runtime_stage,
)
from tests.dockerfile.traps.cases import config_of
from tests.support.layers import file


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
        dockerfile=NAIVE.replace('CMD ["/app/server"]', line), config=config_of(**start)
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
    made = Project(dockerfile=text, config=config_of(cmd=("/bin/sh", "-c", command))).plan(tmp_path)
    assert runtime_stage(made)[0] == "FROM alpine:3.20"
    assert runtime_stage(made)[-1] == f"CMD {command}"


def test_that_a_shell_entrypoint_with_arguments_beside_it_is_left_alone(tmp_path: Path) -> None:
    text = NAIVE.replace('CMD ["/app/server"]', 'ENTRYPOINT /app/server\nCMD ["-v"]')
    config = config_of(entrypoint=("/bin/sh", "-c", "/app/server"), cmd=("-v",))
    made = Project(dockerfile=text, config=config).plan(tmp_path)
    assert not change_of(made, "exec-form").available
    assert made.rewritten.endswith('ENTRYPOINT /app/server\nCMD ["-v"]\n')


def test_that_a_script_as_entrypoint_is_not_split_by_itself(tmp_path: Path) -> None:
    own = (file("/app/run.sh", 40, head=b"#!/bin/sh\nexec /app/"[:20], mode=0o755),)
    text = NAIVE.replace("/app/server", "/app/run.sh")
    made = Project(dockerfile=text, own=own, config=config_of(cmd=("/app/run.sh",))).plan(tmp_path)
    change = change_of(made, "split-stages")
    assert not change.enabled
    assert "script /app/run.sh" in change.why_off


def test_that_go_run_is_not_split(tmp_path: Path) -> None:
    text = NAIVE.replace('["/app/server"]', '["go", "run", "."]')
    made = Project(dockerfile=text, config=config_of(cmd=("go", "run", "."))).plan(tmp_path)
    assert not change_of(made, "split-stages").enabled


def test_that_a_program_found_through_path_keeps_the_path(tmp_path: Path) -> None:
    text = NAIVE.replace("go build -o server .", "go install .").replace(
        '["/app/server"]', '["web"]'
    )
    entry = file("/go/bin/web", 13_000_000, head=ELF, mode=0o755)
    made = Project(dockerfile=text, entry=entry, config=config_of(cmd=("web",))).plan(tmp_path)
    stage = runtime_stage(made)
    assert f"ENV {GO_ENV[0]}" in stage
    assert "COPY --from=build /go/bin/web /go/bin/web" in stage


def test_that_a_relative_start_keeps_the_working_directory(tmp_path: Path) -> None:
    text = NAIVE.replace('["/app/server"]', '["./server"]')
    made = Project(dockerfile=text, config=config_of(cmd=("./server",))).plan(tmp_path)
    assert "WORKDIR /app" in runtime_stage(made)
    assert runtime_stage(made)[-1] == 'CMD ["./server"]'
