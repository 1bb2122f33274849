"""Claiming ranges of a file: every byte is given out once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from explorer.gobinary.ledger import Ledger

_RANGES = st.lists(st.tuples(st.integers(-5, 70), st.integers(-5, 70)), max_size=12)


@given(_RANGES)
def test_that_claims_add_up_to_the_bytes_that_they_cover(ranges: list[tuple[int, int]]) -> None:
    ledger, taken = Ledger(64), set[int]()
    for start, end in ranges:
        wanted = {place for place in range(start, end) if 0 <= place < 64}
        assert ledger.is_free(start, end) == (0 <= start <= end <= 64 and not wanted & taken)
        assert ledger.claim(start, end) == len(wanted - taken)
        taken |= wanted
    assert ledger.claim(0, 64) == 64 - len(taken)


def test_that_a_range_between_two_claims_is_what_is_left_of_it() -> None:
    ledger = Ledger(100)
    assert [ledger.claim(0, 10), ledger.claim(20, 30), ledger.claim(5, 25)] == [10, 10, 10]
    assert ledger.claim(0, 100) == 70
