"""What one part of a filter asks of the rows of an image; every test gives a mask in numpy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np

from explorer.filesystem.columnfile import Array
from explorer.filesystem.layer import Kind
from explorer.filesystem.union import Stack, State
from explorer.findings.analysis import Analysis
from explorer.findings.content import has_twin
from explorer.findings.names import escape
from explorer.findings.pattern import ANY, Matcher, Pattern, Places

_EVERYTHING = 2**63 - 1
_REGULAR = (Kind.FILE, Kind.HARDLINK)


class Facts:
    """What filters look up again and again in one analysis; built when first asked for."""

    def __init__(self, analysis: Analysis) -> None:
        self.stack = analysis.stack
        self.category = analysis.category
        self.image_layer = np.asarray(analysis.stack_layers, dtype=np.int64)

    @cached_property
    def places(self) -> Places:
        """The names of the tree, in either case."""
        return Places.of(self.stack, fold=True)

    @cached_property
    def has_twin(self) -> Array:
        """bool[r]: live files whose content another live file has too."""
        stack = self.stack
        rows = np.flatnonzero(
            (stack.kind == Kind.FILE) & (stack.state == State.LIVE) & (stack.size > 0)
        )
        mask = np.zeros(len(stack), dtype=bool)
        mask[rows] = has_twin(stack, rows)
        return mask

    @cached_property
    def size(self) -> Array:
        """int64[r]: payload bytes, for a hardlink those it leads to; -1 for what is no file."""
        stack = self.stack
        size = np.where(stack.kind == Kind.FILE, stack.size, -1)
        links = np.flatnonzero(stack.kind == Kind.HARDLINK)
        payload = stack.payload_row[links]
        size[links] = np.where(payload >= 0, stack.size[payload], 0)
        return size

    def beneath(self, nodes: Array) -> Array:
        """bool[r]: the rows at some nodes and at all that lies below them."""
        tree = self.stack.tree
        steps = np.zeros(len(tree) + 1, dtype=np.int32)
        np.add.at(steps, nodes, 1)
        np.add.at(steps, tree.end[nodes], -1)
        return np.asarray((np.cumsum(steps[:-1]) > 0)[self.stack.node])


_FACTS: WeakKeyDictionary[Analysis, Facts] = WeakKeyDictionary()


def facts_of(analysis: Analysis) -> Facts:
    """The facts of an analysis, kept as long as it lives."""
    facts = _FACTS.get(analysis)
    if facts is None:
        facts = _FACTS[analysis] = Facts(analysis)
    return facts


@dataclass(frozen=True)
class NameIs:
    """The name matches a glob, or holds a text; a directory stands for all that is in it."""

    glob: bytes = b""
    text: bytes = b""

    def rows(self, facts: Facts) -> Array:
        names = facts.places.names
        return facts.beneath(
            names.containing(self.text) if self.text else names.matching(self.glob)
        )


@dataclass(frozen=True)
class PathIs:
    """The path matches a pattern; a directory stands for all that is in it."""

    pattern: Pattern  # in lower case
    directories_only: bool = False

    def rows(self, facts: Facts) -> Array:
        if set(self.pattern) == {ANY}:
            return np.ones(len(facts.stack), dtype=bool)
        matcher = Matcher(facts.places, [self.pattern], [self.pattern])
        nodes = [matcher.directories(self.pattern)]
        if not self.directories_only:
            nodes.append(matcher.files(self.pattern))
        return facts.beneath(np.concatenate(nodes))


@dataclass(frozen=True)
class SizeIs:
    """low <= bytes <= high of a regular file."""

    low: int = 0
    high: int = _EVERYTHING

    def rows(self, facts: Facts) -> Array:
        if max(self.low, 0) > min(self.high, _EVERYTHING):
            return np.zeros(len(facts.stack), dtype=bool)
        low, high = max(self.low, 0), min(self.high, _EVERYTHING)
        return np.asarray((facts.size >= low) & (facts.size <= high))


@dataclass(frozen=True)
class LayerIs:
    """The row comes from one of the image's layers; both ends of each range count."""

    ranges: tuple[tuple[int, int], ...]

    def rows(self, facts: Facts) -> Array:
        index = facts.image_layer
        chosen = np.zeros(len(index), dtype=bool)
        for low, high in self.ranges:
            chosen |= (index >= low) & (index <= high)
        return np.asarray(chosen[facts.stack.layer])


