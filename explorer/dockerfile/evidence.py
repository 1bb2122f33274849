"""What an image itself tells about how it may be rewritten: what it runs, what that may read, what its base was."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from explorer.dockerfile.bases import LocalImage
from explorer.dockerfile.historyline import UNKNOWN
from explorer.dockerfile.reconstruct import Reconstruction, reconstruct
from explorer.dockerfile.runfiles import RunFile, own_rows, run_files
from explorer.dockerfile.shell import script
from explorer.filesystem.columnfile import Array
from explorer.filesystem.layer import Kind
from explorer.findings.analysis import Analysis
from explorer.findings.category import CATEGORIES
from explorer.findings.entry import FinalFiles, runs_go_command
from explorer.image.model import Config

ELF, SCRIPT, OTHER = "elf", "script", "other"
_ELF_MAGIC, _SHEBANG = b"\x7fELF", b"#!"
_SHELL_NAMES = frozenset({"sh", "bash", "ash", "dash"})
_SYSTEM_FOLDERS = ("/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/")
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
TIME_ZONES = "/usr/share/zoneinfo"
LEAP_ZONES = "/usr/share/zoneinfo/right"
GO_TIME_ZONES = "/usr/local/go/lib/time/zoneinfo.zip"
ACCOUNTS = ("/etc/passwd", "/etc/group")
NAME_SERVICES = ("/etc/nsswitch.conf",)
FILE_TYPES = (
    "/etc/mime.types",
    "/etc/apache2/mime.types",
    "/etc/apache/mime.types",
    "/usr/share/mime/globs2",
)
SERVICES = ("/etc/services", "/etc/protocols")
_SYSTEM_FILES = (
    CERTIFICATES, GO_TIME_ZONES, *ACCOUNTS, *NAME_SERVICES, *FILE_TYPES, *SERVICES, "/etc/localtime", "/bin/sh", "/bin/bash",
    "/usr/bin/strip", "/usr/bin/ldd",
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """What the image starts: `line` for the shell form, `words` else; `path` is the program's real place, "" if unknown."""

    words: tuple[str, ...] = ()
    line: str = ""
    called: str = ""
    path: str = ""
    kind: str = ""
    bytes: int = 0
    layer: int = -1
    through_path: bool = False  # found in PATH, so PATH must stay
    shebang: str = ""
    program: str = ""  # the compiled program: `path` itself, or what a start script is handed
    program_bytes: int = 0
    program_layer: int = -1


@dataclass(frozen=True, eq=False)
class Evidence:
    """Facts of one analysed image; sizes in bytes."""

    analysis: Analysis
    final: FinalFiles
    rebuilt: Reconstruction
    entry: Entry
    files: Mapping[str, int]  # system files that the final file system has
    time_zone_bytes: int
    run_files: tuple[RunFile, ...]
    folder_owners: Mapping[
        str, tuple[int, int, int]
    ]  # own folders that are not root's 0755: uid, gid, mode
    layer_bytes: tuple[int, ...]
    base_bytes: int
    base_layers: int
    category_bytes: Mapping[str, int]
    finding_bytes: Mapping[str, int]
    leap_zone_bytes: int = 0  # of time_zone_bytes
    # Ids of findings about files that the program does not take along, the biggest first.
    left_behind: tuple[str, ...] = ()
    capabilities: bool = False
    local_images: tuple[LocalImage, ...] = ()
    run_file_count: int = 0
    unreadable: tuple[str, ...] = field(default=())

    @property
    def config(self) -> Config:
        """The image's run-time config."""
        return self.analysis.image.config

    @property
    def total_bytes(self) -> int:
        """Content of all layers."""
        return self.analysis.totals.content_bytes

    def bytes_of(self, path: str) -> int:
        """Bytes of any regular file of the final file system, -1 when there is none."""
        return file_bytes(self.analysis, self.final, path)

    def has(self, path: str) -> bool:
        """Whether the final file system has this system file."""
        return path in self.files


def gather(analysis: Analysis, local_images: tuple[LocalImage, ...] = ()) -> Evidence:
    """Look at an analysed image; the part of a plan that does not depend on what the user switches."""
    rebuilt = reconstruct(analysis.image, local_images)
    stack, config = analysis.stack, analysis.image.config
    final = FinalFiles(stack)
    live = stack.merged()
    entry = find_entry(analysis, final)
    base = rebuilt.base
    flattened = base.confidence == UNKNOWN and base.layers >= len(analysis.image.layers)
    base_layers = 0 if flattened else base.layers
    rows = own_rows(analysis, base_layers, flattened=flattened)
    found = run_files(analysis, rows, entry.path, config.working_dir)
    by_category = analysis.category_bytes()
    findings: dict[str, int] = {}
    for finding in analysis.findings:
        findings[finding.id] = findings.get(finding.id, 0) + finding.bytes
    return Evidence(
        analysis=analysis,
        final=final,
        rebuilt=rebuilt,
        entry=entry,
        files={p: n for p in _SYSTEM_FILES if (n := file_bytes(analysis, final, p)) >= 0},
        time_zone_bytes=_folder_bytes(analysis, live, TIME_ZONES),
        leap_zone_bytes=_folder_bytes(analysis, live, LEAP_ZONES),
        run_files=found.files,
        folder_owners=found.owners,
        layer_bytes=tuple(figures.content_bytes for figures in analysis.layers),
        base_bytes=sum(f.content_bytes for f in analysis.layers[:base_layers]),
        base_layers=base_layers,
        category_bytes={c.id: size for c, (size, _) in zip(CATEGORIES, by_category, strict=True)},
        finding_bytes=findings,
        left_behind=_left_behind(analysis, rows, entry, live),
        capabilities=any("setcap" in step.created_by for step in analysis.image.history),
        local_images=local_images,
        run_file_count=found.count,
    )


