"""Writes a rewrite where the person says: the Dockerfile, and what belongs beside it."""

from __future__ import annotations

import os
from collections.abc import Mapping

from explorer.dockerfile.parser import encode
from explorer.dockerfile.rewrite.change import RewritePlan
from explorer.dockerfile.rewrite.jobs import PLACES
from explorer.errors import StorageError
from explorer.gui.exporting import write
from explorer.translation import tr
from explorer.units import display_text


def files_of(plan: RewritePlan, name: str) -> dict[str, bytes]:
    """All files of a rewrite by their path from the Dockerfile's folder; `name` is the Dockerfile's."""
    files = {name: encode(plan.rewritten)}
    if plan.dockerignore:
        files[".dockerignore"] = plan.dockerignore.encode("utf-8", "surrogateescape")
    return files | {
        PLACES[system]: text.encode("utf-8", "surrogateescape")
        for system, text in plan.jobs.items()
    }


def write_files(folder: str, files: Mapping[str, bytes], *, private: bool) -> list[str]:
    """Write the files and return their paths; `private` ones only their owner can read. Raises StorageError."""
    written = []
    # Secrets that stood in the original stand in the result.
    mask = os.umask(0o077) if private else None
    try:
        for name, data in files.items():
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
            write(path, [data])
            written.append(path)
    except OSError as error:
        raise StorageError(
            tr(
                "Could not write {path}: {reason}",
                path=display_text(folder),
                reason=error.strerror or error,
            ),
            tr("Choose another folder or free some space."),
        ) from error
    finally:
        if mask is not None:
            os.umask(mask)
    return written
