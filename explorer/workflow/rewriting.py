"""From an image to its optimized Dockerfile, built and verified."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.errors import ExplorerError
from explorer.filesystem.cache import LayerStore
from explorer.findings.analysis import Analysis
from explorer.image.reference import parse_reference
from explorer.task import Cancelled, Task
from explorer.translation import tr
from explorer.workflow.analysing import analyse
from explorer.workflow.opening import (
    Options,
    binary_cache,
    connect_engine,
    open_source,
    same_image,
)
from explorer.workflow.snapshots import recorded_rewrite, snapshot_path

if TYPE_CHECKING:
    from explorer.dockerfile.bases import LocalImage
    from explorer.dockerfile.context import Context
    from explorer.dockerfile.facts import ProgramFacts
    from explorer.dockerfile.verify.model import Verification, VerifyOptions
    from explorer.engine.build_events import BuildResult
    from explorer.engine.client import EngineInfo


def rewrite_inputs(
    task: Task, options: Mapping[str, Any], analysis_file: str
) -> tuple[ProgramFacts, tuple[LocalImage, ...]]:
    """What a rewrite is planned with, beside the analysis: facts of the program, and bases that the engine holds."""
    from explorer.dockerfile.facts import ProgramFacts
    from explorer.dockerfile.rewrite.inputs import entry_facts

    chosen = Options(**options)
    if snapshot_path(chosen.reference) is not None:
        recorded = recorded_rewrite(task, chosen.reference)
        return (recorded.facts, recorded.images) if recorded else (ProgramFacts(), ())
    analysis = Analysis.load(Path(analysis_file))
    with closing(open_source(task, chosen)) as source:
        same_image(source, options)
        facts = entry_facts(task, source, analysis, binary_cache(chosen))
    return facts, _images(task, chosen, analysis)


def load_rules(task: Task) -> None:
    """Load the modules that planning takes, before they are waited for."""

    task.checkpoint()


def held_inputs(
    task: Task, options: Mapping[str, Any], analysis: Analysis
) -> tuple[ProgramFacts | None, tuple[LocalImage, ...]]:
    """The same without opening the image, fast enough for a thread; None for facts that only the image tells."""
    from explorer.dockerfile.rewrite.inputs import held_facts

    chosen = Options(**options)
    if snapshot_path(chosen.reference) is not None:
        return None, ()
    facts = held_facts(analysis, binary_cache(chosen))
    if facts is None:
        return None, ()
    return facts, _images(task, chosen, analysis)


def _images(task: Task, options: Options, analysis: Analysis) -> tuple[LocalImage, ...]:
    """Bases that the image's engine holds; none for archives."""
    from explorer.dockerfile.rewrite.inputs import known_images

    if parse_reference(options.reference).transport != "docker-daemon":
        return ()
    return known_images(task, connect_engine(task, options.host), analysis)


def look_at_build(
    task: Task, host: str, folder: str, dockerfile: str, ignore_text: str | None
) -> tuple[Context, EngineInfo]:
    """What a build would send of a folder ("": nothing but the Dockerfile), and the engine it would send it to."""
    from explorer.dockerfile.context import Context, read_context

    info = connect_engine(task, host).describe()
    if not folder:
        return Context(), info
    return read_context(task, folder, dockerfile, ignore_text), info


def build_rewrite(
    task: Task, host: str, context: Context, text: str, tag: str, platform: str
) -> BuildResult:
    """Build, and read how big the result is; each BuildEvent goes to task.partial. What a cancel leaves is removed."""
    from explorer.engine.build import build

    engine = connect_engine(task, host)
    version = engine.get_json("/version")
    own = isinstance(version, dict) and f"{version.get('Os')}/{version.get('Arch')}"
    # Old engines build for a named platform only as an experiment.
    wanted = "" if own == "/".join(platform.split("/")[:2]) else platform
    result = build(task, engine, context, text, tag=tag, platform=wanted, on_event=task.partial)
    try:
        task.progress(tr("Reading its new size"))
        store = LayerStore.open()
        with closing(store):
            found = analyse(task, Options(f"docker-daemon:{result.image_id}", host=host), store)
        return replace(result, content_bytes=found.totals.content_bytes)
    except Cancelled:
        drop_build(Task(), host, result)
        raise
    except ExplorerError:
        return result


def verify_rewrite(
    task: Task, host: str, old: str, new: str, options: VerifyOptions
) -> Verification:
    """Compare two images of an engine; see explorer.dockerfile.verify."""
    from explorer.dockerfile.verify.verdict import verify

    return verify(task, connect_engine(task, host), old, new, options)


def drop_build(task: Task, host: str, result: BuildResult) -> None:
    """Take a built rewrite out of its engine again; what else uses it stays."""
    from explorer.engine.build import remove_build

    remove_build(connect_engine(task, host), result)
