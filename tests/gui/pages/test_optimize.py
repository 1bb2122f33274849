"""The Optimize page: planning, switches, saving, building and verifying, and every state in which one of them is not possible."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QPushButton
from pytestqt.qtbot import QtBot

from explorer import errors, workflow
from explorer.dockerfile.verify.model import DIFFERS, SAME, STATIC, Check, Verification
from explorer.engine.build_events import BuildResult, Step, StepEnded, StepLog, StepStarted
from explorer.engine.client import EngineInfo
from explorer.errors import BuildFailed, EngineUnreachable
from explorer.gui.dialogs.confirm import ConfirmDialog
from explorer.gui.image_tabs import ImageTabs
from explorer.gui.jobs import Jobs
from explorer.gui.pages.optimize import OptimizePage
from explorer.gui.pages.rewrite import RewriteView
from explorer.image.model import Config
from explorer.settings import SettingsStore
from explorer.task import Progress, Task
from tests.dockerfile.projects import NAIVE, SOURCES, Project
from tests.gui.reading import clipped, unnamed
from tests.gui.rewrites import (
    BUILD,
    FILES,
    INPUTS,
    LOOK,
    PREPARE,
    VERIFY,
    asked,
    files_read,
    opened_tab,
    planned,
    prepared,
    read,
    source_folder,
)
from tests.gui.scripted import ScriptedJobs

pytestmark = pytest.mark.gui

Show = Callable[..., RewriteView]
ENGINE = EngineInfo(
    "Docker", "28.1", "1.49", "unix:///run/docker.sock", "default", "overlay2", "/var/lib/docker", "", False, False, "",
    False, "linux", "",
)  # fmt: skip
RESULT = BuildResult(
    "sha256:new",
    "image-explorer.local/web:1-optimized",
    12.0,
    "buildkit",
    (),
    content_bytes=9_000_000,
)


@pytest.fixture
def show(qtbot: QtBot, jobs: ScriptedJobs, tmp_path: Path) -> Iterator[Show]:
    """A view over an image that has been read; planned unless told not to."""
    views: list[RewriteView] = []

    def shown(
        project: Project | None = None,
        *,
        reference: str = "docker-daemon:web:1",
        dockerfile: str | None = None,
        folder: str = "",
        plan: bool = True,
    ) -> RewriteView:
        project = project or Project()
        tab = opened_tab(jobs, project, tmp_path / "tab", reference)
        qtbot.addWidget(tab, before_close_func=lambda tab: tab.close_image())
        view = RewriteView(tab, cast("Jobs", jobs))
        qtbot.addWidget(view, before_close_func=lambda view: view.close_view())
        views.append(view)
        view.resize(1200, 760)
        if dockerfile is not None:
            path = tmp_path / "Dockerfile.given"
            path.write_text(dockerfile)
            view.inputs.dockerfile.set_path(str(path), tell=False)
        if folder:
            view.inputs.folder.set_path(folder, tell=False)
        view.show()
        if plan:
            planned(jobs, view, project)
        return view

    yield shown
    views.clear()


@pytest.fixture
def sources(tmp_path: Path) -> str:
    return source_folder(tmp_path / "src", {**SOURCES, "Dockerfile": NAIVE})


def confirm(view: RewriteView) -> list[str]:
    """Agree to what is asked; what was said."""
    dialog = view.trial.dialog
    assert dialog is not None
    said = [label.text() for label in dialog.sentences]
    dialog.accept()
    return said


def asking(view: RewriteView) -> ConfirmDialog:
    """The question that is on the screen."""
    found = [dialog for dialog in view.findChildren(ConfirmDialog) if dialog.isVisible()]
    assert len(found) == 1
    return found[0]


def look(jobs: ScriptedJobs) -> None:
    """Look at what a build would send, as the worker does, with a scripted engine."""
    from explorer.dockerfile.context import Context, read_context

    job = asked(jobs, LOOK)
    _, folder, name, ignored = job.args
    job.done((read_context(Task(), folder, name, ignored) if folder else Context(), ENGINE))


def built(view: RewriteView, jobs: ScriptedJobs) -> None:
    view.content.build.click()
    look(jobs)
    confirm(view)
    asked(jobs, BUILD).done(RESULT)


def texts(view: RewriteView) -> tuple[str, str]:
    diff = view.content.diff
    return diff.left.toPlainText(), diff.right.toPlainText()


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
    assert [job.function for job in jobs.started[-3:]] == [INPUTS, FILES, PREPARE]
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
    assert tips[0].startswith("Original line 2: ~ inferred. History may lack --from")


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
        workflow.rewrite_files(Task(), *asked(jobs, FILES).args)
    asked(jobs, FILES).failed(caught.value)
    prepared(jobs)
    assert "Could not read" in view.notice.text
    assert view.plan is not None
    assert view.plan.mode == "image"


def test_that_without_an_engine_there_is_a_careful_plan(show: Show, jobs: ScriptedJobs) -> None:
    view = show(plan=False)
    view.refresh()
    asked(jobs, INPUTS).failed(EngineUnreachable("Nobody answers.", "Start it."))
    prepared(jobs)
    assert view.plan is not None
    assert "careful one: Nobody answers." in view.notice.text
    again = [b for b in view.notice.findChildren(QPushButton) if b.text() == "Try again"]
    again[0].click()
    planned_again = asked(jobs, INPUTS)
    assert planned_again.running


def test_that_planning_can_be_cancelled_and_begun_again(show: Show, jobs: ScriptedJobs) -> None:
    view = show(plan=False)
    view.refresh()
    job = asked(jobs, INPUTS)
    view.loading._cancel.click()
    assert job.cancelled
    assert view.message.text.startswith("Planning was cancelled")
    button = next(b for b in view.message.findChildren(QPushButton))
    button.click()
    assert asked(jobs, INPUTS) is not job


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


# ---- building


def test_that_a_build_is_asked_for_with_what_is_sent_and_where(
    show: Show, jobs: ScriptedJobs, sources: str
) -> None:
    (Path(sources) / ".env").write_text("KEY=1\n")
    view = show(folder=sources)
    view.content.build.click()
    look(jobs)
    dialog = view.trial.dialog
    assert dialog is not None
    said = dialog.sentences[0].text()
    assert said.startswith("3 files (121 B) of ")
    assert "Docker 28.1 (unix:///run/docker.sock)" in said
    assert sources in said
    assert "⚠ .env (6 B): may hold a secret" in dialog.details.toPlainText()
    assert "main.go" in dialog.details.toPlainText()
    assert dialog.focusWidget() is dialog.cancel
    dialog.reject()
    assert [job.function for job in jobs.started].count(BUILD) == 0
    assert view.content.build.isEnabled()


def test_that_a_build_of_the_image_alone_sends_no_files(show: Show, jobs: ScriptedJobs) -> None:
    view = show()
    view.content.build.click()
    assert asked(jobs, LOOK).args[1] == ""
    look(jobs)
    said = confirm(view)
    assert said[0].startswith("Only the rewritten Dockerfile is sent to Docker 28.1")
    assert view.plan is not None
    _, context, text, tag, platform = asked(jobs, BUILD).args
    assert (context.entries, text, platform) == ((), view.plan.rewritten, "linux/amd64")
    assert tag == "image-explorer.local/test:latest-optimized"


def test_that_a_dockerfile_that_copies_needs_its_folder_first(
    show: Show, jobs: ScriptedJobs
) -> None:
    view = show(dockerfile=NAIVE)
    view.content.build.click()
    assert "choose it first" in view.notice.text
    assert [job.function for job in jobs.started].count(LOOK) == 0


def test_that_steps_and_output_are_shown_while_it_builds(show: Show, jobs: ScriptedJobs) -> None:
    view = show()
    view.content.build.click()
    look(jobs)
    confirm(view)
    job, pane = asked(jobs, BUILD), view.content.build_pane
    assert view.content.tabs.currentWidget() is pane
    for event in (
        StepStarted(1, "[build 1/2] RUN <b>make</b>"),
        StepLog(1, "compiling"),
        StepEnded(Step(1, "[build 1/2] RUN <b>make</b>", 2.5)),
        StepStarted(2, "[build 2/2] COPY . ."),
        StepEnded(Step(2, "[build 2/2] COPY . .", 0.0, cached=True)),
    ):
        job.more["on_partial"](event)
    job.more["on_progress"](Progress("Reading how big it became"))
    pane.flush()
    rows = [[pane.steps.index(r, c).data() for c in range(4)] for r in range(2)]
    assert rows == [
        ["1", "[build 1/2] RUN <b>make</b>", "2.50 s", "✓ done"],
        ["2", "[build 2/2] COPY . .", "0.00 s", "= from the cache"],
    ]
    assert "#1 compiling" in pane.log.toPlainText().splitlines()
    assert pane.state._whole == "Reading how big it became"
    job.done(RESULT)
    assert "expected were" in pane.state._whole
    assert not pane.cancel.isVisible()
    assert view.content.open_result.isEnabled()


def test_that_a_failed_build_shows_its_step_and_last_lines(show: Show, jobs: ScriptedJobs) -> None:
    view = show()
    view.content.build.click()
    look(jobs)
    confirm(view)
    job, pane = asked(jobs, BUILD), view.content.build_pane
    job.more["on_partial"](StepStarted(1, "RUN make"))
    job.more["on_partial"](StepEnded(Step(1, "RUN make", 1.0, error="exit code: 2")))
    lines = tuple(f"line {n}" for n in range(80))
    job.failed(
        BuildFailed("The build failed in the step RUN make.", "See below.", "RUN make", lines)
    )
    assert "The build failed in the step RUN make." in pane.notice.text
    assert pane.steps.index(0, 3).data() == "✗ failed"
    assert pane.table.currentIndex().row() == 0
    shown = pane.log.toPlainText().splitlines()
    assert shown[-50:] == [f"line {n}" for n in range(30, 80)]
    assert view.content.build.isEnabled()
    assert not view.content.open_result.isEnabled()


def test_that_a_cancelled_build_says_so_and_the_next_has_another_name(
    show: Show, jobs: ScriptedJobs
) -> None:
    view = show()
    view.content.build.click()
    look(jobs)
    confirm(view)
    job = asked(jobs, BUILD)
    view.content.build_pane.cancel.click()
    assert job.cancelled
    job.more["on_stopped"]()
    assert view.content.build_pane.state._whole.startswith("Cancelled.")
    view.content.build.click()
    look(jobs)
    confirm(view)
    assert asked(jobs, BUILD).args[3] == "image-explorer.local/test:latest-optimized-2"


def test_that_no_engine_is_told_where_the_build_would_be(show: Show, jobs: ScriptedJobs) -> None:
    view = show()
    view.content.build.click()
    asked(jobs, LOOK).failed(EngineUnreachable("Nobody answers.", "Start it."))
    assert view.content.build_pane.notice.text == "Nobody answers.\nStart it."
    assert view.content.build.isEnabled()
    assert view.trial.dialog is None


def test_that_the_result_opens_as_another_image(
    show: Show, jobs: ScriptedJobs, qtbot: QtBot
) -> None:
    view = show()
    built(view, jobs)
    with qtbot.waitSignal(view.result_wanted) as caught:
        view.content.open_result.click()
    assert caught.args == ["docker-daemon:image-explorer.local/web:1-optimized"]


def test_that_a_switch_after_the_build_is_told(show: Show, jobs: ScriptedJobs) -> None:
    view = show()
    built(view, jobs)
    assert "other changes" not in view.content.summary._whole
    view.switch("certificates", on=False)
    assert view.content.summary._whole.endswith("the image that was built has other changes")


# ---- verifying


def test_that_verifying_says_what_is_run_and_passes_what_was_meant(
    show: Show, jobs: ScriptedJobs
) -> None:
    view = show()
    assert not view.content.verify.isEnabled()
    built(view, jobs)
    view.content.verify.click()
    said = " ".join(confirm(view))
    assert said.startswith("test:latest is started twice and image-explorer.local/web:1-optimized")
    assert "with: /app/server" in said
    assert "2.1 GB of memory" in said
    job = asked(jobs, VERIFY)
    assert job.args[1:3] == (view.tab.analysis.image.id, "sha256:new")  # type: ignore[union-attr]
    assert {"env:GOPATH", "env:GOLANG_VERSION"} <= job.args[3].intended
    assert "user" not in job.args[3].intended


def test_that_a_difference_comes_first_and_the_verdict_is_in_words(
    show: Show, jobs: ScriptedJobs
) -> None:
    view = show()
    built(view, jobs)
    view.content.verify.click()
    confirm(view)
    checks = (
        Check("Architecture", STATIC, SAME, "amd64"),
        Check("Config", STATIC, DIFFERS, "Changed: <b>User</b>"),
    )
    asked(jobs, VERIFY).done(Verification(DIFFERS, checks, ("Load.",)))
    pane = view.content.verify_pane
    assert pane.verdict._whole.startswith("≠ Behaves differently")
    assert [pane.checks.index(0, c).data() for c in range(4)] == [
        "Config", "≠ differs", "compared", "Changed: <b>User</b>",
    ]  # fmt: skip
    assert pane.untested.toPlainText() == "Not tested:\n• Load."


def test_that_a_cancelled_or_failed_verification_is_no_verdict(
    show: Show, jobs: ScriptedJobs
) -> None:
    view = show()
    built(view, jobs)
    view.content.verify.click()
    confirm(view)
    job = asked(jobs, VERIFY)
    view.content.verify_pane.cancel.click()
    assert job.cancelled
    job.more["on_stopped"]()
    assert view.content.verify_pane.verdict._whole.startswith("Cancelled.")
    view.content.verify.click()
    confirm(view)
    asked(jobs, VERIFY).failed(EngineUnreachable("Gone.", "Start it."))
    assert view.content.verify_pane.verdict._whole == "Not verified."
    assert view.content.verify_pane.notice.text == "Gone.\nStart it."


def test_that_an_archive_can_be_planned_and_not_verified(
    show: Show, jobs: ScriptedJobs, tmp_path: Path
) -> None:
    view = show(reference=f"docker-archive:{tmp_path}/web.tar")
    built(view, jobs)
    assert not view.content.verify.isEnabled()
    assert "not in an engine" in view.content.verify.toolTip()


# ---- the page over all images


@pytest.fixture
def page(qtbot: QtBot, jobs: ScriptedJobs, tmp_path: Path) -> OptimizePage:
    tabs = ImageTabs(SettingsStore(tmp_path), cast("Jobs", jobs))
    qtbot.addWidget(tabs, before_close_func=lambda tabs: tabs.close_all())
    made = OptimizePage(tabs, cast("Jobs", jobs))
    qtbot.addWidget(made, before_close_func=lambda page: page.end())
    return made


def tabs_of(page: OptimizePage) -> ImageTabs:
    return page._tabs


def test_that_nothing_is_planned_before_the_page_is_looked_at(
    page: OptimizePage, jobs: ScriptedJobs, tmp_path: Path
) -> None:
    tabs_of(page).open_reference("docker-daemon:web:1")
    read(jobs, Project(), tmp_path / "tab")
    assert [job.function for job in jobs.started].count(INPUTS) == 0
    page.show()
    assert asked(jobs, INPUTS).running


def test_that_with_no_image_the_page_says_what_to_do(page: OptimizePage, qtbot: QtBot) -> None:
    page.show()
    assert page.currentWidget() is page.empty
    assert page.empty.text.startswith("No image is open")
    with qtbot.waitSignal(page.open_image):
        page.empty.findChildren(QPushButton)[0].click()


def test_that_the_page_waits_while_its_image_is_read(
    page: OptimizePage, jobs: ScriptedJobs, tmp_path: Path
) -> None:
    page.show()
    tabs_of(page).open_reference("docker-daemon:web:1")
    view = page.view()
    assert view is not None
    assert view.message.text.startswith("The image is not read yet")
    read(jobs, Project(), tmp_path / "tab")
    assert asked(jobs, INPUTS).running


def test_that_each_image_keeps_its_own_rewrite_until_it_is_closed(
    page: OptimizePage, jobs: ScriptedJobs, tmp_path: Path
) -> None:
    page.show()
    tabs = tabs_of(page)
    first = tabs.open_reference("docker-daemon:web:1")
    read(jobs, Project(), tmp_path / "tab")
    view = page.view()
    assert view is not None
    planned(jobs, view, Project())
    view.switch("certificates", on=False)
    tabs.open_reference("docker-daemon:web:2")
    assert page.view() is not view
    tabs.setCurrentWidget(first)
    assert page.view() is view
    assert view.switches == {"certificates": False}
    built(view, jobs)
    view.content.build.click()
    job = asked(jobs, LOOK)
    tabs.close_tab(tabs.indexOf(first))
    assert job.cancelled
    assert page.view() is not view


# ---- keyboard, names, looks


def test_that_everything_that_takes_the_focus_has_a_name(
    show: Show, jobs: ScriptedJobs, sources: str
) -> None:
    view = show(folder=sources)
    built(view, jobs)
    for number in range(view.content.tabs.count()):
        view.content.tabs.setCurrentIndex(number)
        assert unnamed(view) == []


def test_that_nothing_is_cut_off_at_the_smallest_size(show: Show, sources: str) -> None:
    view = show(folder=sources)
    view.resize(940, 600)
    QApplication.processEvents()
    assert view.minimumSizeHint().width() <= 940
    assert clipped(view) == []


def test_that_f7_goes_from_change_to_change_and_round(
    show: Show, sources: str, qtbot: QtBot
) -> None:
    view = show(folder=sources)
    diff = view.content.diff
    total = diff.change_count
    assert total > 1
    view.activateWindow()
    with qtbot.waitActive(view):
        view.show()
    diff.right.setFocus()
    seen = []
    for _ in range(total):
        QTest.keyClick(diff.right, Qt.Key.Key_F7)
        seen.append(diff.right.textCursor().blockNumber())
    assert len(set(seen)) == total
    assert diff.left.textCursor().blockNumber() == seen[-1]
    QTest.keyClick(diff.right, Qt.Key.Key_F7, Qt.KeyboardModifier.ShiftModifier)
    assert diff.right.textCursor().blockNumber() == seen[-2]


def test_that_hostile_lines_stay_on_their_line(show: Show) -> None:
    view = show(dockerfile='FROM golang:1.27\nLABEL a="\u202e<b>\x1b[31m"\nRUN go build\n')
    left, _ = texts(view)
    lines = [line for line in left.split("\n") if line]
    assert lines == ["FROM golang:1.27", 'LABEL a="\\u202e<b>\\x1b[31m"', "RUN go build"]
