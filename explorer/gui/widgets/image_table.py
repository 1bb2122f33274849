"""A table of images that are waiting for their list, have it, or say why there is none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QItemSelectionModel, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QStackedWidget, QTableView, QWidget

from explorer.errors import ExplorerError
from explorer.gui.models.images import CREATED, ID, NAME, PLATFORM, SIZE, ImageRow, ImagesModel
from explorer.gui.pages.loading import LoadingPage
from explorer.gui.pages.problem import ProblemPage
from explorer.gui.widgets.copying import name_view
from explorer.gui.widgets.notice import Action
from explorer.gui.widgets.plain_label import PlainLabel

_SELECT_ROW = (
    QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
)
_BIGGEST_FIRST = (SIZE, CREATED)


class ImageTable(QStackedWidget):
    """Enter and double click open what is selected."""

    opened = Signal()
    selection_changed = Signal()
    cancelled = Signal()

    def __init__(self, columns: Sequence[int], name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = ImagesModel(columns, self)
        self.table = QTableView()
        self.table.setModel(self.model)
        name_view(self.table, name)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.setTabKeyNavigation(False)
        self.table.setSortingEnabled(True)
        self.table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        self.loading = LoadingPage()
        self.problem = ProblemPage()
        self._invitation = PlainLabel()
        self._invitation.setWordWrap(True)
        self._invitation.setAlignment(Qt.AlignmentFlag.AlignCenter)
        for page in (self.table, self.loading, self.problem, self._invitation):
            self.addWidget(page)
        self._size_columns(columns)
        self.table.activated.connect(lambda _: self.opened.emit())
        self.table.selectionModel().selectionChanged.connect(
            lambda *_: self.selection_changed.emit()
        )
        self.model.modelReset.connect(self._select_first)
        self.loading.cancelled.connect(self.cancelled)

    def _size_columns(self, columns: Sequence[int]) -> None:
        header = self.table.horizontalHeader()
        metrics = self.fontMetrics()
        samples = {SIZE: "888.8 MB", CREATED: "8888-88-88 88:88", ID: "8" * 13}
        for section, column in enumerate(columns):
            if column == NAME:
                header.setSectionResizeMode(section, QHeaderView.ResizeMode.Stretch)
                continue
            title = str(self.model.headerData(section, Qt.Orientation.Horizontal))
            wide = max(metrics.horizontalAdvance(text) for text in (title + "  ▾", samples.get(column, "linux/arm/v8")))  # fmt: skip
            header.resizeSection(section, wide + 16)
        first = next((c for c in _BIGGEST_FIRST if c in columns), NAME)
        order = Qt.SortOrder.DescendingOrder if first != NAME else Qt.SortOrder.AscendingOrder
        self.table.sortByColumn(list(columns).index(first), order)

    def wait(self, what: str) -> None:
        """Say that the list is being made."""
        self.loading.begin(what)
        self.setCurrentWidget(self.loading)
        self.selection_changed.emit()

    def show_rows(self, rows: Iterable[ImageRow]) -> None:
        """Show the list."""
        self.loading.end()
        self.model.show(rows)
        for section in range(self.model.columnCount()):
            # Older engines do not tell the platform in their list.
            if self.model.column(section) == PLATFORM:
                self.table.setColumnHidden(section, not self.model.says(PLATFORM))
        self.setCurrentWidget(self.table)
        self.selection_changed.emit()

    def show_problem(self, title: str, error: ExplorerError, *actions: Action) -> None:
        """Say why there is no list."""
        self.loading.end()
        self.model.show([])
        self.problem.show_problem(title, error, *actions)
        self.setCurrentWidget(self.problem)
        self.selection_changed.emit()

    def invite(self, text: str) -> None:
        """Say what to do first."""
        self.loading.end()
        self.model.show([])
        self._invitation.setText(text)
        self.setCurrentWidget(self._invitation)
        self.selection_changed.emit()

    @property
    def listed(self) -> bool:
        """Whether the list is what is shown."""
        return self.currentWidget() is self.table

    def chosen(self) -> list[ImageRow]:
        """The selected images, from top to bottom."""
        if not self.listed:
            return []
        rows = {index.row() for index in self.table.selectionModel().selectedRows()}
        return [self.model.row(row) for row in sorted(rows)]

    def select(self, row: int) -> None:
        """Select one image."""
        self.table.selectionModel().setCurrentIndex(self.model.index(row, 0), _SELECT_ROW)

    def _select_first(self) -> None:
        if self.model.rowCount():
            self.select(0)
            self.table.scrollToTop()
        self.selection_changed.emit()
