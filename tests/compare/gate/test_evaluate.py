"""Rules decided: kept, broken, or honestly not known."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.coldstart.stats import compare_values, summarise
from explorer.compare.gate.evaluate import Facts, Starts, evaluate
from explorer.compare.gate.limits import Limit
from explorer.compare.gate.rules import (
    CATEGORY,
    DIVE_EFFICIENCY,
    DIVE_USER_WASTED,
    DIVE_WASTED,
    FAILED,
    FORBIDDEN,
    GROWTH,
    PASSED,
    RECLAIMABLE,
    SIZE,
    SLOWDOWN,
    START,
    UNKNOWN,
    Outcome,
    Rule,
    overall,
    pair_texts,
)
from explorer.filesystem.layer import LayerIndex
from explorer.findings.analysis import Analysis, analyse
from explorer.image.model import Platform
from tests.support.layers import file, image, layer, whiteout


def analysed(*layers: LayerIndex) -> Analysis:
    return analyse(*image(*layers))


# 1000 bytes of content, 400 of them deleted later.
WASTEFUL = analysed(
    layer(file("/keep", 600), file("/gone", 400)), layer(whiteout("/gone"), file("/late", 0))
)
PARTLY = replace(WASTEFUL, complete=False)


def bytes_limit(value: float) -> Limit:
    return Limit(value, "bytes")


def share(value: float) -> Limit:
    return Limit(value, "share")


def decide(rule: Rule, image: Analysis = WASTEFUL, baseline: Analysis | None = None) -> Outcome:
    (outcome,) = evaluate([rule], Facts(image, baseline))
    return outcome


@pytest.mark.parametrize(
    ("rule", "verdict", "measured"),
    [
        (Rule(SIZE, bytes_limit(1000)), PASSED, 1000),
        (Rule(SIZE, bytes_limit(999)), FAILED, 1000),
        (Rule(RECLAIMABLE, bytes_limit(400)), PASSED, 400),
        (Rule(RECLAIMABLE, bytes_limit(399)), FAILED, 400),
        (Rule(RECLAIMABLE, share(0.4)), PASSED, 0.4),
        (Rule(RECLAIMABLE, share(0.39)), FAILED, 0.4),
        (Rule(CATEGORY, bytes_limit(400), "deleted"), PASSED, 400),
        (Rule(CATEGORY, share(0.3), "deleted"), FAILED, 0.4),
        (Rule(FORBIDDEN, bytes_limit(0), "deleted"), FAILED, 400),
        (Rule(FORBIDDEN, bytes_limit(0), "go-toolchain"), PASSED, 0),
        (Rule(FORBIDDEN, bytes_limit(0), "written-twice"), PASSED, 0),
        (Rule(DIVE_WASTED, bytes_limit(400)), PASSED, 400),
        (Rule(DIVE_WASTED, bytes_limit(399)), FAILED, 400),
        (Rule(DIVE_EFFICIENCY, share(0.6)), PASSED, 0.6),
        (Rule(DIVE_EFFICIENCY, share(0.61)), FAILED, 0.6),
    ],
)
def test_that_a_limit_is_kept_up_to_its_last_byte(
    rule: Rule, verdict: str, measured: float
) -> None:
    found = decide(rule)
    assert found.verdict == verdict
    assert found.measured == pytest.approx(measured)
    assert bool(found.evidence) == (verdict == FAILED)


def test_that_a_forbidden_finding_is_found_by_its_id() -> None:
    big = analysed(layer(file("/a", 300_000)), layer(whiteout("/a")))
    (finding,) = [item for item in big.findings if item.bytes == 300_000]
    found = decide(Rule(FORBIDDEN, bytes_limit(0), finding.id), big)
    assert (found.verdict, found.measured) == (FAILED, 300_000)


def test_that_an_empty_file_of_a_forbidden_category_is_there_too() -> None:
    source = analysed(layer(file("/usr/local/go/VERSION", 0), file("/usr/local/go/bin/go", 0)))
    assert decide(Rule(FORBIDDEN, bytes_limit(0), "go-toolchain"), source).verdict == FAILED


def test_that_evidence_names_the_biggest_files_harmlessly() -> None:
    hostile = analysed(
        layer(file(b"/usr/local/go/bin/\x1b[31m\xff", 7), file("/usr/local/go/x", 9))
    )
    found = decide(Rule(CATEGORY, bytes_limit(0), "go-toolchain"), hostile)
    assert found.evidence == ("/usr/local/go/x: 9 B", "/usr/local/go/bin/\\x1b[31m\\xff: 7 B")


@pytest.mark.parametrize("kind", [RECLAIMABLE, DIVE_WASTED, DIVE_EFFICIENCY, DIVE_USER_WASTED])
def test_that_a_part_of_an_image_decides_nothing(kind: str) -> None:
    limit = share(0.99) if kind != DIVE_WASTED else bytes_limit(1)
    found = decide(Rule(kind, limit), PARTLY)
    assert found.verdict == UNKNOWN
    assert found.reason.endswith("was read only in part (2 of 2 layers).")


def test_that_a_part_that_is_too_big_already_is_too_big() -> None:
    assert decide(Rule(SIZE, bytes_limit(999)), PARTLY).verdict == FAILED
    assert decide(Rule(SIZE, bytes_limit(2000)), PARTLY).verdict == UNKNOWN


def test_that_dive_lets_an_image_of_one_layer_pass() -> None:
    found = decide(Rule(DIVE_USER_WASTED, share(0.0)), analysed(layer(file("/a", 1))))
    assert (found.verdict, found.measured) == (PASSED, None)


SMALL = analysed(layer(file("/keep", 600)))


@pytest.mark.parametrize(
    ("limit", "verdict", "measured"),
    [
        (bytes_limit(400), PASSED, 400),
        (bytes_limit(399), FAILED, 400),
        (share(2 / 3), PASSED, 2 / 3),
        (share(0.66), FAILED, 2 / 3),
    ],
)
def test_that_growth_is_held_against_the_baseline(
    limit: Limit, verdict: str, measured: float
) -> None:
    found = decide(Rule(GROWTH, limit), WASTEFUL, SMALL)
    assert found.verdict == verdict
    assert found.measured == pytest.approx(measured)


def test_that_shrinking_is_never_growth() -> None:
    found = decide(Rule(GROWTH, bytes_limit(0)), SMALL, WASTEFUL)
    assert (found.verdict, found.measured) == (PASSED, -400)


def test_that_growth_says_what_grew() -> None:
    found = decide(Rule(GROWTH, bytes_limit(0)), WASTEFUL, SMALL)
    assert found.evidence == ("from 600 B to 1.0 kB", "Deleted later: +400 B")


def test_that_growth_from_nothing_is_growth() -> None:
    empty = analysed(layer())
    assert decide(Rule(GROWTH, share(0.5)), SMALL, empty).verdict == FAILED
    assert decide(Rule(GROWTH, share(0.5)), empty, empty).verdict == PASSED


@pytest.mark.parametrize(
    ("baseline", "reason"),
    [
        (None, "There is no baseline: name one with --against."),
        (replace(SMALL, complete=False), "app was read only in part (1 of 1 layers)."),
        (
            replace(SMALL, image=replace(SMALL.image, platform=Platform("linux", "arm64"))),
            "They are for different platforms: linux/arm64 and linux/amd64.",
        ),
    ],
)
def test_that_growth_without_a_fit_baseline_is_unknown(
    baseline: Analysis | None, reason: str
) -> None:
    named = replace(WASTEFUL, image=replace(WASTEFUL.image, platform=Platform("linux", "amd64")))
    if baseline is not None and "part" in reason:
        baseline = replace(baseline, image=replace(baseline.image, tags=("app",)))
    found = decide(Rule(GROWTH, bytes_limit(10**9)), named, baseline)
    assert (found.verdict, found.reason) == (UNKNOWN, reason)


def started(*seconds: float) -> Starts:
    return Starts(summarise(list(seconds)))


@pytest.mark.parametrize(
    ("seconds", "verdict"),
    [
        ((0.1, 0.11, 0.12, 0.1, 0.11, 0.12), PASSED),
        ((0.4, 0.41, 0.42, 0.4, 0.41, 0.42), FAILED),
        ((0.1, 0.11, 0.12, 0.4, 0.41, 0.42), UNKNOWN),
        ((0.1, 0.1, 0.1, 0.1, 0.1), UNKNOWN),
    ],
)
def test_that_the_interval_of_the_median_decides_a_start(
    seconds: tuple[float, ...], verdict: str
) -> None:
    facts = Facts(SMALL, None, started(*seconds))
    (found,) = evaluate([Rule(START, Limit(0.3, "seconds"))], facts)
    assert found.verdict == verdict
    assert bool(found.reason) == (verdict == UNKNOWN)


FAST = [0.100 + i / 1000 for i in range(12)]
SLOW = [0.200 + i / 1000 for i in range(12)]


def changed(
    before: list[float], after: list[float], limit: Limit, *, apart: bool = False
) -> Outcome:
    starts = Starts(change=compare_values(before, after), apart=apart)
    (outcome,) = evaluate([Rule(SLOWDOWN, limit)], Facts(SMALL, SMALL, starts))
    return outcome


@pytest.mark.parametrize(
    ("before", "after", "limit", "verdict"),
    [
        (FAST, SLOW, Limit(0.0, "seconds"), FAILED),
        (FAST, SLOW, Limit(0.05, "seconds"), FAILED),
        (FAST, SLOW, Limit(0.15, "seconds"), PASSED),
        (FAST, SLOW, Limit(0.1, "seconds"), UNKNOWN),
        (FAST, SLOW, share(0.5), FAILED),
        (FAST, SLOW, share(2.0), PASSED),
        (SLOW, FAST, Limit(0.0, "seconds"), PASSED),
        (FAST, FAST, Limit(0.0, "seconds"), PASSED),
        (FAST[:3], SLOW[:3], Limit(0.0, "seconds"), UNKNOWN),
    ],
)
def test_that_the_interval_of_the_difference_decides_a_slowdown(
    before: list[float], after: list[float], limit: Limit, verdict: str
) -> None:
    assert changed(before, after, limit).verdict == verdict


def test_that_measurements_apart_break_no_limit_of_zero() -> None:
    assert changed(FAST, SLOW, Limit(0.0, "seconds"), apart=True).verdict == UNKNOWN
    assert changed(FAST, SLOW, Limit(0.05, "seconds"), apart=True).verdict == FAILED


def test_that_without_measurements_the_reason_is_told() -> None:
    starts = Starts(why_not="no runs", why_no_change="no pair")
    rules = [Rule(START, Limit(1.0, "seconds")), Rule(SLOWDOWN, Limit(0.0, "seconds"))]
    found = evaluate(rules, Facts(SMALL, SMALL, starts))
    assert [(item.verdict, item.reason) for item in found] == [
        (UNKNOWN, "no runs"),
        (UNKNOWN, "no pair"),
    ]


@given(st.lists(st.sampled_from([PASSED, FAILED, UNKNOWN])))
def test_that_one_broken_rule_breaks_the_check_and_one_unknown_keeps_it_from_passing(
    verdicts: list[str],
) -> None:
    rule = Rule(SIZE, bytes_limit(1))
    found = overall(tuple(Outcome(rule, verdict, 1.0) for verdict in verdicts))
    worst = FAILED if FAILED in verdicts else UNKNOWN if UNKNOWN in verdicts else PASSED
    assert found == worst


def test_that_a_limit_passed_by_one_byte_is_shown_with_all_digits() -> None:
    found = Outcome(Rule(SIZE, bytes_limit(20_000_000)), FAILED, 20_000_001.0)
    assert pair_texts(found) == ("20,000,001 B", "20,000,000 B")
    assert pair_texts(replace(found, measured=33.4e6)) == ("33.4 MB", "20.0 MB")
