"""Measures the measuring, on a real engine with a real Gin service: lag of `ready`, processor time, clean-up after a cancel.

    python -m tests.benchmarks.coldstart [RUNS]      needs root, dockerd, Go and the Go module proxy

Figures to reach: from the app's own "listening" stamp to our `ready` 3 ms or less (median); less than 5 % of one core
while waiting; every container gone within 5 s of a cancel.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from explorer.coldstart.measurement import perform
from explorer.coldstart.plan import Request, plan
from explorer.coldstart.probe import Readiness
from explorer.coldstart.runner import Streams, Target, open_streams, watch
from explorer.coldstart.sample import OK, Run
from explorer.coldstart.spec import PROCESS_LIMIT
from explorer.coldstart.stats import summaries
from explorer.coldstart.store import Store
from explorer.engine.client import Engine, connect
from explorer.engine.running import Limits, Start
from explorer.resources import resource
from explorer.task import Cancelled, Task
from tests.coldstart.engines import BridgedEngine, bridged_engine
from tests.gobinary.programs import go_environment

_READY = Readiness("http", 8080, ("/healthz",))
_APP = Path(__file__).parents[1] / "coldstart" / "app"


def main() -> None:
    """Print every figure beside the one to reach."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as work, bridged_engine() as engine:
        _build(engine, Path(work))
        client = connect(engine.host)
        with open_streams(client, Task()) as streams:
            _lag(client, streams, runs)
            _waiting(client, streams)
        _shares(client, Path(work), runs)
        _cancel(engine, client, Path(work))


def _build(engine: BridgedEngine, work: Path) -> None:
    go = shutil.which("go", path=str(Path(sys.executable).parent)) or shutil.which("go") or "go"
    caches = Path(tempfile.gettempdir()) / "image-explorer-benchmark-go"
    caches.mkdir(exist_ok=True)
    environment = go_environment(caches, offline=False)
    shutil.copytree(resource("samples", "gin-startup"), work / "gin")
    for source, target, name in (
        (work / "gin", "./cmd/slow", "gin:slow"),
        (work / "gin", "./cmd/good", "gin:good"),
        (_APP, ".", "app:latest"),
    ):
        output = work / name.replace(":", "-")
        command = [go, "build", "-trimpath", "-ldflags=-s -w", "-o", str(output), target]
        subprocess.run(command, cwd=source, env=environment, check=True)
        engine.load_program(name, output)


def _target(client: Engine, image: str, *words: str, deadline: float = 30.0) -> Target:
    start = Start(
        client.image(image).id,
        command=words,
        limits=Limits(1 << 30, 0, PROCESS_LIMIT),
        log_driver="json-file",
    )
    return Target(start, _READY, deadline)


def _lag(client: Engine, streams: Streams, runs: int) -> None:
    """The app stamps its own wall clock after its port is open; the engine's clock and ours are the same here."""
    lags, engine_ms, app_ms = [], [], []
    for order in range(runs):
        offset = time.time_ns() - time.monotonic_ns()
        run, log = watch(streams, _target(client, "gin:good"), 0, order, order)
        stamps = [json.loads(line.text) for line in log.lines if b"unix_nano" in line.text]
        if run.status != OK or not stamps or run.phases.ready is None or run.phases.process is None:
            print("    left out:", run.status, run.detail or "the stamp came after the answer")
            continue
        ready_wall = _start_ns(run, log.first_ns) + run.phases.ready * 1e9 + offset
        lags.append((ready_wall - stamps[0]["unix_nano"]) / 1e6)
        engine_ms.append(run.phases.process * 1e3)
        app_ms.append((run.phases.ready - run.phases.process) * 1e3)
    _print("app's stamp to ready, median", statistics.median(lags), "ms", 3.0)
    print(f"    all: {', '.join(f'{lag:.2f}' for lag in sorted(lags))}")
    print(
        f"    engine {statistics.median(engine_ms):.0f} ms, app {statistics.median(app_ms):.0f} ms"
    )


def _start_ns(run: Run, first_log_ns: int) -> float:
    """When the start request was sent, on the monotonic clock: the first log byte has both its stamp and its phase."""
    assert run.phases.first_log is not None
    return first_log_ns - run.phases.first_log * 1e9


def _waiting(client: Engine, streams: Streams) -> None:
    """Processor time of the runner over a start that takes three seconds, less that of one that takes none."""
    spent, waited = [], []
    for order in range(4):
        seconds = 3.0 if order % 2 else 0.0
        began = time.process_time()
        words = (f"sleep={seconds}s", "serve=:8080")
        run, _ = watch(streams, _target(client, "app", *words), 0, order, order)
        spent.append(time.process_time() - began)
        waited.append((run.phases.ready or 0.0) - (run.phases.process or 0.0))
    extra = (spent[1] + spent[3] - spent[0] - spent[2]) / (
        waited[1] + waited[3] - waited[0] - waited[2]
    )
    _print("processor time while waiting", 100 * extra, "% of a core", 5.0)


def _shares(client: Engine, work: Path, runs: int) -> None:
    request = Request(("gin:slow", "gin:good"), runs=max(4, runs // 2), warm_ups=1)
    sample = perform(Task(), client, plan(client, request), Store(work / "store"))
    found = {(item.arm, item.phase): item.median * 1e3 for item in summaries(sample)}
    print(f"    slow: app {found[0, 'app']:.0f} ms of {found[0, 'total']:.0f} ms")
    print(f"    good: app {found[1, 'app']:.0f} ms of {found[1, 'total']:.0f} ms")
    print(f"    engine's floor: {found[2, 'engine']:.0f} ms")


def _cancel(engine: BridgedEngine, client: Engine, work: Path) -> None:
    request = Request(("app",), runs=20, command=("sleep=30s", "serve=:8080"), precision=True)
    decided = plan(client, request)
    worst = 0.0
    for _ in range(3):
        task, cancelled = Task(), [0.0]

        def cancel(task: Task = task, cancelled: list[float] = cancelled) -> None:
            while "run-" not in engine.docker("ps", "--format", "{{.Names}}"):
                time.sleep(0.05)
            cancelled[0] = time.monotonic()
            task.cancel()

        thread = threading.Thread(target=cancel)
        thread.start()
        try:
            perform(task, client, decided, Store(work / "store"))
        except Cancelled:
            worst = max(worst, time.monotonic() - cancelled[0])
        thread.join()
        assert engine.docker("ps", "-aq") == ""
    _print("cancel to everything gone, worst of 3", worst, "s", 5.0)


def _print(what: str, value: float, unit: str, limit: float) -> None:
    word = "reached" if value <= limit else "MISSED"
    print(f"{what}: {value:.2f} {unit} (to reach: {limit:g}) {word}")


if __name__ == "__main__":
    main()
