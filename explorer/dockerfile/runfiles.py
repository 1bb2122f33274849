"""What an image holds of its own that its program may read when it runs: everything but what building leaves behind."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from explorer.filesystem.columnfile import Array
from explorer.filesystem.layer import Flag, Kind
from explorer.findings.analysis import Analysis
from explorer.findings.category import CODE
from explorer.findings.detect import SHARED_FOLDERS
from explorer.image.history import instruction

# What a build leaves behind, by category: never carried over.
_WASTE = (
    "go-toolchain", "go-build-cache", "go-module-cache", "vcs", "package-cache", "c-toolchain", "documentation", "test-data",
    "debug-symbols", "package-database", "temporary",
)  # fmt: skip
# Files that only building, packaging or editing reads, by name.
_BUILD_FILES = re.compile(
    rb"(?:.*\.go|go\.(?:mod|sum|work|work\.sum)|Dockerfile.*|Containerfile.*|.*\.dockerfile|\.dockerignore|\.git(?:ignore|attributes|"
    rb"modules|keep)|Makefile|makefile|Taskfile\.ya?ml|docker-compose.*\.ya?ml|compose\.ya?ml|\.golangci\.ya?ml|\.goreleaser\.ya?ml|"
    rb"\.editorconfig|\.pre-commit-config\.yaml|\.gitlab-ci\.yml|\.travis\.yml|\.air\.toml|README(?:\..*)?|LICENSE(?:\..*)?|"
    rb"CHANGELOG(?:\..*)?|CONTRIBUTING(?:\..*)?|\.DS_Store)"
)  # fmt: skip
# Build folders, and what accounts, package managers and the go command write beside them.
_NOISE = re.compile(
    rb"(?:\.github|\.vscode|\.idea|root/\.config/go|etc/(?:passwd|group|shadow|gshadow|subuid|subgid)-?|etc/ld\.so\.cache|"
    rb"etc/\.pwd\.lock|var/(?:log|cache|lib/(?:dpkg|apt|apk))|lib/apk|etc/apk|run|proc|sys|dev|tmp|var/tmp|root/\.(?:bashrc|profile|"
    rb"wget-hsts|gitconfig|netrc|ssh)|etc/(?:hosts|hostname|resolv\.conf|mtab))(?:/.*)?"
)  # fmt: skip
_VENDOR = re.compile(rb"(?:^|.*/)vendor/.*")
_INSTALLS = re.compile(
    r"\b(?:apt-get|apt|apk|yum|dnf|microdnf|zypper|pacman)\b[^&|;]*\b(?:install|add|-S)\b|\bpip3? install\b|\bnpm (?:i|install|ci)\b"
)
_SYSTEM_TOPS = frozenset(
    {b"bin", b"etc", b"lib", b"lib32", b"lib64", b"opt", b"sbin", b"usr", b"var"}
)
# Beyond this the image carries data of its own that no list of COPY lines should name one by one.
FILES_LIMIT = 20_000


@dataclass(frozen=True)
class RunFile:
    """A file or a folder with all in it that is carried over; `link` is a symbolic link's text."""

    path: str
    bytes: int
    files: int
    folder: bool = False
    empty: bool = False
    link: str = ""


@dataclass(frozen=True)
class RunFiles:
    """What is carried over, biggest parts first named by path; own folders whose owner or mode is not root's 0755."""

    files: tuple[RunFile, ...]
    owners: Mapping[str, tuple[int, int, int]]
    count: int


def own_rows(analysis: Analysis, base_layers: int, *, flattened: bool = False) -> Array:
    """int64[k]: rows of the final file system that the image's own layers hold and that building did not leave behind.

    In a flattened image base and own files share one layer: then only what lies with the program and its sources counts.
    """
    stack = analysis.stack
    layer = (
        np.asarray(analysis.stack_layers, dtype=np.int64)[stack.layer]
        if len(stack)
        else stack.layer
    )
    chosen = stack.merged() & (layer >= base_layers)
    chosen &= ~np.isin(analysis.category, [CODE[name] for name in _WASTE])
    if flattened:
        chosen &= np.isin(analysis.category, [CODE["application"], CODE["source"]])
    chosen &= np.isin(stack.kind, (Kind.FILE, Kind.HARDLINK, Kind.SYMLINK, Kind.DIRECTORY))
    return np.flatnonzero(chosen)


def installs_packages(step: str) -> bool:
    """Whether a history line installs packages."""
    return bool(_INSTALLS.search(step))


def run_files(analysis: Analysis, rows: Array, entry: str, working_dir: str) -> RunFiles:
    """The rows as few paths as possible: whole folders where all of them is carried."""
    stack, tree = analysis.stack, analysis.stack.tree
    installing = _installing_layers(analysis)
    vendored = _vendored(analysis)
    leaves: list[int] = []
    folders: list[int] = []
    for row in rows.tolist():
        node = int(stack.node[row])
        path = tree.path(node)
        if b"/" + path == entry.encode("utf-8", "surrogateescape") or _ignored(path, vendored):
            continue
        if int(stack.layer[row]) in installing and path.split(b"/", 1)[0] in _SYSTEM_TOPS:
            continue
        (folders if stack.kind[row] == Kind.DIRECTORY else leaves).append(row)
    return _collapsed(analysis, leaves, folders, working_dir)


