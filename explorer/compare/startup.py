"""How long both images take to start, from measurements that were stored; apart from each other they prove no difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from explorer.coldstart.phase import METRICS, values
from explorer.coldstart.sample import Sample
from explorer.coldstart.stats import PRIMARY, compare, summarise
from explorer.coldstart.stats import Comparison as StartComparison
from explorer.coldstart.store import Store, find_for, places
from explorer.translation import tr


@dataclass(frozen=True)
class StartTime:
    """One image's median in seconds with its 95 % interval (None below six runs), and which measurement it is of."""

    median: float
    ci_low: float | None
    ci_high: float | None
    runs: int
    measurement: str
    created: str


@dataclass(frozen=True)
class StartUp:
    """`together` is the statistics of one measurement that ran both images in turn; None where there is none."""

    a: StartTime | None
    b: StartTime | None
    together: StartComparison | None = None

    @property
    def metric(self) -> str:
        """What was measured, in the user's language."""
        return tr(METRICS[PRIMARY])


def start_up(image_a: str, image_b: str, store: Store | None = None) -> StartUp | None:
    """What is known of both images' starts: the newest measurement of both, else the newest of each; None for nothing."""
    for sample in find_for((image_a, image_b), store) if image_a != image_b else ():
        arms = places(sample, (image_a, image_b))
        pair = _only(sample, arms)
        times = [_time(sample, arm) for arm in arms]
        if pair is not None and None not in times:
            return StartUp(times[0], times[1], compare(pair))
    alone = [_newest(image_id, store) for image_id in (image_a, image_b)]
    return StartUp(alone[0], alone[1]) if any(alone) else None


def _newest(image_id: str, store: Store | None) -> StartTime | None:
    for sample in find_for((image_id,), store):
        found = _time(sample, places(sample, (image_id,))[0])
        if found is not None:
            return found
    return None


def _time(sample: Sample, arm: int | None) -> StartTime | None:
    if arm is None:
        return None
    measured = values([run.phases for run in sample.good(arm)], PRIMARY)
    if not measured:
        return None
    found = summarise(measured, arm)
    return StartTime(found.median, found.ci_low, found.ci_high, found.n, sample.id, sample.created)


def _only(sample: Sample, arms: Sequence[int | None]) -> Sample | None:
    """The measurement with these two arms alone, in this order."""
    a, b = arms
    if a is None or b is None or a == b:
        return None
    number = {a: 0, b: 1}
    runs = tuple(replace(run, arm=number[run.arm]) for run in sample.runs if run.arm in number)
    spec = replace(sample.spec, arms=(sample.spec.arms[a], sample.spec.arms[b]))
    return replace(sample, spec=spec, runs=runs)
