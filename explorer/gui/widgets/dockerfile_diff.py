"""Original and rewritten Dockerfile side by side; both scroll together, F7 goes from change to change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QToolButton, QVBoxLayout, QWidget

from explorer.dockerfile.historyline import EXACT, INFERRED, UNKNOWN
from explorer.gui.models.dockerfile_rows import (
    ADDED,
    CHANGED,
    REMOVED,
    SAME,
    Row,
    hunks,
)
from explorer.gui.widgets.code_pane import FILLER, NEW, OLD, CodePane, PaneLine
from explorer.gui.widgets.plain_label import ElidedLabel, PlainLabel, tooltip_text
from explorer.translation import mark, tr

# A line that no builder reads.
PROBLEM = "problem"
_MARKS = {EXACT: "", INFERRED: "~", UNKNOWN: "?", PROBLEM: "✗"}
_SURE = {
    EXACT: mark("exact"),
    INFERRED: mark("~ inferred"),
    UNKNOWN: mark("? unknown"),
    PROBLEM: mark("✗ cannot be read"),
}
_SIGNS = {SAME: ("", ""), CHANGED: ("−", "+"), ADDED: ("", "+"), REMOVED: ("−", "")}


class DockerfileDiff(QWidget):
    """Shows rows; `rule_shown` names the rule behind the line the cursor is on."""

    rule_shown = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.left = CodePane(tr("Original Dockerfile"))
        self.right = CodePane(tr("Rewritten Dockerfile"))
        self._heads = (PlainLabel(), PlainLabel(tr("Rewritten")))
        self._where = ElidedLabel()
        self._count = PlainLabel()
        self._rows: Sequence[Row] = ()
        self._hunks: tuple[tuple[int, int], ...] = ()
        self._titles: Mapping[str, str] = {}
        self._sure: Mapping[int, tuple[str, str]] = {}
        self._busy = False
        self._previous = self._button("▲", tr("Previous change"), "Shift+F7", -1)
        self._next = self._button("▼", tr("Next change"), "F7", 1)
        self._lay_out()
        for pane, other in ((self.left, self.right), (self.right, self.left)):
            for bar, follower in (
                (pane.verticalScrollBar(), other.verticalScrollBar()),
                (pane.horizontalScrollBar(), other.horizontalScrollBar()),
            ):
                bar.valueChanged.connect(follower.setValue)
            pane.cursorPositionChanged.connect(lambda pane=pane: self._cursor_moved(pane))

    def _lay_out(self) -> None:
        panes = QSplitter(Qt.Orientation.Horizontal)
        panes.setChildrenCollapsible(False)
        for head, pane in zip(self._heads, (self.left, self.right), strict=True):
            column = QWidget()
            inside = QVBoxLayout(column)
            inside.setContentsMargins(0, 0, 0, 0)
            inside.setSpacing(2)
            inside.addWidget(head)
            inside.addWidget(pane, 1)
            panes.addWidget(column)
        panes.setSizes([1000, 1000])
        row = QHBoxLayout()
        row.addWidget(self._where, 1)
        row.addWidget(self._count)
        row.addWidget(self._previous)
        row.addWidget(self._next)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(panes, 1)
        layout.addLayout(row)

    # ---- what is shown

    @property
    def change_count(self) -> int:
        """How many runs of changed lines there are."""
        return len(self._hunks)

    def show_rows(
        self,
        rows: Sequence[Row],
        *,
        head: str,
        titles: Mapping[str, str],
        sure: Mapping[int, tuple[str, str]],
    ) -> None:
        """Show two files; `titles` name the rules, `sure` says how sure rebuilt lines are."""
        self._rows, self._hunks = rows, hunks(rows)
        self._titles, self._sure = titles, sure
        self._heads[0].setText(head)
        self._busy = True
        self.left.show_lines([self._left_line(row) for row in rows])
        self.right.show_lines([self._right_line(row) for row in rows])
        self._busy = False
        for button in (self._previous, self._next):
            button.setEnabled(bool(self._hunks))
        self._say_where(self.right.textCursor().blockNumber())

    def show_rule(self, rule: str) -> None:
        """Go to the first line that a rule wrote."""
        found = [n for n, row in enumerate(self._rows) if row.rule == rule]
        if not found:
            return
        end = found[0]
        while end < len(self._rows) and self._rows[end].rule == rule:
            end += 1
        self._go(found[0], end)

    def show_original_line(self, number: int) -> None:
        """Go to a line of the original."""
        for place, row in enumerate(self._rows):
            if row.left.number == number:
                self._go(place, place + 1)
                return

    def step(self, by: int) -> None:
        """Go to the next (1) or previous (-1) change, round the end."""
        if not self._hunks:
            return
        here = self.right.textCursor().blockNumber()
        if by > 0:
            chosen = next((h for h in self._hunks if h[0] > here), self._hunks[0])
        else:
            chosen = next((h for h in reversed(self._hunks) if h[0] < here), self._hunks[-1])
        self._go(*chosen)

    def retheme(self) -> None:
        """Take the colours of the theme in force."""
        for pane in (self.left, self.right):
            pane.show_lines(pane.lines)

    # ---- parts

    def _go(self, first: int, end: int) -> None:
        self._busy = True
        for pane in (self.left, self.right):
            pane.go_to(first)
            pane.choose(first, end)
        self._busy = False
        self._say_where(first)
        self._tell(first)

    def _cursor_moved(self, pane: CodePane) -> None:
        if self._busy:
            return
        row = pane.textCursor().blockNumber()
        other = self.left if pane is self.right else self.right
        self._busy = True
        other.go_to(row, centre=False)
        self._busy = False
        self._say_where(row)
        self._tell(row)

    def _tell(self, row: int) -> None:
        if row < len(self._rows) and self._rows[row].rule:
            self.rule_shown.emit(self._rows[row].rule)

    def _say_where(self, number: int) -> None:
        row = self._rows[number] if number < len(self._rows) else None
        parts = [] if row is None else [self._sure_text(row), self._titles.get(row.rule, "")]
        self._where.set_whole(" · ".join(part for part in parts if part))
        here = next((n for n, (a, b) in enumerate(self._hunks, 1) if a <= number < b), 0)
        if not self._hunks:
            text = tr("no changes")
        elif here:
            text = tr("change {n} of {total}", n=here, total=len(self._hunks))
        else:
            text = tr("changes: {total}", total=len(self._hunks))
        self._count.setText(text)

    def _sure_text(self, row: Row) -> str:
        confidence, note = self._sure.get(row.left.number, ("", ""))
        if not confidence:
            return ""
        text = tr("Original line {n}: {sure}", n=row.left.number, sure=tr(_SURE[confidence]))
        return f"{text} · {note}" if note else text

    def _left_line(self, row: Row) -> PaneLine:
        if not row.left.number:
            return PaneLine(tint=FILLER)
        sure = self._sure.get(row.left.number, ("", ""))[0]
        return PaneLine(
            row.left.text,
            row.left.number,
            _SIGNS[row.state][0],
            "" if row.state == SAME else OLD,
            _MARKS.get(sure, ""),
            self._sure_text(row),
        )

    def _right_line(self, row: Row) -> PaneLine:
        if not row.right.number:
            return PaneLine(tint=FILLER)
        tip = self._titles.get(row.rule, "")
        tint = "" if row.state == SAME else NEW
        return PaneLine(row.right.text, row.right.number, _SIGNS[row.state][1], tint, "", tip)

    def _button(self, glyph: str, text: str, key: str, by: int) -> QToolButton:
        button = QToolButton()
        button.setText(glyph)
        button.setAutoRaise(True)
        button.setAccessibleName(text)
        button.setToolTip(tooltip_text(f"{text} ({key})"))
        button.clicked.connect(lambda: self.step(by))
        return button
