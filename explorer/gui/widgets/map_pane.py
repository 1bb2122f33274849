"""The treemap with its legend: colours by category, layer or extension, faded where switched off or not asked for."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QVBoxLayout, QWidget

from explorer.filesystem.columnfile import Array
from explorer.gui.colouring import COLOURINGS, Colouring
from explorer.gui.selection import Selection
from explorer.gui.widgets.legend import Legend
from explorer.gui.widgets.treemap import Treemap


class MapPane(QWidget):
    """Colours follow the selection's view; `highlight` fades all but some rows."""

    def __init__(self, selection: Selection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selection = selection
        self._colouring: Colouring | None = None
        self._highlighted: Array | None = None
        self.legend = Legend()
        self.map = Treemap(selection)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.legend)
        layout.addWidget(self.map, 1)
        selection.view_changed.connect(self.recolour)
        self.legend.mode_changed.connect(self.recolour)
        self.legend.toggled.connect(self._fade)

    def highlight(self, rows: Array | None) -> None:
        """Fade all nodes but those of these rows (int[k]) and their folders; None fades nothing."""
        analysis = self._selection.analysis
        self._highlighted = None
        if rows is not None and analysis is not None:
            tree = analysis.stack.tree
            chosen = np.zeros(len(tree), dtype=np.int64)
            chosen[analysis.stack.node[rows]] = 1
            self._highlighted = tree.roll_up(chosen) > 0
        self._fade()

    def recolour(self) -> None:
        """Take the colours of the present view, mode and theme."""
        analysis, shown = self._selection.analysis, self._selection.view
        if analysis is None or shown is None:
            return
        if self._highlighted is not None and len(self._highlighted) != len(analysis.stack.tree):
            self._highlighted = None
        self._colouring = COLOURINGS[self.legend.mode](analysis, shown)
        self.legend.show_entries(self._colouring.entries)
        self._fade()

    def _fade(self) -> None:
        colouring, shown = self._colouring, self._selection.view
        if colouring is None or shown is None:
            return
        off = self.legend.switched_off()
        dimmed = np.isin(colouring.key, list(off)) if off else None
        # Where nothing of it can be seen, fading all would only look broken.
        lit = self._highlighted
        if lit is not None and bool((lit & (shown.total > 0))[1:].any()):
            dimmed = ~lit if dimmed is None else dimmed | ~lit
        self.map.set_colours(colouring.colours, dimmed)
