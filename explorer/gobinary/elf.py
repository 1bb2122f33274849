"""ELF headers: 32 and 64 bits, both byte orders, with and without section headers. Counts and sizes are never trusted.

Formats and constants: elf(5); gABI chapters 4 and 5; /usr/include/elf.h.
"""

from __future__ import annotations

import struct

from explorer.gobinary.executable import Damaged, Executable, Section, Segment, c_string

MAGIC = b"\x7fELF"
# Executables have tens of sections and segments; more than these are not looked at.
SECTIONS_LIMIT = 4096
_SEGMENTS_LIMIT = 128
# Segments may share a page where they meet; more than this many times the file is mapped by hostile ones only.
_MAPPED_LIMIT = 2
_DYNAMIC_LIMIT = 65536
_NAME_LIMIT = 256
PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
SHT_SYMTAB, SHT_STRTAB, SHT_NOBITS = 2, 3, 8
SHF_ALLOC = 2
SHF_COMPRESSED = 0x800
ET_EXEC, ET_DYN = 2, 3
_XINDEX = 0xFFFF
# e_machine -> GOARCH of a little-endian and of a big-endian file.
_MACHINES = {
    3: ("386", ""),
    8: ("mipsle", "mips"),
    20: ("", "ppc"),
    21: ("ppc64le", "ppc64"),
    22: ("", "s390x"),
    40: ("arm", "arm"),
    43: ("", "sparc64"),
    62: ("amd64", ""),
    183: ("arm64", "arm64"),
    243: ("riscv64", ""),
    258: ("loong64", ""),
}


def read_elf(data: memoryview) -> Executable:
    """The headers of an ELF file; raises Damaged when not even its first header can be read."""
    if len(data) < 20 or bytes(data[:4]) != MAGIC:
        raise Damaged
    if data[4] not in (1, 2) or data[5] not in (1, 2):
        raise Damaged
    bits, big = (64 if data[4] == 2 else 32), data[5] == 2
    return _Reader(data, bits, big=big).read()


class _Reader:
    def __init__(self, data: memoryview, bits: int, *, big: bool) -> None:
        self.data, self.bits, self.big = data, bits, big
        self.order = ">" if big else "<"
        self.problems: list[str] = []

    def unpack(self, code: str, offset: int) -> tuple[int, ...]:
        size = struct.calcsize(self.order + code)
        if offset < 0 or offset + size > len(self.data):
            raise Damaged
        return struct.unpack(self.order + code, self.data[offset : offset + size])

    def note(self, code: str) -> None:
        if code not in self.problems:
            self.problems.append(code)

    def read(self) -> Executable:
        wide = self.bits == 64
        kind, machine, _, _, phoff, shoff = self.unpack("HHIQQQ" if wide else "HHIIII", 16)
        _, _, phentsize, phnum, shentsize, shnum, shstrndx = self.unpack(
            "IHHHHHH", 48 if wide else 36
        )
        headers = self._sections(shoff, shentsize, shnum, shstrndx)
        if phnum == _XINDEX:
            self.note("too-many-segments")
            phnum = _SEGMENTS_LIMIT
        programs = self._programs(phoff, phentsize, min(phnum, _SEGMENTS_LIMIT))
        interpreter, present, dynamic = "", False, []
        segments: list[Segment] = []
        mapped = 0
        for type_, flags, offset, address, size in programs:
            if type_ == PT_LOAD:
                held = max(0, min(size, len(self.data) - offset))
                if held < size:
                    self.note("truncated")
                mapped += held
                if mapped > _MAPPED_LIMIT * len(self.data):
                    self.note("bad-program-headers")
                    break
                segments.append(Segment(offset, held, address, bool(flags & 2), bool(flags & 1)))
            elif type_ == PT_INTERP:
                interpreter = c_string(self.data, offset, min(size, _NAME_LIMIT))
            elif type_ == PT_DYNAMIC:
                present, dynamic = True, self._dynamic(offset, size)
        names = _MACHINES.get(machine, ("", ""))
        arch = names[1] if self.big else names[0]
        if machine == 8 and wide:
            arch = arch.replace("mips", "mips64")
        return Executable(
            data=self.data,
            format="elf",
            arch=arch,
            bits=self.bits,
            big_endian=self.big,
            sections=tuple(headers),
            segments=tuple(sorted(segments, key=lambda item: item.address)),
            kind=kind,
            header_end=phoff + phentsize * phnum,
            interpreter=interpreter,
            dynamic=tuple(dynamic),
            dynamic_present=present,
            problems=tuple(self.problems),
        )

    def _programs(self, start: int, step: int, count: int) -> list[tuple[int, int, int, int, int]]:
        """(type, flags, offset, address, bytes in the file) of each program header."""
        wide = self.bits == 64
        if count and step < (56 if wide else 32):
            self.note("bad-program-headers")
            return []
        found = []
        for number in range(count):
            try:
                if wide:
                    type_, flags, offset, address, _, size = self.unpack(
                        "IIQQQQ", start + number * step
                    )
                else:
                    type_, offset, address, _, size, _, flags = self.unpack(
                        "IIIIIII", start + number * step
                    )
            except Damaged:
                self.note("bad-program-headers")
                break
            found.append((type_, flags, offset, address, size))
        return found

    def _sections(self, start: int, step: int, count: int, names_at: int) -> list[Section]:
        if start == 0:
            return []
        wide = self.bits == 64
        if step < (64 if wide else 40) or start >= len(self.data):
            self.note("bad-sections")
            return []
        try:
            first = self._section(start)
            # gABI: counts over 0xfeff stand in the first section.
            count = count or first[5]
            names_at = first[6] if names_at == _XINDEX else names_at
        except Damaged:
            self.note("bad-sections")
            return []
        if count > SECTIONS_LIMIT or start + count * step > len(self.data):
            self.note("bad-sections")
            count = min(count, SECTIONS_LIMIT, (len(self.data) - start) // step)
        raw = [self._section(start + number * step) for number in range(count)]
        names = memoryview(b"")
        if 0 < names_at < len(raw):
            _, _, _, _, offset, size, *_ = raw[names_at]
            names = self.data[offset : offset + min(size, len(self.data))]
        return [self._named(item, names) for item in raw[1:]]

    def _section(self, at: int) -> tuple[int, ...]:
        """(name, type, flags, address, offset, size, link) of one header."""
        return self.unpack("IIQQQQI" if self.bits == 64 else "IIIIIII", at)

    def _named(self, raw: tuple[int, ...], names: memoryview) -> Section:
        name, kind, flags, address, offset, size, link = raw
        held = 0
        if kind not in (0, SHT_NOBITS):
            held = max(0, min(size, len(self.data) - offset))
            if held < size:
                self.note("truncated")
        return Section(
            name=c_string(names, name, _NAME_LIMIT),
            offset=offset,
            bytes=held,
            address=address,
            alloc=bool(flags & SHF_ALLOC),
            kind=kind,
            flags=flags,
            link=link,
            size=size,
        )

    def _dynamic(self, offset: int, size: int) -> list[tuple[int, int]]:
        code, step = ("qQ", 16) if self.bits == 64 else ("iI", 8)
        found = []
        for number in range(min(size // step, _DYNAMIC_LIMIT)):
            try:
                tag, value = self.unpack(code, offset + number * step)
            except Damaged:
                self.note("truncated")
                break
            if tag == 0:
                break
            found.append((tag, value))
        return found
