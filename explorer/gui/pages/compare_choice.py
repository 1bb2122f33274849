"""Which two images shall be compared: of those that are open, recent ones, the picker's, or dropped files."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from explorer.gui.widgets.copying import name_view
from explorer.gui.widgets.plain_label import PlainLabel, tooltip_text
from explorer.settings import RecentComparison
from explorer.translation import tr
from explorer.units import display_text

_WIDTH = 680
_LABEL_LIMIT = 80
_PLACE = int(Qt.ItemDataRole.UserRole)
# A reference and the platform in it, with the name that people know it by.
Offer = tuple[str, str, str]


class CompareChoice(QWidget):
    """Two boxes, A the earlier image; `compare_wanted` carries two offers, `choose_wanted` asks for the picker."""

    compare_wanted = Signal(object, object)
    choose_wanted = Signal()
    recent_wanted = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.boxes = (_box(tr("A, before")), _box(tr("B, after")))
        self._offers: list[Offer] = []
        self._asked = 0
        self.compare = QPushButton(tr("Compare"))
        self.compare.setDefault(True)
        self.compare.setMinimumHeight(32)
        self.swap = QPushButton(tr("Swap"))
        self.both = QPushButton(tr("Choose both…"))
        self.recent = QListWidget()
        name_view(self.recent, tr("Recent comparisons"))
        self._heading = PlainLabel(tr("Recent comparisons"))
        self._lay_out()
        self.compare.clicked.connect(self._compare)
        self.swap.clicked.connect(self.swap_sides)
        self.both.clicked.connect(lambda: self._ask(0))
        self.recent.itemActivated.connect(lambda item: self.recent_wanted.emit(*item.data(_PLACE)))
        for box in self.boxes:
            box.currentIndexChanged.connect(lambda _: self._chosen())
        self.show_recent(())
        self._chosen()

    def _lay_out(self) -> None:
        title = PlainLabel(tr("Compare two images"))
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 1.8)
        title.setFont(font)
        text = PlainLabel(
            tr(
                "See file by file, package by package and setting by setting what is gone, what is new and why"
                " the size differs. Choose two images, or drop one or two files here."
            )
        )
        text.setWordWrap(True)
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        for side, box in enumerate(self.boxes):
            label = PlainLabel(box.accessibleName())
            label.setBuddy(box)
            button = QPushButton(tr("Choose…"))
            button.setAccessibleName(f"{button.text()} {box.accessibleName()}")
            button.clicked.connect(lambda _=False, chosen=side: self._ask(chosen))
            for place, widget in enumerate((label, box, button)):
                grid.addWidget(widget, side, place)
        buttons = QHBoxLayout()
        for button in (self.compare, self.swap, self.both):
            buttons.addWidget(button)
        buttons.addStretch(1)
        column = QWidget()
        column.setFixedWidth(_WIDTH)
        layout = QVBoxLayout(column)
        layout.setSpacing(12)
        layout.addWidget(title)
        layout.addWidget(text)
        layout.addLayout(grid)
        layout.addLayout(buttons)
        layout.addSpacing(12)
        layout.addWidget(self._heading)
        layout.addWidget(self.recent, 4)
        layout.addStretch(1)
        outer = QVBoxLayout(self)
        outer.addStretch(1)
        outer.addWidget(column, 4, Qt.AlignmentFlag.AlignHCenter)
        outer.addStretch(1)

    # ---- what can be chosen

    def offer(self, offers: Sequence[Offer], opened: int = 0) -> None:
        """List images, the first `opened` of them open ones; what is chosen stays so, else the first two open ones are."""
        chosen = [self._at(box) for box in self.boxes]
        kept = [item for item in chosen if item is not None]
        known = dict.fromkeys([*offers, *kept])
        # One reference is listed once, under its newest name.
        self._offers = list({item[:2]: item for item in reversed(known)}.values())[::-1]
        for side, box in enumerate(self.boxes):
            box.blockSignals(True)
            box.clear()
            for _, _, label in self._offers:
                box.addItem(display_text(label, _LABEL_LIMIT))
            place = self._place(chosen[side])
            box.setCurrentIndex(place if place >= 0 or side >= opened else side)
            box.blockSignals(False)
        self._chosen()

    def take(self, choices: Sequence[Offer]) -> None:
        """Two images for both boxes, or one for the box that was asked for."""
        self._offers += [item for item in choices if self._place(item) < 0]
        self.offer(self._offers)
        sides = (0, 1) if len(choices) > 1 else (self._asked,)
        for side, choice in zip(sides, choices, strict=False):
            self.boxes[side].setCurrentIndex(self._place(choice))
        if len(choices) == 1:
            self._asked = 1 - self._asked

    def choose(self, a: Offer, b: Offer) -> None:
        """Choose these two."""
        self.take((a, b))

    def swap_sides(self) -> None:
        """A becomes B, and B becomes A."""
        first, second = (box.currentIndex() for box in self.boxes)
        self.boxes[0].setCurrentIndex(second)
        self.boxes[1].setCurrentIndex(first)

    def show_recent(self, comparisons: Sequence[RecentComparison]) -> None:
        """List the comparisons of last time."""
        self.recent.clear()
        for pair in comparisons:
            names = (display_text(name, 60) for name in (pair.label_a, pair.label_b))
            item = QListWidgetItem("  →  ".join(names) + f"    {pair.compared_at[:10]}")
            item.setData(_PLACE, (pair.a, pair.b))
            item.setToolTip(tooltip_text(f"{display_text(pair.a)}\n{display_text(pair.b)}"))
            self.recent.addItem(item)
        for widget in (self.recent, self._heading):
            widget.setVisible(bool(comparisons))

    def _ask(self, side: int) -> None:
        self._asked = side
        self.choose_wanted.emit()

    def _at(self, box: QComboBox) -> Offer | None:
        place = box.currentIndex()
        return self._offers[place] if 0 <= place < len(self._offers) else None

    def _place(self, offer: Offer | None) -> int:
        places = [n for n, item in enumerate(self._offers) if offer and item[:2] == offer[:2]]
        return places[0] if places else -1

    def _chosen(self) -> None:
        ready = all(self._at(box) is not None for box in self.boxes)
        self.compare.setEnabled(ready)
        self.swap.setEnabled(ready)

    def _compare(self) -> None:
        a, b = (self._at(box) for box in self.boxes)
        if a is not None and b is not None:
            self.compare_wanted.emit(a, b)


def _box(name: str) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    box.setPlaceholderText(tr("no image chosen"))
    box.setMinimumHeight(28)
    return box
