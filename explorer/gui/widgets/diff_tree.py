"""Both file trees in one: sizes on both sides, the difference as a bar, what became of each path."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QMenu, QWidget

from explorer.gui.diff_selection import DiffSelection
from explorer.gui.models.diff_tree import DELTA, SIZE_A, SIZE_B, STATE, DiffTreeModel
from explorer.gui.widgets.delta_bar import DeltaBarDelegate
from explorer.gui.widgets.node_tree import NodeTreeView
from explorer.gui.widgets.sorting import add_sorting
from explorer.translation import tr
from explorer.units import display_name

# Folders that hold this share of the largest difference are open at first, so many at most.
_OPEN_SHARE, _OPEN_MOST = 0.01, 12
_OPENED_SCANNED = 2000
_WIDTHS = {SIZE_A: 84, SIZE_B: 84, DELTA: 190, STATE: 220}
_NAME_WIDTH, _STATE_NARROW = 240, 90


class DiffTreeView(NodeTreeView):
    """Follows a DiffSelection; what was opened stays open while the same comparison is shown."""

    def __init__(self, selection: DiffSelection, parent: QWidget | None = None) -> None:
        self.model_ = DiffTreeModel(selection)
        super().__init__(selection, self.model_, tr("Files of both images"), _WIDTHS, DELTA, parent)
        self._selection = selection
        self._shown: object = None
        self.setItemDelegateForColumn(DELTA, DeltaBarDelegate(self))
        selection.changed.connect(self.renew)

    def renew(self) -> None:
        """Show the selection; a new comparison is opened down to what matters."""
        chosen = self._selection
        fresh = chosen.comparison is not self._shown
        opened = [] if fresh else self.opened()
        self._shown = chosen.comparison
        self._following = True
        self.model_.renew()
        self.open_all(self._telling() if fresh else opened)
        self._following = False
        self.reveal(chosen.current)

    def step_change(self, step: int) -> bool:
        """Go to the next (1) or the former (-1) change; False when there is none."""
        node = self.model_.next_change(self._selection.current, step)
        if node > 0:
            self._selection.set_current(node)
        return node > 0

    def _telling(self) -> list[int]:
        """The folders that hold most of the difference, parents first."""
        chosen = self._selection
        tree = chosen.diff.tree
        top = tree.children(0)
        most = int(chosen.churn[top].max()) if len(top) else 0
        folders = chosen.visible & (tree.end - np.arange(len(tree)) > 1)
        held = np.flatnonzero(folders & (chosen.churn >= max(_OPEN_SHARE * most, 1)))
        held = held[held > 0]
        biggest = held[np.lexsort((held, -chosen.churn[held]))][:_OPEN_MOST]
        return sorted(biggest.tolist())

    def enter(self, node: int) -> None:
        """Zoom the maps to a folder; a moved file leads to its other end."""
        if self.opens(node):
            self._selection.set_zoom(node)
        elif node:
            self._go_to_partner(node)

    def _go_to_partner(self, node: int) -> None:
        partner = int(self._selection.diff.partner[node])
        if partner >= 0:
            self._selection.set_current(partner)

    def ask_menu(self, node: int, place: QPoint) -> None:
        """Show the menu of a node, which sorts, too."""
        menu = self._menu_of(node)
        add_sorting(menu, self)
        menu.popup(place)

    def show_menu(self, node: int, place: QPoint) -> None:
        """What can be done with a path, at a place of the screen."""
        self._menu_of(node).popup(place)

    def _menu_of(self, node: int) -> QMenu:
        diff = self._selection.diff
        self._selection.set_current(node)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if diff.tree.end[node] > node + 1:
            menu.addAction(tr("Zoom here"), lambda: self._selection.set_zoom(node))
        if diff.partner[node] >= 0:
            menu.addAction(tr("Go to the other end of the move"), lambda: self._go_to_partner(node))
        text = "/" + display_name(diff.tree.path(node), 1 << 16)
        menu.addAction(tr("Copy path"), lambda: QGuiApplication.clipboard().setText(text))
        return menu

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Names keep room: the state's words go first, its sign stays."""
        super().resizeEvent(event)
        self._fit_state()

    def enlarge(self, factor: float) -> None:
        """Columns for type that is larger than usual by a factor."""
        self.widen(factor)
        self._fit_state()

    def _fit_state(self) -> None:
        others = _NAME_WIDTH + sum(_WIDTHS.values()) - _WIDTHS[STATE]
        left = self.viewport().width() - round(others * self._enlarged)
        most, least = (round(n * self._enlarged) for n in (2 * _WIDTHS[STATE], _STATE_NARROW))
        self.header().resizeSection(STATE, max(least, min(left, most)))
