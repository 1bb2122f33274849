"""Asks where an export goes and what it holds, and writes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox, QProgressDialog, QWidget

from explorer.filesystem.union import View, view
from explorer.findings.analysis import Analysis
from explorer.gui import exporting
from explorer.gui.pages.explore import ExplorePage
from explorer.report.analysis_csv import entry_count, files_csv, findings_csv, layers_csv
from explorer.translation import mark, tr

# kind: (end of the suggested name, what the file dialog says)
_FORMATS: Mapping[str, tuple[str, str]] = {
    "export_files": ("-files.csv", mark("CSV table (*.csv)")),
    "export_layers": ("-layers.csv", mark("CSV table (*.csv)")),
    "export_findings": ("-findings.csv", mark("CSV table (*.csv)")),
    "export_json": (".json", mark("JSON document (*.json)")),
    "export_png": ("-treemap.png", mark("PNG picture (*.png)")),
    "export_svg": ("-treemap.svg", mark("SVG picture (*.svg)")),
}
# Shorter exports need no progress.
_QUIET_MS = 500


def export(kind: str, page: ExplorePage, parent: QWidget) -> str:
    """Write one of the exports of actions.EXPORTS; its path, "" when the user thought better of it. StorageError."""
    analysis = page.selection.analysis
    shown = page.selection.view
    if analysis is None or shown is None:
        return ""
    if kind == "export_report":
        return _report(analysis, parent)
    if kind == "export_files":
        chosen = _rows(page, analysis, shown, parent)
        if chosen is None:
            return ""
        shown = chosen
    path = _ask_path(kind, analysis, parent)
    if not path:
        return ""
    if kind == "export_files":
        written = _write_files(path, analysis, shown, parent)
    else:
        written = exporting.write(path, _parts(kind, page, analysis))
    return path if written else ""


def _report(analysis: Analysis, parent: QWidget) -> str:
    from explorer.gui.report_export import save_report
    from explorer.report.documents.analysis import analysis_document

    return save_report(
        file_stem(analysis),
        lambda: analysis_document(analysis),
        lambda: [exporting.json_document(analysis)],
        parent,
        lambda: analysis_document(analysis, None),
    )


def _rows(page: ExplorePage, analysis: Analysis, shown: View, parent: QWidget) -> View | None:
    """The view to write: what the filter leaves, or all of it; None when cancelled."""
    selection = page.selection
    if selection.query_rows is None and selection.finding_rows is None:
        return shown
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Question)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setWindowTitle(tr("Files as CSV"))
    box.setText(tr("Which files should be written?"))
    filtered = box.addButton(tr("Only those shown"), QMessageBox.ButtonRole.AcceptRole)
    everything = box.addButton(tr("All files"), QMessageBox.ButtonRole.ActionRole)
    box.addButton(tr("Cancel"), QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(filtered)
    box.exec()
    clicked = box.clickedButton()
    box.deleteLater()
    if clicked is filtered:
        return shown
    return view(analysis.stack, selection.mode_rows()) if clicked is everything else None


def _ask_path(kind: str, analysis: Analysis, parent: QWidget) -> str:
    ending, format_text = _FORMATS[kind]
    suggested = str(Path.home() / (file_stem(analysis) + ending))
    path, _ = QFileDialog.getSaveFileName(parent, tr("Export"), suggested, tr(format_text))
    suffix = Path(ending).suffix or ending
    return path + suffix if path and not Path(path).suffix else path


def file_stem(analysis: Analysis) -> str:
    """A file name made of the image's name: letters, digits, dots and dashes only."""
    image = analysis.image
    name = image.tags[0] if image.tags else image.id.rpartition(":")[2][:12]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name.rpartition("/")[2]).strip(".-")[:80] or "image"


def _parts(kind: str, page: ExplorePage, analysis: Analysis) -> Iterable[bytes]:
    if kind == "export_layers":
        return [layers_csv(analysis)]
    if kind == "export_findings":
        return [findings_csv(analysis, analysis.findings)]
    if kind == "export_json":
        return [exporting.json_document(analysis)]
    treemap = page.map_pane.map
    treemap.finish_layout()
    picture = treemap.picture()
    if picture is None:
        # Never shown so far: nothing was laid out.
        treemap.relayout()
        treemap.finish_layout()
        picture = treemap.picture()
    assert picture is not None
    if kind == "export_png":
        return [exporting.png(picture)]
    return [
        exporting.svg(picture, analysis.image.tags[0] if analysis.image.tags else analysis.image.id)
    ]


def _write_files(path: str, analysis: Analysis, shown: View, parent: QWidget) -> bool:
    """Write the table; a long one shows how far it is and can be stopped."""
    total = entry_count(shown)
    progress = QProgressDialog(
        tr("Writing {n} rows", n=f"{total:,}"), tr("Cancel"), 0, total, parent
    )
    progress.setWindowModality(Qt.WindowModality.WindowModal)
    progress.setMinimumDuration(_QUIET_MS)

    def step(written: int) -> bool:
        # A modal progress dialog lets the window paint here.
        progress.setValue(min(written, total))
        return not progress.wasCanceled()

    try:
        return exporting.write(path, files_csv(analysis, shown), step)
    finally:
        progress.close()
        progress.deleteLater()
