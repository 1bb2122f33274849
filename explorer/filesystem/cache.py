"""Layer indexes on disk: one immutable checked file per diff_id, shared by all images with the same layer."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import tempfile
import time
from pathlib import Path

from explorer.errors import StorageError
from explorer.filesystem.layer import LAYER_VERSION, LayerIndex
from explorer.paths import cache_dir
from explorer.translation import tr

CACHE_LIMIT = 2 << 30
_STALE_SECONDS = 3600
_DIFF_ID = re.compile(r"\A([a-z0-9]+):([0-9a-f]{32,128})\Z")
_log = logging.getLogger(__name__)


class LayerStore:
    """Where layer indexes are kept; `note` tells people when nothing is kept beyond this run ("" otherwise)."""

    def __init__(self, folder: Path | None, limit_bytes: int, note: str = "") -> None:
        self._folder = folder
        self._limit = limit_bytes
        self._memory: dict[str, LayerIndex] = {}
        self._scratch: Path | None = None
        self.note = note

    @classmethod
    def open(cls, folder: Path | None = None, limit_bytes: int = CACHE_LIMIT) -> LayerStore:
        """The user's cache, or a private store (with a note) when the folder cannot be written."""
        chosen = _layers_folder(folder)
        try:
            chosen.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=chosen, prefix=".probe.", suffix=".tmp"):
                pass
        except OSError as error:
            note = tr(
                "The cache {path} cannot be used ({reason}): nothing is kept.",
                path=chosen,
                reason=error.strerror or error,
            )
            return cls(None, limit_bytes, note)
        return cls(chosen, limit_bytes)

    @classmethod
    def existing(cls) -> LayerStore:
        """The user's cache as it is, to be looked into: nothing is checked, made or removed before something is kept."""
        return cls(_layers_folder(None), CACHE_LIMIT)

    @classmethod
    def private(cls) -> LayerStore:
        """A store that forgets everything at close()."""
        return cls(None, 0)

    def get(self, diff_id: str) -> LayerIndex | None:
        """The index of a layer, None when it is not held; a damaged or foreign file is removed."""
        held = self._memory.get(diff_id)
        path = self._path(diff_id)
        if held is not None or path is None:
            return held
        try:
            index = LayerIndex.load(path)
        except FileNotFoundError:
            return None
        except (StorageError, ValueError, KeyError, TypeError, OSError) as error:
            _log.warning("rebuilding %s: %s", path, error)
            _remove(path)
            return None
        if index.diff_id != diff_id or not index.complete:
            _remove(path)
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return index

    def put(self, index: LayerIndex) -> LayerIndex:
        """Keep a complete, verified layer, and return it (mapped from its file); others are returned as they are."""
        if not (index.complete and index.verified and index.diff_id):
            return index
        path = self._path(index.diff_id)
        if path is None:
            self._memory[index.diff_id] = index
            return index
        try:
            # The user may have removed it at any time.
            path.parent.mkdir(parents=True, exist_ok=True)
            index.save(path)
            return LayerIndex.load(path)
        except (StorageError, OSError) as error:
            self.note = tr("Nothing more is kept in the cache: {reason}", reason=str(error))
            self._folder = None
            self._memory[index.diff_id] = index
            return index

    def analysis_file(self, key: str) -> Path | None:
        """Where the analysis with this key is kept, counted and removed like a layer; None when nothing is kept."""
        return None if self._folder is None else self._folder / "analyses" / f"{key}.col"

    def evict(self) -> None:
        """Remove what older versions and killed processes left, then the least recently used beyond the limit."""
        if self._folder is None:
            return
        for other in self._folder.parent.glob("v*"):
            if other.name[1:].isdecimal() and int(other.name[1:]) < LAYER_VERSION:
                shutil.rmtree(other, ignore_errors=True)
        files: list[tuple[float, int, Path]] = []
        for path in self._folder.rglob("*"):
            with contextlib.suppress(OSError):
                state = path.stat()
                if path.suffix == ".tmp" and time.time() - state.st_mtime > _STALE_SECONDS:
                    path.unlink()
                elif path.suffix == ".col":
                    files.append((state.st_mtime, state.st_size, path))
        total = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if total <= self._limit:
                break
            _remove(path)
            total -= size

    def scratch(self) -> Path:
        """A folder for hand-over files, removed at close()."""
        if self._scratch is None:
            self._scratch = Path(tempfile.mkdtemp(prefix="image-explorer-"))
        return self._scratch

    def close(self) -> None:
        """Free what is held and keep the cache within its limit."""
        self._memory.clear()
        self.evict()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)
            self._scratch = None

    def _path(self, diff_id: str) -> Path | None:
        match = _DIFF_ID.match(diff_id)
        if self._folder is None or match is None:
            return None
        return self._folder / match[2][:2] / f"{match[1]}-{match[2]}.col"


def _layers_folder(folder: Path | None) -> Path:
    return (folder or cache_dir()) / "layers" / f"v{LAYER_VERSION}"


def _remove(path: Path) -> None:
    """Remove a file that may be gone already, or that is not ours to remove."""
    with contextlib.suppress(OSError):
        path.unlink()
