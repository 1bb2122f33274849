"""Exports: what they hold, that they can be read back, and that a failure leaves the old file."""

from __future__ import annotations

import json
import os
import resource
import stat
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PySide6.QtGui import QImage
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.errors import StorageError
from explorer.filesystem.union import View, view
from explorer.findings.analysis import Analysis, analyse
from explorer.gui import exporting
from explorer.gui.selection import Selection
from explorer.gui.theme import LIGHT
from explorer.gui.widgets.treemap_layout import layout_steps
from explorer.gui.widgets.treemap_picture import Picture
from tests.gui.inputs import HOSTILE_NAMES, everything
from tests.support.layers import file, image, layer

pytestmark = pytest.mark.gui


def _merged(analysis: Analysis) -> View:
    return view(analysis.stack, analysis.stack.merged())


def test_that_the_json_is_the_command_lines() -> None:
    document = json.loads(exporting.json_document(everything()))
    assert document["schema"] == "image-explorer/analysis/1"
    assert document["totals"]["files"] == len(HOSTILE_NAMES) + 5


@pytest.fixture
def picture(analysis: Analysis, qapp: QApplication) -> Picture:
    shown = _merged(analysis)
    *_, layout = layout_steps(analysis.stack.tree, shown, 0, 600, 400, 2.0)
    colours = np.full((len(analysis.stack.tree), 3), (68, 119, 170), dtype=np.uint8)
    return Picture(analysis.stack.tree, shown, layout, colours, None, LIGHT, qapp.font(), 2.0)


def test_that_a_png_has_the_pixels_of_the_screen(picture: Picture) -> None:
    found = QImage.fromData(exporting.png(picture))
    assert (found.width(), found.height()) == (600, 400)
    x, y, w, h, _ = max(picture.layout.tiles, key=lambda tile: tile[2] * tile[3])
    assert found.pixelColor(x + w // 2, y + h - 8).getRgb()[:3] == (68, 119, 170)  # type: ignore[index]


def test_that_an_svg_holds_shapes_and_texts_not_pixels(picture: Picture) -> None:
    data = exporting.svg(picture, "<b>\x1b&title")
    root = ET.fromstring(data)
    name = "{http://www.w3.org/2000/svg}"
    assert root.get("viewBox") == "0 0 600 400"
    assert [item.text for item in root.iter(f"{name}title")] == [r"<b>\x1b&title"]
    assert list(root.iter(f"{name}image")) == []
    texts = ["".join(item.itertext()).strip() for item in root.iter(f"{name}text")]
    assert any(text.startswith("app") for text in texts)
    boxes = list(root.iter(f"{name}rect"))
    assert len(boxes) >= len(picture.layout.tiles)
    assert QSvgRenderer(data).isValid()


def test_that_a_hostile_name_is_text_in_the_svg(qapp: QApplication) -> None:
    analysis = analyse(*image(layer(file(b"<script>&\x1b\xff", 1000))))
    shown = _merged(analysis)
    *_, layout = layout_steps(analysis.stack.tree, shown, 0, 600, 400)
    colours = np.zeros((len(analysis.stack.tree), 3), dtype=np.uint8)
    made = Picture(analysis.stack.tree, shown, layout, colours, None, LIGHT, qapp.font())
    root = ET.fromstring(exporting.svg(made, "x"))
    texts = ["".join(item.itertext()).strip() for item in root.iter() if item.tag.endswith("}text")]
    assert r"<script>&\x1b\xff" in texts
    assert not any(item.tag.endswith("}script") for item in root.iter())


def test_that_writing_replaces_a_file_as_a_whole(tmp_path: Path, qapp: QApplication) -> None:
    target = tmp_path / "out.csv"
    target.write_bytes(b"old")
    assert exporting.write(str(target), [b"a\r\n", b"b\r\n"])
    assert target.read_bytes() == b"a\r\nb\r\n"
    assert list(tmp_path.iterdir()) == [target]


def test_that_a_link_keeps_its_place_and_a_file_its_permissions(tmp_path: Path) -> None:
    target, link = tmp_path / "real.csv", tmp_path / "link.csv"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link.symlink_to(target)
    assert exporting.write(str(link), [b"new"])
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_that_a_failure_half_way_leaves_the_old_file(tmp_path: Path, qapp: QApplication) -> None:
    target = tmp_path / "out.csv"
    target.write_bytes(b"old")

    def parts() -> Iterator[bytes]:
        yield b"new"
        raise ValueError("the source broke")

    with pytest.raises(ValueError, match="the source broke"):
        exporting.write(str(target), parts())
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_that_a_stop_leaves_the_old_file(tmp_path: Path, qapp: QApplication) -> None:
    target = tmp_path / "out.csv"
    target.write_bytes(b"old")
    told: list[int] = []

    def step(rows: int) -> bool:
        told.append(rows)
        return rows < 2

    assert not exporting.write(str(target), [b"a\r\n"] * 5, step)
    assert told == [1, 2]
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_that_a_folder_that_is_not_there_is_told(tmp_path: Path, qapp: QApplication) -> None:
    path = tmp_path / "absent" / "out.csv"
    with pytest.raises(StorageError) as caught:
        exporting.write(str(path), [b"x"])
    assert caught.value.message.startswith(f"Could not write {path}: ")
    assert caught.value.hint == "Choose another folder or free some space."


def test_that_a_disk_that_takes_no_more_is_told_and_leaves_the_old_file(
    tmp_path: Path, qapp: QApplication
) -> None:
    target = tmp_path / "out.csv"
    target.write_bytes(b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, before[1]))
    try:
        with pytest.raises(StorageError) as caught:
            exporting.write(str(target), [b"x" * 50_000] * 4)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.message == f"Could not write {target}: File too large"
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_that_what_is_no_regular_file_is_never_replaced(tmp_path: Path, qapp: QApplication) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(StorageError, match="not a regular file"):
        exporting.write(str(pipe), [b"x"])
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_that_an_export_of_a_shown_map_is_what_the_window_draws(
    selection: Selection, qtbot: QtBot
) -> None:
    from explorer.gui.widgets.map_pane import MapPane

    pane = MapPane(selection)
    qtbot.addWidget(pane)
    pane.resize(500, 400)
    with qtbot.waitExposed(pane):
        pane.show()
    pane.recolour()
    pane.map.relayout()
    pane.map.finish_layout()
    picture = pane.map.picture()
    assert picture is not None
    found = QImage.fromData(exporting.png(picture))
    assert found.size() == pane.map.size() * pane.map.devicePixelRatioF()
