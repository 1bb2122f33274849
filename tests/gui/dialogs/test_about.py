"""The about dialog: facts and licences."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from explorer.gui.dialogs.about import AboutDialog, licences
from tests.gui.reading import clipped, unnamed

pytestmark = pytest.mark.gui


@pytest.fixture
def dialog(qtbot: QtBot, qapp: QApplication) -> AboutDialog:
    made = AboutDialog()
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    return made


def test_that_every_package_the_program_needs_is_named_with_its_licence() -> None:
    rows = licences()
    names = {name.lower().replace("_", "-") for name, _, _ in rows}
    assert {"docker", "numpy", "pyside6-essentials", "shiboken6", "zstandard", "requests"} <= names
    assert "pytest" not in names, "what only tests need is not shipped"
    assert [(name, licence) for name, version, licence in rows if not licence or not version] == []
    assert all(len(licence) <= 80 for _, _, licence in rows)


def test_that_the_version_facts_can_be_copied(dialog: AboutDialog) -> None:
    button = next(b for b in dialog.findChildren(QPushButton) if b.text() == "Copy version details")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    lines = QGuiApplication.clipboard().text().split("\n")
    assert lines[0].startswith("Image Size Explorer ")
    assert lines[2].startswith("Qt 6.")
    assert len(lines) == 5


def test_that_all_is_named_readable_and_closed_by_escape(dialog: AboutDialog) -> None:
    dialog.resize(dialog.minimumSize())
    QApplication.processEvents()
    assert unnamed(dialog) == []
    assert clipped(dialog) == []
    assert dialog.licences.rowCount() == len(licences())
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
