"""What a closer look at starts found, and the probe values that follow from them, as sections of a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from explorer.coldstart.kubernetes import Probe, pod_yaml
from explorer.coldstart.sample import Sample
from explorer.coldstart.telling import arm_label, diagnoses, diagnosis_lines
from explorer.image.redact import redact
from explorer.report.cells import clipped
from explorer.report.document import Block, Code, Column, Kind, Paragraph, Row, Section, Table
from explorer.report.startup_figures import StartupFigures
from explorer.translation import tr
from explorer.units import display_text

if TYPE_CHECKING:
    from explorer.coldstart.diagnose import Diagnosis

_LINE_LIMIT = 600
# The packages that anybody works on first.
_INITS_SHOWN = 15


def closer_section(sample: Sample, limit: int | None) -> Sequence[Section]:
    """A section for each image that was looked at closely."""
    return [_closer(sample, found, limit) for found in diagnoses(sample)]


def _closer(sample: Sample, found: Diagnosis, limit: int | None) -> Section:
    from explorer.coldstart.blame import responsible

    arm = sample.spec.arms[found.arm]
    lines = [
        *responsible(sample, found),
        *(line.removeprefix("• ") for line in diagnosis_lines(found)),
    ]
    said: list[Block] = [Paragraph(clipped(redact(line), _LINE_LIMIT)) for line in lines]
    # An image may be looked at once: its place in the measurement tells its tables from another one's.
    name = f"closer-{found.arm}"
    title = tr("A closer look at {arm}", arm=display_text(redact(arm_label(arm)), 120))
    tables = (_inits(found, limit), _phases(found, limit))
    return Section(name, title, (*said, *(table for table in tables if table.rows or table.more)))


def _inits(found: Diagnosis, limit: int | None) -> Table:
    columns = (
        Column("package", tr("Package"), Kind.CODE),
        Column("seconds", tr("Before main"), Kind.SECONDS),
        Column("module", tr("Module"), Kind.CODE),
        Column("version", tr("Version"), optional=True),
        Column("code_bytes", tr("Code"), Kind.BYTES),
        Column("allocated_bytes", tr("Allocated"), Kind.BYTES),
        Column("allocations", tr("Allocations"), Kind.COUNT),
    )
    costly = sorted(found.inits, key=lambda item: -item.seconds)
    rows: tuple[Row, ...] = tuple(
        (
            display_text(item.package),
            item.seconds,
            display_text(item.module) or None,
            display_text(item.version, 80) or None,
            item.code_bytes,
            item.bytes,
            item.allocations,
        )
        for item in costly
    )
    total: Row = (
        tr("all"),
        found.init_seconds,
        None,
        None,
        sum(item.code_bytes for item in found.inits),
        sum(item.bytes for item in found.inits),
        sum(item.allocations for item in found.inits),
    )
    note = tr("By Go's own init trace, in a separate start that is not counted.")
    most = len(rows) if limit is None else min(limit, _INITS_SHOWN)
    rest: Row = (None, sum(item.seconds for item in costly[most:]), None, None)
    made = Table(
        f"inits-{found.arm}",
        tr("Work before main, by package"),
        columns,
        rows,
        total=total if rows else (),
        note=note,
    ).capped(most)
    return replace(made, rest=(*rest, *made.rest[len(rest) :])) if made.more else made


def _phases(found: Diagnosis, limit: int | None) -> Table:
    columns = (
        Column("phase", tr("Phase")),
        Column("seconds", tr("Time"), Kind.SECONDS),
        Column("source", tr("Told by")),
    )
    rows: tuple[Row, ...] = tuple(
        (display_text(redact(item.name), 200), item.seconds, display_text(item.source, 40))
        for item in found.app_phases
    )
    title = tr("What the app says of its start")
    return Table(f"app-phases-{found.arm}", title, columns, rows).capped(limit)


def probe_section(figures: StartupFigures) -> Section:
    """Probe values for a pod of the last image, or why there are none."""
    sample = figures.sample
    title = tr("Probes for Kubernetes")
    if not sample.spec.measured:
        return Section("probes", title, ())
    place = sample.spec.measured[-1]
    yaml = Code(
        tr("For a pod of {arm}", arm=display_text(redact(arm_label(sample.spec.arms[place])), 120)),
        redact(pod_yaml(sample, place)).rstrip("\n"),
        "yaml",
    )
    found = figures.probes
    if found is None:
        return Section("probes", title, (yaml,))
    columns = (
        Column("probe", tr("Probe"), Kind.CODE),
        Column("period_seconds", "periodSeconds", Kind.COUNT, summed=False),
        Column("failure_threshold", "failureThreshold", Kind.COUNT, summed=False),
        Column("timeout_seconds", "timeoutSeconds", Kind.COUNT, summed=False),
    )
    rows = (
        _probe("startupProbe", found.startup),
        _probe("readinessProbe", found.readiness),
        _probe("livenessProbe", found.liveness),
    )
    return Section("probes", title, (Table("probes", title, columns, rows), yaml))


def _probe(name: str, item: Probe) -> Row:
    return name, item.period_seconds, item.failure_threshold, item.timeout_seconds
