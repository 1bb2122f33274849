"""The statistics against published and independently computed values, and against false alarms."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.coldstart.earlier import caution, compare_measurements, differences
from explorer.coldstart.ranks import critical_u, mann_whitney, u_statistic
from explorer.coldstart.stats import (
    Numbers,
    cliffs_delta,
    compare,
    compare_values,
    hodges_lehmann,
    interval_ranks,
    is_outlier,
    label_outliers,
    median_interval,
    minimum_detectable,
    shift_interval,
    summaries,
    summarise,
    typical_run,
)
from explorer.errors import InputError
from tests.coldstart.samples import sample

A = np.array([1.1, 2.3, 2.9, 4.2, 5.5, 6.1, 7.7, 8.0])
B = np.array([2.0, 3.1, 4.9, 6.6, 7.9, 9.2, 10.5, 11.0])
_values = st.lists(st.integers(0, 6), min_size=2, max_size=5)


def test_that_u_and_p_are_those_of_scipy() -> None:
    # scipy 1.17: mannwhitneyu(A, B, method="exact") -> statistic 19, p-value 0.19487179487179487
    assert u_statistic(A, B) == 19
    assert math.isclose(mann_whitney(A, B), 0.19487179487179487, rel_tol=1e-12)
    # the same for 1..20 against 7.5..26.5 -> statistic 91, p-value 0.0026426305915593523
    low = np.arange(1, 21, dtype=np.float64)
    assert u_statistic(low, low + 6.5) == 91
    assert math.isclose(mann_whitney(low, low + 6.5), 0.0026426305915593523, rel_tol=1e-12)


@pytest.mark.parametrize(
    ("n", "p"),
    # The smallest possible p-values; golang.org/x/perf benchmath has the same (uTestMinP).
    [(3, 0.1), (4, 2 / 70), (5, 2 / 252)],
)
def test_that_the_smallest_possible_p_is_the_exact_one(n: int, p: float) -> None:
    low = np.arange(n, dtype=np.float64)
    assert math.isclose(mann_whitney(low, low + 100), p, rel_tol=1e-12)


@pytest.mark.parametrize(
    ("n", "critical"),
    # Mann & Whitney's table for two-sided 0.05 (any statistics book).
    [(3, None), (4, 0), (5, 2), (6, 5), (8, 13), (10, 23), (15, 64), (20, 127)],
)
def test_that_critical_values_are_those_of_the_tables(n: int, critical: int | None) -> None:
    assert critical_u(n, n, 0.05) == critical


@pytest.mark.slow
@given(_values, _values)
@settings(max_examples=60, deadline=None)
def test_that_p_with_ties_is_the_share_of_all_ways_to_deal_the_values(
    first: list[int], second: list[int]
) -> None:
    a, b = np.array(first, dtype=np.float64), np.array(second, dtype=np.float64)
    both = [*first, *second]
    ranks = [sum(v < x for v in both) + (sum(v == x for v in both) + 1) / 2 for x in both]
    observed = sum(ranks[: len(a)])
    sums = [sum(chosen) for chosen in combinations(ranks, len(a))]
    below = sum(s <= observed + 1e-9 for s in sums) / len(sums)
    above = sum(s >= observed - 1e-9 for s in sums) / len(sums)
    assert math.isclose(mann_whitney(a, b), min(1.0, 2 * min(below, above)), rel_tol=1e-9)


def test_that_many_values_are_tested_by_the_normal_approximation() -> None:
    low = np.arange(150, dtype=np.float64)
    # scipy 1.17.1: mannwhitneyu(low, low + 20.5, method="asymptotic")
    p_value = mann_whitney(low, low + 20.5)
    assert math.isclose(p_value, 0.00013729919994592905, rel_tol=1e-9)
    assert mann_whitney(low, low) == 1.0


@pytest.mark.parametrize(
    ("n", "ranks"),
    # research: n=5 has none, 6 the whole range, 10: 2..9, 20: 6..15, 30: 10..21
    [(5, None), (6, (1, 6)), (10, (2, 9)), (20, (6, 15)), (30, (10, 21))],
)
def test_that_the_median_lies_between_these_ranks(n: int, ranks: tuple[int, int] | None) -> None:
    assert interval_ranks(n) == ranks


def test_that_a_summary_holds_the_order_statistics() -> None:
    found = summarise([0.4, 0.1, 0.3, 0.2, 0.6, 0.5])
    assert (found.n, found.min, found.max) == (6, 0.1, 0.6)
    assert found.median == pytest.approx(0.35)
    assert (found.ci_low, found.ci_high) == (0.1, 0.6)
    assert found.mad == pytest.approx(0.15)
    assert median_interval([1, 2, 3]) is None


def test_that_the_shift_is_the_median_of_all_differences() -> None:
    assert hodges_lehmann(np.array([1.0, 2.0, 4.0]), np.array([3.0, 5.0, 9.0])) == 3.0
    assert hodges_lehmann(A, A + 0.25) == 0.25


def test_that_cliffs_delta_runs_from_never_to_always_above() -> None:
    assert cliffs_delta(A, A + 100) == 1
    assert cliffs_delta(A + 100, A) == -1
    assert cliffs_delta(A, A) == 0
    assert cliffs_delta(A, B) == pytest.approx(2 * (64 - 19) / 64 - 1)


def test_that_the_interval_of_the_shift_holds_the_shift_and_repeats() -> None:
    low, high = shift_interval(A, B)
    assert low < hodges_lehmann(A, B) < high
    assert shift_interval(A, B) == (low, high)


@pytest.mark.parametrize("more", [0, 5])
def test_that_swapped_sides_give_the_same_figures(more: int) -> None:
    chance = np.random.default_rng(8)
    x, y = chance.gamma(2.0, 0.001, 20), chance.gamma(3.0, 0.001, 20 + more)
    there, back = compare_values(x, y), compare_values(y, x)
    assert there.minimum_detectable == back.minimum_detectable
    assert back.ci_low is not None
    assert back.ci_high is not None
    assert (there.ci_low, there.ci_high) == pytest.approx((-back.ci_high, -back.ci_low))
    assert there.p_value == pytest.approx(back.p_value)


def test_that_less_noise_sees_smaller_differences() -> None:
    chance = np.random.default_rng(3)
    x, y = chance.normal(0.4, 0.06, (2, 20))
    wide, narrow = minimum_detectable(x, y), minimum_detectable(x / 4, y / 4)
    assert wide is not None
    assert narrow is not None
    # For a normal distribution: 2.8 * sigma * sqrt(2 / n) / sqrt(0.955)
    assert 0.03 < wide < 0.09
    assert narrow == pytest.approx(wide / 4, rel=0.05)
    assert minimum_detectable(x[:3], y[:3]) is None


@pytest.mark.slow
def test_that_a_difference_of_that_size_is_found_in_about_four_of_five() -> None:
    chance = np.random.default_rng(4)
    first, second = chance.gamma(2.0, 0.03, (2, 20))
    size = minimum_detectable(first, second)
    assert size is not None
    scatter = np.concatenate([first - np.median(first), second - np.median(second)])
    found = 0
    for _ in range(300):
        x, y = chance.choice(scatter, (2, 20))
        found += mann_whitney(x, y + size) < 0.05
    assert 0.73 <= found / 300 <= 0.87


def _drifting(chance: np.random.Generator, rounds: int) -> tuple[list[float], list[float]]:
    """One image against itself on a machine like the one of research/coldstart.md §3: lag-1 autocorrelation 0.42, drift
    -0.43, bursts of other tenants' load; both arms of a round in random order."""
    noise, level, held = 0.0, 0.40, []
    for _ in range(2 * rounds):
        noise = 0.42 * noise + chance.normal(0, 0.05)
        level -= 0.08 / (2 * rounds)
        burst = chance.gamma(1.5, 0.05) if chance.random() < 0.1 else 0.0
        held.append(level + noise + burst)
    first, second = [], []
    for index in range(0, len(held), 2):
        pair = held[index : index + 2]
        if chance.random() < 0.5:
            pair.reverse()
        first.append(pair[0])
        second.append(pair[1])
    return first, second


