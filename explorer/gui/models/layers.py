"""The layers as a list: base first, steps without files folded into one row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from explorer.findings.analysis import Analysis, LayerFigures
from explorer.gui.models.file_tree import ALIGNMENT, DISPLAY, RIGHT, SHARE_ROLE, TOOLTIP
from explorer.gui.theme import current_theme
from explorer.gui.widgets.plain_label import tooltip_text
from explorer.image.history import shown_instruction
from explorer.translation import ntr, tr
from explorer.units import count_text, display_text, size_text

LAYER_ROLE = int(Qt.ItemDataRole.UserRole) + 3
BACKGROUND = int(Qt.ItemDataRole.BackgroundRole)
NUMBER, INSTRUCTION, SIZE, WASTE, CHANGES = range(5)
STEP, BASE = range(2)
Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


@dataclass(frozen=True)
class BaseImage:
    """The local image that an image was built on: its name and how many of the layers are its own."""

    name: str = ""
    layers: int = 0


@dataclass(frozen=True)
class LayerRow:
    """A layer, or (`layer` -1) the metadata steps between two layers or the base image's name above its layers."""

    layer: int
    text: str
    details: str
    figures: LayerFigures | None = None
    kind: int = STEP


class LayerModel(QAbstractTableModel):
    """Columns number, instruction, size, reclaimable, changes."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._in_order: list[LayerRow] = []
        self._rows: list[LayerRow] = []
        self._largest = 1
        self._base = BaseImage()
        self._column, self._descending = NUMBER, False

    def show(self, analysis: Analysis, base: BaseImage | None = None) -> None:
        """Show another image's layers, those of its base image marked."""
        self.beginResetModel()
        self._base = base or BaseImage()
        self._in_order = layer_rows(analysis, self._base)
        self._rows = self._sorted()
        self._largest = max((figures.content_bytes for figures in analysis.layers), default=1) or 1
        self.endResetModel()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self.layoutAboutToBeChanged.emit()
        kept = self.persistentIndexList()
        before = [self._rows[index.row()] for index in kept]
        self._column, self._descending = column, order == Qt.SortOrder.DescendingOrder
        self._rows = self._sorted()
        place = {id(row): number for number, row in enumerate(self._rows)}
        moved = [
            self.index(place[id(row)], index.column())
            for row, index in zip(before, kept, strict=True)
        ]
        self.changePersistentIndexList(kept, moved)
        self.layoutChanged.emit()

    def _sorted(self) -> list[LayerRow]:
        """In the image's order, steps between layers included; by any other column the layers come first."""
        if self._column == NUMBER:
            return self._in_order[::-1] if self._descending else list(self._in_order)
        layers = [row for row in self._in_order if row.figures is not None]
        others = [row for row in self._in_order if row.figures is None]
        layers.sort(key=_KEYS[self._column], reverse=self._descending)
        return layers + others

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
            return RIGHT if column in (NUMBER, SIZE, WASTE) and row.kind == STEP else None
        if role == TOOLTIP:
            return tooltip_text(row.details)
        if role == BACKGROUND and (row.kind == BASE or 0 <= row.layer < self._base.layers):
            return current_theme().band
        if role == SHARE_ROLE and row.figures is not None and column in (SIZE, WASTE):
            size = row.figures.content_bytes if column == SIZE else row.figures.reclaimable_bytes
            return size / self._largest
        return row.layer if role == LAYER_ROLE else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if self._rows[index.row()].layer < 0:
            return Qt.ItemFlag.ItemIsEnabled
        return super().flags(index)

    def _text(self, row: LayerRow, column: int) -> str:
        if row.kind == BASE:
            # Its row spans all columns.
            return row.text if column == NUMBER else ""
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


def _figure(row: LayerRow, name: str) -> int:
    return int(getattr(row.figures, name))


_KEYS: Mapping[int, Callable[[LayerRow], Any]] = {
    INSTRUCTION: lambda row: row.text,
    SIZE: lambda row: _figure(row, "content_bytes"),
    WASTE: lambda row: _figure(row, "reclaimable_bytes"),
    CHANGES: lambda row: sum(_figure(row, name) for name in ("added", "modified", "deleted")),
}


def layer_rows(analysis: Analysis, base: BaseImage) -> list[LayerRow]:
    """The history in order under its base image, with runs of steps that wrote nothing folded together."""
    figures = {item.index: item for item in analysis.layers}
    rows: list[LayerRow] = []
    if base.layers:
        name = display_text(base.name, 200)
        text = ntr("FROM {name} · {n} layer", "FROM {name} · {n} layers", base.layers, name=name)
        rows.append(LayerRow(-1, text, text, kind=BASE))
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
        text = display_text(shown_instruction(step.created_by), 2000)
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
        "digest": tr("verified by its digest"),
        "sizes": tr("checked against the engine's sizes"),
    }
    details = [
        shown,
        display_text(diff_id),
        proof.get(figures.verified, tr("incomplete") if not figures.complete else ""),
    ]
    return LayerRow(index, shown, "\n".join(part for part in details if part), figures)
