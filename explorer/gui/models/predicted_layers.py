"""The layers of an image as a rewrite sees them: text, bytes, share, and how the bytes are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from explorer.dockerfile.rewrite.change import PredictedLayer
from explorer.gui.models.file_tree import ALIGNMENT, DISPLAY, RIGHT, SHARE_ROLE, TOOLTIP
from explorer.gui.widgets.plain_label import tooltip_text
from explorer.translation import mark, tr
from explorer.units import display_text, size_text

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
LAYER, SIZE, BASIS = range(3)
_BASES = {
    "measured": mark("measured"),
    "table": mark("from a table"),
    "estimate": mark("estimated"),
    "unknown": mark("not known"),
}


class PredictedLayersModel(QAbstractTableModel):
    """Rows in the order of the layers, base first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._layers: tuple[PredictedLayer, ...] = ()
        self._largest = 1

    def show(self, layers: Sequence[PredictedLayer]) -> None:
        """Show these layers."""
        self.beginResetModel()
        self._layers = tuple(layers)
        self._largest = max((layer.bytes for layer in layers), default=0) or 1
        self.endResetModel()

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._layers)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else 3

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = DISPLAY) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == DISPLAY:
            return (tr("Layer"), tr("Content"), tr("How known"))[section]
        return RIGHT if role == ALIGNMENT and section == SIZE else None

    def data(self, index: Index, role: int = DISPLAY) -> Any:
        layer, column = self._layers[index.row()], index.column()
        if role == DISPLAY:
            return (
                display_text(layer.text) or tr("(no instruction)"),
                size_text(layer.bytes) if layer.basis != "unknown" else "?",
                tr(_BASES.get(layer.basis, layer.basis)),
            )[column]
        if role == ALIGNMENT:
            return RIGHT if column == SIZE else None
        if role == TOOLTIP:
            return tooltip_text(display_text(layer.text, 2000))
        if role == SHARE_ROLE and column == SIZE:
            return layer.bytes / self._largest
        return None
