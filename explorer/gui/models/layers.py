"""The layers as a list: base first, steps without files folded into one row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from explorer.findings.analysis import Analysis, LayerFigures
from explorer.gui.models.file_tree import ALIGNMENT, DISPLAY, RIGHT, SHARE_ROLE, TOOLTIP
from explorer.gui.widgets.plain_label import tooltip_text
from explorer.image.history import instruction
from explorer.translation import ntr, tr
from explorer.units import count_text, display_text, size_text

LAYER_ROLE = int(Qt.ItemDataRole.UserRole) + 3
NUMBER, INSTRUCTION, SIZE, WASTE, CHANGES = range(5)
Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


@dataclass(frozen=True)
class LayerRow:
    """A layer, or (`layer` -1) the metadata steps between two layers."""

    layer: int
    text: str
    details: str
    figures: LayerFigures | None = None


class LayerModel(QAbstractTableModel):
    """Columns number, instruction, size, reclaimable, changes."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[LayerRow] = []
        self._largest = 1

    def show(self, analysis: Analysis) -> None:
        """Show another image's layers."""
        self.beginResetModel()
        self._rows = layer_rows(analysis)
        self._largest = max((figures.content_bytes for figures in analysis.layers), default=1) or 1
        self.endResetModel()

    def row(self, number: int) -> LayerRow:
        """One row."""
        return self._rows[number]

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else 5

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = DISPLAY) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == DISPLAY:
            return ("#", tr("Instruction"), tr("Size"), tr("Waste"), tr("Changes"))[section]
        if role == ALIGNMENT and section in (NUMBER, SIZE, WASTE):
            return RIGHT
        if role == TOOLTIP:
            return tooltip_text(
                ("", tr("What made the layer"), tr("Bytes of the layer's files"),
                 tr("Bytes that the final image cannot reach"), tr("Files added, modified and removed"))[section]
            )  # fmt: skip
        return None

    def data(self, index: Index, role: int = DISPLAY) -> Any:
        row, column = self._rows[index.row()], index.column()
        if role == DISPLAY:
            return self._text(row, column)
        if role == ALIGNMENT:
            return RIGHT if column in (NUMBER, SIZE, WASTE) else None
        if role == TOOLTIP:
            return tooltip_text(row.details)
        if role == SHARE_ROLE and row.figures is not None and column in (SIZE, WASTE):
            size = row.figures.content_bytes if column == SIZE else row.figures.reclaimable_bytes
            return size / self._largest
        return row.layer if role == LAYER_ROLE else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if self._rows[index.row()].layer < 0:
            return Qt.ItemFlag.ItemIsEnabled
        return super().flags(index)

    def _text(self, row: LayerRow, column: int) -> str:
        if column == INSTRUCTION:
            return row.text
        figures = row.figures
        if figures is None:
            return ""
        if column == NUMBER:
            return str(row.layer)
        if not figures.read:
            return tr("not read") if column == SIZE else ""
        if column == SIZE:
            return size_text(figures.content_bytes)
        if column == WASTE:
            return size_text(figures.reclaimable_bytes) if figures.reclaimable_bytes else "–"
        parts = (("+", figures.added), ("~", figures.modified), ("−", figures.deleted))
        return "  ".join(f"{sign}{count_text(count)}" for sign, count in parts if count)


def layer_rows(analysis: Analysis) -> list[LayerRow]:
    """The history in order, with runs of steps that wrote nothing folded together."""
    figures = {item.index: item for item in analysis.layers}
    rows: list[LayerRow] = []
    folded: list[str] = []
    layers = iter(analysis.image.layers)

    def fold() -> None:
        if folded:
            rows.append(
                LayerRow(
                    -1,
                    ntr("{n} metadata step", "{n} metadata steps", len(folded)),
                    "\n".join(folded),
                )
            )
            folded.clear()

    for step in analysis.image.history:
        text = display_text(instruction(step.created_by), 2000)
        if step.empty_layer:
            folded.append(text)
            continue
        layer = next(layers, None)
        if layer is None:
            break
        fold()
        rows.append(_layer_row(layer.index, text, layer.diff_id, figures[layer.index]))
    fold()
    rows += [_layer_row(layer.index, "", layer.diff_id, figures[layer.index]) for layer in layers]
    return rows


def _layer_row(index: int, text: str, diff_id: str, figures: LayerFigures) -> LayerRow:
    shown = text or tr("no build history · {digest}", digest=diff_id.removeprefix("sha256:")[:12])
    proof = {
        "digest": tr("proved by its digest"),
        "sizes": tr("checked against the engine's sizes"),
    }
    details = [
        shown,
        display_text(diff_id),
        proof.get(figures.verified, tr("incomplete") if not figures.complete else ""),
    ]
    return LayerRow(index, shown, "\n".join(part for part in details if part), figures)
