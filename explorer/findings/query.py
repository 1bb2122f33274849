"""The filter that people type: `*.a -vendor size>1M layer:2-4 cat:cache ext:go dup:yes "a name with blanks"`.

All parts must fit. A word is a glob on the name or, with a slash, on the path; without a wildcard it is a part of the
name, or a whole path. What fits a directory fits all that is in it. Letters match in either case. `-` or `!` turns a
part round.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, floor

import numpy as np

from explorer.errors import InputError
from explorer.filesystem.columnfile import Array
from explorer.findings.analysis import Analysis
from explorer.findings.category import CATEGORIES, GROUPS
from explorer.findings.condition import (
    CHOICES,
    CategoryIs,
    Condition,
    ExtensionIs,
    HasTwin,
    IsOneOf,
    LayerIs,
    ModeIs,
    NameIs,
    PathIs,
    SizeIs,
    facts_of,
)
from explorer.findings.names import escape, is_literal
from explorer.findings.pattern import PatternInvalid, parse_pattern
from explorer.translation import tr
from explorer.units import display_text

_PART = re.compile(r'(?:[^\s"]|"[^"]*"?)+')
_KEYED = re.compile(r"([A-Za-z]+)(<=|>=|<|>|=|:)(.*)", re.DOTALL)
# What a Chinese keyboard types for the same signs.
_WIDE = str.maketrans("：＜＞＝，", ":<>=,")
_SIZE = re.compile(r"(\d{1,18}(?:[.,]\d{1,9})?)\s?([kmgt]?)(i?)b?", re.IGNORECASE)
_LAYERS = re.compile(r"(\d{1,6})(?:(-)(\d{0,6}))?")
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_MAX_PARTS = 64
_YES, _NO = ("yes", "true", "1", "是"), ("no", "false", "0", "否")


class QueryInvalid(InputError):
    """A filter that cannot be read; the message names the part, the hint what is allowed."""


@dataclass(frozen=True)
class Part:
    """One part as it was typed and what it asks."""

    text: str
    condition: Condition
    negated: bool = False


@dataclass(frozen=True)
class Query:
    """A filter that was read; without parts everything fits."""

    parts: tuple[Part, ...] = ()

    def chips(self) -> list[str]:
        """The parts as typed, in order."""
        return [part.text for part in self.parts]

    def without(self, place: int) -> str:
        """The text of the filter that is left when one part is taken away."""
        return " ".join(part.text for i, part in enumerate(self.parts) if i != place)

    def rows(self, analysis: Analysis, within: Array | None = None) -> Array:
        """bool[r]: the rows of the analysis's stack that fit (and are in `within`, bool[r], if given)."""
        facts = facts_of(analysis)
        mask = np.ones(len(analysis.stack), dtype=bool)
        for part in self.parts:
            fits = part.condition.rows(facts)
            mask &= ~fits if part.negated else fits
        return mask if within is None else mask & within


def parse_query(text: str) -> Query:
    """Read a filter; raises QueryInvalid."""
    found = _PART.findall(text)
    if len(found) > _MAX_PARTS:
        raise QueryInvalid(
            tr("The filter has more than {n} parts.", n=_MAX_PARTS), tr("Remove some.")
        )
    return Query(tuple(_part(raw) for raw in found))


def _part(raw: str) -> Part:
    negated = raw[0] in "-!" and len(raw) > 1
    body = raw[1:] if negated else raw
    return Part(raw, _condition(raw, body), negated)


def _condition(raw: str, body: str) -> Condition:
    keyed = None if body.startswith('"') else _KEYED.fullmatch(body.translate(_WIDE))
    if keyed is None:
        return _word(raw, body)
    key, operator = keyed[1].lower(), keyed[2]
    value = body[keyed.start(3) :].replace('"', "").strip()
    if key not in _READERS:
        raise QueryInvalid(
            tr("There is no filter “{key}”.", key=keyed[1] + operator),
            tr("Known ones: {names}. Quote it to look for it in names.", names=" ".join(FORMS)),
        )
    if operator != ":" and not (key == "size" or operator == "="):
        raise _wrong(raw, FORMS_OF[key])
    return _READERS[key](raw, operator, value)


def _word(raw: str, body: str) -> Condition:
    quoted = '"' in body
    text = _bytes(body.replace('"', "").lower())
    if not text.strip(b"/"):
        raise _wrong(raw, ("*.a", "/usr/**/*.so", '"a b"'))
    if b"/" not in text:
        return NameIs(text=text) if quoted or is_literal(text) else NameIs(glob=text)
    parts = [part for part in text.split(b"/") if part]
    pattern = b"/".join(map(escape, parts) if quoted else parts)
    anchor = b"/" if text.startswith(b"/") else b"**/"
    try:
        path = parse_pattern((anchor + pattern).decode("utf-8", "surrogateescape"))
    except PatternInvalid as error:
        raise QueryInvalid(error.message, error.hint) from error
    return PathIs(path, directories_only=text.endswith(b"/"))


