"""What the start-up charts draw, as plain numbers and texts: points by arm, steps, bars and marks of one start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from explorer.coldstart.phase import METRICS, metric, metric_label
from explorer.coldstart.pressure import NOISY
from explorer.coldstart.sample import OK, Run, Sample
from explorer.coldstart.stats import Summary, is_outlier, summarise, typical_run
from explorer.coldstart.telling import LABEL_LIMIT, arm_label, status_label
from explorer.coldstart.verdict import duration_text
from explorer.compare.startup import StartUp
from explorer.translation import labelled, tr
from explorer.units import display_text

# What the charts can be drawn of; the app's own time first, for that is what a rewrite changes.
SHOWN_METRICS = ("app", "total", "engine", "listening", "first_log")
_ENGINE_METRICS = ("engine", "create", "start", "process")
_PHASE_LIMIT, _PHASES_SHOWN = 40, 8
_SHORTEST = 1e-5


@dataclass(frozen=True)
class Point:
    """One run in a chart: its place in the order of all runs, its seconds, and what a tooltip says of it."""

    order: int
    seconds: float
    outlier: bool
    warm_up: bool
    pressure: float | None
    tip: str


@dataclass(frozen=True)
class ArmSeries:
    """One arm's runs in one metric; `box` is the lower and upper quartile and the ends of the whiskers, in seconds."""

    place: int
    label: str
    points: tuple[Point, ...]
    warm_ups: tuple[Point, ...]
    summary: Summary | None
    box: tuple[float, float, float, float] | None
    floor: bool = False


@dataclass(frozen=True)
class Bar:
    """A piece of one start, in seconds from the create call: `kind` is create, engine, app or said (by the app)."""

    kind: str
    start: float
    seconds: float
    text: str


@dataclass(frozen=True)
class Start:
    """One run as a row of bars; `marks` are moments (phase, seconds), `said` is what the app told of itself."""

    place: int
    label: str
    order: int
    bars: tuple[Bar, ...]
    marks: tuple[tuple[str, float], ...]
    said: tuple[Bar, ...]
    tip: str


@dataclass(frozen=True)
class Waterfall:
    """The typical run of each image, and the engine's floor in seconds (None: not measured)."""

    starts: tuple[Start, ...]
    floor: float | None


def series(sample: Sample, name: str) -> list[ArmSeries]:
    """The runs of each arm that has the metric; the floor only where it means the same as for an image."""
    found = []
    for place, arm in enumerate(sample.spec.arms):
        if arm.kind != "image" and name not in _ENGINE_METRICS:
            continue
        runs = [run for run in sample.runs if run.arm == place and run.status == OK]
        pairs = [(run, metric(run.phases, name)) for run in runs]
        points = [
            Point(run.order, value, run.outlier, run.warm_up, run.pressure, run_tip(sample, run))
            for run, value in pairs
            if value is not None
        ]
        counted = tuple(point for point in points if not point.warm_up)
        numbers = [point.seconds for point in counted]
        found.append(
            ArmSeries(
                place,
                arm_label(arm),
                counted,
                tuple(point for point in points if point.warm_up),
                summarise(numbers, place, name) if numbers else None,
                _box(numbers) if numbers else None,
                floor=arm.kind == "floor",
            )
        )
    return found


def compared_series(found: StartUp, a: str, b: str) -> list[ArmSeries]:
    """The runs behind a comparison's start-up times; `a` and `b` are the images' names."""
    return [
        ArmSeries(
            place,
            f"{letter} {display_text(name, LABEL_LIMIT)}",
            tuple(
                Point(
                    order,
                    seconds,
                    outlier=odd,
                    warm_up=False,
                    pressure=None,
                    tip="\n".join(
                        (
                            f"{letter} {display_text(name)}",
                            labelled(tr("run {n}", n=order + 1), duration_text(seconds)),
                            *((tr("labelled an outlier; it counts"),) if odd else ()),
                        )
                    ),
                )
                for order, (seconds, odd) in enumerate(
                    zip(time.measured, is_outlier(time.measured), strict=True)
                )
            ),
            (),
            summarise(time.measured, place),
            _box(time.measured),
        )
        for place, (letter, name, time) in enumerate((("A", a, found.a), ("B", b, found.b)))
        if time is not None and time.measured
    ]


