"""What a build tells while it runs and when it ends: steps, log lines, the result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

BUILDKIT, CLASSIC = "buildkit", "classic"
# How much of a failed step's output is kept.
LAST_LINES = 50
# A line of a build's output is untrusted and may be endless.
LINE_LIMIT = 2000


@dataclass(frozen=True)
class Step:
    """One step that ended: `number` counts from 1 in the order of starting, `error` is "" for success."""

    number: int
    name: str
    seconds: float = 0.0
    cached: bool = False
    error: str = ""


@dataclass(frozen=True)
class ContextSent:
    """How much of the context went to the engine, in bytes of files."""

    sent: int
    total: int


@dataclass(frozen=True)
class StepStarted:
    """A step began."""

    number: int
    name: str


@dataclass(frozen=True)
class StepLog:
    """One line of a step's output; harmless to show, 0 when it belongs to no step."""

    number: int
    text: str


@dataclass(frozen=True)
class StepEnded:
    """A step ended; the same number may end again when the engine took it up again."""

    step: Step


@dataclass(frozen=True)
class BuildNote:
    """What the person should know: a fallback, a warning of the engine."""

    text: str


BuildEvent = ContextSent | StepStarted | StepLog | StepEnded | BuildNote
OnEvent = Callable[[BuildEvent], None]


@dataclass(frozen=True)
class BuildResult:
    """A built image; `content_bytes` is -1 until somebody has analysed it, `intermediate` are images of other stages."""

    image_id: str
    tag: str
    seconds: float
    builder: str
    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()
    content_bytes: int = -1
    intermediate: tuple[str, ...] = ()
