"""Reports out of the Start-up and Optimize pages: what is shown, in the format that the person names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from explorer.coldstart import stats
from explorer.dockerfile.verify.model import DIFFERS, SAME, STATIC, Check, Verification
from explorer.gui.jobs import Jobs
from explorer.gui.startup_export import StartupExport
from explorer.gui.widgets.notice import Notice
from tests.coldstart.samples import sample
from tests.gui.rewrites import RESULT, VERIFY, Show, asked, built, confirm
from tests.gui.scripted import ScriptedJobs

pytestmark = pytest.mark.gui
CHECKED = Verification(DIFFERS, (Check("user", STATIC, SAME, "root in both"),), ("No uploads.",))


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Let the file dialog answer with the names in the list, the last one first; what was suggested is put before them."""
    names: list[str] = []

    def ask(_parent: object, _title: str, suggested: str, _kinds: str) -> tuple[str, str]:
        path = str(tmp_path / names.pop()) if names else ""
        names.insert(0, Path(suggested).name)
        return path, ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    return names


@pytest.fixture
def measured(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> tuple[StartupExport, Notice]:
    # What is told does not depend on how finely an interval is drawn, and that takes most of the time.
    monkeypatch.setattr(stats, "_RESAMPLES", 50)
    monkeypatch.setattr(stats, "_SIMULATIONS", 10)
    parent = QWidget()
    notice = Notice(parent=parent)
    qtbot.addWidget(parent)
    jobs = Jobs(parent)
    export = StartupExport(jobs, notice, parent)
    QVBoxLayout(parent).addLayout(export.row)
    export.offer(sample([0.8 + n / 1000 for n in range(6)], [0.4 + n / 1000 for n in range(6)]))
    return export, notice


def test_that_a_measurement_is_reported_as_a_page_and_as_a_table(
    measured: tuple[StartupExport, Notice], answer: list[str], tmp_path: Path
) -> None:
    answer.append("r.html")
    measured[0].save_report()
    assert answer == ["startup-service-before-service-after-report.html"]
    assert "B is faster by 400 ms" in (tmp_path / "r.html").read_text()
    answer.append("r.csv")
    measured[0].save_report()
    assert "table,runs," in (tmp_path / "r.csv").read_text()
    answer.append("r.json")
    measured[0].save_report()
    made = json.loads((tmp_path / "r.json").read_bytes())
    assert made["comparison"]["verdict"] == "faster"


def test_that_no_name_writes_no_report_of_a_measurement(
    measured: tuple[StartupExport, Notice], answer: list[str], tmp_path: Path
) -> None:
    measured[0].save_report()
    assert len(answer) == 1
    assert not [*tmp_path.glob("*.html")]


def test_that_a_rewrite_is_reported_before_it_is_built(
    show: Show, answer: list[str], tmp_path: Path
) -> None:
    view = show()
    answer.append("r.md")
    view.content.report.click()
    text = (tmp_path / "r.md").read_text()
    assert answer[0].endswith("-rewrite-report.html")
    assert text.startswith("# How ")
    assert "It was not built" in text
    assert view.notice.text.startswith("Saved ")


def test_that_a_report_tells_of_the_build_and_the_check_of_what_is_shown(
    show: Show, jobs: ScriptedJobs, sources: str, answer: list[str], tmp_path: Path
) -> None:
    view = show(folder=sources)
    built(view, jobs)
    view.content.verify.click()
    confirm(view)
    asked(jobs, VERIFY).done(CHECKED)
    answer.append("r.md")
    view.content.report.click()
    text = (tmp_path / "r.md").read_text()
    assert RESULT.tag in text
    assert "root in both" in text
    assert "No uploads." in text
    answer.append("r.json")
    view.content.report.click()
    made = json.loads((tmp_path / "r.json").read_bytes())
    assert (made["build"]["tag"], made["verify"]["verdict"]) == (RESULT.tag, DIFFERS)
    assert made["build"]["context"]["files"] == 2
    assert view.plan is not None
    rule = next(change.rule for change in view.plan.changes if change.enabled)
    view.switch(rule, on=False)
    answer.append("other.md")
    view.content.report.click()
    assert RESULT.tag not in (tmp_path / "other.md").read_text()


def test_that_a_report_into_no_folder_is_told(
    show: Show, answer: list[str], measured: tuple[StartupExport, Notice]
) -> None:
    view = show()
    answer.append("/proc/nowhere/r.html")
    view.content.report.click()
    assert "Could not write /proc/nowhere/r.html" in view.notice.text
    answer.append("/proc/nowhere/r.html")
    measured[0].save_report()
    assert "Could not write /proc/nowhere/r.html" in measured[1].text
