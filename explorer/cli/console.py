"""What the command line prints beside its results: errors, hints and progress, all on stderr."""

from __future__ import annotations

import shutil
import signal
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from explorer.task import Progress, Task
from explorer.translation import tr
from explorer.units import display_text, seconds_text, size_text

_INTERVAL = 0.1
# A guess made earlier than this is worth nothing.
_ETA_AFTER_SECONDS = 2.0


def complain(message: str, hint: str = "") -> None:
    """One line `error: …` and, when there is one, one line `hint: …`."""
    print(f"error: {display_text(message, 4000)}", file=sys.stderr)
    if hint:
        print(f"hint: {display_text(hint, 4000)}", file=sys.stderr)


def warn(message: str) -> None:
    """One line `warning: …`."""
    print(f"warning: {display_text(message, 4000)}", file=sys.stderr)


@contextmanager
def console_task(on_partial: Callable[[object], None] | None = None) -> Iterator[Task]:
    """A task whose progress is one line on stderr, rewritten in place; silent when stderr is no terminal.

    `on_partial` gets its partial results.

    While it lasts, SIGTERM and SIGHUP end the work as Ctrl-C does: by KeyboardInterrupt, with everything tidied up.
    """
    before = {
        number: signal.signal(number, signal.default_int_handler)
        for number in (signal.SIGTERM, signal.SIGHUP)
        # who was told to ignore it (nohup) goes on ignoring it
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    line = ProgressLine() if sys.stderr.isatty() else None
    try:
        yield Task(on_progress=line.show if line else None, on_partial=on_partial)
    finally:
        if line:
            line.clear()
        for number, handler in before.items():
            signal.signal(number, handler)


class ProgressLine:
    """One line on stderr that tells what is done, how far it is and how long it may still take."""

    def __init__(self) -> None:
        self._shown_at = 0.0
        self._stage = ""
        self._from_time, self._from_done = 0.0, 0

    def show(self, progress: Progress) -> None:
        """Show it, at most ten times a second."""
        now = time.monotonic()
        if progress.text != self._stage or progress.done < self._from_done:
            self._stage = progress.text
            self._from_time, self._from_done = now, progress.done
        if now - self._shown_at < _INTERVAL:
            return
        self._shown_at = now
        width = shutil.get_terminal_size().columns - 1
        sys.stderr.write("\r\x1b[K" + cut_to_width(self.text(progress, now), width))
        sys.stderr.flush()

    def text(self, progress: Progress, now: float) -> str:
        """The line's text at a moment of the monotonic clock."""
        text = display_text(progress.text)
        if not progress.total:
            return text
        text += f"  {size_text(progress.done)} / {size_text(progress.total)}"
        spent, came = now - self._from_time, progress.done - self._from_done
        if spent >= _ETA_AFTER_SECONDS and came > 0:
            left = spent * (progress.total - progress.done) / came
            text += "  " + tr("about {time} left", time=_about(left))
        return text

    def clear(self) -> None:
        """Leave the terminal as it was."""
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


def _about(seconds: float) -> str:
    return tr("{n} s", n=max(1, round(seconds))) if seconds < 60 else seconds_text(seconds)


def cut_to_width(text: str, columns: int) -> str:
    """As much of `text` as fits into so many terminal columns; Chinese characters take two."""
    used = 0
    for place, char in enumerate(text):
        used += 0 if unicodedata.combining(char) else _columns(char)
        if used > columns:
            return text[:place]
    return text


def _columns(char: str) -> int:
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
