"""One layer as columns: the index that the reader builds, the cache keeps and the union joins."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import IntEnum, IntFlag
from itertools import pairwise
from pathlib import Path

from explorer.filesystem.columnfile import Array, read_columns, write_columns
from explorer.translation import source_of, told

# Raised whenever the meaning of a column changes: older cache files are then rebuilt.
LAYER_VERSION = 1
_KIND = "layer"
# First bytes kept of each regular file: an ELF header up to e_machine (offset 18 + 2), `#!`, `!<arch>`.
HEAD_BYTES = 20


class Kind(IntEnum):
    """What an entry is; HARDLINK rows carry no payload of their own, WHITEOUT rows hide a lower path."""

    DIRECTORY = 0
    FILE = 1
    SYMLINK = 2
    HARDLINK = 3
    CHARACTER = 4
    BLOCK = 5
    FIFO = 6
    WHITEOUT = 7


class Flag(IntFlag):
    """Facts beside an entry's kind."""

    IMPLIED = 1  # a directory the tar does not list, known from its children's paths
    OPAQUE = 2  # a directory that hides all that lower layers hold in it
    SPARSE = 4  # `size` counts stored bytes; the logical size is in LayerIndex.logical_sizes
    ALSO_WHITEOUT = 8  # the layer also holds a whiteout of this very path


@dataclass(frozen=True, eq=False)
class LayerIndex:
    """A layer's tree: n nodes, node 0 the root, parent[i] < i. Sizes in bytes, times in seconds since 1970.

    Entries that a later entry of the same tar replaced are no nodes: they stand in the `shadowed_*` columns.
    """

    parent: Array  # int32[n], -1 for the root
    name_offsets: Array  # int64[n + 1] into `names`
    names: Array  # uint8[*], raw bytes of each node's last path component, whiteouts without their prefix
    kind: Array  # uint8[n], Kind
    flags: Array  # uint8[n], Flag
    mode: Array  # uint16[n], permission bits with setuid, setgid, sticky
    uid: Array  # uint32[n]
    gid: Array  # uint32[n]
    mtime: Array  # int64[n]
    size: Array  # int64[n], payload bytes of regular files, 0 for all else
    digest: Array  # uint64[n, 2], xxh3_128 of the payload (low, high), 0 for all else
    head: Array  # uint8[n, HEAD_BYTES], first payload bytes, zero padded
    link: Array  # int32[n] into the link table, -1 for none: symlink text or hardlink path
    link_offsets: Array  # int64[links + 1]
    links: Array  # uint8[*]
    link_node: (
        Array  # int32[n], for a hardlink the node it names in this layer, -1 when that lies below
    )
    data_offset: Array  # int64[n], where the payload starts in the uncompressed tar, -1 for none
    shadowed_node: Array  # int32[m], the node whose path was written again
    shadowed_size: Array  # int64[m]
    shadowed_digest: Array  # uint64[m, 2]
    diff_id: str = ""
    entries: int = 0  # members of the tar, the root's own entry and extended headers not counted
    tar_bytes: int = 0  # length of the uncompressed tar, 0 when read another way
    complete: bool = False
    verified: str = ""  # "digest", "sizes" or ""
    problems: tuple[str, ...] = ()
    logical_sizes: dict[int, int] = field(default_factory=dict)  # node -> bytes, sparse files only

    def __len__(self) -> int:
        return len(self.parent)

    @property
    def content_bytes(self) -> int:
        """Sum of all regular-file payloads in the layer, replaced ones included."""
        return int(self.size.sum()) + int(self.shadowed_size.sum())

    def name(self, node: int) -> bytes:
        """Last path component of a node; b"" for the root."""
        return self.names[self.name_offsets[node] : self.name_offsets[node + 1]].tobytes()

    def path(self, node: int) -> bytes:
        """Path from the root without a leading slash."""
        parts = []
        while node > 0:
            parts.append(self.name(node))
            node = int(self.parent[node])
        return b"/".join(reversed(parts))

    def link_target(self, node: int) -> bytes:
        """Symlink text or hardlink path of a node, b"" for none."""
        index = int(self.link[node])
        return (
            b""
            if index < 0
            else self.links[self.link_offsets[index] : self.link_offsets[index + 1]].tobytes()
        )

    def save(self, path: Path) -> int:
        """Write the index to a file; see write_columns."""
        arrays = {f.name: getattr(self, f.name) for f in fields(self) if f.type == "Array"}
        meta = {f.name: getattr(self, f.name) for f in fields(self) if f.type != "Array"}
        # As their sources: what is kept is told in the language of the day.
        meta["problems"] = [source_of(text) for text in self.problems]
        return write_columns(path, _KIND, LAYER_VERSION, meta, arrays)

    @classmethod
    def load(cls, path: Path) -> LayerIndex:
        """Map an index written by save(); see read_columns for the errors."""
        meta, columns = read_columns(path, _KIND, LAYER_VERSION)
        meta["problems"] = tuple(told(source) for source in meta["problems"])
        meta["logical_sizes"] = {int(node): size for node, size in meta["logical_sizes"].items()}
        return cls(**{**columns, **meta})


def names_list(names: Array, offsets: Array) -> list[bytes]:
    """All names of a blob as a list; the fast way to walk a whole tree."""
    blob = names.tobytes()
    bounds: list[int] = offsets.tolist()
    return [blob[a:b] for a, b in pairwise(bounds)]
