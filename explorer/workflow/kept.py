"""Whole analyses that are kept: the second time an image is neither joined nor classified, only shown.

A kept analysis holds for one image, the rules in force and this program; whatever of these changes, its key changes too.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from explorer.errors import StorageError
from explorer.image.reference import parse_reference
from explorer.paths import config_dir
from explorer.resources import resource
from explorer.task import Task
from explorer.translation import language, tr
from explorer.units import display_text

if TYPE_CHECKING:
    from explorer.filesystem.cache import LayerStore
    from explorer.findings.analysis import Analysis
    from explorer.image.model import Image

VIA = "cache"
# What an analysis is made by; another state of these packages makes another one.
_MAKERS = ("filesystem", "findings", "gobinary", "image")
# A rule file larger than this is refused (findings.rules), whatever it says.
_RULES_LIMIT = (1 << 20) + 1
_log = logging.getLogger(__name__)


def kept_of_engine(task: Task, options: Mapping[str, Any]) -> Analysis | None:
    """The kept analysis of an engine's image, told by asking the engine what the name means; None when there is none.

    Parses nothing of the image but its config, and so may run in the process that shows it. ImageNotFound,
    EngineUnreachable, EngineRefused, EngineLost, Cancelled.
    """
    reference = parse_reference(str(options["reference"]))
    if reference.transport != "docker-daemon" or not options.get("use_cache", True):
        return None
    from explorer.engine.client import connect
    from explorer.engine.inspection import inspect
    from explorer.filesystem.cache import LayerStore

    started = time.monotonic()
    task.progress(tr("Opening {reference}", reference=display_text(reference.name, 80)))
    engine = connect(str(options.get("host", "")), task)
    wanted = str(options.get("image_id", "")) or reference.name
    image = inspect(engine, wanted, str(options.get("platform", ""))).image
    opened = time.monotonic()
    found = load_kept(LayerStore.existing(), image)
    if found is None:
        return None
    notes = [note for note in (engine.endpoint.warning(),) if note]
    now = time.monotonic()
    timings = {"open": opened - started, "read": now - opened, "total": now - started}
    return with_notes(replace(found, timings=timings), notes)


def load_kept(store: LayerStore, image: Image) -> Analysis | None:
    """The kept analysis of an image, None when there is none; a damaged file is removed."""
    path = store.analysis_file(_key(image))
    if path is None or not path.exists():
        return None
    from explorer.findings.analysis import Analysis

    try:
        found = Analysis.load(path)
    except FileNotFoundError:
        return None
    except (StorageError, ValueError, KeyError, TypeError, IndexError, OSError) as error:
        _log.warning("rebuilding %s: %s", path, error)
        with contextlib.suppress(OSError):
            path.unlink()
        return None
    if not found.complete or _layers(found.image) != _layers(image):
        return None
    with contextlib.suppress(OSError):
        os.utime(path)
    return replace(found, image=_as_stored(image, found.image), via=VIA, timings={})


def _as_stored(image: Image, kept: Image) -> Image:
    """`image` with what was known of its layers' blobs when it was read, where it is not known now."""
    layers = tuple(
        old if old.digest and not new.digest and old.diff_id == new.diff_id else new
        for new, old in zip(image.layers, kept.layers, strict=True)
    )
    return replace(image, layers=layers)


def _layers(image: Image) -> tuple[str, list[str]]:
    return image.id, [layer.diff_id for layer in image.layers]


def keep(store: LayerStore, analysis: Analysis) -> None:
    """Keep an analysis that is complete, and whose every layer is proved; a cache that takes no more keeps nothing."""
    path = store.analysis_file(_key(analysis.image))
    if path is None or not analysis.complete or not all(row.verified for row in analysis.layers):
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        analysis.save(path)
    except (StorageError, OSError) as error:
        _log.warning("could not keep an analysis: %s", error)


def with_notes(analysis: Analysis, notes: list[str]) -> Analysis:
    """`analysis` with what this run has to say before what the image has."""
    return replace(analysis, problems=tuple(dict.fromkeys([*notes, *analysis.problems])))


def _key(image: Image) -> str:
    """What an analysis depends on, as one name; how the image was called or reached does not count."""
    described = [
        image.id,
        str(image.platform),
        image.config,
        [(layer.diff_id, layer.history) for layer in image.layers],
        image.history,
        language(),
    ]
    digest = hashlib.sha256(msgspec.json.encode(described))
    for part in (*_program(), *_rules()):
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()


def _program() -> Iterator[bytes]:
    """The state of the modules that make analyses."""
    package = Path(__file__).parent.parent
    for name in _MAKERS:
        with os.scandir(package / name) as entries:
            files = sorted((item.name, item) for item in entries if item.name.endswith(".py"))
        for file_name, item in files:
            state = item.stat()
            yield f"{name}/{file_name} {state.st_size} {state.st_mtime_ns}".encode()


def _rules() -> Iterator[bytes]:
    """The rule files, ours and the user's, with their content."""
    for folder in (resource("rules"), config_dir() / "rules"):
        try:
            names = sorted(entry for entry in os.listdir(folder) if entry.endswith(".toml"))
        except OSError:
            continue
        for name in names:
            yield os.fsencode(folder / name)
            yield _content(folder / name)


def _content(path: Path) -> bytes:
    try:
        # A pipe among the files is passed over by findings.rules, and must not be waited for here.
        if path.is_fifo():
            return b"fifo"
        with path.open("rb") as file:
            return file.read(_RULES_LIMIT)
    except OSError as error:
        return f"error {error.errno}".encode()