def _ignored(path: bytes, vendored: tuple[bytes, ...]) -> bool:
    name = path.rpartition(b"/")[2]
    if _BUILD_FILES.fullmatch(name) or any(path.startswith(prefix) for prefix in vendored):
        return True
    parts = path.split(b"/")
    return bool(_NOISE.fullmatch(path)) or any(
        p in (b".github", b".vscode", b".idea") for p in parts
    )


def _vendored(analysis: Analysis) -> tuple[bytes, ...]:
    """Folders of vendored modules: those with a modules.txt."""
    stack, tree = analysis.stack, analysis.stack.tree
    found = []
    live = np.flatnonzero(stack.merged() & (stack.kind == Kind.FILE))
    names = tree.name_offsets
    nodes = stack.node[live]
    short = nodes[(names[nodes + 1] - names[nodes]) == len(b"modules.txt")]
    for node in short.tolist():
        path = tree.path(node)
        if path.endswith(b"vendor/modules.txt"):
            found.append(path.removesuffix(b"modules.txt"))
    return tuple(found)


def _installing_layers(analysis: Analysis) -> frozenset[int]:
    """Layers of the stack whose step installs packages: what they put into system folders belongs to packages."""
    found = set()
    for place, index in enumerate(analysis.stack_layers):
        step = analysis.image.layers[index].history
        if step is not None and installs_packages(instruction(step.created_by)):
            found.add(place)
    return frozenset(found)


def _collapsed(
    analysis: Analysis, leaves: list[int], folders: list[int], working_dir: str
) -> RunFiles:
    stack, tree = analysis.stack, analysis.stack.tree
    live = stack.merged()
    is_leaf = live & (stack.kind != Kind.DIRECTORY)
    held = tree.roll_up(np.bincount(stack.node[is_leaf], minlength=len(tree)))
    carried_here = (
        np.bincount(stack.node[leaves], minlength=len(tree))
        if leaves
        else np.zeros(len(tree), dtype=np.int64)
    )
    carried = tree.roll_up(carried_here)
    sizes = np.zeros(len(tree), dtype=np.int64)
    np.add.at(sizes, stack.node[leaves], stack.size[leaves])
    total = tree.roll_up(sizes)
    shared = {tree.find(path.encode()) for path in SHARED_FOLDERS} | {0}
    places: dict[int, RunFile] = {}
    for row in leaves[:FILES_LIMIT]:
        node = int(stack.node[row])
        way = tree.ancestors(node)
        whole = next(
            (n for n in way if n not in shared and n != node and held[n] == carried[n]), node
        )
        if whole in places:
            continue
        link = ""
        if whole == node and stack.kind[row] == Kind.SYMLINK:
            link = stack.link_target(row).decode("utf-8", "surrogateescape")
        path = "/" + tree.path(whole).decode("utf-8", "surrogateescape")
        places[whole] = RunFile(
            path, int(total[whole]), int(carried[whole]), whole != node, link=link
        )
    found = list(places.values())
    owners = _owners(analysis, folders)
    found += _empty_folders(analysis, folders, held, {file.path for file in found}, working_dir)
    return RunFiles(tuple(sorted(found, key=lambda f: f.path)), owners, len(leaves))


def _owners(analysis: Analysis, folders: list[int]) -> dict[str, tuple[int, int, int]]:
    stack, tree = analysis.stack, analysis.stack.tree
    found = {}
    for row in folders:
        mode = int(stack.mode[row]) & 0o7777
        if stack.flags[row] & Flag.IMPLIED or (
            not stack.uid[row] and not stack.gid[row] and mode == 0o755
        ):
            continue
        path = "/" + tree.path(int(stack.node[row])).decode("utf-8", "surrogateescape")
        found[path] = (int(stack.uid[row]), int(stack.gid[row]), mode)
    return found


def _empty_folders(
    analysis: Analysis, folders: list[int], held: Array, taken: set[str], working_dir: str
) -> list[RunFile]:
    """Folders that the image made and left empty: its program writes there."""
    stack, tree = analysis.stack, analysis.stack.tree
    found = []
    own = set(folders)
    empty = [row for row in folders if not held[int(stack.node[row])]]
    nodes = sorted({int(stack.node[row]) for row in empty})
    for row in empty:
        node = int(stack.node[row])
        path = "/" + tree.path(node).decode("utf-8", "surrogateescape")
        first = int(stack.rows_at(node)[0])
        base = (
            stack.layer[first] < stack.layer[row]
            and stack.kind[first] == Kind.DIRECTORY
            and first not in own
        )
        above = {
            "/" + tree.path(n).decode("utf-8", "surrogateescape") for n in tree.ancestors(node)
        }
        if base or above & taken or path in (working_dir, "/go"):
            continue
        if path.startswith(("/go/", "/root/.config/")):
            continue
        following = bisect_right(nodes, node)
        if following < len(nodes) and nodes[following] < int(tree.end[node]):
            continue  # made on the way to a deeper one
        found.append(RunFile(path, 0, 0, folder=True, empty=True))
    return found
