"""How long both images take to start, from measurements that were stored; apart from each other they prove no difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from explorer.coldstart.earlier import caution, differences
from explorer.coldstart.phase import METRICS, values
from explorer.coldstart.sample import Environment, Sample
from explorer.coldstart.stats import PRIMARY, compare, summarise
from explorer.coldstart.stats import Comparison as StartComparison
from explorer.coldstart.store import Store, find_for, places
from explorer.coldstart.verdict import caution_texts
from explorer.translation import tr


@dataclass(frozen=True)
class StartTime:
    """One image's median in seconds with its 95 % interval (None below six runs), and which measurement it is of.

    `measured` are the seconds of every counted run, in the order in which they ran.
    """

    median: float
    ci_low: float | None
    ci_high: float | None
    runs: int
    measurement: str
    created: str
    measured: tuple[float, ...] = ()


@dataclass(frozen=True)
class StartUp:
    """`together` is the statistics of one measurement that ran both images in turn; None where there is none.

    `where` says on what it was measured, `notes` what to know before believing it, in the user's language.
    """

    a: StartTime | None
    b: StartTime | None
    together: StartComparison | None = None
    where: str = ""
    notes: tuple[str, ...] = ()

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
            where, notes = _where(sample.environment), tuple(caution_texts(pair))
            return StartUp(times[0], times[1], compare(pair), where, notes)
    alone = [_newest(image_id, store) for image_id in (image_a, image_b)]
    return _apart(*alone) if any(alone) else None


def _newest(image_id: str, store: Store | None) -> tuple[StartTime, Sample] | None:
    for sample in find_for((image_id,), store):
        found = _time(sample, places(sample, (image_id,))[0])
        if found is not None:
            return found, sample
    return None


def _apart(a: tuple[StartTime, Sample] | None, b: tuple[StartTime, Sample] | None) -> StartUp:
    """Two measurements, or one: what they have in common is no proof of anything."""
    known = [item for item in (a, b) if item is not None]
    where = dict.fromkeys(_where(sample.environment) for _, sample in known)
    notes = [note for _, sample in known for note in caution_texts(sample)]
    if a is not None and b is not None:
        notes.insert(0, caution())
        unlike = differences(a[1], b[1])
        if unlike:
            notes.insert(1, tr("Not the same: {differences}.", differences="; ".join(unlike)))
    times = [item[0] if item is not None else None for item in (a, b)]
    told = tuple(dict.fromkeys(notes))
    return StartUp(times[0], times[1], None, "; ".join(where), told)


def _where(found: Environment) -> str:
    """The engine and the machine in a line, without a name."""
    engine = " ".join(part for part in (found.engine, found.engine_version, found.driver) if part)
    cpus = tr("{n} CPUs", n=found.cpus) if found.cpus else ""
    kernel = " ".join(part for part in (found.kernel, found.architecture) if part)
    return ", ".join(part for part in (engine, cpus, kernel) if part)


def _time(sample: Sample, arm: int | None) -> StartTime | None:
    if arm is None:
        return None
    measured = values([run.phases for run in sample.good(arm)], PRIMARY)
    if not len(measured):
        return None
    found = summarise(measured, arm)
    return StartTime(
        found.median,
        found.ci_low,
        found.ci_high,
        found.n,
        sample.id,
        sample.created,
        tuple(float(value) for value in measured),
    )


def _only(sample: Sample, arms: Sequence[int | None]) -> Sample | None:
    """The measurement with these two arms alone, in this order."""
    a, b = arms
    if a is None or b is None or a == b:
        return None
    number = {a: 0, b: 1}
    runs = tuple(replace(run, arm=number[run.arm]) for run in sample.runs if run.arm in number)
    arms_now = (
        replace(sample.spec.arms[a], label="A"),
        replace(sample.spec.arms[b], label="B"),
    )
    spec = replace(sample.spec, arms=arms_now)
    return replace(sample, spec=spec, runs=runs)
