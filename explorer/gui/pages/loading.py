"""What is shown while an image is read and nothing of it can be shown yet."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from explorer.gui.progress import progress_text
from explorer.gui.widgets.plain_label import ElidedLabel, PlainLabel
from explorer.task import Progress
from explorer.translation import tr

# GNOME's guidelines: nothing moves in the first three seconds.
QUIET_SECONDS = 3.0
_WIDTH = 520
_STEPS = 1000


class LoadingPage(QWidget):
    """Name, what is going on, a bar after three seconds, and Cancel from the start."""

    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = ElidedLabel()
        self._text = PlainLabel()
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(tr("Progress"))
        policy = self._bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._bar.setSizePolicy(policy)
        self._cancel = QPushButton(tr("Cancel"))
        self._cancel.clicked.connect(self.cancelled)
        self._started = 0.0
        self._late = QTimer(self, singleShot=True, interval=int(1000 * QUIET_SECONDS))
        self._late.timeout.connect(self._bar.show)
        column = QWidget()
        column.setFixedWidth(_WIDTH)
        layout = QVBoxLayout(column)
        layout.setSpacing(10)
        for widget in (self._name, self._text, self._bar):
            layout.addWidget(widget)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self._cancel)
        layout.addLayout(row)
        outer = QVBoxLayout(self)
        outer.addWidget(column, 0, Qt.AlignmentFlag.AlignCenter)

    def begin(self, name: str) -> None:
        """Start over for an image."""
        self._name.set_whole(name)
        self._text.setText(tr("Opening…"))
        self._bar.setRange(0, 0)
        self._bar.hide()
        self._started = time.monotonic()
        self._late.start()
        self._cancel.setFocus()

    def show_progress(self, progress: Progress) -> None:
        """Say how far the work is."""
        self._text.setText(progress_text(progress, time.monotonic() - self._started))
        if progress.total:
            self._bar.setRange(0, _STEPS)
            self._bar.setValue(_STEPS * progress.done // progress.total)
        else:
            self._bar.setRange(0, 0)

    def end(self) -> None:
        """Nothing is going on any more."""
        self._late.stop()
        # A bar without an end keeps a timer running.
        self._bar.setRange(0, 1)
