"""Inside one Go executable, of an image or from disk."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from explorer.errors import ImageNotFound
from explorer.filesystem.cache import LayerStore
from explorer.findings.executables import inspect_executable, live_file
from explorer.gobinary.analyse import analyse_file
from explorer.gobinary.binary import GoBinary
from explorer.task import Task
from explorer.translation import tr
from explorer.units import display_name
from explorer.workflow.opening import Options, binary_cache, cached_layers, open_source, same_image
from explorer.workflow.snapshots import binary_in_snapshot, snapshot_path


def inspect_file(task: Task, path: str, name: str) -> GoBinary:
    """What is inside an executable on disk; `name` is what the user calls it, harmless to show."""
    return analyse_file(task, Path(path), name)


def inspect_binary(task: Task, options: Mapping[str, Any], path: bytes) -> GoBinary:
    """What is inside an executable of an image's final file system; links on the way are followed.

    ImageNotFound when there is no such file, NotAnExecutable when it is none, and what opening and reading raise.
    """
    chosen = Options(**options)
    recorded = snapshot_path(chosen.reference)
    if recorded is not None:
        return binary_in_snapshot(task, recorded, chosen.reference, path)
    store = LayerStore.open() if chosen.use_cache else LayerStore.private()
    with closing(store), closing(open_source(task, chosen)) as source:
        same_image(source, options)
        layers = cached_layers(store, source)
        missing = [layer.index for layer in source.image.layers if layer.index not in layers]
        if missing:
            source.read_layers(task, store, missing, layers.__setitem__)
        file = live_file(layers, path)
        if file is None:
            raise ImageNotFound(
                tr("The image has no file {name}.", name=display_name(path)),
                tr("image-explorer analyze --json lists its Go executables as go_binaries."),
            )
        return inspect_executable(task, source, file, binary_cache(chosen))
