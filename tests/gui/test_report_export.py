"""The report out of the window: in the format the user names, written while the window paints."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from explorer.errors import StorageError
from explorer.findings.analysis import Analysis
from explorer.gui import exporting, report_export
from explorer.gui.export_dialog import export
from explorer.gui.exporting import json_document
from explorer.gui.pages.comparison import ComparisonView
from explorer.gui.pages.explore import ExplorePage
from explorer.report.document import Document
from explorer.report.documents.analysis import analysis_document
from explorer.translation import set_language
from tests.gui.comparisons import everything

pytestmark = pytest.mark.gui


@pytest.fixture
def page(qtbot: QtBot, analysis: Analysis) -> ExplorePage:
    made = ExplorePage()
    qtbot.addWidget(made)
    made.show_analysis(analysis, set())
    return made


def _answer(monkeypatch: pytest.MonkeyPatch, path: Path | str, kind: str = "") -> list[str]:
    """Let the file dialog answer; the name that was suggested and the kinds that were offered."""
    asked: list[str] = []

    def ask(_parent: object, _title: str, name: str, kinds: str) -> tuple[str, str]:
        asked.extend([Path(name).name, kinds])
        return str(path), kind

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    return asked


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("r.html", b"<!doctype html>"),
        ("r.HTM", b"<!doctype html>"),
        ("r.md", b"# "),
        ("r.pdf", b"%pdf-"),
        ("r.csv", b""),
        ("r.json", b'{\n  "schema"'),
    ],
)
def test_that_the_ending_of_the_name_says_the_format(
    page: ExplorePage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, begins: bytes
) -> None:
    asked = _answer(monkeypatch, tmp_path / name)
    assert export("export_report", page, page) == str(tmp_path / name)
    data = (tmp_path / name).read_bytes()
    assert data.lower().startswith(begins)
    assert len(data) > 200
    assert asked[0] == "test-latest-report.html"
    assert asked[1].count(";;") == 4


def test_that_a_name_without_a_known_ending_gets_the_one_of_the_chosen_kind(
    page: ExplorePage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _answer(monkeypatch, tmp_path / "app-1.2", "Markdown text (*.md)")
    assert export("export_report", page, page) == str(tmp_path / "app-1.2.md")
    assert (tmp_path / "app-1.2.md").read_text().startswith("# ")


def test_that_no_name_writes_no_report(page: ExplorePage, monkeypatch: pytest.MonkeyPatch) -> None:
    _answer(monkeypatch, "")
    assert export("export_report", page, page) == ""


def test_that_a_report_is_made_beside_the_thread_of_the_window(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, analysis: Analysis
) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    threads: list[threading.Thread] = []

    def made() -> Document:
        threads.append(threading.current_thread())
        return analysis_document(analysis)

    _answer(monkeypatch, tmp_path / "r.html")
    report_export.save_report("app", made, list, parent)
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()


def test_that_a_report_that_cannot_be_written_is_an_error_of_the_storage(
    page: ExplorePage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _answer(monkeypatch, tmp_path / "absent" / "r.html")
    with pytest.raises(StorageError, match="Could not write"):
        export("export_report", page, page)
    assert list(tmp_path.iterdir()) == []


def test_that_json_is_english_whatever_the_window_speaks(analysis: Analysis) -> None:
    english = json_document(analysis)
    set_language("zh_CN")
    try:
        assert json_document(analysis) == english
    finally:
        set_language("en")


def test_that_a_comparison_is_reported_too(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    view = ComparisonView()
    qtbot.addWidget(view)
    view.show_comparison(everything())
    for name, begins in (("r.html", "<!doctype html>"), ("r.md", "#")):
        _answer(monkeypatch, tmp_path / name)
        view.save_report()
        assert (tmp_path / name).read_text().lower().startswith(begins)
        assert str(tmp_path / name) in view.saved_notice.text
    _answer(monkeypatch, tmp_path / "r.json")
    view.save_report()
    schema = json.loads((tmp_path / "r.json").read_bytes())["schema"]
    assert schema == "image-explorer/compare/1"
    _answer(monkeypatch, tmp_path / "absent" / "r.html")
    view.save_report()
    assert "Could not write" in view.saved_notice.text


def test_that_a_spreadsheet_gets_every_row_and_a_page_the_biggest(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, analysis: Analysis
) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    asked: list[int | None] = []

    def document(limit: int | None) -> Document:
        asked.append(limit)
        return analysis_document(analysis, limit)

    for name in ("r.html", "r.csv"):
        _answer(monkeypatch, tmp_path / name)
        report_export.save_report("app", lambda: document(1), list, parent, lambda: document(None))
    assert asked == [1, None]
    assert "more</th>" in (tmp_path / "r.html").read_text()
    assert "/usr/bin/app" in (tmp_path / "r.csv").read_text()


def test_that_files_of_a_comparison_are_written_beside_the_thread_of_the_window(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    view = ComparisonView()
    qtbot.addWidget(view)
    view.show_comparison(everything())
    threads: list[threading.Thread] = []
    write = exporting.write

    def noted(path: str, parts: Iterable[bytes]) -> bool:
        threads.append(threading.current_thread())
        return write(path, parts)

    monkeypatch.setattr(exporting, "write", noted)
    _answer(monkeypatch, tmp_path / "files.csv")
    view.save_files()
    assert [thread is threading.main_thread() for thread in threads] == [False]
    rows = (tmp_path / "files.csv").read_text().splitlines()
    assert rows[0] == "path,change,a_bytes,b_bytes,delta_bytes,partner"
    assert "/old/data,moved-away,400,0,-400,/new/data" in rows
    assert str(tmp_path / "files.csv") in view.saved_notice.text
