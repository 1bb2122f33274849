"""Presentation mode: the whole screen for what is shown, larger type, nothing that tells whose machine it is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QApplication,
    QHeaderView,
    QTableView,
    QTreeView,
    QWidget,
)
from shiboken6 import isValid

from explorer.gui.actions import EXPORTS
from explorer.gui.privacy import Curtain, cover_for
from explorer.gui.widgets.plain_label import PlainLabel, set_cover

if TYPE_CHECKING:
    from explorer.gui.main_window import MainWindow
    from explorer.gui.widgets.treemap import Treemap

# Type is 40 % larger, more on a screen of more lines than these: who sits at the back sees shares of it, not pixels.
SCALE, _USUAL_LINES = 1.4, 1000
# Names on tiles have at least so many points, usually about eight.
TILE_POINTS, _USUAL_TILE_POINTS = 14.0, 8.0
# How treemap_picture.py makes a label's height from its font's.
_LABEL_SHARE = 0.68
# The most that the left column may take of the page.
_LEFT_SHARE = 0.4
_ROW_PADDING = 6
# Wider columns hold words, which may be cut; narrower ones figures and their bars.
_NARROW = 175
# Commands whose dialogs show folders, hosts and endpoints.
_PRIVATE = ("open", "open_archive", "compare", "save_snapshot", "preferences", "about", *EXPORTS)


class Presentation(QObject):
    """F11 enters and leaves, Esc leaves; what was hidden and small before comes back as it was."""

    changed = Signal(bool)

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.scale = SCALE
        self._curtain = Curtain(self.adopt, self)
        self._font: QFont | None = None  # the application's while presenting
        self._known: set[QWidget] = set()
        self._came: list[QWidget] = []
        # Fonts first: the least heights and widths of what is laid out follow from them.
        self._undo_fonts: list[tuple[QWidget, Callable[[], object]]] = []
        self._undo: list[tuple[QWidget, Callable[[], object]]] = []
        self._state = window.windowState()
        self._escape = QShortcut(QKeySequence("Esc"), window)
        self._escape.setEnabled(False)
        self._escape.activated.connect(self.leave)

    @property
    def on(self) -> bool:
        """Whether the window is presenting."""
        return self._font is not None

    def toggle(self) -> None:
        """Enter, or leave."""
        if self.on:
            self.leave()
        else:
            self.enter()

    def enter(self) -> None:
        """Show nothing but the page, large and in strong contrast."""
        application = QApplication.instance()
        if self.on or not isinstance(application, QApplication):
            return
        window = self._window
        self._font, self._state = application.font(), window.windowState()
        self.scale = SCALE * max(1.0, window.screen().geometry().height() / _USUAL_LINES)
        before = {widget: widget.font().pointSizeF() for widget in window.findChildren(QWidget)}
        self._known = set(before)
        larger = QFont(self._font)
        larger.setPointSizeF(self._font.pointSizeF() * self.scale)
        application.setFont(larger)
        for widget, size in before.items():
            if _kept(widget, size):
                self._enlarge(widget)
            self._make_room(widget)
        self._hide()
        self._forbid()
        self._cover()
        self._curtain.draw()
        window.setWindowState(self._state | Qt.WindowState.WindowFullScreen)
        self._escape.setEnabled(True)
        window.retheme()
        self.changed.emit(True)

    def adopt(self) -> None:
        """Take in what came since presenting began: pages are made when they are first shown."""
        if self._font is None:
            return
        self._hide()
        small = self._font.pointSizeF() * (1 + self.scale) / 2
        for widget in self._window.findChildren(QWidget):
            if widget in self._known:
                continue
            self._known.add(widget)
            if 0 < widget.font().pointSizeF() < small:
                self._enlarge(widget)
            else:
                self._came.append(widget)
            self._make_room(widget)
        # Another image may have come, and with it another folder.
        self._cover()

    def leave(self) -> None:
        """Put everything back."""
        application = QApplication.instance()
        if self._font is None or not isinstance(application, QApplication):
            return
        self._curtain.lift()
        large = {w: w.font().pointSizeF() for w in self._came if isValid(w)}
        application.setFont(self._font)
        self._font = None
        for widget, size in large.items():
            # Made while type was large, with a size of its own.
            if size > 0 and _kept(widget, size):
                _resize(widget, size / self.scale)
        for widget, undo in (*reversed(self._undo_fonts), *reversed(self._undo)):
            if isValid(widget):
                undo()
        self._known, self._came, self._undo_fonts, self._undo = set(), [], [], []
        self._uncover()
        self._window.setWindowState(self._state)
        self._escape.setEnabled(False)
        self._window.retheme()
        self.changed.emit(False)

    # ---- larger

    def _enlarge(self, widget: QWidget) -> None:
        size = widget.font().pointSizeF()
        if size > 0:
            font = QFont(widget.font())
            self._undo_fonts.append((widget, lambda: widget.setFont(font)))
            _resize(widget, size * self.scale)

    def _make_room(self, widget: QWidget) -> None:
        """What was laid out for the usual type: rows and columns of tables, names on tiles, the left column."""
        # They load with the first image; nothing of theirs is in a window without one.
        from explorer.gui.models.layers import CHANGES
        from explorer.gui.pages.explore import ExplorePage
        from explorer.gui.widgets.diff_tree import DiffTreeView
        from explorer.gui.widgets.file_tree import FileTreeView
        from explorer.gui.widgets.layer_list import LayerList
        from explorer.gui.widgets.treemap import Treemap

        if isinstance(widget, QTableView):
            self._make_room_in_table(widget)
        elif isinstance(widget, LayerList):
            self._leave_out(widget.view, CHANGES)
        elif isinstance(widget, (FileTreeView, DiffTreeView)):
            header, state = widget.header(), widget.header().saveState()
            self._undo.append((header, lambda: header.restoreState(state)))
            self._undo.append((widget, lambda: widget.enlarge(1.0)))
            widget.enlarge(self.scale)
        elif isinstance(widget, QHeaderView):
            enlarged = isinstance(widget.parent(), (FileTreeView, DiffTreeView))
            if widget.orientation() == Qt.Orientation.Horizontal and not enlarged:
                self._widen(widget)
        elif isinstance(widget, Treemap):
            self._label(widget)
        elif isinstance(widget, ExplorePage):
            columns, state = widget.columns, widget.columns.saveState()
            self._undo.append((columns, lambda: columns.restoreState(state)))
            left, *others = columns.sizes()
            wider = min(round(left * self.scale), round(sum((left, *others)) * _LEFT_SHARE))
            columns.setSizes([wider, sum(others) + left - wider, 0])

    def _make_room_in_table(self, table: QTableView) -> None:
        from explorer.gui.models.findings import LAYER
        from explorer.gui.widgets.findings_table import FindingsTable

        self._heighten(table.verticalHeader(), table.fontMetrics().height() + _ROW_PADDING)
        if isinstance(table, FindingsTable):
            self._leave_out(table, LAYER)

    def _heighten(self, header: QHeaderView, needed: int) -> None:
        height = header.defaultSectionSize()
        # One that came while presenting was made for large type already.
        came = header.parent() in self._came

        def undo() -> None:
            # Tables that are not seen take their font when they are; until then their least height is the large one's.
            header.setMinimumSectionSize(1)
            usual = QFontMetrics(QApplication.font()).height() + _ROW_PADDING
            header.setDefaultSectionSize(usual if came else height)
            header.setMinimumSectionSize(-1)

        self._undo.append((header, undo))
        header.setDefaultSectionSize(max(height, needed))

    def _widen(self, header: QHeaderView) -> None:
        state = header.saveState()
        self._undo.append((header, lambda: header.restoreState(state)))
        for section in range(header.count()):
            size = header.sectionSize(section)
            stretched = header.sectionResizeMode(section) == QHeaderView.ResizeMode.Stretch
            if not stretched and size <= _NARROW:
                header.resizeSection(section, round(size * self.scale))

    def _leave_out(self, view: QTableView | QTreeView, column: int) -> None:
        """A column that says little from afar gives its room to the others."""
        if not view.isColumnHidden(column):
            view.setColumnHidden(column, True)
            self._undo.append((view, lambda: view.setColumnHidden(column, False)))

    def _label(self, treemap: Treemap) -> None:
        self._undo.append((treemap, treemap.relayout))
        self._undo.append((treemap, lambda: setattr(treemap, "enlarged", 1.0)))
        # It has no font of its own usually.
        self._undo_fonts.append((treemap, lambda: treemap.setFont(QFont())))
        font = QFont(treemap.font())
        points = TILE_POINTS * self.scale / SCALE
        wanted = points * treemap.logicalDpiY() / 72
        while QFontMetrics(font).height() * _LABEL_SHARE < wanted:
            font.setPointSizeF(font.pointSizeF() + 0.5)
        treemap.setFont(font)
        treemap.enlarged = points / _USUAL_TILE_POINTS
        treemap.relayout()

    # ---- less

    def _hide(self) -> None:
        """Controls, and all that names folders, hosts and endpoints of this machine."""
        for widget in self._unwanted():
            if not widget.isHidden():
                widget.hide()
                self._undo.append((widget, widget.show))

    def _unwanted(self) -> list[QWidget]:
        window = self._window
        unwanted: list[QWidget] = [window.rail, window.bar, window.status, window.chips]
        unwanted += [window.engine_notice, window.empty.recent, window.compare.choice.recent]
        unwanted += [tab.explore.details for tab in window.tabs.all()]
        if (startup := window.startup_place.made) is not None:
            unwanted += [startup.left, startup.engine_notice, startup.export.button]
            if startup.results.board is not None:
                unwanted += startup.results.board.further
        if (compared := window.compare.view) is not None:
            unwanted += [compared.swap, compared.choose, compared.copy, compared.export]
            unwanted += [compared.startup.open, compared.startup.again]
        if (rewrite := window.optimize.view()) is not None:
            content = rewrite.content
            unwanted += [rewrite.inputs, content.save, content.copy, content.build]
            unwanted += [content.verify, content.open_result, content.compare]
            unwanted.append(content.report)
        return unwanted

    def _forbid(self) -> None:
        """What is not visible has no key either."""
        window = self._window
        window.tabs.setTabsClosable(False)
        self._undo.append((window.tabs, lambda: window.tabs.setTabsClosable(True)))
        for name in _PRIVATE:
            action = window.actions_[name]
            action.setVisible(False)
            self._undo.append((window, partial(action.setVisible, True)))  # Qt's

    def _cover(self) -> None:
        window = self._window
        set_cover(cover_for((tab.options.reference for tab in window.tabs.all()), window.host))
        self._retell()

    def _uncover(self) -> None:
        set_cover(None)
        self._retell()

    def _retell(self) -> None:
        for label in self._window.findChildren(PlainLabel):
            label.cover()
        self._window.name_window()


def _kept(widget: QWidget, size: float) -> bool:
    """Whether a widget has a size of its own: it did not follow when the application's changed."""
    return abs(widget.font().pointSizeF() - size) < 0.01


def _resize(widget: QWidget, points: float) -> None:
    font = QFont(widget.font())
    font.setPointSizeF(points)
    widget.setFont(font)
