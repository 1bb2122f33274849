"""What a container wrote while it started: its lines, a bounded tail, and whether one of them says that it is ready."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass

from explorer.engine.wire import STDERR, STDOUT, Output
from explorer.units import display_text

# reliability: a flood must neither fill memory nor the report; the start of a log tells about the start.
_LINE_LIMIT = 16 << 10
_KEPT_LINES = 2_000
_TAIL_LINES = 50
_TAIL_WIDTH = 400
# Lines beyond are not searched any more: a program that floods its log before it is ready would stall the loop.
_SEARCHED_BYTES = 64 << 20


@dataclass(frozen=True)
class Line:
    """One line without its end: `stream` 1 is standard output, 2 standard error; `at_ns` when it came."""

    stream: int
    text: bytes
    at_ns: int


class Log:
    """Collects output as it comes; `pattern` is searched in every line."""

    def __init__(self, pattern: str = "") -> None:
        self._pattern = re.compile(pattern.encode()) if pattern else None
        self._rest = {STDOUT: b"", STDERR: b""}
        self._tail: deque[Line] = deque(maxlen=_TAIL_LINES)
        self.lines: list[Line] = []
        self.bytes = {STDOUT: 0, STDERR: 0}
        self.first_ns = 0
        self.matched_ns = 0

    def add(self, output: Output) -> None:
        """Take what came."""
        if not self.first_ns and output.data:
            self.first_ns = output.arrived_ns
        if output.stream not in self.bytes:
            return
        self.bytes[output.stream] += len(output.data)
        if self.total > _SEARCHED_BYTES:
            return
        held = self._rest[output.stream] + output.data
        *lines, rest = held.split(b"\n")
        if len(rest) > _LINE_LIMIT:
            lines.append(rest[:_LINE_LIMIT])
            rest = b""
        self._rest[output.stream] = rest
        for text in lines:
            self._take(Line(output.stream, text[:_LINE_LIMIT].rstrip(b"\r"), output.arrived_ns))

    def finish(self) -> None:
        """The output has ended: what is left without a line end is a line too."""
        for stream, rest in self._rest.items():
            if rest:
                self._take(Line(stream, rest, self.first_ns))
            self._rest[stream] = b""

    @property
    def total(self) -> int:
        """Bytes written to both streams."""
        return sum(self.bytes.values())

    def tail(self, lines: int = _TAIL_LINES) -> tuple[str, ...]:
        """The last lines as harmless text, oldest first."""
        unfinished = [Line(stream, rest, 0) for stream, rest in self._rest.items() if rest]
        chosen = [*self._tail, *unfinished][-lines:]
        return tuple(
            display_text(line.text.decode("utf-8", "surrogateescape"), _TAIL_WIDTH)
            for line in chosen
        )

    def _take(self, line: Line) -> None:
        self._tail.append(line)
        if len(self.lines) < _KEPT_LINES:
            self.lines.append(line)
        if self._pattern and not self.matched_ns and self._pattern.search(line.text):
            self.matched_ns = line.at_ns
