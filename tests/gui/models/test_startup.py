"""What the start-up charts draw: points, boxes, steps, the bars of one start, and two measurements side by side."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.coldstart.phase import metric
from explorer.coldstart.sample import AppPhase, Environment
from explorer.coldstart.telling import arm_label, small_or_overlapping
from explorer.gui.models.startup import (
    Bar,
    known_metrics,
    run_tip,
    running_median,
    series,
    side_by_side,
    steps,
    warm_blocks,
    waterfall,
)
from tests.coldstart.samples import sample
from tests.gui.measurements import AFTER, BEFORE, hostile, never_ready, two_images, with_phases

SECONDS = st.lists(st.floats(0.001, 100), min_size=1, max_size=50)


def test_that_each_image_has_its_runs_and_its_warm_ups_apart() -> None:
    found = series(two_images(), "app")
    assert [item.label for item in found] == ["A service:before", "B service:after"]
    assert [len(item.points) for item in found] == [7, 7]
    assert [[point.order for point in item.warm_ups] for item in found] == [[0], [1]]
    assert [point.order for item in found for point in item.points if point.outlier] == [19]
    assert [point.seconds for point in found[0].points] == pytest.approx(BEFORE[1:])


def test_that_the_floor_is_shown_only_where_it_means_the_same() -> None:
    assert [item.floor for item in series(two_images(), "app")] == [False, False]
    assert [item.floor for item in series(two_images(), "engine")] == [False, False, True]


def test_that_the_box_holds_the_middle_half_and_its_whiskers_leave_out_what_is_far() -> None:
    (found,) = series(sample((1.0, 2.0, 3.0, 4.0, 100.0)), "app")
    assert found.box == pytest.approx((2.0, 4.0, 1.0, 4.0))
    assert found.summary is not None
    assert found.summary.median == pytest.approx(3.0)


def test_that_an_arm_without_runs_has_neither_box_nor_median() -> None:
    (found,) = series(never_ready(), "app")
    assert (found.points, found.summary, found.box) == ((), None, None)


@given(SECONDS)
def test_that_the_steps_rise_from_none_to_all(seconds: list[float]) -> None:
    xs, ys = steps(seconds)
    assert xs == sorted(xs)
    assert ys == sorted(ys)
    assert (ys[0], ys[-1]) == (0.0, 1.0)
    assert set(xs) == set(seconds)


def test_that_a_step_is_drawn_by_its_two_corners() -> None:
    assert steps([3.0, 1.0]) == ([1.0, 1.0, 3.0, 3.0], [0.0, 0.5, 0.5, 1.0])


def test_that_the_running_median_follows_the_order_of_the_runs() -> None:
    points = series(sample((1.0, 9.0, 2.0, 3.0, 4.0)), "app")[0].points
    orders, medians = running_median(tuple(reversed(points)), width=3)
    assert orders == [0, 1, 2, 3, 4]
    assert medians == pytest.approx([5.0, 2.0, 3.0, 3.0, 3.5])


def test_that_the_warm_ups_of_two_measurements_are_two_blocks() -> None:
    assert warm_blocks(series(two_images(), "app")) == [(0, 1)]
    joined = side_by_side(two_images(), two_images())
    assert warm_blocks(series(joined, "app")) == [(1, 1), (25, 25)]


def test_that_the_bars_of_a_start_add_up_to_its_total() -> None:
    made = two_images()
    shown = waterfall(made)
    assert [start.label for start in shown.starts] == ["A service:before", "B service:after"]
    for start in shown.starts:
        run = next(run for run in made.runs if run.order == start.order)
        assert sum(bar.seconds for bar in start.bars) == pytest.approx(metric(run.phases, "total"))
        ends = [bar.start + bar.seconds for bar in start.bars]
        assert [bar.start for bar in start.bars[1:]] == pytest.approx(ends[:-1])
        assert dict(start.marks)["ready"] == pytest.approx(ends[-1])
    assert shown.floor == pytest.approx(0.15)


def test_that_a_program_that_is_ready_before_the_engine_tells_has_no_bar_of_its_own() -> None:
    made = sample((-0.002, -0.002, -0.002))
    (start,) = waterfall(made).starts
    assert [bar.kind for bar in start.bars] == ["create", "engine"]


def test_that_phases_of_the_app_follow_each_other_where_they_fit() -> None:
    made = with_phases(sample((0.8,)), AppPhase("config", 0.2), AppPhase("database", 0.5))
    (start,) = waterfall(made).starts
    assert [bar.start for bar in start.said] == pytest.approx([0.32, 0.52])
    assert [bar.seconds for bar in start.said] == [0.2, 0.5]


def test_that_phases_that_ran_at_once_all_begin_with_the_process() -> None:
    made = with_phases(sample((0.8,)), AppPhase("config", 0.7), AppPhase("database", 0.5))
    (start,) = waterfall(made).starts
    assert [bar.start for bar in start.said] == pytest.approx([0.32, 0.32])
    assert [bar.text for bar in start.said] == ["config 700 ms", "database 500 ms"]


def test_that_only_the_longest_phases_of_a_talkative_app_are_drawn() -> None:
    phases = [AppPhase(f"step {n}", 0.001 * (n + 1)) for n in range(30)]
    (start,) = waterfall(with_phases(sample((0.8,)), *phases)).starts
    assert [bar.text for bar in start.said] == [f"step {n} {n + 1:.1f} ms" for n in range(22, 30)]
    assert all(isinstance(bar, Bar) for bar in start.said)


def test_that_nothing_is_drawn_of_images_that_were_never_ready() -> None:
    assert waterfall(never_ready()).starts == ()


def test_that_a_tooltip_tells_everything_of_a_run() -> None:
    made = two_images()
    assert run_tip(made, made.runs[19]).splitlines() == [
        "B service:after, run 7, ready",
        "create to ready: 700 ms",
        "engine: create and start: 320 ms",
        "app: process start to ready: 380 ms",
        "process start to listening: 342 ms",
        "process start to first log line: 190 ms",
        "waiting for a processor: 5% of the time",
        "labelled an outlier; it counts",
    ]


def test_that_hostile_texts_are_shown_as_text() -> None:
    made = hostile()
    texts = [run_tip(made, made.runs[0]), arm_label(made.spec.arms[0])]
    texts += [bar.text for start in waterfall(made).starts for bar in start.said]
    for text in texts:
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_that_few_runs_and_overlapping_intervals_are_warned_of() -> None:
    assert "Fewer than 5" in small_or_overlapping(sample((1.0, 2.0)))
    assert "no 95 %" in small_or_overlapping(sample((1.0,) * 5, (2.0,) * 5))
    assert "overlap" in small_or_overlapping(sample(BEFORE, BEFORE))
    assert small_or_overlapping(sample(BEFORE, AFTER)) == ""


def test_that_only_what_was_seen_can_be_drawn() -> None:
    made = sample((0.1, 0.2))
    assert known_metrics(made) == ["app", "total", "engine", "listening", "first_log"]
    silent = [replace(run, phases=replace(run.phases, first_log=None)) for run in made.runs]
    assert "first_log" not in known_metrics(replace(made, runs=tuple(silent)))
    assert known_metrics(never_ready()) == []


def test_that_two_measurements_are_put_side_by_side_with_what_makes_them_doubtful() -> None:
    first = two_images()
    second = replace(
        sample((0.5,) * 6),
        created="2026-11-24T10:11:12Z",
        environment=Environment("Docker", "28.0", architecture="amd64", cpus=4),
    )
    joined = side_by_side(first, second)
    assert [(arm.label, arm.reference) for arm in joined.spec.arms] == [
        ("A", "service:after"),
        ("B", "service:before"),
    ]
    assert [len(joined.of(arm)) for arm in (0, 1)] == [7, 6]
    orders = [run.order for run in joined.runs]
    assert len(set(orders)) == len(orders)
    assert joined.id == ""
    assert joined.environment.notes == (
        "Measured separately, 2026-11-23T10:11:12Z and 2026-11-24T10:11:12Z: a difference may be the machine's. Measure both together to know.",
        "Not the same: engine was Docker 20.10 and then Docker 28.0.",
        "Not the same: processors was 2 and then 4.",
    )
