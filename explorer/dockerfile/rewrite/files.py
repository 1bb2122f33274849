"""The user's own files behind a rewrite, read in a worker: a Dockerfile, the source folder; and the plan's slow part."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from explorer.dockerfile.bases import LocalImage
from explorer.dockerfile.facts import ProgramFacts
from explorer.dockerfile.parser import decode
from explorer.dockerfile.rewrite.change import RewriteOptions
from explorer.dockerfile.rewrite.plan import Preparation, prepare
from explorer.dockerfile.sources import SourceFacts, read_sources
from explorer.errors import InputError, LimitExceeded
from explorer.findings.analysis import Analysis
from explorer.task import Task
from explorer.translation import tr
from explorer.units import display_text

_DOCKERFILE_LIMIT = 4 << 20
_USUAL_NAMES = ("Dockerfile", "Containerfile")


@dataclass(frozen=True)
class RewriteFiles:
    """The user's own files behind an image: a Dockerfile (None: none) and where it is, the source folder's facts."""

    text: str | None = None
    path: str = ""
    sources: SourceFacts | None = None


def rewrite_files(task: Task, dockerfile: str, folder: str) -> RewriteFiles:
    """The Dockerfile given, else the usual one in the source folder, and what the folder tells; "" for none.

    InputError when one cannot be read, LimitExceeded for a Dockerfile over 4 MiB.
    """
    if folder and not Path(folder).is_dir():
        raise InputError(
            tr("There is no folder {path}.", path=display_text(folder)), tr("Check the path.")
        )
    path = Path(dockerfile) if dockerfile else None
    if path is None and folder:
        path = next((p for n in _USUAL_NAMES if (p := Path(folder) / n).is_file()), None)
    text = None if path is None else decode(_dockerfile_bytes(path))
    sources = read_sources(task, Path(folder)) if folder else None
    return RewriteFiles(text, "" if path is None else str(path), sources)


def _dockerfile_bytes(path: Path) -> bytes:
    try:
        # A pipe would never end; opening one would wait for its writer.
        if path.exists() and not path.is_file():
            raise InputError(
                tr("{path} is not a file.", path=display_text(str(path))), tr("Check the path.")
            )
        with open(path, "rb") as file:
            data = file.read(_DOCKERFILE_LIMIT + 1)
    except OSError as error:
        raise InputError(
            tr(
                "Could not read {path}: {reason}",
                path=display_text(str(path)),
                reason=error.strerror or error,
            ),
            tr("Check the path."),
        ) from error
    if len(data) > _DOCKERFILE_LIMIT:
        raise LimitExceeded(
            tr("{path} is over 4 MiB.", path=display_text(str(path))),
            tr("No Dockerfile is that long; check the path."),
        )
    return data


def prepare_rewrite(
    task: Task,
    analysis: Analysis,
    files: RewriteFiles,
    facts: ProgramFacts,
    options: RewriteOptions,
    images: tuple[LocalImage, ...],
) -> Preparation:
    """prepare() with a task, for a thread of the window."""
    task.checkpoint()
    return prepare(analysis, files.text, files.sources, facts, options, images)
