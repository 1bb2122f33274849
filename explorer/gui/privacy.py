"""What tells whose machine it is, taken out of texts while presenting: home folder, host, endpoints, folders of files."""

from __future__ import annotations

import html
import os
import re
import socket
from collections.abc import Callable, Iterable
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QTabBar,
    QToolTip,
    QWidget,
)

from explorer.errors import ReferenceInvalid
from explorer.gui.widgets.plain_label import covered
from explorer.image.reference import (
    DOCKER_ARCHIVE,
    OCI,
    OCI_ARCHIVE,
    PATH,
    SNAPSHOT,
    parse_reference,
)

_MASK = "…"
_TIP = int(Qt.ItemDataRole.ToolTipRole)
# Addresses of engines; those of registries and pages are no secret of this machine.
_ENDPOINTS = re.compile(r"\b(ssh|tcp|unix|npipe)://[^\s<>\"')]+")
# Homes that every image has, too: to mask them would hide what an image holds.
_COMMON_HOMES = ("/", "/root")
# A host whose name is a word would be masked in sentences.
_NAME_LIKE = re.compile(r"[^A-Za-z]")
_FILES = (DOCKER_ARCHIVE, OCI, OCI_ARCHIVE, PATH, SNAPSHOT)


def cover_for(references: Iterable[str], endpoint: str = "") -> Callable[[str], str]:
    """What masks, for a window with these images open and this engine."""
    home, host = str(Path.home()), socket.gethostname()
    parts = {_folder(reference): _MASK for reference in references}
    if home not in _COMMON_HOMES:
        parts[home] = "~"
    if endpoint:
        parts[endpoint] = _MASK
    if len(host) > 3 and _NAME_LIKE.search(host):
        parts[host] = _MASK
    parts.pop("", None)
    # Tooltips are HTML; a longer secret may hold a shorter one.
    both = {html.escape(secret): mask for secret, mask in parts.items()} | parts
    ordered = sorted(both, key=len, reverse=True)
    pattern = re.compile("|".join(rf"{re.escape(item)}(?![\w-])" for item in ordered) or r"(?!)")

    def cover(text: str) -> str:
        found = pattern.sub(lambda match: both[match.group()], text)
        return _ENDPOINTS.sub(rf"\1://{_MASK}", found)

    return cover


def _folder(reference: str) -> str:
    """The folder that a file lies in, "" for images that are none, and for folders that say nothing."""
    try:
        found = parse_reference(reference)
    except ReferenceInvalid:
        return ""
    if found.transport not in _FILES:
        return ""
    folder = os.path.dirname(os.path.abspath(found.name))
    return folder if folder.count("/") > 1 else ""


class Curtain(QObject):
    """Covers tooltips of the whole application, and tells (`came`) when there are new widgets; off until raised."""

    def __init__(self, came: Callable[[], object], parent: QObject) -> None:
        super().__init__(parent)
        self._late = QTimer(self, singleShot=True, interval=0)
        self._late.timeout.connect(came)

    def draw(self) -> None:
        """Begin to watch."""
        application = QApplication.instance()
        if application is not None:
            application.installEventFilter(self)

    def lift(self) -> None:
        """Watch no more."""
        application = QApplication.instance()
        if application is not None:
            application.removeEventFilter(self)
        self._late.stop()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.Polish:
            self._late.start()
        elif (
            kind == QEvent.Type.ToolTip
            and isinstance(event, QHelpEvent)
            and isinstance(watched, QWidget)
        ):
            text = tip_at(watched, event)
            shown = covered(text)
            if shown != text:
                QToolTip.showText(event.globalPos(), shown, watched)
                return True
        return False


def tip_at(widget: QWidget, event: QHelpEvent) -> str:
    """The tooltip that would come up."""
    if isinstance(widget, QTabBar):
        return widget.tabToolTip(widget.tabAt(event.pos())) or widget.toolTip()
    view = widget.parentWidget()
    if isinstance(view, QAbstractItemView):
        index = view.indexAt(event.pos())
        return str(index.data(_TIP) or "") or widget.toolTip()
    return widget.toolTip()
