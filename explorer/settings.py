"""What the user chose, and which findings they dismissed: small JSON files that survive crashes, full disks and two windows.

settings.json lies in the config folder. A change reads the file again and replaces only its own keys, so that the last
writer wins per key and what a newer version stored there stays.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from explorer.errors import StorageError
from explorer.paths import config_dir, data_dir
from explorer.storing import write_file
from explorer.translation import sentences, tr

Theme = Literal["system", "light", "dark"]
Language = Literal["system", "en", "zh_CN"]
Via = Literal["auto", "export", "direct"]

RECENT_LIMIT = 10
# Window geometry and splitters are about 2 KB; a file of this size is none of ours.
_FILE_LIMIT = 1 << 20
# Images whose dismissed findings are kept, and findings of each.
DISMISSED_IMAGES = 500
DISMISSED_FINDINGS = 1000
# Another window holds the lock for milliseconds; longer means that it hangs.
_LOCK_SECONDS = 0.3
# No write takes this long.
_STALE_SECONDS = 3600


@dataclass(frozen=True)
class RecentImage:
    """An image opened before: `reference` opens it again, `opened_at` is RFC 3339 in UTC."""

    reference: str
    label: str
    opened_at: str


@dataclass(frozen=True)
class RecentComparison:
    """Two images compared before: their references and names, `compared_at` is RFC 3339 in UTC."""

    a: str
    b: str
    label_a: str
    label_b: str
    compared_at: str


@dataclass(frozen=True)
class Settings:
    """Everything the user can choose; `geometry` and `splitters` are base64 of Qt's own state."""

    theme: Theme = "system"
    language: Language = "system"
    endpoint: str = ""
    via: Via = "auto"
    tooltips: bool = True
    treemap_shown: bool = True
    details_shown: bool = True
    geometry: str = ""
    splitters: Mapping[str, str] = field(default_factory=dict)
    recent: tuple[RecentImage, ...] = ()
    comparisons: tuple[RecentComparison, ...] = ()


# msgspec reads the annotations themselves, which are text here.
_TYPES: dict[str, Any] = {
    "theme": Theme,
    "language": Language,
    "endpoint": str,
    "via": Via,
    "tooltips": bool,
    "treemap_shown": bool,
    "details_shown": bool,
    "geometry": str,
    "splitters": dict[str, str],
    "recent": tuple[RecentImage, ...],
    "comparisons": tuple[RecentComparison, ...],
}


class SettingsStore:
    """The settings in force; `notice` tells people what went wrong with their file ("" when nothing did)."""

    def __init__(self, folder: Path | None = None) -> None:
        self.path = (folder or config_dir()) / "settings.json"
        self.notice = ""
        self.settings = _settings(self._read())

    def change(self, **values: Any) -> Settings:
        """Set some settings and save them; they hold for this run even when they cannot be saved (see `notice`)."""
        self.settings = replace(self.settings, **values)
        self._save(lambda _: values)
        return self.settings

    def remember(self, reference: str, label: str) -> Settings:
        """Put an image first among the recent ones, those of other windows included."""
        newest = RecentImage(reference, label, datetime.now(UTC).isoformat(timespec="seconds"))

        def add(now: Settings) -> Mapping[str, Any]:
            others = (item for item in now.recent if item.reference != reference)
            return {"recent": (newest, *others)[:RECENT_LIMIT]}

        self.settings = replace(self.settings, **add(self.settings))
        self._save(add)
        return self.settings

    def remember_comparison(self, a: str, b: str, label_a: str, label_b: str) -> Settings:
        """Put a pair first among the recent comparisons, those of other windows included."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        newest = RecentComparison(a, b, label_a, label_b, now)

        def add(now: Settings) -> Mapping[str, Any]:
            others = (item for item in now.comparisons if (item.a, item.b) != (a, b))
            return {"comparisons": (newest, *others)[:RECENT_LIMIT]}

        self.settings = replace(self.settings, **add(self.settings))
        self._save(add)
        return self.settings

    def forget(self, reference: str = "") -> Settings:
        """Remove one image from the recent ones, all of them without a reference."""

        def remove(now: Settings) -> Mapping[str, Any]:
            kept = (item for item in now.recent if reference and item.reference != reference)
            return {"recent": tuple(kept)}

        self.settings = replace(self.settings, **remove(self.settings))
        self._save(remove)
        return self.settings

    def _save(self, change: Callable[[Settings], Mapping[str, Any]]) -> None:
        """Merge `change(what the file says now)` into the file."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with _locked(self.path):
                stored = self._read()
                values = dict(change(_settings(stored)))
                stored.update(msgspec.to_builtins(values))
                data = json.dumps(stored, indent=2, ensure_ascii=False, sort_keys=True)
                _keep_backup(self.path)
                write_file(self.path, data.encode("utf-8", "backslashreplace") + b"\n")
                _sweep(self.path)
        except (StorageError, OSError) as error:
            self.notice = _not_saved(self.path, error)
            return
        # What this change does not touch keeps the value this window works with.
        self.settings = replace(self.settings, **values)

    def _read(self) -> dict[str, Any]:
        """The file's document; a damaged file is set aside and its backup, or nothing, is used."""
        try:
            return _document(self.path)
        except FileNotFoundError:
            return {}
        except OSError as error:
            self.notice = tr(
                "The settings cannot be read: {path}: {reason}. Defaults are used.",
                path=self.path,
                reason=error.strerror or error,
            )
            return {}
        except ValueError:
            return self._set_aside()

    def _set_aside(self) -> dict[str, Any]:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        aside = self.path.with_name(f"{self.path.name}.bad-{stamp}")
        try:
            os.replace(self.path, aside)
            kept = tr("It was kept as {path}.", path=aside)
        except OSError:
            kept = ""
        try:
            document = _document(_backup(self.path))
            # The next change builds on the file: it has to hold what is used now.
            with contextlib.suppress(StorageError, OSError):
                write_file(self.path, _backup(self.path).read_bytes())
            used = tr("The settings before the last change are used.")
        except (OSError, ValueError):
            document, used = {}, tr("Defaults are used.")
        self.notice = sentences(tr("The settings file was damaged."), kept, used)
        return document


