"""The bundled Gin service in its two variants: 800 ms against 400 ms, and who is to blame."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from explorer.coldstart.blame import responsible
from explorer.coldstart.diagnose import from_document
from explorer.coldstart.plan import Request, plan
from explorer.coldstart.stats import compare, summaries
from explorer.coldstart.store import Store
from explorer.engine.client import Engine
from explorer.resources import resource
from explorer.task import Task
from explorer.workflow.measuring import measure
from tests.coldstart.engines import BridgedEngine
from tests.gobinary.programs import go_environment

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(900)]
SLOW_PACKAGES = [
    f"example.org/gin-startup/internal/slow/{name}" for name in ("database", "registry", "config")
]


@pytest.fixture(scope="module")
def gin(
    bridged: BridgedEngine, go: str, go_caches: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Both variants as images; Gin comes from the module proxy into a temporary folder."""
    folder = tmp_path_factory.mktemp("gin") / "source"
    shutil.copytree(resource("samples", "gin-startup"), folder)
    environment = go_environment(go_caches, offline=False)
    vendored = subprocess.run(
        [go, "mod", "vendor"], cwd=folder, env=environment, capture_output=True, text=True
    )
    if vendored.returncode:
        pytest.skip(f"Gin cannot be fetched from the module proxy: {vendored.stderr[-200:]}")
    for variant in ("slow", "good"):
        program = folder / variant
        subprocess.run(
            [go, "build", "-trimpath", "-ldflags=-s -w", "-o", str(program), f"./cmd/{variant}"],
            cwd=folder,
            env=environment | {"GOFLAGS": "-mod=vendor -buildvcs=false"},
            check=True,
        )
        bridged.load_program(f"gin-startup:{variant}", program)


@pytest.mark.usefixtures("gin")
def test_that_the_good_variant_starts_in_half_the_time_and_the_packages_are_named(
    engine: Engine,
) -> None:
    request = Request(
        ("gin-startup:slow", "gin-startup:good"), runs=4, warm_ups=0, floor=False, closer=True
    )
    sample = measure(Task(), engine.endpoint.url, plan(engine, request), "")
    assert sample.complete
    assert Store().load(sample.id) == sample
    medians = {item.arm: item.median for item in summaries(sample) if item.phase == "app"}
    assert medians[0] > 0.65
    assert medians[1] > 0.3
    found = compare(sample)
    assert found is not None
    assert found.verdict == "faster"
    assert found.shift is not None
    assert found.shift < -0.25
    slow, good = (from_document(document) for document in sample.diagnostics)
    costly = sorted(slow.inits, key=lambda item: -item.seconds)[:3]
    assert [item.package for item in costly] == SLOW_PACKAGES
    for item in costly:
        assert (item.module, item.version) == ("example.org/gin-startup", "(devel)")
        assert item.code_bytes > 0
    packages, phases = responsible(sample, slow)
    assert all(name in packages for name in SLOW_PACKAGES)
    assert "spends this time on database" in phases
    (phases,) = responsible(sample, good)
    assert "overlap" in phases
    gin = next(item for item in good.inits if item.package == "github.com/ugorji/go/codec")
    assert gin.version.startswith("v1.")
    assert not set(SLOW_PACKAGES) & {item.package for item in good.inits}
    for diagnosis in (slow, good):
        names = {phase.name for phase in diagnosis.app_phases}
        assert {"config", "database", "registry", "total"} <= names
        assert diagnosis.hygiene is not None
        assert diagnosis.hygiene.findings == ()
        assert diagnosis.stop is not None
        assert (diagnosis.stop.exit_code, diagnosis.stop.killed) == (0, False)


@pytest.mark.usefixtures("gin")
def test_that_the_sample_serves_what_it_promises(bridged: BridgedEngine) -> None:
    name = f"gin-{os.getpid()}"
    bridged.docker("run", "-d", "--name", name, "gin-startup:good")
    try:
        address = bridged.docker("inspect", name, "--format", "{{.NetworkSettings.IPAddress}}")
        metrics = _get(f"http://{address}:8080/metrics")
        assert 'gin_startup_duration_seconds{phase="database"}' in metrics
        assert 'gin_start_phases_seconds_bucket{le="+Inf"} 4' in metrics
        assert _get(f"http://{address}:8080/healthz") == "ok\n"
        assert _get(f"http://{address}:8080/readyz") == "ready\n"
    finally:
        bridged.docker("rm", "-f", name)


def _get(url: str) -> str:
    import time
    import urllib.error
    import urllib.request

    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return str(answer.read().decode())
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
