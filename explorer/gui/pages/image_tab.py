"""One image from its reference to its analysis: loading, problem, or the Explore page; the work behind it is here."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QStackedWidget, QWidget

from explorer.errors import EngineError, EngineUnreachable, ExplorerError
from explorer.findings.analysis import Analysis
from explorer.gobinary.binary import GoBinary
from explorer.gui.jobs import Job, Jobs
from explorer.gui.models.facts import payload
from explorer.gui.models.layers import BaseImage
from explorer.gui.models.payload_text import PREVIEW_BYTES
from explorer.gui.pages.explore import ExplorePage
from explorer.gui.pages.loading import LoadingPage
from explorer.gui.pages.problem import ProblemPage
from explorer.gui.progress import progress_text
from explorer.gui.widgets.notice import ERROR, WARNING, Action
from explorer.gui.widgets.plain_label import display_lines
from explorer.image.reference import parse_reference
from explorer.settings import Dismissals
from explorer.task import Progress
from explorer.translation import sentences, tr
from explorer.units import display_name, display_text, size_text
from explorer.workflow.opening import Options
from explorer.workflow.payloads import Payload

_TITLE_LIMIT = 60


class ImageTab(QStackedWidget):
    """Opens its image when open() is called; close_image() ends all its work."""

    title_changed = Signal()
    progress_changed = Signal(str, float)  # text and share done, -1.0 unknown; "" when nothing runs
    hover_text = Signal(str)
    opened = Signal(object)  # the Analysis, when it is complete or the work has ended
    other_connection = Signal()
    archive_wanted = Signal()
    reason_wanted = Signal(object)
    query_cleared = Signal()

    def __init__(
        self, options: Options, jobs: Jobs, dismissals: Dismissals, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.options = options
        self.filter_text = ""
        self.analysis_file = ""  # where the analysis lies once all of the image has been read
        self.explore = ExplorePage()
        self.loading = LoadingPage()
        self.problem = ProblemPage()
        # Loaded with the first image: the window itself comes sooner.
        from explorer.gui.pages.binary import BinaryView

        self.binary = BinaryView()
        for page in (self.loading, self.problem, self.explore, self.binary):
            self.addWidget(page)
        self._jobs = jobs
        self._dismissals = dismissals
        self._folder = tempfile.TemporaryDirectory(
            prefix="image-explorer-",
            ignore_cleanup_errors=True,  # a worker that is being stopped may still write into it
        )
        self._job: Job | None = None
        self._preview: Job | None = None
        self._saving: Job | None = None
        self._inside: Job | None = None
        self._base: Job | None = None
        self._now: Job | None = None
        # The image that the name was found to mean instead, None while it was not.
        self._moved_to: str | None = None
        self._started = 0.0
        self._closed = False
        self.loading.cancelled.connect(self.cancel)
        self.explore.inside_wanted.connect(self.look_inside)
        self.binary.closed.connect(self._leave_binary)
        self.explore.preview_wanted.connect(self._read_preview)
        self.explore.save_wanted.connect(self._save_file)
        self.explore.dismissals_changed.connect(self._keep_dismissals)
        self.explore.hover_text.connect(self.hover_text)
        self.explore.reason_wanted.connect(self.reason_wanted)
        self.explore.query_cleared.connect(self.query_cleared)

    # ---- what it is

    @property
    def analysis(self) -> Analysis | None:
        """What is known of the image so far."""
        return self.explore.selection.analysis

    @property
    def title(self) -> str:
        """The image's name for the tab and the window."""
        analysis = self.analysis
        if analysis is not None and analysis.image.tags:
            name = analysis.image.tags[0]
        else:
            try:
                reference = parse_reference(self.options.reference)
            except ExplorerError:
                return display_text(self.options.reference, _TITLE_LIMIT)
            is_file = reference.transport != "docker-daemon"
            name = Path(reference.name).name if is_file else reference.name
        return display_text(name, _TITLE_LIMIT)

    @property
    def from_engine(self) -> bool:
        """Whether it is an image of an engine, not of an archive or folder."""
        try:
            return parse_reference(self.options.reference).transport == "docker-daemon"
        except ExplorerError:
            return False

    @property
    def busy(self) -> bool:
        """Whether the image is being read."""
        return self._job is not None and self._job.running

    # ---- reading the image

    def open(self) -> None:
        """Read the image, from the beginning or (after a cancel) what is missing."""
        if self._job is not None:
            self._job.cancel()
        self._started = time.monotonic()
        if self.analysis is None:
            self.loading.begin(self.title)
            self.setCurrentWidget(self.loading)
        self.explore.state_notice.hide()
        folder = tempfile.mkdtemp(dir=self._folder.name)
        self._job = self._jobs.start(
            "explorer.workflow.analysing:analyse_to_file",
            (self._plain_options(), folder),
            on_done=self._done,
            on_failed=self._failed,
            on_progress=self._progress,
            on_partial=self._partial,
            on_stopped=self._stopped,
        )

    def open_anew(self) -> None:
        """Read whatever the reference means by now."""
        self.options = replace(self.options, image_id="")
        self.open()

    def cancel(self) -> None:
        """Stop reading; what was read stays."""
        for job in (self._job, self._saving, self._inside):
            if job is not None:
                job.cancel()

    def close_image(self) -> None:
        """End all work and free the files behind the analysis."""
        self._closed = True
        for job in (
            self._job,
            self._preview,
            self._saving,
            self._inside,
            self._base,
            self._now,
        ):
            if job is not None:
                job.cancel()
        self.loading.end()
        self._folder.cleanup()

    def _plain_options(self) -> Mapping[str, object]:
        return asdict(self.options)

    def _progress(self, progress: Progress) -> None:
        self.loading.show_progress(progress)
        share = progress.done / progress.total if progress.total else -1.0
        text = progress_text(progress, time.monotonic() - self._started)
        self.progress_changed.emit(text, share)

    def _partial(self, path: str) -> None:
        analysis = Analysis.load(Path(path))
        self._show(analysis)
        self.explore.state_notice.say(
            tr(
                "{n} of {total} layers read; the figures grow as the others come in.",
                n=analysis.layers_read,
                total=len(analysis.image.layers),
            )
        )

    def _done(self, path: str) -> None:
        analysis = Analysis.load(Path(path))
        self.analysis_file = path
        self._ended()
        self._show(analysis)
        self.explore.state_notice.hide()
        if not analysis.complete:
            self._say_incomplete(analysis)
        elif analysis.problems:
            self.explore.state_notice.say(_sentences(analysis.problems))
        self._look_for_base(analysis)
        self.opened.emit(analysis)

    def _look_for_base(self, analysis: Analysis) -> None:
        """Ask the engine which of its images this one was built on; without an answer nothing is marked."""
        if not self.from_engine:
            return
        diff_ids = tuple(layer.diff_id for layer in analysis.image.layers)
        self._base = self._jobs.start_waiting(
            "explorer.workflow.asking:base_of",
            (self.options.host, diff_ids),
            on_done=lambda found: self.explore.show_base(BaseImage(*found)),
            on_failed=lambda _: None,
        )

    def look_again(self) -> None:
        """Ask whether the name still means the image that is shown."""
        if self.analysis is None or not self.from_engine or self.busy:
            return
        if self._now is not None and self._now.running:
            return
        name = parse_reference(self.options.reference).name
        self._now = self._jobs.start_waiting(
            "explorer.workflow.asking:image_now",
            (self.options.host, name),
            on_done=self._say_moved,
            on_failed=lambda _: None,
        )

    def _say_moved(self, image_id: str) -> None:
        analysis = self.analysis
        if analysis is None or image_id in (analysis.image.id, self._moved_to):
            return
        self._moved_to = image_id
        shown = analysis.image.id.removeprefix("sha256:")[:12]
        if image_id:
            text = tr(
                "{name} now means a different image; this one is {id}.", name=self.title, id=shown
            )
            self.explore.state_notice.say(text, (tr("Analyse the new one"), self.open_anew))
        else:
            text = tr("{name} was removed from the engine; what was read stays.", name=self.title)
            self.explore.state_notice.say(text)

    def _show(self, analysis: Analysis) -> None:
        self.options = replace(self.options, image_id=analysis.image.id)
        self.explore.show_analysis(analysis, self._dismissals.load(analysis.image.id))
        self.setCurrentWidget(self.explore)
        self.title_changed.emit()

    def _say_incomplete(self, analysis: Analysis) -> None:
        read, total = analysis.layers_read, len(analysis.image.layers)
        self.explore.state_notice.say(
            tr("Incomplete: {n} of {total} layers were read.", n=read, total=total)
            + "\n"
            + _sentences(analysis.problems),
            (tr("Read again"), self.open),
            kind=WARNING,
        )

    def _stopped(self) -> None:
        self._ended()
        analysis = self.analysis
        if analysis is None:
            stopped = ExplorerError(tr("Reading was cancelled."), tr("Nothing was changed."))
            self._show_problem(stopped)
            return
        self.explore.state_notice.say(
            tr(
                "Stopped after {n} of {total} layers. The figures are partial.",
                n=analysis.layers_read,
                total=len(analysis.image.layers),
            ),
            (tr("Resume"), self.open),
            kind=WARNING,
        )

    def _failed(self, error: ExplorerError) -> None:
        self._ended()
        if self.analysis is None:
            self._show_problem(error)
            return
        self.explore.state_notice.say(
            display_lines(error.message),
            (tr("Try again"), self.open),
            kind=ERROR,
            hint=error.hint,
        )

    def _ended(self) -> None:
        self.loading.end()
        self.progress_changed.emit("", -1.0)

    def _show_problem(self, error: ExplorerError) -> None:
        actions: list[Action] = [(tr("Try again"), self.open)]
        if isinstance(error, EngineError):
            actions.append((tr("Other connection…"), self.other_connection.emit))
        if isinstance(error, EngineUnreachable):
            actions.append((tr("Open archive or folder…"), self.archive_wanted.emit))
        title = tr("{name} could not be opened", name=self.title)
        self.problem.show_problem(title, error, *actions)
        self.setCurrentWidget(self.problem)

    def _keep_dismissals(self, keys: set[str]) -> None:
        if self.analysis is not None:
            self._dismissals.save(self.analysis.image.id, keys)

    # ---- inside an executable

    def look_inside(self, node: int) -> None:
        """Show an executable's packages in place of the image's files."""
        tree = self.explore.selection.tree
        if tree is None:
            return
        path = tree.path(node)
        if self._inside is not None:
            self._inside.cancel()
        name = display_name(path, 80)
        self.progress_changed.emit(tr("Looking inside /{name}", name=name), -1.0)
        self._inside = self._jobs.start(
            "explorer.workflow.binaries:inspect_binary",
            (self._plain_options(), path),
            on_done=self._show_binary,
            on_failed=self._inside_failed,
            on_stopped=lambda: self.progress_changed.emit("", -1.0),
        )

    def _show_binary(self, binary: GoBinary) -> None:
        self.progress_changed.emit("", -1.0)
        self.binary.show_binary(binary, self.title)
        self.setCurrentWidget(self.binary)

    def _inside_failed(self, error: ExplorerError) -> None:
        self.progress_changed.emit("", -1.0)
        text = sentences(error.message, error.hint)
        self.explore.state_notice.say(display_lines(text), kind=ERROR)

    def _leave_binary(self) -> None:
        self.setCurrentWidget(self.explore)
        self.explore.files.setFocus()

    def zoom_out(self) -> None:
        """To the folder above; out of an executable's root back to the image."""
        if self.currentWidget() is not self.binary:
            self.explore.selection.zoom_out()
        elif self.binary.navigation.zoom:
            self.binary.navigation.zoom_out()
        else:
            self._leave_binary()

    def zoom_reset(self) -> None:
        """To the root of what is shown."""
        inside = self.currentWidget() is self.binary
        (self.binary.navigation if inside else self.explore.selection).set_zoom(0)

    # ---- single files

    def _read_preview(self, row: int) -> None:
        analysis = self.analysis
        found = payload(analysis, row) if analysis is not None else None
        # A closed tab lives until Qt is through with it, and may still be asked.
        if found is None or self._closed:
            return
        if self._preview is not None:
            self._preview.cancel()
        details = self.explore.details
        details.show_loading(row)
        self._preview = self._jobs.start(
            "explorer.workflow.payloads:preview",
            (self._plain_options(), found, PREVIEW_BYTES),
            on_done=lambda data: details.show_preview(row, data, len(data) < found.size),
            on_failed=lambda error: details.show_preview_failed(row, error.message, error.hint),
        )

    def _save_file(self, row: int) -> None:
        analysis = self.analysis
        found = payload(analysis, row) if analysis is not None else None
        if found is None:
            return
        name = display_name(found.path.rpartition(b"/")[2], 100).replace("/", "_").lstrip(".")
        suggested = str(Path.home() / (name or "file"))
        chosen, _ = QFileDialog.getSaveFileName(self, tr("Save file as"), suggested)
        if chosen:
            self.save_payload(found, chosen)

    def save_payload(self, source: Payload, destination: str) -> None:
        """Write one file of the image to a path the user chose."""
        started = time.monotonic()

        def progress(now: Progress) -> None:
            share = now.done / now.total if now.total else -1.0
            self.progress_changed.emit(progress_text(now, time.monotonic() - started), share)

        def done(written: int) -> None:
            self.progress_changed.emit("", -1.0)
            self.explore.state_notice.say(
                tr(
                    "Saved {path} ({size}).",
                    path=display_text(destination),
                    size=size_text(written),
                ),
                seconds=10,
            )

        def failed(error: ExplorerError) -> None:
            self.progress_changed.emit("", -1.0)
            text = sentences(error.message, error.hint)
            self.explore.state_notice.say(display_lines(text), kind=ERROR)

        self._saving = self._jobs.start(
            "explorer.workflow.payloads:extract",
            (self._plain_options(), source, destination),
            on_done=done,
            on_failed=failed,
            on_progress=progress,
            on_stopped=lambda: self.progress_changed.emit("", -1.0),
        )


def _sentences(problems: tuple[str, ...]) -> str:
    return "\n".join(display_text(text, 1000) for text in problems)
