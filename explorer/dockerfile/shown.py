"""Lines of Dockerfiles as they stand there, without what a screen would obey."""

from __future__ import annotations

from explorer.units import display_text

_LINE_LIMIT = 4000


def shown_line(text: str) -> str:
    """A line of a Dockerfile as it stands there, without what a screen would obey."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() or c == "\t" else display_text(c) for c in text)
    text = text.replace("\t", "    ")
    return text if len(text) <= _LINE_LIMIT else f"{text[:_LINE_LIMIT]}…"
