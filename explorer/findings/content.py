"""Groups files by what is in them: the content digest and the size."""

from __future__ import annotations

import numpy as np

from explorer.filesystem.columnfile import Array
from explorer.filesystem.union import Stack


def same_content(stack: Stack, rows: Array) -> Array:
    """int64[k]: a group number for each of `rows`; two have the same one exactly when digest and size agree."""
    low, high, size = stack.digest[rows, 0], stack.digest[rows, 1], stack.size[rows]
    order = np.argsort(low, kind="stable")
    same_half, same = _neighbours(low[order]), _neighbours(high[order]) & _neighbours(size[order])
    if (same_half & ~same).any():
        # Half a digest tells nearly everything apart; only made-up ones get here.
        order = np.lexsort((size, high, low))
        same_half, same = (
            _neighbours(low[order]),
            _neighbours(high[order]) & _neighbours(size[order]),
        )
    begins = np.concatenate([np.ones(min(len(rows), 1), dtype=bool), ~(same_half & same)])
    group = np.zeros(len(rows), dtype=np.int64)
    group[order] = np.cumsum(begins) - 1
    return group


def has_twin(stack: Stack, rows: Array) -> Array:
    """bool[k]: whether another one of `rows` has the same content."""
    if not len(rows):
        return np.zeros(0, dtype=bool)
    group = same_content(stack, rows)
    return np.asarray(np.bincount(group)[group] > 1)


def _neighbours(values: Array) -> Array:
    """bool[k - 1]: which values equal the one before."""
    return np.asarray(values[1:] == values[:-1])
