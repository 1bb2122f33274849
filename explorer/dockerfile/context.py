"""A build context: what docker build would send of a folder, looked at before it is sent, and then sent by us.

The engine does not apply ignore files to a posted context, neither BuildKit nor the classic builder: it is done here.
"""

from __future__ import annotations

import os
import posixpath
import stat
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from explorer.dockerfile.ignore import FILE_LIMIT, IgnoreRules, parse_ignore_file
from explorer.dockerfile.suspects import Suspect, suspect
from explorer.errors import InputError
from explorer.task import Task
from explorer.translation import tr
from explorer.units import display_name, display_text

LARGEST_SHOWN = 20
_PIECE = 1 << 18
_BLOCK = 512
# tarfile.BLOCKSIZE * 20: two empty blocks end a tar, padded to a record.
_RECORD = 10240
# ustar's name field; the tar's first header must be a plain one, or BuildKit takes the tar for a Dockerfile.
_FIRST_NAME_LIMIT = 100
_SPARE_NAMES = ("Dockerfile", "Dockerfile.image-explorer")
_IGNORE_FILE = ".dockerignore"
_EFFECTIVE = os.access in os.supports_effective_ids


@dataclass(frozen=True)
class Entry:
    """What is sent of one path: `kind` is file, directory, symlink, hardlink or other (FIFOs and devices)."""

    path: bytes
    kind: str
    mode: int
    mtime: int
    size: int = 0
    link: bytes = b""
    device: int = 0


@dataclass(frozen=True)
class LeftOut:
    """A path that cannot be sent, and why."""

    path: bytes
    reason: str


@dataclass(frozen=True)
class Context:
    """A folder as a build context; `entries` are sorted, folders before what is in them.

    `dockerfile` is the path the Dockerfile is sent under, `dockerfile_shows` whether a `COPY . .` would copy it.
    """

    root: bytes = b""
    entries: tuple[Entry, ...] = ()
    unreadable: tuple[LeftOut, ...] = ()
    sockets: tuple[bytes, ...] = ()
    suspects: tuple[Suspect, ...] = ()
    ignore_file: str = ""
    ignored: int = 0
    dockerfile: str = "Dockerfile"

    @property
    def files(self) -> int:
        """How many files and links are sent."""
        return sum(entry.kind != "directory" for entry in self.entries)

    @property
    def total_bytes(self) -> int:
        """Bytes of all files; hard links count once."""
        return sum(entry.size for entry in self.entries)

    @property
    def largest(self) -> tuple[Entry, ...]:
        """The largest files first."""
        files = (entry for entry in self.entries if entry.kind == "file")
        return tuple(sorted(files, key=lambda e: (-e.size, e.path))[:LARGEST_SHOWN])

    @property
    def dockerfile_shows(self) -> bool:
        """Whether the folder sends a Dockerfile of its own at that path."""
        return any(entry.path == os.fsencode(self.dockerfile) for entry in self.entries)

    def tar(
        self, task: Task, dockerfile: bytes, on_sent: Callable[[int], None], *, classic: bool
    ) -> Iterator[bytes]:
        """The context as a tar in pieces, `dockerfile` first; tells the bytes of files sent so far.

        Owners become root, as docker build makes them. Raises InputError when a file cannot be read or changes meanwhile.
        """
        self.check()
        name = os.fsencode(self.dockerfile)
        yield _member(Entry(name, "file", 0o644, 0, len(dockerfile)))
        yield _padded(dockerfile)
        if classic and (listing := self._hiding()):
            yield _member(Entry(_IGNORE_FILE.encode(), "file", 0o644, 0, len(listing)))
            yield _padded(listing)
        sent = 0
        for entry in self.entries:
            task.checkpoint()
            if entry.path == name:
                continue
            yield _member(entry)
            if entry.kind == "file" and entry.size:
                yield from _content(task, self.root, entry)
                sent += entry.size
                on_sent(sent)
        yield bytes(_RECORD)

    def check(self) -> None:
        """Raise InputError for what could not be sent."""
        if self.unreadable:
            raise InputError(
                tr(
                    "{name} in the build context cannot be read: {reason}.",
                    name=display_name(self.unreadable[0].path),
                    reason=self.unreadable[0].reason,
                ),
                tr("Make it readable, or name it in .dockerignore."),
            )

    def _hiding(self) -> bytes:
        """An ignore file that makes the classic builder drop the Dockerfile that the folder does not send itself."""
        if self.dockerfile_shows or any(e.path == _IGNORE_FILE.encode() for e in self.entries):
            return b""
        return f"{self.dockerfile}\n{_IGNORE_FILE}\n".encode()


