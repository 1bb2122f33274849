"""Decodes BuildKit's progress: moby.buildkit.v1.StatusResponse messages, of which steps and their output are taken.

Source: moby/buildkit api/services/control/control.proto; the encoding is protobuf's (varints, length-delimited fields).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

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

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_SIZES = {_FIXED64: 8, _FIXED32: 4}
# A varint of 64 bits takes at most ten bytes.
_VARINT_BYTES = 10
# What a step says that was stopped because another one failed.
_STOPPED = "context canceled"


class BadTrace(ValueError):
    """Bytes that are no such message."""


@dataclass
class _Vertex:
    number: int
    name: str
    spans: dict[float, float] = field(default_factory=dict)  # start -> end, seconds since 1970
    cached: bool = False
    error: str = ""
    ended: bool = False
    lines: list[str] = field(default_factory=list)

    def step(self) -> Step:
        seconds = sum(max(0.0, end - start) for start, end in self.spans.items())
        return Step(self.number, self.name, seconds, self.cached, self.error)


class TraceReader:
    """Takes the messages of one build and tells what they say."""

    def __init__(self, on_event: OnEvent) -> None:
        self._on_event = on_event
        self._vertices: dict[bytes, _Vertex] = {}
        self._splitters: dict[bytes, LineSplitter] = {}

    def take(self, message: bytes) -> None:
        """Read one message; BadTrace when it is none."""
        logs = []
        for number, value in _fields(message):
            if number == 1:
                self._vertex(_bytes(value))
            elif number == 3:
                logs.append(_bytes(value))
            elif number == 4:
                self._warning(_bytes(value))
        for log in logs:
            self._log(log)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that began, in that order."""
        steps = (vertex.step() for vertex in self._vertices.values() if vertex.number)
        return tuple(sorted(steps, key=lambda step: step.number))

    def failed(self) -> tuple[Step, tuple[str, ...]] | None:
        """The step that failed with its last lines; not one that was stopped because of it."""
        failed = [vertex for vertex in self._vertices.values() if vertex.error]
        for vertex in sorted(failed, key=lambda v: _STOPPED in v.error):
            return vertex.step(), tuple(vertex.lines)
        return None

    def finish(self) -> None:
        """Tell what stands in lines that never ended."""
        for digest, splitter in self._splitters.items():
            self._tell(digest, splitter.rest())

    def _vertex(self, message: bytes) -> None:
        values = dict(_fields(message))
        digest = _bytes(values.get(1, b""))
        vertex = self._vertices.setdefault(digest, _Vertex(0, ""))
        vertex.name = harmless(_text(values.get(3, b""))) or vertex.name
        vertex.cached = vertex.cached or bool(values.get(4, 0))
        vertex.error = harmless(_text(values.get(7, b""))) or vertex.error
        started = 5 in values
        if started and not vertex.number:
            vertex.number = 1 + max(v.number for v in self._vertices.values())
            self._on_event(StepStarted(vertex.number, vertex.name))
        if started and 6 in values:
            start, end = _time(values[5]), _time(values[6])
            known = vertex.spans.get(start)
            vertex.spans[start] = end
            if known != end or vertex.cached or vertex.error:
                self._on_event(StepEnded(vertex.step()))

    def _log(self, message: bytes) -> None:
        values = dict(_fields(message))
        digest = _bytes(values.get(1, b""))
        splitter = self._splitters.setdefault(digest, LineSplitter())
        self._tell(digest, splitter.take(_bytes(values.get(4, b""))))

    def _tell(self, digest: bytes, lines: list[str]) -> None:
        vertex = self._vertices.setdefault(digest, _Vertex(0, ""))
        for line in lines:
            self._on_event(StepLog(vertex.number, line))
        vertex.lines = [*vertex.lines, *lines][-LAST_LINES:]

    def _warning(self, message: bytes) -> None:
        text = harmless(_text(dict(_fields(message)).get(3, b"")))
        if text:
            self._on_event(BuildNote(text))


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(field number, value) of a message; numbers for varints, bytes for all else."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        kind = key & 7
        if kind == _VARINT:
            value, place = _varint(message, place)
            yield key >> 3, value
            continue
        if kind == _BYTES:
            size, place = _varint(message, place)
        elif kind in _FIXED_SIZES:
            size = _FIXED_SIZES[kind]
        else:
            raise BadTrace
        if place + size > len(message):
            raise BadTrace
        yield key >> 3, message[place : place + size]
        place += size


def _varint(message: bytes, place: int) -> tuple[int, int]:
    value = 0
    for number in range(_VARINT_BYTES):
        if place >= len(message):
            raise BadTrace
        byte = message[place]
        place += 1
        value |= (byte & 0x7F) << (7 * number)
        if byte < 0x80:
            return value, place
    raise BadTrace


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise BadTrace
    return value


def _text(value: int | bytes) -> str:
    return _bytes(value).decode("utf-8", "replace")


def _time(value: int | bytes) -> float:
    """A google.protobuf.Timestamp in seconds."""
    values = dict(_fields(_bytes(value)))
    seconds, nanos = values.get(1, 0), values.get(2, 0)
    if not isinstance(seconds, int) or not isinstance(nanos, int):
        raise BadTrace
    return seconds + nanos / 1e9
