"""What the start-up page shows before there is a measurement, and how far one is."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from explorer.gui.widgets.plain_label import PlainLabel
from explorer.task import Progress
from explorer.translation import tr
from explorer.units import display_text


class Hello(QWidget):
    """What is shown before anything was measured."""

    def __init__(self) -> None:
        super().__init__()
        title = PlainLabel(tr("How fast does it start?"))
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * 1.6)
        title.setFont(font)
        text = PlainLabel(
            tr(
                "Choose an image of the engine, or before and after, and press Measure. Before anything runs you see exactly what. Each run is saved; the engine's own time is kept apart from the app's."
            )
        )
        text.setWordWrap(True)
        column = QWidget()
        column.setFixedWidth(520)
        layout = QVBoxLayout(column)
        layout.setSpacing(12)
        layout.addWidget(title)
        layout.addWidget(text)
        outer = QVBoxLayout(self)
        outer.addWidget(column, 0, Qt.AlignmentFlag.AlignCenter)


class ProgressRow(QWidget):
    """What is going on, a bar of steps, and Cancel; hidden while nothing is."""

    cancelled = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.text = PlainLabel()
        self.bar = QProgressBar()
        self.bar.setAccessibleName(tr("Progress"))
        self.bar.setTextVisible(False)
        self.cancel = QPushButton(tr("Cancel"))
        self.cancel.clicked.connect(self.cancelled)
        row = QHBoxLayout(self)
        row.addWidget(self.text)
        row.addWidget(self.bar, 1)
        row.addWidget(self.cancel)
        self.hide()

    def begin(self, text: str) -> None:
        """Something begins that has no end in sight."""
        self.text.setText(text)
        self.bar.setRange(0, 1)
        self.bar.setValue(0)
        self.show()

    def show_progress(self, progress: Progress) -> None:
        """Say how far it is."""
        self.text.setText(display_text(progress.text, 200))
        self.bar.setRange(0, max(progress.total, 1))
        self.bar.setValue(progress.done)

    def end(self) -> None:
        """Nothing is going on any more."""
        self.hide()
