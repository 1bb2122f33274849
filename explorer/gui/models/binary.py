"""Qt models of one executable: the tree of its bytes, and the lists of dependencies, embedded files and init packages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)

from explorer.gobinary.binary import GoBinary
from explorer.gobinary.buildinfo import Module
from explorer.gui.models.binary_tree import BinaryTree, Node
from explorer.gui.models.file_tree import (
    ACCESSIBLE,
    ALIGNMENT,
    DISPLAY,
    RIGHT,
    SHARE_ROLE,
    TOOLTIP,
    biggest_first,
)
from explorer.gui.widgets.plain_label import tooltip_text
from explorer.translation import mark, tr
from explorer.units import count_text, display_text, share_text, size_text

NAME, SIZE, SHARE, CODE, TABLES, DETAIL = range(6)
Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
_HEADS = (mark("Module, package"), mark("Bytes"), mark("Of the file"), mark("Code"), mark("Tables"), mark("Version"))  # fmt: skip
_TABLES_HINT = mark("What the runtime's tables hold about the package's functions")


class BinaryTreeModel(QAbstractItemModel):
    """The nodes of a BinaryTree; internal ids are their numbers."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._shown: BinaryTree | None = None
        self._children: dict[int, list[int]] = {}
        self._row_of: dict[int, int] = {}
        self._column, self._descending = SIZE, True

    def show(self, shown: BinaryTree) -> None:
        """Show another executable."""
        self.beginResetModel()
        self._shown = shown
        self._children.clear()
        self._row_of.clear()
        self.endResetModel()

    def node(self, index: Index) -> int:
        """The number of an index's node, 0 for the root."""
        return int(index.internalId()) if index.isValid() else 0

    def index_of(self, number: int) -> QModelIndex:
        """The index of a node, invalid for the root and for none."""
        if self._shown is None or not 0 < number < len(self._shown.nodes):
            return QModelIndex()
        self._list(int(self._shown.tree.parent[number]))
        return self.createIndex(self._row_of[number], 0, number)

    def index(self, row: int, column: int, parent: Index = _NOWHERE) -> QModelIndex:
        children = self._list(self.node(parent))
        if 0 <= row < len(children) and 0 <= column < len(_HEADS):
            return self.createIndex(row, column, children[row])
        return QModelIndex()

    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]  # Qt overloads it with QObject.parent()
        if not index.isValid() or self._shown is None:
            return QModelIndex()
        return self.index_of(int(self._shown.tree.parent[index.internalId()]))

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.column() > 0 else len(self._list(self.node(parent)))

    def columnCount(self, _parent: Index = _NOWHERE) -> int:
        return len(_HEADS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = DISPLAY) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == DISPLAY:
            return tr(_HEADS[section])
        if role == TOOLTIP and section == TABLES:
            return tooltip_text(tr(_TABLES_HINT))
        return RIGHT if role == ALIGNMENT and SIZE <= section <= TABLES else None

    def data(self, index: Index, role: int = DISPLAY) -> Any:
        assert self._shown is not None
        node = self._shown.nodes[index.internalId()]
        if role == DISPLAY:
            return self._text(node, index.column())
        if role == ALIGNMENT:
            return RIGHT if SIZE <= index.column() <= TABLES else None
        if role == SHARE_ROLE:
            above = self._shown.nodes[max(int(self._shown.tree.parent[index.internalId()]), 0)]
            return node.total / above.total if above.total else 0.0
        if role == TOOLTIP:
            return tooltip_text(
                f"{display_text(node.name or node.label)}\n{count_text(node.total)} B"
            )
        if role == ACCESSIBLE:
            return f"{display_text(node.label)}, {size_text(node.total)}"
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self.layoutAboutToBeChanged.emit()
        kept = self.persistentIndexList()
        self._column, self._descending = column, order == Qt.SortOrder.DescendingOrder
        self._children.clear()
        self._row_of.clear()
        moved = [
            self.createIndex(self.index_of(self.node(i)).row(), i.column(), self.node(i))
            for i in kept
        ]
        self.changePersistentIndexList(kept, moved)
        self.layoutChanged.emit()

    def _text(self, node: Node, column: int) -> str:
        assert self._shown is not None
        if column == NAME:
            return display_text(node.label)
        if column == SIZE:
            return size_text(node.total)
        if column == SHARE:
            return share_text(node.total, self._shown.nodes[0].total)
        if column == DETAIL:
            return display_text(node.detail)
        value = node.code if column == CODE else node.tables
        return size_text(value) if value >= 0 else ""

    def _list(self, number: int) -> list[int]:
        children = self._children.get(number)
        if children is None:
            if self._shown is None:
                return []
            nodes = self._shown.nodes
            keys = {
                NAME: lambda n: nodes[n].label,
                CODE: lambda n: nodes[n].code,
                TABLES: lambda n: nodes[n].tables,
                DETAIL: lambda n: nodes[n].detail,
            }
            children = sorted(
                self._shown.tree.children(number).tolist(),
                key=keys.get(self._column, lambda n: nodes[n].total),
                reverse=self._descending,
            )
            self._children[number] = children
            self._row_of.update(zip(children, range(len(children)), strict=True))
        return children


