"""What of a program decides how its image may be rewritten: linkage, removable bytes, and what it can possibly do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from explorer.gobinary.binary import GO, PACKED, GoBinary
from explorer.gobinary.runtimes import glibc_needed

# Packages of the standard library that use C only for what Go can do as well (net, os/user) or to have C at all.
SOFT_CGO = frozenset({"net", "os/user", "runtime/cgo"})
# Modules that need C whatever the build says, some of which build without it and fail when they run.
CGO_MODULES = (
    "github.com/mattn/go-sqlite3", "github.com/confluentinc/confluent-kafka-go", "github.com/godror/godror",
    "gocv.io/x/gocv", "github.com/tecbot/gorocksdb", "github.com/linxGnu/grocksdb", "github.com/mutecomm/go-sqlcipher",
    "github.com/marcboeker/go-duckdb", "github.com/h2non/bimg", "github.com/davidbyttow/govips",
)  # fmt: skip


@dataclass(frozen=True)
class ProgramFacts:
    """Facts of one executable; `uses` and `cgo_packages` are None where nothing is proved."""

    path: str = ""
    size_bytes: int = 0
    removable_bytes: int = 0
    is_go: bool = False
    packed: bool = False
    go_version: str = ""
    main_package: str = ""
    module: str = ""
    dependencies: tuple[str, ...] | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    static: bool = False
    interpreter: str = ""
    needed: tuple[str, ...] = ()
    glibc: tuple[int, int] | None = None  # the oldest glibc it starts with
    stripped: bool = False
    uses: frozenset[str] | None = None
    cgo_packages: tuple[str, ...] | None = None
    sqlite_stub: bool = False

    @property
    def known(self) -> bool:
        """Whether the program was looked at."""
        return self.size_bytes > 0

    def may(self, use: str) -> bool:
        """Whether the program may do this; True also where nothing is proved."""
        return self.uses is None or use in self.uses

    def proved(self, use: str) -> bool:
        """Whether the program holds the code for it."""
        return self.uses is not None and use in self.uses

    @property
    def hard_cgo(self) -> tuple[str, ...]:
        """Packages and modules that need C."""
        packages = tuple(p for p in self.cgo_packages or () if p not in SOFT_CGO)
        modules = tuple(m for m in self.dependencies or () if m.startswith(CGO_MODULES))
        return tuple(dict.fromkeys(packages + modules))


def program_facts(binary: GoBinary) -> ProgramFacts:
    """The facts of an analysed executable."""
    dependencies = None
    if binary.dependencies is not None:
        dependencies = tuple(module.path for module in binary.dependencies)
    return ProgramFacts(
        path=binary.path,
        size_bytes=binary.size_bytes,
        removable_bytes=binary.removable.total_bytes,
        is_go=binary.state == GO,
        packed=binary.state == PACKED,
        go_version=binary.go_version,
        main_package=binary.main_package,
        module=binary.module.path if binary.module else "",
        dependencies=dependencies,
        settings=binary.settings,
        static=binary.linkage.static,
        interpreter=binary.linkage.interpreter,
        needed=binary.linkage.needed,
        glibc=glibc_needed(binary.linkage),
        stripped=binary.stripped,
        uses=None if binary.uses is None else frozenset(binary.uses),
        cgo_packages=binary.cgo_packages,
        sqlite_stub=binary.sqlite_stub,
    )
