"""The layer list with the switch between merged, one layer and up to a layer."""

from __future__ import annotations

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from explorer.findings.analysis import Analysis
from explorer.gui.models.layers import (
    BASE,
    CHANGES,
    INSTRUCTION,
    NUMBER,
    SIZE,
    WASTE,
    BaseImage,
    LayerModel,
)
from explorer.gui.selection import MERGED, ONLY, UP_TO, Selection
from explorer.gui.widgets.bars import BarDelegate
from explorer.gui.widgets.copying import name_view
from explorer.translation import tr

_SELECT_ROW = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows


class LayerList(QWidget):
    """Selecting layers limits tree and map; without a selection everything is merged."""

    def __init__(self, selection: Selection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selection = selection
        self.model = LayerModel(self)
        self._image_id = ""
        self.view = QTreeView()
        self.view.setModel(self.model)
        name_view(self.view, tr("Layers"))
        self.view.setRootIsDecorated(False)
        self.view.setUniformRowHeights(True)
        self.view.setSelectionMode(QTreeView.SelectionMode.ExtendedSelection)
        self.view.setItemDelegateForColumn(SIZE, BarDelegate(self.view))
        self.view.setItemDelegateForColumn(WASTE, BarDelegate(self.view))
        header = self.view.header()
        self.view.setSortingEnabled(True)
        header.setSortIndicator(NUMBER, Qt.SortOrder.AscendingOrder)
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(24)
        for column, width in ((NUMBER, 28), (SIZE, 66), (WASTE, 64), (CHANGES, 84)):
            header.resizeSection(column, width)
        header.setSectionResizeMode(INSTRUCTION, QHeaderView.ResizeMode.Stretch)
        self._modes = QButtonGroup(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(self._switch())
        layout.addWidget(self.view)
        self.view.selectionModel().selectionChanged.connect(self._selected)
        self.model.layoutChanged.connect(self._span_base)
        self.model.modelReset.connect(self._span_base)

    def _switch(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(0)
        texts = (
            (MERGED, tr("Merged")),
            (ONLY, tr("This layer only")),
            (UP_TO, tr("Up to this layer")),
        )
        for number, (mode, text) in enumerate(texts):
            button = QPushButton(text)
            button.setCheckable(True)
            button.setChecked(mode == MERGED)
            button.setAutoDefault(False)
            self._modes.addButton(button, number)
            row.addWidget(button, 1)
        self._modes.idClicked.connect(self._mode_clicked)
        return row

    def show_analysis(self, analysis: Analysis, base: BaseImage | None = None) -> None:
        """Show an image's layers; the ones that were selected stay so while it is the same image."""
        chosen = self._chosen() if self._image_id == analysis.image.id else []
        self._image_id = analysis.image.id
        self.view.selectionModel().blockSignals(True)
        self.model.show(analysis, base)
        for row in range(self.model.rowCount()):
            if self.model.row(row).layer in chosen:
                self.view.selectionModel().select(self.model.index(row, 0), _SELECT_ROW)
        if not chosen:
            self._modes.button(0).setChecked(True)
        self.view.selectionModel().blockSignals(False)
        self.view.viewport().update()

    def _span_base(self) -> None:
        """The base image's name takes the whole row."""
        for row in range(self.model.rowCount()):
            base = self.model.row(row).kind == BASE
            self.view.setFirstColumnSpanned(row, QModelIndex(), base)

    def reset(self) -> None:
        """Back to merged, nothing selected."""
        self.view.clearSelection()
        self._modes.button(0).setChecked(True)

    def show_layer(self, layer: int) -> None:
        """Select one layer of the image and show it alone."""
        for row in range(self.model.rowCount()):
            if self.model.row(row).layer == layer:
                self._modes.button(1).setChecked(True)
                self.view.setCurrentIndex(self.model.index(row, 0))
                self._apply()
                return

    def _mode_clicked(self, _number: int) -> None:
        if not self.view.selectionModel().hasSelection() and self._mode() != MERGED:
            for row in range(self.model.rowCount() - 1, -1, -1):
                if self.model.row(row).layer >= 0:
                    self.view.setCurrentIndex(self.model.index(row, 0))
                    return
        self._apply()

    def _selected(self, chosen: QItemSelection, _before: QItemSelection) -> None:
        if not chosen.isEmpty() and self._mode() == MERGED:
            self._modes.button(1).setChecked(True)
        if not self.view.selectionModel().hasSelection():
            self._modes.button(0).setChecked(True)
        self._apply()

    def _mode(self) -> str:
        return (MERGED, ONLY, UP_TO)[self._modes.checkedId()]

    def _chosen(self) -> list[int]:
        """The image's indexes of the selected layers."""
        rows = sorted({index.row() for index in self.view.selectionModel().selectedRows()})
        return [self.model.row(row).layer for row in rows]

    def _apply(self) -> None:
        analysis = self._selection.analysis
        if analysis is None:
            return
        chosen = self._chosen()
        stacked = tuple(
            analysis.stack_layers.index(n) for n in chosen if n in analysis.stack_layers
        )
        mode = self._mode()
        if (mode, stacked) != (self._selection.mode, self._selection.layers):
            self._selection.set_mode(mode, stacked)
