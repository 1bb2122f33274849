"""Where a command's result goes: standard output for "-", a file that is whole or not there for all else."""

from __future__ import annotations

import os
import secrets
import stat
import sys
from pathlib import Path

from explorer.errors import StorageError
from explorer.translation import tr


def write_result(target: str, data: bytes) -> None:
    """Write a result to the file `target`, or to standard output for "-".

    A file is written beside its place and renamed, so that a full disk leaves the old one as it was; pipes and devices
    are written to directly. Raises StorageError.
    """
    if target == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        _write_file(Path(os.path.realpath(target)), data)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise StorageError(
            tr("Could not write {path}: {reason}", path=target, reason=reason or error),
            tr("Choose another file or free some space."),
        ) from error


def _write_file(path: Path, data: bytes) -> None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        mode = 0
    if mode and not stat.S_ISREG(mode):
        path.write_bytes(data)
        return
    temporary = path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, "xb") as file:
            if mode:
                os.fchmod(file.fileno(), stat.S_IMODE(mode))
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
