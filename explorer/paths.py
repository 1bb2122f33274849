"""Where our own files live; one place for every folder, and the log."""

from __future__ import annotations

import logging
import os
from logging.handlers import RotatingFileHandler
from pathlib import Path

import platformdirs

_APP = "image-size-explorer"
_LOG_BYTES = 1 << 20


def cache_dir() -> Path:
    """Folder of layer indexes; may be deleted at any time."""
    override = os.environ.get("IMAGE_EXPLORER_CACHE_DIR")
    return Path(override) if override else Path(platformdirs.user_cache_dir(_APP))


def config_dir() -> Path:
    """Folder of settings.json and of the user's own rules (rules/*.toml)."""
    return Path(platformdirs.user_config_dir(_APP))


def state_dir() -> Path:
    """Folder of the log and of session locks."""
    return Path(platformdirs.user_state_dir(_APP))


def data_dir() -> Path:
    """Folder of the user's data: measurements, dismissed findings."""
    return Path(platformdirs.user_data_dir(_APP))


def log_file() -> Path:
    """Where warnings and internal errors are written."""
    return state_dir() / "log.txt"


def log_to_file() -> None:
    """Send this process's warnings and errors to the log file; without one (read-only home) they are dropped."""
    root = logging.getLogger()
    if root.handlers:
        return
    try:
        log_file().parent.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = RotatingFileHandler(
            log_file(), maxBytes=_LOG_BYTES, backupCount=1, delay=True, encoding="utf-8"
        )
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(
        logging.Formatter("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s")
    )
    root.addHandler(handler)
    # A log that cannot be written (disk full) must not print tracebacks.
    logging.raiseExceptions = False
