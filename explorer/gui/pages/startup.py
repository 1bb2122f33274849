"""The Start-up page: asks what to measure, says what will run, shows runs as they come, and keeps what was measured."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from explorer.coldstart.sample import Run, Sample
from explorer.coldstart.stats import Comparison, label_outliers
from explorer.coldstart.store import Entry, Store
from explorer.errors import EngineError, ExplorerError
from explorer.gui.image_tabs import ImageTabs
from explorer.gui.jobs import Job, Jobs
from explorer.gui.models.startup import side_by_side
from explorer.gui.pages.image_tab import ImageTab
from explorer.gui.pages.problem import ProblemPage
from explorer.gui.startup_export import StartupExport
from explorer.gui.widgets.notice import ERROR, INFO, WARNING, Notice
from explorer.gui.widgets.plain_label import display_lines
from explorer.gui.widgets.run_form import Offer, RunForm
from explorer.gui.widgets.run_history import HistoryPane
from explorer.gui.widgets.run_progress import Hello, ProgressRow
from explorer.gui.widgets.run_results import RunResults
from explorer.image.reference import parse_reference
from explorer.task import Progress
from explorer.translation import sentences, tr
from explorer.units import display_text

if TYPE_CHECKING:
    # The engine's modules load only when an engine is asked.
    from explorer.coldstart.plan import Plan
    from explorer.engine.client import EngineInfo

_WORK = "explorer.gui.models.startup_work"
# A cancelled worker removes its containers; closing the window waits that long for it.
_CLOSE_SECONDS = 5.0
_UNDO_SECONDS = 10


class StartupPage(QWidget):
    """Form and history at the left, one measurement at the right; end() ends all its work."""

    other_connection = Signal()
    retry_engine = Signal()
    share_changed = Signal(float)  # of the measurement that is done, -1.0 when none is under way

    def __init__(self, jobs: Jobs, host: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.host = host
        self._jobs = jobs
        self._job: Job | None = None
        self._asking: Job | None = None
        self._judging: Job | None = None
        self._listing: Job | None = None
        self._plan: Plan | None = None
        self._growing: Sample | None = None
        self._open_id = ""
        self._listed = False
        self.notice = Notice()
        self.engine_notice = Notice()
        self.form = RunForm()
        self.history = HistoryPane(self._annotate)
        self.results = RunResults()
        self.problem = ProblemPage()
        self.hello = Hello()
        self.progress = ProgressRow()
        self.place = QStackedWidget()
        self.export = StartupExport(jobs, self.notice, self)
        self._lay_out()
        self._connect()

    # ---- how it is put together

    def _lay_out(self) -> None:
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 6, 0)
        column.addWidget(self.form)
        column.addWidget(self.history, 1)
        scroll = self.left = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(left)
        scroll.setMinimumWidth(320)
        for page in (self.hello, self.results, self.problem):
            self.place.addWidget(page)
        right = QWidget()
        rows = QVBoxLayout(right)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(self.progress)
        rows.addLayout(self.export.row)
        rows.addWidget(self.place, 1)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.addWidget(scroll)
        split.addWidget(right)
        split.setStretchFactor(1, 1)
        split.setSizes([390, 900])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 4)
        layout.addWidget(self.notice)
        layout.addWidget(self.engine_notice)
        layout.addWidget(split, 1)

    def _connect(self) -> None:
        self.form.measure_wanted.connect(self.measure)
        self.progress.cancelled.connect(self.cancel)
        self.history.opened.connect(self.open_measurement)
        self.history.compared.connect(self._compare)
        self.history.deleted.connect(self._delete)
        self.results.chart_wanted.connect(self.export.save_chart)
        self.results.failures.again_wanted.connect(self._measure_again)
        self.results.probes.prometheus_wanted.connect(self.export.save_gauges)
        self.results.probes.push_wanted.connect(self.export.push_gauges)

    # ---- what the window tells

    @property
    def busy(self) -> bool:
        """Whether a measurement is under way."""
        return self._job is not None and self._job.running

    def follow(self, tabs: ImageTabs) -> None:
        """Offer the open images that the engine has; the one in front is what will be measured."""

        def renew() -> None:
            front = tabs.front()
            offers = {tab: _offer(tab) for tab in tabs.all() if tab.from_engine}
            chosen = offers[front].reference if front in offers else ""
            self.form.offer(tuple(offers.values()), chosen)

        tabs.front_changed.connect(renew)
        tabs.opened.connect(renew)
        renew()

    def show_engine(self, state: EngineInfo | ExplorerError) -> None:
        """Say what about the engine matters here."""
        if isinstance(state, ExplorerError):
            self.form.allow_remote(asked=False)
            self.engine_notice.say(
                tr("No engine answers, so nothing can be measured; earlier measurements can be opened."),
                (tr("Try again"), self.retry_engine.emit),
                (tr("Other connection…"), self.other_connection.emit),
                kind=WARNING,
                hint=f"{state.message}\n{state.hint}",
            )  # fmt: skip
            return
        self.form.allow_remote(asked=state.remote)
        if state.remote:
            self.engine_notice.say(
                tr(
                    "The engine is on another machine: times there include the network's, all by this machine's clock, and no port can be asked. Measuring needs your agreement in the form."
                ),
                kind=INFO,
            )
        elif state.machine:
            self.engine_notice.say(
                tr(
                    "The engine runs in a virtual machine ({name}): all times are by this machine's clock.",
                    name=display_text(state.machine, 60),
                ),
                kind=INFO,
            )
        else:
            self.engine_notice.hide()

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]  # whatever Qt sends
        if not self._listed:
            self._listed = True
            self.list_measurements()

    def recolour(self) -> None:
        """Take the colours of the theme in force."""
        self.results.recolour()
        for notice in (self.notice, self.engine_notice):
            notice.recolour()

    def end(self) -> None:
        """End all work; waits for a measurement to remove its containers."""
        for job in (self._asking, self._judging, self._listing):
            if job is not None:
                job.cancel()
        job, self._job = self._job, None
        if job is not None and job.running:
            job.cancel()
            deadline = time.monotonic() + _CLOSE_SECONDS
            while job.poll() and time.monotonic() < deadline:
                time.sleep(0.02)

    # ---- a measurement, from the question to the result

    def measure(self) -> None:
        """Ask the engine what would run, then the user whether it shall."""
        if self.busy or (self._asking is not None and self._asking.running):
            return
        self.notice.hide()
        try:
            request = self.form.request()
        except ExplorerError as error:
            self._complain(error)
            return
        self.form.set_busy(busy=True)
        self.progress.begin(tr("Asking the engine…"))
        self._asking = self._jobs.start_waiting(
            f"{_WORK}:plan_runs",
            (self.host, request),
            on_done=self._confirm,
            on_failed=self._not_planned,
        )

    def _not_planned(self, error: ExplorerError) -> None:
        self._rest()
        if isinstance(error, EngineError):
            self._show_problem(tr("Nothing could be measured"), error)
        else:
            self._complain(error)

    def _confirm(self, plan: Plan) -> None:
        from explorer.gui.dialogs.confirm_runs import ConfirmRuns

        self._rest()
        dialog = ConfirmRuns(plan, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self.start(plan))
        dialog.open()

    def start(self, plan: Plan) -> None:
        """Run what the user agreed to."""
        if self.busy:
            return
        self._plan = plan
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._growing = Sample("", now, plan.spec, plan.environment)
        self._open_id = ""
        self.form.set_busy(busy=True)
        self.history.setEnabled(False)
        self.export.offer(None)
        self.progress.begin(tr("Preparing…"))
        self.results.show_growing(self._growing)
        self.place.setCurrentWidget(self.results)
        self._job = self._jobs.start(
            "explorer.workflow.measuring:measure",
            (self.host, plan, ""),
            on_done=self._done,
            on_failed=self._failed,
            on_progress=self._progress,
            on_partial=self._ran,
            on_stopped=self._stopped,
        )

    def cancel(self) -> None:
        """Stop measuring; finished runs stay."""
        if self._asking is not None and self._asking.running:
            self._asking.cancel()
            self._rest()
        if self._job is not None:
            self._job.cancel()

    def _progress(self, progress: Progress) -> None:
        self.progress.show_progress(progress)
        if progress.total:
            self.share_changed.emit(progress.done / progress.total)

    def _ran(self, run: Run) -> None:
        if self._growing is not None:
            self._growing = replace(self._growing, runs=(*self._growing.runs, run))
            self.results.show_growing(self._growing)

    def _done(self, sample: Sample) -> None:
        self._rest()
        self._show(sample)
        self.list_measurements()

    def _failed(self, error: ExplorerError) -> None:
        self._rest()
        if self._keep_what_came():
            self.notice.say(
                display_lines(sentences(error.message, error.hint)),
                (tr("Run again"), self._again),
                kind=ERROR,
            )
        else:
            self._show_problem(tr("The measurement failed"), error)

    def _stopped(self) -> None:
        self._rest()
        if self._keep_what_came():
            text = tr("Cancelled; the runs that were finished are kept.")
        else:
            text = tr("Cancelled before the first run ended.")
            self.place.setCurrentWidget(self.hello)
        self.notice.say(text, (tr("Run again"), self._again))

    def _keep_what_came(self) -> bool:
        """Show the runs that were made before the end; False when there are none."""
        growing, plan = self._growing, self._plan
        if growing is None or plan is None or not growing.runs:
            return False
        self._show(growing)
        # The worker saved each run; which measurement that is tells its seed.
        since = growing.created
        self._listing = self._jobs.start_waiting(
            f"{_WORK}:saved_state",
            (plan.spec.seed, since),
            on_done=self._found_saved,
            on_failed=self._complain,
        )
        return True

    def _found_saved(self, sample: Sample | None) -> None:
        if sample is not None and self._growing is not None and not self.busy and not self._open_id:
            if sample.runs == self._growing.runs:
                # It is on the screen already; only its name was not known.
                self._open_id, self.results.sample = sample.id, label_outliers(sample)
                self.export.offer(self.results.sample)
            else:
                self._show(sample)
        self.list_measurements()

    def _measure_again(self) -> None:
        """What is shown once more, although it may be of another day and the form asks for something else."""
        if self.results.sample is not None:
            self.form.fill(self.results.sample.spec)
        self.measure()

    def _again(self) -> None:
        """The same again, after the same question."""
        if self._plan is not None:
            self._confirm(self._plan)
        else:
            self.measure()

    def _rest(self) -> None:
        """Nothing is being measured any more."""
        self.progress.end()
        self.share_changed.emit(-1.0)
        self.form.set_busy(busy=False)
        self.history.setEnabled(True)

    # ---- what is shown

    def _show(self, sample: Sample) -> None:
        labelled = label_outliers(sample)
        self._open_id = sample.id
        self.place.setCurrentWidget(self.results)
        self.results.show_sample(labelled)
        self.export.offer(labelled)
        if self._judging is not None:
            self._judging.cancel()
        if len(sample.spec.measured) == 2:
            # In a process: it computes for a second, and a thread would keep the window waiting for as long.
            self._judging = self._jobs.start(
                f"{_WORK}:verdicts",
                (labelled,),
                on_done=self._judge,
                on_failed=self._complain,
            )

    def _judge(self, found: tuple[Comparison, ...]) -> None:
        self.results.judge(found)

    def show_recorded(self, sample: Sample, origin: str) -> None:
        """Show a measurement that came with a snapshot; it is in no history of this machine."""
        if self._open_id != sample.id or self.place.currentWidget() is not self.results:
            self._show(sample)
        told = tr("This measurement was recorded with the snapshot; nothing is measured now.")
        self.notice.say(sentences(told, origin))

    def _show_problem(self, title: str, error: ExplorerError) -> None:
        self.problem.show_problem(
            title,
            error,
            (tr("Run again"), self.measure),
            (tr("Other connection…"), self.other_connection.emit),
        )
        self.place.setCurrentWidget(self.problem)

    def _complain(self, error: ExplorerError) -> None:
        self.notice.say(display_lines(sentences(error.message, error.hint)), kind=ERROR)

    # ---- earlier measurements

    def list_measurements(self) -> None:
        """Read the history again."""
        if self._listing is not None:
            self._listing.cancel()
        self._listing = self._jobs.start_waiting(
            f"{_WORK}:history", (), on_done=self._show_history, on_failed=self._complain
        )

    def _show_history(self, entries: Sequence[Entry]) -> None:
        self.history.show_entries(entries, self._open_id)

    def open_measurement(self, name: str) -> None:
        """Show an earlier measurement."""
        with self._told():
            self._show(Store().load(name))

    def _compare(self, first: str, second: str) -> None:
        with self._told():
            self._show(side_by_side(Store().load(first), Store().load(second)))

    def _annotate(self, name: str, note: str) -> None:
        with self._told():
            Store().annotate(name, note)
        self.list_measurements()

    def _delete(self, name: str) -> None:
        with self._told():
            sample = Store().load(name)
            Store().remove(name)
            self.notice.say(
                tr("The measurement of {when} was deleted.", when=display_text(sample.created, 40)),
                (tr("Undo"), lambda: self._restore(sample)),
                seconds=_UNDO_SECONDS,
            )
        self.list_measurements()

    def _restore(self, sample: Sample) -> None:
        with self._told():
            Store().save(sample)
        self.list_measurements()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Errors for people are told instead of raised."""
        try:
            yield
        except ExplorerError as error:
            self._complain(error)


def _offer(tab: ImageTab) -> Offer:
    """An open image as the form lists it."""
    command = ""
    if tab.analysis is not None:
        config = tab.analysis.image.config
        command = " ".join((*config.entrypoint, *config.cmd))
    return Offer(parse_reference(tab.options.reference).name, command)
