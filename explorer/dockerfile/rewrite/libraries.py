"""The loader and the C libraries of a dynamically linked program, where they can be taken from the old image."""

from __future__ import annotations

import posixpath

from explorer.dockerfile.rewrite.case import Case

# Libraries of glibc and of GCC's runtime, which need nothing but each other; of others nobody knows what they load.
_CLOSED = {
    "libc.so.6": (), "libpthread.so.0": (), "libdl.so.2": (), "libm.so.6": (), "librt.so.1": (), "libresolv.so.2": (),
    "libgcc_s.so.1": (), "libstdc++.so.6": ("libm.so.6", "libgcc_s.so.1"), "libutil.so.1": (),
}  # fmt: skip
# glibc loads these by name when host names are looked up; since 2.34 they are empty shells.
_LOOKED_UP = ("libnss_files.so.2", "libnss_dns.so.2")
_TRIPLES = {
    "amd64": "x86_64-linux-gnu",
    "arm64": "aarch64-linux-gnu",
    "arm": "arm-linux-gnueabihf",
    "386": "i386-linux-gnu",
}


def carried_libraries(case: Case) -> tuple[tuple[str, int], ...]:
    """(path, bytes) of the loader and of all libraries; empty when one is not found or not known to be self-contained."""
    facts, evidence = case.facts, case.evidence
    loader = evidence.bytes_of(facts.interpreter) if facts.interpreter else -1
    if loader < 0:
        return ()
    found = [(facts.interpreter, loader)]
    if "musl" in posixpath.basename(facts.interpreter):
        musl = all(name.startswith("libc.musl") for name in facts.needed)
        return _with_musl(case, found) if musl else ()
    wanted = dict.fromkeys(name for name in facts.needed if not name.startswith("ld-linux"))
    for name in list(wanted):
        wanted |= dict.fromkeys(_CLOSED.get(name, ()))
    folders = _folders(case)
    for name in wanted:
        place = next((p for f in folders if evidence.bytes_of(p := f"{f}/{name}") >= 0), "")
        if name not in _CLOSED or not place:
            return ()
        found.append((place, evidence.bytes_of(place)))
    for name in _LOOKED_UP if "libc.so.6" in wanted else ():
        place = next((p for f in folders if evidence.bytes_of(p := f"{f}/{name}") >= 0), "")
        found += [(place, evidence.bytes_of(place))] if place else []
    return tuple(found)


def _with_musl(case: Case, found: list[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """musl's loader is its libc; programs name it by a second name, which is a link to it."""
    for name in case.facts.needed:
        size = case.evidence.bytes_of(f"/lib/{name}")
        if size < 0:
            return ()
        found.append((f"/lib/{name}", size))
    return tuple(found)


def _folders(case: Case) -> tuple[str, ...]:
    """Where the loader looks without a cache of its own: Debian's folder for the architecture, then the usual ones."""
    triple = _TRIPLES.get(case.evidence.analysis.image.platform.architecture, "")
    own = (f"/lib/{triple}", f"/usr/lib/{triple}") if triple else ()
    return (*own, "/lib64", "/usr/lib64", "/lib", "/usr/lib")
