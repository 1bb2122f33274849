"""The command palette: type some letters of a command, Enter does it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    Qt,
)
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence, QPainter, QPalette
from PySide6.QtWidgets import (
    QDialog,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from explorer.gui.models.file_tree import ACCESSIBLE, DISPLAY
from explorer.gui.widgets.plain_label import PlainLabel
from explorer.translation import tr

_KEYS_ROLE = int(Qt.ItemDataRole.UserRole) + 1
_WIDTH, _ROWS = 560, 12
_MARGIN = 8
Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class CommandPalette(QDialog):
    """Lists actions; those that cannot be used now are greyed and stay where they are."""

    def __init__(self, actions: Iterable[QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Commands"))
        self.setWindowFlag(Qt.WindowType.FramelessWindowHint, on=True)
        self.model = _Commands(actions, self)
        self.field = QLineEdit()
        self.field.setPlaceholderText(tr("Type a command"))
        self.field.setAccessibleName(tr("Command"))
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setItemDelegate(_CommandDelegate(self.list))
        self.list.setAccessibleName(tr("Commands"))
        self.list.setUniformItemSizes(True)
        self.list.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        # The field keeps the focus; arrow keys reach the list through it.
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._nothing = PlainLabel(tr("No command matches."))
        layout = QVBoxLayout(self)
        for widget in (self.field, self._nothing, self.list):
            layout.addWidget(widget)
        self.field.textChanged.connect(self._filter)
        self.list.activated.connect(self._run)
        self.list.clicked.connect(self._run)
        row = self.list.sizeHintForRow(0)
        rows = min(max(self.model.rowCount(), 1), _ROWS)
        self.list.setFixedHeight(rows * max(row, 20) + 2 * self.list.frameWidth())
        self.setFixedWidth(_WIDTH)
        self._filter("")
        self._place()

    def _place(self) -> None:
        """At the top of the window behind it, in the middle."""
        window = self.parentWidget()
        if window is not None:
            top = window.mapToGlobal(window.rect().topLeft())
            self.move(top.x() + (window.width() - _WIDTH) // 2, top.y() + 60)

    def _filter(self, text: str) -> None:
        self.model.set_filter(text)
        found = self.model.rowCount() > 0
        self._nothing.setVisible(not found)
        self.list.setVisible(found)
        if found:
            self.list.setCurrentIndex(self.model.index(0, 0))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_PageUp: -_ROWS,
            Qt.Key.Key_PageDown: _ROWS,
        }
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._run(self.list.currentIndex())
        elif event.key() in steps:
            self._step(steps[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    def _step(self, rows: int) -> None:
        """Move the choice; greyed commands can be read, too."""
        last = self.model.rowCount() - 1
        row = min(max(self.list.currentIndex().row() + rows, 0), last)
        self.list.setCurrentIndex(self.model.index(row, 0))

    def _run(self, index: QModelIndex) -> None:
        action = self.model.action(index.row()) if index.isValid() else None
        if action is not None and action.isEnabled():
            self.accept()
            # After the palette is gone, so that a dialog of the action belongs to the window.
            action.trigger()


class _Commands(QAbstractListModel):
    """The actions that match the filter, best first."""

    def __init__(self, actions: Iterable[QAction], parent: QObject) -> None:
        super().__init__(parent)
        self._all = [action for action in actions if action.text() and not action.isSeparator()]
        self._shown = list(self._all)

    def set_filter(self, text: str) -> None:
        """Keep the actions whose text holds the letters of `text` in this order."""
        scored = [(score(text, command_text(action)), action) for action in self._all]
        self.beginResetModel()
        found = [(points, action) for points, action in scored if points is not None]
        found.sort(key=lambda pair: pair[0])
        self._shown = [action for _, action in found]
        self.endResetModel()

    def action(self, row: int) -> QAction:
        """One action."""
        return self._shown[row]

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = DISPLAY) -> Any:
        if not index.isValid():
            return None
        action = self._shown[index.row()]
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        if role == DISPLAY:
            return command_text(action)
        if role == ACCESSIBLE:
            state = "" if action.isEnabled() else tr("not available now")
            return ", ".join(part for part in (command_text(action), keys, state) if part)
        return keys if role == _KEYS_ROLE else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren
        enabled = self._shown[index.row()].isEnabled()
        return flags | Qt.ItemFlag.ItemIsEnabled if enabled else flags


class _CommandDelegate(QStyledItemDelegate):
    """Draws a command's key at the right."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        keys = str(index.data(_KEYS_ROLE))
        if not keys:
            return
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        role = QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.PlaceholderText
        painter.save()
        painter.setPen(option.palette.color(role))
        box = QRect(option.rect).adjusted(_MARGIN, 0, -_MARGIN, 0)
        painter.drawText(
            box, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), keys
        )
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> Any:
        size = super().sizeHint(option, index)
        size.setHeight(option.fontMetrics.height() + _MARGIN)
        return size


def command_text(action: QAction) -> str:
    """The action's text without the mark of its mnemonic."""
    return action.text().replace("&&", "\0").replace("&", "").replace("\0", "&")


def score(typed: str, text: str) -> tuple[int, int] | None:
    """How well the letters of `typed` fit into `text`, smaller is better; None when they do not, in this order.

    Letters that begin words and letters side by side count as near, all else by its distance.
    """
    letters = [letter for letter in typed.casefold() if not letter.isspace()]
    where = text.casefold()
    if not letters:
        return (0, 0)
    starts = [place for place in range(len(where)) if where[place] == letters[0]]
    found = [gap for gap in (_gaps(letters, where, start) for start in starts) if gap is not None]
    return min(found) if found else None


def _gaps(letters: list[str], where: str, start: int) -> tuple[int, int] | None:
    gaps = 0 if _begins_word(where, start) else 1
    place = start
    for letter in letters[1:]:
        following = where.find(letter, place + 1)
        if following < 0:
            return None
        if following > place + 1:
            word = next(
                (
                    n
                    for n in range(following, len(where))
                    if where[n] == letter and _begins_word(where, n)
                ),
                -1,
            )
            if word >= 0:
                following = word
                gaps += 1
            else:
                gaps += following - place
        place = following
    return (gaps, start)


def _begins_word(text: str, place: int) -> bool:
    return place == 0 or not text[place - 1].isalnum()
