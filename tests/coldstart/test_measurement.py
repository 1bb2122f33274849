"""The turns of a measurement, with a stand-in for the container engine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from explorer.coldstart.measurement import GIVE_UP_AFTER, new_sample, take_turns
from explorer.coldstart.phase import Phases
from explorer.coldstart.probe import USUAL_PATHS, Readiness
from explorer.coldstart.sample import FAILED, OK, Environment, Run, Sample
from explorer.coldstart.schedule import Step, schedule
from explorer.coldstart.spec import Arm, Spec
from explorer.task import Cancelled, Progress, Task


class Script:
    """Answers every step at once; arm 1 takes twice as long."""

    def __init__(self, status: str = OK) -> None:
        self.status = status
        self.asked: list[Step] = []
        self.kept: list[Sample] = []

    def run(self, step: Step, order: int) -> Run:
        self.asked.append(step)
        ready = 0.4 + 0.1 * (step.arm + 1) + 0.001 * step.index
        return Run(
            step.arm,
            step.index,
            order,
            Phases(0.01, 0.4, 0.4, ready=ready),
            status=self.status,
            path="/ping",
        )

    def keep(self, sample: Sample) -> None:
        self.kept.append(sample)


def _sample(runs: int = 5, warm_ups: int = 2) -> Sample:
    readiness = Readiness("http", 80, USUAL_PATHS)
    arms = (Arm("A", readiness=readiness), Arm("B", readiness=readiness))
    return new_sample(Spec(arms, runs=runs, warm_ups=warm_ups, seed=3), Environment())


def test_that_every_step_is_run_and_saved_at_once() -> None:
    script, seen, progress = Script(), [], []  # type: ignore[var-annotated]
    task = Task(on_partial=seen.append, on_progress=progress.append)
    start = _sample()
    found = take_turns(task, start, script.run, script.keep)
    assert script.asked == schedule(start.spec)
    assert found.complete
    assert [run.warm_up for run in found.runs] == [True] * 4 + [False] * 10
    assert [run.order for run in found.runs] == list(range(14))
    # one state more after each run, and the last with its outliers labelled
    assert [len(state.runs) for state in script.kept] == [*range(1, 15), 14]
    assert len(seen) == 14
    assert {item.total for item in progress} == {14}
    assert (len(found.of(0)), len(found.good(1))) == (5, 5)


def test_that_the_progress_names_the_arm_and_the_time_left() -> None:
    progress: list[Progress] = []
    take_turns(Task(on_progress=progress.append), _sample(), Script().run, lambda _: None)
    assert progress[0].text.startswith("Run 1 of 14")
    assert "s left" in progress[3].text


def test_that_the_path_that_answered_is_part_of_the_description() -> None:
    found = take_turns(Task(), _sample(), Script().run, lambda _: None)
    assert [arm.readiness.paths for arm in found.spec.arms] == [("/ping",), ("/ping",)]


def test_that_an_arm_that_never_succeeds_is_given_up_early() -> None:
    script = Script(FAILED)
    found = take_turns(Task(), _sample(), script.run, script.keep)
    assert not found.complete
    assert max(sum(run.arm == arm for run in found.runs) for arm in (0, 1)) == GIVE_UP_AFTER
    assert script.kept[-1] == found


def test_that_a_cancelled_measurement_has_saved_what_it_has() -> None:
    script = Script()

    def cancel_after_three(step: Step, order: int) -> Run:
        if order == 3:
            task.cancel()
            task.checkpoint()
        return script.run(step, order)

    task = Task()
    with pytest.raises(Cancelled):
        take_turns(task, _sample(), cancel_after_three, script.keep)
    assert len(script.kept[-1].runs) == 3
    assert not script.kept[-1].complete


def test_that_failures_are_kept_and_counted_apart() -> None:
    script = Script()

    def every_third_fails(step: Step, order: int) -> Run:
        run = script.run(step, order)
        return replace(run, status=FAILED) if order % 3 == 2 else run

    found = take_turns(Task(), _sample(9, 0), every_third_fails, script.keep)
    assert found.complete
    assert sum(len(found.of(arm)) for arm in (0, 1)) == 18
    assert sum(len(found.good(arm)) for arm in (0, 1)) == 12


def test_that_measurements_have_names_of_their_own() -> None:
    assert _sample().id != _sample().id
