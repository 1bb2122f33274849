"""What a rewrite is made from: the image in front, a Dockerfile, a source folder, what the result is to run on."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QToolButton,
    QWidget,
)

from explorer.gui.widgets.plain_label import ElidedLabel, PlainLabel, tooltip_text
from explorer.translation import mark, sentences, tr
from explorer.units import display_text

RUNTIMES = {
    "auto": mark("Automatic"),
    "scratch": mark("scratch (empty)"),
    "static": mark("distroless static"),
    "base": mark("distroless base"),
    "alpine": mark("Alpine"),
    "debian": mark("Debian slim"),
}


class RewriteInputs(QWidget):
    """`changed` when another file, folder or runtime was chosen."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.dockerfile = PathField(
            tr("Dockerfile"), tr("none: rebuilt from the image"), folder=False
        )
        self.folder = PathField(tr("Source folder"), tr("none"), folder=True)
        self.runtime = QComboBox()
        self.runtime.setAccessibleName(tr("Runs on"))
        for name, text in RUNTIMES.items():
            self.runtime.addItem(tr(text), name)
        self.reasons = ElidedLabel()
        self.mode = ElidedLabel()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        grid.addWidget(PlainLabel(tr("Dockerfile")), 0, 0)
        grid.addWidget(self.dockerfile, 0, 1)
        grid.addWidget(PlainLabel(tr("Source folder")), 0, 2)
        grid.addWidget(self.folder, 0, 3)
        grid.addWidget(PlainLabel(tr("Runs on")), 1, 0)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.runtime)
        row.addWidget(self.reasons, 1)
        grid.addLayout(row, 1, 1)
        grid.addWidget(self.mode, 1, 2, 1, 2)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        self.dockerfile.changed.connect(self._dockerfile_changed)
        self.folder.changed.connect(self.changed)
        self.runtime.activated.connect(lambda _: self.changed.emit())

    @property
    def choice(self) -> str:
        """The runtime as on the command line."""
        return str(self.runtime.currentData())

    def show_found(self, dockerfile: str) -> None:
        """Which Dockerfile is used, when the source folder had one."""
        self.dockerfile.show_found(dockerfile)

    def show_runtime(self, image: str, reasons: tuple[str, ...], mode: str) -> None:
        """What the final stage is FROM, why, and what the rewrite was made from."""
        head = tr("FROM {image}.", image=display_text(image, 120)) if image else ""
        self.reasons.set_whole(sentences(head, *reasons))
        self.mode.set_whole(mode)

    def _dockerfile_changed(self) -> None:
        """A Dockerfile beside a go.mod tells its source folder; anything else is asked for."""
        path = self.dockerfile.path
        if path and not self.folder.path:
            parent = os.path.dirname(path)
            if os.path.isfile(os.path.join(parent, "go.mod")):
                self.folder.set_path(parent, tell=False)
        self.changed.emit()


class PathField(QWidget):
    """A path that can be chosen and cleared; what it says is plain text."""

    changed = Signal()

    def __init__(
        self, name: str, nothing: str, *, folder: bool, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.path = ""
        self._name, self._nothing, self._folder = name, nothing, folder
        self.label = ElidedLabel(nothing)
        self.browse = QPushButton(tr("Browse…"))
        self.browse.setAutoDefault(False)
        self.browse.setAccessibleName(tr("Choose: {name}", name=name))
        self.clear = QToolButton()
        self.clear.setText("×")
        self.clear.setAutoRaise(True)
        self.clear.setAccessibleName(tr("Clear: {name}", name=name))
        self.clear.setToolTip(tooltip_text(tr("Clear: {name}", name=name)))
        self.clear.setEnabled(False)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.label, 1)
        row.addWidget(self.clear)
        row.addWidget(self.browse)
        self.browse.clicked.connect(self.ask)
        self.clear.clicked.connect(lambda: self.set_path(""))
        self._show(nothing, known=False)

    def set_path(self, path: str, *, tell: bool = True) -> None:
        """Use a path, "" for none."""
        self.path = path
        self.clear.setEnabled(bool(path))
        self._show(display_text(path, 1000) or self._nothing, known=bool(path))
        if tell:
            self.changed.emit()

    def show_found(self, path: str) -> None:
        """Show what is used although it was not chosen."""
        if not self.path:
            self._show(display_text(path, 1000) or self._nothing, known=bool(path))

    def ask(self) -> None:
        """Let the person choose."""
        start = self.path or str(Path.home())
        if self._folder:
            chosen = QFileDialog.getExistingDirectory(self, self._name, start)
        else:
            chosen, _ = QFileDialog.getOpenFileName(self, self._name, start)
        if chosen:
            self.set_path(chosen)

    def _show(self, text: str, *, known: bool) -> None:
        self.label.set_whole(text)
        self.label.setEnabled(known)
        self.label.setAlignment(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
