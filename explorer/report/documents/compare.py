"""The report on two images: what leads from one size to the other, and all else that differs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from explorer.compare.comparison import CategoryDelta, Comparison, Pair
from explorer.compare.naming import side_names
from explorer.compare.surface import LABELS, label
from explorer.filesystem.columnfile import Array
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
    Listing,
    Paragraph,
    Row,
    Section,
    Table,
    Treemap,
    Waterfall,
    number,
)
from explorer.report.documents.compared_programs import program_blocks
from explorer.report.documents.compared_starts import start_section, start_text
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
from explorer.report.fates import FATES, TURNED, fates
from explorer.translation import labelled, language, listed, sentences, tr
from explorer.units import count_text, display_text, size_text

# Causes that the first lines name.
_CAUSES = 3
# Beside the numbers of Change: a file became a folder, or a folder a file.
_TURNED = 255


def compare_document(comparison: Comparison, limit: int | None = ROWS) -> Document:
    """The report on two images, in the user's language; tables have at most `limit` rows and the sum of the rest.

    None is for all rows, which are made when they are read.
    """
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
            _figure("content_bytes", tr("content"), c.content),
            _figure("contribution_bytes", tr("visible in the end"), c.contribution),
            _figure("reclaimable_bytes", tr("reclaimable"), c.reclaimable),
            _figure("files", tr("files"), c.files, Kind.COUNT),
            Figure(
                tr("layers"),
                len(c.b.image.layers),
                Kind.COUNT,
                len(c.a.image.layers),
                tr("{n} shared", n=len(c.layers.shared)),
                "layers",
            ),
        )
    )


def _figure(name: str, label: str, pair: Pair, kind: Kind = Kind.BYTES) -> Figure:
    return Figure(label, pair.b, kind, pair.a, id=name)


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
    told = sentences(*_story(c))
    more = (Paragraph(told),) if told else ()
    return Section("summary", tr("Summary"), (Paragraph(verdict(c)), *more, key_figures(c)))


def _story(c: Comparison) -> Iterator[str]:
    """What a reader in a hurry takes along: the biggest causes, what was found, how they start."""
    less = [item for item in c.waterfall if item.size.delta < 0][:_CAUSES]
    more = [item for item in c.waterfall if item.size.delta > 0][:_CAUSES]
    if less:
        yield tr("Biggest savings: {causes}.", causes=_named(less))
    if more:
        yield tr("Biggest growth: {causes}.", causes=_named(more))
    if c.findings_gone or c.findings_new:
        gone, new = count_text(len(c.findings_gone)), count_text(len(c.findings_new))
        yield tr("Findings: {gone} gone, {new} new.", gone=gone, new=new)
    if c.startup is not None and c.startup.together is not None:
        yield labelled(tr("Cold start"), start_text(c))


def _named(items: Sequence[CategoryDelta]) -> str:
    return listed(f"{item.label} ({size_text(abs(item.size.delta))})" for item in items)


def _causes(c: Comparison) -> Section:
    columns = (
        Column("category", tr("Category")),
        *_pair_columns(c, exact=True),
    )
    rows: list[Row] = [
        (item.label, *_pair(item.size)) for item in c.categories if item.size.a or item.size.b
    ]
    rows.sort(key=lambda row: (number(row[3]) > 0, -abs(number(row[3]))))
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


def _sizes(before: int | None, after: int | None) -> tuple[int | None, int | None, int | None]:
    """A layer's bytes on both sides; one that was not read has none, and counts as none in the difference."""
    delta = (after or 0) - (before or 0)
    return before, after, delta if delta or None not in (before, after) else None


