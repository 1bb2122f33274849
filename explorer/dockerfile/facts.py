"""What of a program decides how its image may be rewritten: linkage, removable bytes, and what it can possibly do.

A Go program's function names stand in its pclntab, stripped or not. The linker drops what cannot be reached, so a name
that is absent is proof that the program never does it; a name that is present says only that it may.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from explorer.gobinary.binary import GO, PACKED, GoBinary
from explorer.gobinary.runtimes import glibc_needed

_NAMES: Mapping[str, tuple[str, ...]] = {
    "certificates": ("crypto/x509.(*Certificate).Verify", "crypto/x509.SystemCertPool"),
    "time-zones": ("time.LoadLocation",),
    "embedded-time-zones": ("time/tzdata.loadFromEmbeddedTZData",),
    "temporary-files": ("os.CreateTemp", "os.MkdirTemp", "os.TempDir"),
    "users": ("os/user.Current", "os/user.Lookup", "os/user.LookupId", "os/user.LookupGroup"),
    "programs": ("os/exec.(*Cmd).Start", "os.StartProcess", "syscall.StartProcess", "syscall.Exec"),
    "plugins": ("plugin.Open",),
    "build-info": ("runtime/debug.ReadBuildInfo",),
    "file-types": ("mime.TypeByExtension", "mime.ExtensionsByType"),
    "services": ("net.lookupPort", "net.LookupPort"),
    "home": ("os.UserHomeDir", "os.UserCacheDir", "os.UserConfigDir"),
}
# A program whose table lacks this was obfuscated or its table was not found: then nothing is proved.
_CONTROL = b"runtime.main"
_CGO = re.compile(rb"\0([\w./%~-]+)\._C(?:2)?func_")
# Packages of the standard library that use C only for what Go can do as well (net, os/user) or to have C at all.
SOFT_CGO = frozenset({"net", "os/user", "runtime/cgo"})
# Modules that need C whatever the build says, some of which build without it and fail when they run.
CGO_MODULES = (
    "github.com/mattn/go-sqlite3", "github.com/confluentinc/confluent-kafka-go", "github.com/godror/godror",
    "gocv.io/x/gocv", "github.com/tecbot/gorocksdb", "github.com/linxGnu/grocksdb", "github.com/mutecomm/go-sqlcipher",
    "github.com/marcboeker/go-duckdb", "github.com/h2non/bimg", "github.com/davidbyttow/govips",
)  # fmt: skip
_STUB = b"go-sqlite3 requires cgo to work"


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


def program_facts(binary: GoBinary, data: bytes | mmap.mmap) -> ProgramFacts:
    """The facts of an analysed executable; `data` are its bytes."""
    is_go = binary.state == GO
    readable = is_go and data.find(b"\0" + _CONTROL + b"\0") >= 0
    dependencies = None
    if binary.dependencies is not None:
        dependencies = tuple(module.path for module in binary.dependencies)
    return ProgramFacts(
        path=binary.path,
        size_bytes=binary.size_bytes,
        removable_bytes=binary.removable.total_bytes,
        is_go=is_go,
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
        uses=_uses(data) if readable else None,
        cgo_packages=_cgo_packages(data) if readable else None,
        sqlite_stub=data.find(_STUB) >= 0 and binary.settings.get("CGO_ENABLED") == "0",
    )


def _uses(data: bytes | mmap.mmap) -> frozenset[str]:
    return frozenset(
        use
        for use, names in _NAMES.items()
        if any(data.find(b"\0" + name.encode() + b"\0") >= 0 for name in names)
    )


def _cgo_packages(data: bytes | mmap.mmap) -> tuple[str, ...]:
    found = {
        match[1].decode("ascii", "replace").replace("%2e", ".") for match in _CGO.finditer(data)
    }
    return tuple(sorted(found))
