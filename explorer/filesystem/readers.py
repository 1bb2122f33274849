"""Layers read several at once: results as they come, and nobody left reading when one of them fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

from explorer.errors import ExplorerError

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")


def read_several(
    jobs: Iterable[_Job],
    read: Callable[[_Job], _Result],
    take: Callable[[_Job, _Result], None],
    *,
    readers: int,
    stop: Callable[[], None],
    failed: Callable[[_Job, ExplorerError], None] | None = None,
) -> None:
    """`read` each job on one of `readers` threads, in their order; `take` and `failed` are called in this thread.

    Put the biggest job first, so that the last one running is a small one. `failed` gets the ExplorerErrors of single jobs;
    without it, and for all else, the first one ends everything: `stop` must end those who still read.
    """
    with ThreadPoolExecutor(readers, thread_name_prefix="layer") as pool:
        running = {pool.submit(read, job): job for job in jobs}
        try:
            for future in as_completed(list(running)):
                # Forgotten at once: a future holds its result, and a big index should live in its file only.
                job = running.pop(future)
                try:
                    result = future.result()
                except ExplorerError as error:
                    if failed is None:
                        raise
                    failed(job, error)
                    continue
                finally:
                    del future
                take(job, result)
                del result
        except BaseException:
            stop()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
