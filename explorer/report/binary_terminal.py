"""One executable as a summary for a terminal: what it is, where it runs, what its bytes are."""

from __future__ import annotations

import sys

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from explorer.gobinary.binary import GO, PACKED, GoBinary
from explorer.gobinary.groups import by_module
from explorer.gobinary.runtimes import RUNTIME_NAMES
from explorer.report.terminal import bar
from explorer.translation import listed, ntr, tr
from explorer.units import count_text, display_text, share_text, size_text

_MODULES_SHOWN = 20
_EMBEDDED_SHOWN = 8


def print_binary(binary: GoBinary) -> None:
    """Write the summary to standard output; colours only on a terminal."""
    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False, width=120)
    for part in (_head(binary), _runs_on(binary), _modules(binary), _rest(binary), _embedded(binary), _notes(binary)):  # fmt: skip
        if part is not None:
            console.print(part)


def _head(binary: GoBinary) -> Text:
    text = Text()
    text.append(binary.path, style="bold")
    kind = f"{binary.format} {binary.arch or '?'}"
    version = display_text(binary.go_version, 80)
    text.append(f"  {size_text(binary.size_bytes)}  {kind}  {version}\n")
    module = binary.module
    name = f"{module.path} {module.version}" if module else binary.main_package
    if name:
        text.append(display_text(name, 200) + "\n")
    if binary.dependencies is not None:
        count = len(binary.dependencies)
        text.append(ntr("{n} dependency", "{n} dependencies", count) + "; ")
    inits = len(binary.init_packages)
    if inits:
        text.append(
            ntr("{n} package works before main", "{n} packages work before main", inits) + "\n"
        )
    text.append(_linkage(binary) + "\n")
    text.append(_stripped(binary))
    return text


def _linkage(binary: GoBinary) -> str:
    if binary.format != "elf":
        return ""
    linkage = binary.linkage
    if linkage.static:
        return tr("statically linked")
    libraries = listed(display_text(name, 80) for name in linkage.needed) or tr("no library")
    return tr(
        "dynamically linked: {interpreter}, needs {libraries}",
        interpreter=display_text(linkage.interpreter, 120),
        libraries=libraries,
    )


def _stripped(binary: GoBinary) -> str:
    removable = binary.removable
    if not binary.analysed or binary.state == PACKED:
        return ""
    if binary.stripped:
        return tr("stripped: it has no symbol table and no debug information")
    return tr(
        "not stripped: {total} of symbols and debug information ({share}; about {compressed} of a compressed layer)",
        total=size_text(removable.total_bytes),
        share=share_text(removable.total_bytes, binary.size_bytes),
        compressed=size_text(removable.compressed_bytes),
    )


def _runs_on(binary: GoBinary) -> Table | None:
    verdicts = binary.runs_on()
    if not verdicts:
        return None
    table = _table((tr("runs on"), False), ("", False), (tr("why"), False))
    for item in verdicts:
        shown = Text(tr("yes"), style="green") if item.runs else Text(tr("no"), style="red")
        table.add_row(RUNTIME_NAMES[item.base], shown, Text(display_text(item.reason(), 200)))
    return table


def _modules(binary: GoBinary) -> Group | None:
    modules = by_module(binary)
    if not modules:
        return None
    table = _table(
        (tr("bytes attributed to"), False),
        (tr("size"), True),
        ("", False),
        (tr("share"), True),
        (tr("packages"), True),
        (tr("version"), False),
    )
    largest = modules[0].total_bytes
    for module in modules[:_MODULES_SHOWN]:
        table.add_row(
            Text(display_text(module.label(), 200)),
            size_text(module.total_bytes),
            Text(bar(module.total_bytes, largest), style="blue"),
            share_text(module.total_bytes, binary.size_bytes),
            count_text(len(module.packages)),
            Text(display_text(module.version, 60)),
        )
    hidden = len(modules) - _MODULES_SHOWN
    parts: list[Table | Text] = [table]
    if hidden > 0:
        parts.append(Text(ntr("{n} more module: see --json", "{n} more modules: see --json", hidden), style="dim"))  # fmt: skip
    return Group(*parts)


def _rest(binary: GoBinary) -> Table | None:
    if not binary.unattributed or not binary.analysed:
        return None
    table = _table((tr("bytes of no single package"), False), (tr("size"), True), ("", False), (tr("share"), True))  # fmt: skip
    largest = binary.unattributed[0].bytes
    for row in binary.unattributed:
        table.add_row(
            row.label(),
            size_text(row.bytes),
            Text(bar(row.bytes, largest), style="yellow"),
            share_text(row.bytes, binary.size_bytes),
        )
    return table


def _embedded(binary: GoBinary) -> Table | None:
    if not binary.embedded_files:
        return None
    files = sorted(binary.embedded_files, key=lambda item: -item.bytes)
    table = _table((tr("embedded file"), False), (tr("size"), True))
    for file in files[:_EMBEDDED_SHOWN]:
        table.add_row(Text(display_text(file.name, 200)), size_text(file.bytes))
    hidden = len(files) - _EMBEDDED_SHOWN
    if hidden > 0:
        table.add_row(Text(ntr("{n} more file: see --json", "{n} more files: see --json", hidden), style="dim"), "")  # fmt: skip
    return table


def _notes(binary: GoBinary) -> Text | None:
    lines = [tr("note: {text}", text=text) for text in binary.problems()]
    if binary.packed is not None and binary.packed.original_bytes:
        lines.append(tr("note: unpacked, it has {size}", size=size_text(binary.packed.original_bytes)))  # fmt: skip
    if binary.state == GO and binary.packages:
        lines.append(
            tr("Generic and inlined code counts for the package whose function it became part of: bytes attributed are not bytes saved.")
        )  # fmt: skip
    return Text("\n".join(lines), style="dim") if lines else None


def _table(*columns: tuple[str, bool]) -> Table:
    table = Table(box=None, expand=True, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name, right in columns:
        table.add_column(name, justify="right" if right else "left", no_wrap=True, overflow="ellipsis")  # fmt: skip
    return table
