"""A measurement of starts in the user's history, with what is inside the programs that started."""

from __future__ import annotations

import signal
import threading
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any

from explorer import sandbox
from explorer.coldstart.inittrace import Inside
from explorer.coldstart.measurement import perform
from explorer.coldstart.plan import Plan
from explorer.coldstart.sample import Sample
from explorer.coldstart.spec import Arm
from explorer.coldstart.store import Store
from explorer.engine.client import connect
from explorer.errors import InputError
from explorer.filesystem.cache import LayerStore
from explorer.filesystem.source import ImageSource
from explorer.filesystem.union import stack_layers
from explorer.findings.entry import entry_nodes
from explorer.findings.executables import File, file_of, inspect_executable
from explorer.gobinary.binary import GO, GoBinary
from explorer.gobinary.discovery import resolve
from explorer.gobinary.executable import NotAnExecutable
from explorer.gobinary.modules import STANDARD_MODULE
from explorer.task import Task
from explorer.translation import tr
from explorer.workflow.opening import Options, binary_cache, cached_layers, open_source

# A start script, the program behind it, and a tool or two.
_PROGRAMS = 4


def measure(task: Task, host: str, plan: Plan, note: str) -> Sample:
    """perform() for another process, into the user's history. Runs are handed over as they come.

    A second Ctrl-C must not interrupt the removal of containers: the caller, which got it too, tells the task to stop.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def inside(arm: Arm) -> Mapping[str, Inside]:
        # What parses an image's content does so in a process of its own: this one has containers to remove.
        options = {"reference": f"docker-daemon:{arm.image_id}", "host": host}
        function = "explorer.workflow.measuring:packages_of_start"
        found: Mapping[str, Inside] = sandbox.run(task, function, options, arm.command)
        return found

    return perform(task, connect(host), plan, Store(), note, inside)


def packages_of_start(
    task: Task, options: Mapping[str, Any], command: tuple[str, ...]
) -> dict[str, Inside]:
    """What the Go program that an image starts says about its packages; `command` replaces its CMD unless empty.

    InputError when none of the files behind the image's command is one, and what opening and reading raise.
    """
    chosen = Options(**options)
    store = LayerStore.open() if chosen.use_cache else LayerStore.private()
    with closing(store), closing(open_source(task, chosen)) as source:
        for file in _started_files(task, source, store, command):
            try:
                binary = inspect_executable(task, source, file, binary_cache(chosen))
            except NotAnExecutable:
                continue
            if binary.state == GO:
                return packages_inside(binary)
    raise InputError(
        tr("None of the files that it starts is a Go program."),
        tr("The times of the packages are there all the same."),
    )


def packages_inside(binary: GoBinary) -> dict[str, Inside]:
    """The packages of a program with module, version and code; a module in place of another is named as that one."""
    versions = {STANDARD_MODULE: binary.go_version}
    for module in (*(binary.dependencies or ()), *([binary.module] if binary.module else ())):
        versions[module.path] = (module.replace or module).version or module.version
    return {
        package.name: Inside(
            package.module, versions.get(package.module, ""), max(0, package.code_bytes)
        )
        for package in binary.packages
    }


def _started_files(
    task: Task, source: ImageSource, store: LayerStore, command: tuple[str, ...]
) -> list[File]:
    """The files that the image's entrypoint and command name, in that order; its layers are read where nobody has yet."""
    layers = cached_layers(store, source)
    missing = [layer.index for layer in source.image.layers if layer.index not in layers]
    if missing:
        source.read_layers(task, store, missing, layers.__setitem__)
    order = sorted(layers)
    stack = stack_layers([layers[index] for index in order])
    config = source.image.config
    nodes = entry_nodes(stack, replace(config, cmd=command) if command else config)
    rows = [resolve(stack, stack.tree.path(node)) for node in nodes[:_PROGRAMS]]
    return [file_of(stack, order, row) for row in rows if row >= 0]