def steps(seconds: Sequence[float]) -> tuple[list[float], list[float]]:
    """The share of runs that were done after a time: corners of the empirical distribution, in seconds and 0 to 1."""
    ordered = sorted(seconds)
    xs, ys = [], []
    for number, value in enumerate(ordered):
        xs += [value, value]
        ys += [number / len(ordered), (number + 1) / len(ordered)]
    return xs, ys


def running_median(points: Sequence[Point], width: int = 5) -> tuple[list[int], list[float]]:
    """The median of each run and its neighbours, in the order in which they ran: a drift of the machine shows here."""
    ordered = sorted(points, key=lambda point: point.order)
    half = width // 2
    medians = [
        float(np.median([p.seconds for p in ordered[max(0, n - half) : n + half + 1]]))
        for n in range(len(ordered))
    ]
    return [point.order for point in ordered], medians


def warm_blocks(found: Sequence[ArmSeries]) -> list[tuple[int, int]]:
    """The first and last order of warm-ups that ran with no counted run between them."""
    points = [point for item in found for point in (*item.warm_ups, *item.points)]
    points.sort(key=lambda point: point.order)
    blocks = []
    for warm, group in groupby(points, key=lambda point: point.warm_up):
        orders = [point.order for point in group]
        if warm:
            blocks.append((orders[0], orders[-1]))
    return blocks


def waterfall(sample: Sample) -> Waterfall:
    """The run nearest the median total of each image, for medians of phases would not add up."""
    starts = []
    for place in sample.spec.measured:
        order = typical_run(sample, place)
        run = next((run for run in sample.runs if run.order == order), None)
        if run is not None:
            starts.append(_start(sample, run))
    floors = [place for place, arm in enumerate(sample.spec.arms) if arm.kind == "floor"]
    known = [metric(run.phases, "engine") for place in floors for run in sample.good(place)]
    numbers = [value for value in known if value is not None]
    return Waterfall(tuple(starts), float(np.median(numbers)) if numbers else None)


def run_tip(sample: Sample, run: Run) -> str:
    """All that is known of a run, a line each."""
    arm = sample.spec.arms[run.arm]
    number = tr("warm-up") if run.warm_up else tr("run {n}", n=run.index + 1)
    lines = [f"{arm_label(arm)}, {number}, {status_label(run.status)}"]
    for name in ("total", "engine", "app", "listening", "first_log"):
        value = metric(run.phases, name)
        if value is not None:
            lines.append(f"{metric_label(name)}: {duration_text(value)}")
    if run.http_status:
        lines.append(tr("answer: {status} {path}", status=run.http_status, path=display_text(run.path, 80)))  # fmt: skip
    if run.pressure is not None:
        busy = "  ⚠" if run.pressure > NOISY else ""
        lines.append(
            tr("waiting for a processor: {share} of the time", share=f"{run.pressure:.0%}") + busy
        )
    if run.resident_pages >= 0:
        lines.append(
            tr(
                "pages of the image in the cache before: {n} of {total}",
                n=run.resident_pages,
                total=run.image_pages,
            )
        )
    if run.outlier:
        lines.append(tr("labelled an outlier; it counts"))
    if run.detail:
        lines.append(display_text(run.detail, 300))
    return "\n".join(lines)


def side_by_side(first: Sample, second: Sample) -> Sample:
    """The last image of each of two measurements as A and B of one; what makes the comparison doubtful is in the notes."""
    a, b = (sample.spec.measured[-1] for sample in (first, second))
    arms = (
        replace(first.spec.arms[a], label="A"),
        replace(second.spec.arms[b], label="B"),
    )
    offset = max((run.order for run in first.runs), default=-1) + 1
    runs = [replace(run, arm=0) for run in first.runs if run.arm == a]
    runs += [replace(run, arm=1, order=run.order + offset) for run in second.runs if run.arm == b]
    notes = [
        tr(
            "Measured separately, {first} and {second}: a difference may be the machine's. Measure both together to know.",
            first=first.created,
            second=second.created,
        ),
        *_differences(first, second),
    ]
    return replace(
        first,
        id="",
        note="",
        spec=replace(first.spec, arms=arms),
        environment=replace(first.environment, notes=tuple(notes)),
        runs=tuple(runs),
        complete=first.complete and second.complete,
        diagnostics=(),
    )


