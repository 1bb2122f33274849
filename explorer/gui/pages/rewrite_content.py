"""What is seen of a rewrite: what it is made from, both Dockerfiles, the changes, sizes, notes, other files, build, checks."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from explorer.dockerfile.rewrite.change import RewritePlan
from explorer.dockerfile.rewrite.plan import Preparation
from explorer.dockerfile.shown import shown_line
from explorer.gui.models.dockerfile_rows import confidence_of, rows_of
from explorer.gui.models.rewrite_words import mode_text, notes, original_head
from explorer.gui.rewrite_saving import files_of
from explorer.gui.widgets.build_pane import BuildPane
from explorer.gui.widgets.change_cards import ChangeCards
from explorer.gui.widgets.dockerfile_diff import PROBLEM, DockerfileDiff
from explorer.gui.widgets.notice import ERROR, WARNING, Notice
from explorer.gui.widgets.plain_label import ElidedLabel, PlainLabel, display_lines
from explorer.gui.widgets.rewrite_inputs import RewriteInputs
from explorer.gui.widgets.size_pane import SizePane
from explorer.gui.widgets.verify_pane import VerifyPane
from explorer.translation import ntr, tr

_CARDS = 380
_PROBLEMS_SHOWN = 5
# What a build needs to be followed.
_LOWER = 330


class RewriteContent(QWidget):
    """Shows plans; F7 and Shift+F7 go from change to change wherever the focus is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plan: RewritePlan | None = None
        self.inputs, self.notice, self.problems = RewriteInputs(), Notice(), Notice()
        self.diff, self.cards = DockerfileDiff(), ChangeCards()
        self.tabs, self.sizes = QTabWidget(), SizePane()
        self.notes, self.more_files = QPlainTextEdit(), QPlainTextEdit()
        self.ci = {"github": QCheckBox("GitHub Actions"), "gitlab": QCheckBox("GitLab CI")}
        self.build_pane, self.verify_pane = BuildPane(), VerifyPane()
        self.summary = ElidedLabel()
        self.save = QPushButton(tr("Save as…"))
        self.copy = QPushButton(tr("Copy Dockerfile"))
        self.report = QPushButton(tr("Report…"))
        self.build = QPushButton(tr("Build…"))
        self.verify = QPushButton(tr("Verify…"))
        self.open_result = QPushButton(tr("Open the result"))
        self.compare = QPushButton(tr("Compare"))
        self._lay_out()
        self.cards.chosen.connect(self._show_rule)
        self.diff.rule_shown.connect(self.cards.choose)
        for key, by in (("F7", 1), ("Shift+F7", -1)):
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(lambda by=by: self.diff.step(by))

    def _lay_out(self) -> None:
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(PlainLabel(tr("Changes")))
        column.addWidget(self.cards, 1)
        right.setMinimumWidth(300)
        top = QSplitter(Qt.Orientation.Horizontal)
        top.addWidget(self.diff)
        top.addWidget(right)
        top.setStretchFactor(0, 1)
        top.setSizes([900, _CARDS])
        self._fill_tabs()
        middle = self._middle = QSplitter(Qt.Orientation.Vertical)
        middle.addWidget(top)
        middle.addWidget(self.tabs)
        middle.setStretchFactor(0, 3)
        middle.setStretchFactor(1, 1)
        middle.setSizes([640, 250])
        for splitter in (top, middle):
            splitter.setChildrenCollapsible(False)
        font = QFont(self.font())
        font.setBold(True)
        self.summary.setFont(font)
        row = QHBoxLayout()
        row.addWidget(self.summary, 1)
        for button in (
            self.save,
            self.copy,
            self.report,
            self.build,
            self.verify,
            self.open_result,
            self.compare,
        ):
            button.setAutoDefault(False)
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(6)
        layout.addWidget(self.inputs)
        layout.addWidget(self.notice)
        layout.addWidget(self.problems)
        layout.addWidget(middle, 1)
        layout.addLayout(row)

    def _fill_tabs(self) -> None:
        for text, name in ((self.notes, tr("Notes")), (self.more_files, tr("Other files"))):
            text.setReadOnly(True)
            text.setUndoRedoEnabled(False)
            text.setTabChangesFocus(True)
            text.setAccessibleName(name)
        self.more_files.setFont(self.diff.left.font())
        files = QWidget()
        inside = QVBoxLayout(files)
        inside.setContentsMargins(0, 4, 0, 0)
        row = QHBoxLayout()
        row.addWidget(PlainLabel(tr("Also write a job that builds the image for:")))
        for box in self.ci.values():
            row.addWidget(box)
        row.addStretch(1)
        inside.addLayout(row)
        inside.addWidget(self.more_files, 1)
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.sizes, tr("Size"))
        self.tabs.addTab(self.notes, tr("Notes"))
        self.tabs.addTab(files, tr("Other files"))
        self.tabs.addTab(self.build_pane, tr("Build"))
        self.tabs.addTab(self.verify_pane, tr("Verify"))

    def show_plan(self, found: RewritePlan, prepared: Preparation) -> None:
        """Show a plan in place of the one before."""
        self.plan = found
        self.diff.show_rows(
            rows_of(found),
            head=original_head(found),
            titles={change.rule: display_lines(change.title) for change in found.changes},
            sure=_sure(found, prepared),
        )
        self.cards.show_changes(found.changes)
        self.sizes.show_layers(prepared.start.layers, found.layers)
        self.inputs.show_runtime(found.runtime.image, found.runtime.reasons, mode_text(found))
        self._show_notes(found)
        self._show_files(found)

    def show_problems(self, found: RewritePlan, prepared: Preparation) -> None:
        """Say what no builder reads, or that this Dockerfile built another image."""
        if found.problems:
            self._say_problems(found)
        elif prepared.case.mismatch:
            self.problems.say(
                display_lines(
                    "\n".join((*prepared.case.mismatch, tr("Changes that rest on it are off.")))
                ),
                kind=WARNING,
            )
        else:
            self.problems.hide()

    def make_room(self) -> None:
        """Let the lower part be tall enough for a build's steps and output."""
        upper, lower = self._middle.sizes()
        if lower < _LOWER:
            self._middle.setSizes([upper + lower - _LOWER, _LOWER])

    def say_error(self, text: str) -> None:
        """Say what went wrong."""
        self.notice.say(display_lines(text), kind=ERROR)

    def retheme(self) -> None:
        """Take the colours of the theme in force."""
        self.diff.retheme()
        self.cards.retheme()
        for notice in (self.notice, self.problems, self.build_pane.notice, self.verify_pane.notice):
            notice.recolour()

    def _show_notes(self, found: RewritePlan) -> None:
        lines = notes(found)
        self.notes.setPlainText("\n".join(lines) or tr("Nothing else changes."))
        count = len(lines)
        warned = "⚠ " if found.warnings else ""
        head = tr("Notes ({n})", n=count) if count else tr("Notes")
        self.tabs.setTabText(1, warned + head)

    def _show_files(self, found: RewritePlan) -> None:
        others = {n: d for n, d in files_of(found, "Dockerfile").items() if n != "Dockerfile"}
        text = "\n\n".join(f"── {name}\n{data.decode()}" for name, data in others.items())
        shown = "\n".join(shown_line(line) for line in text.split("\n"))
        self.more_files.setPlainText(shown or tr("Only the Dockerfile would be written."))
        count = len(others)
        self.tabs.setTabText(2, tr("Other files ({n})", n=count) if count else tr("Other files"))

    def _say_problems(self, found: RewritePlan) -> None:
        shown = found.problems[:_PROBLEMS_SHOWN]
        lines = [tr("line {line}: {reason}", line=p.line, reason=p.reason) for p in shown]
        head = ntr(
            "The Dockerfile has a line that no builder reads; the rest is shown.",
            "The Dockerfile has lines that no builder reads; the rest is shown.",
            len(found.problems),
        )
        self.problems.say(display_lines("\n".join((head, *lines))), kind=ERROR)

    def _show_rule(self, rule: str) -> None:
        found = self.plan
        change = next((c for c in found.changes if c.rule == rule), None) if found else None
        self.diff.show_rule(rule)
        if change is not None and change.lines and not change.enabled:
            self.diff.show_original_line(change.lines[0])


def _sure(found: RewritePlan, prepared: Preparation) -> Mapping[int, tuple[str, str]]:
    """How sure the original's lines are, by their number."""
    if found.original_masked:
        return confidence_of(prepared.case.evidence.rebuilt.lines)
    return {item.line: (PROBLEM, item.reason) for item in found.problems}
