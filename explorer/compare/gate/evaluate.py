"""Decides rules on an analysed image: pure, and honest about what it cannot tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from explorer.coldstart.stats import Comparison, Summary
from explorer.coldstart.verdict import duration_text, verdict_text
from explorer.compare.gate.limits import SHARE
from explorer.compare.gate.rules import (
    CATEGORY,
    DIVE_EFFICIENCY,
    DIVE_USER_WASTED,
    DIVE_WASTED,
    FAILED,
    FORBIDDEN,
    GROWTH,
    PASSED,
    RECLAIMABLE,
    SIZE,
    SLOWDOWN,
    START,
    UNKNOWN,
    Outcome,
    Rule,
)
from explorer.filesystem.layer import Kind
from explorer.findings.analysis import Analysis
from explorer.findings.category import CATEGORIES, CODE
from explorer.translation import labelled, ntr, tr
from explorer.units import display_name, display_text, size_text

# Lines of evidence: enough to see where to look.
_SHOWN = 5


@dataclass(frozen=True)
class Starts:
    """What measurements say of the image's start: `why_not` and `why_no_change` say why there is nothing to say.

    `apart` is set when before and after were measured at different times instead of in turns.
    """

    summary: Summary | None = None
    why_not: str = ""
    change: Comparison | None = None
    why_no_change: str = ""
    apart: bool = False
    cautions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Facts:
    """All that rules are decided on."""

    image: Analysis
    baseline: Analysis | None = None
    starts: Starts = Starts()


def evaluate(rules: Sequence[Rule], facts: Facts) -> tuple[Outcome, ...]:
    """What comes of each rule, in their order, with texts in the user's language."""
    return tuple(_DECIDE[rule.kind](rule, facts) for rule in rules)


def _size(rule: Rule, facts: Facts) -> Outcome:
    content = facts.image.totals.content_bytes
    evidence = _biggest_categories(facts.image)
    return _lower_bound(rule, facts.image, content, evidence)


def _reclaimable(rule: Rule, facts: Facts) -> Outcome:
    totals = facts.image.totals
    measured = float(totals.reclaimable_bytes)
    if rule.limit.unit == SHARE:
        measured = measured / totals.content_bytes if totals.content_bytes else 0.0
    return _within(rule, facts.image, measured, _biggest_findings(facts.image))


def _category(rule: Rule, facts: Facts) -> Outcome:
    analysis = facts.image
    held = analysis.category_bytes()[CODE[rule.subject]][0] if rule.subject in CODE else 0
    measured = float(held)
    if rule.limit.unit == SHARE:
        content = analysis.totals.content_bytes
        measured = measured / content if content else 0.0
    return _within(rule, analysis, measured, _paths_of(analysis, rule.subject))


def _forbidden(rule: Rule, facts: Facts) -> Outcome:
    """A category without a byte in the image, or a finding that is not there."""
    analysis = facts.image
    if rule.subject in CODE:
        held, files = analysis.category_bytes()[CODE[rule.subject]]
        return _within(
            rule, analysis, float(held), _paths_of(analysis, rule.subject), present=files > 0
        )
    found = [finding for finding in analysis.findings if finding.id == rule.subject]
    evidence = tuple(
        labelled(display_text(finding.title(), 100), size_text(finding.bytes)) for finding in found
    )
    measured = float(sum(finding.bytes for finding in found))
    return _within(rule, analysis, measured, evidence[:_SHOWN], present=bool(found))


