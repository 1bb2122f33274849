"""A rewrite on the terminal: the two Dockerfiles, why each line changes, how big the result will be."""

from __future__ import annotations

import difflib

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from explorer.dockerfile.context import Context
from explorer.dockerfile.rewrite.change import Change, RewritePlan
from explorer.dockerfile.shown import shown_line
from explorer.dockerfile.verify.model import (
    DIFFERS,
    INCONCLUSIVE,
    SAME,
    Check,
    Verification,
)
from explorer.engine.build_events import BuildResult
from explorer.image.redact import redact
from explorer.report.rewrite_trial import (
    KINDS,
    VERDICTS,
    build_details,
    build_sentences,
    built_text,
    expected_text,
    head_text,
)
from explorer.translation import labelled, listed, tr
from explorer.units import size_text

# Two columns need room for two Dockerfiles; narrower terminals and pipes get a unified diff.
_WIDE = 150
_SIGNS = {SAME: "[green]=[/green]", DIFFERS: "[red]≠[/red]", INCONCLUSIVE: "[yellow]?[/yellow]"}


def print_rewrite(
    plan: RewritePlan, console: Console | None = None, *, side_by_side: bool | None = None
) -> None:
    """Print the diff, the changes with their reasons, the size of the result."""
    out = _out(console)
    wide = out.is_terminal and out.width >= _WIDE if side_by_side is None else side_by_side
    _print_head(out, plan)
    if plan.rewritten == plan.original:
        out.print(tr("Nothing would be changed."))
    elif wide:
        out.print(_columns(plan, out.width))
    else:
        _print_unified(out, plan)
    out.print()
    for change in plan.changes:
        _print_change(out, change)
    _print_size(out, plan)
    _print_rest(out, plan)


def print_preview(
    context: Context, engine: str, tag: str, commands: int, console: Console | None = None
) -> None:
    """What the build will send, before it does."""
    out = _out(console)
    out.print()
    for line in (*build_sentences(context, engine, tag, commands), *build_details(context)):
        out.print(Text(shown_line(line)))


def print_build(
    result: BuildResult, predicted: int, original: int, console: Console | None = None
) -> None:
    """The image that came of it."""
    out = _out(console)
    out.print()
    out.print(Text(built_text(result, predicted, original), style="bold"))
    for note in result.notes:
        out.print(Text(f"  {shown_line(note)}"))


def print_verification(found: Verification, console: Console | None = None) -> None:
    """The verdict, each check with its evidence, and what was not tested."""
    out = _out(console)
    out.print()
    out.print(f"[bold]{escape(tr(VERDICTS[found.verdict]))}[/bold]")
    for check in found.checks:
        out.print(f"{_SIGNS[check.result]} {_check_text(check)}")
    if found.untested:
        out.print(tr("Not tested:"))
        for text in found.untested:
            out.print(Text(f"  • {shown_line(text)}"))


def _print_head(out: Console, plan: RewritePlan) -> None:
    out.print(f"[bold]{escape(head_text(plan))}[/bold]")
    if plan.original_masked:
        out.print(tr("The original was rebuilt from the image's history."))
    for problem in plan.problems:
        out.print(
            escape(tr("line {line}: {reason}", line=problem.line, reason=problem.reason)),
            style="red",
        )
    out.print()


def _print_unified(out: Console, plan: RewritePlan) -> None:
    before, after = (redact(text).splitlines() for text in (plan.original, plan.rewritten))
    names = tr("original"), tr("rewritten")
    for line in difflib.unified_diff(before, after, *names, n=3, lineterm=""):
        style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
        out.print(Text(shown_line(line), style=style))


def _columns(plan: RewritePlan, width: int) -> Table:
    before, after = (redact(text).splitlines() for text in (plan.original, plan.rewritten))
    table = Table(box=None, pad_edge=False, padding=(0, 1), width=width)
    for name in (tr("original"), tr("rewritten")):
        table.add_column(name, ratio=1, overflow="fold")
    for tag, a, b, c, d in difflib.SequenceMatcher(
        None, before, after, autojunk=False
    ).get_opcodes():
        left, right = before[a:b], after[c:d]
        for number in range(max(len(left), len(right))):
            old = shown_line(left[number]) if number < len(left) else ""
            new = shown_line(right[number]) if number < len(right) else ""
            styles = ("", "") if tag == "equal" else ("red", "green")
            table.add_row(Text(old, style=styles[0]), Text(new, style=styles[1]))
    return table


def _print_change(out: Console, change: Change) -> None:
    sign = (
        "[green]✓[/green]"
        if change.enabled
        else "[yellow]○[/yellow]"
        if change.available
        else "[red]✗[/red]"
    )
    size = f"  {size_text(abs(change.bytes))}" if change.bytes else ""
    arrow = "−" if change.bytes > 0 else "+"
    size = size.replace("  ", f"  {arrow}") if size else ""
    lines = f"  ({_lines(change.lines)})" if change.lines else ""
    out.print(
        f"{sign} [bold]{escape(change.title)}[/bold]  [dim]{change.rule}[/dim]{size}{escape(lines)}"
    )
    out.print(Text(f"  {shown_line(change.reason)}"))
    if change.why_off:
        label = (
            tr("Off: {why}", why=change.why_off)
            if change.available
            else tr("Left as it is: {why}", why=change.why_off)
        )
        out.print(Text(f"  {shown_line(label)}", style="yellow"))


def _lines(lines: tuple[int, ...]) -> str:
    return tr("line {lines}", lines=listed(map(str, lines)))


def _print_size(out: Console, plan: RewritePlan) -> None:
    out.print()
    out.print(f"[bold]{escape(expected_text(plan))}[/bold]")
    for layer in plan.layers:
        out.print(Text(f"  {size_text(layer.bytes):>10}  {shown_line(layer.text)}"))


def _print_rest(out: Console, plan: RewritePlan) -> None:
    for item in plan.config_changes:
        text = tr(
            "{field}: {before} → {after}. {reason}",
            field=item.field,
            before=item.before or "—",
            after=item.after or "—",
            reason=item.reason,
        )
        name = item.field.removeprefix("env.")
        shown = any(redact(f"{name}={v}") != f"{name}={v}" for v in (item.before, item.after))
        out.print(
            Text(
                shown_line(labelled(item.field, item.reason) if shown else redact(text)),
                style="dim",
            )
        )
    for warning in plan.warnings:
        out.print(Text(shown_line(warning), style="yellow"))
    if plan.dockerignore:
        out.print()
        out.print("[bold].dockerignore[/bold]")
        out.print(Text(plan.dockerignore.rstrip("\n")))
    for name, text in plan.jobs.items():
        out.print()
        out.print(f"[bold]{escape(name)}[/bold]")
        out.print(Text(text.rstrip("\n")))


def _check_text(check: Check) -> str:
    kind = tr(KINDS.get(check.kind, check.kind))
    head = f"[bold]{escape(shown_line(check.name))}[/bold] [dim]({escape(kind)})[/dim]"
    return f"{head}  {escape(shown_line(check.evidence))}".rstrip()


def _out(console: Console | None) -> Console:
    return console or Console(highlight=False, soft_wrap=True)
