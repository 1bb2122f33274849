"""Measurements for the window's tests: two images with a floor, failures, and the worst texts that may come."""

from __future__ import annotations

from dataclasses import replace

from explorer.coldstart.diagnose import Diagnosis, as_document
from explorer.coldstart.hygiene import Hygiene
from explorer.coldstart.inittrace import Collection, Init
from explorer.coldstart.phase import Phases
from explorer.coldstart.plan import Plan
from explorer.coldstart.sample import FAILED, AppPhase, Sample
from explorer.image.model import Config, Image
from tests.coldstart.samples import sample

HOSTILE = "<b>bold</b>\x1b[31m\u202egnp.exe\n=1+1 & <img src=zero>"
BEFORE = (0.80, 0.82, 0.79, 0.81, 0.83, 0.80, 0.78, 0.81)
AFTER = (0.40, 0.42, 0.39, 0.41, 0.43, 0.40, 0.38, 0.41)
FLOOR = (0.01,) * 8


def two_images() -> Sample:
    """Before and after with the engine's floor; the first round is a warm-up, run 20 an outlier, run 10 disturbed."""
    made = sample(BEFORE, AFTER, floor=FLOOR)
    runs = []
    for run in made.runs:
        pressure = 0.9 if run.order == 10 else 0.05
        changed = replace(run, warm_up=run.order < 3, outlier=run.order == 19, pressure=pressure)
        if run.arm == 2:
            changed = replace(changed, phases=Phases(0.02, 0.131, 0.13, exit=0.135))
        runs.append(changed)
    return replace(made, runs=tuple(runs))


def with_phases(made: Sample, *phases: AppPhase) -> Sample:
    """The same, but every run's app told these phases of its start."""
    return replace(made, runs=tuple(replace(run, app_phases=phases) for run in made.runs))


def diagnosed(made: Sample) -> Sample:
    """The same with a closer look at its first image."""
    found = Diagnosis(
        arm=0,
        inits=(
            Init("example.org/slow/config", 0.001, 0.35, 2048, 12, "example.org/slow"),
            Init("net/http", 0.36, 0.0004, 900, 5, "std"),
            Init(HOSTILE, 0.4, 0.002, 1, 1),
        ),
        init_seconds=0.3524,
        collections=(Collection(1, 0.01, 0.0002, 0.01),),
        hygiene=Hygiene(3, 1, 400, 0, 2, 0, 0, ("2 lines hold colour codes.",)),
        app_phases=(AppPhase("database", 0.3, "metrics"),),
    )
    return replace(made, diagnostics=(as_document(found),))


def never_ready() -> Sample:
    """One image that fails three times, with hostile words in its log."""
    made = sample((0.1, 0.1, 0.1))
    runs = [
        replace(
            run,
            status=FAILED,
            exit_code=2,
            detail=HOSTILE,
            log_tail=("panic: no database", HOSTILE),
            phases=Phases(0.02, 0.301, 0.3, 0.32),
        )
        for run in made.runs
    ]
    return replace(made, runs=tuple(runs), complete=False)


def hostile() -> Sample:
    """Two images whose every text means harm."""
    made = two_images()
    arms = [
        replace(arm, reference=HOSTILE, image_id=HOSTILE, env=(f"A={HOSTILE}",))
        if arm.kind == "image"
        else arm
        for arm in made.spec.arms
    ]
    environment = replace(
        made.environment, engine=HOSTILE, host=HOSTILE, endpoint=HOSTILE, notes=(HOSTILE,)
    )
    runs = tuple(replace(run, detail=HOSTILE, path=HOSTILE, http_status=200) for run in made.runs)
    return replace(
        with_phases(diagnosed(made), AppPhase(HOSTILE, 0.1)),
        spec=replace(made.spec, arms=tuple(arms)),
        environment=environment,
        runs=tuple(replace(run, app_phases=(AppPhase(HOSTILE, 0.1),)) for run in runs),
        note=HOSTILE,
    )


def planned(made: Sample) -> Plan:
    """The plan that a measurement may have come from."""
    images = tuple(
        Image(
            arm.reference,
            arm.image_id,
            config=Config(entrypoint=("/srv/app",), cmd=("--port", "8080")),
        )
        for arm in made.spec.arms
        if arm.kind == "image"
    )
    return Plan(made.spec, made.environment, images)
