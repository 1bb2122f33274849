"""Building a rewrite and comparing the result with the old image: asks first, then shows what happens."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from explorer.dockerfile.context import Context
from explorer.dockerfile.rewrite.change import RewritePlan
from explorer.dockerfile.rewrite.trial import (
    Order,
    commands_in,
    result_name,
    rule_of_step,
    verify_options,
)
from explorer.dockerfile.verify.model import SAME, Verification, VerifyOptions
from explorer.engine.build_events import BuildResult
from explorer.engine.client import EngineInfo
from explorer.errors import BuildFailed, ExplorerError
from explorer.gui.dialogs.confirm import ConfirmDialog
from explorer.gui.dialogs.verify import VerifyDialog
from explorer.gui.jobs import Job, Jobs
from explorer.gui.widgets.build_pane import BuildPane
from explorer.gui.widgets.notice import Action
from explorer.gui.widgets.verify_pane import VerifyPane
from explorer.report.rewrite_trial import build_details, build_sentences, verify_sentences
from explorer.task import Progress
from explorer.translation import tr
from explorer.units import display_text


class Trial(QObject):
    """One build and one verification at a time; `changed` when one began or ended."""

    changed = Signal()
    build_begun = Signal()
    verify_begun = Signal()
    proved = Signal()  # both behave the same, and the comparison was asked for
    without_rule = Signal(str)  # build again without the change that this rule made

    def __init__(self, jobs: Jobs, build: BuildPane, verify: VerifyPane, parent: QWidget) -> None:
        super().__init__(parent)
        self.build, self.verify = build, verify
        self.result: BuildResult | None = None
        self.order: Order | None = None  # what `result` was built from
        self.context: Context | None = None  # what was sent for it
        self.verification: Verification | None = None
        self.dialog: ConfirmDialog | None = None
        self._jobs, self._window = jobs, parent
        self._job: Job | None = None
        self._cancels = 0
        self._then_compare = False
        build.cancelled.connect(self.cancel)
        verify.cancelled.connect(self.cancel)

    @property
    def busy(self) -> bool:
        """Whether something is looked at, built or verified."""
        return self._job is not None and self._job.running

    def cancel(self) -> None:
        """End what is going on; the worker cleans up."""
        if self._job is not None:
            self._job.cancel()

    def forget(self) -> None:
        """End what is going on and forget what was built."""
        self.cancel()
        if self.dialog is not None:
            self.dialog.reject()
        self._forget_result()
        self.build.clear()
        self.verify.clear(built=False)
        self.changed.emit()

    def _forget_result(self) -> None:
        self.result = self.order = self.context = self.verification = None

    # ---- building

    def ask_build(self, order: Order) -> None:
        """Look at what would be sent, then ask."""
        if self.busy:
            return
        self.build.begin(tr("Looking at what would be sent…"))
        self.build_begun.emit()
        self._job = self._jobs.start(
            "explorer.workflow.rewriting:look_at_build",
            (order.host, order.folder, order.dockerfile, order.plan.dockerignore),
            on_done=lambda found: self._confirm_build(order, *found),
            on_failed=self._build_failed,
            on_stopped=self._build_stopped,
        )
        self.changed.emit()

    def _confirm_build(self, order: Order, context: Context, engine: EngineInfo) -> None:
        self.build.clear()
        self.changed.emit()
        tag = result_name(order.name, self._cancels)
        name = f"{engine.product} {engine.version} ({engine.endpoint})"
        runs = commands_in(order.plan.rewritten)
        self._ask(
            tr("Build the rewritten image?"),
            [
                *build_sentences(context, display_text(name, 200), tag, runs),
                *(f"⚠ {text}" for text in order.plan.warnings),
            ],
            build_details(context),
            tr("Build"),
            lambda: self._build(order, context, tag),
        )

    def _build(self, order: Order, context: Context, tag: str) -> None:
        self._forget_result()
        self.verify.clear(built=False)
        self.build.begin(tr("Building…"))
        self.build_begun.emit()
        plan = order.plan

        def done(result: BuildResult) -> None:
            self.result, self.order, self.context = result, order, context
            self.build.finish(result, plan.predicted_bytes, plan.original_bytes)
            self.verify.clear(built=True)
            self.changed.emit()

        self._job = self._jobs.start(
            "explorer.workflow.rewriting:build_rewrite",
            (order.host, context, plan.rewritten, tag, order.platform),
            on_done=done,
            on_failed=lambda error: self._build_failed(error, plan),
            on_partial=self.build.take,
            on_progress=self._build_progress,
            on_stopped=self._build_stopped,
        )
        self.changed.emit()

    def _build_progress(self, progress: Progress) -> None:
        self.build.say(progress.text)

    def _build_failed(self, error: ExplorerError, plan: RewritePlan | None = None) -> None:
        actions: list[Action] = []
        if plan is not None and isinstance(error, BuildFailed):
            rule = rule_of_step(plan, error.step)
            change = next((c for c in plan.changes if c.rule == rule and c.enabled), None)
            if change is not None:
                text = tr("Build without “{change}”…", change=display_text(change.title, 60))
                actions.append((text, lambda: self.without_rule.emit(rule)))
        self.build.fail(error, *actions)
        self.changed.emit()

    def _build_stopped(self) -> None:
        # What was cancelled may still take its tag away when the next build has set it.
        self._cancels += 1
        self.build.stop()
        self.changed.emit()

    # ---- verifying

    def ask_verify(self) -> None:
        """Ask whether both images may be started."""
        if self.busy or self.result is None or self.order is None:
            return
        order, result = self.order, self.result
        options = verify_options(order.plan, order.run_files)
        dialog = VerifyDialog(
            verify_sentences(display_text(order.name, 200), result.tag, order.command, options),
            options,
            self._window.window(),
        )

        def agreed() -> None:
            self._then_compare = dialog.then_compare.isChecked()
            self._verify(order, result, dialog.options)

        self._open(dialog, agreed)

    def _verify(self, order: Order, result: BuildResult, options: VerifyOptions) -> None:
        self.verification = None
        self.verify.begin()
        self.verify_begun.emit()

        def done(found: Verification) -> None:
            self.verification = found
            self.verify.show_verification(found)
            self.changed.emit()
            if found.verdict == SAME and self._then_compare:
                self.proved.emit()

        def failed(error: ExplorerError) -> None:
            self.verify.fail(error)
            self.changed.emit()

        def stopped() -> None:
            self.verify.stop()
            self.changed.emit()

        self._job = self._jobs.start(
            "explorer.workflow.rewriting:verify_rewrite",
            (order.host, order.image_id, result.image_id, options),
            on_done=done,
            on_failed=failed,
            on_progress=lambda progress: self.verify.say(progress.text),
            on_stopped=stopped,
        )
        self.changed.emit()

    # ---- asking

    def _ask(
        self,
        title: str,
        sentences: Sequence[str],
        details: Sequence[str],
        button: str,
        agreed: object,
    ) -> None:
        self._open(ConfirmDialog(title, sentences, details, button, self._window.window()), agreed)

    def _open(self, dialog: ConfirmDialog, agreed: object) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(agreed)
        dialog.finished.connect(self._answered)
        self.dialog = dialog
        dialog.open()

    def _answered(self) -> None:
        self.dialog = None
