"""Small ELF files made from a few readable lines."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """A section's name, contents and flags; loaded ones (alloc) get an address of their own."""

    name: str
    data: bytes = b""
    alloc: bool = False
    kind: int = 1
    flags: int = 0
    declared: int = -1  # a size other than the data's


def elf(
    *parts: Part,
    bits: int = 64,
    big: bool = False,
    machine: int = 62,
    kind: int = 2,
    programs: Sequence[tuple[int, int, int, int, int]] = (),
    sections: bool = True,
) -> bytes:
    """An executable with these sections. `programs`: (type, flags, offset, address, size) of more program headers.

    The whole file is one segment at 0x400000.
    """
    order, wide = (">" if big else "<"), bits == 64
    head, program, section = (64, 56, 64) if wide else (52, 32, 40)
    headers = [(1, 6, 0, 0x400000, -1), *programs]
    names = b"\0" + b"".join(part.name.encode() + b"\0" for part in parts) + b".shstrtab\0"
    everything = [*parts, Part(".shstrtab", names, kind=3)]
    start = -(-(head + program * len(headers)) // 16) * 16
    place = start
    places = []
    for part in everything:
        places.append(place)
        place += len(part.data) + -len(part.data) % 16
    total = place + section * (len(everything) + 1)
    count = len(everything) + 1
    ident = b"\x7fELF" + bytes([2 if wide else 1, 2 if big else 1, 1]) + bytes(9)
    fields = (kind, machine, 1, 0x400000, head, place if sections else 0, 0)
    out = ident + struct.pack(order + ("HHIQQQI" if wide else "HHIIIII"), *fields)
    counts = (head, program, len(headers), section, count if sections else 0, count - 1)
    out += struct.pack(order + "HHHHHH", *counts)
    for type_, flags, offset, address, size in headers:
        held = total if size < 0 else size
        if wide:
            out += struct.pack(
                order + "IIQQQQQQ", type_, flags, offset, address, address, held, held, 1
            )
        else:
            out += struct.pack(
                order + "IIIIIIII", type_, offset, address, address, held, held, flags, 1
            )
    out += bytes(start - len(out))
    for part in everything:
        out += part.data + bytes(-len(part.data) % 16)
    out += bytes(section)
    for part, where in zip(everything, places, strict=True):
        flags = part.flags | (2 if part.alloc else 0)
        size = len(part.data) if part.declared < 0 else part.declared
        address = 0x400000 + where if part.alloc else 0
        name = names.index(b"\0" + part.name.encode() + b"\0") + 1
        code = order + ("IIQQQQIIQQ" if wide else "IIIIIIIIII")
        out += struct.pack(code, name, part.kind, flags, address, where, size, 0, 0, 1, 0)
    return out


def buildinfo(version: str, text: str) -> bytes:
    """Build information in the format of Go 1.18 and later."""
    frame = b"0" * 15 + b"\n"
    framed = frame + text.encode() + frame if text else b""
    return b"\xff Go buildinf:\x08\x02" + bytes(16) + _sized(version.encode()) + _sized(framed)


def _sized(data: bytes) -> bytes:
    length, out = len(data), b""
    while length >= 0x80:
        out += bytes([length & 0x7F | 0x80])
        length >>= 7
    return out + bytes([length]) + data
