"""The parts of a measurement that are plain values and texts."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.coldstart import pressure
from explorer.coldstart.appphases import go_duration, metrics_phases, reported_phases
from explorer.coldstart.attempts import Answers
from explorer.coldstart.hygiene import inspect_log
from explorer.coldstart.inittrace import (
    Collection,
    Init,
    Inside,
    is_trace,
    join_packages,
    parse_collections,
    parse_inits,
    with_trace,
)
from explorer.coldstart.logs import Line, Log
from explorer.coldstart.outcome import Listener, explain_timeout, listening_sockets
from explorer.coldstart.phase import METRICS, Phases, metric, metric_label, values
from explorer.coldstart.probe import Readiness
from explorer.coldstart.runner import ran_by
from explorer.coldstart.sample import AppPhase
from explorer.coldstart.schedule import Step, schedule, seconds_left
from explorer.coldstart.spec import Arm, Spec, check, usual_memory_limit
from explorer.engine.wire import STDERR, STDOUT, Output
from explorer.errors import InputError

ALL = Phases(0.01, 0.31, 0.3, 0.32, 0.34, 0.35)


def test_that_metrics_are_differences_of_moments() -> None:
    found = {name: metric(ALL, name) for name in METRICS}
    assert found == {
        "total": pytest.approx(0.36),
        "app": pytest.approx(0.05),
        "engine": pytest.approx(0.31),
        "create": 0.01,
        "process": 0.3,
        "start": 0.31,
        "first_log": pytest.approx(0.02),
        "listening": pytest.approx(0.04),
        "exit": None,
    }
    assert all(metric_label(name) for name in METRICS)


def test_that_a_program_that_ended_was_ready_then() -> None:
    assert metric(Phases(0.01, 0.3, 0.3, exit=0.4), "app") == pytest.approx(0.1)
    assert metric(Phases(0.01), "app") is None
    assert values([ALL, Phases()], "create") == [0.01]


def test_that_the_last_phase_is_the_latest_moment() -> None:
    assert ALL.last() == "ready"
    assert Phases(create=0.1).last() == "create"
    assert Phases().last() == ""


def _spec(arms: int, **fields: object) -> Spec:
    return Spec(tuple(Arm(str(n)) for n in range(arms)), **fields)  # type: ignore[arg-type]


def test_that_output_that_overtakes_the_news_of_the_start_moves_the_start() -> None:
    assert ran_by(50, 70, 0) == 50
    assert ran_by(50, 40, 45) == 40
    assert ran_by(0, 40) == 0


def test_that_every_round_has_every_arm_once_and_the_seed_repeats_it() -> None:
    spec = _spec(3, runs=20, warm_ups=2, seed=7)
    steps = schedule(spec)
    assert steps == schedule(spec)
    assert len(steps) == spec.steps == 66
    rounds = [steps[at : at + 3] for at in range(0, 66, 3)]
    assert [{step.index for step in turn} for turn in rounds] == [{n} for n in range(-2, 20)]
    assert all(sorted(step.arm for step in turn) == [0, 1, 2] for turn in rounds)
    orders = {tuple(step.arm for step in turn) for turn in rounds}
    assert len(orders) > 3
    assert [step for step in steps if step.warm_up] == steps[:6]
    assert schedule(_spec(3, runs=20, warm_ups=2, seed=8)) != steps


def test_that_the_time_left_follows_from_the_time_taken() -> None:
    assert seconds_left([], 10) is None
    assert seconds_left([1.0, 3.0], 10) == 16.0
    assert Step(0, -1).warm_up


@pytest.mark.parametrize(
    "fields", [{"runs": 0}, {"runs": 1001}, {"deadline": 0.0}, {"deadline": 1e9}]
)
def test_that_what_cannot_be_measured_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(InputError):
        check(_spec(1, **fields))


@pytest.mark.parametrize("item", ["GOGC", "=1", "", "A=\0"])
def test_that_what_sets_no_variable_is_refused(item: str) -> None:
    with pytest.raises(InputError):
        check(Spec((Arm("A", env=(item,)),)))


def test_that_the_usual_limit_is_a_quarter_of_a_small_machine() -> None:
    assert usual_memory_limit(64 << 30) == 2 << 30
    assert usual_memory_limit(4 << 30) == 1 << 30
    assert usual_memory_limit(0) == 2 << 30


def _log(*pieces: tuple[int, bytes], pattern: str = "") -> Log:
    log = Log(pattern)
    for at, (stream, data) in enumerate(pieces, 1):
        log.add(Output(stream, data, at))
    return log


def test_that_lines_are_put_together_by_stream() -> None:
    log = _log((STDOUT, b"one\ntw"), (STDERR, b"err"), (STDOUT, b"o\r\n"), (STDERR, b"or\nend"))
    log.finish()
    assert [(line.stream, line.text, line.at_ns) for line in log.lines] == [
        (STDOUT, b"one", 1),
        (STDOUT, b"two", 3),
        (STDERR, b"error", 4),
        (STDERR, b"end", 1),
    ]
    assert (log.first_ns, log.total) == (1, 18)


def test_that_the_first_matching_line_is_remembered() -> None:
    log = _log(
        (STDOUT, b"starting\n"), (STDERR, b"rea"), (STDERR, b"dy\nready\n"), pattern="^ready$"
    )
    assert log.matched_ns == 3


def test_that_a_line_without_end_is_cut_and_the_tail_is_harmless() -> None:
    log = _log(*[(STDOUT, b"\x1b[2Jx" * 4000)] * 3)
    assert len(log.lines) == 3
    assert all(len(line.text) <= 16 << 10 for line in log.lines)
    assert all("\x1b" not in text and len(text) <= 400 for text in log.tail())


@given(st.lists(st.binary(max_size=30), max_size=20))
def test_that_lines_do_not_depend_on_how_output_is_cut(pieces: list[bytes]) -> None:
    cut = _log(*[(STDOUT, piece) for piece in pieces])
    whole = _log((STDOUT, b"".join(pieces)))
    for log in (cut, whole):
        log.finish()
    assert [line.text for line in cut.lines] == [line.text for line in whole.lines]


def test_that_phases_in_json_lines_are_read_in_every_usual_form() -> None:
    lines = [
        b'{"msg":"start","startup_phase":"config","duration_ms":152.5}',
        b'{"phase":"db","duration":"1m2.5s"}',
        b'{"phase":"cache","elapsed":0.25}',
        b'{"step":"warm","took":"3\xc2\xb5s"}',
        b'{"phase":"db","duration_seconds":2}',
        b'{"phase":"bad","duration":"soon"}',
        b'{"phase":"negative","duration":-1}',
        b'{"phase":7,"duration":1}',
        b'{"phase":"flag","duration":true}',
        b"{" * 100_000,
        b"plain text",
        b'["phase"]',
    ]
    assert reported_phases(lines) == [
        AppPhase("config", pytest.approx(0.1525)),  # type: ignore[arg-type]
        AppPhase("db", 2.0),
        AppPhase("cache", 0.25),
        AppPhase("warm", pytest.approx(3e-6)),  # type: ignore[arg-type]
    ]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1.5s", 1.5), ("2h3m", 7380.0), ("12ms", 0.012), ("", None), ("5", None), ("1s!", None)],
)
def test_that_gos_durations_are_read(text: str, seconds: float | None) -> None:
    assert go_duration(text) == (None if seconds is None else pytest.approx(seconds))


def test_that_start_up_gauges_are_read_from_metrics() -> None:
    text = (
        "# TYPE app_startup_duration_seconds gauge\n"
        'app_startup_duration_seconds{phase="db",pod="x"} 0.4\n'
        "app_startup_duration_seconds 0.9\n"
        "app_startup_duration_seconds NaN\nother_seconds 3\n"
    )
    assert metrics_phases(text) == [
        AppPhase("db/x", 0.4, "metrics"),
        AppPhase("app_startup_duration_seconds", 0.9, "metrics"),
    ]


def test_that_init_and_gc_traces_are_read() -> None:
    lines = [
        b"init internal/bytealg @0.008 ms, 0 ms clock, 0 bytes, 0 allocs",
        b"init example.org/app/db @12.5 ms, 401.2 ms clock, 1056 bytes, 13 allocs",
        b"gc 1 @0.012s 2%: 0.020+0.50+0.003 ms clock, 0.04+0.1/0.2/0.3+0.006 ms cpu, 4->4->0 MB, 4 MB goal",
        b"hello",
    ]
    assert parse_inits(lines) == [
        Init("internal/bytealg", pytest.approx(8e-6), 0.0, 0, 0),  # type: ignore[arg-type]
        Init("example.org/app/db", 0.0125, pytest.approx(0.4012), 1056, 13),  # type: ignore[arg-type]
    ]
    assert parse_collections(lines) == [
        Collection(1, 0.012, pytest.approx(0.000523), 0.02)  # type: ignore[arg-type]
    ]
    assert [is_trace(line) for line in lines] == [True, True, True, False]


def test_that_the_images_own_godebug_is_kept() -> None:
    assert with_trace(["A=b"]) == "GODEBUG=inittrace=1,gctrace=1"
    environment = ["GODEBUG=a=1", "GODEBUG=http2client=0"]
    assert with_trace(environment) == "GODEBUG=http2client=0,inittrace=1,gctrace=1"


def test_that_inits_know_their_module_with_and_without_the_binary() -> None:
    inits = parse_inits(
        f"init {name} @1 ms, 2 ms clock, 3 bytes, 4 allocs".encode()
        for name in (
            "main",
            "net/http",
            "github.com/a/b/c/d",
            "example.org/x/y",
            "example.org/x/z%2ev3",
        )
    )
    joined = join_packages(inits, {"example.org/x/y": Inside("example.org/x", "v1.2.3", 4096)})
    assert [(item.package, item.module, item.version, item.code_bytes) for item in joined] == [
        ("main", "main", "", 0),
        ("net/http", "std", "", 0),
        ("github.com/a/b/c/d", "github.com/a/b", "", 0),
        ("example.org/x/y", "example.org/x", "v1.2.3", 4096),
        ("example.org/x/z.v3", "example.org/x", "v1.2.3", 0),
    ]


def test_that_a_log_is_judged_by_its_own_lines() -> None:
    lines = [
        Line(STDOUT, b'{"level":"error","msg":"x"}', 1),
        Line(STDERR, b"\x1b[32m[GIN-debug]\x1b[0m Listening", 2),
        Line(STDERR, b"init main @1 ms, 2 ms clock, 3 bytes, 4 allocs", 3),
    ]
    found = inspect_log(lines, 120)
    assert (found.stdout_lines, found.stderr_lines, found.json_lines) == (1, 1, 1)
    assert (found.coloured_lines, found.debug_lines, found.errors_on_stdout) == (1, 1, 1)
    assert len(found.findings) == 4
    assert inspect_log([], 0).findings[0].startswith("It logs nothing")


def test_that_our_own_listening_sockets_are_found() -> None:
    import os

    with socket.socket() as four, socket.socket(socket.AF_INET6) as six:
        four.bind(("127.0.0.1", 0))
        four.listen()
        six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        six.bind(("::", 0))
        six.listen()
        found = listening_sockets(os.getpid())
        assert found is not None
        assert Listener("127.0.0.1", four.getsockname()[1]) in found
        assert Listener("::", six.getsockname()[1]) in found
    assert listening_sockets(0) is None


def test_that_sockets_of_a_text_are_read(tmp_path: Path) -> None:
    if sys.byteorder != "little":
        pytest.skip("the text is of a little-endian machine")
    folder = tmp_path / "7" / "net"
    folder.mkdir(parents=True)
    (folder / "tcp").write_text(
        "  sl  local_address rem_address   st\n"
        "   0: 0100007F:1F90 00000000:0000 0A 0\n   1: 0100007F:1F91 0100007F:1F90 01 0\n   2: junk\n   3: zz:1 x 0A\n"
    )
    assert listening_sockets(7, str(tmp_path)) == (Listener("127.0.0.1", 8080),)


@pytest.mark.parametrize(
    ("readiness", "answers", "sockets", "words"),
    [
        (Readiness("exit"), Answers(), None, "still ran"),
        (Readiness("log", pattern="x"), Answers(), None, "No line"),
        (Readiness("http", 80), Answers(statuses={"/": 404}), None, "/ 404"),
        (Readiness("http", 80), Answers(listening_ns=5), None, "no HTTP answer"),
        (Readiness("tcp", 80), Answers(), None, "Nothing answered on port 80"),
        (Readiness("tcp", 80), Answers(), (), "no TCP port at all"),
        (Readiness("tcp", 80), Answers(), (Listener("127.0.0.1", 80),), "127.0.0.1 only"),
        (Readiness("tcp", 80), Answers(), (Listener("::", 80),), "IPv6 only"),
        (Readiness("tcp", 80), Answers(), (Listener("0.0.0.0", 81),), "port 81 instead"),
    ],
)
def test_that_a_timeout_says_what_was_reached(
    readiness: Readiness, answers: Answers, sockets: tuple[Listener, ...] | None, words: str
) -> None:
    assert words in explain_timeout(readiness, 5, answers, sockets)


def test_that_pressure_is_the_share_of_waiting(tmp_path: Path) -> None:
    file = tmp_path / "cpu"
    file.write_text("some avg10=0.00 avg60=0.00 avg300=0.00 total=1000\nfull total=0\n")
    assert pressure.read_pressure(str(file)).waited == 1000
    before, after = pressure.Reading(1000, 0), pressure.Reading(51_000, 100_000_000)
    assert pressure.share(before, after) == 0.5
    assert pressure.share(before, pressure.Reading(-1, 100_000_000)) is None
    assert pressure.read_pressure(str(tmp_path / "none")).waited == -1
