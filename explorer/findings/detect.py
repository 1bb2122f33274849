"""Finds places that no path tells: each detector looks for a structure that only its cause leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from explorer.filesystem.columnfile import Array
from explorer.filesystem.layer import Kind
from explorer.filesystem.union import Stack
from explorer.findings.entry import entry_nodes, named_nodes
from explorer.findings.pattern import Places
from explorer.image.model import Config

_NONE: Array = np.zeros(0, dtype=np.int64)
# First four bytes of an ELF file, little endian (ELF specification, e_ident).
_ELF = 0x464C457F
_ET_REL, _ET_EXEC, _ET_DYN, _ET_CORE = 1, 2, 3, 4
# Microsoft's program database and the portable one of .NET.
_PDB = (b"Microsoft C/C++ MSF ", b"BSJB")
# The go command makes all 256 folders 00..ff at once; images hold those that have files in them.
_CACHE_FOLDERS = 16
_DIGEST_NAME = 66  # 64 hex digits and -a or -d: cmd/go/internal/cache, (*DiskCache).fileName


@dataclass(frozen=True, eq=False)
class Found:
    """What a detector found: int64 nodes of directories (each with all in it) and of single files."""

    directories: Array
    files: Array


# Folders that hold things of many causes: none of them is a cache, a toolchain or an application as a whole.
SHARED_FOLDERS = frozenset(
    {"", "bin", "boot", "dev", "etc", "home", "lib", "lib32", "lib64", "media", "mnt", "opt", "proc", "root", "run",
     "sbin", "srv", "sys", "tmp", "usr", "usr/bin", "usr/lib", "usr/lib32", "usr/lib64", "usr/libexec", "usr/local",
     "usr/local/bin", "usr/local/etc", "usr/local/include", "usr/local/lib", "usr/local/libexec", "usr/local/sbin",
     "usr/local/share", "usr/local/src", "usr/sbin", "usr/share", "usr/src", "var", "var/cache", "var/lib", "var/local",
     "var/log", "var/opt", "var/run", "var/spool", "var/tmp", "var/www"}
)  # fmt: skip
# A service is often copied straight into root's home.
_HOMES = frozenset({"root"})
Detector = Callable[[Stack, Places, Config], Found]


def go_toolchain(_stack: Stack, places: Places, _config: Config) -> Found:
    """Directories with VERSION and bin/go beside src/runtime or pkg/tool: a GOROOT, wherever it lies."""
    names = places.names
    roots = np.intersect1d(names.owners(b"VERSION"), names.owners(b"bin/go"))
    parts = np.union1d(names.owners(b"src/runtime"), names.owners(b"pkg/tool"))
    return _directories(np.intersect1d(roots, parts))


def go_build_cache(_stack: Stack, places: Places, _config: Config) -> Found:
    """Directories of two-digit hex folders that hold 64-digit -a and -d files: Go's build cache, wherever GOCACHE was."""
    names, parent = places.names, places.tree.parent
    files = (names.lengths == _DIGEST_NAME) & (names.ending(b"-a") | names.ending(b"-d"))
    nodes = np.flatnonzero(files)
    folders = parent[nodes]
    first_two = np.uint64(0xFFFF)
    named = (names.lengths[folders] == 2) & (
        (names.heads[folders] & first_two) == (names.heads[nodes] & first_two)
    )
    folders = np.unique(folders[named])
    roots, counts = np.unique(parent[folders], return_counts=True)
    signed = np.union1d(names.owners(b"trim.txt"), names.owners(b"README"))
    return _directories(roots[(counts >= _CACHE_FOLDERS) | np.isin(roots, signed)])


def go_module_cache(_stack: Stack, places: Places, _config: Config) -> Found:
    """Directories with a cache/download that holds an @v: Go's module cache, wherever GOMODCACHE was."""
    tree, names = places.tree, places.names
    versions = names.matching(b"@v")
    roots = names.owners(b"cache/download")
    starts = np.searchsorted(versions, roots)
    stops = np.searchsorted(versions, tree.end[roots])
    return _directories(roots[stops > starts])


def go_module(_stack: Stack, places: Places, _config: Config) -> Found:
    """Directories with a go.mod; rules for caches and toolchains have a higher priority."""
    return _directories(_private(places, places.names.owners(b"go.mod"), _HOMES))


def vendor_folder(_stack: Stack, places: Places, _config: Config) -> Found:
    """Directories named vendor that hold Go's modules.txt."""
    names = places.names
    return _directories(np.intersect1d(names.owners(b"modules.txt"), names.matching(b"vendor")))


