"""Thousands of broken layers and archives: an error of ours or an incomplete result, never anything else."""

from __future__ import annotations

import pytest

from explorer.sandbox import Done, Event, Worker

pytestmark = pytest.mark.slow

_MEMORY = 256_000_000


@pytest.mark.parametrize(
    ("function", "seed", "count"),
    [("layers", 1, 1500), ("layers", 2, 1500), ("archives", 3, 600), ("archives", 4, 600)],
)
def test_that_broken_input_is_told_or_incomplete(function: str, seed: int, count: int) -> None:
    # A case that does not end would use up the processor time that one may take.
    worker = Worker(
        f"tests.filesystem.fuzzing:{function}", seed, count, memory_limit=1 << 30, cpu_limit=20
    )
    worker.start()
    events: list[Event] = []
    while not worker.finished:
        events += worker.poll(1)
    last = events[-1]
    assert isinstance(last, Done), last
    wrong, peak = last.value
    assert wrong == []
    assert peak <= _MEMORY
