"""A measurement as a CSV table: one line a run, in the order in which they ran."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from explorer.coldstart.phase import PHASES, metric
from explorer.coldstart.sample import Run, Sample
from explorer.report.csv_lines import csv_cell, csv_lines

RUN_COLUMNS = (
    "order", "arm", "reference", "image_id", "index", "warm_up", "status", "outlier",
    *(f"{name}_seconds" for name in PHASES), "total_seconds", "engine_seconds", "app_seconds",
    "pressure", "load", "resident_pages", "exit_code", "detail",
)  # fmt: skip
_METRICS = ("total", "engine", "app")


def samples_csv(sample: Sample) -> bytes:
    """Every run: seconds by phase, how it ended, and what may have disturbed it; what was not measured is empty."""
    return csv_lines([RUN_COLUMNS, *_rows(sample)])


def _rows(sample: Sample) -> Iterator[Sequence[object]]:
    for run in sample.runs:
        arm = sample.spec.arms[run.arm]
        times = [getattr(run.phases, name) for name in PHASES]
        times += [metric(run.phases, name) for name in _METRICS]
        yield (
            run.order,
            csv_cell(arm.label),
            csv_cell(arm.reference),
            csv_cell(arm.image_id),
            run.index,
            int(run.warm_up),
            run.status,
            int(run.outlier),
            *("" if time is None else f"{time:.9f}" for time in times),
            *_remarks(run),
        )


def _remarks(run: Run) -> Sequence[object]:
    return (
        "" if run.pressure is None else f"{run.pressure:.4f}",
        "" if run.load is None else run.load,
        "" if run.resident_pages < 0 else run.resident_pages,
        "" if run.exit_code is None else run.exit_code,
        csv_cell(run.detail),
    )
