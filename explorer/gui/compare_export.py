"""Saves what a comparison shows: files and tables as CSV, maps and charts as pictures, all of it as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from explorer.compare.comparison import Comparison
from explorer.gui import exporting, report_export
from explorer.gui.diff_selection import DiffSelection
from explorer.gui.models.compare_tables import CompareRows, DeltaCell
from explorer.gui.widgets.treemap import Treemap
from explorer.report.compare_csv import changes_csv
from explorer.report.csv_lines import csv_cell, csv_lines
from explorer.translation import language, mark, set_language, tr

if TYPE_CHECKING:
    from explorer.dockerfile.rewrite.change import RewritePlan

# kind: (end of the suggested name, what the file dialog says)
_FORMATS: Mapping[str, tuple[str, str]] = {
    "files": ("-files.csv", mark("CSV table (*.csv)")),
    "table": ("-table.csv", mark("CSV table (*.csv)")),
    "json": (".json", mark("JSON document (*.json)")),
    "png": (".png", mark("PNG picture (*.png)")),
    "svg": (".svg", mark("SVG picture (*.svg)")),
    "pdf": (".pdf", mark("PDF document (*.pdf)")),
}


def files_csv(selection: DiffSelection) -> Iterator[bytes]:
    """The paths that the tree shows and what became of them."""
    return changes_csv(selection.diff, selection.visible)


def table_csv(rows: CompareRows) -> bytes:
    """A table as it is shown: heads, then rows; numbers are whole, not rounded."""
    heads = [
        csv_cell(str(rows.headerData(n, Qt.Orientation.Horizontal)))
        for n in range(rows.columnCount())
    ]
    lines: list[list[object]] = [list(heads)]
    for number in range(rows.rowCount()):
        cells: list[object] = []
        for cell in rows.row(number):
            if isinstance(cell, DeltaCell):
                cells.append(cell.delta)
            else:
                cells.append(cell.key if isinstance(cell.key, int) else csv_cell(cell.text))
        lines.append(cells)
    return csv_lines(lines)


def map_parts(view: Treemap, kind: str, title: str) -> Iterable[bytes]:
    """A treemap as a PNG or SVG file."""
    if view.drawing or view.picture() is None:
        # Never shown so far, or under way.
        view.relayout()
        view.finish_layout()
    picture = view.picture()
    assert picture is not None
    return [exporting.png(picture) if kind == "png" else exporting.svg(picture, title)]


def json_parts(comparison: Comparison) -> Iterable[bytes]:
    """The comparison as the command line writes it."""
    from explorer.report.compare_json import compare_json

    chosen = language()
    set_language("en")
    try:
        return [compare_json(comparison)]
    finally:
        set_language(chosen)


def save_report(comparison: Comparison, stem: str, parent: QWidget) -> str:
    """Ask where to, and write the report; the path, "" when the user thought better of it. Raises StorageError."""
    from explorer.report.documents.compare import compare_document

    return report_export.save_report(
        _file_name(stem),
        lambda: compare_document(comparison),
        lambda: json_parts(comparison),
        parent,
        lambda: compare_document(comparison, None),
    )


def save_story(comparison: Comparison, plan: RewritePlan, recorded: str, parent: QWidget) -> str:
    """The same with the rewrite that led from one image to the other, in the order of a review."""
    from explorer.report.documents.story import story_document

    return report_export.save_report(
        "image-size-review",
        lambda: story_document(comparison, plan, recorded),
        lambda: json_parts(comparison),
        parent,
    )


def save(kind: str, stem: str, parts: Iterable[bytes], parent: QWidget) -> str:
    """Ask where to, and write; the path, "" when the user thought better of it. Raises StorageError."""
    ending, format_text = _FORMATS[kind]
    suggested = str(Path.home() / (_file_name(stem) + ending))
    path, _ = QFileDialog.getSaveFileName(parent, tr("Export"), suggested, tr(format_text))
    if not path:
        return ""
    if not Path(path).suffix:
        path += Path(ending).suffix
    if kind == "files":
        # There may be a million.
        report_export.while_painting(parent, f"{report_export.__name__}:write_parts", path, parts)
    else:
        exporting.write(path, parts)
    return path


def _file_name(stem: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip(".-")[:80] or "comparison"
