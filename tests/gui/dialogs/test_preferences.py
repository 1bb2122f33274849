"""The settings dialog: what it saves, tests, clears and opens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QFormLayout, QWidget
from pytestqt.qtbot import QtBot

from explorer.engine.client import EngineInfo
from explorer.errors import EngineUnreachable
from explorer.gui.dialogs.preferences import PreferencesDialog, engine_text, layer_cache
from explorer.gui.theme import apply_theme
from explorer.gui.widgets.plain_label import PlainLabel
from explorer.settings import Settings, SettingsStore
from tests.gui.reading import clipped, unnamed
from tests.gui.scripted import ScriptedJobs

pytestmark = pytest.mark.gui
_INFO = EngineInfo(
    product="Docker",
    version="28.5.1",
    api_version="1.51",
    endpoint="unix:///run/docker.sock",
    found="DOCKER_HOST",
    driver="overlayfs",
    root_folder="/var/lib/docker",
    containerd_address="",
    containerd_store=True,
    rootless=True,
    machine="Colima",
    remote=False,
    operating_system="Debian",
    warning="Plain tcp.",
)


@pytest.fixture
def store(tmp_path: Path) -> SettingsStore:
    made = SettingsStore(tmp_path)
    made.change(theme="dark", via="export")
    return made


@pytest.fixture
def dialog(qtbot: QtBot, store: SettingsStore, jobs: ScriptedJobs) -> PreferencesDialog:
    made = PreferencesDialog(store, jobs)  # type: ignore[arg-type]  # a stand-in
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    return made


def test_that_it_shows_the_settings_in_force(dialog: PreferencesDialog) -> None:
    assert dialog.theme.currentText() == "Dark"
    assert dialog.language.currentText() == "Same as the system"
    assert dialog.via.currentData() == "export"
    assert dialog.tooltips.isChecked()
    assert dialog.changes() == {}


def test_that_ok_saves_only_what_was_changed(
    dialog: PreferencesDialog, store: SettingsStore, tmp_path: Path
) -> None:
    SettingsStore(tmp_path).change(via="direct")
    dialog.theme.setCurrentIndex(dialog.theme.findData("light"))
    dialog.endpoint.setText("  tcp://host:2376 ")
    dialog.tooltips.setChecked(False)
    assert dialog.changes() == {"theme": "light", "endpoint": "tcp://host:2376", "tooltips": False}
    dialog.accept()
    assert store.settings.theme == "light"
    assert SettingsStore(tmp_path).settings == Settings(
        theme="light", endpoint="tcp://host:2376", tooltips=False, via="direct"
    )


def test_that_cancel_changes_nothing(dialog: PreferencesDialog, store: SettingsStore) -> None:
    before = store.settings
    dialog.theme.setCurrentIndex(0)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert store.settings == before


def test_that_the_test_names_what_answers(dialog: PreferencesDialog, jobs: ScriptedJobs) -> None:
    dialog.endpoint.setText(" unix:///x.sock ")
    QTest.mouseClick(dialog._test, Qt.MouseButton.LeftButton)
    assert (jobs.last.function, jobs.last.args) == (
        "explorer.workflow.asking:engine_state",
        ("unix:///x.sock",),
    )
    assert jobs.last.more == {"waiting": True}
    assert not dialog._test.isEnabled()
    jobs.last.done(_INFO)
    assert dialog.answer.toPlainText() == (
        "✓ Docker 28.5.1, API 1.51 · containerd image store · rootless · in a virtual machine (Colima)\n"
        "at unix:///run/docker.sock (DOCKER_HOST)\n"
        "Plain tcp."
    )
    assert dialog._test.isEnabled()


def test_that_the_test_says_why_nothing_answers(
    dialog: PreferencesDialog, jobs: ScriptedJobs
) -> None:
    dialog.test_endpoint()
    jobs.last.failed(EngineUnreachable("No engine at <b>x</b>\x1b.", "Start it."))
    assert dialog.answer.toPlainText() == "✗ No engine at <b>x</b>␛.\nStart it."
    assert dialog.answer.isVisible()


def test_that_an_answer_for_another_endpoint_is_forgotten(
    dialog: PreferencesDialog, jobs: ScriptedJobs
) -> None:
    dialog.test_endpoint()
    QTest.keyClicks(dialog.endpoint, "x")
    assert jobs.last.cancelled
    assert not dialog.answer.isVisible()
    assert dialog._test.isEnabled()


def test_that_closing_stops_the_test(dialog: PreferencesDialog, jobs: ScriptedJobs) -> None:
    dialog.test_endpoint()
    dialog.reject()
    assert jobs.last.cancelled


def test_that_the_cache_tells_its_size_and_can_be_cleared(
    qtbot: QtBot, store: SettingsStore, jobs: ScriptedJobs
) -> None:
    folder = layer_cache() / "v1" / "ab"
    folder.mkdir(parents=True)
    (folder / "sha256-ab.col").write_bytes(bytes(2_500_000))
    (layer_cache().parent / "other").write_bytes(b"not ours to clear")
    dialog = PreferencesDialog(store, jobs)  # type: ignore[arg-type]  # a stand-in
    qtbot.addWidget(dialog)
    assert dialog._cache.text() == "2.5 MB"
    dialog._clear.click()
    assert dialog._cache.text() == "empty"
    assert not dialog._clear.isEnabled()
    assert not layer_cache().exists()
    assert (layer_cache().parent / "other").exists()


def test_that_the_rules_folder_is_made_and_opened(
    dialog: PreferencesDialog, monkeypatch: pytest.MonkeyPatch, own_folders: Path
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    QTest.mouseClick(dialog._rules, Qt.MouseButton.LeftButton)
    folder = own_folders / ".config" / "image-size-explorer" / "rules"
    assert folder.is_dir()
    assert opened == [str(folder)]
    assert isinstance(QUrl.fromLocalFile(opened[0]), QUrl)


def test_that_a_rules_folder_that_cannot_be_made_says_why(
    dialog: PreferencesDialog, own_folders: Path
) -> None:
    (own_folders / ".config").mkdir(exist_ok=True)
    (own_folders / ".config" / "image-size-explorer").write_text("")
    dialog.open_rules()
    assert dialog._rules.text() == "Not a directory"
    assert not dialog._rules.isEnabled()


def test_that_a_plain_engine_is_described_in_two_lines() -> None:
    from dataclasses import replace

    plain = replace(
        _INFO, containerd_store=False, rootless=False, machine="", warning="", driver="overlay2"
    )
    assert engine_text(plain) == (
        "Docker 28.5.1, API 1.51 · overlay2\nat unix:///run/docker.sock (DOCKER_HOST)"
    )


def test_that_no_row_of_a_form_is_a_layout(dialog: PreferencesDialog) -> None:
    # PySide6 6.10 frees such a layout twice when the dialog is collected: the program crashes later.
    forms = dialog.findChildren(QFormLayout)
    assert len(forms) == 3
    for form in forms:
        items = [form.itemAt(place) for place in range(form.count())]
        assert all(isinstance(item.widget(), QWidget) for item in items if item is not None)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_that_all_is_named_and_fits_at_the_smallest_size(
    dialog: PreferencesDialog, jobs: ScriptedJobs, qapp: QApplication, theme: str
) -> None:
    apply_theme(qapp, theme)
    dialog.test_endpoint()
    jobs.last.done(_INFO)
    dialog.resize(dialog.minimumSize())
    QApplication.processEvents()
    assert unnamed(dialog) == []
    assert clipped(dialog) == []
    buttons = dialog.findChild(QDialogButtonBox)
    assert isinstance(buttons, QDialogButtonBox)
    assert dialog.rect().contains(buttons.geometry())
    apply_theme(qapp, "light")


def test_that_docker_contexts_are_offered_by_name(
    qtbot: QtBot, store: SettingsStore, jobs: ScriptedJobs, own_folders: Path
) -> None:
    for name in ("ant", "zoo"):
        meta = own_folders / ".docker/contexts/meta" / name / "meta.json"
        meta.parent.mkdir(parents=True)
        meta.write_text(json.dumps({"Name": name, "Endpoints": {"docker": {"Host": "ssh://far"}}}))
    made = PreferencesDialog(store, jobs)  # type: ignore[arg-type]  # a stand-in
    qtbot.addWidget(made)
    texts = [label.text() for label in made.findChildren(PlainLabel)]
    assert "Or the name of a docker context: ant, zoo" in texts
    completer = made.endpoint.completer()
    completer.setCompletionPrefix("Z")
    assert completer.currentCompletion() == "zoo"
