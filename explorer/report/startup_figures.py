"""The figures of a measurement, each computed once, however many of its reports are written."""

from __future__ import annotations

from functools import cached_property

from explorer.coldstart.kubernetes import Probes, probes
from explorer.coldstart.phase import METRICS
from explorer.coldstart.sample import Sample
from explorer.coldstart.stats import PRIMARY, Comparison, Summary, compare, summaries

# What is judged in words: the app's own time first, then what a user waits for.
JUDGED = (PRIMARY, "total")
# The phases that are shown to everybody, and not only to those who want every figure.
SHOWN = ("total", "engine", "app", "first_log", "listening")


class StartupFigures:
    """Summaries and comparisons of a measurement; a comparison draws thousands of samples, which takes its time."""

    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        self._compared: dict[str, Comparison | None] = {}

    @cached_property
    def summaries(self) -> tuple[Summary, ...]:
        """Every metric of every arm that has runs to tell it."""
        return tuple(summaries(self.sample))

    def of(self, arm: int, name: str) -> Summary | None:
        """One metric of one arm, None when no run tells it."""
        found = (item for item in self.summaries if (item.arm, item.phase) == (arm, name))
        return next(found, None)

    def comparison(self, name: str = PRIMARY) -> Comparison | None:
        """The second image against the first in one metric; None when there are no two."""
        if name not in self._compared:
            self._compared[name] = compare(self.sample, name)
        return self._compared[name]

    def judged(self) -> tuple[Comparison, ...]:
        """The comparisons that are told in words."""
        return self._known(JUDGED)

    def comparisons(self) -> tuple[Comparison, ...]:
        """The comparisons of every metric that both images have."""
        return self._known(tuple(METRICS))

    @cached_property
    def probes(self) -> Probes | None:
        """Of the last image: what a pod will run after the change."""
        measured = self.sample.spec.measured
        return probes(self.sample, measured[-1]) if measured else None

    def _known(self, names: tuple[str, ...]) -> tuple[Comparison, ...]:
        found = map(self.comparison, names)
        return tuple(item for item in found if item is not None and item.n_a and item.n_b)
