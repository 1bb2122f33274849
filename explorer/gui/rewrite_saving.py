"""Writes a rewrite where the person says: the Dockerfile and what belongs beside it, or a report of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from explorer.dockerfile.parser import encode
from explorer.dockerfile.rewrite.change import RewritePlan
from explorer.dockerfile.rewrite.jobs import PLACES
from explorer.dockerfile.rewrite.plan import Preparation, plan
from explorer.errors import StorageError
from explorer.gui import report_export
from explorer.gui.export_dialog import file_stem
from explorer.gui.exporting import write
from explorer.report.document import Document
from explorer.report.documents.parts import ROWS
from explorer.translation import language, set_language, tr
from explorer.units import display_text

if TYPE_CHECKING:
    from explorer.gui.pages.rewrite_trial import Trial


def files_of(plan: RewritePlan, name: str) -> dict[str, bytes]:
    """All files of a rewrite by their path from the Dockerfile's folder; `name` is the Dockerfile's."""
    files = {name: encode(plan.rewritten)}
    if plan.dockerignore:
        files[".dockerignore"] = plan.dockerignore.encode("utf-8", "surrogateescape")
    return files | {
        PLACES[system]: text.encode("utf-8", "surrogateescape")
        for system, text in plan.jobs.items()
    }


def write_files(folder: str, files: Mapping[str, bytes], *, private: bool) -> list[str]:
    """Write the files and return their paths; `private` ones only their owner can read. Raises StorageError."""
    written = []
    # Secrets that stood in the original stand in the result.
    mask = os.umask(0o077) if private else None
    try:
        for name, data in files.items():
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
            write(path, [data])
            written.append(path)
    except OSError as error:
        raise StorageError(
            tr(
                "Could not write {path}: {reason}",
                path=display_text(folder),
                reason=error.strerror or error,
            ),
            tr("Choose another folder or free some space."),
        ) from error
    finally:
        if mask is not None:
            os.umask(mask)
    return written


def save_report(
    found: RewritePlan,
    prepared: Preparation,
    switches: Mapping[str, bool],
    trial: Trial,
    parent: QWidget,
) -> str:
    """Ask where to and in which format; the path, "" when the user thought better of it. Raises StorageError.

    What was built is told of only when it is what is shown.
    """
    from explorer.report.documents.rewrite import rewrite_report
    from explorer.report.rewrite_json import rewrite_json

    analysis = prepared.case.evidence.analysis
    shown = trial.order is not None and trial.order.plan.rewritten == found.rewritten
    build = trial.result if shown else None
    verification = trial.verification if shown else None

    def made(limit: int | None = ROWS) -> Document:
        return rewrite_report(
            found,
            build,
            trial.context,
            verification,
            problems=() if analysis.complete else analysis.problems,
            limit=limit,
        )

    def json() -> list[bytes]:
        chosen = language()
        set_language("en")
        try:
            english = plan(prepared, switches)
            return [rewrite_json(english, build, trial.context, verification)]
        finally:
            set_language(chosen)

    stem = f"{file_stem(analysis)}-rewrite"
    return report_export.save_report(stem, made, json, parent, lambda: made(None))
