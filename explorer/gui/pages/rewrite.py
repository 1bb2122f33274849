"""The rewrite of one image: its Dockerfile before and after, every change with a switch, its size; then build and verify."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFileDialog,
    QStackedWidget,
    QWidget,
)

from explorer.dockerfile.bases import LocalImage
from explorer.dockerfile.facts import ProgramFacts
from explorer.dockerfile.rewrite.change import RewriteOptions, RewritePlan
from explorer.dockerfile.rewrite.files import RewriteFiles
from explorer.dockerfile.rewrite.plan import Preparation, plan
from explorer.dockerfile.rewrite.trial import needs_folder, order_of
from explorer.errors import ExplorerError
from explorer.gui.dialogs.confirm import ConfirmDialog
from explorer.gui.jobs import Job, Jobs
from explorer.gui.pages.image_tab import ImageTab
from explorer.gui.pages.loading import LoadingPage
from explorer.gui.pages.message import MessagePage
from explorer.gui.pages.rewrite_content import RewriteContent
from explorer.gui.pages.rewrite_trial import Trial
from explorer.gui.rewrite_facts import RewriteFacts
from explorer.gui.rewrite_saving import files_of, save_report, write_files
from explorer.gui.widgets.notice import WARNING
from explorer.gui.widgets.plain_label import display_lines, tooltip_text
from explorer.image.redact import redact
from explorer.report.rewrite_trial import expected_text
from explorer.task import Progress
from explorer.translation import listed, ntr, sentences, tr
from explorer.units import display_text
from explorer.workflow.opening import Options

_CARDS = 380

_LATE_MS = 500


class RewriteView(QStackedWidget):
    """One image's rewrite; refresh() plans it when the image has been read, close_view() ends its work."""

    result_wanted = Signal(str)  # the reference of a built image
    comparison_wanted = Signal(object, object)  # Options of the image and of its rewrite

    def __init__(
        self, tab: ImageTab, jobs: Jobs, found: RewriteFacts, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.tab = tab
        self.plan: RewritePlan | None = None
        self.switches: dict[str, bool] = {}
        self._jobs, self._found = jobs, found
        self._job: Job | None = None
        self._planned = ""  # the analysis file that the plan was made from
        self._facts, self._images = ProgramFacts(), tuple[LocalImage, ...]()
        self._files = RewriteFiles()
        self._prepared: Preparation | None = None
        # A folder that is read in no time is not worth a word.
        self._late = QTimer(self, singleShot=True, interval=_LATE_MS)
        self._idle = QTimer(self, singleShot=True, interval=0)
        self._ahead: list[str] = []
        self._reading = self._reading_said = False
        self.message, self.loading, self.content = MessagePage(), LoadingPage(), RewriteContent()
        for page in (self.message, self.loading, self.content):
            self.addWidget(page)
        self.inputs, self.notice = self.content.inputs, self.content.notice
        self.trial = Trial(jobs, self.content.build_pane, self.content.verify_pane, self)
        self._connect()

    def _connect(self) -> None:
        content, trial = self.content, self.trial
        self.loading.cancelled.connect(self._cancel_planning)
        content.inputs.changed.connect(self._read_files)
        content.cards.toggled.connect(self.switch)
        for box in content.ci.values():
            box.toggled.connect(self._ci_changed)
        for button, act in (
            (content.save, self.ask_save),
            (content.copy, self.copy_dockerfile),
            (content.report, self.save_report),
            (content.build, self.ask_build),
            (content.verify, trial.ask_verify),
            (content.open_result, self._open_result),
            (content.compare, self._compare),
        ):
            button.clicked.connect(lambda _=False, act=act: act())
        trial.changed.connect(self._show_buttons)
        trial.proved.connect(self._compare)
        self._found.ended.connect(self._inputs_ended)
        self._found.progressed.connect(self._progress)
        trial.without_rule.connect(self._build_without)
        trial.build_begun.connect(lambda: self._follow(content.build_pane))
        trial.verify_begun.connect(lambda: self._follow(content.verify_pane))
        self._late.timeout.connect(self._say_reading)
        self._idle.timeout.connect(self._look_ahead)

    def _follow(self, pane: QWidget) -> None:
        self.content.tabs.setCurrentWidget(pane)
        self.content.make_room()

    # ---- planning

    def refresh(self) -> None:
        """Plan the rewrite of the image as it was read; nothing when that is done or under way."""
        if self.tab.analysis is None or not self.tab.analysis_file:
            self.message.say(
                tr("The image has not been read yet"),
                tr("The rewrite is planned from what the image holds, so all of it is read first."),
            )
            self.setCurrentWidget(self.message)
        elif self._planned != self.tab.analysis_file:
            self._read_inputs()

    def close_view(self) -> None:
        """End all work."""
        self._planned = ""
        self._late.stop()
        self._idle.stop()
        self._found.cancel()
        if self._job is not None:
            self._job.cancel()
        self.trial.forget()
        self.loading.end()

    def retheme(self) -> None:
        """Take the colours of the theme in force."""
        self.content.retheme()

    def _read_inputs(self) -> None:
        self._planned = self.tab.analysis_file
        self.trial.forget()
        self.switches = {}
        self._found.ask(again=self._found.error is not None)
        if self._found.inputs is None:
            self.loading.begin(self.tab.title)
            self.setCurrentWidget(self.loading)
        self._inputs_ended()

    def _inputs_ended(self) -> None:
        """Nothing to do as long as nobody looks, and while they are still being found out."""
        if self._planned != self.tab.analysis_file or not self._planned:
            return
        if self._found.inputs is not None:
            self.notice.hide()
            facts, self._images = self._found.inputs
            self._facts = facts or ProgramFacts()
            self._read_files()
        elif self._found.error is not None:
            self._inputs_failed(self._found.error)

    def _inputs_failed(self, error: ExplorerError) -> None:
        """Without the program the rules are careful, but there is a plan."""
        self._facts, self._images = ProgramFacts(), ()
        text = tr(
            "The program could not be read, so the plan is a cautious one: {reason}",
            reason=error.message,
        )
        self.notice.say(
            display_lines(text),
            (tr("Try again"), self._read_inputs),
            kind=WARNING,
            hint=error.hint,
        )
        self._read_files()

    def _read_files(self) -> None:
        dockerfile, folder = self.inputs.dockerfile.path, self.inputs.folder.path
        if not dockerfile and not folder:
            if self.tab.analysis is not None and self.tab.analysis.via == "snapshot":
                story = "explorer.workflow.snapshots:recorded_files"
                name = (self.tab.options.reference,)
                self._start(story, name, self._use_files, self._files_failed)
                return
            self._use_files(RewriteFiles())
            return
        self._late.start()
        self._reading = True
        self._start(
            "explorer.dockerfile.rewrite.files:rewrite_files",
            (dockerfile, folder),
            self._use_files,
            self._files_failed,
        )

    def _ci_changed(self) -> None:
        """While files are read, the plan that follows sees it anyway."""
        if not self._reading:
            self._prepare()

    def _say_reading(self) -> None:
        cancel = (tr("Cancel"), self._cancel_files)
        self.notice.say(tr("Reading the source folder…"), cancel)
        self._reading_said = True

    def _cancel_files(self) -> None:
        for field in (self.inputs.dockerfile, self.inputs.folder):
            field.set_path("", tell=False)
        self._use_files(RewriteFiles())

    def _reading_over(self) -> None:
        self._late.stop()
        self._reading = False
        if self._reading_said:
            self._reading_said = False
            self.notice.hide()

    def _use_files(self, files: RewriteFiles) -> None:
        self._reading_over()
        self._files = files
        self.inputs.show_found(files.path)
        self._prepare()

    def _files_failed(self, error: ExplorerError) -> None:
        self._reading_over()
        self._say_error(error)
        self._use_files(RewriteFiles())

    def _prepare(self) -> None:
        analysis = self.tab.analysis
        if analysis is None:
            return
        if self._job is not None:
            self._job.cancel()
        systems = tuple(name for name, box in self.content.ci.items() if box.isChecked())
        options = RewriteOptions(self.inputs.choice, ci=systems)
        self._job = self._jobs.start_waiting(
            "explorer.dockerfile.rewrite.files:prepare_rewrite",
            (analysis, self._files, self._facts, options, self._images),
            on_done=self._use_preparation,
            on_failed=self._preparing_failed,
        )

    def _use_preparation(self, prepared: Preparation) -> None:
        self._prepared = prepared
        self.loading.end()
        self.setCurrentWidget(self.content)
        self._replan()
        if self.plan is not None:
            self.content.show_problems(self.plan, prepared)

    def _preparing_failed(self, error: ExplorerError) -> None:
        self.loading.end()
        self.message.say(
            tr("No rewrite could be planned"),
            display_lines(sentences(error.message, error.hint)),
            (tr("Try again"), self._read_inputs),
        )
        self.setCurrentWidget(self.message)

    def _start(
        self,
        function: str,
        args: tuple[object, ...],
        done: Callable[..., None],
        failed: Callable[[ExplorerError], None],
    ) -> None:
        if self._job is not None:
            self._job.cancel()
        self._job = self._jobs.start(
            function, args, on_done=done, on_failed=failed, on_progress=self._progress
        )

    def _progress(self, progress: Progress) -> None:
        self.loading.show_progress(progress)

    def _cancel_planning(self) -> None:
        self._found.cancel()
        if self._job is not None:
            self._job.cancel()
        self.loading.end()
        self.message.say(
            tr("Planning was cancelled"),
            tr("Nothing was changed."),
            (tr("Plan again"), self._read_inputs),
        )
        self.setCurrentWidget(self.message)

    # ---- what is shown

    def switch(self, rule: str, on: bool) -> None:  # noqa: FBT001  # a signal's argument
        """Switch a change on or off; text and size follow at once."""
        self.switches[rule] = on
        self._replan()
        self.content.diff.show_rule(rule)

    def _replan(self) -> None:
        """Pure and fast: some milliseconds, so no worker."""
        prepared = self._prepared
        if prepared is None:
            return
        found = plan(prepared, self.switches)
        self.plan = found
        self.content.show_plan(found, prepared)
        self._ahead = [c.rule for c in found.changes if c.available and not c.enabled]
        self._idle.start()
        self._show_buttons()

    def _look_ahead(self) -> None:
        """What one change that is off would bring; one a turn, so that nothing waits for it."""
        if self._prepared is None or self.plan is None or not self._ahead:
            return
        rule = self._ahead.pop(0)
        other = plan(self._prepared, {**self.switches, rule: True})
        self.content.cards.show_possible(rule, self.plan.predicted_bytes - other.predicted_bytes)
        self._idle.start()

    def _show_buttons(self) -> None:
        found, trial = self.plan, self.trial
        text = expected_text(found) if found is not None else ""
        if found is not None and not found.changed:
            text = tr("Nothing is changed: every change is off or does not apply.")
        built = trial.order.plan.rewritten if trial.order is not None else ""
        if built and found is not None and built != found.rewritten:
            text += " · " + tr("the image that was built has other changes")
        self.content.summary.set_whole(text)
        usable = found is not None and found.changed and not found.problems
        self.content.save.setEnabled(usable)
        self.content.copy.setEnabled(usable)
        self.content.report.setEnabled(found is not None)
        self.content.build.setEnabled(usable and not trial.busy)
        self.content.verify.setEnabled(
            trial.result is not None and not trial.busy and self.tab.from_engine
        )
        self.content.open_result.setEnabled(trial.result is not None)
        self.content.compare.setEnabled(trial.result is not None)
        why = ""
        if not self.tab.from_engine:
            why = tr("The old image is not in an engine, so it cannot be started.")
        elif trial.result is None:
            why = tr("Build the rewritten image first.")
        self.content.verify.setToolTip(tooltip_text(why))

    def _say_error(self, error: ExplorerError) -> None:
        self.content.say_error(sentences(error.message, error.hint))

    # ---- out of the window

    def copy_dockerfile(self) -> None:
        """Put the Dockerfile on the clipboard; secrets stay masked there, and it is said."""
        if self.plan is None:
            return
        text = redact(self.plan.rewritten)
        QGuiApplication.clipboard().setText(text)
        if text != self.plan.rewritten:
            self.notice.say(
                tr("Copied, with secrets masked (•••). “Save as…” writes them out."), kind=WARNING
            )
        else:
            self.notice.say(tr("Copied the rewritten Dockerfile."), seconds=5)

    def save_report(self) -> None:
        """Save a report of the rewrite as it is shown, with what a build and a check of it showed."""
        if self.plan is None or self._prepared is None:
            return
        try:
            path = save_report(self.plan, self._prepared, self.switches, self.trial, self)
        except ExplorerError as error:
            self._say_error(error)
            return
        if path:
            self.notice.say(tr("Saved {files}.", files=display_text(path)), seconds=10)

    def ask_save(self) -> None:
        """Ask where to write, and before anything there is replaced."""
        if self.plan is None:
            return
        folder = self._folder() or str(Path.home())
        name = "Dockerfile.optimized" if (Path(folder) / "Dockerfile").exists() else "Dockerfile"
        # We ask ourselves, for all files at once.
        chosen, _ = QFileDialog.getSaveFileName(
            self,
            tr("Save the rewritten Dockerfile as"),
            str(Path(folder) / name),
            options=QFileDialog.Option.DontConfirmOverwrite,
        )
        if chosen:
            self.save_to(chosen)

    def save_to(self, path: str) -> None:
        """Write the Dockerfile there and its other files beside it; asks before one is replaced."""
        found = self.plan
        if found is None:
            return
        files = files_of(found, os.path.basename(path))
        folder = os.path.dirname(path)
        there = [name for name in files if os.path.lexists(os.path.join(folder, name))]
        if not there:
            self._write(folder, files)
            return
        dialog = ConfirmDialog(
            tr("Replace files?"),
            [
                ntr(
                    "{n} file is there already:",
                    "{n} files are there already:",
                    len(there),
                    n=len(there),
                )
            ],
            [os.path.join(folder, name) for name in there],
            tr("Replace"),
            self.window(),
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self._write(folder, files))
        dialog.open()

    def _write(self, folder: str, files: Mapping[str, bytes]) -> None:
        private = self.plan is not None and redact(self.plan.rewritten) != self.plan.rewritten
        try:
            written = write_files(folder, files, private=private)
        except ExplorerError as error:
            self._say_error(error)
            return
        names = listed(display_text(path) for path in written)
        self.notice.say(tr("Saved {files}.", files=names), seconds=10)

    def ask_build(self) -> None:
        """Look at what would be sent and ask; needs the source folder where something is copied from it."""
        found = self.plan
        if found is None:
            return
        folder = self.inputs.folder.path
        line = needs_folder(found.rewritten)
        if line and not folder:
            self.notice.say(
                tr("“{line}” copies from the source folder: choose it first.", line=line),
                (tr("Browse…"), self.inputs.folder.ask),
                kind=WARNING,
            )
            return
        if self._prepared is None:
            return
        order = order_of(
            found,
            self._prepared,
            host=self.tab.options.host,
            folder=folder,
            dockerfile=self._files.path,
        )
        self.trial.ask_build(order)

    def _build_without(self, rule: str) -> None:
        self.switch(rule, on=False)
        self.ask_build()

    def _open_result(self) -> None:
        if self.trial.result is not None:
            self.result_wanted.emit(f"docker-daemon:{self.trial.result.tag}")

    def _compare(self) -> None:
        """The image and its rewrite beside each other."""
        if self.trial.result is not None:
            options = self.tab.options
            built = Options(
                f"docker-daemon:{self.trial.result.tag}", via=options.via, host=options.host
            )
            self.comparison_wanted.emit(options, built)

    def _folder(self) -> str:
        return self.inputs.folder.path or os.path.dirname(self._files.path)
