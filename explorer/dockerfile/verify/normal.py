"""Texts that two runs of one program print differently, made comparable: times, durations, ids, addresses.

What remains different between two runs of the old image is learned from them, not guessed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from explorer.dockerfile.verify.model import DIFFERS, INCONCLUSIVE, SAME

# Zones stay: a program that lost its time zone data prints another one.
_ZONE = r"(?P<zone>\s?(?:Z|[+-]\d{2}:?\d{2}|[A-Z]{3,4})\b)?"
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"\b\d{4}[-/]\d{2}[-/]\d{2}(?:[T ]| - )\d{2}:\d{2}:\d{2}(?:[.,]\d+)?" + _ZONE),
        r"<time>\g<zone>",
    ),
    (
        re.compile(
            r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? (?:\d{1,2}[ -][A-Z][a-z]{2}|[A-Z][a-z]{2} [ \d]\d)"
            r"[ -](?:\d{2,4} )?\d{2}:\d{2}:\d{2}" + _ZONE + r"(?: \d{4})?"
        ),
        r"<time>\g<zone>",
    ),
    (re.compile(r"\b\d{4}[-/]\d{2}[-/]\d{2}\b"), "<date>"),
    (re.compile(r"\b\d{2}:\d{2}:\d{2}(?:[.,]\d+)?\b"), "<time>"),
    (re.compile(r"\b1[5-9]\d{8}(?:\.\d+|\d{3}|\d{6}|\d{9})?\b"), "<time>"),
    (re.compile(r"\b(?:\d+h)?(?:\d+m)?\d+(?:\.\d+)?(?:ns|µs|us|μs|ms|s)\b"), "<duration>"),
    (re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"), "<id>"),
    (re.compile(r"\b0x[0-9a-f]{6,16}\b"), "<address>"),
    (re.compile(r"\b(?:172\.(?:1[6-9]|2\d|3[01])|10\.\d+|192\.168)\.\d+\.\d+(?::\d+)?\b"), "<ip>"),
    (re.compile(r"(?<=127\.0\.0\.1):\d{4,5}\b"), ":<port>"),
    (re.compile(r"(?i)(?<=\bpid[ =:])\d+\b"), "<pid>"),
    # A traceback names source files by where they were built. Only where a path begins: bodies may be one long word.
    (re.compile(r"(?<![\w.@/-])(?:[\w.@-]*/)+([\w.-]+\.go:\d+)"), r"\1"),
    (re.compile(r"[ \t]+"), " "),
)
_TOKEN = re.compile(r"\w+|\W")
# Names that os.CreateTemp, mktemp and the like made up.
_RANDOM_NAME = re.compile(r"\d{6,}|[0-9a-f]{8,}")


@dataclass(frozen=True)
class Judgement:
    """What comparing came to; `how` is "" for equal as they stand, "masked" or "learned"."""

    result: str
    how: str = ""
    old: str = ""
    new: str = ""


def normalised(text: str) -> str:
    """`text` with what naturally varies replaced by what it is."""
    for pattern, stand_in in _RULES:
        text = pattern.sub(stand_in, text)
    return text


def judge(old: str, again: str, new: str) -> Judgement:
    """Compare one text of two runs of the old image with that of the new one."""
    if old == again == new:
        return Judgement(SAME)
    first, second, third = normalised(old), normalised(again), normalised(new)
    if first == second:
        if second == third:
            return Judgement(SAME, "masked")
        return Judgement(DIFFERS, "", *_first_difference(first, third))
    tokens = [_TOKEN.findall(text) for text in (first, second, third)]
    if len(tokens[0]) != len(tokens[1]):
        return Judgement(INCONCLUSIVE, "", *_first_difference(first, second))
    if len(tokens[2]) != len(tokens[0]):
        return Judgement(DIFFERS, "", *_first_difference(first, third))
    for before, between, after in zip(*tokens, strict=True):
        if before == between != after:
            return Judgement(DIFFERS, "", *_first_difference(first, third))
    return Judgement(SAME, "learned")


def judge_lines(old: Sequence[str], again: Sequence[str], new: Sequence[str]) -> Judgement:
    """The same for output: lines may come in another order, and lines that one run lacks say nothing."""
    if list(old) == list(again) == list(new):
        return Judgement(SAME)
    first, second, third = (Counter(map(normalised, lines)) for lines in (old, again, new))
    if first == second == third:
        return Judgement(SAME, "masked")
    steady = set(first) & set(second)
    varying = (set(first) | set(second)) - steady
    lost = [line for line in first if line in steady and line not in third]
    extra = [line for line in third if line not in steady and line not in varying]
    if varying and extra:
        shapes = {_shape(line) for line in varying}
        extra = [line for line in extra if _shape(line) not in shapes]
    if lost or extra:
        return Judgement(DIFFERS, "", *(next(iter(lines), "") for lines in (lost, extra)))
    return Judgement(SAME, "learned")


def judge_paths(old: Sequence[str], again: Sequence[str], new: Sequence[str]) -> Judgement:
    """The same for written paths: made-up parts of names do not count."""
    sets = [{_RANDOM_NAME.sub("<random>", path) for path in paths} for paths in (old, again, new)]
    steady = sets[0] & sets[1]
    varying = (sets[0] | sets[1]) - steady
    lost, extra = sorted(steady - sets[2]), sorted(sets[2] - steady - varying)
    if lost or extra:
        return Judgement(DIFFERS, "", ", ".join(lost), ", ".join(extra))
    return Judgement(SAME, "learned" if varying else "")


def _shape(line: str) -> str:
    """A line without what varies most: numbers and long words of mixed letters."""
    return re.sub(r"\b(?=\w*\d)\w+\b", "#", line)


def _first_difference(old: str, new: str) -> tuple[str, str]:
    """The first line in which two texts differ."""
    before, after = old.splitlines() or [""], new.splitlines() or [""]
    for number in range(max(len(before), len(after))):
        pair = tuple(lines[number] if number < len(lines) else "" for lines in (before, after))
        if pair[0] != pair[1]:
            return pair[0], pair[1]
    return "", ""
