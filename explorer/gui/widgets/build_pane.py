"""A build while it runs and when it has ended: its steps, its output, what came of it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from explorer.dockerfile.shown import shown_line
from explorer.engine.build_events import (
    LAST_LINES,
    BuildEvent,
    BuildNote,
    BuildResult,
    ContextSent,
    Step,
    StepEnded,
    StepLog,
    StepStarted,
)
from explorer.errors import BuildFailed, ExplorerError
from explorer.gui.models.build_steps import NAME, NUMBER, STATE, TIME, BuildStepsModel
from explorer.gui.widgets.copying import name_view
from explorer.gui.widgets.notice import ERROR, WARNING, Action, Notice
from explorer.gui.widgets.plain_label import ElidedLabel, display_lines
from explorer.report.rewrite_trial import built_text
from explorer.translation import tr
from explorer.units import size_text

# Lines of output that are kept; more would make the window slow.
LOG_LIMIT = 20_000
_FLUSH_MS = 50


class BuildPane(QWidget):
    """Takes the events of a build; `cancelled` when the person has had enough."""

    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.steps = BuildStepsModel(self)
        self.notice = Notice()
        self.state = ElidedLabel()
        self.table = QTableView()
        self.log = QPlainTextEdit()
        self.cancel = QPushButton(tr("Cancel"))
        self.cancel.setAutoDefault(False)
        self.cancel.clicked.connect(self.cancelled)
        self._pending: list[str] = []
        self._flush = QTimer(self, singleShot=True, interval=_FLUSH_MS)
        self._flush.timeout.connect(self.flush)
        self._lay_out()
        self.clear()

    def _lay_out(self) -> None:
        self.table.setModel(self.steps)
        name_view(self.table, tr("Steps of the build"))
        self.table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        header = self.table.horizontalHeader()
        for column, width in ((NUMBER, 36), (TIME, 90), (STATE, 130)):
            header.resizeSection(column, width)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        self.log.setReadOnly(True)
        self.log.setUndoRedoEnabled(False)
        self.log.setTabChangesFocus(True)
        self.log.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.log.setMaximumBlockCount(LOG_LIMIT)
        self.log.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.log.setAccessibleName(tr("Output of the build"))
        parts = QSplitter(Qt.Orientation.Horizontal)
        parts.setChildrenCollapsible(False)
        parts.addWidget(self.table)
        parts.addWidget(self.log)
        parts.setSizes([1000, 1000])
        row = QHBoxLayout()
        row.addWidget(self.state, 1)
        row.addWidget(self.cancel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.notice)
        layout.addLayout(row)
        layout.addWidget(parts, 1)

    # ---- a build

    def clear(self) -> None:
        """As if nothing had been built."""
        self._flush.stop()
        self._pending = []
        self.steps.clear()
        self.log.clear()
        self.notice.hide()
        self.cancel.hide()
        self.state.set_whole(
            tr("Not built yet. “Build…” shows what will be sent before anything is.")
        )

    def begin(self, text: str) -> None:
        """A build begins."""
        self.clear()
        self.state.set_whole(text)
        self.cancel.show()

    def say(self, text: str) -> None:
        """What is going on."""
        self.state.set_whole(text)

    def take(self, event: BuildEvent) -> None:
        """Show one event."""
        if isinstance(event, StepLog):
            self._say(f"#{event.number} {event.text}" if event.number else event.text)
        elif isinstance(event, StepStarted):
            self._show_row(self.steps.start(event.number, event.name))
            self._say(f"#{event.number} {shown_line(event.name)}")
            self.state.set_whole(
                tr("Step {n}: {name}", n=event.number, name=shown_line(event.name))
            )
        elif isinstance(event, StepEnded):
            self._ended(event.step)
        elif isinstance(event, ContextSent):
            self.state.set_whole(
                tr(
                    "Sending the source folder: {done} of {total}",
                    done=size_text(event.sent),
                    total=size_text(event.total),
                )
            )
        elif isinstance(event, BuildNote):
            self._say(shown_line(event.text))

    def finish(self, result: BuildResult, predicted: int, original: int) -> None:
        """It was built: its size against the prediction and the original."""
        self._end()
        self.table.scrollToBottom()
        self.state.set_whole(built_text(result, predicted, original))
        if result.notes:
            self.notice.say("\n".join(shown_line(note) for note in result.notes))

    def fail(self, error: ExplorerError, *actions: Action) -> None:
        """It was not: the step, the reason, the last lines, what may help."""
        self._end()
        row = self.steps.stop(failed=True)
        if row >= 0:
            self.table.selectRow(row)
            # The message takes room first.
            QTimer.singleShot(0, self.table, lambda: self._show_row(row))
        text = "\n".join(part for part in (error.message, error.hint) if part)
        self.notice.say(display_lines(text), *actions, kind=ERROR)
        self.state.set_whole(tr("Not built. Nothing is left in the engine."))
        if isinstance(error, BuildFailed) and error.log:
            self._show_last(error.step, error.log)

    def stop(self) -> None:
        """It was cancelled."""
        self._end()
        self.steps.stop(failed=False)
        self.state.set_whole(tr("Cancelled. Nothing is left in the engine."))
        self.notice.say(tr("The build was cancelled."), kind=WARNING, seconds=10)

    def flush(self) -> None:
        """Show the lines that wait."""
        if not self._pending:
            return
        lines, self._pending = self._pending[-LOG_LIMIT:], []
        self.log.appendPlainText("\n".join(lines))

    # ---- parts

    def _say(self, line: str) -> None:
        self._pending.append(line)
        if not self._flush.isActive():
            self._flush.start()

    def _ended(self, step: Step) -> None:
        row = self.steps.end(step)
        if step.error:
            self._show_row(row)
            self._say(f"#{step.number} {shown_line(step.error)}")

    def _end(self) -> None:
        self.cancel.hide()
        self._flush.stop()
        self.flush()

    def _show_row(self, row: int) -> None:
        self.table.scrollTo(self.steps.index(row, 0))

    def _show_last(self, step: str, lines: Sequence[str]) -> None:
        """The failed step's own last lines at the end, whatever other steps wrote meanwhile."""
        shown = lines[-LAST_LINES:]
        head = tr("Last lines of the failed step {step}:", step=shown_line(step))
        text = "\n".join(shown_line(line) for line in shown)
        self.log.appendPlainText(f"\n{head}\n{text}")
        bar = self.log.verticalScrollBar()
        bar.setValue(bar.maximum())
