"""The rules of a .dive-ci file, for those who come from dive: a few lines of YAML, read without a YAML library.

Keys, defaults and comparisons: wagoodman/dive d6c6919, cmd/dive/cli/internal/options/ci_rules.go and
cmd/dive/cli/internal/command/ci/rules.go. A rule that the file leaves out has dive's default.
"""

from __future__ import annotations

import re
from pathlib import Path

from explorer.compare.gate.limits import BYTES, SHARE, Limit, parse_size, parse_size_or_share
from explorer.compare.gate.rulefile import read_rule_file
from explorer.compare.gate.rules import DIVE_EFFICIENCY, DIVE_USER_WASTED, DIVE_WASTED, Rule
from explorer.errors import DamagedInput, InputError
from explorer.translation import tr
from explorer.units import display_text

USUAL_NAME = ".dive-ci"
_DISABLED = "disabled"
# Both spellings that dive has used, without case and dashes.
_KINDS = {
    "lowestefficiency": DIVE_EFFICIENCY,
    "highestwastedbytes": DIVE_WASTED,
    "highestuserwastedpercent": DIVE_USER_WASTED,
}
_DEFAULTS = {DIVE_EFFICIENCY: "0.9", DIVE_WASTED: _DISABLED, DIVE_USER_WASTED: "0.1"}
_LINE = re.compile(r"""(\s*)(?:"([\w-]+)"|'([\w-]+)'|([\w-]+))\s*:(?:\s+(.*))?""")


def read_dive_file(path: Path) -> tuple[Rule, ...]:
    """The rules of a file; InputError when it cannot be read, DamagedInput when a line is not understood."""
    data = read_rule_file(path, tr("Leave out --dive-ci, or name the file that dive reads."))
    return parse_dive_rules(data.decode("utf-8", "replace"), display_text(path.name, 80))


def parse_dive_rules(text: str, name: str = USUAL_NAME) -> tuple[Rule, ...]:
    """The rules in the text of such a file."""
    values = dict(_DEFAULTS)
    inside = False
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        bare = _without_comment(line)
        if not bare.strip() or bare.strip() in ("---", "..."):
            continue
        match = _LINE.fullmatch(bare.rstrip())
        if match is None:
            raise _damaged(name, number, bare)
        key = match[2] or match[3] or match[4]
        value = _unquoted((match[5] or "").strip())
        if not match[1]:
            inside = key == "rules"
            if inside and value:
                raise _damaged(name, number, bare)
            continue
        kind = _KINDS.get(key.lower().replace("-", "").replace("_", "")) if inside else None
        if kind is not None and value:
            values[kind] = value
    return tuple(
        Rule(kind, _limit(kind, value, name), origin=name)
        for kind, value in values.items()
        if value != _DISABLED
    )


def _limit(kind: str, value: str, name: str) -> Limit:
    """A size for bytes; a fraction, as dive has it, or a percentage for the two others."""
    if kind == DIVE_WASTED:
        return Limit(parse_size(value).value, BYTES)
    found = parse_size_or_share(value) if value.endswith("%") else Limit(_fraction(value), SHARE)
    if not 0 <= found.value <= 1:
        raise InputError(
            tr("{file}: {value} is not between 0 and 1.", file=name, value=display_text(value, 40)),
            tr("dive's shares are fractions: 0.9 for 90 %."),
        )
    return found


def _fraction(value: str) -> float:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{0,9})?|\.[0-9]{1,9}", value):
        return -1.0
    return float(value)


def _without_comment(line: str) -> str:
    """A line up to its comment; a # inside quotes is none."""
    quote = ""
    for place, char in enumerate(line):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char == "#" and (place == 0 or line[place - 1].isspace()):
            return line[:place]
    return line


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value


def _damaged(name: str, number: int, line: str) -> DamagedInput:
    return DamagedInput(
        tr(
            "{file}, line {n} is not understood: {line}",
            file=name,
            n=number,
            line=display_text(line.strip(), 80),
        ),
        tr("It holds `rules:` and below it, indented, lines such as `lowestEfficiency: 0.95`."),
    )
