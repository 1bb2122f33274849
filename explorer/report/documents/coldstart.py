"""The report on a measurement of starts: how long they took, whether two images differ, and what each start was made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from explorer.coldstart.phase import PHASES, metric, metric_label, values
from explorer.coldstart.sample import OK, Run, Sample
from explorer.coldstart.stats import Comparison
from explorer.coldstart.telling import (
    arm_label,
    floor_text,
    headline,
    phase_label,
    silent_arms,
    small_or_overlapping,
    status_label,
)
from explorer.coldstart.verdict import duration_text, gap_texts, noise_texts
from explorer.image.redact import redact
from explorer.report.cells import clipped
from explorer.report.document import (
    Block,
    Code,
    Column,
    Document,
    Figure,
    KeyFigures,
    Kind,
    Paragraph,
    Row,
    Section,
    Strip,
    Strips,
    Table,
)
from explorer.report.documents.coldstart_inside import closer_section, probe_section
from explorer.report.documents.coldstart_where import conditions_section, start_facts
from explorer.report.documents.parts import ROWS
from explorer.report.startup_figures import SHOWN, StartupFigures
from explorer.translation import labelled, language, listed, ntr, tr
from explorer.units import display_text

_DETAIL_LIMIT = 600
_LOG_LINES, _LOGS = 20, 6
_RUN_METRICS = ("total", "engine", "app")


def measurement_document(figures: StartupFigures, limit: int | None = ROWS) -> Document:
    """The report on a measurement, in the user's language; tables have at most `limit` rows, None for all."""
    sample = figures.sample
    return Document(
        title=_title(sample),
        facts=start_facts(sample),
        warnings=tuple(clipped(text, _DETAIL_LIMIT) for text in _warnings(sample)),
        sections=tuple(
            section
            for section in (
                _summary(figures),
                _difference(figures),
                _phases(figures),
                _failures(sample, limit),
                *closer_section(sample, limit),
                probe_section(figures),
                _runs(sample, limit),
                conditions_section(sample),
            )
            if section.blocks
        ),
        language=language(),
    )


def _title(sample: Sample) -> str:
    arms = [sample.spec.arms[place] for place in sample.spec.measured]
    names = [display_text(redact(" ".join((arm.reference, *arm.env))), 120) for arm in arms]
    if len(names) == 2:
        return tr("How long {a} and {b} take to start", a=names[0], b=names[1])
    return tr("How long {name} takes to start", name=names[0] if names else "—")


def _warnings(sample: Sample) -> list[str]:
    silent = [
        tr("{arm} did not become ready.", arm=redact(arm_label(sample.spec.arms[place])))
        for place in silent_arms(sample)
    ]
    small = small_or_overlapping(sample)
    return [*silent, *gap_texts(sample), *([small] if small else [])]


def _summary(figures: StartupFigures) -> Section:
    sample = figures.sample
    heading, second = headline(sample, figures.judged())
    told = [line for line in (redact(heading), *second.split("\n")) if line]
    known = tuple(_key_figures(figures))
    floor = floor_text(sample, figures.summaries)
    notes = [*sample.environment.notes, *noise_texts(sample)]
    blocks: list[Block] = [Paragraph(text) for text in told]
    blocks += [KeyFigures(known)] if known else []
    blocks += [Paragraph(floor)] if floor else []
    blocks += [Paragraph(clipped(redact(text), _DETAIL_LIMIT)) for text in notes]
    return Section("summary", tr("Summary"), tuple(blocks))


def _key_figures(figures: StartupFigures) -> Iterator[Figure]:
    """The medians of the last image; what the first one took stands before only where they were shown to differ."""
    measured = figures.sample.spec.measured
    for name in SHOWN if measured else ():
        last = figures.of(measured[-1], name)
        if last is None:
            continue
        label = metric_label(name)
        runs = ntr("median of {n} run", "median of {n} runs", last.n)
        compared = figures.comparison(name)
        if compared is None:
            yield Figure(label, last.median, Kind.SECONDS, note=runs, id=f"{name}_seconds")
            continue
        before, note = _earlier(compared)
        yield Figure(
            labelled(_label(figures.sample, measured[-1]), label),
            last.median,
            Kind.SECONDS,
            before=before,
            note=note or runs,
            id=f"{name}_seconds",
        )


