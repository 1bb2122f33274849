"""What earlier versions of the file lack, filled in: one step a version, each tested with a file of that time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from explorer.filesystem.columnfile import Array

Parts = tuple[dict[str, Any], dict[str, Array]]
# For each version the function that makes the next one's values and columns of its own.
_STEPS: dict[int, Callable[[dict[str, Any], dict[str, Array]], Parts]] = {}


def upgrade(version: int, meta: dict[str, Any], arrays: dict[str, Array]) -> Parts:
    """The values and columns of a file as this version of the program writes them."""
    for number in sorted(_STEPS):
        if number >= version:
            meta, arrays = _STEPS[number](meta, arrays)
    return meta, arrays
