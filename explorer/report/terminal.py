"""The analysis as a summary for a terminal: figures, layers, categories and findings with bars."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from explorer.findings.analysis import Analysis
from explorer.findings.category import CATEGORIES
from explorer.image.history import shown_instruction
from explorer.report.cells import clipped
from explorer.translation import ntr, tr
from explorer.units import count_text, display_text, seconds_text, share_text, size_text

_BAR = 20
_FINDINGS_SHOWN = 15
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def print_summary(analysis: Analysis) -> None:
    """Write the summary to standard output; colours only on a terminal."""
    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False, width=120)
    for part in (
        _head(analysis),
        _layers(analysis),
        _categories(analysis),
        _findings(analysis),
        _binaries(analysis),
        _notes(analysis),
    ):
        if part is not None:
            console.print(part)


def bar(part: float, whole: float, width: int = _BAR) -> str:
    """A horizontal bar of `width` cells in steps of an eighth."""
    eighths = round(8 * width * part / whole) if whole else 0
    eighths = max(eighths, 1 if part else 0)
    full, rest = divmod(min(eighths, 8 * width), 8)
    return "█" * full + (_EIGHTHS[rest] if rest else "")


def _head(analysis: Analysis) -> Text:
    image, totals = analysis.image, analysis.totals
    text = Text()
    text.append(display_text(image.tags[0] if image.tags else image.reference, 200), style="bold")
    text.append(f"  {display_text(image.id[:19])}  {display_text(str(image.platform))}\n")
    text.append(
        tr(
            "{content} content in {layers}, {files} files; {contribution} visible in the end",
            content=size_text(totals.content_bytes),
            layers=ntr("{n} layer", "{n} layers", len(image.layers)),
            files=count_text(totals.files),
            contribution=size_text(totals.contribution_bytes),
        )
        + "\n"
    )
    text.append(
        tr(
            "{reclaimable} reclaimable ({share}); efficiency {efficiency}; dive says {dive} and {wasted} wasted",
            reclaimable=size_text(totals.reclaimable_bytes),
            share=share_text(totals.reclaimable_bytes, totals.content_bytes),
            efficiency=share_text(totals.efficiency, 1),
            dive=share_text(analysis.dive.efficiency, 1),
            wasted=size_text(analysis.dive.wasted_bytes),
        )
        + "\n"
    )
    text.append(
        tr(
            "read via {via} in {seconds}",
            via=analysis.via,
            seconds=seconds_text(analysis.timings.get("total", 0.0)),
        ),
        style="dim",
    )
    return text


def _table(*columns: tuple[str, bool]) -> Table:
    table = Table(
        box=None,
        expand=not columns[-1][1],
        pad_edge=False,
        padding=(0, 2, 0, 0),
        header_style="bold",
        title_justify="left",
    )
    for name, right in columns:
        table.add_column(
            name, justify="right" if right else "left", no_wrap=True, overflow="ellipsis"
        )
    if table.expand:
        # A long text stands last and gives way; figures do not.
        table.columns[-1].ratio = 1
    return table


def _layers(analysis: Analysis) -> Table:
    table = _table(
        ("#", True),
        (tr("size"), True),
        ("", False),
        (tr("reclaimable"), True),
        (tr("instruction"), False),
    )
    largest = max((figures.content_bytes for figures in analysis.layers), default=0)
    for layer, figures in zip(analysis.image.layers, analysis.layers, strict=True):
        step = shown_instruction(layer.history.created_by) if layer.history else ""
        table.add_row(
            str(layer.index),
            size_text(figures.content_bytes) if figures.read else tr("not read"),
            Text(bar(figures.content_bytes, largest), style="blue"),
            size_text(figures.reclaimable_bytes) if figures.reclaimable_bytes else "–",
            Text(display_text(step or tr("no build history"), 200)),
        )
    return table


def _categories(analysis: Analysis) -> Table:
    table = _table(
        (tr("category"), False),
        (tr("size"), True),
        ("", False),
        (tr("share"), True),
        (tr("files"), True),
    )
    rows = [
        (size, files, item)
        for (size, files), item in zip(analysis.category_bytes(), CATEGORIES, strict=True)
    ]
    largest = max((size for size, _, _ in rows), default=0)
    for size, files, item in sorted(rows, key=lambda row: -row[0]):
        if size:
            table.add_row(
                item.label(),
                size_text(size),
                Text(bar(size, largest), style="yellow"),
                share_text(size, analysis.totals.content_bytes),
                count_text(files),
            )
    return table


def _findings(analysis: Analysis) -> Table | Text:
    if not analysis.findings:
        return Text(tr("Nothing worth removing was found."))
    table = _table(
        (tr("finding"), False), (tr("size"), True), (tr("layer"), True), (tr("what to do"), False)
    )
    for finding in analysis.findings[:_FINDINGS_SHOWN]:
        table.add_row(
            Text(clipped(finding.title(), 60)),
            size_text(finding.bytes),
            str(finding.layer) if finding.layer >= 0 else tr("several"),
            Text(clipped(finding.remedy(), 300)),
        )
    return table


def _binaries(analysis: Analysis) -> Table | None:
    if not analysis.go_binaries:
        return None
    table = _table(
        (tr("size"), True), (tr("Debug data"), True), (tr("Go version"), False), (tr("Go executables"), False),
    )  # fmt: skip
    for item in analysis.go_binaries:
        version = tr("packed with UPX") if item.upx else display_text(item.go_version, 40)
        table.add_row(
            size_text(item.size_bytes),
            size_text(item.removable_bytes) if item.removable_bytes else "–",
            Text(version),
            Text(clipped(item.path, 300)),
        )
    return table


def _notes(analysis: Analysis) -> Text | None:
    lines = [tr("note: {text}", text=clipped(problem, 400)) for problem in analysis.problems]
    hidden = len(analysis.findings) - _FINDINGS_SHOWN
    if hidden > 0:
        lines.append(
            ntr("{n} smaller finding: see --json", "{n} smaller findings: see --json", hidden)
        )
    return Text("\n".join(lines)) if lines else None
