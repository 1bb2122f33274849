"""macOS executables (Mach-O, 64 bits, thin or the first Go slice of a fat file): enough to find the build information.

mach-o/loader.h and mach-o/fat.h of Apple's SDK.
"""

from __future__ import annotations

import struct

from explorer.gobinary.executable import Damaged, Executable, Section, Segment

_THIN = {
    b"\xcf\xfa\xed\xfe": (64, False),
    b"\xce\xfa\xed\xfe": (32, False),
    b"\xfe\xed\xfa\xcf": (64, True),
    b"\xfe\xed\xfa\xce": (32, True),
}
_FAT = b"\xca\xfe\xba\xbe"
MAGICS = (*_THIN, _FAT)
_ARCHES = {0x01000007: "amd64", 0x0100000C: "arm64", 7: "386", 12: "arm"}
_COMMANDS_LIMIT = 1024
_SECTIONS_LIMIT = 256
# Java class files share the magic of fat files; their "number of slices" is a version, 45 or more.
_SLICES_LIMIT = 20


def read_macho(data: memoryview) -> Executable:
    """The headers of a Mach-O file; raises Damaged when it is none or cut inside them."""
    try:
        if bytes(data[:4]) == _FAT:
            return _first_slice(data)
        return _thin(data, 0)
    except struct.error as error:
        raise Damaged from error


def _first_slice(data: memoryview) -> Executable:
    count = struct.unpack(">I", data[4:8])[0]
    if not 0 < count <= _SLICES_LIMIT:
        raise Damaged
    _, _, offset, _, _ = struct.unpack(">IIIII", data[8:28])
    return _thin(data, offset)


def _thin(data: memoryview, start: int) -> Executable:
    bits, big = _THIN.get(bytes(data[start : start + 4]), (0, False))
    if not bits:
        raise Damaged
    order = ">" if big else "<"
    cpu, _, _, count, _, _ = struct.unpack(order + "IIIIII", data[start + 4 : start + 28])
    place = start + (32 if bits == 64 else 28)
    sections: list[Section] = []
    segments: list[Segment] = []
    for _ in range(min(count, _COMMANDS_LIMIT)):
        command, size = struct.unpack(order + "II", data[place : place + 8])
        if command == (0x19 if bits == 64 else 0x1):
            _segment(data, start, place, bits, order, sections, segments)
        if size < 8:
            raise Damaged
        place += size
    ordered = tuple(sorted(segments, key=lambda item: item.address))
    return Executable(data, "macho", _ARCHES.get(cpu, ""), bits, big, tuple(sections), ordered)


def _segment(
    data: memoryview, start: int, place: int, bits: int, order: str, sections: list[Section], segments: list[Segment]
) -> None:  # fmt: skip
    wide = bits == 64
    code = order + ("16sQQQQIIII" if wide else "16sIIIIIIII")
    end = place + 8 + struct.calcsize(code)
    _, address, _, offset, stored, _, protection, count, _ = struct.unpack(
        code, data[place + 8 : end]
    )
    held = max(0, min(stored, len(data) - start - offset))
    segments.append(
        Segment(start + offset, held, address, bool(protection & 2), bool(protection & 4))
    )
    step = 80 if wide else 68
    for number in range(min(count, _SECTIONS_LIMIT)):
        at = end + step * number
        code = order + ("16s16sQQI" if wide else "16s16sIII")
        raw, _, where, size, place_in_file = struct.unpack(
            code, data[at : at + struct.calcsize(code)]
        )
        name = raw.rstrip(b"\0").decode("ascii", "backslashreplace")
        there = start + place_in_file
        held = max(0, min(size, len(data) - there)) if place_in_file else 0
        sections.append(Section(name, there, held, where, alloc=True, size=size))
