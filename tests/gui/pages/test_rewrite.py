"""A rewrite in the window: planned from image, Dockerfile and folder, switched, copied and saved; and when that is not possible."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QPushButton
from pytestqt.qtbot import QtBot

from explorer import errors
from explorer.dockerfile.rewrite.files import rewrite_files
from explorer.errors import EngineUnreachable
from explorer.image.model import Config
from explorer.task import Task
from tests.dockerfile.projects import NAIVE, SOURCES, Project
from tests.gui.rewrites import (
    FILES,
    HELD,
    PREPARE,
    Show,
    asked,
    asking,
    files_read,
    planned,
    prepared,
    read,
    source_folder,
    texts,
)
from tests.gui.scripted import ScriptedJobs

pytestmark = pytest.mark.gui

# ---- planning


def test_that_an_image_alone_is_rewritten_from_its_history(show: Show) -> None:
    view = show()
    assert view.currentWidget() is view.content
    assert view.plan is not None
    assert view.plan.mode == "image"
    left, right = texts(view)
    assert left.splitlines()[0] == "FROM golang:1.27-bookworm"
    assert "FROM scratch" in right
    assert view.inputs.mode._whole.startswith("Made from the image alone")


def test_that_a_dockerfile_and_its_folder_are_read_in_a_worker(
    show: Show, jobs: ScriptedJobs, sources: str
) -> None:
    view = show(folder=sources)
    assert [job.function for job in jobs.started[-3:]] == [HELD, FILES, PREPARE]
    assert view.plan is not None
    assert view.plan.mode == "dockerfile"
    assert view.inputs.dockerfile.label._whole == f"{sources}/Dockerfile"
    assert view.inputs.mode._whole == "Your Dockerfile, rewritten."


def test_that_a_folder_without_a_dockerfile_gets_a_new_one(show: Show, tmp_path: Path) -> None:
    view = show(folder=source_folder(tmp_path / "bare", SOURCES))
    assert view.plan is not None
    assert view.plan.mode == "source"
    assert "AS build" in view.plan.rewritten


def test_that_a_dockerfile_beside_a_go_mod_brings_its_folder(
    show: Show, jobs: ScriptedJobs, sources: str
) -> None:
    view = show()
    view.inputs.dockerfile.set_path(f"{sources}/Dockerfile")
    assert view.inputs.folder.path == sources
    files_read(jobs)
    prepared(jobs)
    assert view.plan is not None
    assert view.plan.mode == "dockerfile"


def test_that_another_runtime_changes_the_last_stage_and_says_why(
    show: Show, jobs: ScriptedJobs
) -> None:
    view = show()
    view.inputs.runtime.setCurrentIndex(view.inputs.runtime.findData("debian"))
    view.inputs.runtime.activated.emit(view.inputs.runtime.currentIndex())
    prepared(jobs)
    assert view.plan is not None
    assert "FROM debian" in view.plan.rewritten
    assert view.inputs.reasons._whole.startswith("FROM debian")


def test_that_rebuilt_lines_say_how_sure_they_are(show: Show) -> None:
    view = show()
    marks = {line.text: line.mark for line in view.content.diff.left.lines if line.number}
    assert marks["FROM golang:1.27-bookworm"] == ""
    assert marks["COPY . ."] == "~"
    tips = [line.tip for line in view.content.diff.left.lines if line.text == "COPY . ."]
    assert tips[0].startswith("Original line 2: ~ inferred · History may lack --from")


def test_that_a_switch_changes_text_and_size_at_once(show: Show, jobs: ScriptedJobs) -> None:
    view = show()
    before = len(jobs.started)
    assert view.plan is not None
    small = view.plan.predicted_bytes
    card = view.content.cards.cards["split-stages"]
    card.switch.click()
    assert view.plan.predicted_bytes == view.plan.original_bytes > small
    assert "FROM scratch" not in texts(view)[1]
    assert not view.content.cards.cards["split-stages"].switch.isChecked()
    view.content.cards.cards["split-stages"].switch.click()
    assert view.plan.predicted_bytes == small
    assert len(jobs.started) == before


def test_that_with_every_change_off_there_is_nothing_to_save_or_build(show: Show) -> None:
    view = show()
    assert view.plan is not None
    for change in view.plan.changes:
        view.switch(change.rule, on=False)
    assert not view.plan.changed
    assert view.content.summary._whole.startswith("Nothing is changed")
    assert not view.content.save.isEnabled()
    assert not view.content.build.isEnabled()


def test_that_another_state_of_the_image_is_planned_anew(
    show: Show, jobs: ScriptedJobs, tmp_path: Path
) -> None:
    view = show()
    view.switch("split-stages", on=False)
    view.tab.open_anew()
    read(jobs, Project(), tmp_path / "tab")
    planned(jobs, view, Project())
    assert view.switches == {}
    view.refresh()
    assert jobs.last.function == PREPARE


def test_that_a_dockerfile_that_no_builder_reads_is_told_by_line_and_shown(show: Show) -> None:
    view = show(dockerfile="FROM golang:1.27\nFORM x\nRUN go build\n")
    assert "line 2:" in view.content.problems.text
    lines = view.content.diff.left.lines
    assert [line.text for line in lines if line.number] == [
        "FROM golang:1.27", "FORM x", "RUN go build",
    ]  # fmt: skip
    assert lines[1].mark == "✗"
    assert not view.content.build.isEnabled()


def test_that_an_unreadable_dockerfile_leaves_the_plan_of_the_image(
    show: Show, jobs: ScriptedJobs, tmp_path: Path
) -> None:
    view = show()
    view.inputs.dockerfile.set_path(str(tmp_path / "gone"))
    with pytest.raises(errors.InputError) as caught:
        rewrite_files(Task(), *asked(jobs, FILES).args)
    asked(jobs, FILES).failed(caught.value)
    prepared(jobs)
    assert "Could not read" in view.notice.text
    assert view.plan is not None
    assert view.plan.mode == "image"


def test_that_without_an_engine_there_is_a_careful_plan(show: Show, jobs: ScriptedJobs) -> None:
    view = show(plan=False)
    view.refresh()
    asked(jobs, HELD).failed(EngineUnreachable("Nobody answers.", "Start it."))
    prepared(jobs)
    assert view.plan is not None
    assert "cautious one: Nobody answers." in view.notice.text
    again = [b for b in view.notice.findChildren(QPushButton) if b.text() == "Try again"]
    again[0].click()
    planned_again = asked(jobs, HELD)
    assert planned_again.running


def test_that_planning_can_be_cancelled_and_begun_again(show: Show, jobs: ScriptedJobs) -> None:
    view = show(plan=False)
    view.refresh()
    job = asked(jobs, HELD)
    view.loading._cancel.click()
    assert job.cancelled
    assert view.message.text.startswith("Planning was cancelled")
    button = next(b for b in view.message.findChildren(QPushButton))
    button.click()
    assert asked(jobs, HELD) is not job


def test_that_an_image_with_nothing_to_improve_says_so(show: Show) -> None:
    config = Config(env=(), cmd=("/nothing",))
    view = show(replace(Project(dockerfile=None), config=config), dockerfile="FROM scratch\n")
    assert view.plan is not None
    assert not view.plan.changed
    assert view.content.diff.change_count == 0
    assert view.content.summary._whole.startswith("Nothing is changed")


def test_that_a_dockerfile_of_another_image_is_told(show: Show, jobs: ScriptedJobs) -> None:
    view = show(dockerfile=NAIVE.replace("/app/server", "/app/other"))
    assert "was not built from this Dockerfile" in view.content.problems.text
    view.inputs.dockerfile.clear.click()
    prepared(jobs)
    assert view.content.problems.text == ""


def test_that_a_change_that_is_off_says_what_it_would_bring(show: Show, qtbot: QtBot) -> None:
    view = show()
    assert view.plan is not None
    view.switch("certificates", on=False)
    card = view.content.cards.cards["certificates"]
    qtbot.waitUntil(lambda: not view._ahead)
    assert card.bytes.text() == "(▲ +216.6 kB)"
    view.switch("certificates", on=True)
    assert card.bytes.text() == "▲ +216.6 kB"


def test_that_a_folder_that_takes_long_can_be_given_up(
    show: Show, jobs: ScriptedJobs, sources: str
) -> None:
    view = show()
    view.inputs.folder.set_path(sources)
    job = asked(jobs, FILES)
    view._late.timeout.emit()
    assert view.notice.text == "Reading the source folder…"
    next(b for b in view.notice.findChildren(QPushButton) if b.text() == "Cancel").click()
    prepared(jobs)
    assert job.cancelled
    assert view.inputs.folder.path == ""
    assert view.plan is not None
    assert view.plan.mode == "image"


def test_that_a_ci_job_asked_for_while_files_are_read_comes_with_them(
    show: Show, jobs: ScriptedJobs, sources: str
) -> None:
    view = show()
    view.inputs.folder.set_path(sources)
    view.content.ci["github"].click()
    files_read(jobs)
    prepared(jobs)
    assert view.plan is not None
    assert (view.plan.mode, list(view.plan.jobs)) == ("dockerfile", ["github"])


# ---- what is written


def test_that_copying_masks_secrets_and_says_so(show: Show) -> None:
    view = show(dockerfile=NAIVE.replace("WORKDIR", "ENV API_KEY=s3cr3t-value\nWORKDIR"))
    assert view.plan is not None
    assert "s3cr3t-value" in view.plan.rewritten
    assert all("s3cr3t-value" not in text for text in texts(view))
    assert "s3cr3t-value" not in view.content.notes.toPlainText()
    view.content.copy.click()
    assert "API_KEY=•••" in QGuiApplication.clipboard().text()
    assert "masked" in view.notice.text


def test_that_files_are_written_where_the_person_says(
    show: Show, sources: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = show(folder=sources)
    target = tmp_path / "out" / "Dockerfile"
    target.parent.mkdir()
    suggested: list[str] = []

    def chosen(_parent: object, _title: str, path: str, **_more: object) -> tuple[str, str]:
        suggested.append(path)
        return str(target), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", chosen)
    before = {p: p.read_bytes() for p in Path(sources).iterdir()}
    view.content.ci["github"].blockSignals(True)
    view.content.save.click()
    assert view.plan is not None
    assert suggested == [f"{sources}/Dockerfile.optimized"]
    assert target.read_text() == view.plan.rewritten
    assert (target.parent / ".dockerignore").read_text() == view.plan.dockerignore
    assert {p: p.read_bytes() for p in Path(sources).iterdir()} == before


def test_that_a_file_is_replaced_only_after_asking(
    show: Show, tmp_path: Path, qtbot: QtBot
) -> None:
    view = show()
    target = tmp_path / "Dockerfile"
    target.write_text("mine\n")
    view.save_to(str(target))
    assert target.read_text() == "mine\n"
    dialog = asking(view)
    assert dialog.details.toPlainText() == str(target)
    dialog.reject()
    assert target.read_text() == "mine\n"
    view.save_to(str(target))
    asking(view).accept()
    assert view.plan is not None
    assert target.read_text() == view.plan.rewritten


def test_that_secrets_are_written_for_their_owner_only(show: Show, tmp_path: Path) -> None:
    view = show(dockerfile=NAIVE.replace("WORKDIR", "ENV API_KEY=s3cr3t-value\nWORKDIR"))
    view.save_to(str(tmp_path / "secret.Dockerfile"))
    path = tmp_path / "secret.Dockerfile"
    assert "s3cr3t-value" in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_that_a_folder_that_takes_nothing_is_told(show: Show) -> None:
    view = show()
    view.save_to("/proc/1/nowhere/Dockerfile")
    assert view.notice.text.startswith("Could not write")


def test_that_a_ci_job_is_shown_and_written_on_request(
    show: Show, jobs: ScriptedJobs, tmp_path: Path
) -> None:
    view = show()
    assert view.content.tabs.tabText(2) == "Other files"
    view.content.ci["gitlab"].click()
    prepared(jobs)
    assert view.content.tabs.tabText(2) == "Other files (1)"
    assert "── .gitlab-ci.yml" in view.content.more_files.toPlainText()
    out = tmp_path / "ci"
    out.mkdir()
    view.save_to(str(out / "Dockerfile"))
    assert sorted(os.listdir(out)) == [".gitlab-ci.yml", "Dockerfile"]
