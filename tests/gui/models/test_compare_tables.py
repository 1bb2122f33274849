"""The tables of a comparison: what stands in them, how they sort and filter, and that they sum like everything else."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from explorer.compare.pair import Pair
from explorer.gui.models.compare_tables import (
    CATEGORY_HEADS,
    CONFIG_HEADS,
    CompareRows,
    DeltaCell,
    Row,
    build_rows,
    category_rows,
    config_rows,
    finding_rows,
    layer_rows,
    module_rows,
    package_rows,
    program_rows,
    start_rows,
    start_text,
    surface_path_rows,
    surface_rows,
    waterfall_steps,
)
from explorer.gui.models.deltas import signed_share
from explorer.gui.models.diff_tree import DELTA_ROLE
from explorer.units import signed_count, signed_size
from tests.gui.comparisons import everything

pytestmark = pytest.mark.gui


def texts(rows: list[Row]) -> list[tuple[str, ...]]:
    return [tuple(cell.text for cell in row) for row in rows]


def delta(rows: list[Row]) -> int:
    return sum(cell.delta for row in rows for cell in row if isinstance(cell, DeltaCell))


@pytest.mark.parametrize("limit", [3, 4, 14, 100])
def test_that_the_waterfall_leads_from_one_size_to_the_other_exactly(limit: int) -> None:
    c = everything()
    first, *causes, last = waterfall_steps(c, "A", "B", limit)
    assert (first.end, last.end) == (c.content.a, c.content.b)
    reached = first.end
    for step in causes:
        assert step.start == reached
        reached = step.end
    assert reached == last.end
    assert len(causes) <= limit


def test_that_every_table_of_bytes_sums_to_the_difference() -> None:
    c = everything()
    assert delta(category_rows(c)) == c.content.delta
    assert delta(layer_rows(c)) == c.content.delta
    (item,) = c.binaries
    assert delta(package_rows(item)) == delta(program_rows(c.binaries)) == item.size.delta


def test_that_shared_layers_stand_in_one_row() -> None:
    rows = texts(layer_rows(everything()))
    assert rows[0][:3] == ("= shared", "0", "0")
    assert [row[0] for row in rows[1:]] == ["－ removed", "－ removed", "＋ added"]


def test_that_a_moved_program_says_where_it_was_and_what_its_build_differs_in() -> None:
    (item,) = everything().binaries
    (row,) = texts(program_rows((item,)))
    assert row == ("↔ moved, changed", "/server", "300.0 kB", "200.0 kB", "▼ −100.0 kB", "1.26 → 1.27", "/app/server")  # fmt: skip
    assert texts(module_rows(item)) == [("≠ changed", "github.com/a/b", "v1.26", "v1.27")]
    assert ("≠ changed", "-ldflags", "1.26", "1.27") in texts(build_rows(item))


def test_that_settings_and_findings_say_what_became_of_them() -> None:
    c = everything()
    assert ("≠ changed", "ENV MODE", "debug", "release") in texts(config_rows(c.config))
    assert ("＋ added", "USER", "", "1000") in texts(config_rows(c.config))
    assert {row[0] for row in texts(finding_rows(c))} <= {"－ gone", "＋ new"}
    assert any(row[1] == "Go toolchain" for row in texts(finding_rows(c)))


def test_that_the_surface_is_counted_and_its_paths_are_listed() -> None:
    c = everything()
    assert ("Shells", "1", "0", "▼ −1") in texts(surface_rows(c))
    assert ("User it runs as", "root", "1000", "▼") in texts(surface_rows(c))
    assert ("－ removed", "Shells", "/bin/sh") in texts(surface_path_rows(c))


def test_that_start_up_times_apart_from_each_other_prove_nothing() -> None:
    found = everything().startup
    assert found is not None
    assert texts(start_rows(found, "x", "y"))[0][:4] == (
        "A  x",
        "40.0 ms",
        "36.0 ms – 44.0 ms",
        "20",
    )
    assert "measured separately" in start_text(found)


def test_that_a_table_is_filtered_and_sorts_differences_by_how_much_they_are(
    qapp: QApplication,
) -> None:
    model = CompareRows(CATEGORY_HEADS, (1, 2, 3))
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.show(category_rows(everything()))
    model.sort(3, Qt.SortOrder.DescendingOrder)
    deltas = [abs(model.index(row, 3).data(DELTA_ROLE)) for row in range(model.rowCount())]
    assert deltas == sorted(deltas, reverse=True)
    assert deltas[0] == 1.0
    model.set_filter("GO TOOL")
    assert (model.rowCount(), model.count > 1) == (1, True)
    assert model.index(0, 0).data() == "Go toolchain"
    model.set_filter("")
    assert model.rowCount() == model.count
    assert model.index(0, 1).data(DELTA_ROLE) is None
    assert model.rowCount(model.index(0, 0)) == 0
    assert not QModelIndex().isValid()
    tester.deleteLater()


def test_that_hostile_values_stay_one_harmless_line(qapp: QApplication) -> None:
    from explorer.compare.pair import ConfigChange

    model = CompareRows(CONFIG_HEADS)
    model.show(config_rows([ConfigChange("ENV X", "<img src=x>\n\x1b[31m", "\u202e")]))
    assert model.index(0, 2).data() == "<img src=x>\\n\\x1b[31m"
    assert model.index(0, 3).data() == "\\u202e"
    assert "<img" not in model.index(0, 2).data(Qt.ItemDataRole.ToolTipRole)


def test_that_differences_read_with_sign_and_mark() -> None:
    assert (signed_size(-34_000_000), signed_size(1000), signed_size(0)) == ("▼ −34.0 MB", "▲ +1.0 kB", "=")  # fmt: skip
    assert (signed_count(-12), signed_count(3_000)) == ("▼ −12", "▲ +3,000")
    assert signed_share(Pair(1000, 500)) == "(−50.0%)"
    assert signed_share(Pair(10**9, 1000)) == "(−99.99%)"
    assert (signed_share(Pair(0, 5)), signed_share(Pair(5, 5))) == ("", "")
