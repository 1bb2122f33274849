"""What differs between two images: cards, and a tab each for files, causes, layers, findings, programs and settings."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QTabWidget, QVBoxLayout, QWidget

from explorer.compare.comparison import Comparison
from explorer.gui.models.deltas import analysis_name
from explorer.gui.widgets.compare_cards import CompareCards
from explorer.gui.widgets.diff_files import DiffFiles
from explorer.gui.widgets.notice import INFO, WARNING, Notice
from explorer.gui.widgets.plain_label import display_lines
from explorer.translation import tr


class ComparisonView(QWidget):
    """Shows one Comparison; what needs another one is asked for by signals."""

    swap_wanted = Signal()
    choose_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.comparison: Comparison | None = None
        self.notice, self.moved_notice = Notice(), Notice()
        self.cards = CompareCards()
        self.files = DiffFiles()
        self.swap, self.choose = QPushButton(tr("Swap")), QPushButton(tr("Compare others…"))
        self.swap.clicked.connect(self.swap_wanted)
        self.choose.clicked.connect(self.choose_wanted)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.files, tr("Files"))
        self._lay_out()

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        for button in (self.swap, self.choose):
            button.setAutoDefault(False)
            buttons.addWidget(button)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 0)
        layout.setSpacing(6)
        for notice in (self.notice, self.moved_notice):
            layout.addWidget(notice)
        layout.addWidget(self.cards)
        layout.addLayout(buttons)
        layout.addWidget(self.tabs, 1)

    def show_comparison(self, comparison: Comparison) -> None:
        """Show another comparison from its root."""
        self.comparison = comparison
        self.cards.show_comparison(comparison)
        self.moved_notice.hide()
        names = (analysis_name(item) for item in (comparison.a, comparison.b))
        self.files.show_comparison(comparison, *names)
        if comparison.notes:
            kind = INFO if comparison.complete else WARNING
            self.notice.say(display_lines("\n".join(comparison.notes)), kind=kind)
        else:
            self.notice.hide()

    def say_moved(self, name: str, image_id: str, again: Callable[[], None]) -> None:
        """Say that a name means another image by now, or none ("")."""
        if image_id:
            text = tr("{name} means another image by now.", name=name)
            self.moved_notice.say(text, (tr("Compare the new one"), again), kind=INFO)
        else:
            text = tr("{name} was removed from the engine; what was read stays.", name=name)
            self.moved_notice.say(text, kind=INFO)

    def retheme(self) -> None:
        """Take the colours of the theme in force."""
        self.cards.recolour()
        self.files.retheme()
        for notice in (self.notice, self.moved_notice):
            notice.recolour()
