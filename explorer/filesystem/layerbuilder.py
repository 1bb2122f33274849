"""Builds a LayerIndex from entries in tar order; the only place that turns paths into nodes."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from explorer.errors import LimitExceeded
from explorer.filesystem.columnfile import Array
from explorer.filesystem.layer import HEAD_BYTES, Flag, Kind, LayerIndex
from explorer.translation import tr
from explorer.units import display_name

# Beyond these a path is kept, but cut (libarchive stops at 1 MiB; POSIX PATH_MAX is 4 KiB).
MAX_PATH_BYTES = 64 << 10
MAX_PATH_PARTS = 4096
_MAX_PROBLEMS = 100
# What the paths of all directories may have together: a chain of them costs the square of its depth.
MAX_DIRECTORY_BYTES = 256 << 20
# Last components that are none.
_NO_NAME = frozenset({b"", b".", b".."})
# Shorter paths cannot have too many components.
_LONG = MAX_PATH_PARTS
_NO_DIGEST = bytes(16)
_NO_HEAD = bytes(HEAD_BYTES)

_DTYPE = np.dtype(
    [
        ("parent", "<i4"),
        ("link", "<i4"),
        ("uid", "<u4"),
        ("gid", "<u4"),
        ("mode", "<u2"),
        ("kind", "u1"),
        ("flags", "u1"),
        ("head", "u1", (HEAD_BYTES,)),
        ("mtime", "<i8"),
        ("size", "<i8"),
        ("data_offset", "<i8"),
        ("name_end", "<i8"),
        ("name_hash", "<i8"),
        ("order", "<i4"),
        ("digest", "<u8", (2,)),
    ]
)
_RECORD = struct.Struct(f"<iiIIHBB{HEAD_BYTES}sqqqqqi16s")
_pack = _RECORD.pack
assert _RECORD.size == _DTYPE.itemsize


def clean_path(path: bytes) -> tuple[bytes, ...] | None:
    """The components of a tar member's name, None where `..` leaves the root; no components for the root itself."""
    parts: list[bytes] = []
    for part in path.split(b"/"):
        if part == b"..":
            if not parts:
                return None
            parts.pop()
        elif part not in (b"", b"."):
            parts.append(part)
    return tuple(parts)


