"""What a comparison means, in one sentence that promises no more than the runs can tell."""

from __future__ import annotations

from explorer.coldstart.sample import Sample
from explorer.coldstart.stats import Comparison
from explorer.translation import ntr, sentences, tr


def duration_text(seconds: float | None) -> str:
    """A duration as people read it: 3.4 ms, 412 ms, 1.24 s; an em dash for none."""
    if seconds is None:
        return "—"
    size = abs(seconds)
    if size < 0.00995:
        return f"{seconds * 1e3:.2f} ms"
    if size < 0.0995:
        return f"{seconds * 1e3:.1f} ms"
    return f"{seconds * 1e3:.0f} ms" if size < 0.9995 else f"{seconds:.2f} s"


def verdict_text(found: Comparison) -> str:
    """The verdict of one metric."""
    seen = duration_text(found.minimum_detectable)
    pairs = ntr("{n} pair", "{n} pairs", min(found.n_a, found.n_b))
    if found.verdict == "unknown":
        return tr(
            "Too few runs to tell a difference: {pairs}, and at least 4 are needed.", pairs=pairs
        )
    if found.verdict == "none":
        text = tr(
            "No difference detected; {pairs} can see {seconds} or more.", pairs=pairs, seconds=seen
        )
    else:
        assert found.shift is not None
        assert found.ci_low is not None
        assert found.ci_high is not None
        low, high = sorted((abs(found.ci_low), abs(found.ci_high)))
        seconds = duration_text(abs(found.shift))
        words = (
            tr("B is faster by {seconds}", seconds=seconds)
            if found.verdict == "faster"
            else tr("B is slower by {seconds}", seconds=seconds)
        )
        text = tr(
            "{words} (95 % interval {low} to {high}, {p}).",
            words=words,
            low=duration_text(low),
            high=duration_text(high),
            p=p_text(found.p_value),
        )
    if found.outliers_matter:
        text = sentences(
            text,
            tr("Without the labelled outliers the answer would be different: measure again."),
        )
    return text


def p_text(p_value: float | None) -> str:
    """A p-value with two significant digits, never 0: p = 0.013, p < 0.0001."""
    if p_value is None:
        return "p = —"
    return "p < 0.0001" if p_value < 0.0001 else f"p = {p_value:.2g}"


def caution_texts(sample: Sample) -> list[str]:
    """What a reader should know before believing the figures."""
    return [*sample.environment.notes, *gap_texts(sample), *noise_texts(sample)]


def gap_texts(sample: Sample) -> list[str]:
    """What is missing: runs that were not made, and runs that did not become ready."""
    notes = []
    counted = [run for run in sample.runs if not run.warm_up]
    if not sample.complete:
        notes.append(
            tr(
                "The measurement ended early: {n} of {total} runs.",
                n=len(counted),
                total=_planned(sample),
            )
        )
    for place, arm in enumerate(sample.spec.arms):
        failed = len(sample.of(place)) - len(sample.good(place))
        if failed:
            notes.append(
                tr(
                    "{arm}: {failed} of {n} runs did not become ready and are not counted.",
                    arm=arm.label,
                    failed=failed,
                    n=len(sample.of(place)),
                )
            )
    return notes


def noise_texts(sample: Sample) -> list[str]:
    """What may have changed the times: outliers, a busy machine, the page cache."""
    notes = []
    counted = [run for run in sample.runs if not run.warm_up]
    outliers = sum(run.outlier for run in counted)
    if outliers:
        notes.append(
            ntr(
                "{n} outlier is labelled; it counts.",
                "{n} outliers are labelled; they count.",
                outliers,
            )
        )
    waits = sorted(run.pressure for run in counted if run.pressure is not None)
    if waits and waits[len(waits) // 2] > _NOISY:
        notes.append(
            tr(
                "The machine was busy: in half of the runs something waited for a processor {share} of the time or more.",
                share=f"{waits[len(waits) // 2]:.0%}",
            )
        )
    if sample.environment.cache == "page-cache-cold":
        notes.append(_cold_text(sample))
    elif sample.environment.cache == "warm":
        notes.append(
            tr(
                "The image's files were in the page cache: these are starts of a new container from a warm image."
            )
        )
    return notes


# Half of the runs above it: the machine did other things as well.
_NOISY = 0.25


def _planned(sample: Sample) -> int:
    return sample.spec.runs * len(sample.spec.arms)


def _cold_text(sample: Sample) -> str:
    pages = [run.resident_pages for run in sample.runs if run.resident_pages >= 0]
    total = max((run.image_pages for run in sample.runs), default=0)
    return tr(
        "Cold for the files of the image only: at most {pages} of their {total} pages were in the page cache before a run. Directories, the engine's own programs and caches below a virtual machine stayed warm.",
        pages=max(pages, default=0),
        total=total,
    )
