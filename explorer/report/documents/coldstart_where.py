"""What was measured, where, and under which conditions: the facts of a report on starts."""

from __future__ import annotations

from collections.abc import Iterator

from explorer.coldstart.sample import Sample
from explorer.coldstart.spec import Arm
from explorer.image.redact import redact
from explorer.report.document import Column, Fact, Kind, Row, Section, Table
from explorer.translation import listed, tr
from explorer.units import display_text, size_text

_LIMIT = 300


def start_facts(sample: Sample) -> tuple[Fact, ...]:
    """The images, when they were measured, and on which machine."""
    found: list[Fact] = []
    for place in sample.spec.measured:
        arm = sample.spec.arms[place]
        found += [
            Fact(
                tr("Image {label}", label=display_text(arm.label, 20)),
                _shown(arm.reference),
                Kind.CODE,
            ),
            Fact(
                tr("ID of {label}", label=display_text(arm.label, 20)),
                _shown(arm.image_id),
                Kind.CODE,
            ),
            Fact(
                tr("{label} is ready when", label=display_text(arm.label, 20)),
                _shown(str(arm.readiness)),
                Kind.CODE,
            ),
        ]
    where = sample.environment
    engine = " ".join(filter(None, (where.engine, where.engine_version)))
    machine = [where.host, where.kernel, where.architecture]
    if where.cpus:
        machine.append(tr("{n} processors", n=where.cpus))
    found += [
        Fact(tr("Measured"), display_text(sample.created, 40)),
        Fact(tr("Measurement"), display_text(sample.id, 120), Kind.CODE),
        Fact(tr("Engine"), _shown(listed(filter(None, (engine, where.driver))))),
        Fact(tr("Machine"), _shown(listed(filter(None, machine)))),
        Fact(tr("Note"), _shown(sample.note)),
    ]
    return tuple(fact for fact in found if fact.value)


def conditions_section(sample: Sample) -> Section:
    """Everything that was set, and everything that is known of the place."""
    columns = (
        Column("setting", tr("Setting")),
        Column("value", tr("Value"), Kind.CODE),
    )
    rows: tuple[Row, ...] = tuple(
        (label, _shown(str(value)))
        for label, value in (*_arms(sample), *_plan(sample), *_place(sample))
        if value not in ("", None)
    )
    table = Table("conditions", tr("How and where it was measured"), columns, rows)
    return Section("conditions", tr("Conditions"), (table,), detail=True)


def _arms(sample: Sample) -> Iterator[tuple[str, object]]:
    for arm in (sample.spec.arms[place] for place in sample.spec.measured):
        label = display_text(arm.label, 20)
        yield tr("{label} started with", label=label), _environment(arm)
        yield tr("{label} runs instead of its CMD", label=label), " ".join(arm.command)


def _environment(arm: Arm) -> str:
    return " ".join(arm.env)


def _plan(sample: Sample) -> Iterator[tuple[str, object]]:
    spec = sample.spec
    yield tr("counted runs of each image"), spec.runs
    yield tr("discarded runs of each image before"), spec.warm_ups
    yield tr("seed of the order"), spec.seed
    yield tr("seconds to get ready, at most"), f"{spec.deadline:g}"
    yield tr("memory limit"), size_text(spec.memory_bytes) if spec.memory_bytes else tr("none")
    yield tr("CPU limit"), f"{spec.cpus:g}" if spec.cpus else tr("none")
    yield tr("process limit"), spec.process_limit


def _place(sample: Sample) -> Iterator[tuple[str, object]]:
    found = sample.environment
    yield tr("network"), found.network
    yield tr("page cache"), found.cache
    yield tr("engine"), f"{found.engine} {found.engine_version}".strip()
    yield tr("storage driver"), found.driver
    yield tr("log driver"), found.log_driver
    yield tr("host"), found.host
    yield tr("kernel"), found.kernel
    yield tr("architecture"), found.architecture
    yield tr("cgroups"), found.cgroup_version
    yield tr("processors"), found.cpus or None
    yield tr("memory"), size_text(found.memory_bytes) if found.memory_bytes else None
    yield tr("virtual machine"), found.machine
    yield tr("load when it began"), found.load_at_start
    yield tr("engine on another machine"), tr("yes") if found.remote else None
    yield tr("emulated processor"), tr("yes") if found.emulated else None


def _shown(text: str) -> str:
    return display_text(redact(text), _LIMIT)
