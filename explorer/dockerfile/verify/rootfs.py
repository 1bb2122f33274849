"""An image's files as a container of it would see them: looked up and read through the engine, nothing is run."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import posixpath
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote

from explorer.engine.answers import number_in, object_in, text_in
from explorer.engine.client import Engine
from explorer.engine.containers import created_container
from explorer.engine.stream import lost
from explorer.engine.transport import Connection, ProtocolError
from explorer.errors import DamagedInput, EngineRefused, LimitExceeded
from explorer.filesystem.tarstream import members
from explorer.image.model import Image
from explorer.task import Task
from explorer.translation import tr
from explorer.units import display_text

# io/fs FileMode bits, as the engine's stat header carries them.
_DIRECTORY, _SYMLINK, _SETUID = 1 << 31, 1 << 27, 1 << 23
_LINKS = 40
_PIECE = 1 << 18
_SECONDS = 60.0
# Go programs of 300 MB are known.
FILE_LIMIT = 512 << 20
_SMALL = 4 << 20
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Stat:
    """A path with its links followed."""

    path: str
    size: int
    mode: int
    directory: bool

    @property
    def executable(self) -> bool:
        return not self.directory and bool(self.mode & 0o111)


class RootFs:
    """The files of one image; every answer is kept."""

    def __init__(self, engine: Engine, task: Task, container: str, image: Image) -> None:
        self._engine, self._task, self._container = engine, task, container
        self.image = image
        self._stats: dict[str, Stat | None] = {}
        self._held: dict[str, bytes] = {}

    @property
    def search_path(self) -> str:
        """The PATH that programs of the image are looked up in."""
        return self.image.config.variable("PATH") or DEFAULT_PATH

    def stat(self, path: str) -> Stat | None:
        """What is at a path, None for nothing."""
        path = _absolute(path)
        if path not in self._stats:
            self._stats[path] = self._look_up(path)
        return self._stats[path]

    def exists(self, path: str) -> bool:
        return self.stat(path) is not None

    def read(self, path: str, limit: int = _SMALL) -> bytes:
        """A regular file's bytes, b"" for none; LimitExceeded for one that is larger than `limit`."""
        found = self.stat(path)
        if found is None or found.directory:
            return b""
        if found.size > limit:
            raise LimitExceeded(
                tr("{path} in the image is too large to be checked.", path=display_text(path))
            )
        if found.path not in self._held:
            target = f"/containers/{self._container}/archive?path={quote(found.path)}"
            held = bytearray()
            buffer = memoryview(bytearray(_PIECE))
            with self._engine.stream(self._task, target) as stream:
                for item in members(stream):
                    while count := item.readinto(buffer):
                        held += buffer[:count]
                    break
            if len(held) != found.size:
                raise DamagedInput(tr("{path} could not be read whole.", path=display_text(path)))
            if found.size > _SMALL:
                return bytes(held)
            self._held[found.path] = bytes(held)
        return self._held[found.path]

    def digest(self, path: str) -> str:
        """sha256 of a regular file, "" for none."""
        return hashlib.sha256(self.read(path, FILE_LIMIT)).hexdigest() if self.exists(path) else ""

    def text(self, path: str) -> str:
        return self.read(path).decode("utf-8", "replace")

    def program(self, name: str) -> Stat | None:
        """The file that is run for `name`, searched as the engine does; None for none."""
        if "/" in name:
            return self.stat(posixpath.join(self.image.config.working_dir or "/", name))
        for folder in self.search_path.split(":"):
            found = self.stat(posixpath.join("/", folder, name))
            if found is not None and found.executable:
                return found
        return None

    @cached_property
    def entry(self) -> tuple[bytes, Stat | None]:
        """The program the image starts: its bytes (b"" for none) and where it is."""
        words = command_of(self.image)
        found = self.program(words[0]) if words else None
        return (self.read(found.path, FILE_LIMIT) if found else b""), found

    def _look_up(self, path: str) -> Stat | None:
        for _ in range(_LINKS):
            document = self._head(path)
            if document is None:
                return None
            mode = number_in(document.get("mode"))
            if not mode & _SYMLINK:
                return Stat(
                    path, number_in(document.get("size")), mode & 0o777, bool(mode & _DIRECTORY)
                )
            target = text_in(document.get("linkTarget"))
            if not target or target == path:
                return None
            path = _absolute(target)
        return None

    def _head(self, path: str) -> Mapping[str, object] | None:
        self._task.checkpoint()
        target = self._engine.target(
            f"/containers/{self._container}/archive?path={quote(path, errors='surrogateescape')}"
        )
        try:
            with (
                Connection(self._engine.endpoint, _SECONDS) as connection,
                self._task.on_cancel(connection.shutdown),
            ):
                response = connection.request("HEAD", target, {"Connection": "close"})
        except (OSError, ProtocolError) as error:
            self._task.checkpoint()
            raise lost(self._engine.endpoint, error) from error
        if response.status == 404:
            return None
        if response.status >= 400:
            raise EngineRefused(
                tr("The engine cannot look at {path}.", path=display_text(path)),
                status=response.status,
            )
        try:
            return object_in(
                json.loads(
                    base64.b64decode(response.headers.get("x-docker-container-path-stat", ""))
                )
            )
        except (ValueError, binascii.Error):
            return None


def _absolute(path: str) -> str:
    return posixpath.normpath("/" + path.lstrip("/"))


def command_of(image: Image) -> tuple[str, ...]:
    """What a container of the image runs."""
    return image.config.entrypoint + image.config.cmd


@contextmanager
def opened_rootfs(engine: Engine, task: Task, image: Image) -> Iterator[RootFs]:
    """The files of an image; a container that never starts is created for it."""
    with created_container(engine, task, image.id, volumes=image.config.volumes) as container:
        yield RootFs(engine, task, container, image)
