"""Two trees as one model: lazily sorted, in pages, with the same totals as every other view."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from explorer.compare.comparison import Comparison, compare
from explorer.findings.query import parse_query
from explorer.gui.diff_figures import DEFAULT_STATES
from explorer.gui.diff_selection import DiffSelection
from explorer.gui.models import node_tree
from explorer.gui.models.deltas import ADDED, CHANGED, MOVED, REMOVED, SAME, STATES
from explorer.gui.models.diff_tree import (
    DELTA,
    DELTA_ROLE,
    NAME,
    SIZE_A,
    SIZE_B,
    STATE,
    DiffTreeModel,
)
from tests.gui.comparisons import analysed, everything
from tests.support.layers import file

pytestmark = pytest.mark.gui
Shown = tuple[DiffSelection, DiffTreeModel]


def shown(comparison: Comparison) -> Shown:
    selection = DiffSelection()
    model = DiffTreeModel(selection, selection)
    selection.changed.connect(model.renew)
    selection.set_comparison(comparison)
    return selection, model


@pytest.fixture
def both(qapp: QApplication) -> Shown:
    return shown(everything())


def at(both: Shown, path: bytes) -> QModelIndex:
    return both[1].index_of(both[0].diff.tree.find(path))


def cell(both: Shown, path: bytes, column: int) -> str:
    return str(at(both, path).siblingAtColumn(column).data())


def names(model: DiffTreeModel, parent: QModelIndex | None = None) -> list[str]:
    above = parent or QModelIndex()
    return [model.index(row, NAME, above).data() for row in range(model.rowCount(above))]


def test_that_the_model_keeps_qts_rules(
    both: Shown, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_tree, "PAGE", 2)
    selection, model = both
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    for column in range(model.columnCount()):
        model.sort(column, Qt.SortOrder.AscendingOrder)
        model.sort(column, Qt.SortOrder.DescendingOrder)
    for states in ((), STATES, (SAME,), DEFAULT_STATES):
        selection.show_states(states)
    selection.set_query(parse_query("srv size>1"))
    for node in range(len(selection.diff)):
        model.index_of(node)
    selection.set_comparison(everything())
    tester.deleteLater()


def test_that_files_that_are_the_same_are_hidden_and_still_count(both: Shown) -> None:
    selection, model = both
    assert "base" not in names(model)
    before = int(selection.total_a[0]), int(selection.total_b[0])
    selection.show_states(STATES)
    assert "base" in names(model)
    assert (int(selection.total_a[0]), int(selection.total_b[0])) == before


def test_that_the_root_is_both_images_visible_bytes(both: Shown) -> None:
    selection, _ = both
    c = selection.comparison
    assert c is not None
    assert int(selection.total_a[0]) == c.contribution.a == c.a.totals.contribution_bytes
    assert int(selection.total_b[0]) == c.contribution.b == c.b.totals.contribution_bytes
    for side, total in ((selection.a, c.contribution.a), (selection.b, c.contribution.b)):
        assert side.view is not None
        assert int(side.view.total[0]) == total


@pytest.mark.parametrize(
    ("path", "sign"),
    [
        (b"usr/local/go", REMOVED),
        (b"usr/local", REMOVED),
        (b"usr", CHANGED),
        (b"usr/lib/libc.so", CHANGED),
        (b"etc/mode", CHANGED),
        (b"server", ADDED),
        (b"new/data", MOVED),
        (b"old/data", MOVED),
        (b"gone/empty", REMOVED),
    ],
)
def test_that_each_path_has_a_sign(both: Shown, path: bytes, sign: str) -> None:
    assert cell(both, path, STATE).startswith(sign)


def test_that_cells_show_both_sides_and_the_difference(both: Shown) -> None:
    shown_cells = [cell(both, b"usr/lib/libc.so", column) for column in (SIZE_A, SIZE_B, DELTA)]
    assert shown_cells == ["900.0 kB", "950.0 kB", "▲ +50.0 kB"]
    assert cell(both, b"usr/local", SIZE_B) == "–"
    assert cell(both, b"etc/mode", STATE) == "≠ other mode or owner"
    assert cell(both, b"old/data", STATE) == "↔ /new/data"


def test_that_bars_are_relative_to_the_largest_difference(both: Shown) -> None:
    assert at(both, b"usr").data(DELTA_ROLE) == -1.0
    assert 0 < at(both, b"server").data(DELTA_ROLE) < 0.1


def test_that_the_biggest_differences_come_first_whatever_their_sign(both: Shown) -> None:
    _, model = both
    assert names(model)[:3] == ["usr", "app", "server"]
    model.sort(NAME, Qt.SortOrder.AscendingOrder)
    assert names(model) == sorted(names(model))


def test_that_counts_are_of_files_and_a_move_is_one(both: Shown) -> None:
    selection, _ = both
    diff = selection.diff
    held = dict.fromkeys(STATES, 0)
    for node in range(len(diff)):
        if diff.leaves[node]:
            held[STATES[int(selection.state[node])]] += 1
    held[MOVED] //= 2
    assert selection.counts == held
    assert selection.counts[MOVED] == 1


def test_that_a_filter_counts_only_what_it_keeps(both: Shown) -> None:
    selection, model = both
    selection.set_query(parse_query("libc.so"))
    assert names(model) == ["usr"]
    assert (int(selection.total_a[0]), int(selection.total_b[0])) == (900_000, 950_000)
    assert selection.counts == {ADDED: 0, REMOVED: 0, CHANGED: 1, MOVED: 0, SAME: 0}


def test_that_a_filter_finds_files_of_either_image(both: Shown) -> None:
    selection, model = both
    selection.set_query(parse_query("server"))
    assert sorted(names(model)) == ["app", "server"]


def test_that_stepping_through_the_changes_meets_each_once(both: Shown) -> None:
    selection, model = both
    selection.show_states(STATES)
    node, way = 0, []
    while (node := model.next_change(node, 1)) > 0:
        way.append(node)
    leaves = [
        n
        for n in range(1, len(selection.diff))
        if STATES[int(selection.state[n])] != SAME and not model.hasChildren(model.index_of(n))
    ]
    assert sorted(way) == leaves
    node, back = 0, []
    while (node := model.next_change(node, -1)) > 0:
        back.append(node)
    assert back == way[::-1]


def test_that_long_folders_are_handed_out_in_pages(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_tree, "PAGE", 10)
    a = analysed((file("x", 1),))
    b = analysed(tuple(file(f"many/{n:03}", 1000 - n) for n in range(95)))
    both = shown(compare(a, b))
    _, model = both
    many = at(both, b"many")
    assert model.rowCount(many) == 10
    assert model.canFetchMore(many)
    model.fetchMore(many)
    assert model.rowCount(many) == 20
    assert at(both, b"many/094").row() == 94
    assert model.rowCount(many) == 95
    assert not model.canFetchMore(many)


def test_that_a_file_too_far_down_leads_to_its_folder(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_tree, "PAGE", 5)
    monkeypatch.setattr(node_tree, "REVEAL_LIMIT", 20)
    both = shown(
        compare(analysed(()), analysed(tuple(file(f"many/{n:03}", 1000 - n) for n in range(50))))
    )
    tree = both[0].diff.tree
    near, far, folder = (tree.find(path) for path in (b"many/010", b"many/040", b"many"))
    assert [both[1].reachable(node) for node in (near, far)] == [near, folder]


def test_that_what_is_selected_stays_so_when_the_order_changes(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_tree, "PAGE", 10)
    both = shown(
        compare(analysed(()), analysed(tuple(file(f"{n:03}", 100 + n) for n in range(50))))
    )
    _, model = both
    from PySide6.QtCore import QPersistentModelIndex

    kept = QPersistentModelIndex(at(both, b"049"))
    model.sort(DELTA, Qt.SortOrder.AscendingOrder)
    assert kept.row() == 49
    assert kept.data() == "049"


def test_that_images_without_a_difference_show_nothing(qapp: QApplication) -> None:
    same = analysed((file("a", 5),))
    selection, model = shown(compare(same, same))
    assert names(model) == []
    assert model.next_change(0, 1) == -1
    assert selection.counts[SAME] == 2
