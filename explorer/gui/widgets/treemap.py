"""The treemap: every file a tile, coloured by cause; the same nodes as the file tree, drawn from one id buffer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QContextMenuEvent,
    QFont,
    QFontMetrics,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from explorer.filesystem.columnfile import Array
from explorer.gui.selection import Selection
from explorer.gui.theme import current_theme, text_on
from explorer.gui.widgets.plain_label import tooltip_text
from explorer.gui.widgets.treemap_layout import TITLE, Layout, fill_ids, layout_steps
from explorer.translation import ntr, tr
from explorer.units import display_name, size_text

_RELAYOUT_MS = 120
_LABEL_MIN = QSize(46, 16)
_MAX_LABELS = 400
_DIM = 0.25


class Treemap(QWidget):
    """Follows a Selection; colours come per node from `set_colours`. Laid out in slices, so that nothing stalls."""

    activated = Signal(int)
    menu_wanted = Signal(int, QPoint)
    previewed = Signal(int)

    def __init__(self, selection: Selection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selection = selection
        self._colours: Array = np.zeros((1, 3), dtype=np.uint8)
        self._dimmed: Array | None = None
        self._layout: Layout | None = None
        self._ids: Array = np.full((1, 1), -1, dtype=np.int32)
        self._image = QImage()
        self._steps: Iterator[Layout] | None = None
        self._hover = -1
        self._timer = QTimer(self, singleShot=True, interval=_RELAYOUT_MS)
        self._timer.timeout.connect(self.relayout)
        self._slice = QTimer(self, interval=0)
        self._slice.timeout.connect(self._advance)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumHeight(220)
        self.setAccessibleName(tr("Treemap"))
        self.setAccessibleDescription(tr("Use the file tree for the full list."))
        selection.view_changed.connect(self.relayout)
        selection.zoom_changed.connect(self.relayout)
        selection.current_changed.connect(self.update)

    # ---- what is drawn

    def set_colours(self, colours: Array, dimmed: Array | None = None) -> None:
        """Colour each node (uint8[n, 3]); nodes where `dimmed` is true are faded."""
        self._colours, self._dimmed = colours, dimmed
        self._paint_image()
        self.update()

    def relayout(self) -> None:
        """Lay out anew; the old picture stays until the new one is ready."""
        analysis, shown = self._selection.analysis, self._selection.view
        if analysis is None or shown is None or self.width() < 4 or self.height() < 4:
            return
        ratio = self.devicePixelRatioF()
        width, height = round(self.width() * ratio), round(self.height() * ratio)
        self._steps = layout_steps(
            analysis.stack.tree, shown, self._selection.zoom, width, height, ratio
        )
        self._slice.start()

    def finish_layout(self) -> None:
        """Finish a layout that is under way at once."""
        while self._steps is not None:
            self._advance()

    def _advance(self) -> None:
        """Work for one slice of about 8 ms."""
        clock = _clock()
        while self._steps is not None and _clock() - clock < 0.008:
            layout = next(self._steps, None)
            if layout is None:
                self._steps = None
                break
            self._pending = layout
        if self._steps is None:
            self._slice.stop()
            self._layout = self._pending
            self._ids = fill_ids(self._layout)
            self._paint_image()
            self._name()
            self.update()

    def _paint_image(self) -> None:
        """One lookup colours the whole picture; borders and frames are drawn over it."""
        layout, analysis = self._layout, self._selection.analysis
        if layout is None or analysis is None or len(self._colours) != len(analysis.stack.tree):
            return
        theme = current_theme()
        table = np.empty((len(self._colours) + 1, 4), dtype=np.uint8)
        colours = self._colours
        background = np.array(theme.background.getRgb()[:3], dtype=np.float32)
        if self._dimmed is not None:
            faded = background + (colours[self._dimmed] - background) * _DIM
            colours = colours.copy()
            colours[self._dimmed] = faded.astype(np.uint8)
        table[:-1, :3] = colours[:, ::-1]
        table[-1, :3] = background[::-1].astype(np.uint8)
        table[:, 3] = 255
        pixels = np.ascontiguousarray(table[self._ids])
        self._image = QImage(
            pixels.data, layout.width, layout.height, 4 * layout.width, QImage.Format.Format_RGB32
        ).copy()
        self._draw_edges(layout)
        self._image.setDevicePixelRatio(self.devicePixelRatioF())

    def _draw_edges(self, layout: Layout) -> None:
        theme = current_theme()
        painter = QPainter(self._image)
        edge = QColor(0, 0, 0, 90)
        painter.setPen(QPen(edge, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRects(
            [QRect(x, y, w - 1, h - 1) for x, y, w, h, _ in layout.tiles if w > 2 and h > 2]
        )
        frame = QColor(theme.frame)
        for x, y, w, h, _, title in layout.frames:
            if title:
                painter.fillRect(QRect(x, y, w, round(TITLE * self.devicePixelRatioF())), frame)
            painter.setPen(QPen(frame, 1))
            painter.drawRect(QRect(x, y, w - 1, h - 1))
        hatch = QBrush(QColor(theme.muted), Qt.BrushStyle.BDiagPattern)
        for x, y, w, h, _, _, _ in layout.rests:
            painter.fillRect(QRect(x, y, w, h), QColor(theme.background))
            painter.fillRect(QRect(x, y, w, h), hatch)
        painter.end()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), current_theme().background)
        if self._image.isNull() or self._layout is None:
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, tr("Nothing to draw"))
            return
        painter.drawImage(self.rect(), self._image)
        if self._image.size() == QSize(self._layout.width, self._layout.height):
            self._draw_labels(painter)
            self._draw_marks(painter)

    def _draw_labels(self, painter: QPainter) -> None:
        layout, analysis, shown = self._layout, self._selection.analysis, self._selection.view
        if layout is None or analysis is None or shown is None:
            return
        ratio = self.devicePixelRatioF()
        font = QFont(self.font())
        font.setPointSizeF(max(font.pointSizeF() - 1.5, 7))
        painter.setFont(font)
        metrics = QFontMetrics(font)
        painter.setPen(QColor("#f0f2f5"))
        for x, y, w, _, node, title in layout.frames:
            if title:
                box = QRect(round(x / ratio) + 4, round(y / ratio), round(w / ratio) - 8, TITLE)
                name = f"{display_name(analysis.stack.tree.name(node), 60)}  {size_text(int(shown.total[node]))}"
                painter.drawText(
                    box, _LEFT, metrics.elidedText(name, Qt.TextElideMode.ElideRight, box.width())
                )
        labelled = sorted(
            (t for t in layout.tiles if t[2] > 46 * ratio and t[3] > 16 * ratio), key=_area
        )
        for x, y, w, h, node in labelled[:_MAX_LABELS]:
            box = QRect(
                round(x / ratio) + 3,
                round(y / ratio) + 1,
                round(w / ratio) - 6,
                round(h / ratio) - 2,
            )
            colour = QColor(*(int(c) for c in self._colours[node]))
            dim = self._dimmed is not None and bool(self._dimmed[node])
            painter.setPen(current_theme().muted if dim else text_on(colour))
            name = metrics.elidedText(
                display_name(analysis.stack.tree.name(node), 60),
                Qt.TextElideMode.ElideRight,
                box.width(),
            )
            painter.drawText(box, _TOP_LEFT, name)
            if box.height() >= 2 * metrics.height():
                painter.drawText(
                    box.adjusted(0, metrics.height(), 0, 0),
                    _TOP_LEFT,
                    size_text(int(shown.total[node])),
                )
        self._draw_rests(painter, layout, metrics, ratio)

    def _draw_rests(
        self, painter: QPainter, layout: Layout, metrics: QFontMetrics, ratio: float
    ) -> None:
        painter.setPen(self.palette().text().color())
        for x, y, w, h, _, files, size in layout.rests:
            text = ntr(
                "{count} small file · {size}",
                "{count} small files · {size}",
                files,
                count=f"{files:,}",
                size=size_text(size),
            )
            box = QRect(round(x / ratio), round(y / ratio), round(w / ratio), round(h / ratio))
            wide = metrics.horizontalAdvance(text) + 10
            if wide < box.width() and box.height() > metrics.height():
                label = QRect(0, 0, wide, metrics.height() + 2)
                label.moveCenter(box.center())
                painter.fillRect(label, current_theme().background)
                painter.drawText(label, Qt.AlignmentFlag.AlignCenter, text)

    def _draw_marks(self, painter: QPainter) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for node, colour, width in (
            (self._hover, QColor(255, 255, 255, 160), 1),
            (self._selection.current, QColor("#ffffff"), 3),
        ):
            box = self._box(node)
            if box.isValid() and node > 0:
                painter.setPen(QPen(QColor("#000000"), width + 2))
                painter.drawRect(box.adjusted(1, 1, -2, -2))
                painter.setPen(QPen(colour, width))
                painter.drawRect(box.adjusted(1, 1, -2, -2))

    def _box(self, node: int) -> QRect:
        if self._layout is None:
            return QRect()
        ratio = self.devicePixelRatioF()
        for item in (*self._layout.frames, *self._layout.tiles):
            if item[4] == node:
                x, y, w, h = item[:4]
                return QRect(round(x / ratio), round(y / ratio), round(w / ratio), round(h / ratio))
        return QRect()

    def image(self) -> QImage:
        """The picture with its labels, for an export."""
        self.finish_layout()
        return self.grab().toImage()

    # ---- what people do

    def node_at(self, place: QPoint) -> int:
        """The node under a place of the widget, -1 for none."""
        ratio = self.devicePixelRatioF()
        x, y = int(place.x() * ratio), int(place.y() * ratio)
        height, width = self._ids.shape
        return int(self._ids[y, x]) if 0 <= x < width and 0 <= y < height else -1

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        node = self.node_at(event.position().toPoint())
        if node != self._hover:
            self._hover = node
            self._selection.hovered.emit(node)
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hover = -1
        self._selection.hovered.emit(-1)
        self.update()
        super().leaveEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        node = self.node_at(event.position().toPoint())
        if node >= 0 and event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            self._selection.set_current(node)
        elif event.button() == Qt.MouseButton.BackButton:
            self._selection.zoom_out()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.zoom_to(self.node_at(event.position().toPoint()))

    def zoom_to(self, node: int) -> None:
        """Zoom one step from the present root towards a node; a file next to the root is activated."""
        analysis = self._selection.analysis
        if analysis is None or node <= 0:
            return
        way = [n for n in analysis.stack.tree.ancestors(node) if n > self._selection.zoom]
        if way and analysis.stack.tree.end[way[0]] > way[0] + 1:
            self._selection.set_zoom(way[0])
        else:
            self.activated.emit(node)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.angleDelta().y() > 0:
            self.zoom_to(self.node_at(event.position().toPoint()))
        elif event.angleDelta().y() < 0:
            self._selection.zoom_out()
        event.accept()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        keyboard = event.reason() == QContextMenuEvent.Reason.Keyboard
        node = self._selection.current if keyboard else self.node_at(event.pos())
        place = self.mapToGlobal(self._box(node).center()) if keyboard else event.globalPos()
        if node > 0:
            self.menu_wanted.emit(node, place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        steps = {
            Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1),
        }  # fmt: skip
        if key == Qt.Key.Key_Backspace or (
            key == Qt.Key.Key_Up and event.modifiers() & Qt.KeyboardModifier.AltModifier
        ):
            self._selection.zoom_out()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.zoom_to(self._selection.current)
        elif key == Qt.Key.Key_Space:
            self.previewed.emit(self._selection.current)
        elif key in steps:
            self._step(*steps[Qt.Key(key)])
        else:
            super().keyPressEvent(event)

    def _step(self, dx: int, dy: int) -> None:
        """Move the current node to its spatial neighbour."""
        box = self._box(self._selection.current)
        place = box.center() if box.isValid() else self.rect().center()
        own = self._selection.current
        while self.rect().contains(place):
            node = self.node_at(place)
            if node >= 0 and node != own:
                self._selection.set_current(node)
                return
            place += QPoint(3 * dx, 3 * dy)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            node = self.node_at(event.pos())
            analysis, shown = self._selection.analysis, self._selection.view
            if node > 0 and analysis is not None and shown is not None:
                text = f"/{display_name(analysis.stack.tree.path(node))}\n{size_text(int(shown.total[node]))}"
                QToolTip.showText(event.globalPos(), tooltip_text(text), self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._timer.start()
        super().resizeEvent(event)

    def _name(self) -> None:
        """Say the largest folders to those who cannot see the map."""
        analysis, shown = self._selection.analysis, self._selection.view
        if analysis is None or shown is None:
            return
        children = analysis.stack.tree.children(self._selection.zoom)
        largest = children[np.argsort(-shown.total[children], kind="stable")[:3]].tolist()
        names = ", ".join(
            f"{display_name(analysis.stack.tree.name(n))} {size_text(int(shown.total[n]))}"
            for n in largest
        )
        self.setAccessibleName(tr("Treemap, largest: {names}", names=names))


_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_TOP_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)


def _area(tile: tuple[int, int, int, int, int]) -> int:
    return -tile[2] * tile[3]


def _clock() -> float:
    import time

    return time.perf_counter()