def _growth(rule: Rule, facts: Facts) -> Outcome:
    after, before = facts.image, facts.baseline
    if before is None:
        return Outcome(rule, UNKNOWN, None, tr("There is no baseline: name one with --against."))
    if not before.complete:
        return Outcome(rule, UNKNOWN, None, _partly(before))
    if str(after.image.platform) != str(before.image.platform):
        reason = tr(
            "They are for different platforms: {a} and {b}.",
            a=before.image.platform,
            b=after.image.platform,
        )
        return Outcome(rule, UNKNOWN, None, reason)
    old, new = before.totals.content_bytes, after.totals.content_bytes
    measured = float(new - old)
    if rule.limit.unit == SHARE:
        measured = measured / old if old else float(new > 0)
    evidence = (
        tr("from {before} to {after}", before=size_text(old), after=size_text(new)),
        *_grown_categories(before, after),
    )
    return _lower_bound(rule, after, measured, evidence)


def _dive(rule: Rule, facts: Facts) -> Outcome:
    """By dive's own figures and comparisons; where it divides by zero (one layer) its rule passes."""
    figures = facts.image.dive
    if rule.kind == DIVE_EFFICIENCY:
        if not facts.image.complete:
            return Outcome(rule, UNKNOWN, figures.efficiency, _partly(facts.image))
        kept = figures.efficiency >= rule.limit.value
        evidence = () if kept else _biggest_findings(facts.image)
        return Outcome(rule, PASSED if kept else FAILED, figures.efficiency, evidence=evidence)
    if rule.kind == DIVE_WASTED:
        measured: float | None = float(figures.wasted_bytes)
    else:
        measured = figures.user_wasted_percent
    if measured is None:
        verdict = PASSED if facts.image.complete else UNKNOWN
        return Outcome(rule, verdict, None, "" if facts.image.complete else _partly(facts.image))
    return _within(rule, facts.image, measured, _biggest_findings(facts.image))


def _start(rule: Rule, facts: Facts) -> Outcome:
    """The interval of the median decides: below the limit it is kept, above it broken, across it nobody can tell."""
    found = facts.starts.summary
    if found is None:
        return Outcome(rule, UNKNOWN, None, facts.starts.why_not)
    cautions = facts.starts.cautions
    if found.ci_low is None or found.ci_high is None:
        reason = ntr(
            "{n} run that became ready is too few: 6 are needed.",
            "{n} runs that became ready are too few: 6 are needed.",
            found.n,
        )
        return Outcome(rule, UNKNOWN, found.median, reason, cautions)
    interval = tr(
        "median {median} of {n} runs, 95 % interval {low} to {high}",
        median=duration_text(found.median),
        n=found.n,
        low=duration_text(found.ci_low),
        high=duration_text(found.ci_high),
    )
    if found.ci_high <= rule.limit.value:
        return Outcome(rule, PASSED, found.median, evidence=(interval, *cautions))
    if found.ci_low > rule.limit.value:
        return Outcome(rule, FAILED, found.median, evidence=(interval, *cautions))
    reason = tr("The interval includes the limit: more runs are needed to tell.")
    return Outcome(rule, UNKNOWN, found.median, reason, (interval, *cautions))


def _slowdown(rule: Rule, facts: Facts) -> Outcome:
    starts = facts.starts
    found = starts.change
    if found is None:
        return Outcome(rule, UNKNOWN, None, starts.why_no_change)
    letters = (
        (tr("A is the baseline, B this image."),) if found.verdict in ("faster", "slower") else ()
    )
    evidence = (verdict_text(found), *letters, *starts.cautions)
    scale = found.median_a or 0.0
    limit = rule.limit.value * scale if rule.limit.unit == SHARE else rule.limit.value
    shift = found.shift
    measured = shift / scale if shift is not None and rule.limit.unit == SHARE and scale else shift
    reason = _undecided(found, limit, apart=starts.apart)
    if reason:
        return Outcome(rule, UNKNOWN, measured, reason, evidence)
    broken = found.verdict == "slower" and found.ci_low is not None and found.ci_low > limit
    return Outcome(rule, FAILED if broken else PASSED, measured, evidence=evidence)


