"""A rewrite in the window, driven by hand: the jobs that it starts are done by the test, in this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

from explorer.dockerfile.bases import LocalImage
from explorer.dockerfile.rewrite.files import prepare_rewrite, rewrite_files
from explorer.engine.build_events import BuildResult
from explorer.engine.client import EngineInfo
from explorer.gui.dialogs.confirm import ConfirmDialog
from explorer.gui.jobs import Jobs
from explorer.gui.pages.image_tab import ImageTab
from explorer.gui.pages.rewrite import RewriteView
from explorer.settings import Dismissals
from explorer.task import Task
from explorer.workflow.opening import Options
from tests.dockerfile.projects import Project, base_image
from tests.gui.scripted import ScriptedJobs, StartedJob

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


HELD = "explorer.workflow.rewriting:held_inputs"
INPUTS = "explorer.workflow.rewriting:rewrite_inputs"
FILES = "explorer.dockerfile.rewrite.files:rewrite_files"
PREPARE = "explorer.dockerfile.rewrite.files:prepare_rewrite"
LOOK = "explorer.workflow.rewriting:look_at_build"
BUILD = "explorer.workflow.rewriting:build_rewrite"
VERIFY = "explorer.workflow.rewriting:verify_rewrite"


def opened_tab(
    jobs: ScriptedJobs, project: Project, folder: Path, reference: str = "docker-daemon:web:1"
) -> ImageTab:
    """A tab whose image has been read."""
    tab = ImageTab(Options(reference), cast("Jobs", jobs), Dismissals(folder))
    tab.open()
    read(jobs, project, folder)
    return tab


def read(jobs: ScriptedJobs, project: Project, folder: Path) -> None:
    """End the job that reads an image."""
    job = asked(jobs, "explorer.workflow.analysing:analyse_to_file")
    folder.mkdir(exist_ok=True)
    path = folder / f"{len(jobs.started)}.col"
    project.analysis().save(path)
    job.done(str(path))


def asked(jobs: ScriptedJobs, function: str) -> StartedJob:
    """The last job of this function; it has not ended."""
    job = next(job for job in reversed(jobs.started) if job.function == function)
    assert job.running
    return job


def planned(
    jobs: ScriptedJobs,
    view: RewriteView,
    project: Project,
    images: tuple[LocalImage, ...] = (base_image(),),
) -> None:
    """Let a view plan its rewrite."""
    view.refresh()
    asked(jobs, HELD).done((project.facts, images))
    if view.inputs.dockerfile.path or view.inputs.folder.path:
        files_read(jobs)
    prepared(jobs)


def files_read(jobs: ScriptedJobs) -> None:
    """Read the Dockerfile and folder that were asked for."""
    job = asked(jobs, FILES)
    job.done(rewrite_files(Task(), *job.args))


def prepared(jobs: ScriptedJobs) -> None:
    """Do what the window does on a thread."""
    job = asked(jobs, PREPARE)
    job.done(prepare_rewrite(Task(), *job.args))


def source_folder(folder: Path, files: Mapping[str, str]) -> str:
    """Files on disk; the folder's path."""
    for name, text in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return str(folder)


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
