"""The rows of the start-up tables: figures by phase, single runs, earlier measurements; and all runs as CSV."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Qt

from explorer.coldstart.inittrace import Init
from explorer.coldstart.phase import METRICS, metric, metric_label, values
from explorer.coldstart.sample import OK, Run, Sample
from explorer.coldstart.stats import summaries
from explorer.coldstart.store import Entry
from explorer.coldstart.telling import arm_label, phase_label, status_label
from explorer.coldstart.verdict import duration_text
from explorer.gui.models.binary import Cell, Index, RowsModel
from explorer.gui.models.file_tree import DISPLAY
from explorer.translation import mark, sentences, tr
from explorer.units import count_text, display_text, size_text

FIGURE_HEADS = (
    mark("Phase"), mark("Arm"), mark("Median"), mark("95 % interval"), mark("p90"), mark("Min"), mark("n"), mark("Spread"),
)  # fmt: skip
RUN_HEADS = (
    mark("Run"), mark("Arm"), mark("State"), mark("Total"), mark("Engine"), mark("App"), mark("Busy"), mark("Remark"),
)  # fmt: skip
HISTORY_HEADS = (mark("Measured"), mark("Images"), mark("Runs"), mark("Note"))
INIT_HEADS = (
    mark("Package"), mark("Before main"), mark("Module"), mark("Version"), mark("Code"), mark("Allocated"), mark("Allocations"),
)  # fmt: skip
NOTE = 3
_EDIT = int(Qt.ItemDataRole.EditRole)


def figure_rows(sample: Sample) -> list[tuple[Cell, ...]]:
    """Every metric of every arm: median, interval, 90th percentile, minimum, number, median absolute deviation."""
    rows: list[tuple[Cell, ...]] = []
    for item in summaries(sample):
        data = values((run.phases for run in sample.good(item.arm)), item.phase)
        p90 = float(np.quantile(np.asarray(data), 0.9, method="inverted_cdf"))
        interval = (
            "—"
            if item.ci_low is None
            else f"{duration_text(item.ci_low)} … {duration_text(item.ci_high)}"
        )
        rows.append(
            (
                Cell(metric_label(item.phase), list(METRICS).index(item.phase)),
                Cell(arm_label(sample.spec.arms[item.arm]), item.arm),
                _duration(item.median),
                Cell(interval, _nanoseconds(item.ci_low)),
                _duration(p90),
                _duration(item.min),
                Cell(str(item.n), item.n),
                Cell(f"± {duration_text(item.mad)}", _nanoseconds(item.mad)),
            )
        )
    return rows


def run_rows(sample: Sample) -> list[tuple[Cell, ...]]:
    """Every run, warm-ups and failures too, in the order in which they ran."""
    return [_run_row(sample, run) for run in sample.runs]


def _run_row(sample: Sample, run: Run) -> tuple[Cell, ...]:
    busy = "" if run.pressure is None else f"{run.pressure:.0%}"
    remarks = [tr("warm-up, not counted")] if run.warm_up else []
    if run.outlier:
        remarks.append(tr("outlier"))
    if run.status != OK:
        remarks.append(tr("reached: {phase}", phase=phase_label(run.phases.last())))
    remarks += [display_text(text, 200) for text in (run.detail, *run.warnings) if text]
    return (
        Cell(str(run.order + 1), run.order),
        Cell(arm_label(sample.spec.arms[run.arm]), run.arm),
        Cell(status_label(run.status), run.status),
        _duration(metric(run.phases, "total")),
        _duration(metric(run.phases, "engine")),
        _duration(metric(run.phases, "app")),
        Cell(busy, _nanoseconds(run.pressure)),
        Cell(" · ".join(remarks), sentences(*remarks)),
    )


def _duration(seconds: float | None) -> Cell:
    return Cell(duration_text(seconds), _nanoseconds(seconds))


def _nanoseconds(seconds: float | None) -> int:
    """What durations are sorted by; those that are not known come first."""
    return -(1 << 62) if seconds is None else round(seconds * 1e9)


def init_rows(inits: Sequence[Init]) -> list[tuple[Cell, ...]]:
    """What each package did before main: time, where it comes from, its code in the file, what it allocated."""
    return [
        (
            _text(item.package),
            _duration(item.seconds),
            _text(item.module),
            _text(item.version),
            Cell(size_text(item.code_bytes) if item.code_bytes else "—", item.code_bytes),
            Cell(size_text(item.bytes), item.bytes),
            Cell(count_text(item.allocations), item.allocations),
        )
        for item in inits
    ]


def _text(text: str) -> Cell:
    return Cell(display_text(text, 200), text)


class RunRows(RowsModel):
    """run_rows() in a table; order() tells which run a row is."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(RUN_HEADS, (0, 3, 4, 5, 6), parent)

    def order(self, row: int) -> int:
        """The place of a row's run in the order of all."""
        key = self._rows[row][0].key
        assert isinstance(key, int)
        return key

    def row_of(self, order: int) -> int:
        """The row that shows a run, -1 for none."""
        return next((n for n, row in enumerate(self._rows) if row[0].key == order), -1)


class HistoryRows(RowsModel):
    """Earlier measurements; the note can be edited in its cell and goes to `annotate(id, text)`."""

    def __init__(self, annotate: Callable[[str, str], None], parent: QObject | None = None) -> None:
        super().__init__(HISTORY_HEADS, (2,), parent)
        self._annotate = annotate
        self._entries: dict[str, Entry] = {}

    def show_entries(self, entries: Sequence[Entry]) -> None:
        """Show these."""
        self._entries = {f"{entry.created} {entry.id}": entry for entry in entries}
        self.show([_history_row(key, entry) for key, entry in self._entries.items()])

    def entry(self, row: int) -> Entry:
        """The measurement of a row."""
        return self._entries[str(self._rows[row][0].key)]

    def row_of(self, name: str) -> int:
        """The row of a measurement's ID, -1 for none."""
        rows = range(self.rowCount())
        return next((row for row in rows if self.entry(row).id == name), -1)

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == NOTE else flags

    def data(self, index: Index, role: int = DISPLAY) -> Any:
        if role == _EDIT and index.column() == NOTE:
            return self.entry(index.row()).note
        return super().data(index, role)

    def setData(self, index: Index, value: Any, role: int = _EDIT) -> bool:
        if role != _EDIT or index.column() != NOTE:
            return False
        entry = self.entry(index.row())
        if str(value) != entry.note:
            self._annotate(entry.id, str(value))
        return True


def _history_row(key: str, entry: Entry) -> tuple[Cell, ...]:
    when = entry.created.replace("T", " ").rstrip("Z")[:16]
    names = " → ".join(display_text(name, 60) for name in entry.names)
    runs = str(entry.runs) if entry.complete else f"{entry.runs} ◐"
    return (
        Cell(when, key),
        Cell(names, names),
        Cell(runs, entry.runs),
        Cell(display_text(entry.note, 200), entry.note),
    )
