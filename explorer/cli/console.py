"""What the command line prints beside its results: errors, hints and progress, all on stderr."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from explorer.task import Progress, Task
from explorer.translation import tr
from explorer.units import display_text, size_text

_INTERVAL = 0.1


def complain(message: str, hint: str = "") -> None:
    """One line `error: …` and, when there is one, one line `hint: …`."""
    print(f"error: {display_text(message, 4000)}", file=sys.stderr)
    if hint:
        print(f"hint: {display_text(hint, 4000)}", file=sys.stderr)


def warn(message: str) -> None:
    """One line `warning: …`."""
    print(f"warning: {display_text(message, 4000)}", file=sys.stderr)


@contextmanager
def console_task() -> Iterator[Task]:
    """A task whose progress is one line on stderr, rewritten in place; silent when stderr is no terminal."""
    if not sys.stderr.isatty():
        yield Task()
        return
    line = _Line()
    try:
        yield Task(on_progress=line.show)
    finally:
        line.clear()


class _Line:
    def __init__(self) -> None:
        self._shown_at = 0.0
        self._started = time.monotonic()

    def show(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._shown_at < _INTERVAL:
            return
        self._shown_at = now
        text = progress.text
        if progress.total:
            text += f"  {size_text(progress.done)} / {size_text(progress.total)}"
            left = (now - self._started) * (progress.total - progress.done) / max(progress.done, 1)
            if now - self._started > 3 and progress.done:
                text += "  " + tr("about {n} s left", n=round(left))
        width = shutil.get_terminal_size().columns - 1
        sys.stderr.write("\r\x1b[K" + display_text(text)[:width])
        sys.stderr.flush()

    def clear(self) -> None:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
