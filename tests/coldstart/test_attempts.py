"""How often a port is asked: as time passes, and when the program gives a sign of life."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator

import pytest

from explorer.coldstart.attempts import SLOW_SHARE, SLOWEST, Attempts
from explorer.coldstart.probe import Readiness

MS = 1_000_000


@pytest.fixture
def closed() -> Iterator[Attempts]:
    """Attempts at a port that nobody listens at, begun at 0."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        attempts = Attempts(select.poll(), Readiness("http", 1, ("/",)))
        attempts.begin(held.getsockname(), 0)
        yield attempts
        attempts.close()


@pytest.mark.parametrize(
    ("now", "interval"),
    [(0, MS), (99 * MS, MS), (100 * MS, 2 * MS), (1000 * MS, 5 * MS), (60_000 * MS, SLOWEST)],
)
def test_that_slow_starters_are_asked_less_often(closed: Attempts, now: int, interval: int) -> None:
    closed.tick(now)
    assert closed.due_ns == now + interval


def test_that_a_sign_of_life_is_followed_by_a_question_but_a_flood_of_them_is_not(
    closed: Attempts,
) -> None:
    closed.tick(1000 * MS)
    closed.hurry(1000 * MS + MS // 2)
    assert closed.due_ns == 1005 * MS
    closed.hurry(1002 * MS)
    assert closed.due_ns == 1002 * MS
    closed.tick(1002 * MS)
    closed.hurry(1002 * MS + 1)
    assert closed.due_ns == 1002 * MS + 1002 * MS // SLOW_SHARE
