"""The form of one entry: its facts, what each layer did at its path, and where the same content lies again."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFormLayout,
    QFrame,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QSizePolicy,
    QWidget,
)

from explorer.gui.models.facts import Copy, Fact, Step
from explorer.gui.widgets.copying import name_view
from explorer.gui.widgets.plain_label import PlainLabel, tooltip_text
from explorer.gui.widgets.wrapped_text import WrappedText
from explorer.translation import tr
from explorer.units import count_text

_ROLE = int(Qt.ItemDataRole.UserRole)
_LIST_ROWS = 4


class DetailsForm(QScrollArea):
    """Rows come and go with what is known; the two lists hold row and node numbers."""

    step_chosen = Signal(int)
    copy_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._body = QWidget()
        self._rows: dict[str, WrappedText | PlainLabel] = {}
        self._form = QFormLayout(self._body)
        self._form.setContentsMargins(0, 0, 4, 0)
        self._form.setVerticalSpacing(4)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.steps = _ChoiceList(tr("History of this path"))
        self.copies = _ChoiceList(tr("Paths with the same content"))
        self._form.addRow(_caption(tr("History")), self.steps)
        self._form.addRow(_caption(tr("Same content")), self.copies)
        self._form.setRowVisible(self.steps, False)
        self._form.setRowVisible(self.copies, False)
        self.steps.currentItemChanged.connect(self._step_changed)
        self.copies.itemActivated.connect(lambda item: self.copy_chosen.emit(item.data(_ROLE)))
        self.setWidget(self._body)

    def show_facts(self, facts: list[Fact]) -> None:
        """Show these facts and no others."""
        for fact in facts:
            value = self._rows.get(fact.key) or self._add(fact)
            if isinstance(value, WrappedText):
                value.set_text(fact.value)
            else:
                value.setText(fact.value)
                value.setAccessibleName(f"{fact.label}: {fact.value}")
        shown = {fact.key for fact in facts}
        for key, value in self._rows.items():
            self._form.setRowVisible(value, key in shown)

    def show_history(self, steps: list[Step], current: int) -> None:
        """Show what the layers did; a single step is no history."""
        self.steps.fill([(step.row, step.text) for step in steps], current)
        self._form.setRowVisible(self.steps, len(steps) > 1)

    def show_copies(self, copies: list[Copy], count: int) -> None:
        """Show where the same content lies; `count` may be more than are listed."""
        rows = [(copy.node, copy.text) for copy in copies]
        if count > len(copies):
            rows.append((-1, tr("… and {n} more", n=count_text(count - len(copies)))))
        self.copies.fill(rows, None)
        self._form.setRowVisible(self.copies, bool(rows))

    def value(self, key: str) -> str:
        """The value that is shown for a fact, "" when it is not shown."""
        row = self._rows.get(key)
        if row is None or not self._form.isRowVisible(row):
            return ""
        return row.toPlainText() if isinstance(row, WrappedText) else row.text()

    def _add(self, fact: Fact) -> WrappedText | PlainLabel:
        value: WrappedText | PlainLabel
        if fact.wrap:
            value = WrappedText(fact.label)
        else:
            value = PlainLabel(selectable=True)
            value.setWordWrap(True)
            policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            policy.setHeightForWidth(True)
            value.setSizePolicy(policy)
        place = sum(1 for key in self._rows if _ORDER.index(key) < _ORDER.index(fact.key))
        self._form.insertRow(place, _caption(fact.label), value)
        self._rows[fact.key] = value
        return value

    def _step_changed(self, item: QListWidgetItem | None) -> None:
        if item is not None and not self.steps.filling:
            self.step_chosen.emit(item.data(_ROLE))


# The form's rows from top to bottom, by the key of their fact.
_ORDER = (
    "path", "target", "type", "size", "files", "share", "category", "added", "later", "mode", "owner", "time",
)  # fmt: skip


class _ChoiceList(QListWidget):
    """A short list of plain texts, as tall as its rows; Enter activates."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.filling = False
        name_view(self, name)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setUniformItemSizes(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def fill(self, rows: list[tuple[int, str]], current: int | None) -> None:
        """Show (number, text) rows; the one with number `current` is selected, and nothing is told of it."""
        self.filling = True
        self.clear()
        for number, text in rows:
            item = QListWidgetItem(text)
            item.setData(_ROLE, number)
            item.setToolTip(tooltip_text(text))
            if number < 0:
                item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.addItem(item)
            if number == current:
                self.setCurrentItem(item)
        height = self.fontMetrics().height() + 4
        self.setFixedHeight(min(max(len(rows), 1), _LIST_ROWS) * height + 2 * self.frameWidth() + 2)
        self.filling = False

    def choose(self, number: int) -> None:
        """Select the row with a number, and tell nothing of it."""
        self.filling = True
        for place in range(self.count()):
            if self.item(place).data(_ROLE) == number:
                self.setCurrentRow(place)
        self.filling = False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.currentRow() >= 0 and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.itemActivated.emit(self.currentItem())
            return
        super().keyPressEvent(event)


def _caption(text: str) -> PlainLabel:
    label = PlainLabel(text)
    label.setForegroundRole(label.palette().ColorRole.PlaceholderText)
    label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
    return label
