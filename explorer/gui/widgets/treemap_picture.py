"""Draws a treemap's layout: as pixels looked up through an id buffer, or as vector shapes for an export."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetrics, QImage, QPainter, QPen

from explorer.filesystem.columnfile import Array
from explorer.filesystem.tree import FileTree
from explorer.filesystem.union import View
from explorer.gui.theme import Theme, text_on
from explorer.gui.widgets.treemap_layout import TITLE, Layout
from explorer.translation import ntr
from explorer.units import count_text, display_name, size_text

_LABEL_WIDTH, _LABEL_HEIGHT = 46, 16
_MAX_LABELS = 400
# What is faded keeps this share of its colour.
_DIM = 0.25
_EMPTY_ALPHA = 70
_FRAME_TEXT = QColor("#f0f2f5")
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_TOP_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)


@dataclass(frozen=True, eq=False)
class Picture:
    """A layout with its colours; lengths are device pixels, of which `ratio` make a logical one."""

    tree: FileTree
    view: View
    layout: Layout
    colours: Array  # uint8[n, 3], one a node
    dimmed: Array | None  # bool[n], nodes that are faded
    theme: Theme
    font: QFont
    ratio: float = 1.0
    empty_text: str = ""  # what the room that the map leaves empty stands for

    def image(self, ids: Array, overlay: QImage) -> QImage:
        """The picture; `ids` is fill_ids() of the layout, `overlay` is overlay()."""
        background = self.theme.background.getRgb()
        assert isinstance(background, tuple)
        table = np.full((len(self.colours) + 1, 4), 255, dtype=np.uint8)
        table[:-1, :3] = self._shown_colours()[:, ::-1]
        table[-1, :3] = background[2::-1]
        # One word a pixel is looked up faster than four bytes.
        pixels = table.view(np.uint32)[:, 0][ids]
        width, height = self.layout.width, self.layout.height
        image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32).copy()
        painter = QPainter(image)
        painter.drawImage(0, 0, overlay)
        self._draw_labels(painter, self._set_font(painter))
        painter.end()
        image.setDevicePixelRatio(self.ratio)
        return image

    def overlay(self) -> QImage:
        """What does not depend on the colours: borders, frames, what is too small to draw; drawn once a layout."""
        size = self.layout.width, self.layout.height
        image = QImage(*size, QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        self._draw_over(painter)
        painter.end()
        return image

    def paint(self, painter: QPainter) -> None:
        """The same as shapes and texts, for vector formats."""
        painter.fillRect(QRect(0, 0, self.layout.width, self.layout.height), self.theme.background)
        colours = self._shown_colours()
        for x, y, w, h, node in self.layout.tiles:
            painter.fillRect(QRect(x, y, w, h), QColor(*colours[node].tolist()))
        self._draw_over(painter)
        self._draw_labels(painter, self._set_font(painter))

    def _shown_colours(self) -> Array:
        if self.dimmed is None:
            return self.colours
        background = np.array(
            [
                self.theme.background.red(),
                self.theme.background.green(),
                self.theme.background.blue(),
            ],
            dtype=np.float32,
        )
        colours = self.colours.copy()
        faded = background + (self.colours[self.dimmed] - background) * _DIM
        colours[self.dimmed] = faded.astype(np.uint8)
        return colours

    def _set_font(self, painter: QPainter) -> QFontMetrics:
        font = QFont(self.font)
        font.setPixelSize(max(round(QFontMetrics(self.font).height() * 0.68 * self.ratio), 9))
        painter.setFont(font)
        return QFontMetrics(font)

    def _draw_over(self, painter: QPainter) -> None:
        """Borders, frames with their titles, and what is too small to draw."""
        metrics = self._set_font(painter)
        painter.setPen(QPen(QColor(0, 0, 0, 255 if self.theme.contrast else 90), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRects(
            [QRect(x, y, w - 1, h - 1) for x, y, w, h, _ in self.layout.tiles if w > 2 and h > 2]
        )
        self._draw_frames(painter, metrics)
        self._draw_rests(painter, metrics)
        self._draw_empty(painter, metrics)

    def _draw_frames(self, painter: QPainter, metrics: QFontMetrics) -> None:
        title_height = round(TITLE * self.layout.scale)
        for x, y, w, h, node, last, title in self.layout.frames:
            painter.setPen(QPen(self.theme.frame, 1))
            painter.drawRect(QRect(x, y, w - 1, h - 1))
            if title:
                painter.fillRect(QRect(x, y, w, title_height), self.theme.frame)
                painter.setPen(_FRAME_TEXT)
                box = QRect(x + self._px(4), y, w - self._px(8), title_height)
                text = f"{self._chain(node, last)}  {self._size(last)}"
                painter.drawText(box, _LEFT, _elided(metrics, text, box))

    def _draw_empty(self, painter: QPainter, metrics: QFontMetrics) -> None:
        faint = QColor(self.theme.muted)
        faint.setAlpha(_EMPTY_ALPHA)
        hatch = QBrush(faint, Qt.BrushStyle.FDiagPattern)
        boxes = [QRect(*box) for box in self.layout.empty]
        for box in boxes:
            painter.fillRect(box, self.theme.background)
            painter.fillRect(box, hatch)
        if boxes and self.empty_text:
            widest = max(boxes, key=lambda box: box.width() * box.height())
            self._draw_note(painter, metrics, widest, self.empty_text)

    def _draw_note(self, painter: QPainter, metrics: QFontMetrics, box: QRect, text: str) -> None:
        """A text in the middle of a hatched box, if there is room for it."""
        wide = metrics.horizontalAdvance(text) + self._px(10)
        if wide < box.width() and metrics.height() < box.height():
            label = QRect(0, 0, wide, metrics.height() + self._px(2))
            label.moveCenter(box.center())
            painter.fillRect(label, self.theme.background)
            painter.setPen(text_on(self.theme.background))
            painter.drawText(label, Qt.AlignmentFlag.AlignCenter, text)

    def _draw_rests(self, painter: QPainter, metrics: QFontMetrics) -> None:
        hatch = QBrush(QColor(self.theme.muted), Qt.BrushStyle.BDiagPattern)
        for x, y, w, h, _, files, size in self.layout.rests:
            box = QRect(x, y, w, h)
            painter.fillRect(box, self.theme.background)
            painter.fillRect(box, hatch)
            if w < self._px(_LABEL_WIDTH) or h <= metrics.height():
                # Thousands have no room for words, and words take time.
                continue
            text = ntr(
                "{count} small file · {size}",
                "{count} small files · {size}",
                files,
                count=count_text(files),
                size=size_text(size),
            )
            self._draw_note(painter, metrics, box, text)

    def _draw_labels(self, painter: QPainter, metrics: QFontMetrics) -> None:
        width, height = self._px(_LABEL_WIDTH), self._px(_LABEL_HEIGHT)
        tiles = [tile for tile in self.layout.tiles if tile[2] > width and tile[3] > height]
        tiles.sort(key=lambda tile: -tile[2] * tile[3])
        for x, y, w, h, node in tiles[:_MAX_LABELS]:
            box = QRect(x + self._px(4), y + self._px(2), w - self._px(7), h - self._px(3))
            faded = self.dimmed is not None and bool(self.dimmed[node])
            colour = QColor(*self.colours[node].tolist())
            painter.setPen(self.theme.muted if faded else text_on(colour))
            painter.drawText(box, _TOP_LEFT, _elided(metrics, self.name(node), box))
            if box.height() >= 2 * metrics.height():
                below = box.adjusted(0, metrics.height(), 0, 0)
                painter.drawText(below, _TOP_LEFT, _elided(metrics, self._size(node), box))

    def _chain(self, node: int, last: int) -> str:
        """The names from a frame's outermost folder to its innermost."""
        way = self.tree.ancestors(last)
        names = [display_name(self.tree.name(n), 60) for n in way[way.index(node) :]]
        return "/".join(name for name in names if name)

    def name(self, node: int) -> str:
        """What a tile is called."""
        return display_name(self.tree.name(node), 60)

    def _size(self, node: int) -> str:
        return size_text(int(self.view.total[node]))

    def _px(self, logical: int) -> int:
        return round(logical * self.ratio)


def _elided(metrics: QFontMetrics, text: str, box: QRect) -> str:
    return metrics.elidedText(text, Qt.TextElideMode.ElideRight, box.width())
