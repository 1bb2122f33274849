"""What a measurement says, in words: the verdict large, what was measured, and what to know before believing it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QFont
from PySide6.QtWidgets import QVBoxLayout, QWidget

from explorer.coldstart.sample import Sample
from explorer.coldstart.stats import Comparison, Summary, summaries
from explorer.coldstart.verdict import caution_texts, duration_text, verdict_text
from explorer.gui.models.startup import arm_label, series, small_or_overlapping
from explorer.gui.widgets.plain_label import PlainLabel
from explorer.gui.widgets.wrapped_text import WrappedText
from explorer.translation import labelled, sentences, tr
from explorer.units import display_text

_CAUTION_LINES = 6


class VerdictCard(QWidget):
    """Everything can be selected and copied."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.heading = PlainLabel(selectable=True)
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 1.4)
        font.setBold(True)
        self.heading.setFont(font)
        self.heading.setWordWrap(True)
        self.second = PlainLabel(selectable=True)
        self.second.setWordWrap(True)
        self.arms = WrappedText(tr("What was measured"), most=4)
        self.cautions = WrappedText(tr("What to know about the figures"), most=_CAUTION_LINES)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 4)
        layout.setSpacing(4)
        for widget in (self.heading, self.second, self.arms, self.cautions):
            layout.addWidget(widget)

    @property
    def text(self) -> str:
        """All that is said."""
        parts = (self.heading.text(), self.second.text(), self.arms.toPlainText())
        return "\n".join((*parts, self.cautions.toPlainText()))

    def show_sample(self, sample: Sample, judged: Sequence[Comparison] | None) -> None:
        """Say what a measurement found; `judged` is None while the comparisons are computed."""
        heading, second = _headline(sample, judged)
        self.heading.setText(heading)
        self.second.setText(second)
        self.second.setVisible(bool(second))
        self.arms.set_text("\n".join(arm_lines(sample)))
        lines = [f"• {display_text(text, 600)}" for text in caution_texts(sample)]
        small = small_or_overlapping([item for item in series(sample, "app") if not item.floor])
        if small:
            lines.insert(0, f"⚠ {small}")
        self.cautions.set_text("\n".join(lines))
        self.cautions.setVisible(bool(lines))


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


def _headline(sample: Sample, judged: Sequence[Comparison] | None) -> tuple[str, str]:
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
