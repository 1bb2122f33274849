"""Which files of a build context are left out: the rules of a .dockerignore file, as docker build reads them.

Source: github.com/moby/patternmatcher (New, MatchesUsingParentResults) and its ignorefile package.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field

from explorer.errors import InputError
from explorer.translation import tr
from explorer.units import display_text

# A real one has some hundred bytes.
FILE_LIMIT = 1 << 20
_BOM = "\ufeff"
# What a set must not hold unescaped in Python's regular expressions, though it may in Go's.
_SET_SPECIAL = "[&~|"


@dataclass(frozen=True)
class Pattern:
    """One line: what it matches, and whether it brings back ("!") what lines before it left out."""

    line: int
    text: str
    returns: bool
    expression: re.Pattern[str] = field(repr=False)


@dataclass(frozen=True)
class IgnoreRules:
    """The lines of one ignore file in their order."""

    patterns: tuple[Pattern, ...] = ()

    def judge(self, path: str, above: tuple[bool, ...] = ()) -> tuple[bool, tuple[bool, ...]]:
        """Whether `path` is left out, and what `above` is for the paths below it; () above the top.

        A pattern that matched a folder matches all that is in it.
        """
        ignored = False
        held = []
        for number, pattern in enumerate(self.patterns):
            matched = bool(above) and above[number]
            if not matched and pattern.returns == ignored:
                matched = pattern.expression.match(path) is not None
            held.append(matched)
            if matched:
                ignored = not pattern.returns
        return ignored, tuple(held)

    def may_return_below(self, folder: str) -> bool:
        """Whether some "!" line could bring back a path below an ignored folder."""
        for pattern in self.patterns:
            if pattern.returns:
                plain = re.split(r"[*?\[\\]", pattern.text, maxsplit=1)[0]
                if plain != pattern.text or f"{pattern.text}/".startswith(f"{folder}/"):
                    return True
        return False


def parse_ignore_file(data: bytes) -> IgnoreRules:
    """The rules of an ignore file; InputError names the line that cannot be read."""
    found = []
    text = data.decode("utf-8", "surrogateescape").removeprefix(_BOM)
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("#"):
            continue
        pattern = _cleaned(line.removesuffix("\r").strip())
        if pattern == "!":
            raise _refused(number, line, tr("there is nothing after the exclamation mark"))
        if pattern:
            found.append(_compiled(number, line, pattern))
    return IgnoreRules(tuple(found))


def _cleaned(line: str) -> str:
    """The pattern with "." and ".." resolved and without a leading slash."""
    returns = line.startswith("!")
    line = line[1:].strip() if returns else line
    if line:
        line = posixpath.normpath(line)
        if line.startswith("//"):
            line = line[1:]
        if len(line) > 1:
            line = line.removeprefix("/")
    # moby cleans a second time, the mark included: "!/" ends as "!", which it refuses.
    line = ("!" + line if returns else line).strip()
    return posixpath.normpath(line) if line else ""


def _compiled(number: int, line: str, pattern: str) -> Pattern:
    returns = pattern.startswith("!")
    text = pattern.removeprefix("!")
    try:
        expression = re.compile(_expression(text) + r"\Z")
    except (ValueError, re.error) as error:
        raise _refused(number, line, tr("its brackets or backslashes do not pair up")) from error
    return Pattern(number, text, returns, expression)


def _expression(text: str) -> str:
    """The pattern as a regular expression; ValueError for one that Go's filepath.Match would refuse."""
    plain = text.replace("**", "", 1)
    if text.startswith("**") and not re.search(r"[*?\[\]\\]", plain):
        # Without other wildcards a leading "**" ends inside a name too: "**.go", but "**/x" only at a slash.
        rest = re.escape(text[2:])
        return f"(?s:.*){rest}" if not rest.startswith("/") else f"(?s:.*/)?{rest[1:]}"
    made = []
    place = 0
    while place < len(text):
        if text.startswith("**", place):
            place += 2
            place += text.startswith("/", place)
            made.append("(?s:.*)" if place >= len(text) else "(?:.*/)?")
        elif text[place] == "[":
            place, piece = _character_set(text, place)
            made.append(piece)
        else:
            place, piece = _character(text, place)
            made.append(piece)
    return "".join(made)


def _character(text: str, place: int) -> tuple[int, str]:
    """The place after one character outside a set, and it as a regular expression."""
    if text[place] != "\\":
        return place + 1, {"*": "[^/]*", "?": "[^/]"}.get(text[place]) or re.escape(text[place])
    if place + 1 >= len(text):
        raise ValueError
    return place + 2, re.escape(text[place + 1])


def _character_set(text: str, start: int) -> tuple[int, str]:
    """Where the set that begins at `start` ends, and it as a regular expression."""
    place = start + 1
    made = ["["]
    if text.startswith("^", place):
        made.append("^")
        place += 1
    first = True
    while first or not text.startswith("]", place):
        first = False
        low, place = _set_member(text, place)
        made.append(low)
        if text.startswith("-", place):
            high, place = _set_member(text, place + 1)
            made += ["-", high]
    return place + 1, "".join([*made, "]"])


def _set_member(text: str, place: int) -> tuple[str, int]:
    """One character of a set, escaped, and the place after it (getEsc of Go's path/filepath)."""
    if place >= len(text) or text[place] in "-]":
        raise ValueError
    if text[place] == "\\":
        place += 1
        if place >= len(text):
            raise ValueError
    char = text[place]
    special = char in _SET_SPECIAL or char in "\\^]-"
    return ("\\" + char if special else char), place + 1


def _refused(number: int, line: str, reason: str) -> InputError:
    return InputError(
        tr(
            "Line {number} of the ignore file cannot be read: {line} ({reason}).",
            number=number,
            line=display_text(line.strip(), 120),
            reason=reason,
        ),
        tr("Correct the line or delete it."),
    )