def read_context(
    task: Task,
    folder: str | Path,
    dockerfile: str = "Dockerfile",
    ignore_text: str | None = None,
) -> Context:
    """Look through a folder; `dockerfile` is relative to it, `ignore_text` stands in for its ignore file.

    Raises InputError when the folder or its ignore file cannot be read.
    """
    root = os.fsencode(Path(folder).resolve())
    if not os.path.isdir(root):
        raise InputError(
            tr("There is no folder {path}.", path=display_text(str(folder))),
            tr("Name the folder that the Dockerfile is built in (its build context)."),
        )
    rules, ignore_file = _rules(root, dockerfile, ignore_text)
    walk = _Walk(task, root, rules)
    walk.run()
    return Context(
        root=root,
        entries=tuple(walk.entries),
        unreadable=tuple(walk.unreadable),
        sockets=tuple(walk.sockets),
        suspects=tuple(_weighed(item, walk.entries) for item in walk.suspects),
        ignore_file=ignore_file,
        ignored=walk.ignored,
        dockerfile=_sent_name(dockerfile, {entry.path for entry in walk.entries}),
    )


def _rules(root: bytes, dockerfile: str, text: str | None) -> tuple[IgnoreRules, str]:
    """The rules in force and the file they stand in; one beside the Dockerfile comes before the folder's."""
    if text is not None:
        return parse_ignore_file(text.encode("utf-8", "surrogateescape")), _IGNORE_FILE
    for name in (f"{dockerfile}{_IGNORE_FILE}", _IGNORE_FILE):
        path = os.path.join(root, os.fsencode(name))
        try:
            with open(path, "rb") as file:
                data = file.read(FILE_LIMIT + 1)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise InputError(
                tr(
                    "The ignore file {name} cannot be read: {reason}.",
                    name=display_text(name),
                    reason=error.strerror or error,
                ),
                tr("Make it readable; without it more would be sent than intended."),
            ) from error
        if len(data) > FILE_LIMIT:
            raise InputError(
                tr("The ignore file {name} is larger than 1 MiB.", name=display_text(name)),
                tr("Use patterns instead of a list of files."),
            )
        return parse_ignore_file(data), name
    return IgnoreRules(), ""


def _sent_name(dockerfile: str, paths: set[bytes]) -> str:
    """The path the Dockerfile is sent under: its own where that is a plain one inside the folder."""
    name = posixpath.normpath(dockerfile)
    plain = name.isascii() and len(name) < _FIRST_NAME_LIMIT
    if plain and not name.startswith(("/", "../")) and name != "..":
        return name
    return next(item for item in (*_SPARE_NAMES, dockerfile) if item.encode() not in paths)


def _weighed(item: Suspect, entries: list[Entry]) -> Suspect:
    """With the bytes of all that lies in it, where it is a folder."""
    inside = item.path + b"/"
    return replace(
        item, bytes=item.bytes + sum(e.size for e in entries if e.path.startswith(inside))
    )


@dataclass
class _Level:
    """A folder being looked through: what is left of it, and which patterns matched it."""

    rows: Iterator[tuple[bytes, os.stat_result]]
    above: tuple[bool, ...] = ()
    folder: Entry | None = None
    sent: bool = True


