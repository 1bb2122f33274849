"""The report on a rewrite: how much smaller it makes an image, what it changes and why, and what a build and a check of it showed."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from pathlib import PurePath

from explorer.dockerfile.context import Context
from explorer.dockerfile.rewrite.change import Change, RewritePlan
from explorer.dockerfile.verify.model import Verification
from explorer.engine.build_events import BuildResult
from explorer.image.redact import redact
from explorer.image.reference import DOCKER_ARCHIVE, OCI, OCI_ARCHIVE, SNAPSHOT
from explorer.report.cells import clipped
from explorer.report.document import (
    Block,
    Code,
    Column,
    Document,
    Fact,
    Figure,
    KeyFigures,
    Kind,
    Paragraph,
    Row,
    Section,
    Table,
)
from explorer.report.documents.parts import ROWS
from explorer.report.documents.rewrite_tried import build_section, verify_section
from explorer.report.rewrite_trial import VERDICTS, expected_text, head_text, setting_text
from explorer.translation import language, listed, ntr, tr
from explorer.units import display_text

_LIMIT = 600
_VALUE_LIMIT = 300

_FILES = (DOCKER_ARCHIVE, OCI, OCI_ARCHIVE, SNAPSHOT)


def rewrite_report(
    plan: RewritePlan,
    build: BuildResult | None = None,
    context: Context | None = None,
    verification: Verification | None = None,
    *,
    problems: Sequence[str] = (),
    limit: int | None = ROWS,
) -> Document:
    """The report on a rewrite, in the user's language and with secrets masked; `context` is what a build was sent.

    `problems` are those of the analysis; tables have at most `limit` rows, None for all.
    """
    return Document(
        title=tr("How {name} can be built smaller", name=_name(plan)),
        facts=_facts(plan, build),
        warnings=tuple(_warnings(plan, problems)),
        sections=tuple(
            section
            for section in (
                _summary(plan, build, verification),
                _dockerfile(plan),
                _changes(plan),
                _layers(plan),
                _config(plan),
                build_section(plan, build, context, limit),
                verify_section(build, verification),
                _files(plan),
            )
            if section.blocks
        ),
        language=language(),
    )


def _name(plan: RewritePlan) -> str:
    name = plan.reference.removeprefix("docker-daemon:")
    if name.partition(":")[0] in _FILES or name.startswith(("/", ".", "~")):
        # Where a file lies says more of a person than of the image.
        name = PurePath(name).name or name
    return display_text(name, 120)


def _facts(plan: RewritePlan, build: BuildResult | None) -> tuple[Fact, ...]:
    runtime = plan.runtime.image or plan.runtime.choice
    facts = [
        Fact(tr("Reference"), display_text(plan.reference), Kind.CODE),
        Fact(tr("Made from"), head_text(plan)),
        Fact(tr("Runtime"), display_text(runtime), Kind.CODE),
    ]
    if build is not None:
        facts += [
            Fact(tr("Built as"), display_text(build.tag), Kind.CODE),
            Fact(tr("Image ID of the result"), display_text(build.image_id), Kind.CODE),
            Fact(tr("Builder"), display_text(build.builder)),
        ]
    return tuple(fact for fact in facts if fact.value)


def _warnings(plan: RewritePlan, problems: Sequence[str]) -> Iterator[str]:
    if problems:
        yield tr("The analysis is incomplete.")
    for text in problems:
        yield _sentence(text)
    for problem in plan.problems:
        yield _sentence(tr("line {line}: {reason}", line=problem.line, reason=problem.reason))
    for text in plan.warnings:
        yield _sentence(text)


def _summary(
    plan: RewritePlan, build: BuildResult | None, verification: Verification | None
) -> Section:
    on = sum(change.enabled for change in plan.changes)
    figures = [
        Figure(
            tr("expected size"),
            plan.predicted_bytes,
            before=plan.original_bytes,
            id="predicted_bytes",
        )
    ]
    if build is not None and build.content_bytes >= 0:
        figures.append(
            Figure(
                tr("size as built"),
                build.content_bytes,
                before=plan.original_bytes,
                id="built_bytes",
            )
        )
    figures.append(
        Figure(
            tr("changes"),
            on,
            Kind.COUNT,
            note=tr("of {n} found", n=len(plan.changes)),
            id="enabled_changes",
        )
    )
    blocks: list[Block] = [Paragraph(expected_text(plan))]
    if plan.rewritten == plan.original:
        blocks.append(Paragraph(tr("Nothing would be changed.")))
    blocks.append(KeyFigures(tuple(figures)))
    if verification is not None:
        blocks.append(Paragraph(tr(VERDICTS[verification.verdict])))
    elif build is None:
        blocks.append(
            Paragraph(tr("It was not built: sizes are predictions, and nothing was tested."))
        )
    else:
        blocks.append(Paragraph(tr("It was built, but not compared with the original.")))
    return Section("summary", tr("Summary"), tuple(blocks))


def _dockerfile(plan: RewritePlan) -> Section:
    title = tr("Dockerfile")
    blocks: list[Block] = []
    if plan.original_masked:
        blocks.append(Paragraph(tr("The original was rebuilt from the image's history.")))
    if plan.rewritten == plan.original:
        code = Code(title, redact(plan.original).rstrip("\n"), "dockerfile")
    else:
        code = Code(tr("From the original to the rewritten one"), diff_text(plan), "diff")
    return Section("dockerfile", title, (*blocks, code))


def diff_text(plan: RewritePlan) -> str:
    """Both Dockerfiles whole, in one: each line begins with -, + or a space; secrets are masked."""
    before, after = (redact(text).splitlines() for text in (plan.original, plan.rewritten))
    found = difflib.SequenceMatcher(None, before, after, autojunk=False)
    lines: list[str] = []
    for tag, a, b, c, d in found.get_opcodes():
        if tag == "equal":
            lines += [f" {line}" for line in before[a:b]]
            continue
        lines += [f"-{line}" for line in before[a:b]]
        lines += [f"+{line}" for line in after[c:d]]
    return "\n".join(lines)


def _changes(plan: RewritePlan) -> Section:
    title = tr("Changes")
    if not plan.changes:
        return Section("changes", title, ())
    columns = (
        Column("title", tr("Change")),
        Column("enabled", tr("On"), Kind.FLAG),
        Column("delta_bytes", tr("Size"), Kind.DELTA),
        Column("risk", tr("Risk")),
        Column("lines", tr("Lines"), optional=True),
        Column("reason", tr("Why")),
        Column("why_off", tr("Why it is off"), optional=True),
        Column("rule", tr("Rule")),
    )
    whole = plan.predicted_bytes - plan.original_bytes
    table = Table(
        "changes",
        tr("What changes, and why"),
        columns,
        tuple(map(_change, plan.changes)),
        total=(tr("all"), None, whole, *([None] * (len(columns) - 3))),
        note=tr("Changes that are off are not counted."),
    )
    return Section("changes", title, (table,))


def _change(change: Change) -> Row:
    return (
        _sentence(change.title),
        change.enabled,
        # What the image gets smaller by, as a difference in its size.
        -change.bytes if change.bytes else None,
        _risk(change.risk),
        listed(map(str, change.lines)),
        _sentence(change.reason),
        _sentence(change.why_off),
        change.rule,
    )


def _risk(risk: str) -> str:
    words = {
        "none": tr("none"),
        "low": tr("low"),
        "medium": tr("medium"),
        "high": tr("high"),
    }
    return words.get(risk, risk)


def _layers(plan: RewritePlan) -> Section:
    """What the final stage is FROM and why, and the layers that come of it."""
    title = tr("What it will be made of")
    chosen = display_text(plan.runtime.image or plan.runtime.choice)
    said: list[Block] = []
    if chosen:
        said.append(Paragraph(tr("The final stage is FROM {image}.", image=chosen)))
    said += [Paragraph(_sentence(reason)) for reason in plan.runtime.reasons]
    columns = (
        Column("layer", tr("Layer")),
        Column("bytes", tr("Expected size"), Kind.BYTES, exact=True),
        Column("kind", tr("What it holds")),
        Column("basis", tr("Size by")),
    )
    rows: tuple[Row, ...] = tuple(
        (_sentence(layer.text), layer.bytes, _layer_kind(layer.kind), _basis(layer.basis))
        for layer in plan.layers
    )
    table = Table(
        "layers",
        tr("Expected layers"),
        columns,
        rows,
        total=(tr("all"), plan.predicted_bytes, None, None),
    )
    return Section("layers", title, (*said, *((table,) if rows else ())))


def _layer_kind(kind: str) -> str:
    words = {
        "kept": tr("kept from the image"),
        "base": tr("base image"),
        "program": tr("program"),
        "files": tr("files"),
        "system": tr("system"),
    }
    return words.get(kind, kind)


def _basis(basis: str) -> str:
    words = {
        "measured": tr("measuring"),
        "table": tr("a table of known images"),
        "estimate": tr("an estimate"),
    }
    return words.get(basis, basis)


def _config(plan: RewritePlan) -> Section:
    title = tr("Changed settings")
    if not plan.config_changes:
        return Section("config", title, ())
    columns = (
        Column("field", tr("Setting")),
        Column("before", tr("before"), Kind.CODE),
        Column("after", tr("after"), Kind.CODE),
        Column("reason", tr("Why")),
    )
    rows: tuple[Row, ...] = tuple(
        (
            display_text(item.field, _VALUE_LIMIT),
            _value(item.field, item.before),
            _value(item.field, item.after),
            _sentence(item.reason),
        )
        for item in plan.config_changes
    )
    table = Table("config_changes", tr("How containers of it will run differently"), columns, rows)
    return Section("config", title, (table,))


def _value(field: str, value: str) -> str | None:
    return display_text(setting_text(field, value), _VALUE_LIMIT) or None


def _files(plan: RewritePlan) -> Section:
    """What belongs beside the Dockerfile."""
    files = [
        (".dockerignore", plan.dockerignore or "", ""),
        *((n, t, "yaml") for n, t in plan.jobs.items()),
    ]
    blocks = [
        Code(display_text(name), redact(text).rstrip("\n"), kind)
        for name, text, kind in files
        if text
    ]
    told = ntr("{n} file belongs beside it.", "{n} files belong beside it.", len(blocks))
    return Section(
        "files", tr("Other files"), (Paragraph(told), *blocks) if blocks else (), detail=True
    )


def _sentence(text: str) -> str:
    return clipped(redact(text), _LIMIT)
