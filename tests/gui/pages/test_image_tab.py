"""One image in the window: loading, early results, failures, cancel and resume, previews and saved files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from explorer.errors import DamagedInput, EngineUnreachable, StorageError
from explorer.findings.analysis import Analysis, analyse
from explorer.gobinary.binary import NOT_GO, GoBinary
from explorer.gui.jobs import Jobs
from explorer.gui.models.payload_text import PREVIEW_BYTES
from explorer.gui.pages.image_tab import ImageTab
from explorer.settings import Dismissals
from explorer.task import Progress
from explorer.workflow.opening import Options
from explorer.workflow.payloads import Payload
from tests.gui.scripted import ScriptedJobs, StartedJob
from tests.support.layers import file, image, layer

pytestmark = pytest.mark.gui


@pytest.fixture
def tab(qtbot: QtBot, jobs: ScriptedJobs, tmp_path: Path) -> ImageTab:
    made = ImageTab(Options("docker-daemon:app:1"), cast("Jobs", jobs), Dismissals(tmp_path))
    qtbot.addWidget(made, before_close_func=lambda tab: tab.close_image())
    made.resize(1200, 800)
    made.show()
    made.open()
    return made


def saved(tmp_path: Path, analysis: Analysis, name: str = "analysis.col") -> str:
    path = tmp_path / name
    analysis.save(path)
    return str(path)


def buttons(tab: ImageTab) -> list[str]:
    return [b.text() for b in tab.currentWidget().findChildren(QPushButton) if b.isVisibleTo(tab)]


def press(tab: ImageTab, text: str) -> None:
    QApplication.processEvents()  # a layout shows new buttons in the next turn
    found = [b for b in tab.findChildren(QPushButton) if b.isVisible() and b.text() == text]
    found[0].click()


def partial(analysis: Analysis) -> Analysis:
    """The same image with its first layer only."""
    return replace(
        analysis,
        complete=False,
        layers=(analysis.layers[0], *(replace(x, read=False) for x in analysis.layers[1:])),
    )


def progress(job: StartedJob, value: Progress) -> None:
    job.more["on_progress"](value)


def test_that_an_image_is_read_in_a_worker_and_then_shown(
    tab: ImageTab, jobs: ScriptedJobs, analysis: Analysis, tmp_path: Path, qtbot: QtBot
) -> None:
    assert tab.currentWidget() is tab.loading
    assert jobs.last.function == "explorer.workflow.analysing:analyse_to_file"
    assert jobs.last.args[0]["reference"] == "docker-daemon:app:1"
    with qtbot.waitSignal(tab.opened):
        jobs.last.done(saved(tmp_path, analysis))
    assert tab.currentWidget() is tab.explore
    assert tab.title == "test:latest"
    assert tab.explore.state_notice.isHidden()
    assert tab.options.image_id == analysis.image.id


def test_that_progress_is_told_with_what_is_left(
    tab: ImageTab, jobs: ScriptedJobs, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(tab.progress_changed) as signal:
        progress(jobs.last, Progress("Layer 2 of 7", 250_000_000, 1_000_000_000))
    assert signal.args == ["Layer 2 of 7 · 250.0 MB of 1.0 GB", 0.25]
    assert tab.loading._text.text() == "Layer 2 of 7 · 250.0 MB of 1.0 GB"


def test_that_early_results_can_be_looked_at_while_the_rest_comes(
    tab: ImageTab, jobs: ScriptedJobs, analysis: Analysis, tmp_path: Path
) -> None:
    jobs.last.more["on_partial"](saved(tmp_path, partial(analysis)))
    assert tab.currentWidget() is tab.explore
    assert "1 of 3 layers read" in tab.explore.state_notice.text
    place = tab.explore.selection.tree
    assert place is not None
    tab.explore.selection.set_current(place.find(b"etc/motd"))
    jobs.last.done(saved(tmp_path, analysis, "whole.col"))
    assert tab.explore.state_notice.isHidden()
    assert tab.explore.selection.tree is not None
    assert tab.explore.selection.tree.path(tab.explore.selection.current) == b"etc/motd"


def test_that_a_cancel_keeps_what_was_read_and_offers_to_resume(
    tab: ImageTab, jobs: ScriptedJobs, analysis: Analysis, tmp_path: Path
) -> None:
    jobs.last.more["on_partial"](saved(tmp_path, partial(analysis)))
    tab.cancel()
    jobs.last.more["on_stopped"]()
    assert tab.explore.state_notice.text == "Stopped after 1 of 3 layers. The figures are partial."
    press(tab, "Resume")
    assert len(jobs.started) == 2
    assert jobs.last.args[0]["image_id"] == analysis.image.id


def test_that_a_cancel_before_anything_came_offers_to_try_again(
    tab: ImageTab, jobs: ScriptedJobs
) -> None:
    tab.cancel()
    jobs.started[0].more["on_stopped"]()
    assert tab.currentWidget() is tab.problem
    press(tab, "Try again")
    assert len(jobs.started) == 2
    assert tab.currentWidget() is tab.loading


def test_that_a_missing_engine_is_explained_with_ways_out(
    tab: ImageTab, jobs: ScriptedJobs
) -> None:
    jobs.last.failed(EngineUnreachable("No engine <b>answers</b>.", "Start it."))
    assert tab.currentWidget() is tab.problem
    assert tab.problem.text == "app:1 could not be opened\nNo engine <b>answers</b>.\nStart it."
    assert buttons(tab) == [
        "Try again",
        "Other connection…",
        "Open archive or folder…",
        "Copy report",
    ]


def test_that_a_damaged_archive_offers_no_engine(tab: ImageTab, jobs: ScriptedJobs) -> None:
    jobs.last.failed(DamagedInput("It ends early, at byte 77.", "Save it again.", offset=77))
    assert buttons(tab) == ["Try again", "Copy report"]


def test_that_a_failure_after_early_results_leaves_them_open(
    tab: ImageTab, jobs: ScriptedJobs, analysis: Analysis, tmp_path: Path
) -> None:
    jobs.last.more["on_partial"](saved(tmp_path, partial(analysis)))
    jobs.last.failed(EngineUnreachable("The engine is gone."))
    assert tab.currentWidget() is tab.explore
    assert tab.explore.state_notice.text == "The engine is gone."


def test_that_an_incomplete_image_says_why(
    tab: ImageTab, jobs: ScriptedJobs, analysis: Analysis, tmp_path: Path
) -> None:
    cut = replace(partial(analysis), problems=("It is cut off at byte 9.",))
    jobs.last.done(saved(tmp_path, cut))
    assert tab.explore.state_notice.text == (
        "Incomplete: 1 of 3 layers were read.\nIt is cut off at byte 9."
    )


def test_that_a_preview_is_read_through_the_link_from_the_layer_that_holds_it(
    tab: ImageTab, jobs: ScriptedJobs, analysis: Analysis, tmp_path: Path
) -> None:
    jobs.last.done(saved(tmp_path, analysis))
    stack = analysis.stack
    row = int(stack.rows_at(stack.tree.find(b"usr/bin/alias"))[0])
    tab.explore.preview_wanted.emit(row)
    function, arguments = jobs.last.function, jobs.last.args
    assert function == "explorer.workflow.payloads:preview"
    assert arguments[1:] == (Payload(0, b"usr/bin/app", -1, 5_000_000), PREVIEW_BYTES)


def test_that_a_saved_file_is_told_and_a_failure_too(
    tab: ImageTab, jobs: ScriptedJobs, analysis: Analysis, tmp_path: Path
) -> None:
    jobs.last.done(saved(tmp_path, analysis))
    tab.save_payload(Payload(0, b"usr/bin/app", -1, 5_000_000), "/tmp/app")
    jobs.last.done(5_000_000)
    assert tab.explore.state_notice.text == "Saved /tmp/app (5.0 MB)."
    tab.save_payload(Payload(0, b"usr/bin/app", -1, 5_000_000), "/tmp/app")
    jobs.last.failed(StorageError("No room.", "Free some space."))
    assert tab.explore.state_notice.text == "No room. Free some space."


def test_that_dismissals_are_remembered_for_the_image(
    tab: ImageTab, jobs: ScriptedJobs, analysis: Analysis, tmp_path: Path
) -> None:
    jobs.last.done(saved(tmp_path, analysis))
    table = tab.explore.findings.table
    first = table.findings.finding(0)
    tab.explore.findings.dismiss(first)
    assert Dismissals(tmp_path).load(analysis.image.id) == table.findings.dismissed
    tab.explore.findings.undo()
    assert Dismissals(tmp_path).load(analysis.image.id) == set()


def test_that_closing_leaves_no_files_behind(
    tab: ImageTab, jobs: ScriptedJobs, tmp_path: Path
) -> None:
    folder = Path(jobs.last.args[1])
    assert folder.is_dir()
    tab.close_image()
    assert not folder.exists()
    assert jobs.last.cancelled


@pytest.mark.parametrize(
    ("reference", "title"),
    [
        ("docker-daemon:app:1", "app:1"),
        ("docker-archive:/tmp/some/image.tar", "image.tar"),
        ("/tmp/some/image.tar", "image.tar"),
        ("registry.example.org/team/app:1.2", "registry.example.org/team/app:1.2"),
    ],
)
def test_that_a_tab_is_named_for_what_was_asked_for(
    qtbot: QtBot, jobs: ScriptedJobs, tmp_path: Path, reference: str, title: str
) -> None:
    made = ImageTab(Options(reference), cast("Jobs", jobs), Dismissals(tmp_path))
    qtbot.addWidget(made)
    assert made.title == title
    made.close_image()


def test_that_another_image_behind_the_same_name_is_shown_from_its_root(
    tab: ImageTab, jobs: ScriptedJobs, analysis: Analysis, tmp_path: Path
) -> None:
    jobs.last.done(saved(tmp_path, analysis))
    described, layers = image(layer(file("new", 5)))
    other = analyse(replace(described, id="sha256:" + "cd" * 32), layers)
    tab.open_anew()
    assert jobs.last.args[0]["image_id"] == ""
    jobs.last.done(saved(tmp_path, other, "other.col"))
    assert tab.explore.selection.current == 0
    assert tab.analysis is not None
    assert tab.analysis.image.id == other.image.id


def test_that_an_engine_is_asked_for_the_base_image(
    tab: ImageTab, jobs: ScriptedJobs, analysis: Analysis, tmp_path: Path
) -> None:
    jobs.last.done(saved(tmp_path, analysis))
    assert jobs.last.function == "explorer.workflow.asking:base_of"
    jobs.last.done(("golang:1.27", 1))
    assert tab.explore.layers.model.row(0).text == "FROM golang:1.27 · 1 layer"


def test_that_a_name_that_moved_is_told_once_and_the_new_image_offered(
    tab: ImageTab, jobs: ScriptedJobs, analysis: Analysis, tmp_path: Path
) -> None:
    jobs.last.done(saved(tmp_path, analysis))
    told = []
    for _ in range(2):
        tab.look_again()
        jobs.last.done("sha256:" + "cd" * 32)
        told.append(tab.explore.state_notice.text)
        tab.explore.state_notice.hide()
    assert told == ["test:latest now means a different image; this one is abababababab.", ""]
    tab.look_again()
    jobs.last.done("")
    assert tab.explore.state_notice.text == (
        "test:latest was removed from the engine; what was read stays."
    )
    tab.look_again()
    jobs.last.done(analysis.image.id)


def test_that_looking_inside_an_executable_goes_in_and_comes_back(
    tab: ImageTab, jobs: ScriptedJobs, analysis: Analysis, tmp_path: Path, qtbot: QtBot
) -> None:
    jobs.last.done(saved(tmp_path, analysis))
    with qtbot.waitSignal(tab.progress_changed) as signal:
        tab.look_inside(analysis.stack.tree.find(b"usr/bin/app"))
    assert signal.args == ["Looking inside /usr/bin/app", -1.0]
    assert jobs.last.function == "explorer.workflow.binaries:inspect_binary"
    assert jobs.last.args[1] == b"usr/bin/app"
    jobs.last.done(GoBinary("/usr/bin/app", 5_000_000, NOT_GO, "elf", "amd64", 64, analysed=False))
    assert tab.currentWidget() is tab.binary
    tab.zoom_out()
    assert tab.currentWidget() is tab.explore


def test_that_a_file_that_cannot_be_looked_into_is_told(
    tab: ImageTab, jobs: ScriptedJobs, analysis: Analysis, tmp_path: Path
) -> None:
    jobs.last.done(saved(tmp_path, analysis))
    tab.look_inside(analysis.stack.tree.find(b"usr/bin/app"))
    jobs.last.failed(DamagedInput("It is cut off.", "Build it again."))
    assert tab.currentWidget() is tab.explore
    assert tab.explore.state_notice.text == "It is cut off. Build it again."
