"""Where an export goes and what it holds, as the user answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from explorer.findings.analysis import Analysis
from explorer.gui.actions import EXPORTS
from explorer.gui.export_dialog import export, file_stem
from explorer.gui.pages.explore import ExplorePage

pytestmark = pytest.mark.gui


@pytest.fixture
def page(qtbot: QtBot, analysis: Analysis) -> ExplorePage:
    made = ExplorePage()
    qtbot.addWidget(made)
    made.resize(1024, 680)
    made.show_analysis(analysis, set())
    return made


def _answer(monkeypatch: pytest.MonkeyPatch, path: Path | str) -> list[str]:
    """Let the file dialog answer with `path`; what was suggested."""
    suggested: list[str] = []

    def ask(_parent: object, _title: str, name: str, _format: str) -> tuple[str, str]:
        suggested.append(Path(name).name)
        return str(path), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    return suggested


@pytest.mark.parametrize(
    ("kind", "name", "begins"),
    [
        ("export_files", "test-latest-files.csv", b"path,type,"),
        ("export_layers", "test-latest-layers.csv", b"layer,diff_id,"),
        ("export_findings", "test-latest-findings.csv", b"id,category,"),
        ("export_json", "test-latest.json", b'{\n  "schema"'),
        ("export_png", "test-latest-treemap.png", b"\x89PNG"),
        ("export_svg", "test-latest-treemap.svg", b"<?xml"),
    ],
)
def test_that_every_export_is_written_under_the_name_of_the_image(
    page: ExplorePage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str, name: str, begins: bytes
) -> None:  # fmt: skip
    suggested = _answer(monkeypatch, tmp_path / "out.x")
    assert export(kind, page, page) == str(tmp_path / "out.x")
    assert suggested == [name]
    assert (tmp_path / "out.x").read_bytes().startswith(begins)
    assert kind in EXPORTS


def test_that_a_name_without_an_ending_gets_one(
    page: ExplorePage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _answer(monkeypatch, tmp_path / "mine")
    assert export("export_json", page, page) == str(tmp_path / "mine.json")


def test_that_no_name_writes_nothing(page: ExplorePage, monkeypatch: pytest.MonkeyPatch) -> None:
    _answer(monkeypatch, "")
    assert export("export_json", page, page) == ""


@pytest.mark.parametrize(
    ("button", "lines"), [("Only those shown", 3), ("All files", 21), ("Cancel", 0)]
)
def test_that_a_filtered_table_asks_which_files(
    page: ExplorePage,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    analysis: Analysis,
    button: str,
    lines: int,
) -> None:
    mask = np.zeros(len(analysis.stack), dtype=bool)
    mask[analysis.stack.rows_at(analysis.stack.tree.find(b"opt/motd"))] = True
    page.selection.set_query(mask)
    _answer(monkeypatch, tmp_path / "out.csv")

    def press() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        next(b for b in box.findChildren(QPushButton) if b.text() == button).click()

    QTimer.singleShot(0, page, press)
    written = export("export_files", page, page)
    assert bool(written) is bool(lines)
    if lines:
        assert (tmp_path / "out.csv").read_bytes().count(b"\r\n") == lines


@pytest.mark.parametrize(
    ("tags", "stem"),
    [
        (("ghcr.io/team/app:1.2",), "app-1.2"),
        ((), "abababababab"),
        (("../../etc/passwd:x",), "passwd-x"),
        (("<b>\n镜像",), "b"),
        (("...",), "image"),
    ],
)
def test_that_the_suggested_name_is_a_harmless_file_name(
    analysis: Analysis, tags: tuple[str, ...], stem: str
) -> None:
    named = replace(analysis, image=replace(analysis.image, tags=tags))
    assert file_stem(named) == stem
