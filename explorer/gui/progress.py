"""Progress in words: what is going on, how much of it, and how long it will still take."""

from __future__ import annotations

from explorer.task import Progress
from explorer.translation import tr
from explorer.units import seconds_text, size_text

# An estimate from less than this is a guess.
_ESTIMATE_SECONDS = 3.0


def progress_text(progress: Progress, elapsed: float) -> str:
    """One line for a page or the status bar; `elapsed` in seconds since the work began."""
    parts = [progress.text]
    if progress.total:
        parts.append(
            tr("{done} of {total}", done=size_text(progress.done), total=size_text(progress.total))
        )
        left = elapsed * (progress.total - progress.done) / max(progress.done, 1)
        if elapsed > _ESTIMATE_SECONDS and progress.done:
            parts.append(
                tr("almost done") if left < 1 else tr("about {time} left", time=_rough(left))
            )
    return " · ".join(parts)


def _rough(seconds: float) -> str:
    return tr("{n} s", n=round(seconds)) if seconds < 60 else seconds_text(seconds)
