"""Wrapped text shows each of its letters, also when a scroll bar around it takes room away."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from explorer.gui.widgets.wrapped_text import WrappedText

pytestmark = pytest.mark.gui
_TEXT = "An engine takes HOME from these files, and the program looks users up in them."


def _line_widths(text: WrappedText) -> set[float]:
    layout = text.document().firstBlock().layout()
    return {layout.lineAt(n).width() for n in range(layout.lineCount())}


@pytest.mark.parametrize("width", [150, 200, 300, 301, 333, 358])
def test_that_lines_end_where_the_scroll_bar_around_them_begins(qtbot: QtBot, width: int) -> None:
    area, inside = QScrollArea(), QWidget()
    qtbot.addWidget(area)
    area.setWidgetResizable(True)
    layout = QVBoxLayout(inside)
    texts = [WrappedText("Reason", 7) for _ in range(8)]
    for text in texts:
        layout.addWidget(text)
        text.set_text(_TEXT)
    area.setWidget(inside)
    area.resize(width, 60)
    area.show()
    qtbot.waitUntil(lambda: area.verticalScrollBar().isVisible())
    qtbot.waitUntil(lambda: all(_line_widths(t) == {float(t.viewport().width())} for t in texts))
    assert len({text.viewport().width() for text in texts}) == 1
