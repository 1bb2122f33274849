"""What is known of two images' starts: from one measurement of both, or apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from explorer.coldstart.store import Store
from explorer.compare.startup import start_up
from tests.coldstart.samples import sample

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
SLOW = [0.040 + n / 10_000 for n in range(12)]
FAST = [0.010 + n / 10_000 for n in range(12)]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def test_that_nothing_is_known_without_a_measurement(store: Store) -> None:
    assert start_up(A, B, store) is None


def test_that_a_measurement_of_both_tells_the_difference(store: Store) -> None:
    store.save(sample(SLOW, FAST))
    found = start_up(A, B, store)
    assert found is not None
    assert found.together is not None
    assert found.together.verdict == "faster"
    assert found.a is not None
    assert found.b is not None
    assert [found.a.median, found.b.median] == pytest.approx([0.04055, 0.01055])
    assert found.a.runs == found.b.runs == 12
    assert found.a.measured == pytest.approx(SLOW)
    assert found.b.measured == pytest.approx(FAST)
    assert found.where == "Docker 20.10, 2 CPUs, amd64"
    assert [note[:40] for note in found.notes] == ["The image's files were in the page cache"]


def test_that_the_other_way_round_the_second_is_the_slower(store: Store) -> None:
    store.save(sample(SLOW, FAST))
    found = start_up(B, A, store)
    assert found is not None
    assert found.together is not None
    assert found.together.verdict == "slower"
    assert found.together.shift == pytest.approx(0.03)


def test_that_measurements_apart_give_no_verdict(store: Store) -> None:
    both = sample(SLOW, FAST)
    first = replace(both, id="1", runs=tuple(run for run in both.runs if run.arm == 0))
    second = replace(both, id="2", runs=tuple(run for run in both.runs if run.arm == 1))
    for item in (first, second):
        store.save(item)
    found = start_up(A, B, store)
    assert found is not None
    assert found.together is None
    assert (found.a is not None, found.b is not None) == (True, True)
    assert found.notes[0].startswith("Measured at different times, not in turns")


def test_that_what_differs_between_two_machines_is_told(store: Store) -> None:
    both = sample(SLOW, FAST)
    elsewhere = replace(both.environment, driver="btrfs")
    first = replace(both, id="1", runs=tuple(run for run in both.runs if run.arm == 0))
    second = replace(
        both, id="2", runs=tuple(run for run in both.runs if run.arm == 1), environment=elsewhere
    )
    for item in (first, second):
        store.save(item)
    found = start_up(A, B, store)
    assert found is not None
    assert found.notes[1] == f"Not the same: driver: {both.environment.driver} / btrfs."
    assert found.where == "Docker 20.10, 2 CPUs, amd64; Docker 20.10 btrfs, 2 CPUs, amd64"


def test_that_one_image_may_be_measured_alone(store: Store) -> None:
    store.save(sample(SLOW))
    found = start_up(A, B, store)
    assert found is not None
    assert (found.b, found.together) == (None, None)
