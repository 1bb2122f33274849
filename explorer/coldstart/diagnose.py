"""Looks closer at one start of each arm, apart from the sample: Go's own traces, the log's form, the app's own figures.

Two containers an arm: one as it is (log, /metrics, how it ends on SIGTERM), one with GODEBUG for the runtime's traces.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import msgspec

from explorer.coldstart.appphases import metrics_phases
from explorer.coldstart.hygiene import Hygiene, inspect_log
from explorer.coldstart.inittrace import (
    Collection,
    Init,
    Inside,
    join_packages,
    parse_collections,
    parse_inits,
    with_trace,
)
from explorer.coldstart.runner import Streams, Target, watch
from explorer.coldstart.sample import OK, AppPhase
from explorer.coldstart.spec import Arm
from explorer.engine.running import Created, image_environment, state_of
from explorer.errors import EngineRefused
from explorer.translation import tr

METRICS_LIMIT = 1 << 20
_METRICS_SECONDS = 2.0
# docker stop waits 10 s; a service that needs more than five has no handler.
STOP_SECONDS = 5


@dataclass(frozen=True)
class Stop:
    """How the container ended on its stop signal: seconds, code, and whether it had to be killed."""

    seconds: float
    exit_code: int
    killed: bool


@dataclass(frozen=True)
class Diagnosis:
    """One arm looked at closely; `init_seconds` is the sum over all packages."""

    arm: int
    inits: tuple[Init, ...] = ()
    init_seconds: float = 0.0
    collections: tuple[Collection, ...] = ()
    hygiene: Hygiene | None = None
    app_phases: tuple[AppPhase, ...] = ()
    stop: Stop | None = None
    problems: tuple[str, ...] = ()


@dataclass
class _Visit:
    """What is asked of a container that is ready: its metrics, then to stop."""

    streams: Streams
    phases: list[AppPhase] = field(default_factory=list)
    stop: Stop | None = None

    def __call__(self, created: Created, address: tuple[str, int]) -> None:
        if address[1]:
            self.phases += metrics_phases(_metrics(address))
        self.stop = _stop(self.streams, created)


def diagnose(streams: Streams, target: Target, arm: Arm, place: int) -> Diagnosis:
    """Run two containers of an arm and read what they say."""
    visit = _Visit(streams)
    run, log = watch(streams, target, place, 0, 0, visit)
    problems = []
    if run.status != OK:
        problems.append(run.detail)
    image = streams.wire.call("GET", f"/images/{quote(arm.image_id, safe='')}/json")
    environment = (*image_environment(image), *arm.env)
    traced = replace(target, start=replace(target.start, env=(*arm.env, with_trace(environment))))
    second, trace = watch(streams, traced, place, 1, 1)
    if second.status != OK and run.status == OK:
        problems.append(tr("With GODEBUG it did not become ready: {reason}", reason=second.detail))
    texts = [line.text for line in trace.lines]
    inits = join_packages(parse_inits(texts), {})
    if not inits:
        problems.append(
            tr(
                "No init trace was received: the program is not Go, or another program starts it without GODEBUG."
            )
        )
    return Diagnosis(
        arm=place,
        inits=tuple(inits),
        init_seconds=sum(item.seconds for item in inits),
        collections=tuple(parse_collections(texts)),
        hygiene=inspect_log(log.lines, log.total),
        app_phases=_joined(run.app_phases, visit.phases),
        stop=visit.stop,
        problems=tuple(problems),
    )


def with_packages(found: Diagnosis, packages: Mapping[str, Inside]) -> Diagnosis:
    """The diagnosis with what the program itself says about its packages."""
    return replace(found, inits=tuple(join_packages(found.inits, packages)))


def _joined(logged: Sequence[AppPhase], scraped: Sequence[AppPhase]) -> tuple[AppPhase, ...]:
    """The phases of both sources; one that both tell is told once."""
    names = {phase.name for phase in logged}
    return (*logged, *(phase for phase in scraped if phase.name not in names))


def as_document(found: Diagnosis) -> dict[str, Any]:
    """A diagnosis as plain values, the same ones that a file gives back."""
    return msgspec.json.decode(msgspec.json.encode(found), type=dict[str, Any])


def from_document(document: Mapping[str, Any]) -> Diagnosis:
    """The diagnosis in plain values."""
    return msgspec.convert(dict(document), Diagnosis)


def _metrics(address: tuple[str, int]) -> str:
    """What /metrics says, "" when there is none."""
    connection = http.client.HTTPConnection(*address, timeout=_METRICS_SECONDS)
    try:
        connection.request("GET", "/metrics", headers={"Connection": "close"})
        response = connection.getresponse()
        text = response.read(METRICS_LIMIT).decode("utf-8", "replace")
        return text if response.status == 200 else ""
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()


def _stop(streams: Streams, created: Created) -> Stop | None:
    """Send the stop signal and see how long it takes."""
    began = time.monotonic()
    try:
        streams.side.call("POST", f"/containers/{created.name}/stop?t={STOP_SECONDS}")
        seconds = time.monotonic() - began
        state = state_of(streams.side.call("GET", f"/containers/{created.name}/json"))
    except EngineRefused:
        return None
    return Stop(round(seconds, 3), state.exit_code, seconds >= STOP_SECONDS)
