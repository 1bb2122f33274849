"""What an attacker would find in an image: shells, package managers, compilers, setuid files, writable places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from explorer.filesystem.columnfile import Array
from explorer.filesystem.layer import Kind
from explorer.filesystem.texts import Texts
from explorer.filesystem.tree import FileTree
from explorer.findings.analysis import Analysis
from explorer.translation import mark, tr

# Programs by what they let somebody do who got in; names as distributions install them.
_PROGRAMS: Mapping[str, frozenset[bytes]] = {
    "shells": frozenset(
        {b"sh", b"bash", b"dash", b"ash", b"zsh", b"ksh", b"csh", b"tcsh", b"fish", b"busybox"}
    ),
    "package-managers": frozenset(
        {b"apt", b"apt-get", b"dpkg", b"apk", b"yum", b"dnf", b"microdnf", b"rpm", b"zypper",
         b"pacman", b"pip", b"pip3", b"npm", b"yarn", b"pnpm", b"gem", b"cargo"}
    ),
    "compilers": frozenset(
        {b"gcc", b"g++", b"cc", b"c++", b"clang", b"clang++", b"tcc", b"go", b"rustc", b"javac",
         b"as", b"ld", b"make", b"cmake"}
    ),
    "interpreters": frozenset(
        {b"python", b"python2", b"python3", b"perl", b"ruby", b"node", b"lua", b"php", b"awk",
         b"gawk", b"mawk"}
    ),
    "network-tools": frozenset(
        {b"curl", b"wget", b"nc", b"netcat", b"ncat", b"socat", b"ssh", b"scp", b"telnet", b"ftp",
         b"tcpdump", b"nmap", b"git"}
    ),
}  # fmt: skip
LABELS: Mapping[str, str] = {
    "shells": mark("Shells"),
    "package-managers": mark("Package managers"),
    "compilers": mark("Compilers and linkers"),
    "interpreters": mark("Interpreters"),
    "network-tools": mark("Network tools"),
    "setuid": mark("Setuid and setgid files"),
    "world-writable": mark("World-writable paths"),
    "root": mark("User it runs as"),
}
# Scripts and links there are named after programs (/etc/cron.daily/dpkg, /etc/alternatives/cc), and are none.
_NO_PROGRAMS = (b"etc/", b"usr/share/")
_EXECUTABLE = 0o111
_SETID = 0o6000
_STICKY = 0o1000
_OTHERS_WRITE = 0o002


@dataclass(frozen=True)
class Surface:
    """Paths (raw bytes, sorted) by kind; `user` is who the image runs as, as its config says it."""

    paths: Mapping[str, tuple[bytes, ...]]
    user: str

    @property
    def runs_as_root(self) -> bool:
        """Whether the config names root or nobody at all."""
        return self.user.partition(":")[0] in ("", "0", "root")

    @property
    def runs_as(self) -> str:
        """The user, perhaps with a group, as the config names it: root where it names none; untrusted text."""
        return self.user or "root"


def label(kind: str) -> str:
    """The kind in the user's language."""
    return tr(LABELS[kind])


def surface(analysis: Analysis) -> Surface:
    """The attack surface of an image's final file system."""
    stack = analysis.stack
    rows = np.flatnonzero(stack.merged())
    kind, mode = stack.kind[rows], stack.mode[rows].astype(np.int64)
    runnable = np.isin(kind, (Kind.FILE, Kind.HARDLINK)) & (mode & _EXECUTABLE > 0)
    runnable |= kind == Kind.SYMLINK
    found: dict[str, list[int]] = {name: [] for name in LABELS if name != "root"}
    for node in _named_so(stack.tree, stack.node[rows[runnable]]).tolist():
        name = stack.tree.name(node)
        groups = [group for group, programs in _PROGRAMS.items() if name in programs]
        if groups and not stack.tree.path(node).startswith(_NO_PROGRAMS):
            for group in groups:
                found[group].append(node)
    regular = np.isin(kind, (Kind.FILE, Kind.HARDLINK))
    setid = regular & (mode & _SETID > 0) & (mode & _EXECUTABLE > 0)
    open_place = (mode & _OTHERS_WRITE > 0) & (
        regular | ((kind == Kind.DIRECTORY) & (mode & _STICKY == 0))
    )
    found["setuid"] = stack.node[rows[setid]].tolist()
    found["world-writable"] = stack.node[rows[open_place]].tolist()
    return Surface(
        {group: tuple(sorted(map(stack.tree.path, held))) for group, held in found.items()},
        analysis.image.config.user,
    )


def _named_so(tree: FileTree, nodes: Array) -> Array:
    """Those of the nodes that have the name of a program, and perhaps a few others."""
    programs = sorted(frozenset[bytes]().union(*_PROGRAMS.values()))
    lengths = np.array([len(name) for name in programs], dtype=np.int64)
    blob = np.frombuffer(b"".join(programs), dtype=np.uint8)
    wanted = Texts(blob, np.cumsum(lengths) - lengths, lengths).hashes()
    names = Texts.of(tree.names, tree.name_offsets, nodes)
    return np.asarray(nodes[np.isin(names.hashes(), wanted)])
