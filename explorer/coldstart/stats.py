"""Statistics of a measurement: what a typical start takes, whether two arms differ, and how small a difference could be seen.

Nothing here assumes a normal distribution, and nothing is random without a fixed seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import comb

import numpy as np
from numpy.typing import NDArray

from explorer.coldstart.phase import METRICS, metric, values
from explorer.coldstart.ranks import critical_u, mann_whitney, u_statistic
from explorer.coldstart.sample import OK, Sample

ALPHA = 0.05
POWER = 0.8
# Iglewicz & Hoaglin (1993): |0.6745 (x - median) / MAD| > 3.5 is called an outlier.
_MODIFIED_Z, _Z_LIMIT = 0.6745, 3.5
_RESAMPLES = 2_000
_SEED = 20261123
_SIMULATIONS = 400
_BISECTIONS = 14
# Below it no interval of the median exists at 95 %: 2 * 0.5**5 is 6 %.
LEAST_FOR_INTERVAL = 6
PRIMARY = "app"

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Summary:
    """One metric of one arm, in seconds; the interval of the median is None below six runs. `mad` is the median absolute deviation."""

    arm: int
    phase: str
    n: int
    median: float
    ci_low: float | None
    ci_high: float | None
    min: float
    max: float
    mad: float
    p95: float
    mean: float


@dataclass(frozen=True)
class Comparison:
    """How arm `b` differs from arm `a` in one metric, in seconds; a negative shift means that b is faster.

    `minimum_detectable` is the difference that this many runs find in four of five measurements; `verdict` is faster,
    slower, none or unknown (too few runs). `outliers_matter` is set when leaving out the labelled ones changes it.
    """

    phase: str
    a: int
    b: int
    n_a: int
    n_b: int
    shift: float | None
    ci_low: float | None
    ci_high: float | None
    p_value: float | None
    cliffs_delta: float | None
    minimum_detectable: float | None
    verdict: str
    median_a: float | None = None
    median_b: float | None = None
    outliers_matter: bool = False


def summaries(sample: Sample) -> list[Summary]:
    """Every metric of every arm that has runs to tell it."""
    found = []
    for arm in range(len(sample.spec.arms)):
        phases = [run.phases for run in sample.good(arm)]
        for name in METRICS:
            measured = values(phases, name)
            if measured:
                found.append(summarise(measured, arm, name))
    return found


def summarise(measured: Numbers | Sequence[float], arm: int = 0, name: str = PRIMARY) -> Summary:
    """One metric of one arm; `measured` is not empty."""
    data = np.sort(np.asarray(measured, dtype=np.float64))
    interval = median_interval(data)
    median = float(np.median(data))
    return Summary(
        arm=arm,
        phase=name,
        n=len(data),
        median=median,
        ci_low=interval[0] if interval else None,
        ci_high=interval[1] if interval else None,
        min=float(data[0]),
        max=float(data[-1]),
        mad=float(np.median(np.abs(data - median))),
        p95=float(np.quantile(data, 0.95, method="inverted_cdf")),
        mean=float(data.mean()),
    )


def interval_ranks(n: int, confidence: float = 1 - ALPHA) -> tuple[int, int] | None:
    """The ranks (from 1) of the order statistics that enclose the median at this confidence; None when n is too small.

    Exact for every continuous distribution: the number of values below the median is binomial.
    """
    tail, best = 0.0, None
    for rank in range(1, n // 2 + 1):
        tail += comb(n, rank - 1) / 2**n
        if 1 - 2 * tail < confidence:
            break
        best = rank
    return None if best is None else (best, n + 1 - best)


def median_interval(data: Numbers | Sequence[float]) -> tuple[float, float] | None:
    """The 95 % interval of the median, None below six values."""
    ordered = np.sort(np.asarray(data, dtype=np.float64))
    ranks = interval_ranks(len(ordered))
    return None if ranks is None else (float(ordered[ranks[0] - 1]), float(ordered[ranks[1] - 1]))


def hodges_lehmann(a: Numbers, b: Numbers) -> float:
    """The typical difference b - a: the median of all differences between a value of b and one of a."""
    return float(np.median(b[:, None] - a[None, :]))


def shift_interval(a: Numbers, b: Numbers, seed: int = _SEED) -> tuple[float, float]:
    """The 95 % percentile-bootstrap interval of hodges_lehmann().

    Where both have one value a round, rounds are drawn, so that what disturbs both at once stays together. With the
    sides swapped it is the same interval with the signs turned: the smaller side is always drawn first.
    """
    if len(a) > len(b):
        low, high = shift_interval(b, a, seed)
        return -high, -low
    chance = np.random.default_rng(seed)
    found = np.empty(_RESAMPLES)
    paired = len(a) == len(b)
    for place in range(_RESAMPLES):
        drawn = chance.integers(0, len(a), len(a))
        other = drawn if paired else chance.integers(0, len(b), len(b))
        found[place] = np.median(b[other][:, None] - a[drawn][None, :])
    low, high = np.quantile(found, [ALPHA / 2, 1 - ALPHA / 2])
    return float(low), float(high)


def cliffs_delta(a: Numbers, b: Numbers) -> float:
    """How often a value of b is above one of a, minus how often it is below: -1 to 1."""
    return 2 * u_statistic(b, a) / (len(a) * len(b)) - 1


def minimum_detectable(a: Numbers, b: Numbers, seed: int = _SEED) -> float | None:
    """The shift that the test would find with 80 % power if the arms scattered as they do here; None for too few runs.

    Found by simulation: runs are drawn from both arms' deviations from their medians and the larger side is shifted.
    It is one figure whichever arm is called a: nothing here depends on their order.
    """
    fewer, more = sorted((len(a), len(b)))
    critical = critical_u(fewer, more, ALPHA)
    if critical is None:
        return None
    chance = np.random.default_rng(seed)
    pool = np.sort(np.concatenate([a - np.median(a), b - np.median(b)]))
    left = chance.choice(pool, (_SIMULATIONS, fewer))
    right = chance.choice(pool, (_SIMULATIONS, more))
    scale = float(np.ptp(pool))
    if scale == 0:
        return 0.0
    # A jitter far below every difference breaks the ties that drawing with replacement makes.
    left += chance.uniform(-1, 1, left.shape) * scale * 1e-6
    low, high = 0.0, 2 * scale
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        above = (right[:, :, None] + middle > left[:, None, :]).sum((1, 2))
        if (above >= len(a) * len(b) - critical).mean() < POWER:
            low = middle
        else:
            high = middle
    return high


def compare(sample: Sample, name: str = PRIMARY) -> Comparison | None:
    """The second image arm against the first in one metric; None when there are no two."""
    measured = sample.spec.measured
    if len(measured) < 2:
        return None
    a, b = measured[0], measured[1]
    first, second = _paired(sample, a, b, name)
    found = compare_values(first, second, a, b, name)
    others = _paired(sample, a, b, name, calm=True)
    if others == (first, second):
        return found
    calm = compare_values(*others, a, b, name)
    return replace(found, outliers_matter=calm.verdict not in (found.verdict, "unknown"))


def compare_values(
    first: Numbers | Sequence[float],
    second: Numbers | Sequence[float],
    a: int = 0,
    b: int = 1,
    name: str = PRIMARY,
) -> Comparison:
    """Two samples in seconds, in the order of their rounds."""
    x, y = (np.asarray(item, dtype=np.float64) for item in (first, second))
    enough = critical_u(len(x), len(y), ALPHA) is not None
    medians = [float(np.median(item)) if len(item) else None for item in (x, y)]
    if not enough:
        shift = hodges_lehmann(x, y) if len(x) and len(y) else None
        return Comparison(
            phase=name,
            a=a,
            b=b,
            n_a=len(x),
            n_b=len(y),
            shift=shift,
            ci_low=None,
            ci_high=None,
            p_value=None,
            cliffs_delta=None,
            minimum_detectable=None,
            verdict="unknown",
            median_a=medians[0],
            median_b=medians[1],
        )
    low, high = shift_interval(x, y)
    shift, p_value = hodges_lehmann(x, y), mann_whitney(x, y)
    # Both must agree, and about the direction too.
    differs = p_value < ALPHA and (high < 0 or low > 0)
    return Comparison(
        phase=name,
        a=a,
        b=b,
        n_a=len(x),
        n_b=len(y),
        shift=shift,
        ci_low=low,
        ci_high=high,
        p_value=p_value,
        cliffs_delta=cliffs_delta(x, y),
        minimum_detectable=minimum_detectable(x, y),
        verdict=("faster" if shift < 0 else "slower") if differs else "none",
        median_a=medians[0],
        median_b=medians[1],
    )


def is_outlier(measured: Sequence[float]) -> list[bool]:
    """Which values lie so far from the median that something else must have happened; never more than half of them."""
    data = np.asarray(measured, dtype=np.float64)
    if len(data) < LEAST_FOR_INTERVAL:
        return [False] * len(data)
    median = np.median(data)
    mad = np.median(np.abs(data - median))
    if mad == 0:
        return [False] * len(data)
    far: list[bool] = (np.abs(_MODIFIED_Z * (data - median) / mad) > _Z_LIMIT).tolist()
    return far


def label_outliers(sample: Sample) -> Sample:
    """The sample with its outliers labelled, by the app's time or the total; they stay in every figure."""
    odd: set[int] = set()
    for arm in range(len(sample.spec.arms)):
        runs = sample.good(arm)
        for name in (PRIMARY, "total"):
            pairs = [(run.order, metric(run.phases, name)) for run in runs]
            known = [(order, value) for order, value in pairs if value is not None]
            flags = is_outlier([value for _, value in known])
            odd |= {order for (order, _), flag in zip(known, flags, strict=True) if flag}
    runs_now = tuple(replace(run, outlier=run.order in odd) for run in sample.runs)
    return replace(sample, runs=runs_now)


def typical_run(sample: Sample, arm: int) -> int | None:
    """The `order` of the run nearest to the arm's median total: medians of phases do not add up, this run's phases do."""
    totals = [(run.order, metric(run.phases, "total")) for run in sample.good(arm)]
    known = [(order, value) for order, value in totals if value is not None]
    if not known:
        return None
    median = float(np.median([value for _, value in known]))
    return min(known, key=lambda pair: abs(pair[1] - median))[0]


def _paired(
    sample: Sample, a: int, b: int, name: str, *, calm: bool = False
) -> tuple[list[float], list[float]]:
    """The values of both arms; where every round has both, in the order of the rounds."""
    sides = []
    for arm in (a, b):
        chosen = [run for run in sample.of(arm) if run.status == OK and not (calm and run.outlier)]
        found = {run.index: metric(run.phases, name) for run in chosen}
        sides.append({index: value for index, value in found.items() if value is not None})
    return [sides[0][i] for i in sorted(sides[0])], [sides[1][i] for i in sorted(sides[1])]
