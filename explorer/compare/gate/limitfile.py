"""A team's limits in one TOML file, under the names that the options of `check` have.

    [check]
    max-size = "20MB"
    max-growth = "2%"
    forbid = ["go-toolchain", "vcs"]
    max-category = ["source=0"]

What belongs to one run (images, measurements, files to write) stays on the command line.
"""

from __future__ import annotations

import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from explorer.compare.gate.rulefile import read_rule_file
from explorer.compare.gate.rules import Rule
from explorer.compare.gate.stated import OPTIONS, REPEATED, stated_rule
from explorer.errors import DamagedInput, InputError
from explorer.translation import tr
from explorer.units import display_text

_TABLE = "check"
# Options of `check` that a file of limits cannot give.
_OF_THE_RUN = (
    "against", "samples", "baseline-samples", "dive-ci", "json", "junit", "platform", "host", "no-cache", "no-dive-ci", "config",
)  # fmt: skip


def read_limit_file(path: Path) -> tuple[Rule, ...]:
    """The rules of a file; InputError when it cannot be read or a limit is wrong, DamagedInput when it is no TOML."""
    name = display_text(path.name, 80)
    data = read_rule_file(path, tr("Check the path of the file of limits."))
    try:
        return parse_limits(data.decode("utf-8"), name)
    except UnicodeDecodeError as error:
        raise DamagedInput(
            tr("{file} is not TOML: {reason}.", file=name, reason=tr("it is not UTF-8")),
            tr("Save it as UTF-8."),
            error.start,
        ) from error


def parse_limits(text: str, name: str) -> tuple[Rule, ...]:
    """The rules in the text of such a file, each with `name` as its origin."""
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        reason = display_text(str(error), 200).rstrip(".")
        raise DamagedInput(
            tr("{file} is not TOML: {reason}.", file=name, reason=reason),
            tr('A limit is written as max-size = "20MB", below a line [check].'),
        ) from error
    table = document.pop(_TABLE, None)
    if not isinstance(table, dict) or not table or document:
        raise InputError(
            tr("{file} is not a file of limits.", file=name),
            tr("It holds one table [check], and in it at least one limit, such as {example}.", example='max-size = "20MB"'),
        )  # fmt: skip
    return tuple(
        _rule(key, value, name)
        for key, held in table.items()
        for value in _values(_known(key, name), held, name)
    )


def _known(key: str, name: str) -> str:
    if key in OPTIONS:
        return key
    message = tr("{file}: there is no limit {name}.", file=name, name=display_text(key, 60) or '""')
    if key in _OF_THE_RUN:
        raise InputError(message, tr("Give --{name} on the command line.", name=key))
    near = get_close_matches(key.lower().replace("_", "-"), OPTIONS, n=2, cutoff=0.6)
    if near:
        raise InputError(message, tr("Did you mean {names}?", names=", ".join(near)))
    raise InputError(message, tr("The limits are {names}.", names=", ".join(OPTIONS)))


def _values(key: str, held: Any, name: str) -> list[str]:
    """What stands behind a key as texts: one, or a list where the option may be repeated."""
    items = held if isinstance(held, list) and key in REPEATED else [held]
    texts = [_text(item) for item in items]
    if any(text is None for text in texts):
        raise InputError(
            tr("{file}: the value of {name} cannot be used.", file=name, name=key),
            tr("Write a list of texts in quotes.")
            if key in REPEATED
            else tr("Write one text in quotes, such as {example}.", example='"20MB"'),
        )
    return [text for text in texts if text is not None]


def _text(item: Any) -> str | None:
    if isinstance(item, str):
        return item
    # A whole number needs no quotes: bytes, or 0.
    return str(item) if isinstance(item, int) and not isinstance(item, bool) else None


def _rule(key: str, value: str, name: str) -> Rule:
    try:
        return stated_rule(key, value, name)
    except InputError as error:
        raise InputError(
            tr("{file}, {name}: {problem}", file=name, name=key, problem=error.message), error.hint
        ) from error
