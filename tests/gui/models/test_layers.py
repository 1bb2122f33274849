"""The layers' model: base first, steps without files folded."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from explorer.findings.analysis import Analysis, analyse
from explorer.gui.models.layers import (
    CHANGES,
    INSTRUCTION,
    NUMBER,
    SIZE,
    WASTE,
    BaseImage,
    LayerModel,
)
from explorer.image.model import History
from tests.support.layers import file, image, layer, whiteout

pytestmark = pytest.mark.gui


def shown(*texts: str, empty: tuple[int, ...] = (), layers: int = 2) -> LayerModel:
    """A model of an image with this history; steps with a number in `empty` wrote nothing."""
    parts = [layer(file("a", 100), file("b", 50)), layer(whiteout("a"), file("b", 60), file("c"))]
    described, held = image(*parts[:layers])
    history = tuple(
        History(created_by=text, empty_layer=number in empty) for number, text in enumerate(texts)
    )
    model = LayerModel()
    model.show(analyse(replace(described, history=history), held))
    return model


def column(model: LayerModel, number: int) -> list[str]:
    return [model.index(row, number).data() for row in range(model.rowCount())]


def test_that_the_model_keeps_qts_rules(qapp: QApplication, analysis: Analysis) -> None:
    model = shown("ADD x", "CMD y", "RUN z", empty=(1,))
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.show(analysis)
    for number in range(model.columnCount()):
        model.sort(number, Qt.SortOrder.AscendingOrder)
        model.sort(number, Qt.SortOrder.DescendingOrder)
    tester.deleteLater()


def test_that_steps_without_files_are_folded_into_one_row(qapp: QApplication) -> None:
    model = shown("ADD x", "ENV a=1", "CMD y", "RUN z", "EXPOSE 80", empty=(1, 2, 4))
    assert column(model, INSTRUCTION) == ["ADD x", "2 metadata steps", "RUN z", "1 metadata step"]
    assert column(model, NUMBER) == ["0", "", "1", ""]
    assert not model.flags(model.index(1, 0)) & Qt.ItemFlag.ItemIsSelectable


def test_that_a_layer_tells_its_bytes_its_waste_and_its_changes(qapp: QApplication) -> None:
    model = shown("ADD x", "RUN z")
    assert column(model, SIZE) == ["150 B", "60 B"]
    assert column(model, WASTE) == ["150 B", "–"]
    assert column(model, CHANGES) == ["+2", "+1  ~1  −1"]


def test_that_a_squashed_image_is_listed_by_digest(qapp: QApplication) -> None:
    model = shown()
    assert column(model, INSTRUCTION) == [
        "no build history · 000000000000",
        "no build history · 000000000000",
    ]


def test_that_layers_beyond_the_history_are_listed(qapp: QApplication) -> None:
    model = shown("ADD x")
    assert column(model, INSTRUCTION) == ["ADD x", "no build history · 000000000000"]


def test_that_layers_that_were_not_read_say_so(qapp: QApplication) -> None:
    described, held = image(layer(file("a", 1)), layer(file("b", 2)))
    model = LayerModel()
    model.show(analyse(described, {0: held[0]}))
    assert column(model, SIZE) == ["1 B", "not read"]


def test_that_a_base_images_layers_stand_under_its_name(qapp: QApplication) -> None:
    described, held = image(layer(file("a", 1)), layer(file("b", 2)))
    model = LayerModel()
    model.show(analyse(described, held), BaseImage("<b>golang</b>:1.27", 1))
    assert column(model, NUMBER)[0] == "FROM <b>golang</b>:1.27 · 1 layer"
    marked = [
        model.index(row, 0).data(Qt.ItemDataRole.BackgroundRole) is not None
        for row in range(model.rowCount())
    ]
    assert marked == [True, True, False]


def test_that_layers_can_be_sorted_and_put_back_in_order(qapp: QApplication) -> None:
    model = shown("ADD x", "ENV a=1", "RUN z", empty=(1,))
    model.sort(SIZE, Qt.SortOrder.AscendingOrder)
    assert column(model, NUMBER) == ["1", "0", ""]
    model.sort(WASTE, Qt.SortOrder.DescendingOrder)
    assert column(model, NUMBER) == ["0", "1", ""]
    model.sort(NUMBER, Qt.SortOrder.AscendingOrder)
    assert column(model, NUMBER) == ["0", "", "1"]