def _left_behind(analysis: Analysis, own: Array, entry: Entry, live: Array) -> tuple[str, ...]:
    """Findings that go away when only the program and what it reads are carried over, the biggest first.

    What overlaps with others (debug symbols) is a part of files that stay.
    """
    stack = analysis.stack
    programs = [
        stack.tree.find(path.strip("/").encode("utf-8", "surrogateescape"))
        for path in (entry.path, entry.program)
        if path
    ]
    carried = live & np.isin(stack.node, programs)
    carried[own] = True
    found = [f.id for f in analysis.findings if not f.overlaps and not carried[f.rows].all()]
    return tuple(dict.fromkeys(found))


def find_entry(analysis: Analysis, final: FinalFiles) -> Entry:
    """The program behind ENTRYPOINT and CMD; of a shell line the first that is no tool of the system."""
    config = analysis.image.config
    words = config.entrypoint or config.cmd
    if not words:
        return Entry()
    line, called = "", [words[0]]
    if len(words) >= 3 and words[0].rpartition("/")[2] in _SHELL_NAMES and words[1].endswith("c"):
        line = words[2]
        called = [c.words[0].value for c in script(line).commands if c.words]
    if runs_go_command(config):
        return Entry(words, line, called[0] if called else "")
    found = []
    for name in called:
        for candidate in _candidates(name, config):
            node = final.resolve(candidate.encode("utf-8", "surrogateescape"))
            if node >= 0:
                found.append(_entry_at(analysis, node, words, line, name, candidate))
                break
    own = [entry for entry in found if not entry.path.startswith(_SYSTEM_FOLDERS)]
    if own or found:
        return _with_program(analysis, final, own[0] if own else found[-1])
    return Entry(words, line, called[0] if called else "")


def _with_program(analysis: Analysis, final: FinalFiles, entry: Entry) -> Entry:
    """The entry with the compiled program behind it: a start script gets it as its first arguments."""
    if entry.kind == ELF:
        return replace(
            entry, program=entry.path, program_bytes=entry.bytes, program_layer=entry.layer
        )
    config = analysis.image.config
    for word in (*config.entrypoint[1:], *config.cmd) if entry.kind == SCRIPT else ():
        for candidate in _candidates(word, config):
            node = final.resolve(candidate.encode("utf-8", "surrogateescape"))
            found = _entry_at(analysis, node, (), "", word, candidate) if node >= 0 else None
            if (
                found is not None
                and found.kind == ELF
                and not found.path.startswith(_SYSTEM_FOLDERS)
            ):
                return replace(
                    entry, program=found.path, program_bytes=found.bytes, program_layer=found.layer
                )
    return entry


def _entry_at(
    analysis: Analysis, node: int, words: tuple[str, ...], line: str, called: str, candidate: str
) -> Entry:
    stack = analysis.stack
    rows = stack.rows_at(node)
    row = int(rows[stack.until[rows] == stack.layer_count][-1])
    payload = int(stack.payload_row[row])
    row = payload if payload >= 0 else row
    head = bytes(stack.head[row])
    kind = ELF if head.startswith(_ELF_MAGIC) else SCRIPT if head.startswith(_SHEBANG) else OTHER
    path = "/" + stack.tree.path(node).decode("utf-8", "surrogateescape")
    return Entry(
        words=words,
        line=line,
        called=posixpath.normpath(candidate),
        path=path,
        kind=kind,
        bytes=int(stack.size[row]),
        layer=analysis.stack_layers[int(stack.layer[row])],
        through_path="/" not in called,
        shebang=head.partition(b"\n")[0].decode("ascii", "replace") if kind == SCRIPT else "",
    )


def _candidates(called: str, config: Config) -> list[str]:
    if not called or re.search(r"[$`*\0]", called):
        return []
    if called.startswith("/"):
        return [called]
    if "/" in called:
        return [f"{config.working_dir or '/'}/{called}"]
    folders = (config.variable("PATH") or _DEFAULT_PATH).split(":")
    return [f"{folder}/{called}" for folder in folders[:32] if folder]


def file_bytes(analysis: Analysis, final: FinalFiles, path: str) -> int:
    """Bytes of a regular file of the final file system, links followed; -1 when there is none."""
    stack, node = analysis.stack, final.resolve(path.encode("utf-8", "surrogateescape"))
    if node < 0:
        return -1
    rows = stack.rows_at(node)
    live = rows[stack.until[rows] == stack.layer_count]
    payload = int(stack.payload_row[int(live[-1])]) if len(live) else -1
    return int(stack.size[payload]) if payload >= 0 else 0


def _folder_bytes(analysis: Analysis, live: Array, path: str) -> int:
    """Payload bytes below a folder in the final file system, 0 when there is none."""
    stack = analysis.stack
    node = stack.tree.find(path.encode())
    if node < 0:
        return 0
    inside = (stack.node >= node) & (stack.node < int(stack.tree.end[node]))
    return int(stack.size[np.flatnonzero(inside & live & (stack.kind == Kind.FILE))].sum())
