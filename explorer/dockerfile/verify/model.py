"""What is checked, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from explorer.dockerfile.verify.ready import Ready

SAME, DIFFERS, INCONCLUSIVE = "same", "differs", "inconclusive"
STATIC, DYNAMIC = "static", "dynamic"
# How a container is reached.
AUTO, ADDRESS, NAMESPACE, PUBLISHED, NOT_REACHED = (
    "auto",
    "address",
    "namespace",
    "published",
    "none",
)


@dataclass(frozen=True)
class Check:
    """One thing compared: `kind` is static or dynamic, `evidence` a sentence for people."""

    name: str
    kind: str
    result: str
    evidence: str = ""


@dataclass(frozen=True)
class Verification:
    """The verdict over all checks, and what nothing was found out about."""

    verdict: str
    checks: tuple[Check, ...]
    untested: tuple[str, ...] = ()


@dataclass(frozen=True)
class VerifyOptions:
    """How two images are compared; seconds and bytes.

    `paths` are asked for over HTTP besides those found, `files` must be in the new image as they are in the old one.
    `intended` are deliberate changes of the config: "user", "healthcheck", "env:NAME", "label:NAME", "entrypoint" …, and "stop" for stopping at once;
    `intended_build` those of Go's build settings. `ready` says when to ask, None: as soon as ports stand.
    """

    paths: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    files: tuple[bytes, ...] = ()
    intended: frozenset[str] = frozenset()
    intended_build: frozenset[str] = frozenset(
        {"-ldflags", "-trimpath", "-buildmode", "-compiler", "CGO_ENABLED", "DefaultGODEBUG"}
    )
    run: bool = True
    ready: Ready | None = None
    reach: str = AUTO
    start_seconds: float = 30.0
    quiet_seconds: float = 3.0
    stop_seconds: int = 10
    memory_bytes: int = 2 << 30
    processes: int = 1024


@dataclass(frozen=True)
class Answer:
    """What came back for one HTTP request; `error` is set when it was no HTTP answer."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    digest: str = ""
    error: str = ""


@dataclass(frozen=True)
class Observation:
    """What one run of one image did; `ports_seen` tells whether its ports could be looked up at all.

    `ready` tells whether what the user named was seen, None when nothing was named.
    """

    running: bool
    exit_code: int
    error: str = ""
    out_of_memory: bool = False
    ports: tuple[str, ...] = ()
    ports_seen: bool = True
    ready: bool | None = None
    answers: Mapping[str, Answer] = field(default_factory=dict)
    log: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    health: str = ""
    stop_seconds: float = -1.0
    stop_code: int = 0
    stop_killed: bool = False
    reached: str = NOT_REACHED
