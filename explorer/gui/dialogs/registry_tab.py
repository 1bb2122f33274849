"""Names an image in a registry; nothing is asked before it is opened."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFormLayout, QLineEdit, QVBoxLayout, QWidget

from explorer.errors import ExplorerError
from explorer.gui.widgets.plain_label import PlainLabel
from explorer.image.platform import host_platform, parse_platform
from explorer.image.reference import REGISTRY, parse_reference
from explorer.translation import sentences, tr

_PREFIX = f"{REGISTRY}://"


class RegistryTab(QWidget):
    """A name and a platform; Enter in either opens the image."""

    opened = Signal()
    selection_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.field = _line(tr("Name of the image"), "docker.io/library/golang:1.27")
        self.platform = _line(tr("Platform"), str(host_platform()))
        form = QFormLayout()
        form.addRow(tr("Image"), self.field)
        form.addRow(tr("Platform"), self.platform)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(_explanation())
        layout.addStretch(1)
        for line in (self.field, self.platform):
            line.textChanged.connect(lambda _: self.selection_changed.emit())
            line.returnPressed.connect(self.opened)

    def choices(self) -> list[tuple[str, str]]:
        """The reference and platform to open, nothing while they are none."""
        return [] if self._problem() else [(self._reference(), self.platform.text().strip())]

    def note(self) -> str:
        """A line about what was typed."""
        return self._problem() if self.field.text().strip() else ""

    def _reference(self) -> str:
        return _PREFIX + self.field.text().strip().removeprefix(_PREFIX)

    def _problem(self) -> str:
        try:
            parse_reference(self._reference())
            if self.platform.text().strip():
                parse_platform(self.platform.text())
        except ExplorerError as error:
            return sentences(error.message, error.hint)
        return ""


def _line(name: str, example: str) -> QLineEdit:
    line = QLineEdit()
    line.setAccessibleName(name)
    line.setPlaceholderText(example)
    line.setClearButtonEnabled(True)
    return line


def _explanation() -> PlainLabel:
    label = PlainLabel(
        tr(
            "The layers are read straight from the registry, and nothing is pulled into an engine."
            " Logins are those of the docker command: docker login HOST."
        )
    )
    label.setWordWrap(True)
    label.setForegroundRole(label.palette().ColorRole.PlaceholderText)
    label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
    return label
