"""Files grouped by their content, against a dictionary."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.filesystem.union import Stack
from explorer.findings.content import has_twin, same_content


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 2)), max_size=12))
def test_that_two_files_share_a_group_when_digest_and_size_agree(
    contents: list[tuple[int, int, int]],
) -> None:
    stack = cast(
        "Stack",
        SimpleNamespace(
            digest=np.array([c[:2] for c in contents], dtype=np.uint64).reshape(-1, 2),
            size=np.array([c[2] for c in contents], dtype=np.int64),
        ),
    )
    rows = np.arange(len(contents))
    group = same_content(stack, rows).tolist()
    for i, first in enumerate(contents):
        for j, second in enumerate(contents):
            assert (group[i] == group[j]) == (first == second)
    assert has_twin(stack, rows).tolist() == [contents.count(content) > 1 for content in contents]
