"""Containers that are created to look into an image and never started: labelled, and removed whatever happens."""

from __future__ import annotations

import itertools
import logging
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from explorer.engine.sweep import current_session, sweep_once
from explorer.errors import EngineRefused, ExplorerError
from explorer.task import Task

if TYPE_CHECKING:
    from explorer.engine.client import Engine

# A removal takes some ten milliseconds; a cancelled task must end within a second even when the engine hangs.
REMOVE_SECONDS = 20.0
REMOVE_SECONDS_CANCELLED = 0.4
# A creation that was cut off goes on in the engine and could not be undone yet: it may come to its end.
CREATE_GRACE = 0.4
_NOT_FOUND = 404
_numbers = itertools.count(1)
_log = logging.getLogger(__name__)


@contextmanager
def created_containers(
    count: int,
    engine: Engine,
    task: Task,
    image_id: str,
    folders: Mapping[str, str],
    volumes: Collection[str] = (),
) -> Iterator[Pool]:
    """Several equal containers, to read from at once: an engine archives from one container one thing at a time.

    See created_container.
    """
    with ExitStack() as stack:
        names = [
            stack.enter_context(created_container(engine, task, image_id, folders, volumes))
            for _ in range(max(count, 1))
        ]
        yield Pool(names)


class Pool:
    """Containers that threads take and give back."""

    def __init__(self, names: Sequence[str]) -> None:
        self.first = names[0]
        self._free: SimpleQueue[str] = SimpleQueue()
        for name in names:
            self._free.put(name)

    @contextmanager
    def taken(self) -> Iterator[str]:
        """One of the containers; waits until one is free."""
        name = self._free.get()
        try:
            yield name
        finally:
            self._free.put(name)


@contextmanager
def created_container(
    engine: Engine,
    task: Task,
    image_id: str,
    folders: Mapping[str, str] | None = None,
    volumes: Collection[str] = (),
) -> Iterator[str]:
    """The name of a container created from an image, with `folders` (path in it -> path on the engine's machine) read-only.

    `volumes` are the paths the image declares as volumes: covered by an empty tmpfs, which is made only when a container
    starts, the engine makes no anonymous volume and copies nothing. Raises EngineRefused, for example when a folder is
    not there.
    """
    sweep_once(engine)
    session = current_session()
    name = f"image-explorer-{session.name[:12]}-{next(_numbers)}"
    document = _document(image_id, folders or {}, volumes, session.labels())
    task.checkpoint()
    try:
        engine.post(task, f"/containers/create?name={name}", document, grace=CREATE_GRACE)
        task.checkpoint()
        yield name
    finally:
        _remove(engine, name, REMOVE_SECONDS_CANCELLED if task.cancelled else REMOVE_SECONDS)


def mount_prefix() -> str:
    """A short path that no image has: names of members under it stay below 100 bytes, where a tar header is one block."""
    return f"/x{secrets.token_hex(2)}-"


def _document(
    image_id: str, folders: Mapping[str, str], volumes: Collection[str], labels: Mapping[str, str]
) -> dict[str, Any]:
    # Mounts of type bind refuse a source that is missing; Binds would create it on the engine's machine.
    mounts: list[dict[str, Any]] = [
        {"Type": "bind", "Source": source, "Target": target, "ReadOnly": True}
        for target, source in folders.items()
    ]
    mounts += [
        {"Type": "tmpfs", "Target": path}
        for path in volumes
        if path.startswith("/") and path.strip("/")
    ]
    return {
        "Image": image_id,
        # Never run; images without a command of their own cannot be created from otherwise.
        "Entrypoint": [],
        "Cmd": ["/never-started"],
        "Labels": dict(labels),
        "NetworkDisabled": True,
        "HostConfig": {"NetworkMode": "none", "Mounts": mounts},
    }


def _remove(engine: Engine, name: str, patience: float) -> None:
    """Remove the container; what an engine that hangs or is gone keeps is swept by the next session."""
    try:
        engine.delete(f"/containers/{name}?force=1&v=1", patience)
    except EngineRefused as error:
        if error.status != _NOT_FOUND:
            _log.warning("could not remove container %s: %s", name, error.message)
    except ExplorerError as error:
        _log.warning("could not remove container %s: %s", name, error.message)
