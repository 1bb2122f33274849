"""Many plain members at once: runs of small files and directories whose headers are checked and read as columns.

A layer of a million files is a million such headers. What is not of the plainest form (another kind, a long name, a
number that is not octal, a wrong checksum) ends the run, and TarStream looks at it by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from explorer.filesystem.columnfile import Array
from explorer.filesystem.layer import HEAD_BYTES
from explorer.filesystem.tarheader import BLOCK, ENTRY_LIMIT, Malformed, number

_FILE, _DIRECTORY = b"05"
# Shorter runs are read faster one by one.
_WORTHWHILE = 16
_CHECKSUM = slice(148, 156)


@dataclass(frozen=True)
class Run:
    """Plain members in a row, from position `begin` to `end`; all positions count in the chunk."""

    begin: int
    end: int
    names: list[bytes]
    directory: list[bool]
    mode: list[int]
    uid: list[int]
    gid: list[int]
    mtime: list[int]
    size: list[int]
    start: list[int]  # where each payload begins
    heads: list[bytes]

    def rows(self) -> Iterator[tuple[bytes, bool, int, int, int, int, int, int, bytes]]:
        """Name, whether it is a directory, mode, uid, gid, mtime, size, payload position and first bytes of each."""
        return zip(
            self.names, self.directory, self.mode, self.uid, self.gid, self.mtime, self.size,
            self.start, self.heads, strict=True,
        )  # fmt: skip


def find_runs(chunk: memoryview, position: int) -> tuple[list[Run], int]:
    """The runs of plain members from `position` (a multiple of 512) on, and the position up to which it looked."""
    positions, sizes, end = _walk(chunk, position)
    if len(positions) < _WORTHWHILE:
        return [], end
    data = np.frombuffer(chunk, dtype=np.uint8)
    starts = np.array(positions, dtype=np.int64)
    blocks = data[: len(data) // BLOCK * BLOCK].reshape(-1, BLOCK)[starts // BLOCK]
    mode, uid, gid = (_octal(blocks, at, 8) for at in (100, 108, 116))
    mtime, checksum = _octal(blocks, 136, 12), _octal(blocks, 148, 7)
    sums = blocks.sum(axis=1, dtype=np.int64) - blocks[:, _CHECKSUM].sum(axis=1, dtype=np.int64)
    filled = blocks[:, :100] != 0
    plain = (
        (sums + 8 * ord(" ") == checksum)
        & (np.minimum.reduce([mode, uid, gid, mtime]) >= 0)
        & (blocks[:, 345] == 0)  # no prefix
        & ~(filled[:, 1:] & ~filled[:, :-1]).any(axis=1)  # nothing after the end of the name
    )
    heads = _heads(data, starts + BLOCK, np.array(sizes, dtype=np.int64))
    runs = []
    for part in _stretches(plain):
        chosen, last = blocks[part], sizes[part.stop - 1]
        runs.append(
            Run(
                begin=positions[part.start],
                end=positions[part.stop - 1] + BLOCK + last + -last % BLOCK,
                names=np.ascontiguousarray(chosen[:, :100]).view("S100").ravel().tolist(),
                directory=(chosen[:, 156] == _DIRECTORY).tolist(),
                mode=(mode[part] & 0o7777).tolist(),
                uid=uid[part].tolist(),
                gid=gid[part].tolist(),
                mtime=mtime[part].tolist(),
                size=sizes[part],
                start=(starts[part] + BLOCK).tolist(),
                heads=heads[part],
            )
        )
    return runs, end


def _stretches(plain: Array) -> list[slice]:
    """Where many plain members stand in a row."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], plain, [False]]).astype(np.int8)))
    return [
        slice(a, b)
        for a, b in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
        if b - a >= _WORTHWHILE
    ]


def _walk(chunk: memoryview, position: int) -> tuple[list[int], list[int], int]:
    """Positions and payload sizes of what look like plain members that lie in the chunk as a whole."""
    positions, sizes, length = [], [], len(chunk)
    while position + BLOCK <= length:
        kind = chunk[position + 156]
        if kind not in (_FILE, _DIRECTORY):
            break
        try:
            size = number(bytes(chunk[position + 124 : position + 136]))
        except Malformed:
            break
        if not 0 <= size <= ENTRY_LIMIT:
            break
        if kind == _DIRECTORY:
            size = 0
        after = position + BLOCK + size + -size % BLOCK
        if after > length:
            break
        positions.append(position)
        sizes.append(size)
        position = after
    return positions, sizes, position


def _octal(blocks: Array, at: int, width: int) -> Array:
    """int64[n]: a field of octal digits with a NUL or a space behind them, -1 where it is anything else."""
    digits = blocks[:, at : at + width - 1].astype(np.int64) - ord("0")
    behind = blocks[:, at + width - 1]
    good = ((digits >= 0) & (digits < 8)).all(axis=1) & ((behind == 0) | (behind == ord(" ")))
    powers = 8 ** np.arange(width - 2, -1, -1, dtype=np.int64)
    return np.where(good, digits @ powers, -1)


def _heads(data: Array, starts: Array, sizes: Array) -> list[bytes]:
    """The first bytes of each payload."""
    reach = np.arange(HEAD_BYTES)
    places = np.minimum(starts[:, None] + reach, len(data) - 1)
    heads = np.where(reach < sizes[:, None], data[places], 0).astype(np.uint8)
    blob = heads.tobytes()
    return [blob[at : at + HEAD_BYTES] for at in range(0, len(blob), HEAD_BYTES)]