def _bytes(text: str) -> bytes:
    """The bytes of a name; half a surrogate pair, which no name holds, becomes a question mark."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def _size(raw: str, operator: str, value: str) -> Condition:
    inner = re.match(r"(<=|>=|<|>|=)?(.*)", value.translate(_WIDE), re.DOTALL)
    assert inner is not None
    if operator == ":" and inner[1]:
        operator, value = inner[1], inner[2].strip()
    match = _SIZE.fullmatch(value)
    if match is None:
        raise _wrong(raw, FORMS_OF["size"])
    base = 1024 if match[3] else 1000
    count = Decimal(match[1].replace(",", ".")) * base ** _POWERS[match[2].lower()]
    if operator == ">":
        return SizeIs(low=floor(count) + 1)
    if operator == ">=":
        return SizeIs(low=ceil(count))
    if operator == "<":
        return SizeIs(high=ceil(count) - 1)
    if operator == "<=":
        return SizeIs(high=floor(count))
    return SizeIs(low=ceil(count), high=floor(count))


def _layer(raw: str, _operator: str, value: str) -> Condition:
    ranges = []
    for item in _items(raw, "layer", value):
        match = _LAYERS.fullmatch(item)
        if match is None:
            raise _wrong(raw, FORMS_OF["layer"])
        low = int(match[1])
        high = low if not match[2] else int(match[3]) if match[3] else 10**6
        ranges.append((min(low, high), max(low, high)))
    return LayerIs(tuple(ranges))


def _category(raw: str, _operator: str, value: str) -> Condition:
    codes: set[int] = set()
    for item in _items(raw, "cat", value):
        found = _codes(item)
        if not found:
            raise _wrong(raw, [*GROUPS, *(item.id for item in CATEGORIES)])
        codes |= found
    return CategoryIs(frozenset(codes))


def _codes(text: str) -> set[int]:
    """The categories that a text names: exactly, as a group, or by how one of its words begins."""
    wanted = _plain(text)
    names = [{_plain(x) for x in (item.id, item.text, item.label())} for item in CATEGORIES]
    exact = {code for code, own in enumerate(names) if wanted in own}
    if exact:
        return exact
    grouped = {code for code, item in enumerate(CATEGORIES) if _plain(item.group) == wanted}
    if grouped:
        return grouped
    for own, item in zip(names, CATEGORIES, strict=True):
        own.add(_plain(item.group))
    return {code for code, own in enumerate(names) if any(f" {wanted}" in f" {x}" for x in own)}


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("-", " ").replace("_", " ").split())


def _extension(raw: str, _operator: str, value: str) -> Condition:
    items = _items(raw, "ext", value)
    found = [_bytes(item.lower().lstrip("*").lstrip(".")) for item in items]
    if not all(found) or any(b"/" in item for item in found):
        raise _wrong(raw, FORMS_OF["ext"])
    return ExtensionIs(tuple(found))


def _twin(raw: str, _operator: str, value: str) -> Condition:
    answer = value.casefold()
    if answer and any(word.startswith(answer) for word in _YES):
        return HasTwin(True)
    if answer and any(word.startswith(answer) for word in _NO):
        return HasTwin(False)
    raise _wrong(raw, FORMS_OF["dup"])


def _choice(raw: str, key: str, value: str) -> Condition:
    names = []
    for item in _items(raw, key, value):
        found = [name for name in CHOICES[key] if name.startswith(item.casefold())]
        if len(found) != 1:
            raise _wrong(raw, FORMS_OF[key])
        names += found
    return IsOneOf(key, tuple(names))


def _mode(raw: str, _operator: str, value: str) -> Condition:
    if re.fullmatch(r"[0-7]{3,4}", value):
        return ModeIs(int(value, 8))
    return _choice(raw, "mode", value)


def _items(raw: str, key: str, value: str) -> list[str]:
    items = [item.strip() for item in value.translate(_WIDE).split(",")]
    if not all(items):
        raise _wrong(raw, FORMS_OF[key])
    return items


def _wrong(raw: str, allowed: Iterable[str]) -> QueryInvalid:
    return QueryInvalid(
        tr("“{part}” cannot be read.", part=display_text(raw, 60)),
        tr("Allowed here: {forms}.", forms=", ".join(allowed)),
    )


_READERS: Mapping[str, Callable[[str, str, str], Condition]] = {
    "size": _size,
    "layer": _layer,
    "cat": _category,
    "ext": _extension,
    "dup": _twin,
    "state": lambda raw, _operator, value: _choice(raw, "state", value),
    "kind": lambda raw, _operator, value: _choice(raw, "kind", value),
    "mode": _mode,
}
# One example each, for help and completion, and all forms of each.
FORMS = ("size>1M", "layer:2-4", "cat:cache", "ext:go", "dup:yes", "state:deleted", "kind:link", "mode:setuid")  # fmt: skip
FORMS_OF: Mapping[str, tuple[str, ...]] = {
    "size": ("size>1M", "size<=10k", "size=0", "size>=1.5GiB"),
    "layer": ("layer:7", "layer:0,3", "layer:2-4"),
    "cat": tuple(f"cat:{name}" for name in GROUPS),
    "ext": ("ext:go", "ext:so,a", "ext:tar.gz"),
    "dup": ("dup:yes", "dup:no"),
    "state": tuple(f"state:{name}" for name in CHOICES["state"]),
    "kind": tuple(f"kind:{name}" for name in CHOICES["kind"]),
    "mode": (*(f"mode:{name}" for name in CHOICES["mode"]), "mode:755"),
}