class LayerBuilder:
    """Takes entries in tar order, then finish() makes the columns."""

    def __init__(self) -> None:
        self._records = bytearray()
        self._names = bytearray()
        self._links: list[bytes] = []
        self._count = 0
        self._directories: dict[bytes, int] = {b"": 0}
        self._subdirectories: dict[bytes, list[bytes]] = {}
        self._directory_bytes = 0
        self._logical: dict[int, int] = {}
        self._entries = 0
        self.problems: list[str] = []
        self._implied(-1, b"")

    def __len__(self) -> int:
        return self._entries

    def problem(self, text: str) -> None:
        """Note something odd; only the first hundred are kept."""
        if len(self.problems) < _MAX_PROBLEMS and text not in self.problems:
            self.problems.append(text)

    def add(
        self,
        path: bytes,
        kind: int,
        mode: int = 0o644,
        uid: int = 0,
        gid: int = 0,
        mtime: int = 0,
        size: int = 0,
        data_offset: int = -1,
        digest: bytes = _NO_DIGEST,
        head: bytes = _NO_HEAD,
        link: bytes = b"",
        logical: int = -1,
    ) -> None:
        """One entry; `digest` 16 and `head` at most HEAD_BYTES bytes, `logical` for sparse files only."""
        if path.startswith(b"./"):
            path = path[2:]
        if path.endswith(b"/"):
            path = path[:-1]
        parent, _, name = path.rpartition(b"/")
        # Known directories are tidy; behind one of them only the name itself can be odd.
        parent_node = self._directories.get(parent)
        if parent_node is None or name in _NO_NAME or len(path) > _LONG or path.startswith(b"/"):
            path = self._tidy(path)
            if not path:
                self._root(kind, mode, uid, gid, mtime)
                return
            parent, _, name = path.rpartition(b"/")
            parent_node = self._directory(parent)
        self._entries += 1
        if name.startswith(b".wh."):
            if self._whiteout(parent_node, name):
                return
            name, kind, size, digest, head = name[4:], Kind.WHITEOUT, 0, _NO_DIGEST, _NO_HEAD
        if kind == Kind.DIRECTORY:
            known = self._directories.get(path)
            if known is not None:
                self._redeclare(known, mode, uid, gid, mtime)
                return
            self._enter(path, parent)
        elif path in self._directories and kind != Kind.WHITEOUT:
            self._forget_directory(path)
        link_index, flags = -1, 0
        if link:
            link_index = len(self._links)
            self._links.append(link)
        if logical >= 0:
            flags = Flag.SPARSE
            self._logical[self._count] = logical
        self._names += name
        self._records += _pack(
            parent_node,
            link_index,
            uid & 0xFFFFFFFF,
            gid & 0xFFFFFFFF,
            mode & 0xFFFF,
            kind,
            flags,
            head,
            mtime,
            size,
            data_offset,
            len(self._names),
            hash(name),
            self._count,
            digest,
        )
        self._count += 1

    def whiteout(self, path: bytes) -> None:
        """The layer hides `path` of lower layers."""
        parent, _, name = path.rpartition(b"/")
        self.add((parent + b"/" if parent else b"") + b".wh." + name, Kind.FILE)

    def opaque(self, path: bytes) -> None:
        """The layer hides all that lower layers hold in the directory `path`."""
        self.add((path + b"/" if path else b"") + b".wh..wh..opq", Kind.FILE)

    def finish(self, **facts: object) -> LayerIndex:
        """The layer's columns; `facts` are LayerIndex's own (diff_id, complete, verified, tar_bytes …)."""
        table = np.frombuffer(self._records, dtype=_DTYPE)
        names = np.frombuffer(bytes(self._names), dtype=np.uint8)
        offsets = np.concatenate([[0], table["name_end"]]).astype(np.int64)
        keep, shadowed, also = self._settle_duplicates(table, names, offsets)
        columns: dict[str, Any] = {**_columns(table, names, offsets, keep, also), **facts}
        lengths = np.fromiter(
            (len(link) for link in self._links), dtype=np.int64, count=len(self._links)
        )
        renumber = np.cumsum(keep, dtype=np.int32) - 1
        losers = np.array([loser for loser, _ in shadowed], dtype=np.int64)
        places = np.array([place for _, place in shadowed], dtype=np.int64)
        index = LayerIndex(
            **columns,
            link_offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            links=np.frombuffer(b"".join(self._links), dtype=np.uint8),
            link_node=np.full(int(keep.sum()), -1, dtype=np.int32),
            shadowed_node=renumber[places].astype(np.int32),
            shadowed_size=table["size"][losers].astype(np.int64),
            shadowed_digest=table["digest"][losers].reshape(-1, 2).astype(np.uint64),
            entries=self._entries,
            problems=tuple(self.problems),
            logical_sizes={
                int(renumber[node]): size for node, size in self._logical.items() if keep[node]
            },
        )
        self._resolve_hardlinks(index, renumber, keep)
        return index

    def _implied(self, parent: int, name: bytes) -> int:
        """The node of a directory that the tar has not listed (yet)."""
        node = self._count
        self._names += name
        self._records += _pack(
            parent, -1, 0, 0, 0o755, Kind.DIRECTORY, Flag.IMPLIED, _NO_HEAD, 0, 0, -1,
            len(self._names), hash(name), node, _NO_DIGEST,
        )  # fmt: skip
        self._count += 1
        return node

    def _enter(self, path: bytes, parent: bytes) -> None:
        """The next node is the directory `path`."""
        self._directory_bytes += len(path)
        if self._directory_bytes > MAX_DIRECTORY_BYTES:
            raise LimitExceeded(
                tr("Its directories nest deeper than any file system's; the rest is left out.")
            )
        self._directories[path] = self._count
        self._subdirectories.setdefault(parent, []).append(path)

    def _directory(self, path: bytes) -> int:
        """The node of a directory, made (with its parents) where the tar has not listed it."""
        missing = []
        while path not in self._directories:
            missing.append(path)
            path = path.rpartition(b"/")[0]
        node = self._directories[path]
        for path in reversed(missing):
            parent, _, name = path.rpartition(b"/")
            self._enter(path, parent)
            node = self._implied(node, name)
        return node

    def _forget_directory(self, path: bytes) -> None:
        """Something else now stands where the tar had a directory: later children begin a new one."""
        pending = [path]
        while pending:
            gone = pending.pop()
            self._directories.pop(gone, None)
            pending += self._subdirectories.pop(gone, ())

    def _redeclare(self, node: int, mode: int, uid: int, gid: int, mtime: int) -> None:
        record = list(_RECORD.unpack_from(self._records, node * _RECORD.size))
        record[2:5] = uid & 0xFFFFFFFF, gid & 0xFFFFFFFF, mode & 0xFFFF
        record[6] &= ~Flag.IMPLIED
        record[8], record[13] = mtime, self._count
        _RECORD.pack_into(self._records, node * _RECORD.size, *record)

    def _root(self, kind: int, mode: int, uid: int, gid: int, mtime: int) -> None:
        if kind == Kind.DIRECTORY:
            self._redeclare(0, mode, uid, gid, mtime)
        else:
            self.problem(tr("An entry without a name was left out."))

    def _whiteout(self, parent: int, name: bytes) -> bool:
        """Handle the whiteouts that are no ordinary ones; True when nothing is left to do."""
        if name == b".wh..wh..opq":
            self._records[parent * _RECORD.size + 19] |= Flag.OPAQUE
            return True
        if name.startswith(b".wh..wh."):
            return True  # aufs bookkeeping (.wh..wh.aufs, .wh..wh.plnk), no part of the file system
        if name in (b".wh.", b".wh..", b".wh..."):
            self.problem(tr("A whiteout without a name was left out."))
            return True
        return False

    def _tidy(self, path: bytes) -> bytes:
        """The path without empty, `.` and `..` components, cut where it is too long."""
        parts = clean_path(path)
        if parts is None:
            self.problem(tr("{name} points outside the layer.", name=display_name(path)))
            parts = tuple(part for part in path.split(b"/") if part not in (b"", b".", b".."))
        tidy = b"/".join(parts)
        return (
            self._cut(tidy) if len(tidy) > MAX_PATH_BYTES or len(parts) > MAX_PATH_PARTS else tidy
        )

    def _cut(self, path: bytes) -> bytes:
        parts = path.split(b"/")
        self.problem(
            tr(
                "A path of {bytes} bytes and {parts} components was cut: {name}",
                bytes=len(path),
                parts=len(parts),
                name=display_name(path, 60),
            )
        )
        return (
            b"/".join(part[:255] for part in parts[:32]) + f"… ({len(parts)} components)".encode()
        )

    def _settle_duplicates(
        self, table: Array, names: Array, offsets: Array
    ) -> tuple[Array, list[tuple[int, int]], list[int]]:
        """Which nodes stay; replaced files with the node they count at; nodes that are also whited out."""
        keep = np.ones(len(table), dtype=bool)
        order = np.lexsort((table["name_hash"], table["parent"]))
        parent, name_hash = table["parent"][order], table["name_hash"][order]
        hits = np.flatnonzero((parent[1:] == parent[:-1]) & (name_hash[1:] == name_hash[:-1]))
        if not len(hits):
            return keep, [], []
        groups: dict[tuple[int, bytes], list[int]] = {}
        for node in order[np.union1d(hits, hits + 1)].tolist():
            name = names[offsets[node] : offsets[node + 1]].tobytes()
            groups.setdefault((int(table["parent"][node]), name), []).append(node)
        kinds, positions = table["kind"], table["order"]
        replaced: dict[int, int] = {}
        also: list[int] = []
        for nodes in groups.values():
            if len(nodes) > 1:
                nodes.sort(key=lambda node: (int(positions[node]), node))
                self._settle(nodes, kinds, replaced, also)
        _add_orphans(table["parent"], kinds, replaced)
        keep[np.fromiter(replaced, dtype=np.int64, count=len(replaced))] = False
        shadowed = []
        for node in sorted(replaced):
            if kinds[node] == Kind.FILE:
                place = node
                while place in replaced:
                    place = replaced[place]
                shadowed.append((node, place))
        return keep, shadowed, [node for node in also if keep[node]]

    def _settle(
        self, nodes: list[int], kinds: Array, replaced: dict[int, int], also: list[int]
    ) -> None:
        """Of the nodes at one path, in the tar's order, the last entry stays."""
        entries = [node for node in nodes if kinds[node] != Kind.WHITEOUT]
        winner = entries[-1] if entries else nodes[-1]
        if entries and len(entries) < len(nodes):
            also.append(winner)
        if len(entries) > 1:
            self.problem(tr("Some paths appear twice in one layer; the last one counts."))
        replaced.update((node, winner) for node in nodes if node != winner)

    def _resolve_hardlinks(self, index: LayerIndex, renumber: Array, keep: Array) -> None:
        """Bind the links whose target is in this layer."""
        wanted: dict[tuple[int, bytes], list[int]] = {}
        for node in np.flatnonzero(index.kind == Kind.HARDLINK).tolist():
            target = b"/".join(clean_path(index.link_target(node)) or ())
            parent, _, name = target.rpartition(b"/")
            directory = self._directories.get(parent)
            if target and directory is not None and keep[directory]:
                wanted.setdefault((int(renumber[directory]), name), []).append(node)
        if not wanted:
            return
        parents = np.unique(np.array([parent for parent, _ in wanted], dtype=np.int32))
        linkable = (index.kind != Kind.WHITEOUT) & (index.kind != Kind.DIRECTORY)
        candidates = np.flatnonzero(linkable & np.isin(index.parent, parents))
        blob = index.names.tobytes()
        rows = zip(
            candidates.tolist(),
            index.parent[candidates].tolist(),
            index.name_offsets[candidates].tolist(),
            index.name_offsets[candidates + 1].tolist(),
            strict=True,
        )
        for candidate, parent_node, start, stop in rows:
            for node in wanted.get((parent_node, blob[start:stop]), ()):
                if node != candidate:
                    index.link_node[node] = candidate


