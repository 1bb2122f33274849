"""In which order the containers of a measurement run, and how long that takes.

The arms take turns in a random order, drawn anew for each round: of blocks (all of A, then all of B) 38 % to 71 % claimed
a difference where there was none, because the machine drifts; of interleaved runs 3 % to 6 % did (research/coldstart.md).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from explorer.coldstart.spec import Spec


@dataclass(frozen=True)
class Step:
    """One container to run: the place of its arm, its number within the arm (negative: a warm-up, to be discarded)."""

    arm: int
    index: int

    @property
    def warm_up(self) -> bool:
        """Whether the run is discarded."""
        return self.index < 0


def schedule(spec: Spec) -> list[Step]:
    """Every step in its order, which the seed alone decides."""
    chance = random.Random(spec.seed)  # noqa: S311  # an order, no secret
    steps = []
    for index in range(-spec.warm_ups, spec.runs):
        arms = list(range(len(spec.arms)))
        chance.shuffle(arms)
        steps += [Step(arm, index) for arm in arms]
    return steps


def seconds_left(durations: Sequence[float], total: int) -> float | None:
    """What the steps to come will take if they are like those so far; None before there is one."""
    if not durations:
        return None
    return (total - len(durations)) * sum(durations) / len(durations)
