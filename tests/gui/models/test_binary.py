"""The models of one executable: the tree of its bytes and its lists."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QAbstractItemModel, QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from explorer.gobinary.modules import DEPENDENCY, MAIN, STANDARD
from explorer.gui.models.binary import (
    CODE,
    DEPENDENCY_HEADS,
    DETAIL,
    NAME,
    SHARE,
    SIZE,
    TABLES,
    BinaryTreeModel,
    RowsModel,
    dependency_rows,
    file_rows,
    init_rows,
)
from explorer.gui.models.binary_tree import REMOVABLE, SHARED, binary_tree
from tests.gui.binaries import foreign, packed, shop

pytestmark = pytest.mark.gui
_FATAL = QAbstractItemModelTester.FailureReportingMode.Fatal


def column(model: QAbstractItemModel, number: int, parent: QModelIndex | None = None) -> list[str]:
    above = parent or QModelIndex()
    return [model.index(row, number, above).data() for row in range(model.rowCount(above))]


def test_that_every_byte_of_the_file_is_somewhere_in_the_tree() -> None:
    for binary in (shop(), foreign(), packed()):
        tree = binary_tree(binary)
        assert int(tree.view.total[0]) == binary.size_bytes
        assert sum(tree.kind_bytes().values()) == binary.size_bytes


def test_that_bytes_are_told_apart_by_kind() -> None:
    assert binary_tree(shop()).kind_bytes() == {
        MAIN: 40, DEPENDENCY: 300, STANDARD: 100, SHARED: 260, REMOVABLE: 300,
    }  # fmt: skip
    assert len(binary_tree(shop()).colours()) == len(binary_tree(shop()).nodes)


def test_that_the_tree_keeps_qts_rules(qapp: QApplication) -> None:
    model = BinaryTreeModel()
    tester = QAbstractItemModelTester(model, _FATAL)
    model.show(binary_tree(shop()))
    for sorted_by in (NAME, SIZE, CODE, TABLES, DETAIL):
        model.sort(sorted_by, Qt.SortOrder.AscendingOrder)
    model.show(binary_tree(foreign()))
    tester.deleteLater()


def test_that_modules_come_first_and_packages_are_named_inside_them(qapp: QApplication) -> None:
    model = BinaryTreeModel()
    model.show(binary_tree(shop()))
    assert column(model, NAME) == [
        "of no single package", "github.com/a/b", "gopkg.in/yaml.v3", "standard library", "example.com/shop",
    ]  # fmt: skip
    assert column(model, SIZE) == ["560 B", "200 B", "100 B", "100 B", "40 B"]
    assert column(model, SHARE) == ["56.0%", "20.0%", "10.0%", "10.0%", "4.0%"]
    assert column(model, DETAIL) == ["", "v0.1.0", "", "", "v1.2.0"]
    module = model.index(1, 0)
    assert column(model, NAME, module) == ["deep", "b"]
    assert column(model, CODE, module) == ["100 B", "50 B"]
    assert column(model, TABLES, module) == ["50 B", "0 B"]


def test_that_a_module_of_one_package_is_not_opened_for_it(qapp: QApplication) -> None:
    model = BinaryTreeModel()
    model.show(binary_tree(shop()))
    assert [model.hasChildren(model.index(row, 0)) for row in range(5)] == [
        True, True, False, True, True,
    ]  # fmt: skip


def test_that_dependencies_sort_by_their_bytes_not_by_their_words(qapp: QApplication) -> None:
    model = RowsModel(DEPENDENCY_HEADS, (2,))
    tester = QAbstractItemModelTester(model, _FATAL)
    model.show(dependency_rows(shop()))
    model.sort(2, Qt.SortOrder.AscendingOrder)
    assert column(model, 0) == ["gopkg.in/yaml.v3", "github.com/a/b"]
    model.sort(0, Qt.SortOrder.AscendingOrder)
    assert column(model, 0) == ["github.com/a/b", "gopkg.in/yaml.v3"]
    assert column(model, 3) == ["", "./<b>fork</b>"]
    tester.deleteLater()


def test_that_embedded_files_and_init_packages_are_listed_with_their_bytes() -> None:
    assert [[cell.text for cell in row] for row in file_rows(shop())] == [
        ["assets/a.css", "20 B"], ["assets/b.js", "40 B"],
    ]  # fmt: skip
    assert [[cell.text for cell in row] for row in init_rows(shop())] == [
        ["runtime", "40 B"], ["github.com/a/b", "5 B"],
    ]  # fmt: skip
