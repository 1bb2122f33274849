"""Saves what was measured: a report, runs as CSV or JSON, charts as pictures, gauges for Prometheus; says how that went."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QInputDialog,
    QLineEdit,
    QMenu,
    QToolButton,
    QWidget,
)

from explorer.coldstart.sample import Sample
from explorer.errors import ExplorerError
from explorer.gui import exporting, report_export
from explorer.gui.jobs import Jobs
from explorer.gui.widgets.notice import ERROR, Notice
from explorer.gui.widgets.plain_label import display_lines
from explorer.report.samples_csv import samples_csv
from explorer.task import Task
from explorer.translation import language, mark, sentences, set_language, tr
from explorer.units import display_text

if TYPE_CHECKING:
    from explorer.gui.charts.chart import Chart
    from explorer.report.startup_figures import StartupFigures

_WORK = "explorer.gui.models.startup_work"
_SAID_SECONDS = 10
_KINDS = {
    "csv": mark("CSV table (*.csv)"),
    "json": mark("JSON document (*.json)"),
    "prom": mark("Prometheus text file (*.prom)"),
    "png": mark("PNG picture (*.png)"),
    "svg": mark("SVG picture (*.svg)"),
    "pdf": mark("PDF document (*.pdf)"),
}


class StartupExport:
    """The Export button of the page (in `row`) and all that it does."""

    def __init__(self, jobs: Jobs, notice: Notice, parent: QWidget) -> None:
        self._jobs, self._notice, self._parent = jobs, notice, parent
        self._sample: Sample | None = None
        self.button = QToolButton()
        self.button.setText(tr("Export"))
        self.button.setAccessibleName(tr("Export the measurement"))
        self.button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.button)
        menu.addAction(tr("Report…"), self.save_report)
        menu.addAction(tr("Runs as CSV…"), self.save_runs)
        menu.addAction(tr("Measurement as JSON…"), self.save_json)
        menu.addAction(tr("Prometheus text file…"), self.save_gauges)
        menu.addAction(tr("Push to a Pushgateway…"), self.push_gauges)
        self.button.setMenu(menu)
        self.row = QHBoxLayout()
        self.row.addStretch(1)
        self.row.addWidget(self.button)
        self.offer(None)

    def offer(self, sample: Sample | None) -> None:
        """What would be saved, None for nothing."""
        self._sample = sample
        self.button.setVisible(sample is not None)

    def save_report(self) -> None:
        """The report in the format that is asked for; its comparisons take a second, so on a thread."""
        if self._sample is None:
            return
        from explorer.report.documents.coldstart import measurement_document
        from explorer.report.startup_figures import StartupFigures

        figures = StartupFigures(self._sample)
        try:
            path = report_export.save_report(
                self._stem(),
                lambda: measurement_document(figures),
                lambda: [_json(figures, self._parent)],
                self._parent,
                lambda: measurement_document(figures, None),
            )
        except ExplorerError as error:
            self._complain(error)
        else:
            if path:
                self._saved(path)

    def save_runs(self) -> None:
        """Every run as a line."""
        path = self._ask("-runs", "csv")
        if path and self._sample is not None:
            self._write(path, samples_csv(self._sample))

    def save_json(self) -> None:
        """The measurement as the command line writes it; its comparisons take a second, so elsewhere."""
        path = self._ask("", "json")
        if path:
            self._jobs.start(
                f"{_WORK}:write_json",
                (self._sample, path),
                on_done=self._saved,
                on_failed=self._complain,
            )

    def save_gauges(self) -> None:
        """Gauges for node exporter's textfile collector."""
        path = self._ask("", "prom")
        if path:
            self._jobs.start_waiting(
                f"{_WORK}:write_gauges",
                (self._sample, path),
                on_done=self._saved,
                on_failed=self._complain,
            )

    def push_gauges(self) -> None:
        """Gauges for a Pushgateway whose address is asked for."""
        if self._sample is None:
            return
        url, agreed = QInputDialog.getText(
            self._parent,
            tr("Push to a Pushgateway"),
            tr("Address of the Pushgateway:"),
            QLineEdit.EchoMode.Normal,
            "http://127.0.0.1:9091",
        )
        if agreed and url.strip():
            self._jobs.start_waiting(
                f"{_WORK}:push_gauges",
                (self._sample, url.strip()),
                on_done=lambda where: self._notice.say(
                    tr("Pushed to {url}.", url=display_text(where, 120)), seconds=_SAID_SECONDS
                ),
                on_failed=self._complain,
            )

    def save_chart(self, chart: Chart, kind: str) -> None:
        """A chart as a picture."""
        path = self._ask("-" + re.sub(r"\W+", "-", chart.title.lower()), kind)
        if path:
            self._write(path, chart.picture(kind))

    def _ask(self, ending: str, kind: str) -> str:
        if self._sample is None and kind not in ("png", "svg", "pdf"):
            return ""
        suggested = str(Path.home() / f"{self._stem()}{ending}.{kind}")
        path, _ = QFileDialog.getSaveFileName(
            self._parent, tr("Export"), suggested, tr(_KINDS[kind])
        )
        return f"{path}.{kind}" if path and not Path(path).suffix else path

    def _stem(self) -> str:
        """A file name made of the images' names: letters, digits, dots and dashes only."""
        arms = self._sample.spec.arms if self._sample is not None else ()
        names = [arm.reference.rpartition("/")[2] for arm in arms if arm.kind == "image"]
        text = re.sub(r"[^A-Za-z0-9._-]+", "-", "-".join(dict.fromkeys(names)))
        return f"startup-{text.strip('.-')[:60] or 'image'}"

    def _write(self, path: str, data: bytes) -> None:
        try:
            exporting.write(path, [data])
        except ExplorerError as error:
            self._complain(error)
        else:
            self._saved(path)

    def _saved(self, path: str) -> None:
        self._notice.say(tr("Saved {path}.", path=display_text(path)), seconds=_SAID_SECONDS)

    def _complain(self, error: ExplorerError) -> None:
        self._notice.say(display_lines(sentences(error.message, error.hint)), kind=ERROR)


def compute(_task: Task, figures: StartupFigures) -> None:
    """Draw what the comparisons need: seconds of work, after which all reports are quick."""
    figures.comparisons()


def _json(figures: StartupFigures, parent: QWidget) -> bytes:
    """The measurement as the command line writes it: in English."""
    from explorer.report.coldstart_json import coldstart_json

    report_export.while_painting(parent, f"{__name__}:compute", figures)
    chosen = language()
    set_language("en")
    try:
        return coldstart_json(figures.sample, figures)
    finally:
        set_language(chosen)
