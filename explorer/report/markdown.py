"""A report as Markdown that fits a pull-request comment: GitHub's tables, details folded, no name of an image alive.

Text of images goes into code spans, where GitHub makes nothing of it; sentences that hold names have their markup
escaped and mentions, references and addresses broken by a zero-width space.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from explorer.compare.comparison import Comparison
from explorer.report.cells import (
    NOTHING,
    REST,
    ROW,
    TOTAL,
    Shown,
    cell_text,
    change_text,
    exact_text,
    is_exact,
    shown_rows,
    visible,
)
from explorer.report.document import (
    NUMERIC,
    Bars,
    Block,
    Code,
    Document,
    Figure,
    KeyFigures,
    Kind,
    Paragraph,
    Section,
    Strips,
    Table,
    Treemap,
    Waterfall,
)
from explorer.report.documents.compare import key_figures, verdict, waterfall
from explorer.translation import ntr, tr
from explorer.units import count_text, signed_size, size_text

# docs.github.com: the body of a comment has at most 65,536 characters.
LIMIT = 65_536
# Rows a table may show; fewer and fewer until the comment is short enough.
_ROWS = (50, 25, 12, 6, 3, 1, 0)
_EMPHASIS = {ROW: "", REST: "*", TOTAL: "**"}
_SUMMARY_STEPS = 8
_BAR = 20
_BROKEN = "\u200b"
_MARKUP = re.compile(r"([\\`*_\[\]|~$]|^\s*[#+\-=]|(?<=^\d)[.)])")
# What GitHub turns into links by itself: mentions, references, addresses, emoji.
_ALIVE = re.compile(
    r"[@#](?=\w)|\b(?:GH|gh)(?=-\d)|://|\bwww(?=\.)|:(?=[a-z+][\w+-]*:)|\bmailto(?=:)"
)


def markdown(document: Document, limit: int = LIMIT) -> str:
    """The document, at most `limit` characters long: tables are cut before anything else is."""
    text = ""
    for rows in _ROWS:
        text = _render(document, rows)
        if len(text) <= limit:
            return text
    note = "\n\n" + tr("Shortened: the report was too long for a comment.") + "\n"
    # Where a section ends; a fold that was begun is not left open.
    cut = text[: max(limit - len(note), 0)].rpartition("\n## ")[0]
    return cut.rstrip() + note


def summary(comparison: Comparison) -> str:
    """What a chat message or a commit needs of a comparison: a sentence, the figures, the biggest causes."""
    parts = [prose(verdict(comparison))]
    parts += [f"> **{tr('Note')}:** {prose(note)}" for note in comparison.notes]
    parts.append(_figures(key_figures(comparison)))
    steps = waterfall(comparison).steps
    if steps:
        ranked = sorted(steps, key=lambda step: -abs(step.bytes))
        shown, rest = ranked[:_SUMMARY_STEPS], ranked[_SUMMARY_STEPS:]
        rows = [(prose(step.label), signed_size(step.bytes)) for step in shown]
        if rest:
            more = ntr("{n} more", "{n} more", len(rest))
            rows.append((f"*{more}*", signed_size(sum(step.bytes for step in rest))))
        rows.append((f"**{tr('all')}**", f"**{signed_size(sum(step.bytes for step in steps))}**"))
        parts.append(_grid([tr("Category"), tr("Difference")], [False, True], rows))
    return "\n\n".join(parts) + "\n"


def prose(text: str) -> str:
    """A sentence that may hold names of an image: nothing in it is markup, a mention, a reference or a link."""
    text = _MARKUP.sub(r"\\\1", visible(text))
    text = html.escape(text, quote=False)
    return _ALIVE.sub(lambda found: found[0][:1] + _BROKEN + found[0][1:], text)


def code_span(text: str) -> str:
    """Text of machines as a code span; pipes are escaped, as GitHub wants them in tables."""
    text = visible(text)
    if not text.strip():
        return NOTHING
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{pad}{text}{pad}{fence}".replace("|", "\\|")


def _render(document: Document, rows: int) -> str:
    parts = [f"# {prose(document.title)}"]
    parts += [f"> **{tr('Note')}:** {prose(warning)}" for warning in document.warnings]
    for section in document.sections:
        parts.append(f"## {prose(section.title)}")
        parts += [text for block in section.blocks if (text := _block(block, section, rows))]
    facts = [
        f"- {prose(fact.label)}: "
        + (code_span(fact.value) if fact.kind is Kind.CODE else prose(fact.value))
        for fact in document.facts
    ]
    parts.append(_folded(tr("What was looked at"), "\n".join(facts)))
    return "\n\n".join(parts) + "\n"


def _folded(title: str, text: str) -> str:
    return f"<details><summary>{html.escape(visible(title), quote=False)}</summary>\n\n{text}\n\n</details>"


def _block(block: Block, section: Section, rows: int) -> str:
    if isinstance(block, Paragraph):
        return prose(block.text)
    if isinstance(block, KeyFigures):
        return _figures(block)
    if isinstance(block, Table):
        text = _table(block.capped(rows))
        folded = section.detail or len(block.rows) > 12
        title = prose(block.title) if not folded else block.title
        return _folded(title, text) if folded else f"**{title}**\n\n{text}"
    if isinstance(block, Bars):
        most = max((bar.bytes for bar in block.bars), default=0)
        lines = [
            (prose(bar.label), size_text(bar.bytes), _bar(bar.bytes, most)) for bar in block.bars
        ]
        return _grid([prose(block.title), tr("Size"), ""], [False, True, False], lines)
    if isinstance(block, Waterfall):
        return _waterfall(block)
    if isinstance(block, Code):
        return _code(block)
    assert isinstance(block, Treemap | Strips)  # pictures; the table beside one has its figures
    return ""


def _figures(block: KeyFigures) -> str:
    if all(figure.before is None for figure in block.figures):
        rows = [
            (prose(figure.label), f"**{cell_text(figure.kind, figure.value)}**", prose(figure.note))
            for figure in block.figures
        ]
        return _grid(["", "", ""], [False, True, False], rows)
    compared = [
        (
            prose(figure.label),
            cell_text(figure.kind, figure.before),
            f"**{cell_text(figure.kind, figure.value)}**",
            _delta(figure),
            ", ".join(filter(None, (change_text(figure.before, figure.value), prose(figure.note)))),
        )
        for figure in block.figures
    ]
    heads = ["", tr("before"), tr("after"), tr("Difference"), ""]
    return _grid(heads, [False, True, True, True, True], compared)


def _delta(figure: Figure) -> str:
    if not isinstance(figure.value, int) or not isinstance(figure.before, int):
        return ""
    kind = Kind.DELTA if figure.kind is Kind.BYTES else Kind.COUNT_DELTA
    return cell_text(kind, figure.value - figure.before)


def _waterfall(block: Waterfall) -> str:
    most = max(block.start.bytes, block.end.bytes, *(abs(s.bytes) for s in block.steps), 1)
    running = block.start.bytes
    rows = [
        (
            f"**{prose(block.start.label)}**",
            "",
            f"**{count_text(running)}**",
            _bar(running, most),
        )
    ]
    for step in block.steps:
        running += step.bytes
        rows.append(
            (
                prose(step.label),
                exact_text(Kind.DELTA, step.bytes),
                count_text(running),
                _bar(running, most),
            )
        )
    rows.append(
        (
            f"**{prose(block.end.label)}**",
            f"**{exact_text(Kind.DELTA, block.end.bytes - block.start.bytes)}**",
            f"**{count_text(block.end.bytes)}**",
            _bar(block.end.bytes, most),
        )
    )
    heads = [prose(block.title), tr("Bytes more or less"), tr("Bytes left"), ""]
    return _grid(heads, [False, True, True, False], rows)


def _code(block: Code) -> str:
    lines = [visible(line.rstrip("\r")) for line in block.text.split("\n")]
    longest = max((len(run) for run in re.findall(r"`+", block.text)), default=0)
    fence = "`" * max(longest + 1, 3)
    text = f"{fence}{block.language}\n" + "\n".join(lines) + f"\n{fence}"
    return _folded(block.title, text)


def _table(whole: Table) -> str:
    table = whole.filled()
    heads: list[str] = []
    right: list[bool] = []
    for column in table.columns:
        heads.append(prose(column.title))
        right.append(column.kind in NUMERIC)
        if is_exact(column):
            heads.append(tr("bytes"))
            right.append(True)
    rows = [_row(_EMPHASIS[part], cells) for part, cells in shown_rows(table)]
    text = _grid(heads, right, rows)
    return f"{text}\n\n{prose(table.note)}" if table.note else text


def _row(emphasis: str, shown: Sequence[Shown]) -> list[str]:
    cells: list[str] = []
    for cell in shown:
        cells.append(_cell(cell))
        if is_exact(cell.column):
            cells.append(cell.exact)
    return [f"{emphasis}{text}{emphasis}" if text else "" for text in cells]


def _cell(cell: Shown) -> str:
    if cell.text in ("", NOTHING):
        return cell.text
    if cell.kind in (Kind.CODE, Kind.PATH):
        return code_span(cell.text)
    return prose(cell.text) if isinstance(cell.value, str) else cell.text


def _grid(heads: Sequence[str], right: Sequence[bool], rows: Sequence[Sequence[str]]) -> str:
    rule = ["---:" if side else "---" for side in right]
    lines = [heads, rule, *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _bar(part: int, whole: int) -> str:
    return "█" * round(_BAR * part / whole) if whole else ""
