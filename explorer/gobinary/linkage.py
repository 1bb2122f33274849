"""How a program is linked: its interpreter, the libraries it needs and the versions of them.

gABI "Dynamic Section"; LSB "Symbol Versioning" (.gnu.version_r). CGO_ENABLED says nothing of it (golang/go#40711).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from explorer.gobinary.executable import Damaged, Executable, c_string

_DT_NEEDED, _DT_STRTAB, _DT_STRSZ = 1, 5, 10
_DT_VERNEED, _DT_VERNEEDNUM = 0x6FFFFFFE, 0x6FFFFFFF
_NEEDED_LIMIT = 256
_VERSIONS_LIMIT = 1024


@dataclass(frozen=True)
class LibraryVersions:
    """Versions of its symbols that a library must have, as GLIBC_2.34."""

    library: str
    versions: tuple[str, ...]


@dataclass(frozen=True)
class Linkage:
    """`static` means that the kernel can start the program alone: it names no interpreter."""

    static: bool = True
    interpreter: str = ""
    needed: tuple[str, ...] = ()
    versions: tuple[LibraryVersions, ...] = ()


def read_linkage(exe: Executable) -> Linkage:
    """Linkage by PT_INTERP and the dynamic section; needs no section headers."""
    tags = dict(reversed(exe.dynamic))
    start = exe.offset_of(tags.get(_DT_STRTAB, -1))
    texts = memoryview(b"")
    if start >= 0:
        texts = exe.data[start : start + min(tags.get(_DT_STRSZ, 0), len(exe.data))]
    needed = [c_string(texts, value) for tag, value in exe.dynamic if tag == _DT_NEEDED]
    return Linkage(
        static=not exe.interpreter,
        interpreter=exe.interpreter,
        needed=tuple(filter(None, dict.fromkeys(needed[:_NEEDED_LIMIT]))),
        versions=tuple(_versions(exe, tags, texts)),
    )


def _versions(exe: Executable, tags: dict[int, int], texts: memoryview) -> list[LibraryVersions]:
    """Verneed: u16 version, u16 count, u32 file, aux, next; Vernaux: u32 hash, u16 flags, other, u32 name, next."""
    found: list[LibraryVersions] = []
    place = exe.offset_of(tags.get(_DT_VERNEED, -1))
    left = _VERSIONS_LIMIT
    try:
        for _ in range(min(tags.get(_DT_VERNEEDNUM, 0), _NEEDED_LIMIT) if place >= 0 else 0):
            _, count, library, aux, following = struct.unpack(
                exe.order + "HHIII", exe.read(place, 16)
            )
            names, at = [], place + aux
            for _ in range(min(count, left)):
                left -= 1
                _, _, _, name, step = struct.unpack(exe.order + "IHHII", exe.read(at, 16))
                names.append(c_string(texts, name))
                at += step
            found.append(LibraryVersions(c_string(texts, library), tuple(sorted(set(names)))))
            place += following
            if not following:
                break
    except Damaged:
        return found
    return found
