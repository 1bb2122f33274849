"""The classic builder, where an engine has no BuildKit: what must be taken out of a Dockerfile for it, and its output.

Source of the output's form: moby builder/dockerfile (dispatchers.go, builder.go, containerbackend.go).
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Any

from explorer.engine.answers import text_in
from explorer.engine.build_events import (
    LAST_LINES,
    BuildNote,
    OnEvent,
    Step,
    StepEnded,
    StepLog,
    StepStarted,
)
from explorer.engine.build_lines import LineSplitter, harmless
from explorer.errors import InputError
from explorer.translation import tr
from explorer.units import display_text

# Flags of RUN may stand on several lines: RUN --mount=… \ <newline> --mount=… command
_RUN_FLAGS = re.compile(
    r"""(?imx) ^(?P<run>[ \t]*RUN[ \t]+) (?P<flags>(?:--(?:mount|network|security)=(?:"[^"\n]*"|\S)+ (?:[ \t]|\\[ \t]*\r?\n)+)+)"""
)
_FLAG = re.compile(r"""--(mount|network|security)=((?:"[^"\n]*"|\S)+)""", re.IGNORECASE)
_KIND = re.compile(r"""(?:^|[,"])type=([a-z]+)""", re.IGNORECASE)
# Mounts that only save time or room: without them the same files are made.
_HARMLESS_MOUNTS = ("cache", "tmpfs")
_DECLARED = re.compile(
    r"(?im)^[ \t]*ARG[ \t]+(TARGETOS|TARGETARCH|TARGETVARIANT|TARGETPLATFORM|BUILDPLATFORM|BUILDOS|BUILDARCH)\b"
)

_STEP = re.compile(r"(?i)STEP (\d+)/(\d+)\s?: (.*)", re.DOTALL)
# Podman writes "--> ".
_IMAGE = re.compile(r"(?: ---> |--> )([0-9a-f]{11,64})\n?")
_RUNNING = re.compile(r" ---> Running in ([0-9a-f]+)\n?")
_HOUSEKEEPING = re.compile(
    r"( ---> )?Remov(ing|ed) intermediate container [0-9a-f]+\n?| ---> \[Warning\].*|(Successfully (built|tagged)|COMMIT) .*\n?"
)
_CACHED = re.compile(r" ---> Using cache\n?|--> Using cache [0-9a-f]+\n?")


def without_mounts(text: str) -> tuple[str, tuple[str, ...]]:
    """The Dockerfile without `RUN --mount` of kinds that only save time, and the mounts taken out.

    Raises InputError for mounts whose files the build needs: they cannot be built without BuildKit.
    """
    removed: list[str] = []

    def plain(match: re.Match[str]) -> str:
        for name, value in _FLAG.findall(match["flags"]):
            kind = _KIND.search(value)
            if name.lower() != "mount" or not kind or kind[1].lower() not in _HARMLESS_MOUNTS:
                raise InputError(
                    tr(
                        "This engine has no BuildKit, and the Dockerfile needs it: {flag}.",
                        flag=display_text(f"--{name}={value}", 200),
                    ),
                    tr("Use a newer engine, or leave out the change that needs it."),
                )
            removed.append(value)
        # The lines stay as many as they were: errors name lines.
        return match["run"] + "\\\n" * match["flags"].count("\n")

    return _RUN_FLAGS.sub(plain, text), tuple(removed)


def platform_arguments(text: str, os: str, architecture: str) -> dict[str, str]:
    """Values for the platform arguments a Dockerfile declares, which the classic builder leaves empty."""
    both = {"OS": os, "ARCH": architecture, "VARIANT": "", "PLATFORM": f"{os}/{architecture}"}
    declared = set(_DECLARED.findall(text))
    return {
        name.upper(): both[name.upper().removeprefix("TARGET").removeprefix("BUILD")]
        for name in declared
    }


@dataclass
class _Running:
    number: int
    name: str
    since: float
    cached: bool = False
    lines: list[str] = field(default_factory=list)


class ClassicReader:
    """Takes the output of one build by the classic builder and tells what it says."""

    def __init__(self, on_event: OnEvent) -> None:
        self._on_event = on_event
        self._now: _Running | None = None
        self._splitter = LineSplitter()
        self._done: list[Step] = []
        # Short IDs of images this build made, oldest first; the last one is the result.
        self.made: list[str] = []
        # Short ID of the last container a step ran in.
        self.container = ""

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that ended."""
        return tuple(self._done)

    def take(self, row: dict[str, Any]) -> None:
        """Read one message of the stream."""
        text = text_in(row.get("stream"))
        if text:
            self._stream(text)
        elif status := text_in(row.get("status")):
            progress = text_in(row.get("progress"))
            self._log(f"{status} {progress}".strip().encode() + b"\n")

    def failed(self, reason: str) -> tuple[Step, tuple[str, ...]] | None:
        """The step in hand ended with an error; it with its last lines."""
        if self._now is None:
            return None
        lines = tuple(self._now.lines)
        self._end(harmless(reason))
        return self._done[-1], lines

    def finish(self) -> None:
        """The build came to its end."""
        self._end()

    def _stream(self, text: str) -> None:
        step, image = _STEP.fullmatch(text.rstrip("\n")), _IMAGE.fullmatch(text)
        if step:
            self._end()
            name = harmless(f"[{step[1]}/{step[2]}] {step[3]}")
            self._now = _Running(len(self._done) + 1, name, time.monotonic())
            self._on_event(StepStarted(self._now.number, name))
        elif image:
            if (
                self._now
                and not self._now.cached
                and not self._now.name.partition("] ")[2].upper().startswith("FROM ")
            ):
                self.made.append(image[1])
        elif _CACHED.fullmatch(text):
            if self._now:
                self._now.cached = True
        elif "[Warning]" in text:
            self._on_event(BuildNote(harmless(text.partition("[Warning]")[2].strip())))
        elif running := _RUNNING.fullmatch(text):
            self.container = running[1]
        elif text.strip() and not _HOUSEKEEPING.fullmatch(text):
            self._log(text.encode())

    def _log(self, piece: bytes) -> None:
        self._tell(self._splitter.take(piece))

    def _tell(self, lines: list[str]) -> None:
        for line in lines:
            self._on_event(StepLog(self._now.number if self._now else 0, line))
        if self._now:
            self._now.lines = [*self._now.lines, *lines][-LAST_LINES:]

    def _end(self, error: str = "") -> None:
        self._tell(self._splitter.rest())
        if self._now is None:
            return
        seconds = time.monotonic() - self._now.since
        step = Step(self._now.number, self._now.name, seconds, self._now.cached, error)
        self._done.append(step)
        self._now = None
        self._on_event(StepEnded(step))
