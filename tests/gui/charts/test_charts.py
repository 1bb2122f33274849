"""The charts hold the numbers of the measurement, look different in more than colour, and become files."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pyqtgraph
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontMetrics, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.coldstart.sample import AppPhase
from explorer.gui.charts.bars import InitChart, WaterfallChart
from explorer.gui.charts.board import ChartBoard
from explorer.gui.charts.chart import Chart
from explorer.gui.charts.distribution import StepChart, StripChart
from explorer.gui.charts.order import OrderChart, run_ticks
from explorer.gui.charts.style import arm_style, phase_colour
from explorer.gui.models.startup import series, waterfall
from explorer.gui.theme import apply_theme
from tests.coldstart.samples import sample
from tests.gui.measurements import AFTER, BEFORE, hostile, never_ready, two_images, with_phases
from tests.gui.reading import unnamed

pytestmark = pytest.mark.gui


@pytest.fixture
def board(qtbot: QtBot) -> ChartBoard:
    made = ChartBoard()
    qtbot.addWidget(made)
    made.resize(900, 600)
    made.show()
    return made


@pytest.fixture
def dark(qapp: QApplication) -> Iterator[None]:
    apply_theme(qapp, "dark")
    yield
    apply_theme(qapp, "light")


@pytest.fixture
def large(qapp: QApplication) -> Iterator[float]:
    usual = qapp.font()
    larger = QFont(usual)
    larger.setPointSizeF(2 * usual.pointSizeF())
    qapp.setFont(larger)
    yield larger.pointSizeF()
    qapp.setFont(usual)


def dots(plot: Any) -> list[Any]:
    """The runs drawn in a plot, by arm."""
    items = [item for item in plot.items if isinstance(item, pyqtgraph.ScatterPlotItem)]
    return [item for item in items if len(item.points())]


def shown(plot: Any, kind: type) -> list[Any]:
    return [item for item in plot.items if isinstance(item, kind)]


def test_that_every_run_is_a_dot_at_its_milliseconds(board: ChartBoard) -> None:
    made = two_images()
    board.draw(made, "app")
    places = sorted(point.pos().x() for item in dots(board.strip.plot) for point in item.points())
    assert places == pytest.approx(sorted(1000 * value for value in (*BEFORE, *AFTER)))


def test_that_outliers_and_warm_ups_have_symbols_of_their_own(board: ChartBoard) -> None:
    board.draw(two_images(), "app")
    points = [point for item in dots(board.strip.plot) for point in item.points()]
    assert [point.symbol() for point in points if point.data().outlier] == ["star"]
    base = board.palette().base().color()
    assert all((point.brush().color() == base) == point.data().warm_up for point in points)


def test_that_arms_differ_in_symbol_and_dash_not_in_colour_alone() -> None:
    styles = [arm_style(0), arm_style(1), arm_style(2, floor=True)]
    assert len({style.symbol for style in styles}) == 3
    assert len({style.dash for style in styles}) == 3
    assert arm_style(1, floor=True) == arm_style(2, floor=True)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_that_every_colour_stands_out_from_the_background(qapp: QApplication, theme: str) -> None:
    apply_theme(qapp, theme)
    try:
        base = qapp.palette().base().color()
        colours = [arm_style(place, floor=place == 2).colour for place in range(3)]
        ratios = [_contrast(colour, base) for colour in colours]
        ratios += [_contrast(phase_colour(kind), base) for kind in ("engine", "app")]
    finally:
        apply_theme(qapp, "light")
    # WCAG 2.1, 1.4.11; bars have a text or a tooltip as well and reach 2.5
    assert min(ratios[:3]) >= 3
    assert min(ratios) >= 2.5


def test_that_the_box_and_the_interval_are_where_the_statistics_say(qtbot: QtBot) -> None:
    chart = StripChart()
    qtbot.addWidget(chart)
    chart.draw(series(sample((0.1, 0.2, 0.3, 0.4, 0.5, 0.6)), "app"), "app")
    (bar,) = shown(chart.plot, pyqtgraph.BarGraphItem)
    assert bar.opts["x0"][0] == pytest.approx(225)
    assert bar.opts["width"][0] == pytest.approx(250)
    (interval,) = shown(chart.plot, pyqtgraph.ErrorBarItem)
    assert interval.opts["x"][0] == pytest.approx(350)
    assert (interval.opts["left"][0], interval.opts["right"][0]) == pytest.approx((250, 250))


def test_that_few_runs_have_no_interval(qtbot: QtBot) -> None:
    chart = StripChart()
    qtbot.addWidget(chart)
    chart.draw(series(sample((0.1, 0.2, 0.3)), "app"), "app")
    assert shown(chart.plot, pyqtgraph.ErrorBarItem) == []


def test_that_the_steps_reach_all_runs(qtbot: QtBot) -> None:
    chart = StepChart()
    qtbot.addWidget(chart)
    chart.draw(series(sample((0.1, 0.3)), "app"), "app")
    (line,) = [item for item in shown(chart.plot, pyqtgraph.PlotDataItem) if item.xData is not None]
    assert line.xData.tolist() == pytest.approx([100, 100, 300, 300])
    assert line.yData.tolist() == pytest.approx([0, 50, 50, 100])


def test_that_the_order_chart_shows_pressure_and_warm_ups(qtbot: QtBot) -> None:
    chart = OrderChart()
    qtbot.addWidget(chart)
    chart.draw(series(two_images(), "app"), "app")
    assert len(shown(chart.plot, pyqtgraph.LinearRegionItem)) == 1
    calm, busy = shown(chart.pressure, pyqtgraph.BarGraphItem)
    assert len(calm.opts["x"]) == 15
    assert (busy.opts["x"], busy.opts["height"]) == ([11], [90.0])


def test_that_the_waterfall_has_phases_marks_and_the_floor_behind(qtbot: QtBot) -> None:
    chart = WaterfallChart()
    qtbot.addWidget(chart)
    chart.draw(waterfall(with_phases(two_images(), AppPhase("config", 0.2))))
    bars = shown(chart.plot, pyqtgraph.BarGraphItem)
    # create, engine, app and what the app said, for each of two images
    assert len(bars) == 8
    assert [bar.opts["width"][0] for bar in bars[:2]] == pytest.approx([20, 300])
    (floor,) = shown(chart.plot, pyqtgraph.LinearRegionItem)
    assert floor.getRegion() == pytest.approx((0, 150))
    assert "config 200 ms" in chart.text
    assert len(dots(chart.plot)) == 6


def test_that_the_costliest_packages_have_a_bar_each(qtbot: QtBot) -> None:
    chart = InitChart()
    qtbot.addWidget(chart)
    chart.draw([("slow/config", 0.35, "tip"), ("net/http", 0.001, "tip")])
    bars = shown(chart.plot, pyqtgraph.BarGraphItem)
    assert [bar.opts["width"][0] for bar in bars] == pytest.approx([350, 1])
    assert chart.text == "slow/config: 350 ms\nnet/http: 1.00 ms"


def test_that_all_charts_follow_the_metric_and_are_told_in_words(board: ChartBoard) -> None:
    board.draw(two_images(), "engine")
    assert "engine's floor: 7 runs, median 150 ms, from 150 ms to 150 ms" in board.strip.text
    board.draw(two_images(), "app")
    assert board.strip.view.accessibleDescription().splitlines() == [
        "A service:before: 7 runs, median 810 ms, from 780 ms to 830 ms",
        "B service:after: 7 runs, median 410 ms, from 380 ms to 430 ms",
    ]
    assert unnamed(board) == []


def test_that_a_measurement_without_any_ready_run_can_be_drawn(board: ChartBoard) -> None:
    board.draw(never_ready(), "app")
    assert board.strip.text == "A service:before: no run so far"
    board.draw(two_images(), "app")


def test_that_one_chart_can_be_shown_alone(board: ChartBoard) -> None:
    board.draw(two_images(), "app")
    board.strip.enlarge.click()
    assert [chart.isVisibleTo(board) for chart in board.charts] == [False, True, False, False]
    board.strip.enlarge.click()
    assert all(chart.isVisibleTo(board) for chart in board.charts)


def test_that_a_click_on_a_run_tells_which_it_is(board: ChartBoard, qtbot: QtBot) -> None:
    board.draw(two_images(), "app")
    item = dots(board.strip.plot)[-1]
    spot = item.points()[0]
    with qtbot.waitSignal(board.run_chosen) as told:
        item.sigClicked.emit(item, [spot], None)
    assert told.args == [spot.data().order]


def test_that_the_mouse_finds_a_run_and_its_details(board: ChartBoard, qtbot: QtBot) -> None:
    board.draw(two_images(), "app")
    # the layout settles in the event loop
    QApplication.processEvents()
    point = next(p for p in dots(board.strip.plot)[-1].points() if p.data().outlier)
    scene_place = board.strip.plot.getViewBox().mapViewToScene(point.pos())
    place = board.strip.view.mapFromScene(scene_place)
    QTest.mouseMove(board.strip.view.viewport(), place)
    qtbot.waitUntil(lambda: board.strip.plot.getViewBox().toolTip() != "")
    told = board.strip.plot.getViewBox().toolTip()
    assert "B service:after, run 7, ready\n" in told
    assert told.startswith("<p style=")
    with qtbot.waitSignal(board.run_chosen) as chosen:
        QTest.mouseClick(board.strip.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert chosen.args == [19]


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
@pytest.mark.parametrize("place", range(4))
def test_that_every_chart_becomes_a_file(board: ChartBoard, kind: str, place: int) -> None:
    board.draw(two_images(), "app")
    data = board.charts[place].picture(kind)
    if kind == "png":
        image = QImage.fromData(data)
        view = board.charts[place].view
        assert (image.width(), image.height()) == (2 * view.width(), 2 * view.height())
    elif kind == "svg":
        root = ET.fromstring(data)
        assert len(list(root.iter("{http://www.w3.org/2000/svg}text"))) > 3
        assert len(list(root.iter("{http://www.w3.org/2000/svg}path"))) > 5
    else:
        assert data.startswith(b"%PDF-")
        assert b"/Subtype /Image" not in data


def test_that_no_text_acts(board: ChartBoard) -> None:
    board.draw(hostile(), "app")
    for chart in board.charts:
        assert isinstance(chart, Chart)
        document = chart.picture("svg").decode()
        assert "\x1b" not in document
        assert "\u202e" not in document
        root = ET.fromstring(document)
        texts = "".join(text.text or "" for text in root.iter("{http://www.w3.org/2000/svg}text"))
        assert "bold" not in texts or "<b>" in texts
    tips = [point.data().tip for item in dots(board.strip.plot) for point in item.points()]
    opts = dots(board.strip.plot)[0].opts
    assert "<b>" in tips[0]
    assert "&lt;b&gt;" in opts["tip"](x=0, y=0, data=dots(board.strip.plot)[0].points()[0].data())


@pytest.mark.usefixtures("dark")
def test_that_the_charts_take_the_theme_in_force(board: ChartBoard) -> None:
    board.draw(two_images(), "app")
    board.recolour()
    assert board.strip.view.backgroundBrush().color() == board.palette().base().color()
    assert board.strip.view.backgroundBrush().color().lightness() < 60


def test_that_the_page_loads_without_the_charts_and_the_engine() -> None:
    code = "import sys, explorer.gui.pages.startup; print([name for name in %r if name in sys.modules])"
    late = ("pyqtgraph", "prometheus_client", "docker", "explorer.engine.client")
    told = subprocess.run([sys.executable, "-c", code % (late,)], capture_output=True, text=True)
    assert (told.stdout, told.stderr) == ("[]\n", "")


def _contrast(one: Any, other: Any) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Any) -> float:
    channels = (colour.redF(), colour.greenF(), colour.blueF())
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return float(0.2126 * red + 0.7152 * green + 0.0722 * blue)


def test_that_all_of_a_chart_follows_the_size_of_type(board: ChartBoard, large: float) -> None:
    board.draw(two_images(), "app")
    board.recolour()
    size = f"{large:g}pt"
    for chart in (board.steps, board.order):
        assert chart._legend.opts["labelTextSize"] == size
        assert all(label.opts["size"] == size for _, label in chart._legend.items)
    for axis in (board.strip.plot.getAxis("bottom"), board.order.pressure.getAxis("left")):
        assert axis.labelStyle["font-size"] == size
        assert axis.style["tickFont"].pointSizeF() == large
    symbols = dots(board.strip.plot)[0].data["size"]
    assert symbols.min() > 0.4 * QFontMetrics(QApplication.font()).height()


@pytest.mark.parametrize(
    ("last", "named"),
    [(1, [1]), (3, [1, 2, 3]), (20, [2, 4, 6, 8, 10, 12, 14, 16, 18, 20]), (65, [10, 20, 30, 40, 50, 60])],
)  # fmt: skip
def test_that_only_whole_runs_are_named(last: int, named: list[int]) -> None:
    assert run_ticks(last) == [(run, str(run)) for run in named]


def test_that_axes_without_a_run_have_no_figures(board: ChartBoard) -> None:
    made = two_images()
    only_warm = replace(made, runs=made.runs[:2])
    board.draw(only_warm, "app")
    shown = [chart.plot.getAxis("bottom").style["showValues"] for chart in board.charts[:3]]
    assert shown == [False, True, False]
    board.draw(made, "app")
    shown = [chart.plot.getAxis("bottom").style["showValues"] for chart in board.charts[:3]]
    assert shown == [True, True, True]
