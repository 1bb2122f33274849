"""Where a command's result goes: standard output for "-", a file that is whole or not there for all else."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from explorer.storing import not_written, write_file
from explorer.translation import tr


def write_result(target: str, data: bytes) -> None:
    """Write a result to the file `target`, or to standard output for "-".

    A full disk leaves the old file as it was; pipes and devices are written to directly. Raises StorageError.
    """
    hint = tr("Choose another file or free some space.")
    if target == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    elif _is_taken_as_it_comes(target):
        try:
            Path(target).write_bytes(data)
        except OSError as error:
            raise not_written(target, error, hint) from error
    else:
        write_file(target, data, hint)


def _is_taken_as_it_comes(target: str) -> bool:
    """Whether it is a pipe or a device: such a one is not renamed over."""
    try:
        mode = os.stat(target).st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
