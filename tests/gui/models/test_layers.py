"""The layers' model: base first, steps without files folded."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from explorer.findings.analysis import Analysis, analyse
from explorer.gui.models.layers import CHANGES, INSTRUCTION, NUMBER, SIZE, WASTE, LayerModel
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
