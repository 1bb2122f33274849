"""Which files of an image may be Go executables, told by the first bytes that the layer scan noted; and where a path leads."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from explorer.filesystem.columnfile import Array
from explorer.filesystem.layer import Flag, Kind
from explorer.filesystem.union import Stack, view
from explorer.gobinary.elf import ET_DYN, ET_EXEC, MAGIC

# The smallest Go programs have about 1.1 MB; packed with UPX about 0.4 MB.
_LIKELY_BYTES, _PACKED_BYTES = 1_000_000, 300_000
# Distributions build C programs position independent and Go's linker does not by default, so that a system's own
# programs (git, perl, python) are read only where they are as large as Go programs with many packages.
_INDEPENDENT_BYTES = 8_000_000
_LIBRARY = re.compile(rb"\.so(\.\d+)*\Z")
_LINKS_LIMIT = 40


@dataclass(frozen=True)
class Found:
    """Rows of a stack: `rows` are worth a look, the most promising first; `toolchain` counts a Go toolchain's own."""

    rows: tuple[int, ...]
    toolchain: int


def executables(stack: Stack) -> Array:
    """bool[r]: regular files of the final file system that begin as an ELF executable does."""
    head = stack.head
    chosen = stack.merged() & (stack.kind == Kind.FILE) & ((stack.flags & Flag.SPARSE) == 0)
    chosen &= (head[:, :4] == np.frombuffer(MAGIC, dtype=np.uint8)).all(axis=1)
    kind = _elf_kind(stack)
    return np.asarray(chosen & ((kind == ET_EXEC) | (kind == ET_DYN)))


def find_candidates(stack: Stack, toolchain: Array, own: Array, limit: int) -> Found:
    """At most `limit` files that may be Go programs. `toolchain` (bool[r]) are left out and counted; `own` come first."""
    programs = executables(stack)
    worth = programs & ~toolchain
    foreign = np.where(_elf_kind(stack) == ET_EXEC, _LIKELY_BYTES, _INDEPENDENT_BYTES)
    worth &= stack.size >= np.where(own, _PACKED_BYTES, foreign)
    rows = np.flatnonzero(worth)
    rows = rows[np.lexsort((rows, -stack.size[rows], ~own[rows]))]
    named = (row for row in rows.tolist() if not _LIBRARY.search(_name(stack, row)))
    chosen = [row for row, _ in zip(named, range(limit), strict=False)]
    return Found(tuple(chosen), int((programs & toolchain).sum()))


def _elf_kind(stack: Stack) -> Array:
    """uint8[r]: e_type, whose low byte stands second in big-endian files."""
    return np.where(stack.head[:, 5] == 2, stack.head[:, 17], stack.head[:, 16])


def _name(stack: Stack, row: int) -> bytes:
    return stack.tree.name(int(stack.node[row]))


def resolve(stack: Stack, path: bytes) -> int:
    """The row that holds the payload of the live file at `path`, symlinks and hardlinks followed; -1 when there is none."""
    shown = view(stack, stack.merged()).row
    waiting = [part for part in path.split(b"/") if part not in (b"", b".")][::-1]
    node, links = 0, 0
    while waiting:
        part = waiting.pop()
        if part == b"..":
            node = max(int(stack.tree.parent[node]), 0)
            continue
        node = _child(stack, node, part)
        row = int(shown[node]) if node >= 0 else -1
        if node < 0:
            return -1
        if row >= 0 and stack.kind[row] == Kind.SYMLINK:
            links += 1
            if links > _LINKS_LIMIT:
                return -1
            target = stack.link_target(row)
            waiting += [p for p in target.split(b"/") if p not in (b"", b".")][::-1]
            node = 0 if target.startswith(b"/") else int(stack.tree.parent[node])
    row = int(shown[node])
    payload = int(stack.payload_row[row]) if row >= 0 else -1
    return payload if payload >= 0 and stack.kind[payload] == Kind.FILE else -1


def _child(stack: Stack, node: int, name: bytes) -> int:
    children = stack.tree.children(node).tolist()
    return next((child for child in children if stack.tree.name(child) == name), -1)