class _Walk:
    """Looks through the folder, folder by folder; nothing is opened but folders."""

    def __init__(self, task: Task, root: bytes, rules: IgnoreRules) -> None:
        self._task, self._root, self._rules = task, root, rules
        self.entries: list[Entry] = []
        self.unreadable: list[LeftOut] = []
        self.sockets: list[bytes] = []
        self.suspects: list[Suspect] = []
        self.ignored = 0
        self._links: dict[tuple[int, int], bytes] = {}

    def run(self) -> None:
        levels = [_Level(iter(self._listing(b"")))]
        while levels:
            row = next(levels[-1].rows, None)
            if row is None:
                levels.pop()
                continue
            self._task.checkpoint()
            path, state = row
            name = os.fsdecode(path)
            ignored, held = self._rules.judge(name, levels[-1].above)
            folder = stat.S_ISDIR(state.st_mode)
            if ignored:
                self.ignored += 1
                if not (folder and self._rules.may_return_below(name)):
                    continue
            entry = self._entry(path, state)
            if entry is None:
                continue
            if not ignored:
                self._send(levels, entry)
            if folder:
                levels.append(_Level(iter(self._listing(path)), held, entry, sent=not ignored))

    def _send(self, levels: list[_Level], entry: Entry) -> None:
        """Take an entry, and the ignored folders it lies in, which it needs."""
        for level in levels:
            if level.folder is not None and not level.sent:
                self.entries.append(level.folder)
                level.sent = True
        self.entries.append(entry)
        found = suspect(self._root, entry.path, entry.kind, entry.size, entry.link)
        if found is not None:
            self.suspects.append(found)

    def _listing(self, folder: bytes) -> list[tuple[bytes, os.stat_result]]:
        rows = []
        try:
            with os.scandir(os.path.join(self._root, folder)) as found:
                for item in found:
                    path = os.path.join(folder, item.name) if folder else item.name
                    rows.append((path, item.stat(follow_symlinks=False)))
        except OSError as error:
            self.unreadable.append(LeftOut(folder or b".", error.strerror or str(error)))
        return sorted(rows)

    def _entry(self, path: bytes, state: os.stat_result) -> Entry | None:
        mode, mtime = stat.S_IMODE(state.st_mode), max(0, int(state.st_mtime))
        if stat.S_ISDIR(state.st_mode):
            return Entry(path, "directory", mode, mtime)
        if stat.S_ISSOCK(state.st_mode):
            self.sockets.append(path)
            return None
        if stat.S_ISLNK(state.st_mode):
            try:
                return Entry(path, "symlink", mode, mtime, link=os.readlink(self._full(path)))
            except OSError as error:
                self.unreadable.append(LeftOut(path, error.strerror or str(error)))
                return None
        if not stat.S_ISREG(state.st_mode):
            return Entry(path, "other", state.st_mode, mtime, device=state.st_rdev)
        if state.st_nlink > 1:
            first = self._links.setdefault((state.st_dev, state.st_ino), path)
            if first != path:
                return Entry(path, "hardlink", mode, mtime, link=first)
        if not os.access(self._full(path), os.R_OK, effective_ids=_EFFECTIVE):
            self.unreadable.append(LeftOut(path, os.strerror(13)))
            return None
        return Entry(path, "file", mode, mtime, size=state.st_size)

    def _full(self, path: bytes) -> bytes:
        return os.path.join(self._root, path)


def _member(entry: Entry) -> bytes:
    """An entry's header; GNU's format, because BuildKit takes a tar that starts with a pax header for a Dockerfile."""
    info = tarfile.TarInfo(os.fsdecode(entry.path))
    info.mode, info.mtime, info.size = entry.mode & 0o7777, entry.mtime, 0
    info.linkname = os.fsdecode(entry.link)
    kinds = {
        "file": tarfile.REGTYPE,
        "directory": tarfile.DIRTYPE,
        "symlink": tarfile.SYMTYPE,
        "hardlink": tarfile.LNKTYPE,
    }
    if entry.kind == "file":
        info.size = entry.size
    if entry.kind == "other":
        info.type = _special(entry.mode)
        info.devmajor, info.devminor = os.major(entry.device), os.minor(entry.device)
    else:
        info.type = kinds[entry.kind]
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


def _special(mode: int) -> bytes:
    if stat.S_ISFIFO(mode):
        return tarfile.FIFOTYPE
    return tarfile.CHRTYPE if stat.S_ISCHR(mode) else tarfile.BLKTYPE


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % _BLOCK)


def _content(task: Task, root: bytes, entry: Entry) -> Iterator[bytes]:
    """A file's bytes and their padding."""
    left = entry.size
    try:
        # A path that became a FIFO meanwhile must not block, one that became a link must not lead elsewhere.
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(os.open(os.path.join(root, entry.path), flags), "rb", buffering=0) as file:
            while left and (piece := file.read(min(left, _PIECE))):
                task.checkpoint()
                left -= len(piece)
                yield piece
    except OSError as error:
        raise InputError(
            tr(
                "{name} in the build context cannot be read: {reason}.",
                name=display_name(entry.path),
                reason=error.strerror or error,
            ),
            tr("Make it readable, or name it in .dockerignore."),
        ) from error
    if left:
        raise InputError(
            tr("{name} became shorter while it was sent.", name=display_name(entry.path)),
            tr("Build again when nothing writes to the folder."),
        )
    yield bytes(-entry.size % _BLOCK)