def _layers(c: Comparison) -> Section:
    before, after = (
        {item.index: item.content_bytes if item.read else None for item in side.layers}
        for side in (c.a, c.b)
    )
    rows: list[Row] = [
        (tr("shared"), one, other, layer_command(c.b, other), *_sizes(before[one], after[other]))
        for one, other in c.layers.shared
    ]
    rows += [
        (tr("gone"), index, None, layer_command(c.a, index), *_sizes(before[index], 0))
        for index in c.layers.only_a
    ]
    rows += [
        (tr("new"), None, index, layer_command(c.b, index), *_sizes(0, after[index]))
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


def _files(c: Comparison, limit: int | None) -> Section:
    rows: tuple[Row, ...] = tuple(
        (fate.label, fate.paths, fate.files.a, fate.files.b, *_pair(fate.size))
        for fate in fates(c)
        if fate.paths
    )
    columns = (
        Column("change", tr("What")),
        Column("paths", tr("Paths"), Kind.COUNT),
        Column("before_files", tr("Files before"), Kind.COUNT),
        Column("after_files", tr("Files after"), Kind.COUNT),
        *_pair_columns(c, exact=True),
    )
    paths = sum(number(row[1]) for row in rows)
    total = (tr("all"), paths, c.files.a, c.files.b, *_pair(c.contribution))
    note = tr("Paths are files, links and devices, not folders. Files are regular ones and hard links, as in the summary.")  # fmt: skip
    title = tr("Paths by what became of them")
    table = Table("fates", title, columns, rows, total=total, note=note)
    return Section("files", tr("Files"), (table, *_largest(c, limit)))


def _largest(c: Comparison, limit: int | None) -> tuple[Table, ...]:
    nodes, diff = c.differing, c.diff
    if not len(nodes):
        return ()
    columns = (
        Column("path", tr("Path"), Kind.PATH),
        Column("change", tr("What")),
        Column("partner", tr("Moved to or from"), Kind.PATH, optional=True),
        *_pair_columns(c),
    )
    words = {int(change): tr(text) for change, text in FATES.items()} | {_TURNED: tr(TURNED)}
    fate = np.where(diff.turned, _TURNED, diff.change)
    path = paths_of(diff.tree) if limit is None else diff.tree.path

    def made(some: Array) -> Iterable[Row]:
        before, after = diff.size_a[some], diff.size_b[some]
        return zip(
            map(path, some.tolist()),
            map(words.__getitem__, fate[some].tolist()),
            (path(node) if node >= 0 else None for node in diff.partner[some].tolist()),
            before.tolist(),
            after.tolist(),
            (after - before).tolist(),
            strict=True,
        )

    rows = Listing(nodes[:limit], made)
    more = len(nodes) - len(rows)
    whole = Pair(int(diff.size_a[nodes].sum()), int(diff.size_b[nodes].sum()))
    cut = nodes[len(rows) :]
    rest = Pair(int(diff.size_a[cut].sum()), int(diff.size_b[cut].sum()))
    return (
        Table(
            "differences",
            tr("All differences") if limit is None else tr("Largest differences"),
            columns,
            rows,
            more=more,
            rest=(None, None, None, *_pair(rest)) if more else (),
            total=(tr("all that differ"), None, None, *_pair(whole)),
        ),
    )


def _findings(c: Comparison) -> Section:
    rows: list[Row] = [
        *(_finding_row(item, tr("gone")) for item in c.findings_gone),
        *(_finding_row(item, tr("new")) for item in c.findings_new),
    ]
    columns = (
        Column("change", tr("What")),
        Column("title", tr("Finding")),
        Column("bytes", tr("Size"), Kind.BYTES, summed=False),
        Column("remedy", tr("What to do"), optional=True),
    )
    tables = (Table("findings", tr("Findings gone and new"), columns, tuple(rows)),) if rows else ()
    return Section("findings", tr("Findings"), tables)


def _finding_row(finding: Finding, what: str) -> Row:
    remedy = redact(finding.remedy()) if what == tr("new") else None
    return what, redact(finding.title()), finding.bytes, remedy


def _programs(c: Comparison, limit: int | None) -> Section:
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


def _surface(c: Comparison, limit: int | None) -> Section:
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
