"""The exact rank-sum test of Mann, Whitney and Wilcoxon, with ties, and the smallest statistic it calls significant."""

from __future__ import annotations

from functools import lru_cache
from math import erfc, sqrt

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
# Above it the normal approximation is within a thousandth, and the exact distribution takes seconds.
_EXACT_LIMIT = 100


def u_statistic(a: Numbers, b: Numbers) -> float:
    """How many pairs have the value of `a` above the one of `b`; ties count half."""
    above = (a[:, None] > b[None, :]).sum()
    ties = (a[:, None] == b[None, :]).sum()
    return float(above + ties / 2)


def mann_whitney(a: Numbers, b: Numbers) -> float:
    """The two-sided p-value: twice the smaller tail, at most 1. Exact with and without ties up to 100 values."""
    both = np.concatenate([a, b])
    _, inverse, counts = np.unique(both, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    # Twice the mean rank of each group of ties: a whole number.
    doubled = (2 * ends - counts + 1)[inverse]
    observed = int(doubled[: len(a)].sum())
    if len(both) > _EXACT_LIMIT:
        return _approximate(doubled, len(a), observed)
    chances = _rank_sums(tuple(sorted(int(rank) for rank in doubled)), len(a))
    below, above = chances[: observed + 1].sum(), chances[observed:].sum()
    return float(min(1.0, 2 * min(below, above)))


@lru_cache(maxsize=64)
def critical_u(n: int, m: int, alpha: float) -> int | None:
    """The largest U (without ties) whose two-sided p-value is below alpha, None when no U has one that small."""
    if not n or not m:
        return None
    if n + m > _EXACT_LIMIT:
        spread = sqrt(n * m * (n + m + 1) / 12)
        return max(0, int(n * m / 2 - 1.959964 * spread))
    chances = _rank_sums(tuple(range(2, 2 * (n + m) + 1, 2)), n)
    sums = np.cumsum(chances[n * (n + 1) :: 2])
    small = int((2 * sums < alpha).sum())
    return small - 1 if small else None


@lru_cache(maxsize=64)
def _rank_sums(ranks: tuple[int, ...], chosen: int) -> Numbers:
    """The chance of each sum of `chosen` ranks drawn from all."""
    size = sum(ranks[-chosen:]) + 1 if chosen else 1
    # ways[k][s]: chance-weighted number of ways to reach the sum s with k ranks; scaled to stay in range.
    ways = np.zeros((chosen + 1, size))
    ways[0, 0] = 1.0
    for rank in ranks:
        ways[1:, rank:] += ways[:-1, : size - rank].copy()
    found: Numbers = ways[chosen] / ways[chosen].sum()
    return found


def _approximate(doubled: NDArray[np.int64], n: int, observed: int) -> float:
    """The normal approximation with the exact variance of these ranks and a correction for continuity."""
    total = len(doubled)
    ranks = doubled / 2
    mean = n * ranks.mean()
    spread = sqrt(n * (total - n) / total * ranks.var(ddof=1))
    if spread == 0:
        return 1.0
    return float(erfc(max(0.0, abs(observed / 2 - mean) - 0.5) / spread / sqrt(2)))
