"""Building a rewrite and verifying the result: asked for first, shown while it runs, told how it ended."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from explorer.dockerfile.rewrite.trial import needs_folder, rule_of_step
from explorer.dockerfile.verify.model import DIFFERS, SAME, STATIC, Check, Verification
from explorer.dockerfile.verify.ready import Ready
from explorer.engine.build_events import Step, StepEnded, StepLog, StepStarted
from explorer.errors import BuildFailed, EngineUnreachable
from explorer.gui.dialogs.verify import VerifyDialog
from explorer.gui.pages.rewrite import RewriteView
from explorer.task import Progress
from explorer.workflow.opening import Options
from tests.dockerfile.projects import NAIVE
from tests.gui.rewrites import (
    BUILD,
    LOOK,
    RESULT,
    VERIFY,
    Show,
    asked,
    built,
    confirm,
    look,
)
from tests.gui.scripted import ScriptedJobs

pytestmark = pytest.mark.gui

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
    job.more["on_progress"](Progress("Reading its new size"))
    pane.flush()
    rows = [[pane.steps.index(r, c).data() for c in range(4)] for r in range(2)]
    assert rows == [
        ["1", "[build 1/2] RUN <b>make</b>", "2.50 s", "✓ done"],
        ["2", "[build 2/2] COPY . .", "0.00 s", "= from the cache"],
    ]
    assert "#1 compiling" in pane.log.toPlainText().splitlines()
    assert pane.state._whole == "Reading its new size"
    job.done(RESULT)
    assert "expected: " in pane.state._whole
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


def test_that_a_step_that_a_change_wrote_can_be_left_out(
    show: Show, jobs: ScriptedJobs, sources: str
) -> None:
    view = show(folder=sources)
    view.content.build.click()
    look(jobs)
    confirm(view)
    assert view.plan is not None
    place = view.plan.line_rules.index("modules-first")
    line = next(
        text for text, rule in zip(view.plan.rewritten.splitlines()[place:], view.plan.line_rules[place:], strict=True)
        if rule and text.startswith("RUN")
    )  # fmt: skip
    asked(jobs, BUILD).failed(BuildFailed("No.", "", f"[build 4/6] {line}", ("x",)))
    button = next(
        b
        for b in view.content.build_pane.notice.findChildren(QPushButton)
        if b.text().startswith("Build without")
    )
    button.click()
    assert list(view.switches.values()) == [False]
    assert asked(jobs, LOOK).running
    assert line not in view.plan.rewritten


def test_that_a_step_of_the_original_is_nobodys_change(show: Show, sources: str) -> None:
    view = show(folder=sources)
    assert view.plan is not None
    assert rule_of_step(view.plan, "[build 2/5] WORKDIR /app") == ""
    assert rule_of_step(view.plan, "[internal] load metadata") == ""
    assert rule_of_step(view.plan, "") == ""


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("FROM a\nCOPY . .\n", "COPY . ."),
        ("FROM a\nADD https://x/y /z\nCOPY --from=b /c /c\nCOPY <<E /f\nhi\nE\n", ""),
        ("FROM a\nRUN --mount=type=bind,target=/src make\n", "RUN --mount=type=bind,target=/src"),
        ("FROM a\nRUN --mount=type=cache,target=/c --mount=from=b,target=/d make\n", ""),
        ('FROM a\nCOPY ["a b", "/c"]\n', 'COPY ["a b", "/c"]'),
    ],
)
def test_that_what_needs_the_source_folder_is_known(text: str, line: str) -> None:
    assert needs_folder(text) == line


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


# ---- more questions for a verification, and the comparison that follows


def _verifying(view: RewriteView) -> VerifyDialog:
    view.content.verify.click()
    dialog = view.trial.dialog
    assert isinstance(dialog, VerifyDialog)
    return dialog


def test_that_more_paths_variables_and_readiness_are_passed_on(
    show: Show, jobs: ScriptedJobs
) -> None:
    view = show()
    built(view, jobs)
    dialog = _verifying(view)
    dialog.paths.setText("/api/items  /healthz")
    dialog.environment.setPlainText("MODE=a b\n\nDB=x")
    dialog.ready.setText("http:8080/healthz")
    dialog.accept()
    options = asked(jobs, VERIFY).args[3]
    assert options.paths == ("/api/items", "/healthz")
    assert options.env == ("MODE=a b", "DB=x")
    assert options.ready == Ready("http", 8080, "/healthz")
    assert "env:GOPATH" in options.intended


@pytest.mark.parametrize(
    ("paths", "environment", "ready", "said"),
    [
        ("api", "", "", "api is not a path to request."),
        ("", "MODE", "", "MODE is not a variable."),
        ("", "", "soon", "soon does not say when the container is ready"),
    ],
)
def test_that_what_cannot_be_used_is_told_in_the_question_itself(
    show: Show, jobs: ScriptedJobs, paths: str, environment: str, ready: str, said: str
) -> None:
    view = show()
    built(view, jobs)
    dialog = _verifying(view)
    dialog.paths.setText(paths)
    dialog.environment.setPlainText(environment)
    dialog.ready.setText(ready)
    dialog.accept()
    assert dialog.notice.text.startswith(said)
    assert dialog.isVisible()
    assert not any(job.function == VERIFY for job in jobs.started)
    dialog.reject()


def _options(view: RewriteView) -> tuple[Options, Options]:
    return view.tab.options, Options(f"docker-daemon:{RESULT.tag}")


def test_that_a_built_rewrite_can_be_compared_with_its_image(
    show: Show, jobs: ScriptedJobs, qtbot: QtBot
) -> None:
    view = show()
    assert not view.content.compare.isEnabled()
    built(view, jobs)
    with qtbot.waitSignal(view.comparison_wanted) as caught:
        view.content.compare.click()
    assert tuple(caught.args) == _options(view)


@pytest.mark.parametrize(
    ("verdict", "wish", "opened"), [(SAME, True, 1), (SAME, False, 0), (DIFFERS, True, 0)]
)
def test_that_the_comparison_opens_by_itself_when_both_behave_the_same(
    show: Show, jobs: ScriptedJobs, verdict: str, wish: bool, opened: int
) -> None:
    view = show()
    built(view, jobs)
    asked_for: list[object] = []
    view.comparison_wanted.connect(lambda a, b: asked_for.append((a, b)))
    dialog = _verifying(view)
    assert dialog.then_compare.isChecked()
    dialog.then_compare.setChecked(wish)
    dialog.accept()
    asked(jobs, VERIFY).done(Verification(verdict, (), ()))
    assert asked_for == [_options(view)] * opened