def _add_orphans(parents: Array, kinds: Array, replaced: dict[int, int]) -> None:
    """What lies under a directory that a later entry replaced counts at that entry."""
    if not any(kinds[node] == Kind.DIRECTORY for node in replaced):
        return
    for node, parent in enumerate(parents.tolist()):
        if parent in replaced:
            replaced.setdefault(node, replaced[parent])


def _columns(
    table: Array, names: Array, offsets: Array, keep: Array, also: list[int]
) -> dict[str, Array]:
    """The node columns of the entries that stay, renumbered."""
    flags = table["flags"].copy()
    flags[np.asarray(also, dtype=np.int64)] |= np.uint8(Flag.ALSO_WHITEOUT)
    if keep.all():
        chosen, parent = table, table["parent"]
    else:
        chosen = table[keep]
        renumber = np.cumsum(keep, dtype=np.int32) - 1
        parent = np.where(chosen["parent"] < 0, -1, renumber[chosen["parent"]])
        lengths = np.diff(offsets)
        names = names[np.repeat(keep, lengths)]
        offsets = np.concatenate([[0], np.cumsum(lengths[keep])])
    plain = {
        name: np.ascontiguousarray(chosen[name])
        for name in (
            "kind",
            "mode",
            "uid",
            "gid",
            "mtime",
            "size",
            "digest",
            "head",
            "link",
            "data_offset",
        )
    }
    return {
        "parent": np.ascontiguousarray(parent, dtype=np.int32),
        "name_offsets": offsets.astype(np.int64),
        "names": names,
        "flags": flags[keep],
        **plain,
    }
