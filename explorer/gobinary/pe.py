"""Windows executables (PE): sections and architecture; enough to find the build information.

Microsoft, "PE Format".
"""

from __future__ import annotations

import struct

from explorer.gobinary.executable import Damaged, Executable, Section, Segment

MAGIC = b"MZ"
_SECTIONS_LIMIT = 96
_MACHINES = {0x14C: ("386", 32), 0x8664: ("amd64", 64), 0xAA64: ("arm64", 64), 0x1C4: ("arm", 32)}
_WRITE, _EXECUTE = 0x80000000, 0x20000000


def read_pe(data: memoryview) -> Executable:
    """The headers of a PE file; raises Damaged when it is none or cut inside them."""
    try:
        at = struct.unpack("<I", data[60:64])[0]
        if bytes(data[at : at + 4]) != b"PE\0\0":
            raise Damaged
        machine, count, _, _, _, optional, _ = struct.unpack("<HHIIIHH", data[at + 4 : at + 24])
        arch, bits = _MACHINES.get(machine, ("", 64))
        head = at + 24
        wide = struct.unpack("<H", data[head : head + 2])[0] == 0x20B
        base = struct.unpack("<Q", data[head + 24 : head + 32])[0] if wide else (
            struct.unpack("<I", data[head + 28 : head + 32])[0]
        )  # fmt: skip
        sections, segments = [], []
        for number in range(min(count, _SECTIONS_LIMIT)):
            place = head + optional + 40 * number
            name = bytes(data[place : place + 8]).rstrip(b"\0").decode("ascii", "backslashreplace")
            size, address, stored, offset = struct.unpack("<IIII", data[place + 8 : place + 24])
            flags = struct.unpack("<I", data[place + 36 : place + 40])[0]
            held = max(0, min(stored, len(data) - offset))
            # IMAGE_SCN_MEM_DISCARDABLE: what the loader may leave out, as debug sections.
            alloc = not flags & 0x02000000
            sections.append(Section(name, offset, held, base + address, alloc, size=size))
            segments.append(
                Segment(offset, held, base + address, bool(flags & _WRITE), bool(flags & _EXECUTE))
            )
    except struct.error as error:
        raise Damaged from error
    ordered = tuple(sorted(segments, key=lambda item: item.address))
    return Executable(data, "pe", arch, bits, False, tuple(sections), ordered)
