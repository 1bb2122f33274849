"""Path patterns over a whole tree: all of them run at once over the directories, as one lazily built automaton."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from explorer.errors import InputError
from explorer.filesystem.columnfile import Array
from explorer.filesystem.layer import Kind
from explorer.filesystem.tree import FileTree
from explorer.filesystem.union import Stack
from explorer.findings.names import NameTable, glob_regex, is_literal
from explorer.translation import tr

# A pattern is its components from the root; b"**" stands for any number of them.
Pattern = tuple[bytes, ...]
ANY: bytes = b"**"
MAX_PARTS = 64
# Names remembered for each state; a tree with more distinct ones is matched without memory.
_REMEMBERED = 4096
_Place = tuple[int, int]  # a pattern's number and how many of its components are matched


class PatternInvalid(InputError):
    """A path pattern that cannot be used."""


def parse_pattern(text: str) -> Pattern:
    """The components of `/usr/share/doc/**` or `**/.git`; raises PatternInvalid."""
    if not text.startswith(("/", "**/")) or text.endswith("/") or "\0" in text:
        raise PatternInvalid(
            tr("“{pattern}” is not a path pattern.", pattern=text),
            tr("Start it with / or **/ and end it with a name, for example **/node_modules."),
        )
    parts = tuple(part.encode("utf-8", "surrogateescape") for part in text.split("/") if part)
    if any(ANY in part and part != ANY for part in parts) or len(parts) > MAX_PARTS:
        raise PatternInvalid(
            tr("“{pattern}” is not a path pattern.", pattern=text),
            tr("** stands alone between two slashes: /a/**/b."),
        )
    return parts


@dataclass(eq=False)
class _State:
    """Where all patterns stand after a directory's path."""

    number: int
    accepts: frozenset[int] = frozenset()
    globs: list[tuple[re.Pattern[bytes], _Place]] = field(default_factory=list)
    literals: dict[bytes, list[_Place]] = field(default_factory=dict)
    staying: frozenset[_Place] = frozenset()
    known: dict[bytes, _State] = field(default_factory=dict)
    rest: _State | None = None


class Automaton:
    """Runs patterns over directories; a state is the set of places that the patterns have reached."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._patterns = patterns
        self._states: list[_State] = []
        self._interned: dict[frozenset[_Place], _State] = {}
        self._start = self._state(frozenset((number, 0) for number in range(len(patterns))))

    def run(self, tree: FileTree, names: NameTable, directories: Array) -> Array:
        """int32[k]: the number of the state at each directory (preorder, the root first, parents included)."""
        place = np.zeros(len(tree), dtype=np.int64)
        place[directories] = np.arange(len(directories))
        parents = place[tree.parent[directories]].tolist()
        reached = [self._start] * len(directories)
        step = self._step
        for i, name in enumerate(names.names(directories)):
            if i:
                state = reached[parents[i]]
                reached[i] = state.known.get(name) or step(state, name)
        return np.fromiter((state.number for state in reached), np.int32, len(reached))

    def accepting(self) -> Array:
        """bool[patterns, states]: in which states a pattern has matched the path."""
        matrix = np.zeros((len(self._patterns), len(self._states)), dtype=bool)
        for state in self._states:
            matrix[list(state.accepts), state.number] = True
        return matrix

    def _state(self, places: frozenset[_Place]) -> _State:
        known = self._interned.get(places)
        if known is None:
            closed = set(places)
            for number, at in places:
                parts, onward = self._patterns[number], at
                while onward < len(parts) and parts[onward] == ANY:
                    onward += 1
                    closed.add((number, onward))
            known = self._interned[places] = self._new_state(closed)
        return known

    def _new_state(self, places: set[_Place]) -> _State:
        state = _State(len(self._states))
        accepts, staying = [], []
        for place in places:
            number, at = place
            parts = self._patterns[number]
            if at == len(parts):
                accepts.append(number)
            elif parts[at] == ANY:
                staying.append(place)
            elif is_literal(parts[at]):
                state.literals.setdefault(parts[at], []).append((number, at + 1))
            else:
                state.globs.append((glob_regex(parts[at]), (number, at + 1)))
        state.accepts, state.staying = frozenset(accepts), frozenset(staying)
        self._states.append(state)
        return state

    def _step(self, state: _State, name: bytes) -> _State:
        moved = list(state.literals.get(name, ()))
        moved += [place for glob, place in state.globs if glob.fullmatch(name)]
        if moved:
            reached = self._state(state.staying.union(moved))
        else:
            if state.rest is None:
                state.rest = self._state(state.staying)
            reached = state.rest
        if len(state.known) < _REMEMBERED:
            state.known[name] = reached
        return reached


@dataclass(frozen=True, eq=False)
class Places:
    """A stack's nodes as patterns see them."""

    tree: FileTree
    names: NameTable
    is_directory: Array  # bool[n]: something lies below, or some layer has a directory there

    @classmethod
    def of(cls, stack: Stack, *, fold: bool = False) -> Places:
        """The nodes of a stack; with `fold` names match in either case."""
        tree = stack.tree
        is_directory = tree.end - np.arange(len(tree)) > 1
        is_directory[stack.node[stack.kind == Kind.DIRECTORY]] = True
        is_directory[0] = True
        return cls(tree, NameTable(tree, fold=fold), is_directory)


