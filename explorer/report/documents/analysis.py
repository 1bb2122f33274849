"""The report on one image: what its bytes are, where they are, and what could go."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from explorer.compare.comparison import settings_of
from explorer.compare.naming import image_name
from explorer.filesystem.columnfile import Array
from explorer.filesystem.layer import Kind as Entry
from explorer.findings.analysis import Analysis
from explorer.findings.binary import ImageBinary
from explorer.findings.category import CATEGORIES
from explorer.image.redact import redact
from explorer.report.cells import share_of
from explorer.report.document import (
    Block,
    Column,
    Document,
    Figure,
    KeyFigures,
    Kind,
    Listing,
    Paragraph,
    Row,
    Section,
    Table,
    Treemap,
    number,
)
from explorer.report.documents.parts import (
    ROWS,
    VALUE_LIMIT,
    category_panel,
    image_facts,
    incomplete,
    layer_command,
    paths_of,
    setting_value,
)
from explorer.translation import language, listed, ntr, tr
from explorer.units import count_text, display_text, size_text

_FINDINGS_NAMED = 3


def analysis_document(analysis: Analysis, limit: int | None = ROWS) -> Document:
    """The report on one image, in the user's language; tables have at most `limit` rows and the sum of the rest.

    None is for all rows, which are made when they are read.
    """
    return Document(
        title=tr("What {name} is made of", name=image_name(analysis)),
        facts=image_facts(analysis),
        warnings=incomplete(analysis),
        sections=tuple(
            section
            for section in (
                _summary(analysis),
                _categories(analysis),
                _findings(analysis, limit),
                _layers(analysis),
                _files(analysis, limit),
                _programs(analysis, limit),
                _settings(analysis),
            )
            if section.blocks
        ),
        language=language(),
    )


def _summary(a: Analysis) -> Section:
    totals = a.totals
    text = tr(
        "{name} holds {content} in {layers}; {reclaimable} of it ({share}) cannot be seen in the end and could go.",
        name=image_name(a),
        content=size_text(totals.content_bytes),
        layers=ntr("{n} layer", "{n} layers", len(a.image.layers)),
        reclaimable=size_text(totals.reclaimable_bytes),
        share=_share(totals.reclaimable_bytes, totals.content_bytes),
    )
    figures = KeyFigures(
        (
            Figure(tr("content"), totals.content_bytes, id="content_bytes"),
            Figure(tr("visible in the end"), totals.contribution_bytes, id="contribution_bytes"),
            Figure(tr("reclaimable"), totals.reclaimable_bytes, id="reclaimable_bytes"),
            Figure(tr("efficiency"), totals.efficiency, Kind.SHARE, id="efficiency"),
            Figure(tr("files"), totals.files, Kind.COUNT, id="files"),
            Figure(tr("layers"), len(a.image.layers), Kind.COUNT, id="layers"),
        )
    )
    largest = listed(
        f"{redact(finding.title())} ({size_text(finding.bytes)})"
        for finding in a.findings[:_FINDINGS_NAMED]
    )
    more = (Paragraph(tr("Biggest findings: {names}.", names=largest)),) if largest else ()
    return Section("summary", tr("Summary"), (Paragraph(text), *more, figures))


def _share(part: int, whole: int) -> str:
    return share_of(part / whole) if whole else "0%"


def _categories(a: Analysis) -> Section:
    whole = a.totals.content_bytes
    columns = (
        Column("category", tr("Category")),
        Column("bytes", tr("Size"), Kind.BYTES, exact=True),
        Column("share", tr("Share"), Kind.SHARE),
        Column("files", tr("Files"), Kind.COUNT),
    )
    held = a.category_bytes()
    rows: list[Row] = [
        (item.label(), size, size / whole if whole else None, files)
        for item, (size, files) in zip(CATEGORIES, held, strict=True)
        if size or files
    ]
    rows.sort(key=lambda row: -number(row[1]))
    files = sum(count for _, count in held)
    table = Table(
        "categories",
        tr("Bytes by category"),
        columns,
        tuple(rows),
        total=(tr("all"), whole, 1.0 if whole else None, files),
        note=tr(
            "A category is what bytes are for; each byte of the content is in exactly one. Files are counted in every layer, hard links to them are not."
        ),
    )
    map_: tuple[Block, ...] = ()
    if whole:
        map_ = (Treemap(tr("The image by category"), (category_panel(a, image_name(a)),)),)
    return Section("categories", tr("What the bytes are"), (*map_, table))


def _findings(a: Analysis, limit: int | None) -> Section:
    if not a.findings:
        nothing = Paragraph(tr("Nothing worth removing was found."))
        return Section("findings", tr("Findings"), (nothing,))
    columns = (
        Column("title", tr("Finding")),
        Column("bytes", tr("Size"), Kind.BYTES, summed=False),
        Column("layer", tr("Layer"), Kind.NUMBER),
        Column("reason", tr("Why")),
        Column("remedy", tr("What to do")),
    )
    rows: tuple[Row, ...] = tuple(
        (
            redact(finding.title()),
            finding.bytes,
            finding.layer if finding.layer >= 0 else None,
            redact(finding.reason()),
            redact(finding.remedy()),
        )
        for finding in a.findings
    )
    note = tr("Findings may overlap, so their sizes cannot be added up.")
    table = Table("findings", tr("What could go"), columns, rows, note=note).capped(limit)
    return Section("findings", tr("Findings"), (table,))


def _layers(a: Analysis) -> Section:
    columns = (
        Column("layer", tr("Layer"), Kind.NUMBER),
        Column("command", tr("Build step"), Kind.CODE),
        Column("content_bytes", tr("Size"), Kind.BYTES),
        Column("contribution_bytes", tr("Visible in the end"), Kind.BYTES),
        Column("reclaimable_bytes", tr("Reclaimable"), Kind.BYTES),
    )
    rows: list[Row] = []
    for figures in a.layers:
        sizes: Row = (None, None, None)
        if figures.read:
            sizes = (figures.content_bytes, figures.contribution_bytes, figures.reclaimable_bytes)
        rows.append((figures.index, layer_command(a, figures.index), *sizes))
    totals = a.totals
    table = Table(
        "layers",
        tr("Layers"),
        columns,
        tuple(rows),
        total=(
            tr("all"),
            None,
            totals.content_bytes,
            totals.contribution_bytes,
            totals.reclaimable_bytes,
        ),
    )
    return Section("layers", tr("Layers"), (table,) if rows else ())


def _files(a: Analysis, limit: int | None) -> Section:
    stack = a.stack
    found = np.flatnonzero((stack.kind == Entry.FILE) & (stack.size > 0))
    if not len(found):
        return Section("files", tr("Files"), ())
    found = found[np.argsort(-stack.size[found], kind="stable")]
    columns = (
        Column("path", tr("Path"), Kind.PATH),
        Column("category", tr("Category")),
        Column("layer", tr("Layer"), Kind.NUMBER),
        Column("bytes", tr("Size"), Kind.BYTES),
    )
    labels = [category.label() for category in CATEGORIES]
    path = paths_of(stack.tree) if limit is None else stack.tree.path

    def made(some: Array) -> Iterable[Row]:
        return zip(
            map(path, stack.node[some].tolist()),
            map(labels.__getitem__, a.category[some].tolist()),
            map(a.stack_layers.__getitem__, stack.layer[some].tolist()),
            stack.size[some].tolist(),
            strict=True,
        )

    rows = Listing(found[:limit], made)
    whole = a.totals.content_bytes
    more = len(found) - len(rows)
    rest = int(stack.size[found[len(rows) :]].sum())
    note = tr("Files of every layer, also those that a later layer hides.")
    table = Table(
        "files",
        tr("All files") if limit is None else tr("Largest files"),
        columns,
        rows,
        more=more,
        rest=(None, None, None, rest) if more else (),
        total=(tr("all"), None, None, whole),
        note=note,
    )
    return Section("files", tr("Files"), (table,))


def _programs(a: Analysis, limit: int | None) -> Section:
    if not a.go_binaries:
        return Section("programs", tr("Go executables"), ())
    columns = (
        Column("program", tr("Go executable"), Kind.CODE),
        Column("bytes", tr("Size"), Kind.BYTES),
        Column("debug_bytes", tr("Debug data"), Kind.BYTES),
        Column("go_version", tr("Go version")),
        Column("module", tr("Module"), Kind.CODE),
        Column("linked", tr("Linked")),
    )
    rows = tuple(map(_program, a.go_binaries))
    total = (
        tr("all"),
        sum(item.size_bytes for item in a.go_binaries),
        sum(item.removable_bytes for item in a.go_binaries),
        None,
        None,
        None,
    )
    table = Table("programs", tr("Go executables"), columns, rows, total=total).capped(limit)
    note: tuple[Block, ...] = ()
    if a.tool_binaries:
        note = (
            Paragraph(
                tr(
                    "Executables of Go toolchains and caches are not listed: {n}.",
                    n=count_text(a.tool_binaries),
                )
            ),
        )
    return Section("programs", tr("Go executables"), (table, *note))


def _program(item: ImageBinary) -> Row:
    linked = tr("statically") if item.static else tr("dynamically")
    return (
        item.path,
        item.size_bytes,
        item.removable_bytes,
        tr("packed with UPX") if item.upx else display_text(item.go_version, 40),
        display_text(item.module) or None,
        linked,
    )


def _settings(a: Analysis) -> Section:
    columns = (
        Column("setting", tr("Setting"), Kind.CODE),
        Column("value", tr("Value"), Kind.CODE),
    )
    rows: tuple[Row, ...] = tuple(
        (display_text(key, VALUE_LIMIT), setting_value(key, value))
        for key, value in settings_of(a.image.config).items()
    )
    tables = (Table("settings", tr("How containers of it run"), columns, rows),) if rows else ()
    return Section("settings", tr("Settings"), tables)
