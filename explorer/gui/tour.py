"""The guided tour: six steps over the window's own pages, from a naive image to its rewrite, by the arrow keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QFont, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QApplication,
    QButtonGroup,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QToolBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from explorer.errors import ExplorerError
from explorer.findings.category import CATEGORIES, GROUPS
from explorer.gui.pages.image_tab import ImageTab
from explorer.gui.pages.message import MessagePage
from explorer.gui.widgets.notice import ERROR
from explorer.gui.widgets.plain_label import (
    PlainLabel,
    button_text,
    display_lines,
    tooltip_text,
)
from explorer.report.palette import GROUP_LABELS
from explorer.resources import resource
from explorer.translation import mark, ntr, sentences, tr
from explorer.units import display_text, share_text, size_text
from explorer.workflow.opening import Options

if TYPE_CHECKING:
    from explorer.findings.analysis import Analysis
    from explorer.gui.main_window import MainWindow

BEFORE, AFTER = "before.image-snapshot", "after.image-snapshot"
STEPS = (
    mark("Before"),
    mark("Findings"),
    mark("Dockerfile"),
    mark("After"),
    mark("Start-up"),
    mark("Next"),
)
_AFTER, _START = 3, 4
_SAID_SECONDS = 10
_GROUPS_SAID = 3
# The words of a step beside all else while presenting.
_WORDS_SCALE = 1.25
_NEXT_KEYS, _BACK_KEYS = ("Right", "PgDown"), ("Left", "PgUp")


def demo_references() -> tuple[str, str]:
    """The recorded images that come with the program, before and after."""
    return f"snapshot:{resource('demo', BEFORE)}", f"snapshot:{resource('demo', AFTER)}"


@dataclass(frozen=True)
class _Step:
    """What a step shows, and the words for it; both are asked for when the images are there."""

    show: Callable[[], None]
    words: Callable[[], str]


class _Words(PlainLabel):
    """As tall as its lines: a toolbar asks no widget for its height at a width."""

    def __init__(self) -> None:
        super().__init__()
        self.setWordWrap(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def say(self, text: str) -> None:
        """Show another text."""
        self.setText(text)
        self._fit()

    def emphasise(self, scale: float) -> None:
        """Bold, and so much larger than the application's type."""
        font = QFont()
        font.setBold(True)
        if scale != 1.0:
            font.setPointSizeF(QApplication.font().pointSizeF() * scale)
        self.setFont(font)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        # A label says no less than its least height, which is that of the text before.
        self.setMinimumHeight(0)
        height = self.heightForWidth(max(self.width(), 200))
        self.setFixedHeight(max(height, self.fontMetrics().height()))