def known_metrics(sample: Sample) -> list[str]:
    """Which of SHOWN_METRICS any run of an image has."""
    runs = [run for place in sample.spec.measured for run in sample.good(place)]
    return [
        name
        for name in SHOWN_METRICS
        if name in METRICS and any(metric(run.phases, name) is not None for run in runs)
    ]


def _box(numbers: Sequence[float]) -> tuple[float, float, float, float]:
    data = np.asarray(numbers)
    low, high = (float(value) for value in np.quantile(data, [0.25, 0.75]))
    # Tukey: whiskers end at the last values within 1.5 boxes.
    reach = 1.5 * (high - low)
    inside = data[(data >= low - reach) & (data <= high + reach)]
    return low, high, float(inside.min()), float(inside.max())


def _start(sample: Sample, run: Run) -> Start:
    phases = run.phases
    create = phases.create or 0.0
    process = phases.process if phases.process is not None else phases.start or 0.0
    end = phases.ready if phases.ready is not None else phases.exit
    pieces = [("create", 0.0, create), ("engine", create, process)]
    if end is not None:
        pieces.append(("app", create + process, end - process))
    names = {"create": tr("create"), "engine": tr("engine start"), "app": tr("app")}
    # A fast program can be ready before the engine tells that it runs.
    bars = tuple(
        Bar(kind, start, seconds, f"{names[kind]} {duration_text(seconds)}")
        for kind, start, seconds in pieces
        if seconds > 0
    )
    moments = ("first_log", "listening", "ready" if phases.ready is not None else "exit")
    marks = tuple(
        (name, create + value) for name in moments if (value := getattr(phases, name)) is not None
    )
    return Start(
        run.arm,
        arm_label(sample.spec.arms[run.arm]),
        run.order,
        bars,
        marks,
        _said(sample, run, create + process, (end or process) - process),
        run_tip(sample, run),
    )


def _said(sample: Sample, run: Run, begin: float, app: float) -> tuple[Bar, ...]:
    """What the app reported: one after the other where that fits into its time, else all from its start."""
    phases = run.app_phases
    if not phases:
        found = [item for item in sample.diagnostics if item.get("arm") == run.arm]
        phases_said = [
            (str(item.get("name", "")), float(item.get("seconds", 0.0)))
            for document in found
            for item in document.get("app_phases", ())
        ]
    else:
        phases_said = [(item.name, item.seconds) for item in phases]
    # What is too short to be seen is left out, and so is a sum.
    parts = [item for item in phases_said if item[1] >= _SHORTEST and item[0].lower() != "total"]
    shown = sorted(parts, key=lambda item: -item[1])[:_PHASES_SHOWN]
    shown = [item for item in parts if item in shown]
    in_turn = sum(seconds for _, seconds in shown) <= 1.05 * app
    bars, at = [], begin
    for name, seconds in shown:
        text = f"{display_text(name, _PHASE_LIMIT)} {duration_text(seconds)}"
        bars.append(Bar("said", at, seconds, text))
        if in_turn:
            at += seconds
    return tuple(bars)


def _differences(first: Sample, second: Sample) -> list[str]:
    """What was not the same in two measurements, in words (after pyperf, which refuses to merge such)."""
    one, two = first.environment, second.environment
    pairs = (
        (tr("host"), one.host, two.host),
        (tr("engine"), f"{one.engine} {one.engine_version}", f"{two.engine} {two.engine_version}"),
        (tr("storage driver"), one.driver, two.driver),
        (tr("network"), one.network, two.network),
        (tr("page cache"), one.cache, two.cache),
        (tr("processors"), one.cpus, two.cpus),
        (tr("CPU limit"), first.spec.cpus, second.spec.cpus),
        (tr("memory limit"), first.spec.memory_bytes, second.spec.memory_bytes),
    )
    return [
        tr(
            "Not the same: {what} was {first} and then {second}.",
            what=what,
            first=display_text(str(a), 80),
            second=display_text(str(b), 80),
        )
        for what, a, b in pairs
        if a != b
    ]
