"""One immutable, checked file of arrays: what a child process hands over and what the cache keeps.

Layout, little endian: magic (8 bytes), xxh3_128 of all that follows (16), header length (u64), JSON header, then the
arrays, each aligned to 64 bytes. The header names kind, version, meta and each array's dtype, shape and offset.
"""

from __future__ import annotations

import json
import mmap
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xxhash

from explorer.errors import StorageError
from explorer.storing import whole_file
from explorer.translation import tr

MAGIC = b"ISEcol\x00\x01"
_ALIGN = 64
_HEADER_LIMIT = 64 << 20
Array = np.ndarray[Any, np.dtype[Any]]


class ColumnFileInvalid(StorageError):
    """The file is damaged, of another kind or of another version: rebuild it."""


def write_columns(
    path: Path, kind: str, version: int, meta: Mapping[str, Any], arrays: Mapping[str, Array]
) -> int:
    """Write atomically (temporary file, fsync, rename) and return the size in bytes.

    Raises StorageError when the disk is full or the folder cannot be written; nothing is left behind then. The folder is
    not made: one that its owner removed meanwhile stays removed.
    """
    table: dict[str, tuple[str, list[int], int]] = {}
    offset = 0
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    for name, array in contiguous.items():
        table[name] = (array.dtype.str, list(array.shape), offset)
        offset += -(-array.nbytes // _ALIGN) * _ALIGN
    header = json.dumps({"kind": kind, "version": version, "meta": meta, "arrays": table}).encode()
    header += b" " * (-(len(MAGIC) + 24 + len(header)) % _ALIGN)
    hint = tr("Free some disk space or choose another cache folder.")
    with whole_file(path, hint) as file:
        digest = xxhash.xxh3_128()
        file.write(MAGIC + bytes(16))
        for chunk in (len(header).to_bytes(8, "little"), header):
            digest.update(chunk)
            file.write(chunk)
        for array in contiguous.values():
            padding = bytes(-array.nbytes % _ALIGN)
            for part in (
                array.reshape(-1).view(np.uint8).data if array.nbytes else b"",
                padding,
            ):
                digest.update(part)
                file.write(part)
        size = file.tell()
        file.seek(len(MAGIC))
        file.write(digest.digest())
    return size


def read_columns(path: Path, kind: str, version: int) -> tuple[dict[str, Any], dict[str, Array]]:
    """Map the file and return its meta and its arrays (read-only views of the mapping).

    Raises ColumnFileInvalid when it is damaged or not of this kind and version, FileNotFoundError when it is absent.
    """
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size < len(MAGIC) + 24:
            raise ColumnFileInvalid(tr("{path} is damaged.", path=path))
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    view = memoryview(data)
    start = len(MAGIC) + 16
    length = int.from_bytes(view[start : start + 8], "little")
    if view[: len(MAGIC)] != MAGIC or length > min(_HEADER_LIMIT, size - start - 8):
        raise ColumnFileInvalid(tr("{path} is damaged.", path=path))
    if xxhash.xxh3_128(view[start:]).digest() != view[len(MAGIC) : start]:
        raise ColumnFileInvalid(tr("{path} is damaged.", path=path))
    header = json.loads(bytes(view[start + 8 : start + 8 + length]))
    if header["kind"] != kind or header["version"] != version:
        raise ColumnFileInvalid(tr("{path} was written by another version.", path=path))
    base = start + 8 + length
    arrays = {
        name: np.frombuffer(
            data, dtype=np.dtype(dtype), count=int(np.prod(shape)), offset=base + offset
        ).reshape(shape)
        for name, (dtype, shape, offset) in header["arrays"].items()
    }
    return header["meta"], arrays
