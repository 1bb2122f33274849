"""Which version this is, what it stands on, and under which licences."""

from __future__ import annotations

import platform
from functools import cache
from importlib import metadata

from PySide6.QtCore import Qt, qVersion
from PySide6.QtGui import QFont, QGuiApplication, QIcon
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from explorer.gui.widgets.copying import name_view
from explorer.gui.widgets.plain_label import PlainLabel
from explorer.resources import resource
from explorer.translation import language, tr
from explorer.units import display_text

_DISTRIBUTION = "image-size-explorer"
# Longer texts in the licence field are whole licences.
_LICENCE_LIMIT = 60
_ICON = 64


class AboutDialog(QDialog):
    """Version, facts to copy into a report, and the licences of what is used."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("About Image Size Explorer"))
        self.resize(560, 520)
        self.setMinimumSize(460, 400)
        self._facts = PlainLabel(version_facts(), selectable=True)
        self._facts.setAccessibleName(tr("Versions"))
        self.licences = _licence_table()
        copy = QPushButton(tr("Copy version details"))
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._facts.text()))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close = buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setText(tr("Close"))
        buttons.addButton(copy, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(self._heading())
        layout.addWidget(self._facts)
        layout.addWidget(PlainLabel(tr("Built on these packages:")))
        layout.addWidget(self.licences, 1)
        layout.addWidget(buttons)
        close.setFocus()

    def _heading(self) -> QHBoxLayout:
        icon = PlainLabel()
        icon.setPixmap(
            QIcon(str(resource("icons", "image-size-explorer.svg"))).pixmap(_ICON, _ICON)
        )
        title = PlainLabel("Image Size Explorer")
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 1.6)
        font.setBold(True)
        title.setFont(font)
        text = PlainLabel(
            tr(
                "Shows, byte for byte, what makes container images big. Free software under the MIT licence."
            )
        )
        text.setWordWrap(True)
        column = QVBoxLayout()
        column.addWidget(title)
        column.addWidget(text)
        row = QHBoxLayout()
        row.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(column, 1)
        return row


def version_facts() -> str:
    """What a report has to name, a line each; in English, as reports are read by others."""
    from PySide6 import __version__ as binding

    return "\n".join(
        (
            f"Image Size Explorer {_version(_DISTRIBUTION)}",
            f"Python {platform.python_version()} ({platform.python_implementation()})",
            f"Qt {qVersion()}, PySide6 {binding}, platform {QGuiApplication.platformName()}",
            f"{platform.system()} {platform.release()} {platform.machine()}",
            f"Language {language()}",
        )
    )


@cache
def licences() -> tuple[tuple[str, str, str], ...]:
    """(name, version, licence) of every package the program needs, those of other packages included."""
    found: dict[str, tuple[str, str, str]] = {}
    pending = _needs(_DISTRIBUTION)
    while pending:
        name = pending.pop()
        key = name.lower().replace("_", "-")
        if key in found:
            continue
        try:
            about = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            continue
        found[key] = (str(about["Name"]), str(about["Version"]), _licence(about))
        pending += _needs(name)
    return tuple(found[key] for key in sorted(found))


def _needs(name: str) -> list[str]:
    """Names of the packages that a package requires here; its extras are left out."""
    try:
        requirements = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return []
    names = []
    for requirement in requirements:
        text, _, condition = requirement.partition(";")
        if "extra" not in condition:
            names.append(_name_in(text))
    return names


def _name_in(requirement: str) -> str:
    for place, char in enumerate(requirement.strip()):
        if not (char.isalnum() or char in "-_."):
            return requirement.strip()[:place]
    return requirement.strip()


def _licence(about: metadata.PackageMetadata) -> str:
    fields = about.json
    for field in ("license_expression", "license"):
        text = str(fields.get(field, "")).strip()
        if text and "\n" not in text and len(text) <= _LICENCE_LIMIT:
            return text
    classifiers = fields.get("classifier", [])
    names = [
        str(item).rpartition(" :: ")[2]
        for item in classifiers
        if str(item).startswith("License ::")
    ]
    return ", ".join(names) or tr("see the package")


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "?"


def _licence_table() -> QTableWidget:
    rows = licences()
    table = QTableWidget(len(rows), 3)
    table.setHorizontalHeaderLabels([tr("Package"), tr("Version"), tr("Licence")])
    for number, row in enumerate(rows):
        for column, text in enumerate(row):
            table.setItem(number, column, QTableWidgetItem(display_text(text, 120)))
    name_view(table, tr("Packages and their licences"))
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setShowGrid(False)
    table.setTabKeyNavigation(False)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + 6)
    table.resizeColumnsToContents()
    table.horizontalHeader().setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
    return table
