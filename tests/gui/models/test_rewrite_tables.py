"""The tables of the Optimize page: predicted layers, steps of a build, checks of a verification."""

from __future__ import annotations

import pytest
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from explorer.dockerfile.rewrite.change import PredictedLayer
from explorer.dockerfile.verify.model import DIFFERS, DYNAMIC, INCONCLUSIVE, SAME, STATIC, Check
from explorer.engine.build_events import Step
from explorer.gui.models.build_steps import BuildStepsModel
from explorer.gui.models.checks import ChecksModel
from explorer.gui.models.file_tree import SHARE_ROLE, TOOLTIP
from explorer.gui.models.predicted_layers import PredictedLayersModel

pytestmark = pytest.mark.gui
Model = PredictedLayersModel | BuildStepsModel | ChecksModel


def rows(model: Model) -> list[list[str]]:
    return [
        [model.index(row, column).data() for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def watched(model: Model) -> QAbstractItemModelTester:
    return QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)


def test_that_predicted_layers_say_how_they_are_known(qapp: QApplication) -> None:
    model = PredictedLayersModel()
    keeper = watched(model)
    model.show(
        [
            PredictedLayer("base", "FROM alpine", 4000, "table"),
            PredictedLayer("program", "COPY <b>app</b>", 8000),
            PredictedLayer("base", "FROM odd", 0, "unknown"),
            PredictedLayer("kept", "", 5, "estimate"),
        ]
    )
    assert rows(model) == [
        ["FROM alpine", "4.0 kB", "from a table"],
        ["COPY <b>app</b>", "8.0 kB", "measured"],
        ["FROM odd", "?", "not known"],
        ["(no instruction)", "5 B", "estimated"],
    ]
    assert model.index(0, 1).data(SHARE_ROLE) == 0.5
    assert "&lt;b&gt;" in model.index(1, 0).data(TOOLTIP)
    model.show([])
    assert rows(model) == []
    keeper.deleteLater()


def test_that_steps_come_in_the_order_in_which_they_begin(qapp: QApplication) -> None:
    model = BuildStepsModel()
    keeper = watched(model)
    assert model.start(2, "RUN a") == 0
    assert model.start(1, "FROM b") == 1
    model.end(Step(1, "FROM b", 0.5, cached=True))
    model.end(Step(3, "COPY c", 1.0))
    assert rows(model) == [
        ["2", "RUN a", "", "… running"],
        ["1", "FROM b", "0.50 s", "= from the cache"],
        ["3", "COPY c", "1.00 s", "✓ done"],
    ]
    assert model.start(1, "FROM b") == 1
    assert rows(model)[1] == ["1", "FROM b", "", "… running"]
    model.clear()
    assert rows(model) == []
    keeper.deleteLater()


def test_that_a_build_that_ends_early_leaves_no_step_running(qapp: QApplication) -> None:
    model = BuildStepsModel()
    keeper = watched(model)
    model.start(1, "RUN a")
    model.end(Step(1, "RUN a", 1.0, error="exit code: 1"))
    model.start(2, "RUN b")
    assert model.stop(failed=True) == 0
    assert [row[3] for row in rows(model)] == ["✗ failed", "■ stopped"]
    assert "exit code: 1" in model.index(0, 1).data(TOOLTIP)
    keeper.deleteLater()


def test_that_differences_come_first_and_equal_things_last(qapp: QApplication) -> None:
    model = ChecksModel()
    keeper = watched(model)
    model.show(
        [
            Check("Config", STATIC, SAME, "Equal."),
            Check("Log", DYNAMIC, INCONCLUSIVE, "It varies."),
            Check("Ports", DYNAMIC, DIFFERS, "Old: \u202e8080."),
        ]
    )
    assert rows(model) == [
        ["Ports", "≠ differs", "run", "Old: \\u202e8080."],
        ["Log", "? not certain", "run", "It varies."],
        ["Config", "= same", "compared", "Equal."],
    ]
    keeper.deleteLater()