def _earlier(compared: Comparison) -> tuple[float | None, str]:
    """What the first image took, where it was shown to differ; else what to say of it."""
    if compared.verdict in ("faster", "slower"):
        return compared.median_a, ""
    if compared.median_a is None:
        return None, tr("A: not measured")
    words = labelled("A", duration_text(compared.median_a))
    return None, listed((words, _verdict_words(compared)))


def _difference(figures: StartupFigures) -> Section:
    """What the runs of two images prove; empty for one."""
    title = tr("Does it differ?")
    found = figures.comparisons()
    if not found:
        return Section("difference", title, ())
    columns = (
        Column("phase", tr("Phase")),
        Column("verdict", tr("Verdict")),
        Column("shift", tr("Shift"), Kind.SECONDS),
        Column("ci_low", tr("95 % interval from"), Kind.SECONDS, optional=True),
        Column("ci_high", tr("to"), Kind.SECONDS, optional=True),
        Column("p_value", tr("p"), Kind.DECIMAL, optional=True),
        Column("cliffs_delta", tr("Cliff's delta"), Kind.DECIMAL, optional=True),
        Column("minimum_detectable", tr("Smallest detectable"), Kind.SECONDS, optional=True),
        Column("n_a", tr("Runs of A"), Kind.COUNT, summed=False),
        Column("n_b", tr("Runs of B"), Kind.COUNT, summed=False),
    )
    note = tr(
        "A negative shift means that B is faster. Runs took turns; the interval is of the shift between typical runs, p by the Mann-Whitney test, and both must show a difference. Cliff's delta is −1 where every run of B was faster, 1 where every one was slower. A difference below the smallest detectable may be missed."
    )
    table = Table(
        "comparisons", tr("B against A"), columns, tuple(map(_compared, found)), note=note
    )
    return Section("difference", title, (table,))


def _compared(item: Comparison) -> Row:
    return (
        metric_label(item.phase),
        _verdict_words(item),
        item.shift,
        item.ci_low,
        item.ci_high,
        item.p_value,
        item.cliffs_delta,
        item.minimum_detectable,
        item.n_a,
        item.n_b,
    )


def _verdict_words(item: Comparison) -> str:
    words = {
        "faster": tr("B is faster"),
        "slower": tr("B is slower"),
        "none": tr("no difference shown"),
    }
    return words.get(item.verdict, tr("too few runs to tell"))


def _phases(figures: StartupFigures) -> Section:
    """A chart for each phase that matters, and the figures of all."""
    sample = figures.sample
    title = tr("Where the time goes")
    if not figures.summaries:
        return Section("phases", title, ())
    columns = (
        Column("arm", tr("Image"), Kind.CODE),
        Column("phase", tr("Phase")),
        Column("median", tr("Median"), Kind.SECONDS),
        Column("ci_low", tr("95 % interval from"), Kind.SECONDS, optional=True),
        Column("ci_high", tr("to"), Kind.SECONDS, optional=True),
        Column("min", tr("Fastest"), Kind.SECONDS),
        Column("max", tr("Slowest"), Kind.SECONDS),
        Column("mad", tr("Scatter (MAD)"), Kind.SECONDS),
        Column("n", tr("Runs"), Kind.COUNT, summed=False),
    )
    rows: tuple[Row, ...] = tuple(
        (
            _name(sample, item.arm),
            metric_label(item.phase),
            item.median,
            item.ci_low,
            item.ci_high,
            item.min,
            item.max,
            item.mad,
            item.n,
        )
        for item in figures.summaries
    )
    note = tr(
        "Medians of phases do not add up to the median of the whole. The interval is the exact one of the median, which needs six runs; MAD is the median distance from it."
    )
    charts = [chart for name in SHOWN if (chart := _chart(figures, name)) is not None]
    table = Table("summary", tr("Times by phase"), columns, rows, note=note)
    return Section("phases", title, (*charts, table))


