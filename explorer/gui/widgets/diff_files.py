"""The files of a comparison: which states are shown, a filter, the joined tree, and the maps below it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence, QPalette
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QToolButton, QVBoxLayout, QWidget

from explorer.compare.comparison import Comparison
from explorer.gui.diff_figures import DEFAULT_STATES, DiffFigures
from explorer.gui.diff_selection import DiffSelection
from explorer.gui.jobs import Jobs
from explorer.gui.models.deltas import STATE_LABELS, STATES
from explorer.gui.theme import current_theme
from explorer.gui.widgets.breadcrumb import Breadcrumb
from explorer.gui.widgets.diff_map import DiffMaps
from explorer.gui.widgets.diff_tree import DiffTreeView
from explorer.gui.widgets.filter_bar import FilterChips, FilterField
from explorer.gui.widgets.flow import FlowRow
from explorer.gui.widgets.notice import ERROR, Notice
from explorer.gui.widgets.plain_label import tooltip_text
from explorer.translation import tr
from explorer.units import count_text, display_text, signed_size, size_text

_FIELD_WIDTH = 260


class DiffFiles(QWidget):
    """Tree and maps of one DiffSelection; `hover_text` carries the path under the mouse with both sides' bytes."""

    hover_text = Signal(str)

    def __init__(self, parent: QWidget | None = None, jobs: Jobs | None = None) -> None:
        super().__init__(parent)
        self.selection = DiffSelection(self, jobs)
        self.field = FilterField()
        self.field.setMinimumWidth(_FIELD_WIDTH)
        self.field.setMaximumWidth(2 * _FIELD_WIDTH)
        self.field.setAccessibleName(tr("Filter the files of both images"))
        self.chips = FilterChips(self.field)
        self.states = {state: self._state_button(state) for state in STATES}
        self.former, self.next = QToolButton(), QToolButton()
        self.notice = Notice()
        self.tree = DiffTreeView(self.selection)
        self.breadcrumb = _DiffBreadcrumb(self.selection)
        self.maps = DiffMaps(self.selection)
        self._lay_out()
        self.field.changed.connect(self._filter)
        self.selection.changed.connect(self._say)
        self.selection.busy_changed.connect(self._show_busy)
        self.selection.failed.connect(lambda text: self.notice.say(text, kind=ERROR))
        for view in (self.maps.a, self.maps.b, self.maps.delta):
            view.menu_wanted.connect(self.tree.show_menu)
            view.activated.connect(self.selection.set_current)
        self.selection.hovered.connect(self._hovered)
        self.selection.current_changed.connect(self._hovered)

    def _lay_out(self) -> None:
        states = FlowRow()
        for button in self.states.values():
            states.flow.addWidget(button)
        head = QHBoxLayout()
        head.addWidget(states, 3)
        for button, text, hint, key, step in (
            (self.former, "↑", tr("Previous change"), "Shift+F7", -1),
            (self.next, "↓", tr("Next change"), "F7", 1),
        ):
            action = QAction(hint, self)
            action.setShortcut(QKeySequence(key))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            action.triggered.connect(lambda _=False, by=step: self._step(by))
            self.addAction(action)
            button.setText(text)
            button.setAccessibleName(hint)
            button.setToolTip(tooltip_text(f"{hint} ({key})"))
            button.clicked.connect(action.trigger)
            head.addWidget(button)
        head.addWidget(self.field, 2)
        below = QWidget()
        column = QVBoxLayout(below)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.breadcrumb)
        column.addWidget(self.maps, 1)
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(self.tree)
        split.addWidget(below)
        split.setStretchFactor(0, 5)
        split.setStretchFactor(1, 6)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(head)
        for widget in (self.chips, self.notice):
            layout.addWidget(widget)
        layout.addWidget(split, 1)

    def _state_button(self, state: str) -> QToolButton:
        button = QToolButton()
        button.setCheckable(True)
        button.setChecked(state in DEFAULT_STATES)
        button.toggled.connect(self._states_changed)
        return button

    def show_comparison(
        self, comparison: Comparison, a: str, b: str, counted: DiffFigures | None = None
    ) -> None:
        """Show another comparison from its root; `a` and `b` are the images' names; see DiffSelection.set_comparison."""
        self.field.blockSignals(True)
        self.field.clear()
        self.field.blockSignals(False)
        self.chips.renew()
        self.maps.name_sides(a, b)
        self._mute()
        self.selection.set_comparison(comparison, counted)

    def focus_filter(self) -> None:
        """Go to the filter."""
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def show_all(self) -> None:
        """Show files that are the same, too."""
        for button in self.states.values():
            button.blockSignals(True)
            button.setChecked(True)
            button.blockSignals(False)
        self._states_changed()

    def retheme(self) -> None:
        """Take the colours of the theme in force."""
        self.maps.recolour()
        self.notice.recolour()
        self._mute()

    def _mute(self) -> None:
        """A state that is left out is greyed: not every style shows well what is checked."""
        for button in self.states.values():
            palette = QGuiApplication.palette()
            if not button.isChecked():
                palette.setColor(QPalette.ColorRole.ButtonText, current_theme().muted)
            button.setPalette(palette)

    def _states_changed(self) -> None:
        self._mute()
        chosen = [state for state, button in self.states.items() if button.isChecked()]
        self.selection.show_states(chosen)

    def _hovered(self, node: int) -> None:
        chosen = node if node > 0 else self.selection.current
        tip = self.tree.model_.tip(chosen) if chosen > 0 else ""
        self.hover_text.emit(tip.replace("\n", " · "))

    def _show_busy(self) -> None:
        """The pointer says that what is shown will soon be another."""
        if self.selection.busy:
            self.setCursor(Qt.CursorShape.BusyCursor)
        else:
            self.unsetCursor()

    def _filter(self) -> None:
        self.selection.set_query(self.chips.renew())

    def _step(self, by: int) -> None:
        if not self.tree.step_change(by):
            text = tr("There is no later change.") if by > 0 else tr("There is no earlier change.")
            self.notice.say(text, seconds=4)

    def _say(self) -> None:
        """Counts on the buttons; what to do when nothing is shown."""
        counts = self.selection.counts
        for state, button in self.states.items():
            label = tr(STATE_LABELS[state])
            tick = "✓ " if button.isChecked() else ""
            button.setText(f"{tick}{state} {label} {count_text(counts[state])}")
            button.setAccessibleName(f"{label}: {count_text(counts[state])}")
        visible = self.selection.visible
        if len(visible) > 1 and visible[1:].any():
            self.notice.hide()
        elif self.selection.query is not None:
            chips = display_text(" ".join(self.selection.query.chips()), 200)
            text = tr("Nothing matches {filter}.", filter=chips)
            self.notice.say(text, (tr("Clear filter"), self.field.clear))
        elif not any(counts[state] for state in DEFAULT_STATES):
            text = tr("All files are the same in both images.")
            self.notice.say(text, (tr("Show them"), self.show_all))
        else:
            text = tr("No file has one of the chosen states.")
            self.notice.say(text, (tr("Show all files"), self.show_all))


class _DiffBreadcrumb(Breadcrumb):
    """The way to the folder that the maps show, with both sides' bytes."""

    def __init__(self, selection: DiffSelection) -> None:
        super().__init__(selection.delta)
        self._diff = selection
        selection.changed.connect(self.renew)

    def renew(self) -> None:
        """Show the way to the present zoom."""
        super().renew()
        if self._diff.comparison is not None:
            self._facts.setText(self._diff_facts())

    def _diff_facts(self) -> str:
        zoom = self._diff.zoom
        a, b = int(self._diff.total_a[zoom]), int(self._diff.total_b[zoom])
        return f"A {size_text(a)} · B {size_text(b)} · {signed_size(b - a)}"
