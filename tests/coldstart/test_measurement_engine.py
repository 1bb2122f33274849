"""Whole measurements on a real engine: arms in turns, the floor, cold files, the network made beforehand, a closer look."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from explorer.coldstart import coldcache
from explorer.coldstart.diagnose import from_document
from explorer.coldstart.floor import image_archive, native_program, sweep_images
from explorer.coldstart.measurement import perform
from explorer.coldstart.phase import metric
from explorer.coldstart.plan import Request, plan
from explorer.coldstart.runner import Streams
from explorer.coldstart.sample import OK, Sample
from explorer.coldstart.stats import compare, summaries
from explorer.coldstart.store import Store
from explorer.engine.client import Engine
from explorer.engine.sweep import OWNER_LABEL, SESSION_LABEL, current_session
from explorer.errors import InputError
from explorer.task import Task
from tests.coldstart.engines import PORT, BridgedEngine

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.usefixtures("left_as_it_was")]
SERVE = f"serve=:{PORT}"


def _measure(engine: Engine, folder: Path, **fields: object) -> Sample:
    request = Request(("app",), **{"warm_ups": 0, **fields})  # type: ignore[arg-type]
    return perform(Task(), engine, plan(engine, request), Store(folder))


def test_that_the_floor_is_the_engine_without_an_app(engine: Engine, tmp_path: Path) -> None:
    sample = _measure(engine, tmp_path, runs=1, command=("sleep=1s", SERVE))
    assert sample.complete
    assert [arm.kind for arm in sample.spec.arms] == ["image", "floor"]
    assert {run.status for run in sample.runs} == {OK}
    found = {(item.arm, item.phase): item.median for item in summaries(sample)}
    assert found[0, "app"] > 0.5
    # what is left without the app is the engine's, and the app's own second is not in it
    assert found[0, "total"] - found[0, "app"] == pytest.approx(found[0, "engine"], abs=0.4)
    assert (1, "engine") in found


def test_that_variables_to_try_make_a_second_arm_of_the_same_image(
    engine: Engine, tmp_path: Path
) -> None:
    sample = _measure(
        engine, tmp_path, runs=1, command=(SERVE,), trial_env=("GOGC=20",), floor=False
    )
    assert [arm.env for arm in sample.spec.arms] == [(), ("GOGC=20",)]
    assert len({arm.image_id for arm in sample.spec.arms}) == 1
    found = compare(sample)
    assert found is not None
    assert found.verdict == "unknown"


def test_that_files_are_cold_before_a_cold_run_and_counted_after_it(
    engine: Engine, tmp_path: Path
) -> None:
    sample = _measure(engine, tmp_path, runs=2, command=(SERVE,), cold_cache=True, floor=False)
    assert sample.environment.cache == "page-cache-cold"
    for run in sample.runs:
        assert run.status == OK
        assert run.image_pages > 400
        assert run.resident_pages < run.image_pages // 10
        assert run.touched_pages > 50


def test_that_eviction_is_proved_by_counting(streams: Streams, engine: Engine) -> None:
    image_id = engine.image("app").id
    coldcache.evict(streams, image_id, "amd64")
    cold = coldcache.count(streams, image_id, "amd64")
    # the program, and the empty /.dockerenv
    assert (cold.files, cold.unreadable, cold.page_bytes) == (2, 0, 4096)
    assert cold.before == cold.after
    assert cold.after < cold.pages // 10


def test_that_a_network_made_beforehand_takes_the_engines_share_down(
    engine: Engine, tmp_path: Path
) -> None:
    sample = _measure(engine, tmp_path, runs=2, command=(SERVE,), precision=True, floor=False)
    assert sample.environment.network == "shared"
    assert [run.status for run in sample.runs] == [OK, OK]
    assert all(metric(run.phases, "listening") is not None for run in sample.runs)


def test_that_a_closer_look_reads_inits_log_metrics_and_the_end(
    engine: Engine, tmp_path: Path
) -> None:
    words = ('print={"startup_phase":"db","duration_ms":12}', SERVE)
    sample = _measure(engine, tmp_path, runs=1, command=words, closer=True, floor=False)
    (document,) = sample.diagnostics
    found = from_document(document)
    assert {"runtime", "os", "main"} & {item.package for item in found.inits}
    assert found.init_seconds >= 0
    assert [(phase.name, phase.seconds) for phase in found.app_phases] == [("db", 0.012)]
    assert found.hygiene is not None
    assert (found.hygiene.json_lines, found.hygiene.stdout_lines) == (1, 2)
    assert found.stop is not None
    # 128 + SIGTERM: it has no handler, and ends all the same
    assert (found.stop.exit_code, found.stop.killed) == (143, False)
    # the traced start is no part of the sample
    assert len(sample.runs) == 1


def test_that_images_of_dead_sessions_are_swept_and_those_of_others_are_not(
    bridged: BridgedEngine, engine: Engine
) -> None:
    program = native_program("amd64")
    assert program is not None
    ours = current_session()
    labels = {OWNER_LABEL: ours.installation, SESSION_LABEL: "dead"}
    foreign = {OWNER_LABEL: "somebody", SESSION_LABEL: "dead"}
    names = ("image-explorer.local/floor:dead", "image-explorer.local/floor:foreign")
    for tag, own in zip(names, (labels, foreign), strict=True):
        bridged.docker("load", "-q", data=image_archive(program, "amd64", tag, own))
    assert sweep_images(engine) == 1
    assert bridged.docker("images", "-q", names[0]) == ""
    assert bridged.docker("images", "-q", names[1]) != ""
    bridged.docker("rmi", names[1])


def test_that_a_program_for_another_machine_is_missed_by_name(engine: Engine) -> None:
    assert native_program("riscv64") is None
    decided = plan(engine, Request(("app",)))
    lines = "\n".join(decided.describe())
    for words in (
        decided.spec.arms[0].image_id[7:19],
        "/app",
        f"http:{PORT}",
        "2 discarded",
        "1024 processes",
        "seed",
    ):
        assert words in lines
    with pytest.raises(InputError, match="two differences"):
        plan(engine, Request(("app", "app"), trial_env=("A=1",)))
    with pytest.raises(InputError, match="Without a network"):
        plan(engine, Request(("app",), network="none"))


def test_that_the_command_measures_prints_and_exports(
    bridged: BridgedEngine, tmp_path: Path
) -> None:
    done = _command(
        bridged, "app", "--runs", "2", "--warm-ups", "0", "--command", SERVE, "--no-floor", "--kubernetes",
        "--json", str(tmp_path / "a.json"), "--prometheus", str(tmp_path / "a.prom"), "--note", "hello",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "2 of 2 runs became ready" in done.stdout
    assert "startupProbe:" in done.stdout
    assert "This will run on" in done.stderr
    assert (tmp_path / "a.prom").read_text().endswith("# EOF\n")
    assert '"schema": "image-explorer/coldstart/1"' in (tmp_path / "a.json").read_text()
    history = _command(bridged, "--history")
    assert history.returncode == 0
    assert "hello" in history.stdout
    again = _command(bridged, "--open", history.stdout.split()[0], "--json", "-")
    assert again.returncode == 0
    assert again.stdout == (tmp_path / "a.json").read_text()


def test_that_a_service_that_is_never_ready_is_exit_code_2_with_its_last_words(
    bridged: BridgedEngine,
) -> None:
    done = _command(bridged, "app", "--command", "complain=nodatabase exit=1", "--no-floor")
    assert done.returncode == 2
    assert "nodatabase" in done.stdout
    assert done.stderr.splitlines()[-2].startswith("error: app did not become ready")


def _command(engine: BridgedEngine, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "explorer", "coldstart", *arguments, "--host", engine.host]
    return subprocess.run(command, capture_output=True, text=True, timeout=100)


def test_that_what_was_planned_can_be_sent_to_another_process(engine: Engine) -> None:
    import pickle

    decided = plan(engine, Request(("app",)))
    assert pickle.loads(pickle.dumps(decided)) == decided
    assert dataclasses.is_dataclass(decided)
