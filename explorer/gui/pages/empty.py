"""What is there before an image is: what to do, and the images of last time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont, QIcon
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from explorer.gui.widgets.copying import name_view
from explorer.gui.widgets.plain_label import PlainLabel, tooltip_text
from explorer.image.reference import REGISTRY
from explorer.resources import resource
from explorer.settings import RecentImage
from explorer.translation import tr
from explorer.units import display_text

_WIDTH = 640
_REFERENCE = int(Qt.ItemDataRole.UserRole)


class EmptyPage(QWidget):
    """Three buttons, the recent images, and a place to drop files."""

    open_image = Signal()
    open_archive = Signal()
    open_sample = Signal()
    open_reference = Signal(str)
    forget_reference = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        icon = PlainLabel()
        icon.setPixmap(QIcon(str(resource("icons", "image-size-explorer.svg"))).pixmap(72, 72))
        title = PlainLabel(tr("Open an image to analyse"))
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 1.8)
        title.setFont(font)
        text = PlainLabel(
            tr(
                "See layer by layer what makes a container image big, and what of it is waste."
                " Choose an image of your engine, or drop a file that docker save wrote."
            )
        )
        text.setWordWrap(True)
        self.recent = QListWidget()
        name_view(self.recent, tr("Recent images"))
        self.recent.itemActivated.connect(
            lambda item: self.open_reference.emit(item.data(_REFERENCE))
        )
        self._heading = PlainLabel(tr("Recent images"))
        self._forget = QPushButton(tr("Clear list"))
        self._forget.setFlat(True)
        self._forget.clicked.connect(lambda: self.forget_reference.emit(""))
        heading = QHBoxLayout()
        heading.addWidget(self._heading)
        heading.addStretch(1)
        heading.addWidget(self._forget)
        column = QWidget()
        column.setFixedWidth(_WIDTH)
        layout = QVBoxLayout(column)
        layout.setSpacing(12)
        for widget in (icon, title, text):
            layout.addWidget(widget)
        layout.addLayout(self._buttons())
        layout.addSpacing(12)
        layout.addLayout(heading)
        layout.addWidget(self.recent, 1)
        outer = QVBoxLayout(self)
        outer.addStretch(1)
        outer.addWidget(column, 4, Qt.AlignmentFlag.AlignHCenter)
        outer.addStretch(1)
        self.show_recent(())

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        for text, signal in (
            (tr("Choose local image…"), self.open_image),
            (tr("Open archive or folder…"), self.open_archive),
            (tr("Sample analysis"), self.open_sample),
        ):
            button = QPushButton(text)
            button.setAutoDefault(True)
            button.clicked.connect(signal)
            button.setMinimumHeight(32)
            row.addWidget(button)
        row.addStretch(1)
        return row

    def show_recent(self, images: Sequence[RecentImage], missing: Sequence[str] = ()) -> None:
        """List the images of last time; those that are not there any more are greyed."""
        self.recent.clear()
        for image in images:
            item = QListWidgetItem(f"{display_text(image.label, 80)}    {image.opened_at[:10]}")
            item.setData(_REFERENCE, image.reference)
            item.setToolTip(tooltip_text(display_text(image.reference)))
            if image.reference in missing:
                item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.recent.addItem(item)
        for widget in (self.recent, self._heading, self._forget):
            widget.setVisible(bool(images))


def missing_places(images: Iterable[RecentImage]) -> list[str]:
    """The references of recent archives and folders that are not there any more."""
    missing = []
    for image in images:
        transport, colon, path = image.reference.partition(":")
        place = path if colon and not transport.startswith("/") else image.reference
        if transport == REGISTRY:
            continue
        if place.startswith("/") and not Path(place).exists():
            missing.append(image.reference)
    return missing
