"""What a check is decided on: the analyses, and what measurements say of the start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from explorer.coldstart.earlier import caution, differences
from explorer.coldstart.phase import values
from explorer.coldstart.sample import Sample
from explorer.coldstart.stats import PRIMARY, Comparison, compare, compare_values, summarise
from explorer.coldstart.store import find_for, places, read_measurement
from explorer.compare.gate.evaluate import Starts
from explorer.compare.naming import image_name
from explorer.findings.analysis import Analysis
from explorer.task import Task
from explorer.translation import tr
from explorer.units import display_text
from explorer.workflow.snapshots import recorded_samples


@dataclass(frozen=True)
class SampleFiles:
    """Measurements that the user names ("" for none): of the image, perhaps with its baseline, and of the baseline."""

    own: str = ""
    baseline: str = ""


def start_facts(
    task: Task,
    image: Analysis,
    baseline: Analysis | None,
    files: SampleFiles,
) -> Starts:
    """The image's typical start and its change; from the named files, else from snapshots, else from the history.

    Both images in one measurement took turns and are preferred. Raises InputError, DamagedInput for the named files.
    """
    task.checkpoint()
    own = _measurements(task, image, files.own)
    sample = _first_with(own, image.image.id)
    summary, why_not = None, _none_of(image, own, files.own)
    if sample is not None:
        measured = _values(sample, image.image.id)
        summary = summarise(measured) if measured else None
        why_not = tr("No measured run of {name} became ready.", name=image_name(image))
    if baseline is None:
        return Starts(summary, why_not, None, tr("There is no baseline: name one with --against."))
    together = [*own, *_measurements(task, baseline, files.baseline)]
    pair = (baseline.image.id, image.image.id)
    both = next((item for item in together if None not in places(item, pair)), None)
    if both is None and not (files.own or files.baseline):
        both = next(iter(find_for(pair)), None)
    if both is not None:
        return Starts(summary, why_not, _compared(both, pair), "")
    earlier = _first_with(_measurements(task, baseline, files.baseline), baseline.image.id)
    return _apart(Starts(summary, why_not), sample, earlier, pair, baseline)


def _apart(
    starts: Starts,
    sample: Sample | None,
    earlier: Sample | None,
    pair: tuple[str, str],
    baseline: Analysis,
) -> Starts:
    """A change out of two measurements, where they can be compared at all."""
    if sample is None:
        reason = starts.why_not
    elif earlier is None:
        reason = tr("There is no measurement of {name}.", name=image_name(baseline))
    else:
        unlike = differences(earlier, sample)
        reason = (
            tr("These measurements cannot be compared: {differences}.", differences="; ".join(unlike))
            if unlike
            else ""
        )  # fmt: skip
        if not reason:
            change = compare_values(_values(earlier, pair[0]), _values(sample, pair[1]))
            return Starts(
                starts.summary, starts.why_not, change, "", apart=True, cautions=(caution(),)
            )
    return Starts(starts.summary, starts.why_not, None, reason)


def _compared(sample: Sample, pair: tuple[str, str]) -> Comparison:
    """Both arms of one measurement, in the order of the pair whatever their order was."""
    before, after = (place for place in places(sample, pair) if place is not None)
    ordered = (before, after)
    kept = [sample.spec.arms[place] for place in ordered]
    runs = tuple(
        replace(run, arm=ordered.index(run.arm)) for run in sample.runs if run.arm in ordered
    )
    spec = replace(sample.spec, arms=tuple(kept))
    found = compare(replace(sample, spec=spec, runs=runs))
    assert found is not None
    return found


def _measurements(task: Task, analysis: Analysis, file: str) -> tuple[Sample, ...]:
    if file:
        return (read_measurement(Path(file)),)
    recorded = recorded_samples(task, analysis.image.reference)
    return recorded or find_for((analysis.image.id,))


def _first_with(samples: Sequence[Sample], image_id: str) -> Sample | None:
    return next((item for item in samples if None not in places(item, (image_id,))), None)


def _values(sample: Sample, image_id: str) -> list[float]:
    (place,) = places(sample, (image_id,))
    return values([run.phases for run in sample.good(place)], PRIMARY) if place is not None else []


def _none_of(analysis: Analysis, samples: Sequence[Sample], file: str) -> str:
    name = image_name(analysis)
    if file and samples:
        held = [
            display_text(arm.reference or arm.image_id[:19], 80) for arm in samples[0].spec.arms
        ]
        return tr(
            "{file} holds no run of {name}; it holds {images}.",
            file=display_text(file, 120),
            name=name,
            images=", ".join(held),
        )
    return tr(
        "There is no measurement of {name}: image-explorer coldstart makes one.",
        name=name,
    )
