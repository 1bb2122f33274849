"""Presentation mode: the whole screen for what is shown, larger type, nothing that tells whose machine it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QTableView, QWidget

from explorer.gui.widgets.treemap import Treemap

if TYPE_CHECKING:
    from explorer.gui.main_window import MainWindow

# +40 %; names on tiles at least this many points (UX: "label >= 14 pt").
SCALE, TILE_POINTS = 1.4, 14.0
# How treemap_picture.py makes a label's height from its font's.
_LABEL_SHARE = 0.68


class Presentation(QObject):
    """F11 enters and leaves, Esc leaves; what was hidden and small before comes back as it was."""

    changed = Signal(bool)

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._font: QFont | None = None
        self._fonts: list[tuple[QWidget, QFont]] = []
        self._rows: list[tuple[QTableView, int]] = []
        self._hidden: list[QWidget] = []
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
        """Show nothing but the page, large."""
        application = QApplication.instance()
        if self.on or not isinstance(application, QApplication):
            return
        window = self._window
        self._font, self._state = application.font(), window.windowState()
        before = {widget: widget.font().pointSizeF() for widget in window.findChildren(QWidget)}
        larger = QFont(self._font)
        larger.setPointSizeF(self._font.pointSizeF() * SCALE)
        application.setFont(larger)
        for widget, size in before.items():
            self._enlarge(widget, size)
        self._hide()
        window.setWindowState(self._state | Qt.WindowState.WindowFullScreen)
        self._escape.setEnabled(True)
        self.changed.emit(True)

    def leave(self) -> None:
        """Put everything back."""
        application = QApplication.instance()
        if self._font is None or not isinstance(application, QApplication):
            return
        application.setFont(self._font)
        self._font = None
        for widget, font in self._fonts:
            widget.setFont(font)
        for table, height in self._rows:
            table.verticalHeader().setDefaultSectionSize(height)
        for widget in self._hidden:
            widget.show()
        self._fonts, self._rows, self._hidden = [], [], []
        self._relayout()
        self._window.setWindowState(self._state)
        self._escape.setEnabled(False)
        self.changed.emit(False)

    def adopt(self) -> None:
        """Take in what came since presenting began: pages are made when they are first shown."""
        if not self.on:
            return
        self._hide()
        for widget in self._window.findChildren(QTableView):
            self._heighten(widget)
        self._relayout()

    # ---- larger

    def _enlarge(self, widget: QWidget, before: float) -> None:
        """Widgets with a size of their own do not follow the application's."""
        if before > 0 and abs(widget.font().pointSizeF() - before) < 0.01:
            self._fonts.append((widget, QFont(widget.font())))
            font = QFont(widget.font())
            font.setPointSizeF(before * SCALE)
            widget.setFont(font)
        if isinstance(widget, QTableView):
            self._heighten(widget)
        if isinstance(widget, Treemap):
            self._label(widget)

    def _heighten(self, table: QTableView) -> None:
        if any(table is known for known, _ in self._rows):
            return
        header = table.verticalHeader()
        self._rows.append((table, header.defaultSectionSize()))
        needed = table.fontMetrics().height() + 6
        header.setDefaultSectionSize(max(header.defaultSectionSize(), needed))

    def _label(self, treemap: Treemap) -> None:
        """A font with which the names on tiles have TILE_POINTS."""
        if not any(treemap is known for known, _ in self._fonts):
            self._fonts.append((treemap, QFont(treemap.font())))
        font = QFont(treemap.font())
        wanted = TILE_POINTS * treemap.logicalDpiY() / 72
        while QFontMetrics(font).height() * _LABEL_SHARE < wanted:
            font.setPointSizeF(font.pointSizeF() + 0.5)
        treemap.setFont(font)

    def _relayout(self) -> None:
        for treemap in self._window.findChildren(Treemap):
            if self.on:
                self._label(treemap)
            treemap.relayout()

    # ---- less

    def _hide(self) -> None:
        """Controls, and all that names folders, hosts and endpoints of this machine."""
        window = self._window
        rewrite = window.optimize.view()
        unwanted = [window.rail, window.bar, window.status, window.chips, window.engine_notice]
        unwanted += [window.startup.left, window.startup.engine_notice]
        if rewrite is not None:
            unwanted.append(rewrite.inputs)
        for widget in unwanted:
            if not widget.isHidden():
                widget.hide()
                self._hidden.append(widget)
