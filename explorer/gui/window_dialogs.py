"""The window's dialogs: each loads when it is asked for, and is deleted when it is closed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDialog, QWidget

from explorer.gui.jobs import Jobs
from explorer.settings import SettingsStore

if TYPE_CHECKING:
    from explorer.findings.finding import Finding
    from explorer.gui.dialogs.picker import ImagePicker
    from explorer.gui.pages.image_tab import ImageTab


def image_picker(jobs: Jobs, host: str, parent: QWidget) -> ImagePicker:
    """Asks for one or two images; open() shows it."""
    from explorer.gui.dialogs.picker import ImagePicker

    picker = ImagePicker(jobs, host, parent)
    picker.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return picker


def show_palette(actions: Sequence[QAction], parent: QWidget) -> None:
    """All commands, by a few letters of their names."""
    from explorer.gui.dialogs.palette import CommandPalette

    _open(CommandPalette(list(actions), parent))


def show_reason(tab: ImageTab | None, finding: Finding, parent: QWidget) -> None:
    """Why a finding is one, and what to do."""
    if tab is None or tab.analysis is None:
        return
    from explorer.gui.dialogs.reason import ReasonDialog

    dialog = ReasonDialog(tab.analysis, finding, parent)
    dialog.files_wanted.connect(tab.explore.open_finding)
    _open(dialog)


def show_about(parent: QWidget) -> None:
    """What the program is and whose work it holds."""
    from explorer.gui.dialogs.about import AboutDialog

    _open(AboutDialog(parent))


def show_preferences(
    store: SettingsStore, jobs: Jobs, apply: Callable[[], None], parent: QWidget
) -> None:
    """Ask for settings; `apply` puts them in force."""
    from explorer.gui.dialogs.preferences import PreferencesDialog

    dialog = PreferencesDialog(store, jobs, parent)
    dialog.accepted.connect(apply)
    _open(dialog)


def _open(dialog: QDialog) -> None:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