class Matcher:
    """Where some patterns match: directories by the automaton, files by their folder's state and their name.

    `directories` and `files` are the patterns that will be asked for, so that all run at once.
    """

    def __init__(
        self, places: Places, directories: Iterable[Pattern], files: Iterable[Pattern]
    ) -> None:
        self._places = places
        whole = [*directories, *(pattern for pattern in files if pattern[-1] == ANY)]
        # Of a file's pattern the folder part; that of **/name is fulfilled everywhere.
        folders = [pattern[:-1] for pattern in files if pattern[:-1] != (ANY,)]
        patterns = list(dict.fromkeys([*whole, *folders]))
        self._number = {pattern: number for number, pattern in enumerate(patterns)}
        automaton = Automaton(patterns)
        self._directories = np.flatnonzero(places.is_directory)
        self._reached = automaton.run(places.tree, places.names, self._directories)
        self._accepting = automaton.accepting()
        self._state_of = np.zeros(len(places.tree), dtype=np.int32)
        self._state_of[self._directories] = self._reached

    def directories(self, pattern: Pattern) -> Array:
        """int64[k]: the directories that a pattern matches, in preorder; the root never."""
        matched = self._matched(pattern)
        return matched[matched > 0]

    def files(self, pattern: Pattern) -> Array:
        """int64[k]: what is no directory and is matched by a pattern, in preorder."""
        tree, names = self._places.tree, self._places.names
        *folder, name = pattern
        if name == ANY:
            nodes = self._below(self._matched(pattern))
        elif ANY not in folder:
            # Few folders: look at what they hold instead of at all names.
            held = [tree.children(node) for node in self._matched(tuple(folder)).tolist()]
            nodes = names.matching(name, np.concatenate([_NONE, *held]))
        else:
            nodes = names.matching(name)
            if folder != [ANY]:
                inside = self._accepting[self._number[tuple(folder)]]
                nodes = nodes[inside[self._state_of[tree.parent[nodes]]]]
        return np.asarray(nodes[~self._places.is_directory[nodes]], dtype=np.int64)

    def _matched(self, pattern: Pattern) -> Array:
        """int64[k]: the directories that a pattern matches, the root too."""
        accepted = self._accepting[self._number[pattern]][self._reached]
        return np.asarray(self._directories[accepted], dtype=np.int64)

    def _below(self, directories: Array) -> Array:
        """int64[k]: all nodes whose parent is one of these."""
        chosen = np.zeros(len(self._places.tree), dtype=bool)
        chosen[directories] = True
        nodes = np.arange(1, len(self._places.tree))
        return np.asarray(nodes[chosen[self._places.tree.parent[nodes]]])


_NONE: Array = np.zeros(0, dtype=np.int64)