class StepsBar(QToolBar):
    """The steps as buttons, the words of the one that is shown, and who recorded it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Guided tour"), parent)
        self.setObjectName("tour")
        self.setMovable(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.group = QButtonGroup(self)
        self.steps = [self._step(number, text) for number, text in enumerate(STEPS)]
        self.back, self.next = QPushButton(tr("◀ Back")), QPushButton(tr("Next ▶"))
        self.present, self.end = QPushButton(tr("Present (F11)")), QPushButton(tr("End the tour"))
        self.words, self.recorded = _Words(), _Words()
        self.words.emphasise(1.0)
        inside = QWidget()
        rows = QVBoxLayout(inside)
        rows.setContentsMargins(10, 4, 10, 6)
        rows.setSpacing(4)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.back)
        for button in self.steps:
            row.addWidget(button)
        row.addWidget(self.next)
        row.addStretch(1)
        for push in (self.back, self.next, self.present, self.end):
            push.setAutoDefault(False)
        row.addWidget(self.present)
        row.addWidget(self.end)
        rows.addLayout(row)
        rows.addWidget(self.words)
        rows.addWidget(self.recorded)
        self.addWidget(inside)

    def _step(self, number: int, text: str) -> QToolButton:
        button = QToolButton()
        button.setText(button_text(f"{number + 1} {tr(text)}"))
        button.setCheckable(True)
        button.setAutoRaise(True)
        button.setToolTip(tooltip_text(tr("Step {n} of {total}", n=number + 1, total=len(STEPS))))
        self.group.addButton(button, number)
        return button


class Tour(QObject):
    """go(), forward() and back() operate the window; end() takes the bar away and leaves the images open."""

    def __init__(self, window: MainWindow, before: str, after: str) -> None:
        super().__init__(window)
        self._window = window
        self._references = before, after
        self._tabs: list[ImageTab] = []
        self._steps = (
            _Step(self._show_before, self._say_before),
            _Step(self._show_findings, self._say_findings),
            _Step(self._show_rewrite, self._say_rewrite),
            _Step(self._show_comparison, self._say_comparison),
            _Step(self._show_start, self._say_start),
            _Step(self._show_next, self._say_end),
        )
        self.place = 0
        self.bar = StepsBar()
        self.next_page = MessagePage()
        self._keys = [
            self._key(key, act)
            for keys, act in ((_NEXT_KEYS, self.forward), (_BACK_KEYS, self.back))
            for key in keys
        ]
        window.addToolBar(Qt.ToolBarArea.BottomToolBarArea, self.bar)
        window.pages.addWidget(self.next_page)
        self._say_next()
        self.bar.back.clicked.connect(self.back)
        self.bar.next.clicked.connect(self.forward)
        self.bar.end.clicked.connect(self.end)
        self.bar.present.clicked.connect(window.presentation.toggle)
        window.presentation.changed.connect(self._presenting)
        self.bar.group.idClicked.connect(self.go)
        window.recordings.known.connect(self._came)
        window.tabs.opened.connect(self._came)
        window.compare.currentChanged.connect(self._compared)

    def _key(self, key: str, act: Callable[[], None]) -> QShortcut:
        shortcut = QShortcut(QKeySequence(key), self._window)
        shortcut.activated.connect(act)
        return shortcut

    def start(self) -> None:
        """Open both images, and begin with the first step."""
        before, after = self._references
        self._tabs = [self._window.open_reference(name) for name in (before, after)]
        self.go(0)

    def forward(self) -> None:
        """The next step; the last one stays."""
        self.go(min(self.place + 1, len(STEPS) - 1))

    def back(self) -> None:
        """The step before; the first one stays."""
        self.go(max(self.place - 1, 0))

    def go(self, place: int) -> None:
        """Show a step; what is still being read is shown as soon as it is there."""
        self.place = place
        self.bar.steps[place].setChecked(True)
        self.bar.back.setEnabled(place > 0)
        self.bar.next.setEnabled(place < len(STEPS) - 1)
        # A text that has the focus would keep the arrow keys for itself.
        (self.bar.next if self.bar.next.isEnabled() else self.bar.back).setFocus()
        self._open_closed()
        if not self._ready():
            self.bar.words.say(tr("Opening the recorded images…"))
            return
        step = self._steps[place]
        step.show()
        self._show_own_measurements()
        self._say_once()
        self.bar.words.say(step.words())
        self.bar.recorded.say(self._recorded())
        self._window.presentation.adopt()

    def end(self) -> None:
        """Leave the images open and take the rest away."""
        window = self._window
        window.presentation.leave()
        window.presentation.changed.disconnect(self._presenting)
        window.recordings.known.disconnect(self._came)
        window.tabs.opened.disconnect(self._came)
        window.compare.currentChanged.disconnect(self._compared)
        for key in self._keys:
            key.setEnabled(False)
            key.deleteLater()
        if window.pages.currentWidget() is self.next_page:
            window.show_page(window.explore)
        window.pages.removeWidget(self.next_page)
        self.next_page.deleteLater()
        for tab in set(self._tabs) & set(window.tabs.all()):
            window.recordings.say_origin(tab)
        window.removeToolBar(self.bar)
        self.bar.deleteLater()
        window.tour = None
        window.startup.left.show()
        self.deleteLater()

    def _presenting(self, on: bool) -> None:  # noqa: FBT001  # a signal's argument
        """The keys are enough then."""
        self.bar.present.setVisible(not on)
        self.bar.end.setVisible(not on)
        self.next_page.buttons.setVisible(not on)
        self.next_page.emphasise(_WORDS_SCALE if on else 1.0)
        self.bar.words.emphasise(_WORDS_SCALE if on else 1.0)
        self._show_own_measurements()
        self._window.presentation.adopt()

    # ---- what is there

    def _ready(self) -> bool:
        return bool(self._tabs) and all(
            tab.analysis is not None and not tab.busy and self._window.recordings.origin(tab)
            for tab in self._tabs
        )

    def _open_closed(self) -> None:
        """Whoever closed a tab of the tour gets it back."""
        kept = self._window.tabs.all()
        for number, tab in enumerate(self._tabs):
            if tab not in kept:
                self._tabs[number] = self._window.open_reference(self._references[number])

    def _came(self, tab: ImageTab) -> None:
        if tab in self._tabs and self._ready():
            self.go(self.place)

    def _tab(self, number: int) -> ImageTab:
        """The image before (0) or after (1), in front; opened again when it was closed."""
        tab = self._window.open_reference(self._references[number])
        self._tabs[number] = tab
        return tab

    def _recorded(self) -> str:
        origin = self._window.recordings.origin(self._tabs[0])
        if origin is None:
            return ""
        if self.place != _START:
            return origin.sentence()
        return tr("{origin} Nothing that you measured yourself is shown.", origin=origin.sentence())

    def _name(self, number: int) -> str:
        return self._tabs[number].title

    def _size(self, number: int) -> int:
        analysis = self._tabs[number].analysis
        return analysis.totals.content_bytes if analysis is not None else 0

    def _say_once(self) -> None:
        """The bar says that all of it was recorded; the pages need not say it again."""
        for notice in (
            *(tab.explore.state_notice for tab in self._tabs),
            self._window.startup.notice,
        ):
            notice.hide()

    def _show_own_measurements(self) -> None:
        """Beside what was recorded, nothing that was measured here: the two would be taken for one."""
        window = self._window
        window.startup.left.setVisible(self.place != _START and not window.presentation.on)

    # ---- the steps

    def _show_before(self) -> None:
        tab = self._tab(0)
        tab.explore.close_finding()
        tab.explore.selection.set_zoom(0)

    def _say_before(self) -> str:
        analysis = self._tabs[0].analysis
        assert analysis is not None
        app = sum(binary.size_bytes for binary in analysis.go_binaries[:1])
        said = tr(
            "A small Gin service in an image of {size}. The program itself has {app}: {share} of it.",
            size=size_text(self._size(0)),
            app=size_text(app),
            share=share_text(app, self._size(0)),
        )
        rest = [f"{name} {size_text(size)}" for name, size in _largest_groups(analysis)]
        return (
            sentences(said, tr("Most of the rest: {parts}.", parts=" · ".join(rest)))
            if rest
            else said
        )

    def _show_findings(self) -> None:
        tab = self._tab(0)
        if tab.analysis is not None and tab.analysis.findings:
            tab.explore.open_finding(tab.analysis.findings[0])

    def _say_findings(self) -> str:
        analysis = self._tabs[0].analysis
        if analysis is None or not analysis.findings:
            return tr("Nothing worth removing was found.")
        first = analysis.findings[0]
        found = self._tabs[0].explore.findings.table.findings
        return ntr(
            "{n} finding says which {total} are not needed, and why.",
            "{n} findings say which {total} are not needed, and why. The largest: {title}, {size}.",
            found.rowCount(),
            total=size_text(found.total()),
            title=display_text(first.title(), 80),
            size=size_text(first.bytes),
        )

    def _show_rewrite(self) -> None:
        self._tab(0)
        self._window.show_page(self._window.optimize)
        # The verdict on the start takes a second or two: it is there when its step comes.
        self._window.recordings.show_recorded(self._tabs[0])

    def _say_rewrite(self) -> str:
        return tr(
            "The Dockerfile that would have avoided them, line by line, with the reason and the bytes of every change."
        )

    def _show_comparison(self) -> None:
        window = self._window
        self._tab(0)
        sides = window.compare.sides
        shown = sides is not None and tuple(side.reference for side in sides) == self._references
        if shown and (window.compare.comparison is not None or window.compare.busy):
            window.show_page(window.compare)
            self._compared()
            return
        window.open_comparison(*(Options(name) for name in self._references))

    def _compared(self) -> None:
        """The causes say most: from one size to the other."""
        view = self._window.compare.view
        if self.place == _AFTER and self._window.compare.shows_result and view:
            view.tabs.setCurrentWidget(view.causes)

    def _say_comparison(self) -> str:
        return tr(
            "Built from it: {after} instead of {before}, {share} less, with the same service inside.",
            after=size_text(self._size(1)),
            before=size_text(self._size(0)),
            share=share_text(self._size(0) - self._size(1), self._size(0)),
        )

    def _show_start(self) -> None:
        self._window.show_page(self._window.startup)
        self._window.recordings.show_recorded(self._tabs[0])

    def _say_start(self) -> str:
        if self._window.startup.busy:
            return tr("A measurement of your own is under way; the recorded one is shown after it.")
        return tr(
            "Does smaller start faster? Both were started in turns, and every start was measured: what is a difference and what is noise is said with its interval."
        )

    def _show_next(self) -> None:
        window = self._window
        window.pages.setCurrentWidget(self.next_page)

    def save_report(self) -> None:
        """Write all steps as one page, as PDF or as text; they are made of what the steps have shown."""
        window = self._window
        comparison, sides = window.compare.comparison, window.compare.sides
        compared = sides is not None and tuple(side.reference for side in sides) == self._references
        rewrite = window.optimize.view_of(self._tabs[0])
        plan = rewrite.plan if rewrite is not None else None
        if comparison is None or not compared or plan is None:
            window.notice.say(
                tr("Look at the steps Dockerfile and After first: the report shows them.")
            )
            return
        from explorer.gui import compare_export

        recorded = self._recorded()
        try:
            path = compare_export.save_story(comparison, plan, recorded, window)
        except ExplorerError as error:
            text = display_lines(sentences(error.message, error.hint))
            window.notice.say(text, kind=ERROR)
            return
        if path:
            window.notice.say(tr("Saved {path}.", path=display_text(path)), seconds=_SAID_SECONDS)

    def _say_end(self) -> str:
        return tr(
            "From {before} to {after}: what took the room, what was changed, and what came of it. Now your own image.",
            before=size_text(self._size(0)),
            after=size_text(self._size(1)),
        )

    def _say_next(self) -> None:
        window = self._window
        self.next_page.say(
            tr("What to do next"),
            "\n".join(
                (
                    tr(
                        "1. Open an image of your own: one of the engine, a saved file, or one in a registry."
                    ),
                    tr("2. Look at its findings, and at the Dockerfile that Optimize proposes."),
                    tr("3. Build it, verify that it behaves the same, and compare both."),
                    tr("4. Measure both starts in turns before you believe a difference."),
                    tr(
                        "5. Keep it small: image-explorer check in your pipeline fails when it grows."
                    ),
                )
            ),
            (tr("Open image…"), window.choose_image),
            (tr("Compare…"), window.choose_comparison),
            (tr("Save the tour as a report…"), self.save_report),
            (tr("End the tour"), self.end),
        )


def _largest_groups(analysis: Analysis) -> list[tuple[str, int]]:
    """Name and bytes of what takes most beside the application, by the colours of the map."""
    held = dict.fromkeys(GROUPS, 0)
    for category, (size, _) in zip(CATEGORIES, analysis.category_bytes(), strict=True):
        held[category.group] += size
    held.pop("application", None)
    largest = sorted(held.items(), key=lambda item: -item[1])[:_GROUPS_SAID]
    return [(tr(GROUP_LABELS[group]), size) for group, size in largest if size]


def start_tour(window: MainWindow) -> Tour:
    """Begin the tour of the recorded images, or go back to its first step."""
    if window.tour is None:
        window.tour = Tour(window, *demo_references())
        window.tour.start()
    else:
        window.tour.go(0)
    return window.tour
