"""What a Go source folder tells: its modules, what it embeds, and calls that depend on how and where it is built or run."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from explorer.task import Task

# Bounds of the scan: a source tree beyond them is looked at in part, and `complete` says so.
_FILES_LIMIT = 50_000
_BYTES_LIMIT = 64 << 20
_FILE_BYTES = 4 << 20
_PLACES_KEPT = 5
_SKIPPED = frozenset({".git", ".hg", ".svn", "node_modules", "testdata"})
# What to look for in Go code, by the name under which rules ask for it.
_CALLS: Mapping[str, re.Pattern[str]] = {
    "cgo": re.compile(r'^[ \t]*import[ \t]+"C"|^[ \t]*"C"[ \t]*$', re.MULTILINE),
    "cgo-tag": re.compile(r"^//go:build\s.*\bcgo\b|^// \+build\s.*\bcgo\b", re.MULTILINE),
    "caller": re.compile(r"\bruntime\.Caller(?:s|sFrames)?\("),
    "build-info": re.compile(r"\bdebug\.ReadBuildInfo\(|\bvcs\.(?:revision|time|modified)\b"),
    "programs": re.compile(r"\bexec\.(?:Command|CommandContext|LookPath)\(|\bsyscall\.Exec\(|\bos\.StartProcess\("),
    "plugins": re.compile(r"\bplugin\.Open\("),
    "time-zones": re.compile(r"\btime\.LoadLocation\("),
    "temporary-files": re.compile(r"\bos\.(?:CreateTemp|MkdirTemp|TempDir)\(|\bioutil\.Temp(?:File|Dir)\(|\"/tmp/"),
    "users": re.compile(r"\buser\.(?:Current|Lookup|LookupId|LookupGroup)\("),
    "files": re.compile(
        r"\bLoadHTML(?:Glob|Files)\(|\.Static(?:FS|File)?\(|\bhttp\.(?:Dir|ServeFile|FileServer)\(|\.Parse(?:Glob|Files)\(|"
        r"\bos\.(?:Open|ReadFile|ReadDir|DirFS)\(|\bioutil\.ReadFile\(|\bviper\.|\bgodotenv\.Load|\"file://"
    ),
    "generate": re.compile(r"^//go:generate\b", re.MULTILINE),
    "home": re.compile(r"\bos\.(?:UserHomeDir|UserCacheDir|UserConfigDir)\(|Getenv\(\"HOME\"\)"),
}  # fmt: skip
# Files that Go builds for other systems only (go/build/syslist.go).
_OTHER_SYSTEM = re.compile(
    r"_(?:aix|android|darwin|dragonfly|freebsd|illumos|ios|js|netbsd|openbsd|plan9|solaris|wasip1|windows)(?:_[a-z0-9]+)?\.go$"
)
_COMMAND = re.compile(
    r'\bexec\.(?:Command|LookPath)\(\s*"([^"]+)"|\bexec\.CommandContext\([^,]+,\s*"([^"]+)"'
)
_EMBED = re.compile(r"^//go:embed\s+(.+)$", re.MULTILINE)
_LITERAL = re.compile(r'"([\w][\w./*-]{1,80})"')
_MODULE = re.compile(r'^module\s+"?([^\s"]+)', re.MULTILINE)
_GO = re.compile(r"^go\s+(\d+\.\d+(?:\.\d+)?)", re.MULTILINE)
_REPLACE = re.compile(
    r"^\s*(?:replace\s+)?\S+(?:\s+v\S+)?\s+=>\s+(\.{1,2}(?:/\S*)?)\s*(?://.*)?$", re.MULTILINE
)
_USE = re.compile(r"^\s*(?:use\s+)?(\.{1,2}(?:/\S*)?)\s*(?://.*)?$", re.MULTILINE)


@dataclass(frozen=True)
class SourceFacts:
    """A source folder; paths are relative with "/" between parts, `calls` map a name to the first places it stands at."""

    root: str = ""
    paths: frozenset[str] = frozenset()
    module: str = ""
    go_version: str = ""
    local_replacements: tuple[str, ...] = ()
    workspace: tuple[str, ...] = ()
    calls: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    programs: tuple[str, ...] = ()
    embeds: tuple[str, ...] = ()
    literals: frozenset[str] = frozenset()
    main_packages: tuple[str, ...] = ()
    ignore_text: str | None = None
    scripts: Mapping[str, str] = field(default_factory=dict)
    complete: bool = True

    def has(self, path: str) -> bool:
        """Whether the folder holds this file."""
        return path in self.paths

    def has_folder(self, path: str) -> bool:
        """Whether the folder holds something below `path`."""
        prefix = path.rstrip("/") + "/"
        return any(item.startswith(prefix) for item in self.paths)

    def where(self, call: str) -> str:
        """The first place of a call, "" when there is none."""
        return next(iter(self.calls.get(call, ())), "")

    @property
    def vendored(self) -> bool:
        """Whether the dependencies come with the sources."""
        return self.has("vendor/modules.txt")


def read_sources(task: Task, folder: Path) -> SourceFacts:
    """Look at a source folder; files are read, nothing is run, links are not followed."""
    scan = _Scan(folder)
    for path, size in _walk(task, folder):
        if len(scan.paths) >= _FILES_LIMIT:
            scan.complete = False
            break
        scan.paths.add(path)
        if size <= _FILE_BYTES:
            scan.look(path, size)
    go_mod, go_work = scan.text("go.mod"), scan.text("go.work")
    return SourceFacts(
        root=str(folder),
        paths=frozenset(scan.paths),
        module=_first(_MODULE, go_mod),
        go_version=_first(_GO, go_mod),
        local_replacements=tuple(_REPLACE.findall(go_mod)),
        workspace=tuple(_USE.findall(go_work)),
        calls={name: tuple(places) for name, places in scan.calls.items()},
        programs=tuple(sorted(scan.programs)),
        embeds=tuple(sorted(scan.embeds)),
        literals=frozenset(scan.literals),
        main_packages=tuple(sorted(scan.mains)),
        ignore_text=scan.text(".dockerignore") if ".dockerignore" in scan.paths else None,
        scripts=scan.scripts,
        complete=scan.complete,
    )


class _Scan:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.paths: set[str] = set()
        self.calls: dict[str, list[str]] = {}
        self.programs: set[str] = set()
        self.embeds: set[str] = set()
        self.literals: set[str] = set()
        self.mains: set[str] = set()
        self.scripts: dict[str, str] = {}
        self.complete = True
        self._read = 0

    def look(self, path: str, size: int) -> None:
        """Read one file when it is Go code or a shell script."""
        if path.endswith(".sh"):
            self.scripts[path] = self.text(path)
        # Vendored modules are like those of the module cache: the program tells what of them is linked.
        if not path.endswith(".go") or path.endswith("_test.go") or path.startswith("vendor/"):
            return
        self._read += size
        if self._read > _BYTES_LIMIT:
            self.complete = False
            return
        self._code(path, self.text(path))

    def _code(self, path: str, code: str) -> None:
        if not _OTHER_SYSTEM.search(path):
            self._calls(path, code)
        folder = path.rpartition("/")[0]
        if re.search(r"^package main\b", code, re.MULTILINE):
            self.mains.add(folder)
        self.programs |= {one or two for one, two in _COMMAND.findall(code)}
        for patterns in _EMBED.findall(code):
            names = (name.strip('"`').removeprefix("all:") for name in patterns.split())
            self.embeds |= {f"{folder}/{name}".lstrip("/") for name in names}
        self.literals |= set(_LITERAL.findall(code))

    def _calls(self, path: str, code: str) -> None:
        for name, pattern in _CALLS.items():
            match = pattern.search(code)
            if match is not None:
                places = self.calls.setdefault(name, [])
                if len(places) < _PLACES_KEPT:
                    places.append(f"{path}:{code.count(chr(10), 0, match.start()) + 1}")

    def text(self, path: str) -> str:
        """A file's text, "" when it cannot be read."""
        try:
            return (self.folder / path).read_bytes()[:_FILE_BYTES].decode("utf-8", "replace")
        except OSError:
            return ""


def _walk(task: Task, folder: Path) -> Iterator[tuple[str, int]]:
    root = os.fspath(folder)
    for place, folders, files in os.walk(root):
        task.checkpoint()
        inside = os.path.relpath(place, root).replace(os.sep, "/")
        prefix = "" if inside == "." else f"{inside}/"
        if ".git" in folders and not prefix:
            yield ".git/HEAD", 0
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        for name in sorted(files):
            try:
                size = os.lstat(os.path.join(place, name)).st_size
            except OSError:
                continue
            yield prefix + name, size


def _first(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match[1] if match else ""
