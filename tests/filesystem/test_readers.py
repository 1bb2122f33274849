"""Several readers at once: single losses, and an end for all of them."""

from __future__ import annotations

import threading

import pytest

from explorer.errors import DamagedInput, ExplorerError
from explorer.filesystem.readers import read_several


def test_that_every_result_is_taken_in_the_callers_thread() -> None:
    taken: dict[int, tuple[int, int]] = {}
    here = threading.get_ident()
    read_several(
        range(20),
        lambda job: job * job,
        lambda job, result: taken.update({job: (result, threading.get_ident())}),
        readers=3,
        stop=lambda: None,
    )
    assert taken == {job: (job * job, here) for job in range(20)}


def test_that_a_single_loss_is_told_and_the_others_are_read() -> None:
    def read(job: str) -> str:
        if job == "b":
            raise DamagedInput("cut off")
        return job.upper()

    lost: list[tuple[str, str]] = []
    taken: list[str] = []
    read_several(
        "abc", read, lambda _, result: taken.append(result), readers=2, stop=lambda: None,
        failed=lambda job, error: lost.append((job, error.message)),
    )  # fmt: skip
    assert (sorted(taken), lost) == (["A", "C"], [("b", "cut off")])


@pytest.mark.parametrize("error", [DamagedInput("cut off"), ZeroDivisionError("ours")])
def test_that_one_failure_ends_all_who_read(error: Exception) -> None:
    both, stopped = threading.Barrier(2, timeout=20), threading.Event()
    ended: list[bool] = []

    def read(job: int) -> None:
        both.wait()
        if job == 0:
            raise error
        ended.append(stopped.wait(20))

    with pytest.raises(type(error)):
        read_several(range(2), read, lambda *_: None, readers=2, stop=stopped.set)
    assert ended == [True]


def test_that_what_fails_while_it_is_taken_ends_all() -> None:
    stopped = threading.Event()

    def take(_: int, __: int) -> None:
        raise ExplorerError("full")

    with pytest.raises(ExplorerError):
        read_several([1], lambda job: job, take, readers=1, stop=stopped.set)
    assert stopped.is_set()
