"""How busy this machine is, from what Linux tells everybody: pressure stall information and the load average."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

# Documentation/accounting/psi.rst: "some" lines hold the microseconds in which at least one task waited.
_CPU = "/proc/pressure/cpu"
# Above this share of a run's time the machine was busy with something else as well.
NOISY = 0.25


@dataclass(frozen=True)
class Reading:
    """Microseconds of waiting for a processor since the machine started (-1: not told), and when that was (ns)."""

    waited: int
    at_ns: int


def read_pressure(path: str = _CPU) -> Reading:
    """The machine's pressure now."""
    waited = -1
    try:
        with open(path, encoding="ascii") as file:
            words = file.readline(256).split()
        waited = next(int(word[6:]) for word in words if word.startswith("total="))
    except (OSError, ValueError, StopIteration):
        waited = -1
    return Reading(waited, time.monotonic_ns())


def share(before: Reading, after: Reading) -> float | None:
    """The share of the time between two readings in which something waited; None where the kernel does not tell."""
    elapsed = (after.at_ns - before.at_ns) / 1000
    if before.waited < 0 or after.waited < 0 or elapsed <= 0:
        return None
    return min(1.0, max(0.0, (after.waited - before.waited) / elapsed))


def load_average() -> float | None:
    """The load average of the last minute."""
    try:
        return round(os.getloadavg()[0], 2)
    except OSError:
        return None