def _undecided(found: Comparison, limit: float, *, apart: bool) -> str:
    """Why a comparison cannot be held against a limit (seconds), "" when it can."""
    if found.verdict == "unknown" or found.ci_low is None or found.ci_high is None:
        return tr("Too few runs to tell.")
    if found.outliers_matter:
        return tr("Outliers decide the answer: measure again.")
    if found.verdict == "faster":
        return ""
    if not limit:
        # Measured apart, equal images often differ: coldstart.earlier.caution().
        slower_apart = apart and found.verdict == "slower"
        return (
            tr("Measured at different times, where equal images often differ: measure both together, or allow more than 0.")
            if slower_apart
            else ""
        )  # fmt: skip
    if found.ci_low <= limit < found.ci_high:
        return tr("The interval includes the limit: more runs are needed to tell.")
    return ""


def _lower_bound(
    rule: Rule, analysis: Analysis, measured: float, evidence: tuple[str, ...]
) -> Outcome:
    """What was read of an image can only be less than all of it: too much already is too much."""
    if measured > rule.limit.value:
        return Outcome(rule, FAILED, measured, evidence=evidence)
    if not analysis.complete:
        return Outcome(rule, UNKNOWN, measured, _partly(analysis))
    return Outcome(rule, PASSED, measured)


def _within(
    rule: Rule,
    analysis: Analysis,
    measured: float,
    evidence: tuple[str, ...],
    *,
    present: bool = False,
) -> Outcome:
    if not analysis.complete:
        return Outcome(rule, UNKNOWN, measured, _partly(analysis))
    if measured > rule.limit.value or present:
        return Outcome(rule, FAILED, measured, evidence=evidence)
    return Outcome(rule, PASSED, measured)


def _partly(analysis: Analysis) -> str:
    image = analysis.image
    return tr(
        "{name} was read only in part ({read} of {total} layers).",
        name=display_text(image.tags[0] if image.tags else image.reference, 100),
        read=analysis.layers_read,
        total=len(image.layers),
    )


def _biggest_categories(analysis: Analysis) -> tuple[str, ...]:
    held = [(held, code) for code, (held, _) in enumerate(analysis.category_bytes()) if held]
    most = sorted(held, reverse=True)[:_SHOWN]
    return tuple(labelled(CATEGORIES[code].label(), size_text(size)) for size, code in most)


def _grown_categories(before: Analysis, after: Analysis) -> tuple[str, ...]:
    pairs = zip(before.category_bytes(), after.category_bytes(), strict=True)
    grown = [(new[0] - old[0], code) for code, (old, new) in enumerate(pairs) if new[0] > old[0]]
    most = sorted(grown, reverse=True)[:_SHOWN]
    return tuple(labelled(CATEGORIES[code].label(), f"+{size_text(size)}") for size, code in most)


def _biggest_findings(analysis: Analysis) -> tuple[str, ...]:
    most = sorted(analysis.findings, key=lambda finding: -finding.bytes)[:_SHOWN]
    return tuple(
        labelled(display_text(finding.title(), 100), size_text(finding.bytes)) for finding in most
    )


def _paths_of(analysis: Analysis, category: str) -> tuple[str, ...]:
    """The largest files of a category."""
    stack = analysis.stack
    if category not in CODE:
        return ()
    rows = np.flatnonzero((stack.kind == Kind.FILE) & (analysis.category == CODE[category]))
    rows = rows[np.argsort(-stack.size[rows], kind="stable")][:_SHOWN]
    return tuple(
        f"/{display_name(stack.tree.path(int(stack.node[row])), 120)}: {size_text(int(stack.size[row]))}"
        for row in rows
    )


_DECIDE = {
    SIZE: _size,
    RECLAIMABLE: _reclaimable,
    CATEGORY: _category,
    FORBIDDEN: _forbidden,
    GROWTH: _growth,
    START: _start,
    SLOWDOWN: _slowdown,
    DIVE_EFFICIENCY: _dive,
    DIVE_WASTED: _dive,
    DIVE_USER_WASTED: _dive,
}
