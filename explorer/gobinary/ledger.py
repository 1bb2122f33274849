"""Who owns which bytes of a file: ranges are claimed once, so that all owners' bytes sum to the file's size."""

from __future__ import annotations

from bisect import bisect_left, bisect_right


class Ledger:
    """The free ranges of a file of `size` bytes."""

    def __init__(self, size: int) -> None:
        self._size = size
        # Claimed ranges, disjoint and sorted, touching ones joined.
        self._starts: list[int] = []
        self._ends: list[int] = []

    def is_free(self, start: int, end: int) -> bool:
        """Whether nobody has claimed any byte of the range, which must lie in the file."""
        if not 0 <= start <= end <= self._size:
            return False
        if start == end:
            return True
        number = bisect_right(self._ends, start)
        return number == len(self._starts) or self._starts[number] >= end

    def claim(self, start: int, end: int) -> int:
        """Take what is still free of the range; the bytes that were."""
        start, end = max(start, 0), min(end, self._size)
        if start >= end:
            return 0
        first, last = bisect_left(self._ends, start), bisect_right(self._starts, end)
        joined = range(first, last)
        # Ranges that only touch share no byte; they are joined all the same.
        taken = sum(min(self._ends[n], end) - max(self._starts[n], start) for n in joined)
        free = end - start - taken
        if joined:
            start, end = min(start, self._starts[first]), max(end, self._ends[last - 1])
        self._starts[first:last] = [start]
        self._ends[first:last] = [end]
        return free
