"""The moments of a start that can be seen from outside, and the durations that people ask about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from explorer.translation import mark, tr


@dataclass(frozen=True)
class Phases:
    """When each phase of one start was reached, in seconds after the start request was sent; None: not reached, not seen.

    `create` alone is a duration: what the create call took. `start` is the engine's answer to the start request,
    `process` its own start event, which comes some 4 ms after the exec of the program (a fast program may log and
    listen before it). What we do between the create call and the start request (opening streams) is in none of them.
    """

    create: float | None = None
    start: float | None = None
    process: float | None = None
    first_log: float | None = None
    listening: float | None = None
    ready: float | None = None
    exit: float | None = None

    def last(self) -> str:
        """The name of the phase reached last, "" when there is none."""
        reached = [(getattr(self, name), name) for name in PHASES[1:]]
        seen = [pair for pair in reached if pair[0] is not None]
        if seen:
            return str(max(seen, key=lambda pair: pair[0])[1])
        return "create" if self.create is not None else ""


PHASES = ("create", "start", "process", "first_log", "listening", "ready", "exit")

# What is summed up and compared: durations in seconds, each of one cause.
METRICS = {
    "total": mark("create to ready"),
    "app": mark("app: process start to ready"),
    "engine": mark("engine: create and start"),
    "create": mark("create call"),
    "process": mark("start request to process start"),
    "start": mark("start call"),
    "first_log": mark("process start to first log line"),
    "listening": mark("process start to listening"),
    "exit": mark("process start to exit"),
}


def metric_label(name: str) -> str:
    """What a metric is called."""
    return tr(METRICS[name])


def metric(phases: Phases, name: str) -> float | None:
    """One of METRICS in seconds, None when a moment it needs was not seen.

    A program that ends by itself is ready when it has ended.
    """
    end = phases.ready if phases.ready is not None else phases.exit
    if name in ("create", "process", "start"):
        value: float | None = getattr(phases, name)
        return value
    if name == "total":
        return _sum(phases.create, end)
    if name == "engine":
        return _sum(phases.create, phases.process)
    moment = end if name == "app" else getattr(phases, name)
    return None if moment is None or phases.process is None else moment - phases.process


def values(all_phases: Iterable[Phases], name: str) -> list[float]:
    """The metric of every start that has it, in order."""
    found = (metric(phases, name) for phases in all_phases)
    return [value for value in found if value is not None]


def _sum(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first + second
