"""Reads a file of rules whole: it is small, and where it cannot be read the user is told."""

from __future__ import annotations

from pathlib import Path

from explorer.errors import InputError, LimitExceeded
from explorer.translation import tr
from explorer.units import display_text

_FILE_LIMIT = 64 << 10


def read_rule_file(path: Path, hint: str) -> bytes:
    """Its bytes; InputError with `hint` when it cannot be read, LimitExceeded over 64 KiB."""
    shown = display_text(str(path), 200)
    try:
        with open(path, "rb") as file:
            data = file.read(_FILE_LIMIT + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(
            tr("Could not read {path}: {reason}", path=shown, reason=reason), hint
        ) from error
    if len(data) > _FILE_LIMIT:
        raise LimitExceeded(tr("{path} is too long for a file of rules.", path=shown))
    return data
