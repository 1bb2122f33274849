"""Where a command's result goes: standard output for "-", a file that is whole or not there for all else."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable

from explorer.storing import not_written, whole_file
from explorer.translation import tr


def write_result(target: str, data: bytes | Iterable[bytes]) -> None:
    """Write a result, or its parts, to the file `target`, or to standard output for "-".

    A full disk leaves the old file as it was; pipes and devices are written to directly. Raises StorageError.
    """
    parts = [data] if isinstance(data, bytes) else data
    hint = tr("Choose another file or free some space.")
    if target == "-":
        sys.stdout.flush()
        sys.stdout.buffer.writelines(parts)
        sys.stdout.buffer.flush()
    elif _is_taken_as_it_comes(target):
        try:
            with open(target, "wb") as file:
                file.writelines(parts)
        except OSError as error:
            raise not_written(target, error, hint) from error
    else:
        with whole_file(target, hint) as file:
            file.writelines(parts)


def _is_taken_as_it_comes(target: str) -> bool:
    """Whether it is a pipe or a device: such a one is not renamed over."""
    try:
        mode = os.stat(target).st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