class Dismissals:
    """Which findings of which image were dismissed: one small file an image in the data folder."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = (folder or data_dir()) / "dismissed"
        self.notice = ""

    def load(self, image_id: str) -> set[str]:
        """The ids of the image's dismissed findings."""
        try:
            found = _document(self._path(image_id)).get("findings", [])
        except (OSError, ValueError):
            return set()
        return (
            {item for item in found if isinstance(item, str)} if isinstance(found, list) else set()
        )

    def save(self, image_id: str, findings: set[str]) -> None:
        """Keep the ids of the image's dismissed findings; `notice` says why when that fails."""
        path = self._path(image_id)
        document = {"image": image_id, "findings": sorted(findings)[:DISMISSED_FINDINGS]}
        try:
            if not findings:
                path.unlink(missing_ok=True)
                return
            self.folder.mkdir(parents=True, exist_ok=True)
            write_file(path, json.dumps(document).encode() + b"\n")
            self._forget_oldest()
        except (StorageError, OSError) as error:
            self.notice = _not_saved(path, error)

    def _path(self, image_id: str) -> Path:
        # The id may be anything an archive says; a digest of it is always a file name.
        return (
            self.folder
            / f"{hashlib.sha256(image_id.encode('utf-8', 'surrogatepass')).hexdigest()}.json"
        )

    def _forget_oldest(self) -> None:
        files = [(path.stat().st_mtime_ns, path) for path in self.folder.glob("*.json")]
        for _, path in sorted(files)[:-DISMISSED_IMAGES]:
            path.unlink(missing_ok=True)


def _settings(document: Mapping[str, Any]) -> Settings:
    """The document's settings; a value that makes no sense here gives way to the default."""
    values: dict[str, Any] = {}
    for item in fields(Settings):
        with contextlib.suppress(KeyError, msgspec.ValidationError):
            values[item.name] = msgspec.convert(document[item.name], _TYPES[item.name])
    recent = values.get("recent", ())
    compared = values.get("comparisons", ())
    kept = {"recent": tuple(recent)[:RECENT_LIMIT], "comparisons": tuple(compared)[:RECENT_LIMIT]}
    return Settings(**{**values, **kept})


def _document(path: Path) -> dict[str, Any]:
    """The JSON object in a file; ValueError when it holds anything else."""
    with open(path, "rb") as file:
        data = file.read(_FILE_LIMIT + 1)
    if len(data) > _FILE_LIMIT:
        raise ValueError(path)
    try:
        document = json.loads(data)
    except RecursionError as error:
        raise ValueError(path) from error
    if not isinstance(document, dict):
        raise ValueError(path)  # noqa: TRY004  # what the file holds is wrong, not an argument
    return document


def _backup(path: Path) -> Path:
    return path.with_name(path.name + ".bak")


def _keep_backup(path: Path) -> None:
    """Keep the present file as .bak; a link, so that nothing is written twice."""
    if not path.exists():
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        os.link(path, temporary)
        os.replace(temporary, _backup(path))
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS):
            raise
        write_file(_backup(path), path.read_bytes())
    finally:
        # Renaming a link onto another link of the same file leaves both.
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep other windows from changing the file meanwhile; goes on without when that takes too long."""
    descriptor = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > deadline:
                    break
                time.sleep(0.005)
        yield
    finally:
        os.close(descriptor)


def _not_saved(path: Path, error: Exception) -> str:
    cause = error.__cause__ if isinstance(error, StorageError) else error
    reason = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(error)
    return tr(
        "Changes are not kept beyond this run: {path}: {reason}",
        path=path,
        reason=reason,
    )


def _sweep(path: Path) -> None:
    """Remove what killed writers left beside a file."""
    for left in path.parent.glob(f".{path.name}.*.tmp"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                left.unlink()
