"""The report on two images: what leads from one size to the other, and all else that differs."""

from __future__ import annotations

import numpy as np

from explorer.compare.comparison import Comparison, FileDelta, Pair
from explorer.compare.naming import side_names
from explorer.compare.surface import LABELS, label
from explorer.filesystem.diff import Change
from explorer.findings.category import CATEGORIES
from explorer.findings.finding import Finding
from explorer.image.redact import redact
from explorer.report.cells import change_text
from explorer.report.document import (
    Bar,
    Block,
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
    Treemap,
    Waterfall,
    sums,
)
from explorer.report.documents.compared_programs import program_blocks
from explorer.report.documents.compared_starts import start_section
from explorer.report.documents.parts import (
    ROWS,
    VALUE_LIMIT,
    category_panel,
    image_facts,
    incomplete,
    layer_command,
    setting_value,
)
from explorer.translation import language, mark, tr
from explorer.units import display_text, size_text

FATES = {
    Change.ADDED: mark("added"),
    Change.REMOVED: mark("removed"),
    Change.CHANGED: mark("changed"),
    Change.METADATA: mark("other mode or owner"),
    Change.MOVED_AWAY: mark("moved away"),
    Change.MOVED_HERE: mark("moved here"),
    Change.SAME: mark("same"),
}


def compare_document(comparison: Comparison, limit: int = ROWS) -> Document:
    """The report on two images, in the user's language; tables have at most `limit` rows and the sum of the rest."""
    c = comparison
    return Document(
        title=tr("{a} compared with {b}", a=side_names(c.a, c.b)[0], b=side_names(c.a, c.b)[1]),
        facts=(*_facts(c, 0), *_facts(c, 1)),
        warnings=tuple(dict.fromkeys([*c.notes, *_read_in_part(c)])),
        sections=tuple(
            section
            for section in (
                _summary(c),
                _causes(c),
                _layers(c),
                _files(c, limit),
                _findings(c),
                _programs(c, limit),
                _settings(c),
                _surface(c, limit),
                start_section(c),
            )
            if section.blocks
        ),
        language=language(),
    )


def verdict(comparison: Comparison) -> str:
    """One sentence: how much smaller or bigger."""
    c = comparison
    names = dict(zip("ab", side_names(c.a, c.b), strict=True))
    before, after = size_text(c.content.a), size_text(c.content.b)
    if not c.content.delta:
        return tr("{b} holds as many bytes as {a}: {size}.", **names, size=after)
    text = (
        tr("{b} is {delta} smaller than {a} ({before} became {after}, {share}).")
        if c.content.delta < 0
        else tr("{b} is {delta} bigger than {a} ({before} became {after}, {share}).")
    )
    return text.format(
        **names,
        delta=size_text(abs(c.content.delta)),
        before=before,
        after=after,
        share=change_text(c.content.a, c.content.b) or "+100%",
    )


def key_figures(comparison: Comparison) -> KeyFigures:
    """Content, what is visible, what could go, files and layers."""
    c = comparison
    return KeyFigures(
        (
            Figure(tr("content"), c.content.b, Kind.BYTES, c.content.a),
            Figure(tr("visible in the end"), c.contribution.b, Kind.BYTES, c.contribution.a),
            Figure(tr("reclaimable"), c.reclaimable.b, Kind.BYTES, c.reclaimable.a),
            Figure(tr("files"), c.files.b, Kind.COUNT, c.files.a),
            Figure(
                tr("layers"),
                len(c.b.image.layers),
                Kind.COUNT,
                len(c.a.image.layers),
                tr("{n} shared", n=len(c.layers.shared)),
            ),
        )
    )


def waterfall(comparison: Comparison) -> Waterfall:
    """From the content of the first image to that of the second; the steps are categories."""
    c = comparison
    groups = {item.id: item.group for item in CATEGORIES}
    return Waterfall(
        tr("From {before} to {after}", before=size_text(c.content.a), after=size_text(c.content.b)),
        Bar(side_names(c.a, c.b)[0], c.content.a),
        tuple(Bar(item.label, item.size.delta, groups[item.id]) for item in c.waterfall),
        Bar(side_names(c.a, c.b)[1], c.content.b),
    )


def _facts(c: Comparison, side: int) -> tuple[Fact, ...]:
    which = (tr("before"), tr("after"))[side]
    return tuple(
        Fact(tr("{label} ({which})", label=fact.label, which=which), fact.value, fact.kind)
        for fact in image_facts((c.a, c.b)[side])
    )


