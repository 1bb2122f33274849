"""What a measurement becomes: words, JSON, probe values, gauges."""

from __future__ import annotations

import importlib
import json
import re
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from explorer.coldstart import prometheus
from explorer.coldstart.kubernetes import (
    EXPOSED,
    HEALTHCHECK,
    Action,
    derive,
    pod_yaml,
    probe_action,
    probes,
    probes_yaml,
)
from explorer.coldstart.probe import EXIT, Readiness
from explorer.coldstart.sample import FAILED, TIMEOUT
from explorer.coldstart.stats import compare, compare_values
from explorer.coldstart.verdict import caution_texts, duration_text, verdict_text
from explorer.errors import InputError, StorageError
from explorer.report.coldstart_json import coldstart_document, coldstart_json
from explorer.report.coldstart_terminal import print_coldstart
from tests.coldstart.samples import run, sample

FAST = [0.40 + i / 1000 for i in range(20)]
SLOW = [0.80 + i / 1000 for i in range(20)]
SPEC_FIELDS = {
    "runs",
    "warm_ups",
    "seed",
    "network",
    "cold_cache",
    "deadline",
    "memory_bytes",
    "cpus",
    "process_limit",
}
RUN_FIELDS = {"index", "order", "phases", "status", "outlier", "pressure"}
PHASES = ["create", "start", "process", "first_log", "listening", "ready", "exit"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.00042, "0.42 ms"), (0.0124, "12.4 ms"), (0.412, "412 ms"), (1.239, "1.24 s"), (-0.002, "-2.00 ms"), (None, "—")],
)  # fmt: skip
def test_that_durations_are_read_at_a_glance(seconds: float | None, text: str) -> None:
    assert duration_text(seconds) == text


def test_that_a_verdict_says_how_much_and_how_sure() -> None:
    found = compare(sample(SLOW, FAST))
    assert found is not None
    assert re.fullmatch(
        r"B is faster by 400 ms \(95 % interval \d+ ms to \d+ ms, p < 0\.0001\)\.",
        verdict_text(found),
    )


def test_that_no_difference_says_what_could_have_been_seen() -> None:
    found = compare_values(FAST, [*FAST[10:], *FAST[:10]])
    assert re.fullmatch(
        r"No difference detected; 20 pairs can see \d.* ms or more\.", verdict_text(found)
    )


def test_that_too_few_runs_are_said_to_be() -> None:
    assert "at least 4" in verdict_text(compare_values([1.0], [2.0]))


def test_that_failures_noise_and_warm_caches_are_told() -> None:
    found = sample([0.1] * 6, [0.2] * 6)
    runs = [replace(item, pressure=0.9) for item in found.runs]
    runs[3] = replace(runs[3], status=FAILED)
    texts = " ".join(caution_texts(replace(found, runs=tuple(runs), complete=False)))
    for words in ("ended early", "1 of 6 runs", "machine was busy", "warm image"):
        assert words in texts


def test_that_cold_promises_no_more_than_was_counted() -> None:
    found = sample([0.1] * 6)
    environment = replace(found.environment, cache="page-cache-cold")
    runs = tuple(replace(item, resident_pages=2, image_pages=600) for item in found.runs)
    (text,) = [
        item
        for item in caution_texts(replace(found, environment=environment, runs=runs))
        if item.startswith("Cold")
    ]
    assert "2 of their 600 pages" in text
    assert "stayed warm" in text


@pytest.mark.slow
def test_that_the_json_has_the_designed_fields() -> None:
    found = json.loads(coldstart_json(sample(SLOW, FAST, floor=[0.01] * 20)))
    assert found["schema"] == "image-explorer/coldstart/1"
    assert set(found["spec"]) >= SPEC_FIELDS
    assert [arm["reference"] for arm in found["arms"]] == ["service:before", "service:after", ""]
    assert all(len(arm["runs"]) == 20 for arm in found["arms"])
    first = found["arms"][0]["runs"][0]
    assert set(first) >= RUN_FIELDS
    assert list(first["phases"]) == PHASES
    assert set(found["summary"][0]) >= {"arm", "phase", "n", "median", "ci_low", "ci_high", "min", "max", "mad"}  # fmt: skip
    assert set(found["comparison"]) >= {"phase", "shift", "ci_low", "ci_high", "p_value", "cliffs_delta", "minimum_detectable", "verdict"}  # fmt: skip
    assert found["comparison"]["verdict"] == "faster"
    assert {item["phase"] for item in found["comparisons"]} >= {"app", "total"}
    assert set(found["probes"]) >= {"startup", "readiness", "liveness"}
    assert found["environment"]["engine"] == "Docker"


