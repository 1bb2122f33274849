"""A report as one HTML page that needs nothing else: no script, no font, no picture from anywhere, light and dark, printable.

The page's policy forbids everything but its one style sheet, which it names by its hash; all texts are escaped.
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterator, Sequence

from explorer.report import charts
from explorer.report.cells import (
    NOTHING,
    ROW,
    Shown,
    cell_text,
    change_text,
    shown_rows,
    visible,
)
from explorer.report.document import (
    NUMERIC,
    Bars,
    Block,
    Cell,
    Code,
    Column,
    Document,
    Figure,
    KeyFigures,
    Kind,
    Paragraph,
    Strips,
    Table,
    Treemap,
    Waterfall,
)
from explorer.report.drawing import Drawing
from explorer.report.palette import GROUP_COLOURS, GROUP_LABELS, LESS, MORE, WHOLE, text_on
from explorer.report.svg import escaped, svg
from explorer.resources import resource
from explorer.translation import tr

_SHORT = 10


def html_page(document: Document) -> str:
    """The whole page."""
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    title = escaped(document.title)
    return "".join(
        (
            f'<!DOCTYPE html>\n<html lang="{escaped(document.language.replace("_", "-"))}">\n<head>\n',
            '<meta charset="utf-8">\n',
            f'<meta http-equiv="Content-Security-Policy" content="{html.escape(policy)}">\n',
            '<meta name="referrer" content="no-referrer">\n',
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
            '<meta name="color-scheme" content="light dark">\n',
            f'<meta name="generator" content="Image Size Explorer">\n<title>{title}</title>\n',
            f"<style>{style}</style>\n</head>\n<body>\n",
            f"<header>\n<h1>{title}</h1>\n{_warnings(document)}</header>\n",
            f"{_contents(document)}<main>\n",
            *_sections(document),
            f"{_facts(document)}</main>\n",
            "<footer><p>",
            escaped(tr("Made by Image Size Explorer. Sizes are decimal: 1 kB = 1,000 bytes.")),
            "</p></footer>\n",
            "</body>\n</html>\n",
        )
    )


def _style() -> str:
    """The style sheet with the colours that charts name, in one line a rule."""
    sheet = resource("report", "report.css").read_text(encoding="utf-8")
    paints = {**GROUP_COLOURS, "less": LESS, "more": MORE, "whole": WHOLE}
    rules = [f".p-{name},.k-{name}{{fill:{colour}}}" for name, colour in paints.items()]
    for name, colour in GROUP_COLOURS.items():
        ink = text_on(colour)
        rules.append(f".p-on-{name}{{fill:{ink}}}")
        rules.append(f".p-part-{name}{{fill:{colour};stroke:{ink};stroke-opacity:.4}}")
    return sheet + "\n".join(rules) + "\n"


def _warnings(document: Document) -> str:
    if not document.warnings:
        return ""
    items = "".join(f"<li>{escaped(warning)}</li>" for warning in document.warnings)
    return f'<div class="warn" role="note"><strong>{escaped(tr("Note"))}</strong><ul>{items}</ul></div>\n'


def _contents(document: Document) -> str:
    links = "".join(
        f'<li><a href="#{section.id}">{escaped(section.title)}</a></li>'
        for section in document.sections
    )
    return f'<nav aria-label="{escaped(tr("Contents"))}"><ul>{links}</ul></nav>\n'


def _facts(document: Document) -> str:
    rows = "".join(
        f"<dt>{escaped(fact.label)}</dt><dd>{_coded(fact.kind, escaped(fact.value))}</dd>"
        for fact in document.facts
    )
    heading = escaped(tr("What was looked at"))
    return f'<section><h2 id="facts">{heading}</h2><dl>{rows}</dl></section>\n'


def _coded(kind: Kind, text: str) -> str:
    return f"<code>{text}</code>" if kind in (Kind.CODE, Kind.PATH) else text


def _sections(document: Document) -> Iterator[str]:
    number = 0
    for section in document.sections:
        yield f'<section aria-labelledby="{section.id}"><h2 id="{section.id}">{escaped(section.title)}</h2>\n'
        for block in section.blocks:
            number += 1
            yield _block(block, f"b{number}")
        yield "</section>\n"


def _block(block: Block, name: str) -> str:
    if isinstance(block, Paragraph):
        return f"<p>{escaped(block.text)}</p>\n"
    if isinstance(block, KeyFigures):
        return f'<ul class="figures">{"".join(map(_figure, block.figures))}</ul>\n'
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Code):
        return _code(block)
    return _chart(block, name)


def _figure(figure: Figure) -> str:
    value = f"<b>{_data(figure.value, cell_text(figure.kind, figure.value))}</b>"
    lines = [f"<span>{escaped(figure.label)}</span>", value]
    if figure.before is not None:
        before = _data(figure.before, cell_text(figure.kind, figure.before))
        label, change = tr("before:"), change_text(figure.before, figure.value)
        lines.append(f"<small>{escaped(label)} {before} <i>{escaped(change)}</i></small>")
    if figure.note:
        lines.append(f"<small>{escaped(figure.note)}</small>")
    return f"<li>{''.join(lines)}</li>"


def _chart(block: Bars | Waterfall | Treemap | Strips, name: str) -> str:
    drawing: Drawing
    if isinstance(block, Bars):
        drawing, legend = charts.bars(block), ""
    elif isinstance(block, Waterfall):
        drawing, legend = charts.waterfall(block), ""
    elif isinstance(block, Treemap):
        drawing, legend = charts.treemap(block), _legend(block)
    else:
        drawing, legend = charts.strips(block), ""
    caption = f"<figcaption>{escaped(block.title)}</figcaption>"
    return f"<figure>{caption}{svg(drawing, name)}{legend}</figure>\n"


def _legend(block: Treemap) -> str:
    used = {tile.group for panel in block.panels for tile in panel.tiles if tile.bytes}
    items = "".join(
        f'<li><svg viewBox="0 0 12 12" aria-hidden="true"><rect width="12" height="12" class="k-{group}"/></svg>'
        f"{escaped(tr(text))}</li>"
        for group, text in GROUP_LABELS.items()
        if group in used
    )
    return f'<ul class="legend">{items}</ul>'


def _table(whole: Table) -> str:
    table = whole.filled()
    heads = "".join(
        f'<th scope="col"{_aligned(column)}>{escaped(column.title)}</th>'
        for column in table.columns
    )
    rows = [(part, _row(part, cells)) for part, cells in shown_rows(table)]
    body = "".join(row for part, row in rows if part == ROW)
    foot = "".join(row for part, row in rows if part != ROW)
    under = f"<tfoot>{foot}</tfoot>" if foot else ""
    note = f'<p class="note">{escaped(table.note)}</p>' if table.note else ""
    return (
        f'<div class="wide"><table id="t-{table.id}"><caption>{escaped(table.title)}</caption>\n'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>{body}</tbody>\n{under}</table></div>{note}\n"
    )


def _aligned(column: Column, text: str = "") -> str:
    """Numbers stand right; a short word is not broken, which browsers would do anywhere in a Chinese one."""
    if column.kind in NUMERIC:
        return ' class="n"'
    return ' class="s"' if 0 < len(text) <= _SHORT and column.kind is Kind.TEXT else ""


def _row(part: str, cells: Sequence[Shown]) -> str:
    first, *others = cells
    name = _coded(first.kind, escaped(first.text))
    head = f'<th scope="row"{_aligned(first.column, first.text)}>{name}</th>'
    group = "" if part == ROW else f' class="{part}"'
    return f"<tr{group}>{head}{''.join(map(_cell, others))}</tr>\n"


def _cell(cell: Shown) -> str:
    if not cell.text:
        return "<td></td>"
    if cell.text == NOTHING:
        return f"<td{_aligned(cell.column)}>{NOTHING}</td>"
    shown = _coded(cell.kind, _data(cell.number, cell.text))
    if cell.exact and cell.value:
        shown += f" <small>{escaped(cell.exact)}</small>"
    return f"<td{_aligned(cell.column, cell.text)}>{shown}</td>"


def _data(value: Cell, text: str) -> str:
    """A number keeps all its digits for machines and for copying."""
    if isinstance(value, int | float):
        return f'<data value="{value}">{escaped(text)}</data>'
    return escaped(text)


def _code(block: Code) -> str:
    lines = []
    for line in block.text.split("\n"):
        text = html.escape(visible(line.rstrip("\r").expandtabs(4)), quote=True)
        mark = {"+": "ins", "-": "del"}.get(line[:1]) if block.language == "diff" else None
        lines.append(f"<{mark}>{text}</{mark}>" if mark else text)
    body = "\n".join(lines)
    return f"<details open><summary>{escaped(block.title)}</summary><pre>{body}</pre></details>\n"
