"""What a measurement says, in the words of the window and of reports: its answer, its images, its runs, its closer look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from explorer.coldstart.phase import values
from explorer.coldstart.sample import Sample
from explorer.coldstart.spec import Arm
from explorer.coldstart.stats import PRIMARY, Comparison, Summary, summaries, summarise
from explorer.coldstart.verdict import duration_text, verdict_text
from explorer.translation import labelled, mark, ntr, sentences, tr
from explorer.units import display_text, size_text

if TYPE_CHECKING:
    # Loads the engine's modules, which nothing else here needs.
    from explorer.coldstart.diagnose import Diagnosis

LABEL_LIMIT = 44
# Fewer runs that became ready are no more than a first look.
LEAST_FOR_FIGURES = 5
_STATUS = {
    "ok": mark("ready"),
    "failed": mark("failed"),
    "oom": mark("out of memory"),
    "timeout": mark("not ready in time"),
    "refused": mark("refused by the engine"),
    "clock": mark("the clock was set"),
}
_PHASES = {
    "create": mark("create"),
    "start": mark("start"),
    "process": mark("process start"),
    "first_log": mark("first log line"),
    "listening": mark("listening"),
    "ready": mark("ready"),
    "exit": mark("exit"),
}


def status_label(status: str) -> str:
    """How a run ended, in words."""
    return tr(_STATUS.get(status, status))


def phase_label(name: str) -> str:
    """What a moment of a start is called, "—" for none."""
    return tr(_PHASES[name]) if name in _PHASES else "—"


def arm_label(arm: Arm) -> str:
    """An arm's letter with its image and the variables it was started with."""
    if arm.kind == "floor":
        return tr("engine's floor")
    name = " ".join((arm.reference, *arm.env))
    return f"{arm.label} {display_text(name, LABEL_LIMIT)}"


def silent_arms(sample: Sample) -> list[int]:
    """The images that were tried and never became ready."""
    return [
        place
        for place in sample.spec.measured
        if any(run.arm == place for run in sample.runs)
        and not any(run.arm == place and run.status == "ok" for run in sample.runs)
    ]


def arm_lines(sample: Sample) -> list[str]:
    """A line an image: name, ID, how many runs became ready and what that meant."""
    return [
        tr(
            "{arm} · image {id} · {good} of {counted} runs became ready ({readiness})",
            arm=arm_label(sample.spec.arms[place]),
            id=display_text(sample.spec.arms[place].image_id.removeprefix("sha256:")[:12]),
            good=len(sample.good(place)),
            counted=len(sample.of(place)),
            readiness=display_text(str(sample.spec.arms[place].readiness), 80),
        )
        for place in sample.spec.measured
    ]


def headline(sample: Sample, judged: Sequence[Comparison] | None) -> tuple[str, str]:
    """The answer, and what else there is to say; `judged` is None while the comparisons are computed."""
    silent = silent_arms(sample)
    if silent:
        name = arm_label(sample.spec.arms[silent[0]])
        return tr("{arm} did not become ready.", arm=name), ""
    if len(sample.spec.measured) == 2:
        if judged is None:
            return tr("Comparing…"), ""
        names = {"app": tr("The app"), "total": tr("From create to ready")}
        lines = [labelled(names[item.phase], verdict_text(item)) for item in judged]
        return (lines or [tr("Too few runs to compare.")])[0], "\n".join(lines[1:])
    found = {(item.arm, item.phase): item for item in summaries(sample)}
    place = sample.spec.measured[0] if sample.spec.measured else 0
    total, app = found.get((place, "total")), found.get((place, "app"))
    if total is None:
        return tr("No run was counted."), ""
    heading = tr("Ready {total} after it was asked for", total=duration_text(total.median))
    if app is None:
        return heading, ""
    second = tr(
        "The app's own part, from the start of its process: {app}. Medians of {n} runs.",
        app=sentences(duration_text(app.median), _interval(app)),
        n=app.n,
    )
    return heading, second


