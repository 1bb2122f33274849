"""A Go executable analysed: the value that the command line, the window and the image analysis share."""

from __future__ import annotations

from dataclasses import dataclass, field

from explorer.gobinary.buildinfo import Module
from explorer.gobinary.embedded import EmbeddedFile
from explorer.gobinary.linkage import Linkage
from explorer.gobinary.packages import InitPackage, Package, Remainder
from explorer.gobinary.problems import problem_text
from explorer.gobinary.runtimes import RunsOn, runs_on
from explorer.gobinary.sections import EMBEDDED, Removable
from explorer.gobinary.upx import Packed

GO, NOT_GO, PACKED = "go", "not-go", "packed"


@dataclass(frozen=True)
class SectionSize:
    """A section's name, its bytes in the file, and whether it is loaded to memory when the program runs."""

    name: str
    bytes: int
    alloc: bool


@dataclass(frozen=True)
class GoBinary:
    """All that is known of one executable; `packages` and `unattributed` together are `size_bytes`, exactly.

    `dependencies` is None when the program does not list them, `state` is GO, NOT_GO or PACKED. With `analysed` false
    the file's bytes were not looked at beyond its headers and build information. `path` is harmless to show as it is.
    """

    path: str
    size_bytes: int
    state: str
    format: str
    arch: str
    bits: int
    big_endian: bool = False
    position_independent: bool = False
    analysed: bool = True
    go_version: str = ""
    main_package: str = ""
    module: Module | None = None
    dependencies: tuple[Module, ...] | None = None
    settings: dict[str, str] = field(default_factory=dict)
    linkage: Linkage = field(default_factory=Linkage)
    stripped: bool = False
    sections: tuple[SectionSize, ...] = ()
    removable: Removable = field(default_factory=Removable)
    packages: tuple[Package, ...] = ()
    unattributed: tuple[Remainder, ...] = ()
    embedded_files: tuple[EmbeddedFile, ...] = ()
    init_packages: tuple[InitPackage, ...] = ()
    packed: Packed | None = None
    problem_codes: tuple[str, ...] = ()
    uses: tuple[str, ...] | None = (
        None  # what it may do, see abilities; None where nothing is proved
    )
    cgo_packages: tuple[str, ...] | None = None
    sqlite_stub: bool = False

    @property
    def attributed_bytes(self) -> int:
        """Bytes attributed to packages."""
        return sum(package.total_bytes for package in self.packages)

    @property
    def embedded_bytes(self) -> int:
        """Bytes of the embedded files; contents that several names share count once."""
        return sum(row.bytes for row in self.unattributed if row.reason == EMBEDDED)

    def problems(self) -> tuple[str, ...]:
        """What could not be read, in the user's language."""
        return tuple(problem_text(code) for code in self.problem_codes)

    def runs_on(self) -> tuple[RunsOn, ...]:
        """On which base images it can start; empty for what Linux cannot start."""
        return runs_on(self.linkage) if self.format == "elf" else ()
