"""Go executables of two images beside each other: which belong together, their bytes by package, their dependencies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from explorer.compare.pair import ConfigChange, Pair
from explorer.findings.binary import ImageBinary
from explorer.gobinary.binary import GoBinary
from explorer.gobinary.buildinfo import Module
from explorer.gobinary.sections import LABELS
from explorer.translation import mark, tr

# Bytes that no analysis attributes: the program was not looked into, or no further than its headers.
UNKNOWN = "not-looked-into"
_UNKNOWN_LABEL = mark("not looked into")
_FIGURES = ("go_version", "module", "static", "stripped", "removable_bytes")


@dataclass(frozen=True)
class PackageDelta:
    """Bytes attributed to one Go package in both programs; 0 where it is not in."""

    name: str
    module: str
    size: Pair


@dataclass(frozen=True)
class RestDelta:
    """Bytes that belong to no single package; `reason` is UNKNOWN or a key of gobinary.sections.LABELS."""

    reason: str
    size: Pair

    def label(self) -> str:
        """The reason in the user's language."""
        return tr(LABELS.get(self.reason, _UNKNOWN_LABEL))


@dataclass(frozen=True)
class DependencyChange:
    """A module that another version of was built in, with its versions; "" where it is not in."""

    path: str
    a: str
    b: str


@dataclass(frozen=True)
class BinaryDelta:
    """One Go executable of either image: sizes (0 where it is not), what its build differs in, and its bytes by package.

    `packages` and `rest` sum to both sizes exactly; both are empty when the files are the same to the byte.
    """

    path: str  # in the second image, in the first when it is gone
    size: Pair
    changes: tuple[ConfigChange, ...]
    path_a: str = ""
    path_b: str = ""
    packages: tuple[PackageDelta, ...] = ()
    rest: tuple[RestDelta, ...] = ()
    dependencies: tuple[DependencyChange, ...] = ()

    @property
    def moved(self) -> bool:
        """Whether both images have it, at different paths."""
        return bool(self.path_a and self.path_b) and self.path_a != self.path_b

    @property
    def looked_into(self) -> bool:
        """Whether the bytes by package are known."""
        return all(row.reason != UNKNOWN for row in self.rest)


def binary_deltas(
    a: Iterable[ImageBinary], b: Iterable[ImageBinary], programs: Mapping[str, GoBinary]
) -> tuple[BinaryDelta, ...]:
    """The executables of two images; `programs` are their analyses by the digest of their content, as far as known."""
    return tuple(_delta(one, other, programs) for one, other in _matched(list(a), list(b)))


def _matched(
    a: list[ImageBinary], b: list[ImageBinary]
) -> list[tuple[ImageBinary | None, ImageBinary | None]]:
    """Programs at the same path belong together, then those of the same module that moved, the biggest first."""
    before = {item.path: item for item in a}
    pairs: list[tuple[ImageBinary | None, ImageBinary | None]] = []
    moved: list[ImageBinary] = []
    for item in b:
        one = before.pop(item.path, None)
        if one is None:
            moved.append(item)
        else:
            pairs.append((one, item))
    for item in moved:
        alike = [
            one
            for one in before.values()
            if (one.digest and one.digest == item.digest)
            or (item.module and one.module == item.module)
        ]
        same = next((one for one in alike if one.digest == item.digest), None)
        found = same or (alike[0] if alike else None)
        if found is not None:
            del before[found.path]
        pairs.append((found, item))
    return [*pairs, *((one, None) for one in before.values())]


def _delta(
    one: ImageBinary | None, other: ImageBinary | None, programs: Mapping[str, GoBinary]
) -> BinaryDelta:
    size = Pair(one.size_bytes if one else 0, other.size_bytes if other else 0)
    path_a, path_b = one.path if one else "", other.path if other else ""
    changes = [
        ConfigChange(key, old, new)
        for key in _FIGURES
        if (old := _figure(one, key)) != (new := _figure(other, key))
    ]
    if one and other and one.digest and one.digest == other.digest:
        return BinaryDelta(path_b, size, tuple(changes), path_a, path_b)
    before, after = (programs.get(item.digest) if item else None for item in (one, other))
    if (one and before is None) or (other and after is None):
        rest = (RestDelta(UNKNOWN, size),)
        return BinaryDelta(path_b or path_a, size, tuple(changes), path_a, path_b, rest=rest)
    packages = package_deltas(before, after)
    return BinaryDelta(
        path_b or path_a,
        size,
        (*changes, *_setting_changes(before, after)),
        path_a,
        path_b,
        packages,
        _rest_deltas(before, after, size, packages),
        dependency_changes(before, after),
    )


def _figure(item: ImageBinary | None, key: str) -> str:
    return "" if item is None else str(getattr(item, key))


def package_deltas(a: GoBinary | None, b: GoBinary | None) -> tuple[PackageDelta, ...]:
    """The packages of both programs by name, the biggest difference first; None is a program without any."""
    sizes: dict[str, list[int]] = {}
    modules: dict[str, str] = {}
    for side, binary in enumerate((a, b)):
        for package in binary.packages if binary else ():
            sizes.setdefault(package.name, [0, 0])[side] += package.total_bytes
            modules[package.name] = package.module or modules.get(package.name, "")
    rows = [PackageDelta(name, modules[name], Pair(*held)) for name, held in sizes.items()]
    return tuple(sorted(rows, key=lambda row: (-abs(row.size.delta), -row.size.b, row.name)))


def _rest_deltas(
    a: GoBinary | None, b: GoBinary | None, size: Pair, packages: tuple[PackageDelta, ...]
) -> tuple[RestDelta, ...]:
    sizes: dict[str, list[int]] = {}
    for side, binary in enumerate((a, b)):
        for row in binary.unattributed if binary else ():
            sizes.setdefault(row.reason, [0, 0])[side] += row.bytes
    told = [sum(held[side] for held in sizes.values()) for side in (0, 1)]
    left = Pair(
        size.a - told[0] - sum(row.size.a for row in packages),
        size.b - told[1] - sum(row.size.b for row in packages),
    )
    rows = [RestDelta(reason, Pair(*held)) for reason, held in sizes.items()]
    if left != Pair(0, 0):
        # A packed program is known by its headers only.
        rows.append(RestDelta(UNKNOWN, left))
    return tuple(sorted(rows, key=lambda row: (-abs(row.size.delta), row.reason)))


def dependency_changes(a: GoBinary | None, b: GoBinary | None) -> tuple[DependencyChange, ...]:
    """The modules whose version, or whose replacement, is another one; sorted by path."""
    before, after = _versions(a), _versions(b)
    return tuple(
        DependencyChange(path, before.get(path, ""), after.get(path, ""))
        for path in sorted({*before, *after})
        if before.get(path, "") != after.get(path, "")
    )


def _versions(binary: GoBinary | None) -> dict[str, str]:
    if binary is None:
        return {}
    return {module.path: _version(module) for module in binary.dependencies or ()}


def _version(module: Module) -> str:
    if module.replace is None:
        return module.version
    return f"{module.version} => {module.replace.path} {module.replace.version}".strip()


def _setting_changes(a: GoBinary | None, b: GoBinary | None) -> tuple[ConfigChange, ...]:
    """The build settings that differ, of programs that both images have."""
    if a is None or b is None:
        return ()
    keys = dict.fromkeys([*a.settings, *b.settings])
    return tuple(
        ConfigChange(key, a.settings.get(key, ""), b.settings.get(key, ""))
        for key in keys
        if a.settings.get(key, "") != b.settings.get(key, "")
    )
