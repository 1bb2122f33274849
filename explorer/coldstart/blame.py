"""Which packages and phases a start's time goes into, in sentences."""

from __future__ import annotations

from explorer.coldstart.diagnose import Diagnosis
from explorer.coldstart.phase import values
from explorer.coldstart.sample import Sample
from explorer.coldstart.stats import summarise
from explorer.coldstart.verdict import duration_text
from explorer.translation import listed, tr
from explorer.units import display_text

# Less than this share of the app's time is nothing to work on first.
_SHARE = 0.05
_NAMED = 5
# What ran one after the other adds up to what all took together, but for the work between.
_IN_TURN = 1.05
TOTAL = "total"


def responsible(sample: Sample, found: Diagnosis) -> list[str]:
    """What the app's own time of an arm is made of; empty when nothing stands out or no run became ready."""
    seconds = values((run.phases for run in sample.good(found.arm)), "app")
    if not seconds:
        return []
    app = summarise(seconds, found.arm, "app").median
    return [*_packages(found, app), *_phases(found, app)]


def _packages(found: Diagnosis, app: float) -> list[str]:
    costly = sorted(found.inits, key=lambda item: -item.seconds)
    named = [item for item in costly if item.seconds >= _SHARE * app][:_NAMED]
    if not named:
        return []
    together = sum(item.seconds for item in named)
    packages = listed(
        f"{display_text(item.package, 120)} ({duration_text(item.seconds)})" for item in named
    )
    if together > app:
        # The start that was looked at was slower than the ones that were measured: a share would be made up.
        return [
            tr(
                "The start that was looked at did most of its work before main in {packages}; it was slower than the app's median of {app}, so that no share of it can be told.",
                packages=packages,
                app=duration_text(app),
            )
        ]
    return [
        tr(
            "{share} of the app's {app} is work before main in {packages}.",
            share=f"{together / app:.0%}",
            app=duration_text(app),
            packages=packages,
        )
    ]


def _phases(found: Diagnosis, app: float) -> list[str]:
    told = [phase for phase in found.app_phases if phase.name.lower() != TOTAL]
    named = sorted(
        (phase for phase in told if phase.seconds >= _SHARE * app), key=lambda item: -item.seconds
    )[:_NAMED]
    if not named:
        return []
    phases = listed(f"{display_text(p.name, 80)} ({duration_text(p.seconds)})" for p in named)
    together = sum(phase.seconds for phase in told)
    if len(named) > 1 and together > _IN_TURN * app:
        return [
            tr(
                "By its own account its phases overlap, {together} of work in {app}: {phases}.",
                together=duration_text(together),
                app=duration_text(app),
                phases=phases,
            )
        ]
    return [
        tr(
            "By its own account it spends this time on {phases}, one after the other.",
            phases=phases,
        )
    ]
