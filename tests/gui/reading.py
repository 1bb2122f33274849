"""Reads windows as people and screen readers do."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QAbstractButton, QLabel, QWidget


def labels(widget: QWidget) -> list[QLabel]:
    """All labels in a widget."""
    return widget.findChildren(QLabel)


def unnamed(widget: QWidget) -> list[str]:
    """The widgets in `widget` that take the keyboard's focus and have no accessible name."""
    found = []
    for child in widget.findChildren(QWidget):
        if not child.isVisibleTo(widget) or child.focusProxy() is not None:
            continue
        if child.focusPolicy() == Qt.FocusPolicy.NoFocus:
            continue
        if not QAccessible.queryAccessibleInterface(child).text(QAccessible.Text.Name):
            found.append(f"{child.metaObject().className()} in {type(child.parent()).__name__}")
    return found


def clipped(widget: QWidget) -> list[str]:
    """The visible buttons and labels in `widget` that are smaller than their text."""
    found = []
    for child in widget.findChildren(QWidget):
        if not child.isVisible() or not isinstance(child, (QAbstractButton, QLabel)):
            continue
        if not child.text() or (isinstance(child, QLabel) and child.wordWrap()):
            continue
        if (
            child.width() < child.minimumSizeHint().width()
            or child.height() < child.fontMetrics().height()
        ):
            found.append(f"{type(child).__name__} {child.text()!r}: {child.size()}")
    return found