def test_that_a_measurement_without_a_good_run_is_a_document_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = sample([0.1, 0.2])
    failed = tuple(
        replace(
            run(0, index, 0.1, status=TIMEOUT), detail="Nothing\x1b[2J", log_tail=("last words",)
        )
        for index in range(2)
    )
    found = replace(found, runs=failed, complete=False)
    document = coldstart_document(found)
    assert (document["summary"], document["comparison"], document["probes"]) == ([], None, None)
    print_coldstart(found)
    text = capsys.readouterr().out
    assert "last words" in text
    assert "\x1b[2J" not in text


def test_that_the_terminal_tells_phases_floor_and_verdict(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_coldstart(sample(SLOW, FAST, floor=[0.01] * 20))
    text = capsys.readouterr().out
    for words in (
        "service:before",
        "20 of 20 runs",
        "engine's floor",
        "B is faster by 400 ms",
        "saved as",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("worst", "latency", "startup", "timeout"),
    # research: W = 0.45 s gives startup 1 x 10
    [(0.45, 0.002, 10, 1), (4.1, 0.3, 21, 2), (0.0, 0.0, 10, 1)],
)
def test_that_probes_follow_from_the_worst_start(
    worst: float, latency: float, startup: int, timeout: int
) -> None:
    found = derive(worst, latency, Action("http", 8080, "/healthz"))
    assert (found.startup.period_seconds, found.startup.failure_threshold) == (1, startup)
    assert found.startup.timeout_seconds == timeout
    assert (found.readiness.period_seconds, found.readiness.failure_threshold) == (2, 3)
    assert found.liveness.detection_seconds > found.readiness.detection_seconds


def test_that_probe_values_are_yaml_that_a_pod_takes() -> None:
    found = probes(sample(SLOW, FAST), 0)
    assert found is not None
    assert found.worst == pytest.approx(0.819)
    text = probes_yaml(replace(found, action=Action("http", 8080, '/a"b\\c')))
    document = importlib.import_module("yaml").safe_load(text)
    assert document["startupProbe"] == {
        "httpGet": {"path": '/a"b\\c', "port": 8080},
        "periodSeconds": 1,
        "failureThreshold": 10,
        "timeoutSeconds": 1,
    }
    assert set(document) == {"startupProbe", "readinessProbe", "livenessProbe"}
    assert "W = 0.819 s" in text
    tcp = importlib.import_module("yaml").safe_load(probes_yaml(derive(1, 0, Action("tcp", 6379))))
    assert tcp["livenessProbe"]["tcpSocket"] == {"port": 6379}
    assert probes(replace(sample(SLOW), runs=()), 0) is None


@pytest.mark.parametrize(
    ("readiness", "healthcheck", "ports", "action"),
    [
        (Readiness("http", 80, ("/ping",)), (), ("9000/tcp",), Action("http", 80, "/ping")),
        (Readiness("tcp", 6379), (), (), Action("tcp", 6379)),
        (
            Readiness("log", pattern="ready"),
            ("CMD-SHELL", "wget -q http://localhost:81/up || exit 1"),
            ("9000/tcp",),
            Action("http", 81, "/up", source=HEALTHCHECK),
        ),
        (
            Readiness("log", pattern="ready"),
            ("CMD", "/service", "health"),
            ("9000/tcp",),
            Action("exec", command=("/service", "health"), source=HEALTHCHECK),
        ),
        (
            Readiness("log", pattern="ready"),
            ("CMD-SHELL", "pg_isready"),
            (),
            Action("exec", command=("/bin/sh", "-c", "pg_isready"), source=HEALTHCHECK),
        ),
        (
            Readiness("log", pattern="ready"),
            ("NONE",),
            ("53/udp", "9000/tcp"),
            Action("tcp", 9000, source=EXPOSED),
        ),
        (Readiness("log", pattern="ready"), (), ("53/udp",), Action("unknown", source="")),
    ],
)
def test_that_probes_ask_what_was_measured_or_what_the_image_itself_says(
    readiness: Readiness, healthcheck: tuple[str, ...], ports: tuple[str, ...], action: Action
) -> None:
    arm = replace(
        sample(FAST).spec.arms[0],
        readiness=readiness,
        healthcheck=healthcheck,
        exposed_ports=ports,
    )
    assert probe_action(arm) == action


def test_that_what_nobody_said_is_a_placeholder_that_no_cluster_takes() -> None:
    text = probes_yaml(derive(1.0, 0.0, Action("unknown", source="")))
    document = importlib.import_module("yaml").safe_load(text)
    assert document["startupProbe"]["httpGet"] == {"path": "/FILL_IN", "port": "FILL_IN"}
    assert "8080" not in text
    assert "neither HEALTHCHECK nor EXPOSE" in text


def test_that_a_command_of_a_healthcheck_is_yaml() -> None:
    words = ("/bin/sh", "-c", "test \"$A\" = 'b' # c\n\udcff")
    text = probes_yaml(derive(1.0, 0.0, Action("exec", command=words, source=HEALTHCHECK)))
    document = importlib.import_module("yaml").safe_load(text)
    assert document["livenessProbe"]["exec"]["command"] == [*words[:2], words[2][:-1] + "?"]


def test_that_a_program_that_ends_has_no_probes_but_is_a_job() -> None:
    found = sample(FAST)
    arm = replace(found.spec.arms[0], readiness=EXIT)
    found = replace(found, spec=replace(found.spec, arms=(arm,)))
    text = pod_yaml(found, 0)
    assert importlib.import_module("yaml").safe_load(text) is None
    for words in ("no probe", "kind: Job", "0.419 s"):
        assert words in text
    assert "No run became ready" in pod_yaml(replace(sample(FAST), runs=()), 0)


def _gauges(text: str) -> dict[str, float]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_that_both_readers_of_prometheus_text_read_the_same_gauges() -> None:
    from prometheus_client.openmetrics.parser import text_string_to_metric_families as modern
    from prometheus_client.parser import text_string_to_metric_families as classic

    text = prometheus.exposition(sample(SLOW, FAST)).decode()
    assert text.endswith("# EOF\n")
    read = [
        sorted(
            (item.name, tuple(sorted(item.labels.items())), item.value)
            for family in parse(text)
            for item in family.samples
        )
        for parse in (classic, modern)
    ]
    assert read[0] == read[1]
    assert {name for name, _, _ in read[0]} == {
        "coldstart_duration_seconds", "coldstart_runs", "coldstart_failed_runs", "coldstart_info",
        "coldstart_last_run_timestamp_seconds", "coldstart_shift_seconds",
    }  # fmt: skip


def test_that_gauges_hold_the_summary() -> None:
    found = _gauges(prometheus.exposition(sample(SLOW, FAST)).decode())
    labels = 'image="service:after",phase="app",stat="{}",variant="B"'
    values = {
        stat: found["coldstart_duration_seconds{" + labels.format(stat) + "}"]
        for stat in ("min", "max", "median", "p95")
    }
    assert values == pytest.approx({"min": 0.4, "max": 0.419, "median": 0.4095, "p95": 0.418})
    assert found['coldstart_runs{image="service:after",variant="B"}'] == 20
    assert (
        found['coldstart_last_run_timestamp_seconds{image="service:after",variant="B"}']
        == 1795428672
    )
    assert found['coldstart_shift_seconds{phase="app",stat="shift"}'] == pytest.approx(-0.4)


def test_that_a_95th_percentile_wants_twenty_runs() -> None:
    assert b"p95" not in prometheus.exposition(sample(SLOW[:19]))


def test_that_hostile_names_stay_one_label(tmp_path: Path) -> None:
    found = sample(FAST)
    arm = replace(found.spec.arms[0], reference='a"\n# EOF\nx{y="1"} 1\\')
    text = prometheus.exposition(replace(found, spec=replace(found.spec, arms=(arm,)))).decode()
    assert text.count("# EOF") - text.count("\\\\n# EOF") == 1
    assert len({line.split("{")[0] for line in text.splitlines() if not line.startswith("#")}) == 5


def test_that_the_text_file_is_replaced_at_once_and_for_everybody(tmp_path: Path) -> None:
    path = tmp_path / "coldstart.prom"
    path.write_text("old")
    prometheus.write_textfile(sample(FAST), path)
    assert path.read_bytes() == prometheus.exposition(sample(FAST))
    assert path.stat().st_mode & 0o777 == 0o644
    assert [item.name for item in tmp_path.iterdir()] == ["coldstart.prom"]
    with pytest.raises(StorageError):
        prometheus.write_textfile(sample(FAST), tmp_path / "none" / "x.prom")


class _Gateway(BaseHTTPRequestHandler):
    taken: list[tuple[str, str, bytes]]

    def do_POST(self) -> None:  # the base class's name
        length = int(self.headers["Content-Length"])
        self.taken.append((self.command, self.path, self.rfile.read(length)))
        self.send_response(200)
        self.end_headers()

    do_PUT = do_POST  # noqa: N815

    def log_message(self, *args: Any) -> None:
        """No log on the terminal."""


def test_that_gauges_are_pushed_under_their_job() -> None:
    _Gateway.taken = []
    with HTTPServer(("127.0.0.1", 0), _Gateway) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        prometheus.push(sample(FAST), f"127.0.0.1:{server.server_port}")
        thread.join()
    ((_, path, body),) = _Gateway.taken
    assert path == "/metrics/job/image_explorer_coldstart"
    assert b'coldstart_runs{image="service:before",variant="A"} 20' in body


@pytest.mark.parametrize("url", ["ftp://x", "http://", "http://127.0.0.1:1/", "http://x:99999"])
def test_that_a_gateway_that_is_none_is_named(url: str) -> None:
    with pytest.raises(InputError):
        prometheus.push(sample(FAST), url)
