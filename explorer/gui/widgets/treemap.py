"""The treemap: every file a tile, coloured by cause; the same nodes as the file tree, drawn from one id buffer."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QHelpEvent,
    QHideEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from explorer.filesystem.columnfile import Array
from explorer.filesystem.tree import FileTree
from explorer.filesystem.union import View
from explorer.gui.selection import Navigation
from explorer.gui.theme import Theme, current_theme
from explorer.gui.widgets.plain_label import tooltip_text
from explorer.gui.widgets.treemap_layout import Layout, fill_ids, layout_steps
from explorer.gui.widgets.treemap_picture import Picture
from explorer.translation import tr
from explorer.units import display_name, size_text

_RELAYOUT_MS = 120
# A slice of layout work between two events, in seconds.
_SLICE_SECONDS = 0.008
# Between the slices of a map that nobody sees: another page is in front, and its work comes first.
_HIDDEN_MS = 60


class Treemap(QWidget):
    """Follows a Navigation; colours come per node from `set_colours`. Laid out in slices, so that nothing stalls."""

    activated = Signal(int)
    menu_wanted = Signal(int, QPoint)
    previewed = Signal(int)

    def __init__(self, navigation: Navigation, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._navigation = navigation
        self._colours: Array = np.zeros((1, 3), dtype=np.uint8)
        self._dimmed: Array | None = None
        self._layout: Layout | None = None
        self._ids: Array = np.full((1, 1), -1, dtype=np.int32)
        self._image = QImage()
        self._overlay: tuple[Theme, QImage] | None = None
        self._boxes: dict[int, tuple[int, int, int, int]] = {}
        # The layout that grows, with the tree and view it is of; the shown one's stand beside it.
        self._steps: Iterator[Layout] | None = None
        self._pending: Layout | None = None
        self._source: tuple[FileTree, View] | None = None
        self._shown: tuple[FileTree, View] | None = None
        self._hover = -1
        self._tips = True
        # How much larger than usual names are, and the room for them.
        self.enlarged = 1.0
        self._timer = QTimer(self, singleShot=True, interval=_RELAYOUT_MS)
        self._timer.timeout.connect(self.relayout)
        self._slice = QTimer(self, interval=0)
        self._slice.timeout.connect(self._advance)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumHeight(220)
        self.setAccessibleName(tr("Treemap"))
        self.setAccessibleDescription(tr("Use the file tree for the full list."))
        navigation.view_changed.connect(self.relayout)
        navigation.zoom_changed.connect(self.relayout)
        navigation.current_changed.connect(self.update)

    # ---- what is drawn

    def set_colours(self, colours: Array, dimmed: Array | None = None) -> None:
        """Colour each node (uint8[n, 3]); nodes where `dimmed` is true are faded."""
        self._colours, self._dimmed = colours, dimmed
        # A layout that is under way brings its own picture soon.
        if self._steps is None:
            self._paint_image()
            self.update()

    def set_tips(self, *, on: bool) -> None:
        """Whether a tile's path and size come up as a tooltip."""
        self._tips = on

    def relayout(self) -> None:
        """Lay out anew; the old picture stays until the new one is ready."""
        tree, shown = self._navigation.tree, self._navigation.view
        if tree is None or shown is None or self.width() < 4 or self.height() < 4:
            return
        if self._shown is not None and self._shown[0] is not tree:
            # Node ids of another tree mean nothing here.
            self._ids, self._boxes, self._hover = np.full((1, 1), -1, dtype=np.int32), {}, -1
        ratio = self.devicePixelRatioF()
        width, height = round(self.width() * ratio), round(self.height() * ratio)
        self._source = tree, shown
        self._steps = layout_steps(
            tree, shown, self._navigation.zoom, width, height, ratio * self.enlarged, self.share()
        )
        self._slice.start(0 if self.isVisible() else _HIDDEN_MS)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._slice.setInterval(0)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._slice.setInterval(_HIDDEN_MS)

    def share(self) -> float:
        """How much of the area the map takes, 1.0 for all."""
        return 1.0

    @property
    def drawing(self) -> bool:
        """Whether a layout is under way."""
        return self._steps is not None

    def finish_layout(self) -> None:
        """Finish a layout that is under way at once."""
        while self._steps is not None:
            self._advance()

    def _advance(self) -> None:
        """Work for one slice."""
        clock = time.perf_counter()
        while self._steps is not None and time.perf_counter() - clock < _SLICE_SECONDS:
            layout = next(self._steps, None)
            if layout is None:
                self._steps = None
                break
            self._pending = layout
        if self._steps is None:
            self._slice.stop()
            self._take(self._pending)

    def _take(self, layout: Layout | None) -> None:
        """Show a finished layout."""
        if layout is None:
            return
        self._layout, self._shown = layout, self._source
        self._ids = fill_ids(layout)
        self._overlay = None
        self._boxes = {tile[4]: tile[:4] for tile in layout.tiles}
        for x, y, w, h, node, last, _ in layout.frames:
            self._boxes[node] = self._boxes[last] = (x, y, w, h)
        self._paint_image()
        self._name()
        self.update()

    def _paint_image(self) -> None:
        """One lookup colours the whole picture; borders, frames and labels are drawn over it."""
        picture = self.picture()
        if picture is None:
            return
        if self._overlay is None or self._overlay[0] is not picture.theme:
            self._overlay = picture.theme, picture.overlay()
        self._image = picture.image(self._ids, self._overlay[1])

    def picture(self) -> Picture | None:
        """What is drawn now, None while nothing is; an export draws it anew."""
        if self._shown is None or self._layout is None or len(self._colours) != len(self._shown[0]):
            return None
        return Picture(
            *self._shown,
            self._layout,
            self._colours,
            self._dimmed,
            current_theme(),
            self.font(),
            self.devicePixelRatioF(),
        )

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), current_theme().background)
        if self._image.isNull() or self._layout is None:
            painter.setPen(current_theme().muted)
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, tr("Nothing to draw"))
            return
        painter.drawImage(self.rect(), self._image)
        if self._image.size() == QSize(self._layout.width, self._layout.height):
            self._draw_marks(painter)

    def _draw_marks(self, painter: QPainter) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for node, colour, width in (
            (self._hover, QColor(255, 255, 255, 160), 1),
            (self._navigation.current, QColor("#ffffff"), 2),
        ):
            box = self._box(node)
            if box.isValid() and node > 0:
                # Around the tile, so that its name stays readable.
                painter.setPen(QPen(QColor("#000000"), width + 2))
                painter.drawRect(box.adjusted(0, 0, -1, -1))
                painter.setPen(QPen(colour, width))
                painter.drawRect(box.adjusted(0, 0, -1, -1))
        if self.hasFocus():
            painter.setPen(QPen(self.palette().highlight().color(), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))

    def _box(self, node: int) -> QRect:
        """Where a node is drawn, in logical pixels; invalid when it is not."""
        x, y, w, h = self._boxes.get(node, (0, 0, 0, 0))
        ratio = self.devicePixelRatioF()
        return QRect(round(x / ratio), round(y / ratio), round(w / ratio), round(h / ratio))

    # ---- what people do

    def node_at(self, place: QPoint) -> int:
        """The node under a place of the widget, -1 for none."""
        ratio = self.devicePixelRatioF()
        x, y = int(place.x() * ratio), int(place.y() * ratio)
        height, width = self._ids.shape
        return int(self._ids[y, x]) if 0 <= x < width and 0 <= y < height else -1

    def show_hover(self, node: int) -> None:
        """Mark a node that another view has the mouse on, or the folder that it is drawn in; -1 for none."""
        tree = self._navigation.tree
        while tree is not None and node > 0 and node not in self._boxes:
            node = int(tree.parent[node])
        if node != self._hover:
            self._hover = node
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        node = self.node_at(event.position().toPoint())
        if node != self._hover:
            self._hover = node
            self._navigation.hovered.emit(node)
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hover = -1
        self._navigation.hovered.emit(-1)
        self.update()
        super().leaveEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        node = self.node_at(event.position().toPoint())
        if node >= 0 and event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            self._navigation.set_current(node)
        elif event.button() == Qt.MouseButton.BackButton:
            self._navigation.zoom_out()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.zoom_to(self.node_at(event.position().toPoint()))

    def zoom_to(self, node: int) -> None:
        """Zoom one step from the present root towards a node; a file next to the root is activated."""
        tree = self._navigation.tree
        if tree is None or node <= 0:
            return
        way = [n for n in tree.ancestors(node) if n > self._navigation.zoom]
        if way and tree.end[way[0]] > way[0] + 1:
            self._navigation.set_zoom(way[0])
        else:
            self.activated.emit(node)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.angleDelta().y() > 0:
            self.zoom_to(self.node_at(event.position().toPoint()))
        elif event.angleDelta().y() < 0:
            self._navigation.zoom_out()
        event.accept()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        keyboard = event.reason() == QContextMenuEvent.Reason.Keyboard
        node = self._navigation.current if keyboard else self.node_at(event.pos())
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
            self._navigation.zoom_out()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.zoom_to(self._navigation.current)
        elif key == Qt.Key.Key_Space:
            self.previewed.emit(self._navigation.current)
        elif key in steps:
            self._step(*steps[Qt.Key(key)])
        else:
            super().keyPressEvent(event)

    def _step(self, dx: int, dy: int) -> None:
        """Move the current node to its spatial neighbour."""
        box = self._box(self._navigation.current)
        place = box.center() if box.isValid() else self.rect().center()
        own = self._navigation.current
        while self.rect().contains(place):
            node = self.node_at(place)
            if node >= 0 and node != own:
                self._navigation.set_current(node)
                return
            place += QPoint(3 * dx, 3 * dy)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            node = self.node_at(event.pos())
            tree, shown = self._navigation.tree, self._navigation.view
            if node > 0 and tree is not None and shown is not None and self._tips:
                QToolTip.showText(event.globalPos(), tooltip_text(self.tip(node)), self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def tip(self, node: int) -> str:
        """What the tooltip of a node says."""
        tree, shown = self._navigation.tree, self._navigation.view
        assert tree is not None
        assert shown is not None
        return f"/{display_name(tree.path(node))}\n{size_text(int(shown.total[node]))}"

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._timer.start()
        super().resizeEvent(event)

    def _name(self) -> None:
        """Say the largest folders to those who cannot see the map."""
        tree, shown = self._navigation.tree, self._navigation.view
        if tree is None or shown is None:
            return
        children = tree.children(self._navigation.zoom)
        largest = children[np.argsort(-shown.total[children], kind="stable")[:3]].tolist()
        names = ", ".join(
            f"{display_name(tree.name(n))} {size_text(int(shown.total[n]))}" for n in largest
        )
        self.setAccessibleName(tr("Treemap, largest: {names}", names=names))
