"""Compares measurements that were made at different times, where their settings allow it at all."""

from __future__ import annotations

from explorer.coldstart.phase import values
from explorer.coldstart.sample import Sample
from explorer.coldstart.stats import PRIMARY, Comparison, compare_values
from explorer.errors import InputError
from explorer.translation import listed, tr

# What must agree before two figures may be set side by side; the first word of each is what people call it.
_ENVIRONMENT = ("engine", "engine_version", "host", "kernel", "architecture", "cpus", "driver", "network", "cache", "log_driver")  # fmt: skip
_SPEC = ("memory_bytes", "cpus", "process_limit")


def differences(first: Sample, second: Sample) -> list[str]:
    """The settings in which two measurements differ, "engine_version: 20.10 / 28.5"; empty when they are comparable."""
    pairs = [
        (name, getattr(first.environment, name), getattr(second.environment, name))
        for name in _ENVIRONMENT
    ]
    pairs += [(name, getattr(first.spec, name), getattr(second.spec, name)) for name in _SPEC]
    kinds = [
        {sample.spec.arms[place].readiness.kind for place in sample.spec.measured}
        for sample in (first, second)
    ]
    found = [f"{name}: {one} / {other}" for name, one, other in pairs if one != other]
    if kinds[0] != kinds[1]:
        found.append(f"readiness: {' '.join(sorted(kinds[0]))} / {' '.join(sorted(kinds[1]))}")
    return found


def compare_measurements(
    first: Sample, second: Sample, arms: tuple[int, int] | None = None, name: str = PRIMARY
) -> Comparison:
    """One arm of an earlier measurement against one of a later (the last image of each unless `arms` says otherwise).

    Refuses what differs in more than the image. Unlike the arms of one measurement these did not take turns, so a
    machine that was busier at one time looks like a difference: caution() has the words for it.
    """
    unlike = differences(first, second)
    if unlike:
        raise InputError(
            tr(
                "These measurements cannot be compared: {differences}.",
                differences=listed(unlike),
            ),
            tr("Measure both images together: image-explorer coldstart BEFORE AFTER."),
        )
    a, b = arms if arms is not None else (first.spec.measured[-1], second.spec.measured[-1])
    sides = [
        values([run.phases for run in sample.good(place)], name)
        for sample, place in ((first, a), (second, b))
    ]
    return compare_values(sides[0], sides[1], a, b, name)


def caution() -> str:
    """What to know before believing such a comparison."""
    return tr(
        "Measured at different times, not in turns: on a machine that drifts, 4 to 7 of 10 such comparisons of equal images claim a difference."
    )