def _read_in_part(c: Comparison) -> tuple[str, ...]:
    """What each side's own analysis complains of; the comparison's notes have told that it is in part."""
    return tuple(
        tr("{name}: {problem}", name=name, problem=problem)
        for name, item in zip(side_names(c.a, c.b), (c.a, c.b), strict=True)
        for problem in incomplete(item)[0 if item.complete else 1 :]
    )


def _summary(c: Comparison) -> Section:
    return Section("summary", tr("Summary"), (Paragraph(verdict(c)), key_figures(c)))


def _causes(c: Comparison) -> Section:
    columns = (
        Column("category", tr("Category")),
        *_pair_columns(c, exact=True),
    )
    rows: list[Row] = [
        (item.label, *_pair(item.size)) for item in c.categories if item.size.a or item.size.b
    ]
    rows.sort(key=lambda row: int(row[3] or 0))
    table = Table(
        "categories",
        tr("Bytes by category"),
        columns,
        tuple(rows),
        total=(tr("all"), *_pair(c.content)),
        note=tr("A category is what bytes are for; each byte of the content is in exactly one."),
    )
    blocks: list[Block] = [waterfall(c)] if c.waterfall else []
    if c.content.a or c.content.b:
        panels = (
            category_panel(c.a, side_names(c.a, c.b)[0]),
            category_panel(c.b, side_names(c.a, c.b)[1]),
        )
        blocks.append(Treemap(tr("Both images by category, at one scale"), panels))
    return Section("causes", tr("Where the bytes went"), (*blocks, table))


def _pair_columns(c: Comparison, *, exact: bool = False) -> tuple[Column, ...]:
    return (
        Column("before_bytes", side_names(c.a, c.b)[0], Kind.BYTES),
        Column("after_bytes", side_names(c.a, c.b)[1], Kind.BYTES),
        Column("delta_bytes", tr("Difference"), Kind.DELTA, exact=exact),
    )


def _pair(pair: Pair) -> tuple[int, int, int]:
    return pair.a, pair.b, pair.delta


def _layers(c: Comparison) -> Section:
    sizes = [{item.index: item.content_bytes for item in side.layers} for side in (c.a, c.b)]
    rows: list[Row] = [
        (
            tr("shared"),
            before,
            after,
            layer_command(c.b, after),
            sizes[0][before],
            sizes[1][after],
            sizes[1][after] - sizes[0][before],
        )
        for before, after in c.layers.shared
    ]
    rows += [
        (tr("gone"), index, None, layer_command(c.a, index), sizes[0][index], 0, -sizes[0][index])
        for index in c.layers.only_a
    ]
    rows += [
        (tr("new"), None, index, layer_command(c.b, index), 0, sizes[1][index], sizes[1][index])
        for index in c.layers.only_b
    ]
    columns = (
        Column("change", tr("What")),
        Column("before_layer", tr("Layer before"), Kind.NUMBER),
        Column("after_layer", tr("Layer after"), Kind.NUMBER),
        Column("command", tr("Build step"), Kind.CODE),
        *_pair_columns(c),
    )
    total = (tr("all"), None, None, None, *_pair(c.content))
    note = tr("Layers with the same diff ID are shared: a host that holds one image need not fetch them again.")  # fmt: skip
    return Section(
        "layers",
        tr("Layers"),
        (Table("layers", tr("Layers side by side"), columns, tuple(rows), total=total, note=note),),
    )


def _files(c: Comparison, limit: int) -> Section:
    fates: list[Row] = []
    for change, text in FATES.items():
        before, after = c.diff.bytes(change)
        fates.append((tr(text), c.diff.count(change), before, after, after - before))
    # A path that is a directory on one side may hold bytes on the other.
    odd = Pair(
        c.contribution.a - sum(int(row[2] or 0) for row in fates),
        c.contribution.b - sum(int(row[3] or 0) for row in fates),
    )
    if odd != Pair(0, 0):
        count = int((c.diff.is_directory & (c.diff.size_a + c.diff.size_b > 0)).sum())
        fates.append((tr("file became a folder, or a folder a file"), count, *_pair(odd)))
    columns = (
        Column("change", tr("What")),
        Column("files", tr("Files"), Kind.COUNT),
        *_pair_columns(c, exact=True),
    )
    shown = tuple(row for row in fates if row[1])
    files = sum(int(row[1] or 0) for row in shown)
    total = (tr("all"), files, *_pair(c.contribution))
    table = Table("fates", tr("Files by what became of them"), columns, shown, total=total)
    return Section("files", tr("Files"), (table, *_largest(c, limit)))


