"""What a measurement found, run by run: values that are written to disk after every run and read back unchanged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from explorer.coldstart.phase import Phases
from explorer.coldstart.spec import Spec

SCHEMA = "image-explorer/coldstart/1"

# How a run ended. Only `ok` counts in the statistics; all others are kept, counted and shown.
OK = "ok"
FAILED = "failed"  # ended before it was ready, or with a code other than 0
OUT_OF_MEMORY = "oom"
TIMEOUT = "timeout"
REFUSED = "refused"  # the engine could not start it
CLOCK = "clock"  # the machine's clock was set during the run


@dataclass(frozen=True)
class AppPhase:
    """A piece of its start that the app itself reported: seconds, and where it said so (log, metrics)."""

    name: str
    seconds: float
    source: str = "log"


@dataclass(frozen=True)
class Run:
    """One container's start. `index` counts within its arm, `order` over the measurement; warm-ups have `warm_up`.

    `pressure` is the share of the run's time in which something waited for a processor (None: the kernel does not say),
    `load` the machine's load average. `detail` and `log_tail` are untrusted texts for runs that did not succeed.
    `anchor` says what `process` is: the engine's `event`, or its `arrival` here where the clocks are not one.
    `probe_seconds` is how long the successful readiness request took; `resident_pages` were in the page cache before a
    cold run, `touched_pages` after it (-1: not counted), out of `image_pages`.
    """

    arm: int
    index: int
    order: int
    phases: Phases
    status: str = OK
    warm_up: bool = False
    outlier: bool = False
    exit_code: int | None = None
    detail: str = ""
    log_tail: tuple[str, ...] = ()
    http_status: int = 0
    path: str = ""
    probe_seconds: float | None = None
    anchor: str = "event"
    pressure: float | None = None
    load: float | None = None
    resident_pages: int = -1
    touched_pages: int = -1
    image_pages: int = -1
    app_phases: tuple[AppPhase, ...] = ()
    started_at: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Environment:
    """Where it was measured. `clock` is engine where its events are stamped by our own clock, client otherwise."""

    engine: str = ""
    engine_version: str = ""
    endpoint: str = ""
    driver: str = ""
    host: str = ""
    kernel: str = ""
    architecture: str = ""
    cpus: int = 0
    memory_bytes: int = 0
    machine: str = ""
    remote: bool = False
    published: bool = False
    emulated: bool = False
    network: str = "bridge"
    cache: str = "warm"
    log_driver: str = ""
    cgroup_version: str = ""
    load_at_start: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sample:
    """One measurement: `id` names it in the history, `complete` is whether all planned runs were made."""

    id: str
    created: str
    spec: Spec
    environment: Environment
    runs: tuple[Run, ...] = ()
    complete: bool = False
    note: str = ""
    diagnostics: tuple[dict[str, Any], ...] = field(default=())

    def of(self, arm: int) -> tuple[Run, ...]:
        """The counted runs of an arm: no warm-ups, failures included."""
        return tuple(run for run in self.runs if run.arm == arm and not run.warm_up)

    def good(self, arm: int) -> tuple[Run, ...]:
        """The runs of an arm that the statistics are made of."""
        return tuple(run for run in self.of(arm) if run.status == OK)
