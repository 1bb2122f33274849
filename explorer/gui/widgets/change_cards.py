"""The changes of a rewrite, a card each: what, why, how much, how risky, by whose word; with a switch."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QFont, QGuiApplication, QMouseEvent, QPalette
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from explorer.dockerfile.rewrite.change import Change
from explorer.dockerfile.shown import shown_line
from explorer.gui.theme import current_theme
from explorer.gui.widgets.plain_label import (
    PlainLabel,
    tooltip_text,
)
from explorer.gui.widgets.wrapped_text import WrappedText
from explorer.translation import mark, ntr, sentences, tr
from explorer.units import size_text

_RISKS = {
    "none": mark("no risk"),
    "low": mark("low risk"),
    "medium": mark("▲ medium risk"),
    "high": mark("▲▲ high risk"),
}
_RESETTLING = (QEvent.Type.FontChange, QEvent.Type.Resize, QEvent.Type.Show)
# Cards that are seen before anybody scrolls.
_AT_ONCE = 4
_LINES_SHOWN = 6
_TEXT_LINES = 12


class ChangeCards(QScrollArea):
    """Cards in the order of the changes; a card stays the same widget while its rule is in the plan.

    The first ones are there at once, the others as soon as the window has time for them, or whoever asks for `cards`.
    """

    toggled = Signal(str, bool)
    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cards: dict[str, ChangeCard] = {}
        # Changes that still have no card, with their places.
        self._waiting: list[tuple[int, Change]] = []
        self._later = QTimer(self, interval=0)
        self._later.timeout.connect(self._show_next)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(tr("Changes"))
        self._column = QWidget()
        self._layout = QVBoxLayout(self._column)
        self._layout.setContentsMargins(0, 0, 4, 0)
        self._layout.setSpacing(6)
        self._nothing = PlainLabel()
        self._nothing.setWordWrap(True)
        self._layout.addWidget(self._nothing)
        self._layout.addStretch(1)
        self.setWidget(self._column)

    def event(self, event: QEvent) -> bool:
        if event.type() in _RESETTLING:
            self._later.start()
        return super().event(event)

    @property
    def cards(self) -> dict[str, ChangeCard]:
        """All cards by their rules."""
        self._finish()
        return self._cards

    def _finish(self) -> None:
        while self._waiting:
            self._show_next()

    def show_changes(self, changes: Sequence[Change]) -> None:
        """Show these changes, and nothing of others."""
        names = [change.rule for change in changes]
        for rule in [rule for rule in self._cards if rule not in names]:
            card = self._cards.pop(rule)
            card.hide()
            card.deleteLater()
        self._nothing.setVisible(not changes)
        self._nothing.setText(
            tr("No rule found anything that would make this image smaller or safer.")
        )
        self._waiting = list(enumerate(changes))
        for _ in changes[:_AT_ONCE]:
            self._show_next()
        if all(rule in self._cards for rule in names):
            # Another plan of the same changes must not be seen half.
            self._finish()
        self._later.start()

    def _show_next(self) -> None:
        if not self._waiting:
            self._later.stop()
            self._settle()
            return
        place, change = self._waiting.pop(0)
        card = self._cards.get(change.rule) or self._new(change.rule)
        # The first place is that of the sentence.
        if self._layout.indexOf(card) != place + 1:
            self._layout.insertWidget(place + 1, card)
        card.show_change(change)

    def _settle(self) -> None:
        """Give the column the height of its cards: texts that found theirs while they were laid out are not heard of."""
        QCoreApplication.postEvent(self._column, QEvent(QEvent.Type.LayoutRequest))

    def show_possible(self, rule: str, count: int) -> None:
        """What a change that is off would take off the result, in bytes."""
        if rule in self.cards:
            self.cards[rule].show_possible(count)

    def choose(self, rule: str) -> None:
        """Mark one card and bring it into view."""
        for name, card in self.cards.items():
            card.mark(on=name == rule)
        if rule in self.cards:
            self.ensureWidgetVisible(self.cards[rule])

    def retheme(self) -> None:
        """Take the colours of the theme in force."""
        for card in self.cards.values():
            card.retheme()

    def _new(self, rule: str) -> ChangeCard:
        card = ChangeCard(rule)
        card.toggled.connect(lambda on: self.toggled.emit(rule, on))
        card.chosen.connect(lambda: self._chosen(rule))
        self._cards[rule] = card
        return card

    def _chosen(self, rule: str) -> None:
        for name, card in self.cards.items():
            card.mark(on=name == rule)
        self.chosen.emit(rule)


class ChangeCard(QFrame):
    """One change; a click anywhere, or the focus on its switch, chooses it."""

    toggled = Signal(bool)
    chosen = Signal()

    def __init__(self, rule: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rule = rule
        self._chosen = False
        # A check box does not wrap its text.
        self.switch, self.title = QCheckBox(), PlainLabel()
        self.title.setWordWrap(True)
        self.bytes = PlainLabel()
        self.reason = WrappedText(tr("Reason"), _TEXT_LINES)
        self.why_off = WrappedText(tr("Why it is off"), _TEXT_LINES)
        self.facts = WrappedText(tr("Risk and place"), 3)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        font = QFont(self.font())
        font.setBold(True)
        for bold in (self.title, self.bytes):
            bold.setFont(font)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.switch, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.title, 1)
        row.addWidget(self.bytes, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(4)
        layout.addLayout(row)
        for text in (self.reason, self.why_off, self.facts):
            text.viewport().installEventFilter(self)
            layout.addWidget(text)
        self.switch.toggled.connect(self.toggled)
        self.switch.installEventFilter(self)
        self.title.installEventFilter(self)
        self.retheme()

    def show_change(self, change: Change) -> None:
        """Show a change as it stands in the plan."""
        self.switch.blockSignals(True)
        self.title.setText(shown_line(change.title))
        self.title.setEnabled(change.available)
        self.switch.setChecked(change.enabled)
        self.switch.setEnabled(change.available)
        self.switch.blockSignals(False)
        self.bytes.setText(_bytes_text(change.bytes) if change.enabled else "")
        self.bytes.setToolTip("")
        self.reason.set_text(shown_line(change.reason))
        self.why_off.setVisible(bool(change.why_off) and not change.enabled)
        why = shown_line(change.why_off)
        self.why_off.set_text(
            tr("Off: {why}", why=why) if change.available else tr("Left as it is: {why}", why=why)
        )
        self.facts.set_text(shown_line(_facts(change)))
        spoken = [change.title, self.bytes.text(), tr(_RISKS.get(change.risk, change.risk))]
        self.switch.setAccessibleName(" · ".join(part for part in spoken if part))
        self.switch.setAccessibleDescription(shown_line(sentences(change.reason, change.why_off)))

    def show_possible(self, count: int) -> None:
        """What it would bring if it were on."""
        text = _bytes_text(count)
        self.bytes.setText(f"({text})" if text else "")
        self.bytes.setToolTip(
            tooltip_text(tr("If it were on: {bytes}", bytes=text) if text else "")
        )

    def mark(self, *, on: bool) -> None:
        """Show that this card is the one talked about."""
        self._chosen = on
        self.retheme()

    def retheme(self) -> None:
        """Take the colours of the theme in force."""
        theme = current_theme()
        palette = self.palette()
        palette.setColor(
            QPalette.ColorRole.Window,
            theme.bar if self._chosen else QGuiApplication.palette().color(QPalette.ColorRole.Base),
        )
        self.setPalette(palette)
        muted = self.facts.palette()
        if not self._chosen:
            muted.setColor(QPalette.ColorRole.Text, theme.muted)
        else:
            muted.setColor(QPalette.ColorRole.Text, palette.color(QPalette.ColorRole.WindowText))
        self.facts.setPalette(muted)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        pressed = event.type() == QEvent.Type.MouseButtonPress
        released = event.type() == QEvent.Type.MouseButtonRelease
        if (pressed or released) and watched is self.title:
            # As a check box's own text does.
            if released:
                self.switch.click()
            return True
        clicked = pressed and watched is not self.switch
        focused = event.type() == QEvent.Type.FocusIn and watched is self.switch
        if clicked or focused:
            self.chosen.emit()
        return super().eventFilter(watched, event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.chosen.emit()
        super().mousePressEvent(event)


def _bytes_text(count: int) -> str:
    """What the result loses or gains by a change."""
    if not count:
        return ""
    return f"▼ −{size_text(count)}" if count > 0 else f"▲ +{size_text(-count)}"


def _facts(change: Change) -> str:
    parts = [tr(_RISKS.get(change.risk, change.risk))]
    if change.lines:
        shown = ", ".join(map(str, change.lines[:_LINES_SHOWN]))
        more = "…" if len(change.lines) > _LINES_SHOWN else ""
        parts.append(
            ntr("line {lines}", "lines {lines}", len(change.lines), lines=f"{shown}{more}")
        )
    if change.findings:
        parts.append(
            ntr(
                "removes {n} finding",
                "removes {n} findings",
                len(change.findings),
                n=len(change.findings),
            )
        )
    if change.source:
        parts.append(tr("see {source}", source=change.source))
    return " · ".join(parts)