def _largest(c: Comparison, limit: int) -> tuple[Table, ...]:
    listed = c.largest_files(limit)
    if not listed:
        return ()
    columns = (
        Column("path", tr("Path"), Kind.PATH),
        Column("change", tr("What")),
        Column("partner", tr("Moved to or from"), Kind.PATH),
        *_pair_columns(c),
    )
    rows = tuple(_file_row(item) for item in listed)
    told = c.diff.leaves & (c.diff.change != Change.SAME)
    count = int((told & (np.maximum(c.diff.size_a, c.diff.size_b) > 0)).sum())
    whole = int(c.diff.size_a[told].sum()), int(c.diff.size_b[told].sum())
    told_of = sums(columns, rows)
    before, after = whole[0] - int(told_of[3] or 0), whole[1] - int(told_of[4] or 0)
    return (
        Table(
            "differences",
            tr("Largest differences"),
            columns,
            rows,
            more=count - len(rows),
            rest=(None, None, None, before, after, after - before) if count > len(rows) else (),
            total=(tr("all that differ"), None, None, *whole, whole[1] - whole[0]),
        ),
    )


def _file_row(item: FileDelta) -> Row:
    return item.path, tr(FATES[item.change]), item.partner or None, *_pair(item.size)


def _findings(c: Comparison) -> Section:
    rows: list[Row] = [
        *(_finding_row(item, tr("gone")) for item in c.findings_gone),
        *(_finding_row(item, tr("new")) for item in c.findings_new),
    ]
    columns = (
        Column("change", tr("What")),
        Column("title", tr("Finding")),
        Column("bytes", tr("Size"), Kind.BYTES, summed=False),
        Column("remedy", tr("What to do")),
    )
    tables = (Table("findings", tr("Findings gone and new"), columns, tuple(rows)),) if rows else ()
    return Section("findings", tr("Findings"), tables)


def _finding_row(finding: Finding, what: str) -> Row:
    remedy = redact(finding.remedy()) if what == tr("new") else None
    return what, redact(finding.title()), finding.bytes, remedy


def _programs(c: Comparison, limit: int) -> Section:
    return Section("programs", tr("Go executables"), program_blocks(c, limit))


def _settings(c: Comparison) -> Section:
    columns = (
        Column("setting", tr("Setting"), Kind.CODE),
        Column("before", side_names(c.a, c.b)[0], Kind.CODE),
        Column("after", side_names(c.a, c.b)[1], Kind.CODE),
    )
    rows: tuple[Row, ...] = tuple(
        (
            display_text(change.key, VALUE_LIMIT),
            setting_value(change.key, change.a),
            setting_value(change.key, change.b),
        )
        for change in c.config
    )
    tables = (Table("settings", tr("Settings that differ"), columns, rows),) if rows else ()
    return Section("settings", tr("Settings"), tables)


def _surface(c: Comparison, limit: int) -> Section:
    columns = (
        Column("kind", tr("Attack surface")),
        Column("before", side_names(c.a, c.b)[0], Kind.COUNT, summed=False),
        Column("after", side_names(c.a, c.b)[1], Kind.COUNT, summed=False),
        Column("delta", tr("Difference"), Kind.COUNT_DELTA, summed=False),
    )
    rows: list[Row] = []
    paths: list[Row] = []
    for kind in LABELS:
        if kind == "root":
            users = (display_text(side.runs_as, 40) for side in (c.surface_a, c.surface_b))
            rows.append((label(kind), *users, None))
            continue
        held = c.surface_a.paths[kind], c.surface_b.paths[kind]
        rows.append((label(kind), len(held[0]), len(held[1]), len(held[1]) - len(held[0])))
        paths += [(label(kind), tr("gone"), path) for path in sorted({*held[0]} - {*held[1]})]
        paths += [(label(kind), tr("new"), path) for path in sorted({*held[1]} - {*held[0]})]
    blocks = [Table("surface", tr("What an attacker would find"), columns, tuple(rows))]
    if paths:
        listing = (
            Column("kind", tr("Attack surface")),
            Column("change", tr("What")),
            Column("path", tr("Path"), Kind.PATH),
        )
        table = Table("surface-paths", tr("Paths gone and new"), listing, tuple(paths))
        blocks.append(table.capped(limit))
    return Section("surface", tr("Attack surface"), tuple(blocks))
