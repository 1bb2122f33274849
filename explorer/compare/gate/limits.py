"""Limits as people write them: 20MB, 5%, 300ms. Units of sizes are those of the go-humanize package, which dive uses."""

from __future__ import annotations

import re
from dataclasses import dataclass

from explorer.errors import InputError
from explorer.translation import tr
from explorer.units import display_text

BYTES, SHARE, SECONDS = "bytes", "share", "seconds"
_SIZES = {
    unit: base**power
    for power, letter in enumerate(("", "k", "m", "g", "t", "p"))
    for unit, base in ((letter, 1000), (f"{letter}b", 1000), (f"{letter}ib", 1024), (f"{letter}i", 1024))
    if letter or unit in ("", "b")
}  # fmt: skip
_TIMES = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0}
_NUMBER = re.compile(r"\s*([0-9]{1,15}(?:\.[0-9]{0,9})?)\s*([A-Za-zµ%]{0,4})\s*")


@dataclass(frozen=True)
class Limit:
    """A number that may not be passed: bytes, a share (1.0 is all of it) or seconds."""

    value: float
    unit: str


def parse_size(text: str) -> Limit:
    """20MB, 1.5 GiB, 4096: decimal units count in thousands, those with an i in 1024s."""
    number, unit = _parts(text)
    if unit.lower() not in _SIZES:
        raise _not_understood(text, tr("Write a size as 20MB or 512KiB."))
    return Limit(float(round(number * _SIZES[unit.lower()])), BYTES)


def parse_size_or_share(text: str) -> Limit:
    """20MB or 5%."""
    number, unit = _parts(text)
    if unit == "%":
        return Limit(number / 100, SHARE)
    if unit.lower() not in _SIZES:
        raise _not_understood(text, tr("Write a size as 20MB, or a share as 5%."))
    return parse_size(text)


def parse_duration(text: str) -> Limit:
    """300ms, 1.5s."""
    number, unit = _parts(text)
    if unit not in _TIMES:
        raise _not_understood(text, tr("Write a duration as 300ms or 1.5s."))
    return Limit(number * _TIMES[unit], SECONDS)


def parse_duration_or_share(text: str) -> Limit:
    """50ms, 10%, or 0."""
    number, unit = _parts(text)
    if unit == "%":
        return Limit(number / 100, SHARE)
    if not number and not unit:
        return Limit(0.0, SECONDS)
    if unit not in _TIMES:
        raise _not_understood(text, tr("Write a duration as 50ms, or a share as 10%."))
    return parse_duration(text)


def _parts(text: str) -> tuple[float, str]:
    match = _NUMBER.fullmatch(text[:40])
    if match is None:
        raise _not_understood(text, tr("Write a number with its unit, as 20MB, 5% or 300ms."))
    return float(match[1]), match[2]


def _not_understood(text: str, hint: str) -> InputError:
    return InputError(tr("{text} is not a limit.", text=display_text(text, 40) or '""'), hint)
