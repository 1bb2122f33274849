"""Who owns what we create in an engine, and the removal of what a killed session of ours left there.

Everything created carries two labels: the installation (a random name kept in the state folder) and the session. A
session holds a lock on a file of its own while it lives; the kernel frees it however the session ends. Objects of other
installations, which share the engine, are never touched.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import secrets
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from explorer.engine.answers import list_in, object_in, text_in
from explorer.errors import EngineError, ExplorerError
from explorer.paths import state_dir

if TYPE_CHECKING:
    from explorer.engine.client import Engine

OWNER_LABEL = "io.github.image-size-explorer.owner"
SESSION_LABEL = "io.github.image-size-explorer.session"
_log = logging.getLogger(__name__)
_swept: set[str] = set()


@dataclass(frozen=True)
class Session:
    """This process towards engines; `lock` is the descriptor that holds the lock, -1 where none could be made."""

    installation: str
    name: str
    lock: int

    def labels(self) -> dict[str, str]:
        """What every object we create carries."""
        return {OWNER_LABEL: self.installation, SESSION_LABEL: self.name}


@dataclass(frozen=True)
class Leftover:
    """A container with our label; `ours` when this installation made it, `alive` when its session still runs."""

    id: str
    name: str
    session: str
    ours: bool
    alive: bool


@cache
def current_session() -> Session:
    """The session of this process; its lock is held until the process ends."""
    name = secrets.token_hex(16)
    folder = state_dir()
    try:
        installation = _installation(folder)
        lock = _hold(folder / "sessions", name)
    except OSError:
        # Without a state folder nobody can tell whether the session lives: a name of its own keeps it from being swept.
        return Session(secrets.token_hex(16), name, -1)
    return Session(installation, name, lock)


def leftovers(engine: Engine) -> tuple[Leftover, ...]:
    """All containers that carry our label, of this installation and of others."""
    ours = current_session()
    found = []
    filters = quote(json.dumps({"label": [OWNER_LABEL]}), safe="")
    for row in map(
        object_in, list_in(engine.get_json(f"/containers/json?all=1&filters={filters}"))
    ):
        labels = object_in(row.get("Labels"))
        session = text_in(labels.get(SESSION_LABEL))
        names = list_in(row.get("Names"))
        found.append(
            Leftover(
                id=text_in(row.get("Id")),
                name=str(names[0]).lstrip("/") if names else "",
                session=session,
                ours=labels.get(OWNER_LABEL) == ours.installation,
                alive=session == ours.name or _is_held(state_dir() / "sessions", session),
            )
        )
    return tuple(found)


def session_lives(session: str) -> bool:
    """Whether the process behind a session of this installation still runs."""
    return session == current_session().name or _is_held(state_dir() / "sessions", session)


def sweep(engine: Engine) -> int:
    """Remove what dead sessions of this installation left in the engine; returns how many containers went."""
    removed = 0
    for leftover in leftovers(engine):
        if leftover.ours and not leftover.alive:
            try:
                engine.delete(f"/containers/{leftover.id}?force=1&v=1", task=engine.task)
            except ExplorerError as error:
                _log.warning("could not remove container %s: %s", leftover.id, error.message)
            else:
                removed += 1
    _forget_dead_sessions()
    return removed


def sweep_once(engine: Engine) -> None:
    """sweep() at this process's first call for an endpoint; what cannot be swept now waits for the next session."""
    if engine.endpoint.url in _swept:
        return
    _swept.add(engine.endpoint.url)
    try:
        sweep(engine)
    except EngineError as error:
        _log.warning("could not look for what dead sessions left: %s", error.message)


def _installation(folder: Path) -> str:
    """This installation's random name, made at the first call."""
    path = folder / "installation"
    with contextlib.suppress(FileNotFoundError):
        name = path.read_text("ascii", errors="replace").strip()
        if len(name) == 32 and name.isalnum():
            return name
    folder.mkdir(parents=True, exist_ok=True)
    name = secrets.token_hex(16)
    temporary = path.with_name(f".installation.{os.getpid()}.tmp")
    temporary.write_text(name, "ascii")
    try:
        # link() keeps the name of whoever was first when two sessions start at once.
        os.link(temporary, path)
    except FileExistsError:
        name = path.read_text("ascii").strip()
    finally:
        temporary.unlink(missing_ok=True)
    return name


def _hold(folder: Path, name: str) -> int:
    """Make the session's file; it gets its name when it is locked, so nobody ever sees it unlocked while we live."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{name}.tmp"
    descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.rename(temporary, folder / f"{name}.lock")
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _is_held(folder: Path, session: str) -> bool:
    """Whether the session's process lives."""
    if not session.isalnum():
        return False
    try:
        descriptor = os.open(folder / f"{session}.lock", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _forget_dead_sessions() -> None:
    """Remove the files of sessions that ended."""
    folder = state_dir() / "sessions"
    with contextlib.suppress(OSError):
        for path in folder.glob("*.lock"):
            if path.stem != current_session().name and not _is_held(folder, path.stem):
                path.unlink(missing_ok=True)