@dataclass(frozen=True)
class Cell:
    """What a cell shows and what it is sorted by."""

    text: str
    key: str | int


class RowsModel(QAbstractTableModel):
    """A plain table of cells; `numbers` are the columns that hold numbers, sorted descending at first."""

    def __init__(
        self, heads: Sequence[str], numbers: Sequence[int] = (), parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._heads, self._numbers = tuple(heads), frozenset(numbers)
        self._rows: list[tuple[Cell, ...]] = []

    def show(self, rows: Sequence[tuple[Cell, ...]]) -> None:
        """Show other rows."""
        self.beginResetModel()
        self._rows = list(rows)
        self.endResetModel()

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._heads)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = DISPLAY) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == DISPLAY:
            return tr(self._heads[section])
        if section not in self._numbers:
            return None
        return RIGHT if role == ALIGNMENT else biggest_first(role)

    def data(self, index: Index, role: int = DISPLAY) -> Any:
        cell = self._rows[index.row()][index.column()]
        if role == DISPLAY:
            return cell.text
        if role == TOOLTIP:
            return tooltip_text(cell.text)
        return RIGHT if role == ALIGNMENT and index.column() in self._numbers else None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if not 0 <= column < len(self._heads):
            return
        self.layoutAboutToBeChanged.emit()
        kept = self.persistentIndexList()
        before = [self._rows[index.row()] for index in kept]
        self._rows.sort(
            key=lambda row: row[column].key, reverse=order == Qt.SortOrder.DescendingOrder
        )
        place = {id(row): number for number, row in enumerate(self._rows)}
        moved = [
            self.index(place[id(row)], index.column())
            for row, index in zip(before, kept, strict=True)
        ]
        self.changePersistentIndexList(kept, moved)
        self.layoutChanged.emit()


DEPENDENCY_HEADS = (mark("Module"), mark("Version"), mark("Bytes attributed"), mark("Replaced by"), mark("Checksum"))  # fmt: skip
FILE_HEADS = (mark("Embedded file"), mark("Size"))
INIT_HEADS = (mark("Package with work before main"), mark("Its code"))


def dependency_rows(binary: GoBinary) -> list[tuple[Cell, ...]]:
    """Modules with their versions, and the bytes attributed to their packages."""
    sizes: dict[str, int] = {}
    for package in binary.packages:
        sizes[package.module] = sizes.get(package.module, 0) + package.total_bytes
    return [
        (
            _cell(module.path),
            _cell(module.version),
            Cell(size_text(sizes.get(module.path, 0)), sizes.get(module.path, 0)),
            _cell(_replacement(module)),
            _cell(module.sum),
        )
        for module in binary.dependencies or ()
    ]


def file_rows(binary: GoBinary) -> list[tuple[Cell, ...]]:
    """Embedded files and their sizes."""
    return [(_cell(f.name), Cell(size_text(f.bytes), f.bytes)) for f in binary.embedded_files]


def init_rows(binary: GoBinary) -> list[tuple[Cell, ...]]:
    """Packages that work before main, and the code of that work."""
    return [
        (_cell(item.name), Cell(size_text(item.code_bytes), item.code_bytes))
        for item in binary.init_packages
    ]


def _replacement(module: Module) -> str:
    return f"{module.replace.path} {module.replace.version}".strip() if module.replace else ""


def _cell(text: str) -> Cell:
    return Cell(display_text(text), text)