@pytest.mark.slow
@pytest.mark.parametrize("rounds", [10, 20, 40])
def test_that_one_image_against_itself_is_called_different_in_at_most_seven_percent(
    rounds: int,
) -> None:
    chance = np.random.default_rng(20261123)
    trials = 300
    alarms = 0
    for _ in range(trials):
        first, second = _drifting(chance, rounds)
        x, y = np.array(first), np.array(second)
        # The bootstrap, which is slow, can only take an alarm back.
        if mann_whitney(x, y) < 0.05:
            alarms += compare_values(first, second).verdict != "none"
    assert alarms / trials <= 0.07


def _windows(
    series: Numbers, rounds: int, trials: int
) -> Iterator[tuple[Numbers, Numbers, Numbers]]:
    """Pieces of a series of starts: as taken in turns (both sides of each pair drawn by lot), and as they came."""
    chance = np.random.default_rng(1)
    for _ in range(trials):
        start = int(chance.integers(0, len(series) - 2 * rounds + 1))
        piece = series[start : start + 2 * rounds]
        pairs = piece.reshape(rounds, 2)
        swapped = chance.random(rounds) < 0.5
        yield (
            np.where(swapped, pairs[:, 0], pairs[:, 1]),
            np.where(swapped, pairs[:, 1], pairs[:, 0]),
            piece,
        )


