"""The rule that an option states: `--max-size 20MB` on the command line, `max-size = "20MB"` in a file of limits."""

from __future__ import annotations

from collections.abc import Callable

from explorer.compare.gate import rules
from explorer.compare.gate.limits import (
    BYTES,
    Limit,
    parse_duration,
    parse_duration_or_share,
    parse_size,
    parse_size_or_share,
)
from explorer.compare.gate.rules import Rule
from explorer.errors import InputError
from explorer.translation import tr
from explorer.units import display_text

# Options with one limit each; those below it may be repeated, for each has a subject.
_SINGLE: dict[str, Callable[[str], Limit]] = {
    rules.SIZE: parse_size,
    rules.RECLAIMABLE: parse_size_or_share,
    rules.GROWTH: parse_size_or_share,
    rules.START: parse_duration,
    rules.SLOWDOWN: parse_duration_or_share,
}
REPEATED = (rules.CATEGORY, rules.FORBIDDEN)
OPTIONS = (*_SINGLE, *REPEATED)


def stated_rule(option: str, text: str, origin: str = "") -> Rule:
    """The rule of one of OPTIONS with its value; InputError when the value is not understood."""
    if option == rules.FORBIDDEN:
        return Rule(option, Limit(0.0, BYTES), text, origin)
    if option == rules.CATEGORY:
        subject, equals, limit = text.partition("=")
        if not equals:
            raise InputError(
                tr("{text} is not a limit for a category.", text=display_text(text, 60) or '""'),
                tr("Write it as source=0 or system=80%."),
            )
        return Rule(option, parse_size_or_share(limit), subject.strip(), origin)
    return Rule(option, _SINGLE[option](text), origin=origin)