@dataclass(frozen=True)
class CategoryIs:
    """The row has one of these category codes."""

    codes: frozenset[int]

    def rows(self, facts: Facts) -> Array:
        return np.isin(facts.category, sorted(self.codes))


@dataclass(frozen=True)
class ExtensionIs:
    """The name of something other than a directory ends with a dot and one of these."""

    extensions: tuple[bytes, ...]

    def rows(self, facts: Facts) -> Array:
        named = np.zeros(len(facts.stack.tree), dtype=bool)
        for extension in self.extensions:
            named[facts.places.names.matching(b"?*." + escape(extension))] = True
        return np.asarray(named[facts.stack.node] & (facts.stack.kind != Kind.DIRECTORY))


@dataclass(frozen=True)
class HasTwin:
    """Another live file has (or, with wanted=False, none has) the content of this file."""

    wanted: bool

    def rows(self, facts: Facts) -> Array:
        if self.wanted:
            return facts.has_twin
        return np.asarray((facts.stack.kind == Kind.FILE) & ~facts.has_twin)


def _files_in(state: State) -> Callable[[Stack], Array]:
    return lambda stack: np.asarray((stack.kind == Kind.FILE) & (stack.state == state))


def _live(stack: Stack) -> Array:
    return np.where(stack.kind == Kind.FILE, stack.state == State.LIVE, stack.merged())


def _kind(*kinds: Kind) -> Callable[[Stack], Array]:
    return lambda stack: np.isin(stack.kind, kinds)


def _bits(bits: int, *kinds: Kind) -> Callable[[Stack], Array]:
    return lambda stack: ((stack.mode & bits) != 0) & np.isin(stack.kind, kinds)


STATES: Mapping[str, Callable[[Stack], Array]] = {
    "live": _live,
    "deleted": _files_in(State.DELETED),
    "overwritten": _files_in(State.OVERWRITTEN),
    "copied": _files_in(State.METADATA_COPY),
    "twice": _files_in(State.DUPLICATE),
}
KINDS: Mapping[str, Callable[[Stack], Array]] = {
    "file": _kind(*_REGULAR),
    "dir": _kind(Kind.DIRECTORY),
    "link": _kind(Kind.SYMLINK, Kind.HARDLINK),
    "special": _kind(Kind.CHARACTER, Kind.BLOCK, Kind.FIFO),
    "whiteout": _kind(Kind.WHITEOUT),
}
MODES: Mapping[str, Callable[[Stack], Array]] = {
    "setuid": _bits(0o4000, *_REGULAR),
    "setgid": _bits(0o2000, *_REGULAR),
    "sticky": _bits(0o1000, *_REGULAR, Kind.DIRECTORY),
    "exec": _bits(0o111, *_REGULAR),
    "writable": _bits(0o002, *_REGULAR, Kind.DIRECTORY),
}
CHOICES: Mapping[str, Mapping[str, Callable[[Stack], Array]]] = {
    "state": STATES,
    "kind": KINDS,
    "mode": MODES,
}


@dataclass(frozen=True)
class IsOneOf:
    """The row is one of the named choices of `key`, a key of CHOICES."""

    key: str
    names: tuple[str, ...]

    def rows(self, facts: Facts) -> Array:
        mask = np.zeros(len(facts.stack), dtype=bool)
        for name in self.names:
            mask |= CHOICES[self.key][name](facts.stack)
        return mask


@dataclass(frozen=True)
class ModeIs:
    """The permission bits are exactly these."""

    bits: int

    def rows(self, facts: Facts) -> Array:
        stack = facts.stack
        return np.asarray((stack.mode & 0o7777) == self.bits) & ~np.isin(
            stack.kind, (Kind.SYMLINK, Kind.WHITEOUT)
        )


Condition = (
    NameIs | PathIs | SizeIs | LayerIs | CategoryIs | ExtensionIs | HasTwin | IsOneOf | ModeIs
)
