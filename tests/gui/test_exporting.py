"""Exports: what they hold, that they can be read back, and that a failure leaves the old file."""

from __future__ import annotations

import csv
import io
import json
import os
import resource
import stat
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QImage
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.errors import StorageError
from explorer.filesystem.union import View, view
from explorer.findings.analysis import Analysis, analyse
from explorer.findings.finding import Finding
from explorer.gui import exporting
from explorer.gui.selection import Selection
from explorer.gui.theme import LIGHT
from explorer.gui.widgets.treemap_layout import layout_steps
from explorer.gui.widgets.treemap_picture import Picture
from tests.gui.inputs import HOSTILE_NAMES, everything
from tests.support.layers import file, image, layer

pytestmark = pytest.mark.gui


def _table(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline="")))


def _merged(analysis: Analysis) -> View:
    return view(analysis.stack, analysis.stack.merged())


def _files(analysis: Analysis, shown: View | None = None) -> dict[str, dict[str, str]]:
    data = b"".join(exporting.files_csv(analysis, shown or _merged(analysis)))
    return {row["path"]: row for row in _table(data)}


def test_that_a_file_is_written_with_all_that_is_known_of_it() -> None:
    row = _files(everything())["/usr/bin/app"]
    digest = row.pop("digest")
    assert digest.startswith("xxh3_128:")
    assert row == {
        "path": "/usr/bin/app",
        "type": "file",
        "size_bytes": "5000000",
        "total_bytes": "5000000",
        "files": "1",
        "layer": "0",
        "category": "system",
        "rule": "system",
        "state": "live",
        "until_layer": "",
        "mode": "0755",
        "uid": "0",
        "gid": "0",
        "modified": "2023-11-14T22:13:20+00:00",
        "link_target": "",
    }


def test_that_all_entries_of_the_view_and_no_others_are_written() -> None:
    analysis = everything()
    whole = _files(analysis)
    assert "/usr/share/doc/manual" not in whole
    assert whole["/etc/motd"]["layer"] == "2"
    assert int(whole["/srv"]["files"]) == len(HOSTILE_NAMES)
    every_row = view(analysis.stack, np.ones(len(analysis.stack), dtype=bool))
    assert _files(analysis, every_row)["/usr/share/doc/manual"]["state"] == "deleted"
    assert _files(analysis, every_row)["/usr/share/doc/manual"]["until_layer"] == "1"
    assert len(whole) == exporting.entry_count(_merged(analysis))


def test_that_a_filtered_view_writes_only_what_it_keeps() -> None:
    analysis = everything()
    mask = np.zeros(len(analysis.stack), dtype=bool)
    mask[analysis.stack.rows_at(analysis.stack.tree.find(b"opt/motd"))] = True
    assert list(_files(analysis, view(analysis.stack, mask))) == ["/opt", "/opt/motd"]


def test_that_the_sizes_sum_to_what_the_window_shows() -> None:
    analysis = everything()
    shown = _merged(analysis)
    assert sum(int(row["size_bytes"]) for row in _files(analysis, shown).values()) == int(
        shown.total[0]
    )


def test_that_many_rows_come_in_parts() -> None:
    count = 2 * exporting._ROWS_A_CHUNK + 10
    analysis = analyse(*image(layer(*(file(f"f/{n:06}", 1) for n in range(count)))))
    parts = list(exporting.files_csv(analysis, _merged(analysis)))
    assert [part.count(b"\r\n") for part in parts] == [1, 2000, 2000, 11]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_that_any_name_can_be_turned_back_into_its_bytes(name: bytes) -> None:
    paths = [exporting.path_bytes(path) for path in _files(everything())]
    assert b"/srv/" + name in paths


@given(st.binary(max_size=60).filter(lambda raw: b"\0" not in raw))
def test_that_written_paths_are_exact_and_printable(raw: bytes) -> None:
    text = exporting.path_text(raw)
    assert text.isprintable()
    assert exporting.path_bytes(text) == raw


def test_that_link_targets_and_rules_start_no_formula() -> None:
    from tests.support.layers import symlink

    targets = (b"=cmd|' /C calc'!A0", b"+1", b"-1", b"@SUM(1)", b"\t=1", b"plain")
    links = [symlink(f"l{n}", target) for n, target in enumerate(targets)]
    rows = _files(analyse(*image(layer(*links))))
    cells = [rows[f"/l{n}"]["link_target"] for n in range(len(targets))]
    assert cells == ["'=cmd|' /C calc'!A0", "'+1", "'-1", "'@SUM(1)", "\\x09=1", "plain"]


def test_that_layers_are_written_base_first_with_their_figures() -> None:
    rows = _table(exporting.layers_csv(everything()))
    assert [row["layer"] for row in rows] == ["0", "1", "2"]
    assert rows[1]["instruction"] == "RUN set -x \\\n && rm -r <b>/usr/share/doc</b>"
    assert (rows[0]["reclaimable_bytes"], rows[1]["reclaimable_bytes"]) == ("40005", "12")
    assert rows[2] == {
        **rows[2],
        "content_bytes": "12",
        "contribution_bytes": "12",
        "entries": "1",
        "verified": "digest",
        "complete": "yes",
    }


def test_that_a_layer_that_was_not_read_has_no_figures() -> None:
    described, layers = image(layer(file("a", 5)), layer(file("b", 6)), created_by=("=1+1", ""))
    rows = _table(exporting.layers_csv(analyse(described, {1: layers[1]})))
    assert (rows[0]["content_bytes"], rows[0]["complete"]) == ("", "no")
    assert rows[0]["instruction"] == "'=1+1"
    assert rows[1]["content_bytes"] == "6"


def test_that_findings_are_written_with_reason_and_remedy() -> None:
    analysis = everything()
    row = int(analysis.stack.rows_at(analysis.stack.tree.find(b"srv/\xff\xfe not utf-8"))[0])
    finding = Finding(
        id="odd",
        category="temporary",
        bytes=101,
        layer=-1,
        rows=np.array([row], dtype=np.int32),
        fields={"title": "@odd", "reason": "two\nlines\x1b", "remedy": "-rm"},
        overlaps=True,
    )
    assert _table(exporting.findings_csv(analysis, [finding])) == [
        {
            "id": "odd",
            "category": "temporary",
            "title": "'@odd",
            "bytes": "101",
            "files": "1",
            "layer": "",
            "confidence": "high",
            "overlaps": "yes",
            "reason": "two\nlines\\x1b",
            "remedy": "'-rm",
            "largest_path": "/srv/\\xff\\xfe not utf-8",
        }
    ]


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
