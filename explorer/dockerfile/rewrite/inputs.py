"""What a rewrite needs beyond the analysis: the program's facts out of the image, and the bases that the engine holds."""

from __future__ import annotations

import mmap
import tempfile
from typing import TYPE_CHECKING

from explorer.dockerfile.bases import LocalImage, base_of_reference, repository
from explorer.dockerfile.evidence import find_entry
from explorer.dockerfile.facts import ProgramFacts, program_facts
from explorer.errors import ExplorerError
from explorer.filesystem.source import ImageSource
from explorer.findings.analysis import Analysis
from explorer.findings.entry import FinalFiles
from explorer.gobinary.analyse import analyse_binary
from explorer.task import Task
from explorer.translation import tr

if TYPE_CHECKING:
    from explorer.engine.client import Engine

# A program beyond this is not read; its facts stay unknown and rules ask.
_PROGRAM_LIMIT = 1 << 30
# Images that are asked for their layers; each takes some milliseconds.
_IMAGES_ASKED = 300


def entry_facts(task: Task, source: ImageSource, analysis: Analysis) -> ProgramFacts:
    """Facts of the program that the image starts; empty ones when it is no program or cannot be read."""
    entry = find_entry(analysis, FinalFiles(analysis.stack))
    if not 0 < entry.program_bytes <= _PROGRAM_LIMIT:
        return ProgramFacts(path=entry.path)
    stack, node = (
        analysis.stack,
        analysis.stack.tree.find(entry.program.encode("utf-8", "surrogateescape")),
    )
    rows = stack.rows_at(node)
    row = int(rows[stack.until[rows] == stack.layer_count][-1])
    payload = int(stack.payload_row[row])
    row = payload if payload >= 0 else row
    task.progress(tr("Reading the program"))
    with tempfile.TemporaryFile(prefix="image-explorer-") as file:

        def keep(piece: memoryview) -> None:
            file.write(piece)

        try:
            source.read_payload(
                task,
                analysis.stack_layers[int(stack.layer[row])],
                stack.tree.path(int(stack.node[row])),
                int(stack.data_offset[row]),
                int(stack.size[row]),
                keep,
            )
            file.flush()
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return _facts(task, data, entry.program)
        except (ExplorerError, ValueError):  # gone, damaged or no executable: rules then ask
            return ProgramFacts(path=entry.program)


def _facts(task: Task, data: mmap.mmap, path: str) -> ProgramFacts:
    # The analysis keeps views of its bytes; a copy lets the map be closed.
    copy = data[:]
    return program_facts(analyse_binary(task, copy, path), copy)


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
