"""The start-up tab of a comparison: verdict, runs as a chart, where it was measured, and how to measure both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from explorer.coldstart.store import Store
from explorer.compare.comparison import Comparison
from explorer.compare.startup import StartUp, start_up
from explorer.gui.widgets.start_pane import StartPane
from tests.coldstart.samples import sample
from tests.gui.comparisons import everything
from tests.gui.measurements import AFTER, BEFORE, HOSTILE
from tests.gui.reading import clipped, unnamed

pytestmark = pytest.mark.gui


@pytest.fixture(scope="module")
def compared() -> Comparison:
    return everything()


@pytest.fixture
def pane(qtbot: QtBot) -> StartPane:
    made = StartPane()
    qtbot.addWidget(made)
    made.resize(900, 600)
    made.show()
    return made


def measured(folder: Path) -> StartUp:
    store = Store(folder)
    store.save(sample(BEFORE, AFTER))
    found = start_up("sha256:" + "a" * 64, "sha256:" + "b" * 64, store)
    assert found is not None
    return found


def test_that_the_runs_behind_the_verdict_are_drawn(
    pane: StartPane, compared: Comparison, tmp_path: Path
) -> None:
    pane.show_comparison(replace(compared, startup=measured(tmp_path)), "shop:a", "shop:b")
    assert pane.verdict.text().startswith("The app: B is faster by 400 ms")
    assert pane.notes.toPlainText().startswith("Measured with Docker 20.10, 2 CPUs, amd64.\n• ")
    assert pane.chart is not None
    assert pane.chart.text.splitlines() == [
        "A shop:a: 8 runs, median 805 ms, from 780 ms to 830 ms",
        "B shop:b: 8 runs, median 405 ms, from 380 ms to 430 ms",
    ]
    drawn = [[point.seconds for point in item.points] for item in pane.series]
    assert drawn == [pytest.approx(BEFORE), pytest.approx(AFTER)]
    assert [item.box is not None for item in pane.series] == [True, True]
    assert pane.again.text() == "Measure again…"
    assert unnamed(pane) == []
    assert clipped(pane) == []


def test_that_a_comparison_without_runs_leads_to_a_measurement_of_both(
    pane: StartPane, compared: Comparison, qtbot: QtBot
) -> None:
    pane.show_comparison(replace(compared, startup=None), "shop:a", "shop:b")
    assert pane.place.currentWidget() is pane.message
    assert pane.chart is None
    buttons = pane.message.findChildren(QPushButton)
    assert [button.text() for button in buttons] == ["Measure both…"]
    with qtbot.waitSignal(pane.measure_wanted):
        buttons[0].click()


def test_that_times_measured_apart_claim_nothing(
    pane: StartPane, compared: Comparison, tmp_path: Path
) -> None:
    apart = replace(measured(tmp_path), together=None)
    pane.show_comparison(replace(compared, startup=apart), HOSTILE, "shop:b")
    assert "Only one measurement of both, in turns, can tell" in pane.verdict.text()
    assert pane.again.text() == "Measure both…"
    assert len(pane.series) == 2
    assert "\x1b" not in pane.series[0].label
