"""What a Go program can possibly do, by the names in its function table, and which of its packages call C.

The names stand there, stripped or not. The linker drops what cannot be reached, so a name that is absent is proof that
the program never does it; a name that is present says only that it may.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from explorer.gobinary.executable import Executable
from explorer.gobinary.pclntab import FunctionTable

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
_CONTROL = "runtime.main"
_CGO = re.compile(rb"\0([\w./%~-]+)\._C(?:2)?func_")
# A program of hundreds of C packages has some ten thousand such functions.
_CGO_LIMIT = 200_000
# mattn/go-sqlite3 static_mock.go, which is built in instead of SQLite when cgo is off.
_SQLITE_STUB = b"go-sqlite3 requires cgo to work"


@dataclass(frozen=True)
class Abilities:
    """`uses` and `cgo_packages` are None where nothing is proved, else sorted."""

    uses: tuple[str, ...] | None = None
    cgo_packages: tuple[str, ...] | None = None
    sqlite_stub: bool = False


def read_abilities(exe: Executable, table: FunctionTable | None) -> Abilities:
    """Look the names up in the table; in all of the file where the table is of a kind that is not read."""
    stub = exe.find(_SQLITE_STUB, 0, len(exe.data)) >= 0
    start, stop = (0, len(exe.data)) if table is None else (table.names_at, table.units_at)

    def holds(name: str) -> bool:
        return exe.find(b"\0" + name.encode() + b"\0", start, stop) >= 0

    if not holds(_CONTROL):
        return Abilities(sqlite_stub=stub)
    uses = (use for use, names in _NAMES.items() if any(map(holds, names)))
    found = {
        match[1].decode("ascii", "replace").replace("%2e", ".")
        for match in islice(_CGO.finditer(exe.data[start:stop]), _CGO_LIMIT)
    }
    return Abilities(tuple(sorted(uses)), tuple(sorted(found)), stub)
