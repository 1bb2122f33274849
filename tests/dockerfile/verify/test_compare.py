"""Configs and runs compared, without an engine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from explorer.dockerfile.verify.asking import health_paths, links_in
from explorer.dockerfile.verify.config import config_check
from explorer.dockerfile.verify.dynamic import dynamic_checks
from explorer.dockerfile.verify.model import (
    DIFFERS,
    INCONCLUSIVE,
    SAME,
    Answer,
    Check,
    Observation,
    VerifyOptions,
)
from explorer.dockerfile.verify.programs import commands_in
from explorer.dockerfile.verify.verdict import verdict_of

_CONFIG: dict[str, Any] = {
    "Env": ["PATH=/go/bin:/usr/local/go/bin:/usr/bin:/bin", "GOPATH=/go", "MODE=release"],
    "Cmd": ["/app"],
    "WorkingDir": "/src",
    "Labels": {"a": "1"},
    "ExposedPorts": {"8080/tcp": {}},
}
_RUN = Observation(
    running=True,
    exit_code=0,
    ports=("8080",),
    answers={"8080/": Answer(200, {"content-type": "text/html"}, "<p>", "d")},
    log=("up",),
    written=("A /data/x",),
    stop_seconds=0.1,
    stop_code=0,
    reached="address",
)


def _results(old: Observation, again: Observation, new: Observation) -> dict[str, str]:
    return {c.name: c.result for c in dynamic_checks(old, again, new, VerifyOptions())}


def test_that_a_path_that_a_builder_wrote_down_is_the_engines_own() -> None:
    usual = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    without, with_it = {**_CONFIG, "Env": []}, {**_CONFIG, "Env": [usual]}
    for old, new in ((without, with_it), (with_it, without)):
        assert config_check(old, new, frozenset()).evidence == "Equal."
    other = {**_CONFIG, "Env": ["PATH=/opt/bin"]}
    assert config_check(without, other, frozenset()).result == DIFFERS


def test_that_variables_of_the_toolchain_may_go_and_the_path_may_lose_its_folders() -> None:
    new = {**_CONFIG, "Env": ["PATH=/usr/bin:/bin", "MODE=release"]}
    check = config_check(_CONFIG, new, frozenset())
    assert (check.result, check.evidence) == (
        SAME,
        "Equal except for what was meant to change: ENV GOPATH /go → —.",
    )


@pytest.mark.parametrize(
    ("change", "name", "evidence"),
    [
        ({"Env": _CONFIG["Env"][:2]}, "env:MODE", "ENV MODE release → —"),
        ({"Env": ["PATH=/bin", *_CONFIG["Env"][1:]]}, "env:PATH", "ENV PATH /usr/bin:/bin → /bin"),
        ({"User": "65532"}, "user", "User — → 65532"),
        ({"Cmd": ["/app", "x"]}, "cmd", "Cmd ['/app'] → ['/app', 'x']"),
        ({"WorkingDir": ""}, "workdir", "WorkingDir /src → /"),
        ({"ExposedPorts": None}, "expose", "ExposedPorts ['8080/tcp'] → []"),
        ({"Labels": {}}, "label:a", "LABEL a 1 → —"),
        ({"StopSignal": "SIGINT"}, "stopsignal", "StopSignal — → SIGINT"),
        ({"Healthcheck": {"Test": ["NONE"]}}, "healthcheck", "Healthcheck — → {'Test': ['NONE']}"),
    ],
)
def test_that_a_change_of_the_config_is_a_difference_unless_it_is_meant(
    change: dict[str, Any], name: str, evidence: str
) -> None:
    new = {**_CONFIG, **change}
    assert config_check(_CONFIG, new, frozenset()).evidence == f"Changed: {evidence}."
    assert config_check(_CONFIG, new, frozenset()).result == DIFFERS
    assert config_check(_CONFIG, new, frozenset({name})).result == SAME


def test_that_a_secret_in_the_environment_is_not_told() -> None:
    old = {**_CONFIG, "Env": ["DB_PASSWORD=hunter2"]}
    check = config_check(old, {**_CONFIG, "Env": ["DB_PASSWORD=hunter3"]}, frozenset())
    assert check.result == DIFFERS
    assert "hunter" not in check.evidence


def test_that_our_own_label_and_a_spelled_out_root_folder_are_no_changes() -> None:
    label = "io.github.image-size-explorer.built-by"
    old = {**_CONFIG, "WorkingDir": ""}
    new = {**old, "WorkingDir": "/", "Labels": {"a": "1", label: "x"}}
    assert config_check(old, new, frozenset()).evidence == "Equal."


def test_that_three_equal_runs_are_the_same() -> None:
    assert set(_results(_RUN, _RUN, _RUN).values()) == {SAME}


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"running": False, "exit_code": 1}, "Starts, and ends as before"),
        ({"ports": ()}, "Listens on the same ports"),
        ({"ports": ("8080", "9090")}, "Listens on the same ports"),
        ({"answers": {"8080/": Answer(500, {}, "no", "e")}}, "GET / on port 8080"),
        ({"answers": {"8080/": Answer(error="timeout")}}, "GET / on port 8080"),
        (
            {
                "answers": {
                    "8080/": replace(_RUN.answers["8080/"], headers={"content-type": "text/plain"})
                }
            },
            "GET / on port 8080",
        ),
        (
            {"answers": {"8080/": replace(_RUN.answers["8080/"], body="<b>", digest="e")}},
            "GET / on port 8080",
        ),
        ({"answers": {}}, "GET / on port 8080"),
        ({"stop_killed": True, "stop_seconds": 10.0, "stop_code": 137}, "Stops as before"),
        ({"stop_code": 143}, "Stops as before"),
        ({"log": ("up", "permission denied")}, "Output"),
        ({"written": ()}, "Files written"),
        ({"health": "unhealthy"}, "Health check"),
    ],
)
def test_that_each_change_of_behaviour_is_found_by_its_check(
    change: dict[str, Any], check: str
) -> None:
    new = replace(_RUN, **change)
    assert _results(_RUN, _RUN, new)[check] == DIFFERS


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"running": False, "exit_code": 1}, "Starts, and ends as before"),
        ({"answers": {"8080/": Answer(503, {}, "", "")}}, "GET / on port 8080"),
        ({"stop_code": 1}, "Stops as before"),
    ],
)
def test_that_an_old_image_which_is_not_steady_proves_nothing(
    change: dict[str, Any], check: str
) -> None:
    again = replace(_RUN, **change)
    assert _results(_RUN, again, again)[check] == INCONCLUSIVE


def test_that_an_old_image_which_fails_by_itself_proves_nothing() -> None:
    failed = Observation(running=False, exit_code=1, log=("dial tcp: no database",))
    checks = dynamic_checks(failed, failed, failed, VerifyOptions())
    assert checks[0].result == INCONCLUSIVE
    assert "no database" in checks[0].evidence


def test_that_a_program_which_does_its_work_and_ends_can_be_the_same() -> None:
    done = Observation(running=False, exit_code=0, log=("done",))
    assert set(_results(done, done, done).values()) == {SAME}
    assert _results(done, done, replace(done, log=("other",)))["Output"] == DIFFERS


def test_that_ports_which_could_not_be_reached_are_not_called_the_same() -> None:
    seen = replace(_RUN, answers={}, reached="none")
    assert _results(seen, seen, seen)["HTTP answers"] == INCONCLUSIVE


def test_that_a_time_written_in_fewer_digits_is_no_difference() -> None:
    bodies = (
        "at 2026-11-25T18:00:01.123Z",
        "at 2026-11-25T18:00:02.456Z",
        "at 2026-11-25T18:00:03.7Z",
    )
    seen = [
        replace(
            _RUN, answers={"8080/": Answer(200, {"content-length": str(len(body))}, body, body)}
        )
        for body in bodies
    ]
    assert _results(*seen)["GET / on port 8080"] == SAME


def test_that_ports_which_could_not_be_seen_are_not_called_the_same() -> None:
    seen = replace(_RUN, answers={}, ports=(), ports_seen=False)
    assert _results(seen, seen, seen)["Listens on the same ports"] == INCONCLUSIVE


def test_that_bytes_beyond_the_shown_text_count() -> None:
    answer = _RUN.answers["8080/"]
    new = replace(_RUN, answers={"8080/": replace(answer, digest="other")})
    assert _results(_RUN, _RUN, new)["GET / on port 8080"] == DIFFERS


def test_that_a_port_which_speaks_something_else_is_the_same_when_it_still_does() -> None:
    seen = replace(_RUN, answers={"8080/": Answer(error="BadStatusLine")})
    assert _results(seen, seen, seen)["Port 8080"] == SAME


@pytest.mark.parametrize(
    ("results", "verdict"),
    [
        ([SAME, SAME], SAME),
        ([SAME, INCONCLUSIVE], INCONCLUSIVE),
        ([INCONCLUSIVE, DIFFERS], DIFFERS),
    ],
)
def test_that_one_difference_decides(results: list[str], verdict: str) -> None:
    assert verdict_of([Check("x", "static", result) for result in results]) == verdict


def test_that_without_running_nothing_is_called_the_same() -> None:
    assert verdict_of([Check("x", "static", SAME)], ran=False) == INCONCLUSIVE


@pytest.mark.parametrize(
    ("words", "paths"),
    [
        (["CMD-SHELL", "curl -f http://localhost:8080/healthz || exit 1"], ("/healthz",)),
        (["CMD", "wget", "-q", "http://127.0.0.1/a/b?c=1"], ("/a/b?c=1",)),
        (["CMD-SHELL", "curl http://localhost"], ("/",)),
        (["CMD", "/app", "health"], ()),
        (["CMD", "curl", "https://example.org/x"], ()),
    ],
)
def test_that_a_health_checks_path_is_asked_for(words: list[str], paths: tuple[str, ...]) -> None:
    assert health_paths(words) == paths


def test_that_a_pages_own_links_are_asked_for() -> None:
    page = '<link href="/a.css"><script src=\'/js/b.js?v=1\'></script><a href="//cdn/x"><a href="http://c/">'
    assert links_in(Answer(200, {"content-type": "text/html"}, page)) == ("/a.css", "/js/b.js?v=1")
    assert links_in(Answer(200, {"content-type": "image/svg+xml"}, page)) == ()


def test_that_programs_in_shell_code_are_found_at_their_places() -> None:
    code = """#!/bin/sh
# curl is not used here
set -e
if [ -n "$DB" ]; then wait-for "$DB" -- true; fi
A=1 envsubst < a > b && sed -i s/x/y/ b
out=$(date +%s) || exit 1
for f in *.sql; do migrate "$f"; done
exec /app "$@"
"""
    found = set(commands_in(code))
    assert {"wait-for", "envsubst", "sed", "date", "migrate", "/app"} <= found
    assert not found & {"curl", "if", "then", "for", "do", "exec", "set", "exit"}
