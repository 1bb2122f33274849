"""The findings' model: order, dismissals, texts."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from explorer.findings.analysis import Analysis, analyse
from explorer.gui.models.findings import (
    CONFIDENCE,
    LAYER,
    SAVING,
    TITLE,
    FindingsModel,
    finding_key,
)
from tests.support.layers import file, image, layer, whiteout

pytestmark = pytest.mark.gui


@pytest.fixture
def wasteful() -> Analysis:
    """Two layers that each delete what came before, and a cache."""
    return analyse(
        *image(
            layer(file("data/a", 9000), file("data/b", 400), file("var/lib/apt/lists/x", 7000)),
            layer(whiteout("data/a")),
            layer(whiteout("data/b")),
        )
    )


@pytest.fixture
def model(qapp: QApplication, wasteful: Analysis) -> FindingsModel:
    made = FindingsModel()
    made.show(wasteful, set())
    return made


def column(model: FindingsModel, number: int) -> list[str]:
    return [model.index(row, number).data() for row in range(model.rowCount())]


def test_that_the_model_keeps_qts_rules(model: FindingsModel, wasteful: Analysis) -> None:
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    for number in range(model.columnCount()):
        model.sort(number, Qt.SortOrder.AscendingOrder)
        model.sort(number, Qt.SortOrder.DescendingOrder)
    model.dismiss(finding_key(model.finding(0)))
    model.show(wasteful, set())
    tester.deleteLater()


def test_that_the_biggest_finding_is_first(model: FindingsModel) -> None:
    assert column(model, SAVING) == ["9.0 kB", "7.0 kB", "400 B"]
    model.sort(SAVING, Qt.SortOrder.AscendingOrder)
    assert column(model, SAVING) == ["400 B", "7.0 kB", "9.0 kB"]
    model.sort(TITLE, Qt.SortOrder.AscendingOrder)
    assert column(model, TITLE) == sorted(column(model, TITLE))


def test_that_each_layers_finding_is_dismissed_alone(model: FindingsModel) -> None:
    first = model.finding(0)
    model.dismiss(finding_key(first))
    assert column(model, SAVING) == ["7.0 kB", "400 B"]
    assert [finding.bytes for finding in model.hidden()] == [9000]
    assert model.dismissed == {finding_key(first)}
    model.restore(finding_key(first))
    assert column(model, SAVING) == ["9.0 kB", "7.0 kB", "400 B"]
    assert model.hidden() == []


def test_that_the_total_leaves_out_what_is_dismissed(model: FindingsModel) -> None:
    assert model.total() == 16400
    model.dismiss(finding_key(model.finding(0)))
    assert model.total() == 7400


def test_that_cells_tell_layer_and_confidence(model: FindingsModel) -> None:
    assert column(model, LAYER) == ["0", "0", "0"]
    assert set(column(model, CONFIDENCE)) <= {"● High", "◐ Medium", "○ Info"}
    tip = model.index(0, TITLE).data(Qt.ItemDataRole.ToolTipRole)
    assert tip.startswith('<p style="white-space:pre-wrap">')
