"""Ctrl+C in any table or tree: the selected rows as tab-separated text."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionRange, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QAbstractItemView, QWidget

_MAX_ROWS = 100_000


def enable_copy(view: QAbstractItemView) -> None:
    """Let Ctrl+C copy the view's selected rows."""
    shortcut = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), view)
    shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
    shortcut.activated.connect(lambda: copy_selected(view))


def copy_selected(view: QAbstractItemView) -> None:
    """Put the selected rows on the clipboard."""
    QGuiApplication.clipboard().setText(selected_text(view))


def selected_text(view: QAbstractItemView) -> str:
    """The selected rows in the order of the list, a line each, cells separated by tabs."""
    model = view.model()
    lines = []
    for span in sorted(view.selectionModel().selection().toList(), key=_place):
        for row in range(span.top(), min(span.bottom(), span.top() + _MAX_ROWS) + 1):
            cells = [
                model.index(row, column, span.parent()).data()
                for column in range(model.columnCount())
            ]
            lines.append("\t".join("" if cell is None else str(cell) for cell in cells))
    return "\n".join(lines)


def _place(span: QItemSelectionRange) -> list[int]:
    """Where a run of rows stands: its row in each folder from the top."""
    place, above = [span.top()], span.parent()
    while above.isValid():
        place.insert(0, above.row())
        above = above.parent()
    return place


def name_view(view: QAbstractItemView, name: str) -> QWidget:
    """Give a list its accessible name and the habits that all lists share."""
    view.setAccessibleName(name)
    view.setAlternatingRowColors(True)
    view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    enable_copy(view)
    return view
