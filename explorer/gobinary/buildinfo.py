"""Build information that the Go linker leaves in every program: version, modules, settings.

Formats: debug/buildinfo and runtime/debug.ParseBuildInfo of the Go source; pointers before Go 1.18, inline since.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from explorer.gobinary.executable import Damaged, Executable

MAGIC = b"\xff Go buildinf:"
_ALIGN = 16
_HEADER = 32
_PLACES_LIMIT = 1000
_INLINE, _BIG = 2, 1
# A program with 2,000 modules has about 300 kB; version texts have tens of bytes.
_VERSION_LIMIT = 1 << 12
_INFO_LIMIT = 16 << 20
# What frames the module text on both sides (cmd/go/internal/modload, "infoStart", "infoEnd").
_FRAME = 16


@dataclass(frozen=True)
class Module:
    """A module as the program was built with it; `replace` is what stood in for it."""

    path: str
    version: str = ""
    sum: str = ""
    replace: Module | None = None


@dataclass(frozen=True)
class BuildInfo:
    """What `go version -m` prints; `dependencies` is None when the program does not say (not: none)."""

    go_version: str
    path: str = ""
    main: Module | None = None
    dependencies: tuple[Module, ...] | None = None
    settings: dict[str, str] = field(default_factory=dict)


def read_build_info(exe: Executable) -> BuildInfo | None:
    """The build information, None when the file holds none (or only a damaged one)."""
    for offset in _places(exe):
        try:
            return _read_at(exe, offset)
        except (Damaged, UnicodeDecodeError):
            continue
    return None


def _places(exe: Executable) -> Iterator[int]:
    """Where headers stand: in their own section, else in writable data, else anywhere."""
    section = exe.section(".go.buildinfo", "__go_buildinfo")
    seen = set()
    ranges = [(section.offset, section.end)] if section is not None else []
    ranges += [(s.offset, s.offset + s.bytes) for s in exe.segments if s.writable]
    ranges.append((0, len(exe.data)))
    for start, stop in ranges:
        for offset in _search(exe, start, stop):
            if offset not in seen:
                seen.add(offset)
                yield offset
            if len(seen) > _PLACES_LIMIT:
                return


def _search(exe: Executable, start: int, stop: int) -> Iterator[int]:
    """Aligned places of the magic; the alignment counts in memory, which for segments is the file's."""
    for at in exe.find_all(MAGIC, start, stop):
        address = exe.address_of(at)
        if (address if address >= 0 else at) % _ALIGN == 0:
            yield at


def _read_at(exe: Executable, offset: int) -> BuildInfo:
    header = exe.read(offset, _HEADER)
    width, flags = header[14], header[15]
    if flags & _INLINE:
        version, place = _inline(exe, offset + _HEADER, _VERSION_LIMIT)
        text, _ = _inline(exe, place, _INFO_LIMIT)
    else:
        order = "big" if flags & _BIG else "little"
        if width not in (4, 8):
            raise Damaged
        version = _by_pointer(exe, header[16 : 16 + width], width, order, _VERSION_LIMIT)
        text = _by_pointer(exe, header[16 + width : 16 + 2 * width], width, order, _INFO_LIMIT)
    if not version:
        raise Damaged
    return parse_module_text(version.decode(), _unframed(text))


def _inline(exe: Executable, offset: int, limit: int) -> tuple[bytes, int]:
    """A text after its length (unsigned LEB128), and the place after it."""
    length = shift = 0
    for _ in range(10):
        byte = exe.read(offset, 1)[0]
        offset += 1
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    if length > limit:
        raise Damaged
    return bytes(exe.read(offset, length)), offset + length


def _by_pointer(exe: Executable, raw: memoryview, width: int, order: str, limit: int) -> bytes:
    """The text whose string header (pointer, length) lies at a pointer; b"" for the null pointer."""
    big = order == "big"
    address = int.from_bytes(raw, "big" if big else "little")
    if not address:
        return b""
    string = exe.read_address(address, 2 * width)
    start = int.from_bytes(string[:width], "big" if big else "little")
    length = int.from_bytes(string[width:], "big" if big else "little")
    if not length:
        return b""
    if length > limit:
        raise Damaged
    return bytes(exe.read_address(start, length))


def _unframed(text: bytes) -> str:
    if len(text) >= 2 * _FRAME + 1 and text[-_FRAME - 1 : -_FRAME] == b"\n":
        return text[_FRAME:-_FRAME].decode()
    return ""


def parse_module_text(go_version: str, text: str) -> BuildInfo:
    """Build information from its lines; unknown lines are passed over."""
    path, main = "", None
    dependencies: list[Module] = []
    settings: dict[str, str] = {}
    last = ""
    for line in text.splitlines():
        kind, _, rest = line.partition("\t")
        if kind == "path":
            path = rest
        elif kind in ("mod", "dep"):
            module = _module(rest)
            last = kind
            if kind == "mod":
                main = module
            else:
                dependencies.append(module)
        elif kind == "=>" and last == "dep":
            known = dependencies[-1]
            dependencies[-1] = Module(known.path, known.version, known.sum, _module(rest))
        elif kind == "=>" and main is not None:
            main = Module(main.path, main.version, main.sum, _module(rest))
        elif kind == "build":
            key, value = _setting(rest)
            settings[key] = value
    # Without the main module's line the list of the others is missing too (vendor folders, GOPATH).
    known_list = tuple(dependencies) if main is not None or dependencies else None
    return BuildInfo(go_version, path, main, known_list, settings)


def _module(line: str) -> Module:
    parts = [*line.split("\t"), "", "", ""]
    return Module(parts[0], parts[1], parts[2])


def _setting(text: str) -> tuple[str, str]:
    """key=value, either of them quoted as Go quotes strings when it holds odd characters."""
    if text.startswith(('"', "`")):
        end = _quoted_end(text)
        key, rest = _unquoted(text[:end]), text[end:].removeprefix("=")
    else:
        key, _, rest = text.partition("=")
    return key, _unquoted(rest)


def _quoted_end(text: str) -> int:
    place = 1
    while place < len(text) and text[place] != text[0]:
        place += 2 if text[place] == "\\" and text[0] == '"' else 1
    return place + 1


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] == "`":
        return text[1:-1]
    if len(text) >= 2 and text[0] == text[-1] == '"':
        try:
            # strconv.Quote writes JSON's escapes and \x.., \a, \v, which JSON does not know.
            return str(json.loads(text))
        except ValueError:
            return text[1:-1].encode("latin-1", "backslashreplace").decode("unicode_escape")
    return text
