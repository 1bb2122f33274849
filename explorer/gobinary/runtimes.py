"""On which base images a program can start, and why: by interpreter, libraries and their versions, not by build settings.

glibc of the bases: Debian 12 (bookworm) has 2.36, Debian 13 (trixie) 2.41; distroless takes its files from Debian.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from explorer.gobinary.linkage import Linkage
from explorer.translation import listed, mark, tr

SCRATCH, STATIC, BASE, ALPINE, DEBIAN = (
    "scratch",
    "distroless-static",
    "distroless-base",
    "alpine",
    "debian",
)
BASES = (SCRATCH, STATIC, BASE, ALPINE, DEBIAN)
RUNTIME_NAMES = {
    SCRATCH: "scratch",
    STATIC: "distroless/static",
    BASE: "distroless/base",
    ALPINE: "alpine",
    DEBIAN: "debian",
}
_GLIBC = (2, 36)
_GLIBC_LIBRARIES = re.compile(
    r"(?:libc|libm|libdl|librt|libpthread|libresolv|libutil|libanl|libnsl|libnss_\w+|ld-linux[\w-]*|ld64|ld-\d[\d.]*)\.so(?:\.\d+)*\Z"
)
_MUSL_LIBRARIES = re.compile(r"(?:libc\.musl-\w+|ld-musl-\w+|libc)\.so(?:\.1)?\Z")
# Libraries that distroless/base adds to glibc's, and that the small Debian image has.
_BASE_LIBRARIES = re.compile(r"(?:libssl|libcrypto)\.so\.3\Z")
_DEBIAN_LIBRARIES = re.compile(
    r"(?:libgcc_s\.so\.1|libstdc\+\+\.so\.6|libz\.so\.1|libselinux\.so\.1|libcap\.so\.2|libcrypt\.so\.1|libseccomp\.so\.2|libsystemd\.so\.0|liblzma\.so\.5|libzstd\.so\.1)\Z"
)
_VERSION = re.compile(r"GLIBC_(\d+)\.(\d+)")


@dataclass(frozen=True)
class RunsOn:
    """Whether a program can start on a base image; `why` is a key of REASONS."""

    base: str
    runs: bool
    why: str
    fields: Mapping[str, str] = field(default_factory=dict)

    def reason(self) -> str:
        """The reason in the user's language."""
        return tr(REASONS[self.why], **self.fields)


REASONS = {
    "no-interpreter": mark("needs no interpreter and no library"),
    "no-interpreter-certificates": mark(
        "needs no interpreter and no library; this image adds certificates and time zones"
    ),
    "interpreter": mark("needs the interpreter {interpreter}, which this image does not have"),
    "glibc": mark("has the interpreter {interpreter} and glibc {version}"),
    "glibc-version": mark("needs glibc {needed}; this image has {version}"),
    "libraries": mark("needs {libraries}, which this image does not have"),
    "musl": mark("has the interpreter {interpreter}"),
}


def runs_on(linkage: Linkage) -> tuple[RunsOn, ...]:
    """The verdict for each of BASES."""
    return tuple(_verdict(base, linkage) for base in BASES)


def glibc_needed(linkage: Linkage) -> tuple[int, int] | None:
    """The newest glibc version that a symbol asks for, None when none does."""
    texts = [text for item in linkage.versions for text in item.versions]
    found = [(int(m[1]), int(m[2])) for m in map(_VERSION.match, texts) if m]
    return max(found, default=None)


def _verdict(base: str, linkage: Linkage) -> RunsOn:
    if linkage.static:
        return RunsOn(base, True, "no-interpreter" if base == SCRATCH else "no-interpreter-certificates" if base == STATIC else "no-interpreter")  # fmt: skip
    shown = {"interpreter": linkage.interpreter}
    musl = "ld-musl" in linkage.interpreter
    if base in (SCRATCH, STATIC) or musl != (base == ALPINE):
        return RunsOn(base, False, "interpreter", shown)
    known = [_MUSL_LIBRARIES] if musl else [_GLIBC_LIBRARIES, _BASE_LIBRARIES]
    if base == DEBIAN:
        known = [_GLIBC_LIBRARIES, _DEBIAN_LIBRARIES]
    missing = [name for name in linkage.needed if not any(item.match(name) for item in known)]
    if missing:
        return RunsOn(base, False, "libraries", {"libraries": listed(missing)})
    if musl:
        return RunsOn(base, True, "musl", shown)
    version = ".".join(map(str, _GLIBC))
    needed = glibc_needed(linkage)
    if needed is not None and needed > _GLIBC:
        texts = {"needed": ".".join(map(str, needed)), "version": version}
        return RunsOn(base, False, "glibc-version", texts)
    return RunsOn(base, True, "glibc", {**shown, "version": version})
