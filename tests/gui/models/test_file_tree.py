"""The file tree's model over columns."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from explorer.filesystem.union import view
from explorer.findings.analysis import Analysis, analyse
from explorer.gui.models import node_tree
from explorer.gui.models.file_tree import CATEGORY, FILES, NAME, SIZE, STATUS, FileTreeModel
from tests.gui.inputs import HOSTILE_NAMES
from tests.support.layers import file, image, layer, whiteout

pytestmark = pytest.mark.gui


@pytest.fixture
def model(qapp: QApplication, analysis: Analysis) -> FileTreeModel:
    made = FileTreeModel()
    made.show(analysis, view(analysis.stack, analysis.stack.merged()))
    return made


def names(model: FileTreeModel, parent: QModelIndex | None = None) -> list[str]:
    above = parent or QModelIndex()
    return [model.index(row, NAME, above).data() for row in range(model.rowCount(above))]


def at(model: FileTreeModel, analysis: Analysis, path: bytes) -> QModelIndex:
    return model.index_of(analysis.stack.tree.find(path))


def test_that_the_model_keeps_qts_rules(model: FileTreeModel, analysis: Analysis) -> None:
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    for column in range(model.columnCount()):
        model.sort(column, Qt.SortOrder.AscendingOrder)
        model.sort(column, Qt.SortOrder.DescendingOrder)
    model.show(analysis, view(analysis.stack, analysis.stack.only(1)))
    model.show(analysis, view(analysis.stack, analysis.stack.merged()))
    tester.deleteLater()


def test_that_folders_list_what_is_biggest_first(model: FileTreeModel) -> None:
    assert names(model)[0] == "usr"
    model.sort(NAME, Qt.SortOrder.AscendingOrder)
    assert names(model) == sorted(names(model))
    model.sort(NAME, Qt.SortOrder.DescendingOrder)
    assert names(model) == sorted(names(model), reverse=True)


def test_that_only_what_the_view_shows_is_listed(model: FileTreeModel, analysis: Analysis) -> None:
    assert "doc" not in names(model, at(model, analysis, b"usr/share"))
    model.show(analysis, view(analysis.stack, analysis.stack.up_to(0)))
    assert names(model, at(model, analysis, b"usr/share")) == ["doc"]
    assert "opt" not in names(model)


def test_that_a_persistent_index_follows_its_file_through_a_sort(
    model: FileTreeModel, analysis: Analysis
) -> None:
    from PySide6.QtCore import QPersistentModelIndex

    index = QPersistentModelIndex(at(model, analysis, b"etc/motd"))
    for column in range(model.columnCount()):
        model.sort(column, Qt.SortOrder.DescendingOrder)
        assert index.data() == "motd"
        assert index.row() == at(model, analysis, b"etc/motd").row()


def test_that_cells_tell_size_files_category_and_fate(
    model: FileTreeModel, analysis: Analysis
) -> None:
    app = at(model, analysis, b"usr/bin/app")
    assert app.siblingAtColumn(SIZE).data() == "5.0 MB"
    assert app.siblingAtColumn(FILES).data() == ""
    assert at(model, analysis, b"usr/bin").siblingAtColumn(FILES).data() == "2"
    assert at(model, analysis, b"usr/bin/alias").siblingAtColumn(STATUS).data() == "hard link"
    assert at(model, analysis, b"usr/bin").siblingAtColumn(CATEGORY).data() == ""
    link = at(model, analysis, b"etc/link").siblingAtColumn(STATUS).data()
    assert link == "→ ../usr/\\xff<b>"


def test_that_hidden_files_say_what_hid_them(qapp: QApplication) -> None:
    base = layer(file("a", 10), file("b", 20, content="x"), file("c", 5))
    top = layer(whiteout("a"), file("b", content="y"), file("c", 5, mode=0o600))
    done = analyse(*image(base, top))
    model = FileTreeModel()
    model.show(done, view(done.stack, done.stack.only(0)))
    told = {name: at(model, done, name.encode()).siblingAtColumn(STATUS).data() for name in "abc"}
    assert told == {
        "a": "deleted in layer 1",
        "b": "overwritten in layer 1",
        "c": "copied again in layer 1",
    }
    model.show(done, view(done.stack, done.stack.only(1)))
    assert at(model, done, b"a").siblingAtColumn(STATUS).data() == "removes the lower one"


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_that_names_are_shown_as_one_harmless_line(
    model: FileTreeModel, analysis: Analysis, name: bytes
) -> None:
    shown = at(model, analysis, b"srv/" + name).data()
    assert shown
    assert shown.isprintable()
    assert len(shown) <= 512


def test_that_a_model_without_an_analysis_is_empty(qapp: QApplication) -> None:
    model = FileTreeModel()
    assert model.rowCount() == 0
    assert not model.hasChildren()
    assert not model.index_of(3).isValid()


def test_that_a_long_folder_is_handed_out_in_pages(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_tree, "PAGE", 10)
    monkeypatch.setattr(node_tree, "REVEAL_LIMIT", 30)
    found = analyse(*image(layer(*(file(f"many/{n:03}", 1000 - n) for n in range(60)))))
    model = FileTreeModel()
    model.show(found, view(found.stack, found.stack.merged()))
    tree = found.stack.tree
    many = model.index_of(tree.find(b"many"))
    assert (model.rowCount(many), model.canFetchMore(many)) == (10, True)
    model.fetchMore(many)
    assert names(model, many) == [f"{n:03}" for n in range(20)]
    near, far, folder = (tree.find(path) for path in (b"many/025", b"many/050", b"many"))
    assert [model.reachable(node) for node in (near, far)] == [near, folder]
    assert model.index_of(near).row() == 25
    assert model.rowCount(many) == 35
