"""Builds a LayerIndex from entries in tar order; the only place that turns paths into nodes."""

from __future__ import annotations

import re
import struct
from typing import Any

import numpy as np

from explorer.filesystem.columnfile import Array
from explorer.filesystem.layer import HEAD_BYTES, Flag, Kind, LayerIndex
from explorer.translation import tr
from explorer.units import display_name

# Beyond these a path is kept, but cut (libarchive stops at 1 MiB; POSIX PATH_MAX is 4 KiB).
MAX_PATH_BYTES = 64 << 10
MAX_PATH_PARTS = 4096
_MAX_PROBLEMS = 100
# Paths that need tidying: empty, "." and ".." components, slashes at either end, nothing at all.
_UNTIDY = re.compile(rb"\A\Z|\A/|/\Z|//|(?:\A|/)\.\.?(?:/|\Z)").search
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
        ("order", "<i8"),
        ("digest", "<u8", (2,)),
    ]
)
_RECORD = struct.Struct(f"<iiIIHBB{HEAD_BYTES}sqqqqqq16s")
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
        self._directories: dict[bytes, int] = {b"": 0}
        self._logical: dict[int, int] = {}
        self._entries = 0
        self.problems: list[str] = []
        self._node(
            -1, b"", Kind.DIRECTORY, Flag.IMPLIED, 0o755, 0, 0, 0, 0, -1, -1, _NO_DIGEST, _NO_HEAD
        )

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
        if _UNTIDY(path) or len(path) > _LONG:
            path = self._tidy(path)
            if not path:
                self._root(kind, mode, uid, gid, mtime)
                return
        self._entries += 1
        parent, _, name = path.rpartition(b"/")
        parent_node = self._directories.get(parent)
        if parent_node is None:
            parent_node = self._directory(parent)
        if name.startswith(b".wh."):
            if self._whiteout(parent_node, name):
                return
            name, kind, size, digest, head = name[4:], Kind.WHITEOUT, 0, _NO_DIGEST, _NO_HEAD
        link_index = -1
        if link:
            link_index = len(self._links)
            self._links.append(link)
        if kind == Kind.DIRECTORY:
            known = self._directories.get(path)
            if known is not None:
                self._redeclare(known, mode, uid, gid, mtime)
                return
            self._directories[path] = len(self._records) // _RECORD.size
        elif path in self._directories and kind != Kind.WHITEOUT:
            self._forget_directory(path)
        flags = 0
        if logical >= 0:
            flags = Flag.SPARSE
            self._logical[len(self._records) // _RECORD.size] = logical
        self._node(
            parent_node,
            name,
            kind,
            flags,
            mode,
            uid,
            gid,
            mtime,
            size,
            data_offset,
            link_index,
            digest,
            head,
        )

    def whiteout(self, path: bytes) -> None:
        """The layer hides `path` of lower layers."""
        parent, _, name = path.rpartition(b"/")
        self.add((parent + b"/" if parent else b"") + b".wh." + name, Kind.FILE)

    def opaque(self, path: bytes) -> None:
        """The layer hides all that lower layers hold in the directory `path`."""
        self.add((path + b"/" if path else b"") + b".wh..wh..opq", Kind.FILE)

    def finish(self, **facts: object) -> LayerIndex:
        """The layer's columns; `facts` are LayerIndex's own (diff_id, complete, verified, tar_bytes …)."""
        table = np.frombuffer(bytes(self._records), dtype=_DTYPE)
        names = np.frombuffer(bytes(self._names), dtype=np.uint8)
        offsets = np.concatenate([[0], table["name_end"]]).astype(np.int64)
        keep, shadowed, also = self._settle_duplicates(table, names, offsets)
        columns: dict[str, Any] = {**_columns(table, names, offsets, keep, also), **facts}
        lengths = np.fromiter(
            (len(link) for link in self._links), dtype=np.int64, count=len(self._links)
        )
        renumber = np.cumsum(keep, dtype=np.int64) - 1
        losers = np.array([loser for loser, _ in shadowed], dtype=np.int64)
        winners = np.array([winner for _, winner in shadowed], dtype=np.int64)
        index = LayerIndex(
            **columns,
            link_offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            links=np.frombuffer(b"".join(self._links), dtype=np.uint8),
            link_node=np.full(int(keep.sum()), -1, dtype=np.int32),
            shadowed_node=renumber[winners].astype(np.int32),
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

    def _node(
        self, parent: int, name: bytes, kind: int, flags: int, mode: int, uid: int, gid: int, mtime: int, size: int,
        data_offset: int, link: int, digest: bytes, head: bytes,
    ) -> int:  # fmt: skip
        self._names += name
        node = len(self._records) // _RECORD.size
        self._records += _RECORD.pack(
            parent, link, uid & 0xFFFFFFFF, gid & 0xFFFFFFFF, mode & 0xFFFF, kind, flags, head, mtime, size,
            data_offset, len(self._names), hash(name), node, digest,
        )  # fmt: skip
        return node

    def _directory(self, path: bytes) -> int:
        """The node of a directory, made (with its parents) where the tar has not listed it."""
        missing = []
        while path not in self._directories:
            missing.append(path)
            path = path.rpartition(b"/")[0]
        node = self._directories[path]
        for path in reversed(missing):
            name = path.rpartition(b"/")[2]
            node = self._node(
                node,
                name,
                Kind.DIRECTORY,
                Flag.IMPLIED,
                0o755,
                0,
                0,
                0,
                0,
                -1,
                -1,
                _NO_DIGEST,
                _NO_HEAD,
            )
            self._directories[path] = node
        return node

    def _forget_directory(self, path: bytes) -> None:
        """Something else now stands where the tar had a directory: later children begin a new one."""
        inside = path + b"/"
        for known in [
            name for name in self._directories if name == path or name.startswith(inside)
        ]:
            del self._directories[known]

    def _redeclare(self, node: int, mode: int, uid: int, gid: int, mtime: int) -> None:
        record = list(_RECORD.unpack_from(self._records, node * _RECORD.size))
        record[2:5] = uid & 0xFFFFFFFF, gid & 0xFFFFFFFF, mode & 0xFFFF
        record[6] &= ~Flag.IMPLIED
        record[8], record[13] = mtime, len(self._records) // _RECORD.size
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
        """Which nodes stay; (loser, winner) for replaced files; nodes that are also whited out."""
        count = len(table)
        keep = np.ones(count, dtype=bool)
        order = np.lexsort((table["name_hash"], table["parent"]))
        parent, name_hash = table["parent"][order], table["name_hash"][order]
        same = (parent[1:] == parent[:-1]) & (name_hash[1:] == name_hash[:-1])
        shadowed: list[tuple[int, int]] = []
        also: list[int] = []
        if not same.any():
            return keep, shadowed, also
        groups: dict[tuple[int, bytes], list[int]] = {}
        hits = np.flatnonzero(same)
        for position in sorted({*hits.tolist(), *(hits + 1).tolist()}):
            node = int(order[position])
            name = names[offsets[node] : offsets[node + 1]].tobytes()
            groups.setdefault((int(table["parent"][node]), name), []).append(node)
        for nodes in groups.values():
            if len(nodes) > 1:
                self._settle(
                    sorted(nodes, key=lambda n: int(table["order"][n])), table, keep, shadowed, also
                )
        self._drop_orphans(table, keep, shadowed)
        return keep, shadowed, also

    def _settle(
        self,
        nodes: list[int],
        table: Array,
        keep: Array,
        shadowed: list[tuple[int, int]],
        also: list[int],
    ) -> None:
        entries = [node for node in nodes if table["kind"][node] != Kind.WHITEOUT]
        winner = entries[-1] if entries else nodes[-1]
        if entries and len(entries) < len(nodes):
            also.append(winner)
        if len(entries) > 1:
            self.problem(tr("Some paths stand twice in one layer; the last one counts."))
        for node in nodes:
            if node != winner:
                keep[node] = False
                if table["kind"][node] == Kind.FILE:
                    shadowed.append((node, winner))

    def _drop_orphans(self, table: Array, keep: Array, shadowed: list[tuple[int, int]]) -> None:
        """Take away what lies under a directory that a later entry of another kind replaced."""
        parents = table["parent"].tolist()
        gone = {
            node for node in np.flatnonzero(~keep).tolist() if table["kind"][node] == Kind.DIRECTORY
        }
        if not gone:
            return
        for node in range(1, len(parents)):
            if keep[node] and parents[node] in gone:
                keep[node] = False
                gone.add(node)
                if table["kind"][node] == Kind.FILE:
                    shadowed.append((node, 0))

    def _resolve_hardlinks(self, index: LayerIndex, renumber: Array, keep: Array) -> None:
        links = np.flatnonzero(index.kind == Kind.HARDLINK)
        if not len(links):
            return
        wanted = {
            int(node): b"/".join(clean_path(index.link_target(int(node))) or ()) for node in links
        }
        by_place: dict[tuple[int, bytes], list[int]] = {}
        for node, target in wanted.items():
            parent, _, name = target.rpartition(b"/")
            directory = self._directories.get(parent)
            if target and directory is not None and keep[directory]:
                by_place.setdefault((int(renumber[directory]), name), []).append(node)
        parents = {parent for parent, _ in by_place}
        candidates = np.flatnonzero(
            np.isin(index.parent, np.fromiter(parents, dtype=np.int32, count=len(parents)))
        )
        for candidate in candidates.tolist():
            if index.kind[candidate] in (Kind.WHITEOUT, Kind.DIRECTORY):
                continue
            for node in by_place.get((int(index.parent[candidate]), index.name(candidate)), ()):
                if node != candidate:
                    index.link_node[node] = candidate


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
