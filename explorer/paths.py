"""Where our own files live; one place for every folder."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

_APP = "image-size-explorer"


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
