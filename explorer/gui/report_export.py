"""Saves the report on what is shown as HTML, PDF, Markdown, CSV or JSON; the window paints while it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from PySide6.QtCore import QEventLoop, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from explorer.errors import ExplorerError
from explorer.gui import exporting
from explorer.gui.jobs import Jobs
from explorer.report.document import Document
from explorer.report.formats import WHOLE, rendered_parts
from explorer.task import Task
from explorer.translation import mark, tr

# format: (end of the file's name, what the file dialog says)
_FORMATS: Mapping[str, tuple[str, str]] = {
    "html": (".html", mark("HTML page (*.html)")),
    "pdf": (".pdf", mark("PDF document (*.pdf)")),
    "markdown": (".md", mark("Markdown text (*.md)")),
    "csv": (".csv", mark("CSV table (*.csv)")),
    "json": (".json", mark("JSON document (*.json)")),
}
_ENDINGS = {ending: name for name, (ending, _) in _FORMATS.items()} | {
    ".htm": "html",
    ".markdown": "markdown",
}


def save_report(
    stem: str,
    made: Callable[[], Document],
    json: Callable[[], Iterable[bytes]],
    parent: QWidget,
    whole: Callable[[], Document] | None = None,
) -> str:
    """Ask where to and in which format; the path, "" when the user thought better of it. Raises StorageError.

    `whole` tells the document with every row, for formats in which they are expected; without it `made` does.
    """
    path, name = _ask(stem, parent)
    if not path:
        return ""
    if name == "json":
        # Its language is English for a moment: nothing else may be told meanwhile.
        exporting.write(path, json())
        return path
    told = whole if whole is not None and name in WHOLE else made
    while_painting(parent, f"{__name__}:write_report", name, path, told)
    return path


def _ask(stem: str, parent: QWidget) -> tuple[str, str]:
    """The path and the format: what the name's ending says, else the kind that was chosen."""
    kinds = {tr(text): name for name, (_, text) in _FORMATS.items()}
    suggested = str(Path.home() / f"{stem}-report.html")
    path, kind = QFileDialog.getSaveFileName(parent, tr("Report"), suggested, ";;".join(kinds))
    if not path:
        return "", ""
    named = _ENDINGS.get(Path(path).suffix.lower())
    if named is not None:
        return path, named
    name = kinds.get(kind, "html")
    return path + _FORMATS[name][0], name


def while_painting(parent: QWidget, work: str, *arguments: object) -> None:
    """Write on a thread; the window paints meanwhile but takes no input, so that nothing changes under what is written.

    `work` is the function that writes. Raises StorageError.
    """
    jobs, loop = Jobs(parent), QEventLoop(parent)
    failures: list[ExplorerError] = []

    def failed(error: ExplorerError) -> None:
        failures.append(error)
        loop.quit()

    QGuiApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
    try:
        jobs.start_waiting(
            work,
            arguments,
            on_done=lambda _written: loop.quit(),
            on_failed=failed,
        )
        loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
    finally:
        QGuiApplication.restoreOverrideCursor()
        jobs.close()
        jobs.deleteLater()
        loop.deleteLater()
    if failures:
        raise failures[0]


def write_report(_task: Task, name: str, path: str, made: Callable[[], Document]) -> str:
    """Write the report that `made` tells; the path. Raises StorageError."""
    exporting.write(path, rendered_parts(name, made()))
    return path


def write_parts(_task: Task, path: str, parts: Iterable[bytes]) -> str:
    """Write parts that are made on the way; the path. Raises StorageError."""
    exporting.write(path, parts)
    return path
