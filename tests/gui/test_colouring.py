"""Colours and legend of the treemap."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QColor

from explorer.filesystem.union import View, view
from explorer.findings.analysis import Analysis, analyse
from explorer.gui.colouring import COLOURINGS, by_category, by_extension, by_layer
from explorer.gui.theme import text_on
from explorer.report.palette import GROUP_COLOURS
from tests.support.layers import file, image, layer, whiteout

pytestmark = pytest.mark.gui


@pytest.fixture
def built() -> Analysis:
    return analyse(
        *image(
            layer(
                file("usr/local/go/VERSION", 10),
                file("usr/local/go/bin/go", 500),
                file("usr/local/go/src/runtime/a.go", 90),
            ),
            layer(file("app/main.go", 100), file("app/data.bin", 40), file("app/noext", 7)),
            layer(whiteout("app/data.bin"), file("app/x.GO", 3)),
        )
    )


def merged(analysis: Analysis) -> View:
    return view(analysis.stack, analysis.stack.merged())


def test_that_the_entries_of_each_colouring_sum_to_what_is_shown(built: Analysis) -> None:
    shown = merged(built)
    for colouring in COLOURINGS:
        assert sum(entry.bytes for entry in colouring(built, shown).entries) == shown.total[0]


def test_that_a_folder_has_the_colour_of_most_of_its_bytes(built: Analysis) -> None:
    coloured = by_category(built, merged(built))
    node = built.stack.tree.find(b"usr/local")
    assert QColor(*coloured.colours[node].tolist()) == QColor(GROUP_COLOURS["toolchain"])


def test_that_layers_are_a_ramp_named_by_their_number(built: Analysis) -> None:
    coloured = by_layer(built, merged(built))
    assert [entry.label for entry in coloured.entries] == ["Layer 0", "Layer 1", "Layer 2"]
    assert len({entry.colour.name() for entry in coloured.entries}) == 3
    assert coloured.key[built.stack.tree.find(b"app/main.go")] == 1


def test_that_extensions_are_told_without_regard_to_case(built: Analysis) -> None:
    coloured = by_extension(built, merged(built))
    assert [(entry.label, entry.bytes) for entry in coloured.entries] == [
        ("(none)", 517),
        (".go", 193),
    ]


def test_that_rare_extensions_share_one_colour() -> None:
    files = [file(f"f.e{n}", 100 + n) for n in range(20)]
    built = analyse(*image(layer(*files)))
    coloured = by_extension(built, merged(built))
    assert len(coloured.entries) == 7
    assert coloured.entries[-1].label == "other"
    assert coloured.entries[-1].bytes == sum(100 + n for n in range(14))


def test_that_labels_read_well_on_every_group_colour() -> None:
    def luminance(colour: QColor) -> float:
        parts = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
            for c in (colour.redF(), colour.greenF(), colour.blueF())
        ]
        return float(np.dot(parts, (0.2126, 0.7152, 0.0722)))

    for name in GROUP_COLOURS.values():
        low, high = sorted((luminance(QColor(name)), luminance(text_on(QColor(name)))))
        assert (high + 0.05) / (low + 0.05) >= 4.5, name
