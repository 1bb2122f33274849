"""What a measurement says, in words: the verdict large, what was measured, and what to know before believing it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QFont
from PySide6.QtWidgets import QVBoxLayout, QWidget

from explorer.coldstart.sample import Sample
from explorer.coldstart.stats import Comparison
from explorer.coldstart.telling import arm_lines, headline, small_or_overlapping
from explorer.coldstart.verdict import caution_texts
from explorer.gui.widgets.plain_label import PlainLabel
from explorer.gui.widgets.wrapped_text import WrappedText
from explorer.translation import tr
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
        heading, second = headline(sample, judged)
        self.heading.setText(heading)
        self.second.setText(second)
        self.second.setVisible(bool(second))
        self.arms.set_text("\n".join(arm_lines(sample)))
        lines = [f"• {display_text(text, 600)}" for text in caution_texts(sample)]
        small = small_or_overlapping(sample)
        if small:
            lines.insert(0, f"⚠ {small}")
        self.cautions.set_text("\n".join(lines))
        self.cautions.setVisible(bool(lines))