@pytest.mark.slow
@pytest.mark.parametrize("rounds", [10, 20, 40])
@pytest.mark.parametrize("column", [0, 1], ids=["total", "app"])
def test_that_recorded_starts_of_one_image_are_not_called_different(
    rounds: int, column: int
) -> None:
    recorded = json.loads((Path(__file__).parent / "data" / "one-image.json").read_text())
    series = np.array(recorded["starts"])[:, column] / 1000
    trials, alarms, blocked = 400, 0, 0
    for first, second, piece in _windows(series, rounds, trials):
        # The bootstrap, which is slow, can only take an alarm back.
        if mann_whitney(first, second) < 0.05:
            alarms += compare_values(first, second).verdict != "none"
        blocked += mann_whitney(piece[:rounds], piece[rounds:]) < 0.05
    assert alarms / trials <= 0.07
    # What taking turns is for: the same starts in two blocks cry wolf more often.
    assert blocked > alarms


@pytest.mark.slow
def test_that_blocks_instead_of_turns_would_cry_wolf() -> None:
    chance = np.random.default_rng(20261123)
    alarms = 0
    for _ in range(100):
        first, second = _drifting(chance, 20)
        series = np.array([value for pair in zip(first, second, strict=True) for value in pair])
        alarms += mann_whitney(series[:20], series[20:]) < 0.05
    assert alarms / 100 > 0.2


def test_that_a_clear_difference_is_called_by_its_direction() -> None:
    fast = [0.40 + i / 1000 for i in range(20)]
    slow = [0.80 + i / 1000 for i in range(20)]
    found = compare(sample(slow, fast))
    assert found is not None
    assert (found.verdict, found.n_a, found.n_b) == ("faster", 20, 20)
    assert found.shift == pytest.approx(-0.4)
    assert found.p_value is not None
    assert found.p_value < 1e-6
    back = compare(sample(fast, slow))
    assert back is not None
    assert back.verdict == "slower"


def test_that_three_runs_decide_nothing() -> None:
    found = compare(sample([0.1, 0.2, 0.3], [1.1, 1.2, 1.3]))
    assert found is not None
    assert (found.verdict, found.p_value, found.ci_low) == ("unknown", None, None)


def test_that_one_image_alone_is_not_compared() -> None:
    assert compare(sample([0.1] * 8)) is None
    assert compare(sample([0.1] * 8, floor=[0.01] * 8)) is None


def test_that_an_outlier_is_labelled_and_counts() -> None:
    calm = [0.40, 0.41, 0.42, 0.43, 0.44, 0.45, 0.46]
    found = label_outliers(sample([*calm, 3.0]))
    assert [run.outlier for run in found.runs] == [False] * 7 + [True]
    app = next(item for item in summaries(found) if item.phase == "app")
    assert app.n == 8
    assert app.max == pytest.approx(3.0)


def test_that_equal_values_have_no_outliers() -> None:
    assert is_outlier([1.0] * 10) == [False] * 10
    assert is_outlier([1.0, 2.0, 50.0]) == [False] * 3


def test_that_the_typical_run_is_the_one_nearest_to_the_median_total() -> None:
    found = sample([0.9, 0.1, 0.52, 0.2, 0.8])
    assert typical_run(found, 0) == 2
    assert typical_run(sample([0.5]), 0) == 0


@given(
    st.lists(st.floats(0.001, 10), min_size=6, max_size=20),
    st.floats(0.001, 5),
)
@settings(max_examples=30, deadline=None)
def test_that_a_shift_of_everything_shifts_the_estimate_alone(
    values: list[float], by: float
) -> None:
    x = np.array(values)
    assert hodges_lehmann(x, x + by) == pytest.approx(by, abs=1e-9)
    assert summarise(x + by).mad == pytest.approx(summarise(x).mad, abs=1e-9)


def test_that_earlier_measurements_are_compared_only_under_equal_conditions() -> None:
    slow, fast = (
        sample([0.8 + i / 1000 for i in range(8)]),
        sample([0.4 + i / 1000 for i in range(8)]),
    )
    found = compare_measurements(slow, fast)
    assert found.verdict == "faster"
    assert found.shift == pytest.approx(-0.4)
    assert "not in turns" in caution()
    other = replace(
        fast,
        environment=replace(fast.environment, engine_version="28.5", cache="page-cache-cold"),
        spec=replace(fast.spec, cpus=0.5),
    )
    assert differences(slow, other) == [
        "engine_version: 20.10 / 28.5",
        "cache: warm / page-cache-cold",
        "cpus: 0.0 / 0.5",
    ]
    with pytest.raises(InputError, match=r"engine_version: 20.10 / 28.5"):
        compare_measurements(slow, other)
