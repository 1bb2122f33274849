"""Finds the nodes of a tree by the last component of their path, a million names at once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property, lru_cache
from itertools import compress

import numpy as np

from explorer.filesystem.columnfile import Array
from explorer.filesystem.tree import FileTree

# Names are compared by eight bytes at either end first: one machine word.
_WORD = 8
# Names are looked at in Python so many at a time.
_CHUNK = 1 << 14
_SPECIAL = re.compile(rb"\*|\?|\[!?\]?[^\]]*\]")
_LOWER = np.frombuffer(bytes(range(256)).lower(), dtype=np.uint8)


@lru_cache(maxsize=4096)
def glob_regex(glob: bytes) -> re.Pattern[bytes]:
    """A compiled pattern for one path component: `*`, `?`, `[abc]`, `[!a-z]`; anything else stands for itself."""
    pieces, end = [b""], 0
    for match in _SPECIAL.finditer(glob):
        pieces[-1] += re.escape(glob[end : match.start()])
        end = match.end()
        if match[0] == b"*":
            pieces.append(b"")
        else:
            pieces[-1] += _special_regex(match[0])
    pieces[-1] += re.escape(glob[end:])
    if len(pieces) == 1:
        return re.compile(pieces[0], re.DOTALL)
    # Each piece between two stars may settle at its first place for good: no name takes more than linear time.
    first, *inner, last = pieces
    middle = b"".join(b"(?>.*?" + piece + b")" for piece in inner if piece)
    return re.compile(first + middle + b".*" + last, re.DOTALL)


def _special_regex(token: bytes) -> bytes:
    if token == b"?":
        return b"."
    inside = token[1:-1]
    negated = inside.startswith(b"!")
    letters = _class_regex(inside[1:] if negated else inside)
    if not letters:
        return b"." if negated else b"(?!)"
    return b"[^" + letters + b"]" if negated else b"[" + letters + b"]"


def _class_regex(letters: bytes) -> bytes:
    """The inside of a character class, where `-` between two letters in order means a range."""
    parts, i = [], 0
    while i < len(letters):
        low, high = letters[i : i + 1], letters[i + 2 : i + 3]
        if letters[i + 1 : i + 2] == b"-" and high and low <= high:
            parts.append(re.escape(low) + b"-" + re.escape(high))
            i += 3
        else:
            parts.append(re.escape(low))
            i += 1
    return b"".join(parts)


def is_literal(glob: bytes) -> bool:
    """Whether a component matches only itself."""
    return _SPECIAL.search(glob) is None


def escape(name: bytes) -> bytes:
    """A component that matches only `name`."""
    return re.sub(rb"([*?\[])", rb"[\1]", name)


class NameTable:
    """The names of a tree's nodes; with `fold` ASCII letters match in either case."""

    def __init__(self, tree: FileTree, *, fold: bool = False) -> None:
        self.parent = tree.parent
        self.fold = fold
        self._offsets = tree.name_offsets
        self._bytes = _LOWER[tree.names] if fold else tree.names
        self.lengths: Array = np.diff(tree.name_offsets)
        padded = np.zeros(len(tree.names) + 2 * _WORD, dtype=np.uint8)
        padded[_WORD : _WORD + len(tree.names)] = self._bytes
        words = np.ndarray((len(padded) - _WORD + 1,), dtype="<u8", buffer=padded, strides=(1,))
        # The last and the first eight bytes of each name; short ones hold bytes of their neighbours too.
        self.tails: Array = words[self._offsets[1:]]
        self.heads: Array = words[self._offsets[:-1] + _WORD]

    def name(self, node: int) -> bytes:
        """The (folded) name of a node."""
        return self._bytes[self._offsets[node] : self._offsets[node + 1]].tobytes()

    def names(self, nodes: Array) -> list[bytes]:
        """The (folded) names of many nodes."""
        blob = self._blob
        starts, stops = self._offsets[nodes].tolist(), self._offsets[nodes + 1].tolist()
        return [blob[a:b] for a, b in zip(starts, stops, strict=True)]

    @cached_property
    def _blob(self) -> bytes:
        return self._bytes.tobytes()

    def ending(self, text: bytes) -> Array:
        """bool[n]: the name ends with these at most eight bytes."""
        if not text:
            return np.ones(len(self.lengths), dtype=bool)
        shift = np.uint64(8 * (_WORD - len(text)))
        wanted = np.uint64(int.from_bytes(text, "little"))
        return np.asarray((self.lengths >= len(text)) & ((self.tails >> shift) == wanted))

    def starting(self, text: bytes) -> Array:
        """bool[n]: the name starts with these at most eight bytes."""
        mask = np.uint64((1 << 8 * len(text)) - 1)
        wanted = np.uint64(int.from_bytes(text, "little"))
        return np.asarray((self.lengths >= len(text)) & ((self.heads & mask) == wanted))

    def matching(self, glob: bytes, among: Array | None = None) -> Array:
        """int64[k]: the nodes (of `among`, a few of them) whose name matches a glob, in order; never the root."""
        glob = glob.lower() if self.fold else glob
        nodes, certain = (among, False) if among is not None else self._candidates(glob)
        nodes = nodes[nodes > 0]
        if certain or not len(nodes):
            return nodes
        parts = [
            np.fromiter(compress(part.tolist(), self._fits(glob, part)), dtype=np.int64)
            # One such call holds all other threads up.
            for part in np.split(nodes, range(_CHUNK, len(nodes), _CHUNK))
        ]
        return np.concatenate(parts)

    def _fits(self, glob: bytes, nodes: Array) -> Iterable[object]:
        """Something true for each node whose name matches."""
        names = self.names(nodes)
        if is_literal(glob):
            return (name == glob for name in names)
        return map(glob_regex(glob).fullmatch, names)

    def _candidates(self, glob: bytes) -> tuple[Array, bool]:
        """The nodes that a glob may match by its fixed parts, and whether it certainly matches them."""
        pieces = _SPECIAL.split(glob)
        if is_literal(glob):
            nodes = np.flatnonzero((self.lengths == len(glob)) & self.ending(glob[-_WORD:]))
            return nodes, len(glob) <= _WORD
        if pieces[-1]:
            end = pieces[-1][-_WORD:]
            return np.flatnonzero(self.ending(end)), glob == b"*" + end
        if pieces[0]:
            start = pieces[0][:_WORD]
            return np.flatnonzero(self.starting(start)), glob == start + b"*"
        return self._holding(max(pieces, key=len)), set(glob) == {ord("*")}

    def containing(self, text: bytes) -> Array:
        """int64[k]: the nodes whose name holds `text`, in preorder."""
        return self._holding(text.lower() if self.fold else text)

    def _holding(self, text: bytes) -> Array:
        if not text:
            return np.arange(1, len(self.parent))
        if b"/" in text:
            return np.zeros(0, dtype=np.int64)
        hits = re.finditer(re.escape(text), self._joined)
        starts = np.fromiter((hit.start() for hit in hits), dtype=np.int64)
        # Each name is one byte longer in the joined text.
        begins = self._offsets[:-1] + np.arange(len(self.parent))
        return self._as_set(np.searchsorted(begins, starts, side="right") - 1)

    def _as_set(self, nodes: Array) -> Array:
        """int64[k]: the nodes in order, each once."""
        chosen = np.zeros(len(self.parent), dtype=bool)
        chosen[nodes] = True
        return np.flatnonzero(chosen)

    @cached_property
    def _joined(self) -> bytes:
        """All names with a slash behind each, so that no hit crosses from one into the next."""
        count = len(self.parent)
        is_name = np.ones(len(self._bytes) + count, dtype=bool)
        is_name[self._offsets[1:] + np.arange(count)] = False
        joined = np.full(len(is_name), ord("/"), dtype=np.uint8)
        joined[is_name] = self._bytes
        return joined.tobytes()

    def owners(self, path: bytes) -> Array:
        """int64[k]: the nodes below which the literal relative `path` exists (`bin/go`), in preorder."""
        *folders, last = path.split(b"/")
        nodes = self._as_set(self.parent[self.matching(escape(last))])
        for folder in reversed(folders):
            nodes = self._as_set(self.parent[self.matching(escape(folder), nodes)])
        return nodes
