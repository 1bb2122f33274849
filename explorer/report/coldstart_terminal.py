"""A measurement for a terminal: where the time goes, whether the arms differ, what failed, what to be careful about."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from explorer.coldstart.blame import responsible
from explorer.coldstart.diagnose import Diagnosis, from_document
from explorer.coldstart.inittrace import Init
from explorer.coldstart.phase import METRICS, metric_label
from explorer.coldstart.sample import OK, Run, Sample
from explorer.coldstart.stats import Summary
from explorer.coldstart.store import Entry
from explorer.coldstart.telling import floor_text
from explorer.coldstart.verdict import caution_texts, duration_text, verdict_text
from explorer.report.startup_figures import SHOWN, StartupFigures
from explorer.report.terminal import bar
from explorer.translation import ntr, tr
from explorer.units import display_text, size_text

_FAILURES_SHOWN = 3
_LOG_SHOWN = 8
_INITS_SHOWN = 10
_BAR = 12


def print_coldstart(
    sample: Sample, *, saved: bool = True, figures: StartupFigures | None = None
) -> None:
    """Write the measurement to standard output, and where it is `saved`; colours only on a terminal."""
    console = _console()
    known = figures or StartupFigures(sample)
    found = known.summaries
    for place, arm in enumerate(sample.spec.arms):
        if arm.kind == "image":
            console.print(_head(sample, place))
            rows = [item for item in found if item.arm == place]
            if rows:
                console.print(_phases(rows))
            console.print(_failures(sample, place), end="")
    floor = floor_text(sample, found)
    if floor:
        console.print(floor)
    console.print(_verdict(known), end="")
    for item in sample.diagnostics:
        console.print(_diagnosis(sample, from_document(item)), end="")
    console.print(
        "\n".join(
            tr("note: {text}", text=display_text(note, 600)) for note in caution_texts(sample)
        )
    )
    if saved:
        console.print(tr("saved as {id}", id=sample.id), style="dim")


def print_history(entries: Sequence[Entry]) -> None:
    """Write the list of measurements."""
    console = _console()
    if not entries:
        console.print(tr("Nothing has been measured yet."))
        return
    for entry in entries:
        names = " / ".join(display_text(name, 60) for name in entry.names)
        state = "" if entry.complete else "  " + tr("(ended early)")
        runs = ntr("{n} run", "{n} runs", entry.runs)
        note = f"  {display_text(entry.note, 80)}" if entry.note else ""
        console.print(f"{entry.id}  {names}  {runs}{state}{note}")


def _console() -> Console:
    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False, width=120)
    return console


def _head(sample: Sample, place: int) -> Text:
    arm = sample.spec.arms[place]
    good, counted = len(sample.good(place)), len(sample.of(place))
    text = Text()
    text.append(f"{arm.label}  {display_text(arm.reference, 120)}", style="bold")
    text.append(f"  {arm.image_id.removeprefix('sha256:')[:12]}")
    if arm.env:
        text.append(f"  {display_text(' '.join(arm.env), 120)}")
    text.append(
        "\n"
        + tr(
            "{good} of {counted} runs became ready ({readiness})",
            good=good,
            counted=counted,
            readiness=display_text(str(arm.readiness), 120),
        ),
        style="dim",
    )
    return text


def _phases(found: Sequence[Summary]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name, justify in (
        (tr("phase"), "left"),
        (tr("median"), "right"),
        ("", "left"),
        (tr("95 % interval"), "right"),
        (tr("min"), "right"),
        (tr("max"), "right"),
    ):
        # Numbers are never cut; on a narrow terminal the names of phases take two lines.
        number = justify == "right"
        table.add_column(name, justify="right" if number else "left", no_wrap=number or not name)
    known = {item.phase: item for item in found}
    longest = max((item.median for item in found), default=0.0)
    for name in (name for name in METRICS if name in SHOWN and name in known):
        item = known[name]
        interval = (
            "–"
            if item.ci_low is None
            else f"{duration_text(item.ci_low)} … {duration_text(item.ci_high)}"
        )
        table.add_row(
            metric_label(name),
            duration_text(item.median),
            Text(bar(max(0.0, item.median), longest, _BAR), style="blue"),
            interval,
            duration_text(item.min),
            duration_text(item.max),
        )
    return table


def _failures(sample: Sample, place: int) -> Text:
    failed: list[Run] = [run for run in sample.runs if run.arm == place and run.status != OK]
    text = Text()
    for run in failed[:_FAILURES_SHOWN]:
        reached = run.phases.last() or "–"
        text.append(
            tr(
                "run {n}: {detail} Reached: {phase}.",
                n=run.order + 1,
                detail=display_text(run.detail, 600),
                phase=reached,
            )
            + "\n",
            style="red",
        )
        for line in run.log_tail[-_LOG_SHOWN:]:
            text.append(f"  | {line}\n", style="dim")
    if len(failed) > _FAILURES_SHOWN:
        more = len(failed) - _FAILURES_SHOWN
        text.append(
            ntr("{n} more failed run: see --json", "{n} more failed runs: see --json", more) + "\n"
        )
    return text


def _verdict(known: StartupFigures) -> Text:
    text = Text()
    for compared in known.judged():
        text.append(f"{metric_label(compared.phase)}: ", style="bold")
        text.append(verdict_text(compared) + "\n")
    return text


def _diagnosis(sample: Sample, found: Diagnosis) -> Text:
    text = Text()
    text.append(
        tr("closer look at {arm}", arm=sample.spec.arms[found.arm].label) + "\n", style="bold"
    )
    if found.inits:
        total = duration_text(found.init_seconds)
        text.append(
            "  "
            + tr("package init: {total} in {n} packages", total=total, n=len(found.inits))
            + "\n"
        )
        costly = sorted(found.inits, key=lambda item: -item.seconds)[:_INITS_SHOWN]
        for item in costly:
            if item.seconds > 0:
                text.append(f"    {_init(item)}\n")
    for sentence in responsible(sample, found):
        text.append(f"  {sentence}\n", style="bold")
    label = tr("the app says")
    for phase in found.app_phases:
        text.append(f"  {label}: {phase.name} {duration_text(phase.seconds)} ({phase.source})\n")
    if found.stop is not None:
        words = (
            tr(
                "did not end on its stop signal and was killed after {seconds}",
                seconds=duration_text(found.stop.seconds),
            )
            if found.stop.killed
            else tr(
                "ended {seconds} after its stop signal with code {code}",
                seconds=duration_text(found.stop.seconds),
                code=found.stop.exit_code,
            )
        )
        text.append(f"  {words}\n")
    for sentence in (*(found.hygiene.findings if found.hygiene else ()), *found.problems):
        text.append(f"  {display_text(sentence, 300)}\n")
    return text


def _init(item: Init) -> str:
    """A package's time, the package, and what is known of where it comes from."""
    module = f"{item.module} {item.version}".strip() if item.module else ""
    code = tr("{size} of code", size=size_text(item.code_bytes)) if item.code_bytes else ""
    more = ", ".join(filter(None, (display_text(module, 120), code)))
    return f"{duration_text(item.seconds):>8}  {item.package}" + (f"  ({more})" if more else "")