def _interval(item: Summary) -> str:
    if item.ci_low is None:
        return ""
    return tr(
        "(95 % interval {low} to {high})",
        low=duration_text(item.ci_low),
        high=duration_text(item.ci_high),
    )


def floor_text(sample: Sample, found: Sequence[Summary]) -> str:
    """What the engine itself takes, "" when that was not measured."""
    places = [place for place, arm in enumerate(sample.spec.arms) if arm.kind == "floor"]
    floor = [item for item in found if item.arm in places and item.phase == "engine"]
    if not floor:
        return ""
    return tr(
        "engine's floor (an image that exits at once): {median} from create to process start",
        median=duration_text(floor[0].median),
    )


def small_or_overlapping(sample: Sample) -> str:
    """A warning when figures rest on too little, "" for none."""
    measured = [
        (place, values((run.phases for run in sample.good(place)), PRIMARY))
        for place in sample.spec.measured
    ]
    if measured and min(len(seconds) for _, seconds in measured) < LEAST_FOR_FIGURES:
        return tr("Fewer than 5 runs became ready: take no figure here for more than a first look.")
    known = [summarise(seconds, place) for place, seconds in measured]
    if len(known) == 2:
        bounds = [(item.ci_low, item.ci_high) for item in known]
        if any(low is None for low, _ in bounds):
            return tr("Fewer than 6 runs: the medians have no 95 % interval.")
        (low_a, high_a), (low_b, high_b) = bounds
        assert low_a is not None
        assert low_b is not None
        assert high_a is not None
        assert high_b is not None
        if low_a <= high_b and low_b <= high_a:
            return tr("The intervals of the two medians overlap.")
    return ""


def diagnosis_lines(found: Diagnosis) -> list[str]:
    """What a diagnosis says, in sentences."""
    lines = []
    if found.inits:
        lines.append(
            tr(
                "Before main: {total} in {n} packages.",
                total=duration_text(found.init_seconds),
                n=len(found.inits),
            )
        )
    if found.collections:
        total = sum(item.seconds for item in found.collections)
        lines.append(
            ntr(
                "{n} garbage collection while it started, {total}.",
                "{n} garbage collections while it started, {total}.",
                len(found.collections),
                total=duration_text(total),
            )
        )
    lines += [
        tr(
            "The app says: {phase} {seconds} ({source}).",
            phase=display_text(phase.name, 80),
            seconds=duration_text(phase.seconds),
            source=display_text(phase.source, 20),
        )
        for phase in found.app_phases
    ]
    if found.stop is not None:
        seconds = duration_text(found.stop.seconds)
        lines.append(
            tr("It did not end on its stop signal and was killed after {seconds}.", seconds=seconds)
            if found.stop.killed
            else tr(
                "It ended {seconds} after its stop signal with code {code}.",
                seconds=seconds,
                code=found.stop.exit_code,
            )
        )
    if found.hygiene is not None:
        lines.append(
            tr(
                "Lines of its log: {out} on standard output, {err} on standard error; {json} of them JSON, {size}.",
                out=found.hygiene.stdout_lines,
                err=found.hygiene.stderr_lines,
                json=found.hygiene.json_lines,
                size=size_text(found.hygiene.bytes),
            )
        )
        lines += [f"• {display_text(text, 300)}" for text in found.hygiene.findings]
    lines += [f"• {display_text(text, 300)}" for text in found.problems]
    return lines


def diagnoses(sample: Sample) -> list[Diagnosis]:
    """What was found by looking closer; what cannot be read is left out."""
    if not sample.diagnostics:
        return []
    from explorer.coldstart.diagnose import from_document

    found = []
    for document in sample.diagnostics:
        try:
            item = from_document(document)
        except msgspec.ValidationError:
            continue
        if 0 <= item.arm < len(sample.spec.arms):
            found.append(item)
    return found
