"""Programs packed with UPX: recognised by the packer's own header, never unpacked.

upx/src/stub/src/include/linux.h: struct l_info and p_info follow the program headers.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from explorer.gobinary.executable import Damaged, Executable

_MAGIC = b"UPX!"
# Where the header stands when it does not follow the program headers directly: within the first page.
_PAGE = 4096


@dataclass(frozen=True)
class Packed:
    """A packed program: `original_bytes` is its size before, 0 when the header does not say."""

    original_bytes: int


def read_packed(exe: Executable) -> Packed | None:
    """What UPX says of the program, None when it is not packed with UPX."""
    if exe.format == "elf":
        return _packed_elf(exe)
    if exe.section("UPX0", "UPX1", "__XHDR") is not None:
        return Packed(0)
    return None


def _packed_elf(exe: Executable) -> Packed | None:
    if exe.sections:
        return None
    at = exe.find(_MAGIC, 0, min(_PAGE, len(exe.data)))
    if at < 0:
        return None
    try:
        # l_info: checksum u32, magic, size u16, version u8, format u8; p_info: program u32, file size u32, block u32.
        _, original, block = struct.unpack(exe.order + "III", exe.read(at + 8, 12))
    except Damaged:
        return Packed(0)
    believable = len(exe.data) // 2 <= original < 1 << 32 and block > 0
    return Packed(original if believable else 0)
