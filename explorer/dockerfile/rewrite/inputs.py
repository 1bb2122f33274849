"""What a rewrite needs beyond the analysis: the program's facts out of the image, and the bases that the engine holds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from explorer.dockerfile.bases import LocalImage, base_of_reference, repository
from explorer.dockerfile.evidence import find_entry
from explorer.dockerfile.facts import ProgramFacts, program_facts
from explorer.errors import ExplorerError
from explorer.filesystem.source import ImageSource
from explorer.findings.analysis import Analysis
from explorer.findings.entry import FinalFiles
from explorer.findings.executables import File, file_of, inspect_executable
from explorer.gobinary.cache import BinaryCache
from explorer.task import Task
from explorer.translation import tr

if TYPE_CHECKING:
    from explorer.engine.client import Engine

# Images that are asked for their layers; each takes some milliseconds.
_IMAGES_ASKED = 300


def held_facts(analysis: Analysis, cache: BinaryCache | None) -> ProgramFacts | None:
    """Facts of the program that the image starts as far as they need no reading: None when the program must be read."""
    path, file = _program(analysis)
    if file is None:
        return ProgramFacts(path=path)
    held = cache.get(file.digest) if cache is not None else None
    return None if held is None else replace(program_facts(held), path=path)


def entry_facts(
    task: Task, source: ImageSource, analysis: Analysis, cache: BinaryCache | None
) -> ProgramFacts:
    """The same, read where it must be; empty ones when it is no program or cannot be read."""
    path, file = _program(analysis)
    if file is None:
        return ProgramFacts(path=path)
    task.progress(tr("Reading the program"))
    try:
        found = inspect_executable(task, source, file, cache)
    except ExplorerError:  # gone, damaged, too large or no executable: rules then ask
        return ProgramFacts(path=path)
    return replace(program_facts(found), path=path)


def _program(analysis: Analysis) -> tuple[str, File | None]:
    """The path of what the image starts, and its program; None when that is none."""
    entry = find_entry(analysis, FinalFiles(analysis.stack))
    if entry.program_bytes <= 0:
        return entry.path, None
    stack = analysis.stack
    rows = stack.rows_at(stack.tree.find(entry.program.encode("utf-8", "surrogateescape")))
    row = int(rows[stack.until[rows] == stack.layer_count][-1])
    payload = int(stack.payload_row[row])
    row = payload if payload >= 0 else row
    return entry.program, file_of(stack, analysis.stack_layers, row)


def known_images(task: Task, engine: Engine, analysis: Analysis) -> tuple[LocalImage, ...]:
    """Images that may be a base: those whose layers the image begins with, runtimes of the table, Go's own."""
    from explorer.engine.answers import list_in, object_in
    from explorer.engine.inspection import inspect

    diff_ids = tuple(layer.diff_id for layer in analysis.image.layers)
    found = []
    for listed in engine.images()[:_IMAGES_ASKED]:
        task.checkpoint()
        if not listed.tags:
            continue
        document = object_in(engine.get_json(f"/images/{listed.id}/json"))
        layers = tuple(map(str, list_in(object_in(document.get("RootFS")).get("Layers"))))
        begins = bool(layers) and len(layers) < len(diff_ids) and diff_ids[: len(layers)] == layers
        runtime = any(base_of_reference(tag) or repository(tag) == "golang" for tag in listed.tags)
        if not begins and not runtime:
            continue
        image = inspect(engine, listed.id).image
        digests = tuple(str(item) for item in list_in(document.get("RepoDigests")))
        size = document.get("Size") if not document.get("Descriptor") else -1
        content = size if isinstance(size, int) else -1
        found.append(
            LocalImage(listed.tags + digests, layers, image.config, image.history, content)
        )
    return tuple(found)
