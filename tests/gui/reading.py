"""Reads windows as people and screen readers do."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QLabel, QWidget


def labels(widget: QWidget) -> list[QLabel]:
    """All labels in a widget."""
    return widget.findChildren(QLabel)


def unnamed(widget: QWidget) -> list[str]:
    """The widgets in `widget` that take the keyboard's focus and have no accessible name."""
    found = []
    for child in widget.findChildren(QWidget):
        if child.focusPolicy() == Qt.FocusPolicy.NoFocus or child.focusProxy() is not None:
            continue
        if not QAccessible.queryAccessibleInterface(child).text(QAccessible.Text.Name):
            found.append(f"{child.metaObject().className()} in {type(child.parent()).__name__}")
    return found