def _chart(figures: StartupFigures, name: str) -> Strips | None:
    """One metric of every arm in which it means the same; None where an axis from zero would not hold it."""
    strips = []
    for place, arm in enumerate(figures.sample.spec.arms):
        item = figures.of(place, name)
        if item is None or (arm.kind != "image" and name != "engine"):
            continue
        if item.min < 0:
            return None
        seconds = values((run.phases for run in figures.sample.good(place)), name)
        # Without an interval none is drawn.
        low = item.median if item.ci_low is None else item.ci_low
        high = item.median if item.ci_high is None else item.ci_high
        strips.append(Strip(_name(figures.sample, place), tuple(seconds), item.median, low, high))
    return Strips(metric_label(name), tuple(strips)) if strips else None


def _failures(sample: Sample, limit: int | None) -> Section:
    """What did not become ready, why, and what it logged last."""
    failed = [run for run in sample.runs if run.status != OK]
    title = tr("Runs that did not become ready")
    if not failed:
        return Section("failures", title, ())
    columns = (
        Column("order", tr("Run"), Kind.NUMBER),
        Column("arm", tr("Image"), Kind.CODE),
        Column("status", tr("State")),
        Column("reached", tr("Reached")),
        Column("exit_code", tr("Exit code"), Kind.NUMBER, optional=True),
        Column("detail", tr("Reason")),
    )
    rows: tuple[Row, ...] = tuple(
        (
            run.order + 1,
            _name(sample, run.arm),
            status_label(run.status),
            phase_label(run.phases.last()),
            run.exit_code,
            clipped(redact(run.detail), _DETAIL_LIMIT),
        )
        for run in failed
    )
    table = Table("failures", title, columns, rows).capped(limit)
    logs = [_log(sample, run) for run in failed if run.log_tail]
    return Section("failures", title, (table, *logs[:_LOGS]))


def _log(sample: Sample, run: Run) -> Code:
    lines = run.log_tail[-_LOG_LINES:]
    title = tr("Last log lines of run {n}, {arm}", n=run.order + 1, arm=_name(sample, run.arm))
    return Code(title, redact("\n".join(lines)))


def _runs(sample: Sample, limit: int | None) -> Section:
    """Every run in the order in which they ran, warm-ups and failures too."""
    columns = (
        Column("order", tr("Run"), Kind.NUMBER),
        Column("arm", tr("Image"), Kind.CODE),
        Column("status", tr("State")),
        *(Column(f"{name}_seconds", metric_label(name), Kind.SECONDS) for name in _RUN_METRICS),
        Column("outlier", tr("Outlier"), Kind.FLAG),
        Column("warm_up", tr("Warm-up"), Kind.FLAG),
        Column("pressure", tr("Waited for a processor"), Kind.SHARE, optional=True),
        *(
            Column(f"at_{name}_seconds", tr("{moment} at", moment=phase_label(name)), Kind.SECONDS)
            for name in _moments(limit)
        ),
    )
    rows: tuple[Row, ...] = tuple(
        (
            run.order + 1,
            _name(sample, run.arm),
            status_label(run.status),
            *(metric(run.phases, name) for name in _RUN_METRICS),
            run.outlier,
            run.warm_up,
            run.pressure,
            *(getattr(run.phases, name) for name in _moments(limit)),
        )
        for run in sample.runs
    )
    note = tr(
        "In the order in which they ran. Warm-ups and runs that did not become ready are not counted; outliers are."
    )
    table = Table("runs", tr("All runs"), columns, rows, note=note).capped(limit)
    return Section("runs", tr("Single runs"), (table,) if rows else (), detail=True)


def _moments(limit: int | None) -> Sequence[str]:
    """The moments of each run are for programs: a page has no room for them."""
    return PHASES if limit is None else ()


def _name(sample: Sample, place: int) -> str:
    return display_text(redact(arm_label(sample.spec.arms[place])), 120)


def _label(sample: Sample, place: int) -> str:
    return display_text(sample.spec.arms[place].label, 20)
