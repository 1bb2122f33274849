"""The file that a snapshot is: named sections behind a header, compressed, bounded and checked.

Layout, little endian: magic (8 bytes), version (u32), header length (u32), xxh3_128 of version, length and all that
follows (16), the header as JSON, then the sections as zstd frames in the header's order. These first 32 bytes mean the
same in every version, so that a newer file is told from a damaged one. A section is a JSON value or one array; the
bytes of an array are kept in whichever arrangement compresses best (plain, byte planes, differences).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xxhash
import zstandard

from explorer.errors import DamagedInput, InputError, LimitExceeded, StorageError
from explorer.filesystem.columnfile import Array
from explorer.storing import whole_file
from explorer.translation import tr
from explorer.units import display_text, size_text

MAGIC = b"ISEsnap\x00"
# Raised whenever an older program could not read a new file; see upgrade.py for what older files need.
SNAPSHOT_VERSION = 1
# How an analysis says that it came from such a file.
VIA = "snapshot"
SUFFIX = ".image-snapshot"
_FIXED = len(MAGIC) + 24
# An image of 5,000,000 files has some 700 MB of columns, which compress to about 90 MB.
FILE_LIMIT = 256 << 20
CONTENT_LIMIT = 1 << 30
_HEADER_LIMIT = 1 << 20
_SECTIONS_LIMIT = 2000
# Level 19 packs some 3 MB a second, 9 some 40: images of a million files must not take minutes.
_LEVEL, _LARGE_LEVEL, _LARGE = 19, 9, 4 << 20
# What is tried to find the arrangement that packs best.
_TRIAL_LEVEL = 3
_WINDOW_LIMIT = 1 << 27
_KINDS = "biuf"
_PLAIN, _PLANES, _STEPS = "plain", "planes", "steps"


@dataclass(frozen=True)
class Section:
    """Where a section stands in the file and what it is: `dtype` is "" for JSON; sizes in bytes."""

    name: str
    stored: int
    bytes: int
    dtype: str = ""
    shape: tuple[int, ...] = ()
    arrangement: str = _PLAIN


@dataclass(frozen=True)
class Container:
    """An opened file, checked as a whole; value() and array() unpack one section."""

    version: int
    head: Mapping[str, Any]
    sections: Mapping[str, tuple[Section, int]]  # with the offset in `data`
    data: bytes
    path: str

    def value(self, name: str) -> Any:
        """The JSON value of a section, None when the file has none of this name."""
        if name not in self.sections:
            return None
        try:
            return json.loads(self._bytes(name))
        except (ValueError, RecursionError) as error:
            raise damaged(self.path) from error

    def array(self, name: str) -> Array:
        """The array of a section; DamagedInput when there is none."""
        if name not in self.sections:
            raise damaged(self.path)
        section = self.sections[name][0]
        try:
            dtype = np.dtype(section.dtype)
            return _restored(self._bytes(name), dtype, section.shape, section.arrangement)
        except (TypeError, ValueError) as error:
            raise damaged(self.path) from error

    def names(self, prefix: str) -> list[str]:
        """The sections whose name begins with `prefix`, without it."""
        return [name[len(prefix) :] for name in self.sections if name.startswith(prefix)]

    def _bytes(self, name: str) -> bytes:
        section, offset = self.sections[name]
        stored = self.data[offset : offset + section.stored]
        unpacker = zstandard.ZstdDecompressor(max_window_size=_WINDOW_LIMIT)
        try:
            with unpacker.stream_reader(stored) as reader:
                # One byte more than announced: a section that goes on is no section of ours.
                found: bytes = reader.read(section.bytes + 1)
        except zstandard.ZstdError as error:
            raise damaged(self.path) from error
        if len(found) != section.bytes:
            raise damaged(self.path)
        return found


def write_container(
    path: Path, head: Mapping[str, Any], values: Mapping[str, Any], arrays: Mapping[str, Array]
) -> int:
    """Write atomically (temporary file, fsync, rename) and return the size in bytes; StorageError leaves nothing behind."""
    sections, frames = [], []
    for name, value in values.items():
        raw = json.dumps(value, separators=(",", ":")).encode("ascii")
        frames.append(_packed(raw))
        sections.append([name, len(frames[-1]), len(raw)])
    for name, array in arrays.items():
        arrangement, frame = _smallest(np.ascontiguousarray(array))
        frames.append(frame)
        shape = list(array.shape)
        sections.append([name, len(frame), array.nbytes, array.dtype.str, shape, arrangement])
    header = json.dumps({**head, "sections": sections}, separators=(",", ":")).encode("ascii")
    if len(header) > _HEADER_LIMIT:
        raise LimitExceeded(tr("This image has too much data for one snapshot."))
    lead = SNAPSHOT_VERSION.to_bytes(4, "little") + len(header).to_bytes(4, "little")
    digest = xxhash.xxh3_128(lead)
    for piece in (header, *frames):
        digest.update(piece)
    with whole_file(path) as file:
        file.writelines([MAGIC, lead, digest.digest(), header, *frames])
        return file.tell()


def begins_as_snapshot(path: Path) -> bool:
    """Whether an existing file says that it is a snapshot; False for whatever cannot be read."""
    try:
        # A pipe would be waited for.
        if not path.is_file():
            return False
        with open(path, "rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except (OSError, ValueError):
        return False


def read_container(path: Path) -> Container:
    """Open and check a snapshot; InputError when there is none or it is a newer one, DamagedInput, LimitExceeded."""
    shown = str(path)
    data = _read(path)
    if not data.startswith(MAGIC):
        raise InputError(
            tr("{path} is not a snapshot.", path=display_text(shown)),
            tr("image-explorer snapshot IMAGE -o FILE writes one."),
        )
    version, length = (int.from_bytes(data[at : at + 4], "little") for at in (8, 12))
    digest = xxhash.xxh3_128(data[8:16])
    digest.update(memoryview(data)[_FIXED:])
    if len(data) < _FIXED or digest.digest() != data[16:_FIXED]:
        raise damaged(shown)
    if version > SNAPSHOT_VERSION:
        raise InputError(
            tr(
                "{path} was written by a newer version of this program (format {version}; this one reads up to {known}).",
                path=display_text(shown),
                version=version,
                known=SNAPSHOT_VERSION,
            ),
            tr("Open it with that version, or write it again with this one."),
        )
    if length > min(_HEADER_LIMIT, len(data) - _FIXED):
        raise damaged(shown)
    try:
        head = json.loads(data[_FIXED : _FIXED + length])
        sections = _sections(head.pop("sections"), _FIXED + length, len(data))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise damaged(shown) from error
    if sum(section.bytes for section, _ in sections.values()) > CONTENT_LIMIT:
        raise LimitExceeded(
            tr(
                "{path} would unpack to more than {limit}.",
                path=display_text(shown),
                limit=size_text(CONTENT_LIMIT),
            ),
            tr("No image has that much data; do not trust where it came from."),
        )
    return Container(version, head, sections, data, shown)


def damaged(path: str) -> DamagedInput:
    """The error of a file that contradicts itself."""
    return DamagedInput(
        tr("The snapshot {path} is damaged.", path=display_text(path)),
        tr("Copy it again, or write a new one with image-explorer snapshot."),
    )


def _read(path: Path) -> bytes:
    try:
        _must_be_regular(path)
        with open(path, "rb") as file:
            data = file.read(FILE_LIMIT + 1)
    except FileNotFoundError as error:
        raise InputError(
            tr("There is no file {path}.", path=display_text(str(path))), tr("Check the path.")
        ) from error
    except (OSError, ValueError) as error:
        raise StorageError(
            tr(
                "Could not read {path}: {reason}",
                path=display_text(str(path)),
                reason=getattr(error, "strerror", None) or error,
            ),
            tr("Check that it is a file you may read."),
        ) from error
    if len(data) > FILE_LIMIT:
        raise LimitExceeded(
            tr(
                "{path} is over {limit}.",
                path=display_text(str(path)),
                limit=size_text(FILE_LIMIT),
            ),
            tr("No snapshot is that large; check the path."),
        )
    return data


def _must_be_regular(path: Path) -> None:
    """OSError for what would be waited for (pipes) or replaced (devices, folders)."""
    if path.exists() and not path.is_file():
        raise OSError(None, tr("it is not a regular file"))


def _sections(rows: Any, offset: int, end: int) -> dict[str, tuple[Section, int]]:
    """The table of sections, checked to tile the rest of the file; ValueError for anything else."""
    found: dict[str, tuple[Section, int]] = {}
    if len(rows) > _SECTIONS_LIMIT:
        raise ValueError("too many sections")
    for name, stored, size, *more in rows:
        dtype, shape, arrangement = more or ("", [], _PLAIN)
        section = Section(str(name), stored, size, str(dtype), tuple(shape), str(arrangement))
        numbers = (stored, size, *section.shape)
        if not all(type(number) is int and number >= 0 for number in numbers):
            raise ValueError("not a size")
        if dtype and not _fits(section):
            raise ValueError("not an array")
        found[section.name] = section, offset
        offset += stored
    if offset != end or len(found) != len(rows):
        raise ValueError("sections do not tile the file")
    return found


def _fits(section: Section) -> bool:
    dtype = np.dtype(section.dtype)
    count = 1
    for side in section.shape:
        count *= side
    return (
        dtype.kind in _KINDS and len(section.shape) <= 2 and count * dtype.itemsize == section.bytes
    )


def _smallest(array: Array) -> tuple[str, bytes]:
    """The arrangement of an array that packs best, and its frame."""
    arranged = {_PLAIN: array.tobytes()}
    if array.dtype.itemsize > 1 and array.ndim == 1 and array.dtype.kind in "iu":
        arranged |= {_PLANES: _planes(array), _STEPS: _planes(_steps(array))}
    trial = zstandard.ZstdCompressor(level=_TRIAL_LEVEL)
    best = min(arranged, key=lambda name: len(trial.compress(arranged[name])))
    return best, _packed(arranged[best])


def _packed(raw: bytes) -> bytes:
    level = _LEVEL if len(raw) <= _LARGE else _LARGE_LEVEL
    return zstandard.ZstdCompressor(level=level, write_content_size=True).compress(raw)


def _planes(array: Array) -> bytes:
    """All lowest bytes, then all second ones, and so on: high bytes are mostly alike."""
    little = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<")))
    return little.view(np.uint8).reshape(len(array), array.itemsize).T.tobytes()


def _steps(array: Array) -> Array:
    """Differences from one element to the next, signs folded into the lowest bit (zigzag), modulo the element's width."""
    unsigned = array.view(f"u{array.itemsize}")
    step = np.diff(unsigned, prepend=unsigned.dtype.type(0))
    sign = step >> unsigned.dtype.type(8 * array.itemsize - 1)
    return np.asarray((step << unsigned.dtype.type(1)) ^ (~sign + unsigned.dtype.type(1)))


def _restored(data: bytes, dtype: np.dtype[Any], shape: tuple[int, ...], how: str) -> Array:
    if how == _PLAIN:
        return np.frombuffer(data, dtype=dtype).reshape(shape)
    if len(shape) != 1 or dtype.kind not in "iu" or how not in (_PLANES, _STEPS):
        raise ValueError("unknown arrangement")
    unsigned = np.dtype(f"<u{dtype.itemsize}")
    planes = np.frombuffer(data, dtype=np.uint8).reshape(dtype.itemsize, shape[0])
    words = np.ascontiguousarray(planes.T).view(unsigned).reshape(shape)
    if how == _STEPS:
        one = unsigned.type(1)
        step = (words >> one) ^ (~(words & one) + one)
        words = np.cumsum(step, dtype=unsigned)
    return words.view(dtype.newbyteorder("<")).astype(dtype)
