"""An executable's bytes as a tree: module, then package, beside the bytes that belong to no single package."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.gobinary.binary import GoBinary
from explorer.gobinary.modules import DEPENDENCY, MAIN, NONE, STANDARD, UNKNOWN
from explorer.gobinary.packages import Package
from explorer.translation import mark, tr

_GROUPS = {
    MAIN: mark("main module"),
    STANDARD: mark("standard library"),
    DEPENDENCY: mark("dependency"),
    UNKNOWN: mark("repository, guessed from the package's path"),
    NONE: mark("generated code and assembly"),
}


@dataclass(frozen=True)
class ModuleBytes:
    """A module's packages, largest first; `path` is "" for code of no module."""

    path: str
    version: str
    group: str
    packages: tuple[Package, ...]

    @property
    def total_bytes(self) -> int:
        """Bytes attributed to its packages."""
        return sum(package.total_bytes for package in self.packages)

    def label(self) -> str:
        """Its path, or what stands for it."""
        return tr(_GROUPS[self.group]) if self.group in (NONE, STANDARD) else self.path

    def kind(self) -> str:
        """What it is to the program."""
        return tr(_GROUPS[self.group])


def by_module(binary: GoBinary) -> tuple[ModuleBytes, ...]:
    """The packages by module, largest module first."""
    listed: dict[tuple[str, str], list[Package]] = {}
    for package in binary.packages:
        listed.setdefault((package.module, package.group), []).append(package)
    versions = {m.path: (m.replace or m).version for m in binary.dependencies or ()}
    if binary.module is not None:
        versions[binary.module.path] = binary.module.version
    found = [
        ModuleBytes(path, versions.get(path, "") if group in (MAIN, DEPENDENCY) else "", group, tuple(packages))
        for (path, group), packages in listed.items()
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda item: (-item.total_bytes, item.path)))
