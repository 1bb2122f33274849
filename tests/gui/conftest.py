"""What the window's tests share: an application in our own theme, an image of every kind of entry, scripted jobs."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication

from explorer.findings.analysis import Analysis
from explorer.gui.selection import Selection
from explorer.gui.theme import apply_theme
from tests.gui.inputs import everything
from tests.gui.scripted import ScriptedJobs


@pytest.fixture(scope="session")
def qapp(qapp: QApplication) -> QApplication:
    """The application, in the light theme."""
    apply_theme(qapp, "light")
    return qapp


@pytest.fixture
def analysis() -> Analysis:
    """Three layers: files of every state, links, a removed folder, hostile names."""
    return everything()


@pytest.fixture
def selection(analysis: Analysis, qapp: QApplication) -> Selection:
    """The shared selection, showing the analysis from its root."""
    chosen = Selection()
    chosen.set_analysis(analysis)
    return chosen


@pytest.fixture
def jobs(qapp: QApplication) -> ScriptedJobs:
    """Jobs that a test ends by hand."""
    return ScriptedJobs()
