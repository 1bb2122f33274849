"""The image at a glance: name, platform, layers, sizes with their meaning, and what is reclaimable as a bar."""

from __future__ import annotations

from PySide6.QtCore import QRect
from PySide6.QtGui import QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from explorer.findings.analysis import Analysis
from explorer.gui.theme import current_theme, group_colour
from explorer.gui.widgets.plain_label import ElidedLabel, PlainLabel, tooltip_text
from explorer.translation import ntr, tr
from explorer.units import count_text, display_text, share_text, size_text


class ImageCard(QWidget):
    """Shows one analysis in five lines."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = ElidedLabel()
        bold = QFont(self.font())
        bold.setBold(True)
        bold.setPointSizeF(bold.pointSizeF() + 2)
        self._name.setFont(bold)
        self._facts = ElidedLabel()
        self._content = PlainLabel()
        self._stored = PlainLabel()
        self._reclaimable = PlainLabel()
        self._bar = _ShareBar()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 6)
        layout.setSpacing(2)
        for widget in (
            self._name,
            self._facts,
            self._content,
            self._stored,
            self._reclaimable,
            self._bar,
        ):
            layout.addWidget(widget)

    def show_analysis(self, analysis: Analysis) -> None:
        """Show an image's figures."""
        image, totals = analysis.image, analysis.totals
        name = (
            image.tags[0] if image.tags else image.reference.rpartition("/")[2] or image.reference
        )
        self._name.set_whole(display_text(name))
        facts = (
            display_text(str(image.platform)),
            ntr("{n} layer", "{n} layers", len(image.layers)),
            ntr("{count} file", "{count} files", totals.files, count=count_text(totals.files)),
            display_text(image.id.removeprefix("sha256:")[:12]),
        )
        self._facts.set_whole(" · ".join(fact for fact in facts if fact))
        self._content.setText(
            tr(
                "{content} content, {visible} of it visible",
                content=size_text(totals.content_bytes),
                visible=size_text(totals.contribution_bytes),
            )
        )
        self._content.setToolTip(
            tooltip_text(
                tr(
                    "Content: the bytes of all files in all layers.\nVisible: what the final file system shows of them."
                )
            )
        )
        stored = [layer.stored_bytes for layer in image.layers]
        known = bool(stored) and min(stored) >= 0
        self._stored.setVisible(known)
        self._stored.setText(tr("{size} stored", size=size_text(sum(stored))) if known else "")
        self._stored.setToolTip(
            tooltip_text(
                tr("Stored: what the layers occupy in the archive or engine, maybe compressed.")
            )
        )
        share = share_text(totals.reclaimable_bytes, totals.content_bytes)
        self._reclaimable.setText(
            tr(
                "{size} reclaimable ({share})",
                size=size_text(totals.reclaimable_bytes),
                share=share,
            )
        )
        self._reclaimable.setToolTip(
            tooltip_text(
                tr(
                    "Reclaimable: bytes that no path of the final file system reaches: deleted, overwritten or copied again."
                )
                + "\n"
                + tr(
                    "dive says: efficiency {efficiency}, {wasted} wasted.",
                    efficiency=share_text(analysis.dive.efficiency, 1),
                    wasted=size_text(analysis.dive.wasted_bytes),
                )
            )
        )
        self._bar.share = (
            totals.reclaimable_bytes / totals.content_bytes if totals.content_bytes else 0.0
        )
        self._bar.update()


class _ShareBar(QWidget):
    """A thin bar, filled up to `share`."""

    def __init__(self) -> None:
        super().__init__()
        self.share = 0.0
        self.setFixedHeight(8)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), current_theme().bar)
        painter.fillRect(
            QRect(0, 0, round(self.width() * self.share), self.height()), group_colour("shadow")
        )