def entry_program(stack: Stack, _places: Places, config: Config) -> Found:
    """The files that entrypoint, command, health check and environment name."""
    return Found(_NONE, np.asarray(sorted(named_nodes(stack, config)), dtype=np.int64))


def program(stack: Stack, places: Places, _config: Config) -> Found:
    """ELF executables and shared libraries."""
    return Found(_NONE, _elf_programs(stack, places))


def go_test_binary(stack: Stack, places: Places, _config: Config) -> Found:
    """ELF executables named *.test: what `go test -c` writes."""
    nodes = _elf_programs(stack, places)
    return Found(_NONE, nodes[places.names.ending(b".test")[nodes]])


def core_dump(stack: Stack, places: Places, _config: Config) -> Found:
    """ELF core files, whatever their name."""
    return Found(_NONE, _elf_files(stack, places, _ET_CORE))


def debug_data(stack: Stack, places: Places, _config: Config) -> Found:
    """Files of separate debug data, by their name and their first bytes."""
    names = places.names
    elf = _elf_files(stack, places, _ET_REL, _ET_EXEC, _ET_DYN)
    named = names.ending(b".debug") | names.ending(b".dwo") | names.ending(b".dwp")
    pdb = names.matching(b"*.pdb")
    begins = [bytes(head) for head in stack.head[_first_rows(stack, pdb)]]
    kept = [head.startswith(_PDB) for head in begins]
    return Found(_NONE, np.union1d(elf[named[elf]], pdb[np.asarray(kept, dtype=bool)]))


def application_folder(stack: Stack, places: Places, config: Config) -> Found:
    """The working directory and the folders of the entry files: what lies there comes with the application."""
    tree = places.tree
    folders = {int(tree.parent[node]) for node in entry_nodes(stack, config)}
    if config.working_dir.startswith("/"):
        folders.add(tree.find(config.working_dir.encode("utf-8", "surrogateescape")))
    return _directories(_private(places, np.asarray(sorted(folders), dtype=np.int64)))


def _first_rows(stack: Stack, nodes: Array) -> Array:
    """int64[k]: one row that holds each of some nodes."""
    row = np.zeros(len(stack.tree), dtype=np.int64)
    row[stack.node] = np.arange(len(stack))
    return np.asarray(row[nodes])


def _private(places: Places, nodes: Array, allowed: frozenset[str] = frozenset()) -> Array:
    """`nodes` without those of shared folders."""
    shared = [places.tree.find(path.encode()) for path in SHARED_FOLDERS - allowed]
    for folder in (b"usr/lib", b"lib"):
        # Debian's folders of one architecture: usr/lib/x86_64-linux-gnu.
        node = places.tree.find(folder)
        children = places.tree.children(node).tolist() if node > 0 else []
        shared += [child for child in children if b"-linux-" in places.tree.name(child)]
    return np.setdiff1d(nodes, shared)


def _directories(nodes: Array) -> Found:
    nodes = nodes[nodes > 0].astype(np.int64)
    return Found(nodes, _NONE)


def _elf_programs(stack: Stack, places: Places) -> Array:
    """int64[k]: nodes of ELF files that are executables or shared objects."""
    return _elf_files(stack, places, _ET_EXEC, _ET_DYN)


def _elf_files(stack: Stack, places: Places, *types: int) -> Array:
    """int64[k]: nodes of ELF files of some types (e_type at offset 16 in the file's byte order)."""
    if not len(stack):
        return _NONE
    head = np.ascontiguousarray(stack.head)
    rows = np.flatnonzero(
        (head[:, :4].copy().view("<u4")[:, 0] == _ELF) & (stack.kind == Kind.FILE)
    )
    big_endian = head[rows, 5] == 2
    low = np.where(big_endian, head[rows, 17], head[rows, 16])
    high = np.where(big_endian, head[rows, 16], head[rows, 17])
    rows = rows[np.isin(low, types) & (high == 0)]
    nodes = np.unique(stack.node[rows]).astype(np.int64)
    return nodes[~places.is_directory[nodes]]


DETECTORS: Mapping[str, Detector] = {
    "go-toolchain": go_toolchain,
    "go-build-cache": go_build_cache,
    "go-module-cache": go_module_cache,
    "go-module": go_module,
    "vendor-folder": vendor_folder,
    "entry-program": entry_program,
    "program": program,
    "go-test-binary": go_test_binary,
    "application-folder": application_folder,
    "core-dump": core_dump,
    "debug-data": debug_data,
}
