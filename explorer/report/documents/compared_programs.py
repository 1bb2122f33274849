"""Go executables of two images in the report: their sizes, packages, dependencies and build settings."""

from __future__ import annotations

from explorer.compare.comparison import Comparison
from explorer.compare.naming import side_names
from explorer.compare.programs import BinaryDelta
from explorer.gobinary.names import shown_package
from explorer.report.document import Block, Cell, Column, Kind, Row, Table, Typed, number
from explorer.translation import mark, tr
from explorer.units import display_text

# The biggest programs are looked into; an image may hold a whole toolchain.
_LOOKED_INTO = 3
_PACKAGES = 40
# Figures of a program that differences of its build are told in, by their key in compare.programs.
_FIGURES = {
    "go_version": (mark("Go version"), Kind.TEXT),
    "module": (mark("Module"), Kind.CODE),
    "static": (mark("Linked statically"), Kind.FLAG),
    "stripped": (mark("Stripped of its symbols"), Kind.FLAG),
    "removable_bytes": (mark("Removable"), Kind.BYTES),
}


def program_blocks(c: Comparison, limit: int | None) -> tuple[Block, ...]:
    """A table of all programs, then packages, dependencies and settings of the biggest."""
    if not c.binaries:
        return ()
    columns = (
        Column("program", tr("Go executable"), Kind.CODE),
        Column("moved_from", tr("Moved from"), Kind.CODE, optional=True),
        Column("before_bytes", side_names(c.a, c.b)[0], Kind.BYTES),
        Column("after_bytes", side_names(c.a, c.b)[1], Kind.BYTES),
        Column("delta_bytes", tr("Difference"), Kind.DELTA),
    )
    ranked = sorted(c.binaries, key=lambda item: -max(item.size.a, item.size.b))
    rows: tuple[Row, ...] = tuple(
        (
            item.path,
            item.path_a if item.moved else None,
            item.size.a,
            item.size.b,
            item.size.delta,
        )
        for item in ranked
    )
    whole = sum(item.size.a for item in ranked), sum(item.size.b for item in ranked)
    total = (tr("all"), None, *whole, whole[1] - whole[0])
    table = Table("programs", tr("Go executables"), columns, rows, total=total).capped(limit)
    most = None if limit is None else _LOOKED_INTO
    looked_into = [item for item in ranked if item.packages][:most]
    changed = [item for item in ranked if item.changes or item.dependencies][:most]
    return (
        table,
        *(
            _packages(c, item, place).capped(None if limit is None else _PACKAGES)
            for place, item in enumerate(looked_into, 1)
        ),
        *(_changes(c, item, place, limit) for place, item in enumerate(changed, 1)),
    )


def _packages(c: Comparison, item: BinaryDelta, place: int) -> Table:
    columns = (
        Column("package", tr("Package"), Kind.CODE),
        Column("module", tr("Module"), Kind.CODE, optional=True),
        Column("before_bytes", side_names(c.a, c.b)[0], Kind.BYTES),
        Column("after_bytes", side_names(c.a, c.b)[1], Kind.BYTES),
        Column("delta_bytes", tr("Difference"), Kind.DELTA),
    )
    rows: list[Row] = [
        (
            display_text(shown_package(row.name)),
            display_text(row.module) or None,
            row.size.a,
            row.size.b,
            row.size.delta,
        )
        for row in item.packages
    ]
    rows += [
        (tr("({reason})", reason=row.label()), None, row.size.a, row.size.b, row.size.delta)
        for row in item.rest
    ]
    rows.sort(key=lambda row: (-abs(number(row[4])), -number(row[3]), str(row[0])))
    total = (tr("the whole file"), None, item.size.a, item.size.b, item.size.delta)
    title = tr("Bytes by package: {name}", name=item.path)
    return Table(f"packages-{place}", title, columns, tuple(rows), total=total)


def _changes(c: Comparison, item: BinaryDelta, place: int, limit: int | None) -> Table:
    columns = (
        Column("what", tr("What")),
        Column("name", tr("Name"), Kind.CODE),
        Column("before", side_names(c.a, c.b)[0], Kind.CODE),
        Column("after", side_names(c.a, c.b)[1], Kind.CODE),
    )
    rows: list[Row] = [
        (
            tr("build"),
            _name(change.key),
            _figure(change.key, change.a),
            _figure(change.key, change.b),
        )
        for change in item.changes
    ]
    rows += [
        (
            tr("dependency"),
            display_text(change.path),
            display_text(change.a) or None,
            display_text(change.b) or None,
        )
        for change in item.dependencies
    ]
    title = tr("Build and dependencies: {name}", name=item.path)
    return Table(f"build-{place}", title, columns, tuple(rows)).capped(limit)


def _name(key: str) -> Cell:
    if key in _FIGURES:
        return Typed(Kind.TEXT, tr(_FIGURES[key][0]))
    return display_text(key)


def _figure(key: str, text: str) -> Cell:
    """A figure of a program's build as what it is; "" where the image has no such program."""
    kind = _FIGURES[key][1] if key in _FIGURES else Kind.CODE
    if text and kind is Kind.FLAG:
        return Typed(kind, text == str(True))
    if text and kind is Kind.BYTES:
        return Typed(kind, int(text))
    return Typed(kind, display_text(text)) if text else None
