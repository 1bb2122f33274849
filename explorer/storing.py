"""Files that are whole or not there: written beside their place, then renamed over it."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from explorer.errors import StorageError
from explorer.translation import tr
from explorer.units import display_text

# In characters; a file system allows 255 bytes.
_NAME_LIMIT = 50


@contextlib.contextmanager
def whole_file(
    path: str | Path, hint: str = "", *, make_folder: bool = False
) -> Iterator[BinaryIO]:
    """A file that takes the place of `path` when the block ends; an error in it, or a crash, leaves what was there.

    A link keeps pointing to its file, and a file keeps its mode. Raises StorageError, with `hint`, for what the system
    refuses in the block too, and where `path` is a folder, a device or a pipe.
    """
    temporary: Path | None = None
    try:
        target = Path(os.path.realpath(path))
        mode = _mode(target)
        if make_folder:
            target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name[:_NAME_LIMIT]}.{secrets.token_hex(8)}.tmp")
        with open(temporary, "xb") as file:
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
        _sync_folder(target.parent)
    except (OSError, ValueError) as error:
        if isinstance(error, ValueError) and temporary is not None:
            raise
        raise not_written(path, error, hint) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


def write_file(path: str | Path, data: bytes, hint: str = "") -> None:
    """Write `data` to `path`; see whole_file."""
    with whole_file(path, hint) as file:
        file.write(data)


def not_written(path: str | Path, error: OSError | ValueError, hint: str = "") -> StorageError:
    """What people are told when the system refuses to write a file."""
    reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
    return StorageError(
        tr(
            "Could not write {path}: {reason}",
            path=display_text(str(path)),
            reason=display_text(reason, 300),
        ),
        hint or tr("Choose another folder or free some space."),
    )


def _mode(path: Path) -> int | None:
    """The mode of the file that is replaced; None when there is none."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(mode):
        # A pipe would be waited for, a device or a folder replaced.
        raise OSError(None, tr("it is not a regular file"))
    return stat.S_IMODE(mode)


def _sync_folder(folder: Path) -> None:
    # Some file systems refuse to sync a folder; the rename is atomic all the same.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
