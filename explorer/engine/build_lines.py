"""A build's output as lines that are harmless to show."""

from __future__ import annotations

import re

from explorer.engine.build_events import LINE_LIMIT
from explorer.units import display_text

# ECMA-48 control sequences (colours, cursor) and operating system commands, which compilers and package managers write.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
# Longer pieces without a line end are cut into lines.
_PENDING_LIMIT = 64 << 10


class LineSplitter:
    """Cuts pieces of output into lines; a carriage return starts a line over, as on a terminal."""

    def __init__(self) -> None:
        self._pending = b""

    def take(self, piece: bytes) -> list[str]:
        """The lines that `piece` ends."""
        *whole, self._pending = (self._pending + piece).split(b"\n")
        if len(self._pending) > _PENDING_LIMIT:
            whole.append(self._pending)
            self._pending = b""
        return [_line(line) for line in whole]

    def rest(self) -> list[str]:
        """The line that was not ended."""
        pending, self._pending = self._pending, b""
        return [_line(pending)] if pending else []


def harmless(text: str) -> str:
    """One line without colours and control characters."""
    return display_text(_ESCAPES.sub("", text).replace("\t", "    "), LINE_LIMIT)


def _line(raw: bytes) -> str:
    shown = raw.rstrip(b"\r").rpartition(b"\r")[2]
    return harmless(shown.decode("utf-8", "replace"))
