"""Both images and their difference at a glance: three cards of the same figures."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QFont
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from explorer.coldstart.verdict import duration_text
from explorer.compare.comparison import Comparison
from explorer.compare.pair import Pair
from explorer.compare.startup import StartTime
from explorer.findings.analysis import Analysis
from explorer.gui.models.compare_tables import start_interval, start_short
from explorer.gui.models.deltas import signed_share
from explorer.gui.theme import current_theme
from explorer.gui.widgets.plain_label import ElidedLabel
from explorer.translation import ntr, tr
from explorer.units import count_text, display_text, signed_count, signed_size, size_text


class CompareCards(QWidget):
    """A, B and Δ; the figures stand in the same places."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.a, self.b, self.delta = _Card(), _Card(), _Card()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for card in (self.a, self.b, self.delta):
            row.addWidget(card, 1)

    def show_comparison(self, c: Comparison, a: str, b: str) -> None:
        """Show both images' figures and what differs; `a` and `b` are the images' names."""
        self.a.say(*_image_lines(f"A  {a}", c.a), _start_line(c.startup.a if c.startup else None))
        self.b.say(*_image_lines(f"B  {b}", c.b), _start_line(c.startup.b if c.startup else None))
        layers = Pair(len(c.a.image.layers), len(c.b.image.layers))
        self.delta.say(
            "Δ  " + tr("B compared with A"),
            f"{signed_size(c.content.delta)}  {signed_share(c.content)}".rstrip(),
            tr(
                "visible {visible} · reclaimable {reclaimable}",
                visible=signed_size(c.contribution.delta),
                reclaimable=signed_size(c.reclaimable.delta),
            ),
            tr(
                "layers {layers} ({shared} shared) · files {files}",
                layers=signed_count(layers.delta),
                shared=len(c.layers.shared),
                files=signed_count(c.files.delta),
            ),
            start_short(c.startup) if c.startup else "",
        )

    def recolour(self) -> None:
        """Take the colours of the theme in force."""
        for card in (self.a, self.b, self.delta):
            card.recolour()


def _image_lines(title: str, analysis: Analysis) -> Sequence[str]:
    image, totals = analysis.image, analysis.totals
    partly = "" if analysis.complete else "  ⚠ " + tr("read in part")
    platform = display_text(str(image.platform), 40)
    return (
        f"{title}{partly}",
        f"{size_text(totals.content_bytes)}  ·  {platform}",
        tr(
            "visible {visible} · reclaimable {reclaimable}",
            visible=size_text(totals.contribution_bytes),
            reclaimable=size_text(totals.reclaimable_bytes),
        ),
        " · ".join(
            (
                ntr("{n} layer", "{n} layers", len(image.layers)),
                ntr("{count} file", "{count} files", totals.files, count=count_text(totals.files)),
                display_text(image.id.removeprefix("sha256:")[:12]),
            )
        ),
    )


def _start_line(time: StartTime | None) -> str:
    if time is None:
        return ""
    interval = start_interval(time)
    text = tr("ready in {seconds}", seconds=duration_text(time.median))
    return f"{text} ({interval})" if interval else text


class _Card(QFrame):
    """A title, a figure that is seen first, and what else there is to say."""

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self._lines = tuple(ElidedLabel() for _ in range(5))
        title, big = QFont(self.font()), QFont(self.font())
        title.setBold(True)
        big.setPointSizeF(big.pointSizeF() * 1.5)
        self._lines[0].setFont(title)
        self._lines[1].setFont(big)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 6)
        layout.setSpacing(2)
        for line in self._lines:
            layout.addWidget(line)
        self.recolour()

    @property
    def text(self) -> str:
        """All that is said."""
        return "\n".join(line.accessibleName() for line in self._lines if not line.isHidden())

    def say(self, *lines: str) -> None:
        """Say these lines; empty ones take no room."""
        for label, line in zip(self._lines, lines, strict=True):
            label.set_whole(line)
            label.setVisible(bool(line))

    def recolour(self) -> None:
        """Take the colours of the theme in force."""
        palette = self.palette()
        palette.setColor(self.backgroundRole(), current_theme().band)
        self.setPalette(palette)
