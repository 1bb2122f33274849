"""Tar headers, block by block: ustar, v7, GNU and PAX, by the rules of Go's archive/tar, which writes image layers.

Sources: POSIX.1-2017 pax, GNU tar manual "Basic Tar Format", Go 1.27 src/archive/tar (limits in format.go:149-155).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from explorer.errors import DamagedInput
from explorer.translation import tr

BLOCK = 512
# Go's maxSpecialFileSize and libarchive's entry limit.
SPECIAL_LIMIT = 1 << 20
ENTRY_LIMIT = 1 << 60
_HEADER = struct.Struct("100s8s8s8s12s12s8sc100s8s32s32s8s8s155s12s")
_SPACES = b" " * 8
_numbers: dict[bytes, int] = {}


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
    try:
        expected = number(stored)
    except Malformed:
        return False
    total = sum(block) - sum(stored) + 256
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
            raise Malformed(tr("a field that is no octal number"))
        else:
            value = int(digits, 8)
    if len(_numbers) < 4096:
        _numbers[bytes(field)] = value
    return value


def parse(block: bytes) -> Header:
    """Read one 512-byte header; raises Malformed."""
    (name, mode, uid, gid, size, mtime, _, kind, link, magic, _, _, major, minor, prefix, tail) = (
        _HEADER.unpack(block)
    )
    name = name.partition(b"\0")[0]
    length = number(size)
    if not 0 <= length <= ENTRY_LIMIT:
        raise Malformed(tr("a size that cannot be"))
    header = Header(
        name,
        number(mode) & 0o7777,
        number(uid),
        number(gid),
        length,
        _clamp(number(mtime)),
        kind,
        link.partition(b"\0")[0],
    )
    if magic[:6] == b"ustar\0":
        if tail[8:12] == b"tar\0":
            prefix = prefix[:131]
        front = prefix.partition(b"\0")[0]
        if front:
            header.name = front + b"/" + name
    if kind in b"34":
        header.major, header.minor = number(major), number(minor)
    if kind == b"S":
        header.logical = max(number(block[483:495]), 0)
        header.more_sparse = block[482] != 0
    return header


def _clamp(seconds: int) -> int:
    """A time that fits the column."""
    return max(-(1 << 62), min(seconds, 1 << 62))


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


_NO_NUL = frozenset({b"path", b"linkpath", b"uname", b"gname"})


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
        raise Malformed(tr("a PAX record that is no usable number"))
    return int(value)


def _seconds(value: bytes) -> int:
    whole, _, fraction = value.partition(b".")
    sign, digits = (-1, whole[1:]) if whole[:1] == b"-" else (1, whole)
    if not digits.isdigit() or len(digits) > 18 or (fraction and not fraction.isdigit()):
        raise Malformed(tr("a PAX time that is no number"))
    return sign * int(digits)
