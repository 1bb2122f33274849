"""Tar headers, block by block: ustar, v7, GNU and PAX, by the rules of Go's archive/tar, which writes image layers.

Sources: POSIX.1-2017 pax, GNU tar manual "Basic Tar Format", Go 1.27 src/archive/tar (limits in format.go:149-155).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from zlib import adler32

from explorer.errors import DamagedInput
from explorer.translation import tr

BLOCK = 512
# Go's maxSpecialFileSize and libarchive's entry limit.
SPECIAL_LIMIT = 1 << 20
ENTRY_LIMIT = 1 << 60
# Times beyond are cut to what fits the column.
_TIME_LIMIT = 1 << 62
_HEADER = struct.Struct("100s24s12s12s8xc100s8s64x8s8s155s12s")
# The fields of a layer repeat: the same modes, owners and times in entry after entry.
_KNOWN_LIMIT = 4096
_numbers: dict[bytes, int] = {}
_permissions: dict[bytes, tuple[int, int, int]] = {}
# Half a block is at most 65,280 in sum, below adler32's modulus of 65,521: then its low half is the plain sum of bytes.
_HALF = BLOCK // 2


class Malformed(DamagedInput):
    """A header that is none; the message says why."""


@dataclass(slots=True)
class Header:
    """One header; `size` is the count of payload bytes that follow, `logical` a sparse file's full size or -1."""

    name: bytes
    mode: int
    uid: int
    gid: int
    size: int
    mtime: int
    type: bytes
    link: bytes
    major: int = 0
    minor: int = 0
    logical: int = -1
    more_sparse: bool = False


def checksum_holds(block: bytes) -> bool:
    """Whether the header's checksum is right, counted in unsigned or (old writers) signed bytes."""
    stored = block[148:156]
    expected = _numbers.get(stored)
    if expected is None:
        try:
            expected = number(stored)
        except Malformed:
            return False
    # The field itself counts as eight spaces.
    total = (
        (adler32(block[:_HALF], 0) & 0xFFFF)
        + (adler32(block[_HALF:], 0) & 0xFFFF)
        - (adler32(stored, 0) & 0xFFFF)
        + 256
    )
    if total == expected:
        return True
    return total - 256 * sum(byte > 127 for byte in block[:148] + block[156:]) == expected


def number(field: bytes) -> int:
    """An octal or base-256 field, which may be negative; raises Malformed for unreadable ones."""
    known = _numbers.get(field)
    if known is not None:
        return known
    if field[0] & 0x80:
        value = int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
        if field[0] & 0x40:
            value -= 1 << (8 * len(field) - 1)
    else:
        digits = field.partition(b"\0")[0].strip(b" ") or field.strip(b" \0").partition(b"\0")[0]
        if not digits:
            value = 0
        elif digits.translate(None, b"01234567"):
            raise Malformed(tr("a field that is not an octal number"))
        else:
            value = int(digits, 8)
    if len(_numbers) < _KNOWN_LIMIT:
        _numbers[field] = value
    return value


def _permission(fields: bytes) -> tuple[int, int, int]:
    """Mode, uid and gid, which stand side by side."""
    found = (number(fields[:8]) & 0o7777, number(fields[8:16]), number(fields[16:]))
    if len(_permissions) < _KNOWN_LIMIT:
        _permissions[fields] = found
    return found


def parse(block: bytes) -> Header:
    """Read one 512-byte header; raises Malformed."""
    name, permission, size, mtime, kind, link, magic, major, minor, prefix, tail = _HEADER.unpack(
        block
    )
    length, seconds = number(size), number(mtime)
    if not 0 <= length <= ENTRY_LIMIT:
        raise Malformed(tr("a size that cannot be"))
    if not -_TIME_LIMIT <= seconds <= _TIME_LIMIT:
        seconds = _TIME_LIMIT if seconds > 0 else -_TIME_LIMIT
    mode, uid, gid = _permissions.get(permission) or _permission(permission)
    header = Header(
        name.partition(b"\0")[0],
        mode,
        uid,
        gid,
        length,
        seconds,
        kind,
        link.partition(b"\0")[0] if link[0] else b"",
    )
    if prefix[0] and magic[:6] == b"ustar\0":
        if tail[8:12] == b"tar\0":
            prefix = prefix[:131]
        header.name = prefix.partition(b"\0")[0] + b"/" + header.name
    if kind in b"34":
        header.major, header.minor = number(major), number(minor)
    if kind == b"S":
        header.logical = max(number(block[483:495]), 0)
        header.more_sparse = block[482] != 0
    return header


def pax_records(body: bytes) -> list[tuple[bytes, bytes]]:
    """The `length key=value` records of a PAX header; raises Malformed. Linear in the body's length."""
    records = []
    position, end = 0, len(body)
    while position < end:
        space = body.find(b" ", position, position + 9)
        digits = body[position:space] if space > 0 else b""
        if not digits.isdigit():
            raise Malformed(tr("a PAX record without a length"))
        stop = position + int(digits)
        if stop <= space + 1 or stop > end or body[stop - 1 : stop] != b"\n":
            raise Malformed(tr("a PAX record whose length is wrong"))
        key, equals, value = body[space + 1 : stop - 1].partition(b"=")
        if not equals or not key:
            raise Malformed(tr("a PAX record without a key"))
        if b"\0" in key or (b"\0" in value and key in _NO_NUL):
            raise Malformed(tr("a NUL byte in a PAX record"))
        records.append((key, value))
        position = stop
    return records


_NO_NUL = frozenset({b"path", b"linkpath", b"uname", b"gname", b"GNU.sparse.name"})


def apply_pax(header: Header, records: dict[bytes, bytes]) -> None:
    """Let the records of a local PAX header speak for the header they stand before; raises Malformed."""
    for key, value in records.items():
        if not value:
            continue
        if key == b"path":
            header.name = value
        elif key == b"linkpath":
            header.link = value
        elif key == b"size":
            header.size = decimal(value)
        elif key in (b"uid", b"gid"):
            setattr(header, key.decode(), decimal(value))
        elif key == b"mtime":
            header.mtime = _seconds(value)
        elif key.startswith(b"GNU.sparse."):
            _sparse(header, key, value)


def _sparse(header: Header, key: bytes, value: bytes) -> None:
    if key == b"GNU.sparse.name":
        header.name = value
    elif key in (b"GNU.sparse.realsize", b"GNU.sparse.size"):
        header.logical = decimal(value)
    elif key == b"GNU.sparse.map" and value.translate(None, b"0123456789,"):
        raise Malformed(tr("a sparse map that is not numeric"))


def decimal(value: bytes) -> int:
    """A decimal number of a PAX record; raises Malformed for negative, endless and unreadable ones."""
    if not value.isdigit() or len(value) > 20 or int(value) > ENTRY_LIMIT:
        raise Malformed(tr("a PAX record that is not a usable number"))
    return int(value)


def _seconds(value: bytes) -> int:
    whole, _, fraction = value.partition(b".")
    sign, digits = (-1, whole[1:]) if whole[:1] == b"-" else (1, whole)
    if not digits.isdigit() or len(digits) > 18 or (fraction and not fraction.isdigit()):
        raise Malformed(tr("a PAX time that is not a number"))
    return sign * int(digits)
