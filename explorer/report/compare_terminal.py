"""A comparison as a summary for a terminal: totals, what leads from one size to the other, files, programs, settings."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from explorer.compare.comparison import Comparison, Pair
from explorer.compare.naming import side_names
from explorer.compare.surface import LABELS, label
from explorer.filesystem.diff import Change
from explorer.report.cells import change_text, clipped
from explorer.report.documents.compared_starts import start_text
from explorer.report.fates import FATES, fates
from explorer.report.terminal import bar
from explorer.translation import labelled, tr
from explorer.units import (
    count_text,
    display_name,
    display_text,
    signed_count,
    signed_size,
    size_text,
)

_WIDTH = 120
_FILES_SHOWN = 15
_SETTINGS_SHOWN = 20
_SETTING_WIDTH = 26


def print_comparison(comparison: Comparison) -> None:
    """Write the summary to standard output; colours only on a terminal."""
    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False, width=_WIDTH)
    for part in (
        _totals(comparison),
        _waterfall(comparison),
        _fates(comparison),
        _files(comparison),
        _findings(comparison),
        _binaries(comparison),
        _settings(comparison, console.width),
        _surface(comparison),
        _start(comparison),
    ):
        if part is not None:
            # A file has no width: its sentences stay whole.
            console.print(part, soft_wrap=isinstance(part, Text) and not console.is_terminal)
    for note in comparison.notes:
        text = Text(clipped(note, 1000), style="yellow")
        console.print(text, soft_wrap=not console.is_terminal)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(columns[0], overflow="ellipsis", no_wrap=True, ratio=1)
    for title in columns[1:]:
        table.add_column(title, justify="right", no_wrap=True)
    return table


def _totals(c: Comparison) -> Table:
    table = _table("", *side_names(c.a, c.b), tr("difference"), "")
    for text, pair in (
        (tr("content"), c.content),
        (tr("visible in the end"), c.contribution),
        (tr("reclaimable"), c.reclaimable),
    ):
        change = change_text(pair.a, pair.b)
        table.add_row(text, size_text(pair.a), size_text(pair.b), signed_size(pair.delta), change)
    files = c.files
    table.add_row(
        tr("files"),
        count_text(files.a),
        count_text(files.b),
        signed_count(files.delta),
        "",
    )
    table.add_row(
        tr("layers"),
        str(len(c.a.image.layers)),
        str(len(c.b.image.layers)),
        tr("{n} shared", n=len(c.layers.shared)),
        "",
    )
    return table


def _waterfall(c: Comparison) -> Table | None:
    if not c.waterfall:
        return None
    most = max(abs(item.size.delta) for item in c.waterfall)
    table = _table(tr("category"), *side_names(c.a, c.b), tr("difference"), "")
    table.columns[-1].justify = "left"
    for item in c.waterfall:
        pair = item.size
        line = bar(abs(pair.delta), most)
        table.add_row(
            item.label, size_text(pair.a), size_text(pair.b), signed_size(pair.delta), line
        )
    return table


def _fates(c: Comparison) -> Table:
    table = _table(tr("files, links, devices"), tr("paths"), tr("of them files"), tr("difference"))
    for fate in fates(c):
        if fate.paths:
            files = " → ".join(map(count_text, dict.fromkeys((fate.files.a, fate.files.b))))
            delta = signed_size(fate.size.delta)
            table.add_row(fate.label, count_text(fate.paths), files, delta)
    return table


def _files(c: Comparison) -> Table | None:
    largest = c.largest_files(_FILES_SHOWN)
    if not largest:
        return None
    table = _table(tr("largest differences between files"), tr("what"), tr("difference"))
    for item in largest:
        path = "/" + display_name(item.path, 80)
        if item.partner:
            path += " → /" + display_name(item.partner, 80)
        if item.change != Change.MOVED_HERE:
            table.add_row(path, tr(FATES[item.change]), signed_size(item.size.delta))
    return table


def _findings(c: Comparison) -> Table | None:
    if not (c.findings_gone or c.findings_new):
        return None
    table = _table(tr("findings"), "", tr("size"))
    for text, findings in ((tr("gone"), c.findings_gone), (tr("new"), c.findings_new)):
        for finding in findings:
            table.add_row(clipped(finding.title(), 80), text, size_text(finding.bytes))
    return table


def _binaries(c: Comparison) -> Table | None:
    if not c.binaries:
        return None
    table = _table(tr("Go executables"), *side_names(c.a, c.b), tr("difference"))
    for item in c.binaries:
        pair = item.size
        table.add_row(clipped(item.path, 80), _held(pair.a), _held(pair.b), signed_size(pair.delta))
    return table


def _held(size: int) -> str:
    return size_text(size) if size else "–"


def _settings(c: Comparison, width: int) -> Table | None:
    if not c.config:
        return None
    table = Table(box=None, pad_edge=False)
    # Cut here: the rest of the table would take the names' room.
    room = (width - _SETTING_WIDTH - 4) // 2
    table.add_column(tr("setting"), no_wrap=True)
    for title in side_names(c.a, c.b):
        table.add_column(clipped(title, room), no_wrap=True)
    for change in c.config[:_SETTINGS_SHOWN]:
        values = (display_text(value, room) for value in (change.a or "–", change.b or "–"))
        table.add_row(display_text(change.key, _SETTING_WIDTH), *values)
    return table


def _surface(c: Comparison) -> Table:
    table = _table(tr("attack surface"), *side_names(c.a, c.b), tr("difference"))
    for kind in LABELS:
        if kind == "root":
            before, after = (display_text(s.runs_as, 40) for s in (c.surface_a, c.surface_b))
            table.add_row(label(kind), before, after, "" if before != after else "=")
            continue
        pair = Pair(len(c.surface_a.paths[kind]), len(c.surface_b.paths[kind]))
        table.add_row(label(kind), count_text(pair.a), count_text(pair.b), signed_count(pair.delta))
    return table


def _start(c: Comparison) -> Text | None:
    text = start_text(c)
    return Text(labelled(tr("Cold start"), text)) if text else None
