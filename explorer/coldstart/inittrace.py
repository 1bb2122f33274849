"""Reads what Go's runtime says about a start when GODEBUG asks it to: the init work of each package, and collections.

Formats: Go source, runtime/proc.go doInit1 ("init PKG @T ms, C ms clock, B bytes, A allocs") and runtime/mgc.go
("gc N @Ts P%: A+B+C ms clock, ..."). The trace itself costs 1 to 3 ms, so such a run is never part of a sample.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from explorer.units import display_text

SETTINGS = "inittrace=1,gctrace=1"
_INIT = re.compile(
    rb"init (\S+) @(\d+(?:\.\d+)?) ms, (\d+(?:\.\d+)?) ms clock, (\d+) bytes, (\d+) allocs$"
)
_GC = re.compile(rb"gc (\d+) @(\d+(?:\.\d+)?)s (\d+)%: ([\d.+]+) ms clock")
_LIMIT = 20_000
# Go source, cmd/internal/objabi/path.go PathToPrefix: a dot in the last element is written as %2e.
_ESCAPE = re.compile(rb"%([0-9a-f]{2})")


@dataclass(frozen=True)
class Init:
    """One package's init work: `at` and `seconds` count from the start of Go's runtime, not of the process."""

    package: str
    at: float
    seconds: float
    bytes: int
    allocations: int
    module: str = ""
    code_bytes: int = 0
    version: str = ""


@dataclass(frozen=True)
class Inside:
    """What a program says of one of its packages: the module it comes from, that one's version, bytes of machine code."""

    module: str
    version: str = ""
    code_bytes: int = 0


@dataclass(frozen=True)
class Collection:
    """One garbage collection: when it began and how long it took, in seconds; `share` of all processor time so far."""

    number: int
    at: float
    seconds: float
    share: float


def with_trace(environment: Iterable[str]) -> str:
    """The GODEBUG variable for a diagnostic run: the last one in `environment`, with our settings added."""
    own = ""
    for item in environment:
        name, _, value = item.partition("=")
        if name == "GODEBUG":
            own = value
    return f"GODEBUG={own},{SETTINGS}" if own else f"GODEBUG={SETTINGS}"


def is_trace(line: bytes) -> bool:
    """Whether a line is the runtime's, not the app's."""
    return _INIT.search(line) is not None or _GC.match(line) is not None


def parse_inits(lines: Iterable[bytes]) -> list[Init]:
    """The packages in the order in which they were initialised."""
    found: list[Init] = []
    for line in lines:
        match = _INIT.search(line)
        if match is None or len(found) >= _LIMIT:
            continue
        package, at, clock, size, allocations = match.groups()
        found.append(
            Init(
                package=_name(package),
                at=float(at) / 1e3,
                seconds=float(clock) / 1e3,
                bytes=int(size),
                allocations=int(allocations),
            )
        )
    return found


def parse_collections(lines: Iterable[bytes]) -> list[Collection]:
    """The garbage collections in their order."""
    found: list[Collection] = []
    for line in lines:
        match = _GC.match(line)
        if match is None or len(found) >= _LIMIT:
            continue
        clock = sum(
            float(part) for part in match[4].split(b"+") if part.replace(b".", b"").isdigit()
        )
        found.append(Collection(int(match[1]), float(match[2]), clock / 1e3, int(match[3]) / 100))
    return found


def join_packages(inits: Iterable[Init], packages: Mapping[str, Inside]) -> list[Init]:
    """The inits with what the program itself knows of its packages; the module is guessed where it does not say."""
    modules = {inside.module: inside.version for inside in packages.values() if inside.module}
    joined = []
    for item in inits:
        found = packages.get(item.package) or _without_code(item.package, modules)
        joined.append(
            replace(item, module=found.module, version=found.version, code_bytes=found.code_bytes)
        )
    return joined


def _without_code(package: str, modules: Mapping[str, str]) -> Inside:
    """A package of which nothing but its variables is in the program: it lies under the longest module that fits."""
    over = [path for path in modules if package == path or package.startswith(f"{path}/")]
    module = max(over, key=len, default="") or _module(package)
    return Inside(module, modules.get(module, ""))


def _name(package: bytes) -> str:
    plain = _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), package)
    return display_text(plain.decode("utf-8", "surrogateescape"), 200)


def _module(package: str) -> str:
    """The module by its usual form, where the binary was not read: std, or host and two names."""
    parts = package.split("/")
    if "." not in parts[0]:
        return "main" if package == "main" else "std"
    return "/".join(parts[:3])
