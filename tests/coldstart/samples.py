"""Measurements made of numbers, for tests that need no engine."""

from __future__ import annotations

from collections.abc import Sequence

from explorer.coldstart.phase import Phases
from explorer.coldstart.probe import Readiness
from explorer.coldstart.sample import OK, Environment, Run, Sample
from explorer.coldstart.spec import Arm, Spec

HEALTH = Readiness("http", 8080, ("/healthz",))


def run(arm: int, index: int, app: float, *, order: int = 0, status: str = OK) -> Run:
    """A start that took `app` seconds from its process to ready, after 20 ms of create and 300 ms of start."""
    ready = 0.3 + app if status == OK else None
    phases = Phases(0.02, 0.301, 0.3, 0.3 + app / 2, 0.3 + app * 0.9, ready)
    return Run(arm, index, order, phases, status=status, probe_seconds=0.002)


def sample(*arms: Sequence[float], floor: Sequence[float] = ()) -> Sample:
    """A complete measurement with these app times in seconds, one arm each, in turns."""
    names = ("before", "after")
    images = [
        Arm(label, f"service:{name}", f"sha256:{label.lower() * 64}", readiness=HEALTH)
        for label, name in zip("AB", names, strict=True)
    ]
    spec_arms = images[: len(arms)]
    columns = list(arms)
    if floor:
        spec_arms.append(Arm("floor", kind="floor"))
        columns.append(floor)
    runs, order = [], 0
    for index in range(max(map(len, columns))):
        for arm, column in enumerate(columns):
            if index < len(column):
                runs.append(run(arm, index, column[index], order=order))
                order += 1
    spec = Spec(tuple(spec_arms), runs=len(columns[0]), warm_ups=0, seed=1)
    environment = Environment("Docker", "20.10", architecture="amd64", cpus=2)
    return Sample(
        "20261123T101112-abcdef",
        "2026-11-23T10:11:12Z",
        spec,
        environment,
        tuple(runs),
        complete=True,
    )
