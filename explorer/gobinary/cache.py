"""Analyses of executables on disk, by the digest of their content: the same program is looked into once."""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path

import msgspec

from explorer.errors import StorageError
from explorer.gobinary.binary import GoBinary
from explorer.storing import whole_file

# Raised whenever the meaning of a field changes: older files are then not looked at.
BINARY_VERSION = 2
_FILES_KEPT = 200
_log = logging.getLogger(__name__)


class BinaryCache:
    """One JSON file an executable in `folder`, the least recently used ones beyond a number removed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "binaries" / f"v{BINARY_VERSION}"

    def get(self, digest: str) -> GoBinary | None:
        """The analysis of the content with this digest, None when it is not held or damaged."""
        path = self._path(digest)
        try:
            binary = msgspec.json.decode(path.read_bytes(), type=GoBinary)
        except (OSError, msgspec.DecodeError):
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return binary

    def put(self, digest: str, binary: GoBinary) -> None:
        """Keep an analysis; a cache that cannot be written keeps nothing."""
        try:
            with whole_file(self._path(digest), make_folder=True) as file:
                file.write(msgspec.json.encode(binary))
            self._evict()
        except (StorageError, OSError) as error:
            _log.warning("could not keep the analysis of an executable: %s", error)

    def _evict(self) -> None:
        files = sorted(self._folder.glob("*.json"), key=lambda path: path.stat().st_mtime)
        for path in files[:-_FILES_KEPT]:
            path.unlink(missing_ok=True)

    def _path(self, digest: str) -> Path:
        return self._folder / f"{digest}.json"
