"""Many byte strings that lie in one blob, at once: hashed, compared and joined without a Python object for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from explorer.filesystem.columnfile import Array

# Strings are read by machine words, and copied so many at a time.
_WORD = 8
_CHUNK = 1 << 16
# Odd 64-bit constants of splitmix64 (Steele, Lea, Flood 2014).
_FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)
_HALF = np.uint64(32)


@dataclass(frozen=True, eq=False)
class Texts:
    """k byte strings: `lengths` bytes of `blob` from `starts`."""

    blob: Array  # uint8[*]
    starts: Array  # int64[k]
    lengths: Array  # int64[k]

    @classmethod
    def of(cls, blob: Array, offsets: Array, chosen: Array) -> Texts:
        """The strings of these numbers (int[k]) of a blob that is cut at `offsets`."""
        starts = offsets[chosen]
        return cls(blob, starts, offsets[chosen + 1] - starts)

    def at(self, chosen: Array) -> Texts:
        """Some of them, by their places or a mask."""
        return Texts(self.blob, self.starts[chosen], self.lengths[chosen])

    def hashes(self) -> Array:
        """uint64[k]; the same for equal strings, and hardly ever for different ones."""
        found = self.lengths.astype(np.uint64) * _FIRST
        for places, words in self.words():
            mixed = (found[places] ^ words) * _SECOND
            found[places] = mixed ^ (mixed >> _HALF)
        return found

    def same(self, other: Texts) -> Array:
        """bool[k]: whether each string equals the other's at its place."""
        same = np.asarray(self.lengths == other.lengths)
        alike = np.flatnonzero(same)
        # Of strings of one length both have as many words.
        steps = zip(self.at(alike).words(), other.at(alike).words(), strict=True)
        for (places, ours), (_, theirs) in steps:
            same[alike[places]] &= ours == theirs
        return same

    def order(self) -> Array:
        """int64[k]: the places in the order of their bytes, equal strings as they stand."""
        count = len(self.starts)
        rank = np.zeros(count, dtype=np.int64)
        for places, words in self.words():
            keys = np.zeros(count, dtype=np.uint64)
            keys[places] = words.byteswap()  # the first byte weighs most
            rank = _ranks(rank * count + _ranks(keys))
            if count and int(rank.max()) == count - 1:
                break
        if count and int(rank.max()) == count - 1:
            order = np.empty(count, dtype=np.int64)
            order[rank] = np.arange(count)
            return order
        # What differs only in zeros at the end: the shorter one comes first.
        return np.lexsort((self.lengths, rank))

    def joined(self) -> Array:
        """uint8[sum of lengths]: all strings, one behind the other."""
        ends = np.cumsum(self.lengths)
        joined = np.empty(int(ends[-1]) if len(ends) else 0, dtype=np.uint8)
        for first in range(0, len(ends), _CHUNK):
            chunk = slice(first, first + _CHUNK)
            lengths = self.lengths[chunk]
            begin = int(ends[first] - lengths[0])
            stop = int(ends[chunk][-1])
            shift = np.repeat(self.starts[chunk] - (ends[chunk] - lengths), lengths)
            joined[begin:stop] = self.blob[shift + np.arange(begin, stop)]
        return joined

    def words(self) -> Iterator[tuple[Array, Array]]:
        """The next eight bytes of those strings that have any left (places, uint64), zeros behind the last ones."""
        padded = np.concatenate([self.blob, np.zeros(_WORD, dtype=np.uint8)])
        words = np.ndarray((len(self.blob) + 1,), dtype="<u8", buffer=padded, strides=(1,))
        places = np.flatnonzero(self.lengths > 0)
        step = 0
        while len(places):
            left = self.lengths[places] - step
            found = words[self.starts[places] + step]
            short = np.flatnonzero(left < _WORD)
            bits = (left[short] * 8).astype(np.uint64)
            found[short] &= (np.uint64(1) << bits) - np.uint64(1)
            yield places, found
            step += _WORD
            places = places[left > _WORD]


def _ranks(keys: Array) -> Array:
    """int64[k]: how many different keys are smaller than each."""
    order = np.argsort(keys)
    ordered = keys[order]
    ranks = np.empty(len(keys), dtype=np.int64)
    ranks[order] = np.concatenate([[0], np.cumsum(ordered[1:] != ordered[:-1])])[: len(keys)]
    return ranks
