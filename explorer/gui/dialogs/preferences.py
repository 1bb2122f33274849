"""The settings dialog: looks, language, engine, cache and rules."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QCompleter,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from explorer.engine.client import EngineInfo
from explorer.engine.contexts import list_contexts
from explorer.errors import ExplorerError
from explorer.gui.jobs import Job, Jobs
from explorer.gui.models.payload_text import harmless
from explorer.gui.widgets.plain_label import PlainLabel
from explorer.gui.widgets.wrapped_text import WrappedText
from explorer.paths import cache_dir, config_dir
from explorer.settings import SettingsStore
from explorer.translation import tr
from explorer.units import display_text, size_text

_WIDTH = 600
_CONTEXTS_SHOWN = 8


class PreferencesDialog(QDialog):
    """OK saves what was changed into the store; nothing is changed before."""

    def __init__(self, store: SettingsStore, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store, self._jobs = store, jobs
        self._job: Job | None = None
        settings = store.settings
        self.setWindowTitle(tr("Preferences"))
        self.theme = _choice(
            tr("Theme"),
            (("system", tr("Same as the system")), ("light", tr("Light")), ("dark", tr("Dark"))),
            settings.theme,
        )
        # Languages are named in themselves, so that those who need one can find it.
        self.language = _choice(
            tr("Language"),
            (("system", tr("Same as the system")), ("en", "English"), ("zh_CN", "简体中文")),
            settings.language,
        )
        self.tooltips = QCheckBox(tr("Show tooltips over tiles and rows"))
        self.tooltips.setChecked(settings.tooltips)
        self.endpoint = QLineEdit(settings.endpoint)
        self.endpoint.setAccessibleName(tr("Endpoint"))
        self.endpoint.setPlaceholderText(tr("Empty: DOCKER_HOST, docker context, usual sockets"))
        self.via = _choice(
            tr("How images are read"),
            (
                ("auto", tr("The fastest way that can be verified")),
                ("export", tr("Only by the engine's export")),
                ("direct", tr("Only from the engine's own files")),
            ),
            settings.via,
        )
        self.answer = WrappedText(tr("What answers there"), most=6)
        self.answer.hide()
        self._test = QPushButton(tr("Test"))
        self._cache = PlainLabel(selectable=True)
        self._clear = QPushButton(tr("Clear cache"))
        self._rules = QPushButton(tr("Open folder"))
        layout = QVBoxLayout(self)
        for group in (self._looks(), self._engine(), self._folders()):
            layout.addWidget(group)
        layout.addStretch(1)
        layout.addWidget(self._buttons())
        self._test.clicked.connect(self.test_endpoint)
        self._clear.clicked.connect(self.clear_cache)
        self._rules.clicked.connect(self.open_rules)
        self.endpoint.textEdited.connect(lambda _: self._forget_answer())
        self._show_cache()
        # Wrapped texts need the more height the longer they are in a language; two lines for an answer.
        self.setMinimumSize(
            _WIDTH, layout.totalHeightForWidth(_WIDTH) + 3 * self.fontMetrics().height()
        )
        self.theme.setFocus()

    def _looks(self) -> QGroupBox:
        group = QGroupBox(tr("Appearance"))
        form = QFormLayout(group)
        form.addRow(tr("Theme"), self.theme)
        form.addRow(tr("Language"), self.language)
        form.addRow("", _hint(tr("Texts change when the program is restarted.")))
        form.addRow("", self.tooltips)
        return group

    def _engine(self) -> QGroupBox:
        group = QGroupBox(tr("Container engine"))
        form = QFormLayout(group)
        form.addRow(tr("Endpoint"), _beside(self.endpoint, self._test))
        form.addRow("", _hint(tr("For example unix:///var/run/docker.sock, tcp://host:2376 or ssh://user@host")))  # fmt: skip
        contexts = [item.name for item in list_contexts(os.environ)]
        if contexts:
            completer = QCompleter(contexts, self.endpoint)
            completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
            self.endpoint.setCompleter(completer)
            names = ", ".join(display_text(name, 40) for name in contexts[:_CONTEXTS_SHOWN])
            form.addRow("", _hint(tr("Or the name of a docker context: {names}", names=names)))
        form.addRow("", self.answer)
        form.addRow(tr("Read images"), self.via)
        return group

    def _folders(self) -> QGroupBox:
        group = QGroupBox(tr("Files"))
        form = QFormLayout(group)
        form.addRow(tr("Cache"), _beside(self._cache, self._clear))
        form.addRow("", _path_text(tr("Cache folder"), cache_dir()))
        folder = _path_text(tr("Rules folder"), rules_folder())
        form.addRow(tr("Rules"), _beside(folder, self._rules))
        form.addRow("", _hint(tr("Rules of your own (*.toml) are read with each image.")))
        return group

    def _buttons(self) -> QDialogButtonBox:
        kinds = QDialogButtonBox.StandardButton
        buttons = QDialogButtonBox(kinds.Ok | kinds.Cancel)
        buttons.button(kinds.Ok).setText(tr("OK"))
        buttons.button(kinds.Cancel).setText(tr("Cancel"))
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        return buttons

    def changes(self) -> dict[str, Any]:
        """The settings that differ from those in force."""
        values: dict[str, Any] = {
            "theme": self.theme.currentData(),
            "language": self.language.currentData(),
            "tooltips": self.tooltips.isChecked(),
            "endpoint": self.endpoint.text().strip(),
            "via": self.via.currentData(),
        }
        now = self._store.settings
        return {name: value for name, value in values.items() if value != getattr(now, name)}

    def accept(self) -> None:
        changes = self.changes()
        if changes:
            self._store.change(**changes)
        super().accept()

    def done(self, result: int) -> None:
        if self._job is not None:
            self._job.cancel()
        super().done(result)

    # ---- the engine

    def test_endpoint(self) -> None:
        """Ask what answers at the endpoint in the field."""
        if self._job is not None:
            self._job.cancel()
        self._say(tr("Asking…"))
        self._test.setEnabled(False)
        self._job = self._jobs.start_waiting(
            "explorer.workflow.asking:engine_state",
            (self.endpoint.text().strip(),),
            on_done=self._answered,
            on_failed=self._unanswered,
        )

    def _answered(self, info: EngineInfo) -> None:
        self._test.setEnabled(True)
        self._say("✓ " + engine_text(info))

    def _unanswered(self, error: ExplorerError) -> None:
        self._test.setEnabled(True)
        self._say("\n".join(part for part in ("✗ " + error.message, error.hint) if part))

    def _forget_answer(self) -> None:
        if self._job is not None:
            self._job.cancel()
        self._test.setEnabled(True)
        self.answer.hide()

    def _say(self, text: str) -> None:
        self.answer.set_text(harmless(text))
        self.answer.show()

    # ---- folders

    def _show_cache(self) -> None:
        size = folder_size(layer_cache())
        self._cache.setText(size_text(size) if size else tr("empty"))
        self._cache.setAccessibleName(tr("Size of the cache: {size}", size=self._cache.text()))
        self._clear.setEnabled(size > 0)

    def clear_cache(self) -> None:
        """Remove the layer indexes; open images keep what they have mapped."""
        failed: list[str] = []
        shutil.rmtree(layer_cache(), onerror=lambda _, path, __: failed.append(str(path)))
        self._show_cache()
        if failed:
            self._cache.setText(tr("{path} cannot be removed.", path=display_text(failed[0], 120)))

    def open_rules(self) -> None:
        """Show the folder of the user's rules in the file manager; it is made when it is not there."""
        folder = rules_folder()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self._rules.setEnabled(False)
            self._rules.setText(display_text(error.strerror or str(error), 60))
            return
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))


def engine_text(info: EngineInfo) -> str:
    """An engine in a few lines: what it is, where, how it keeps images, what to beware of."""
    store = tr("containerd image store") if info.containerd_store else info.driver
    facts = [
        tr("{product} {version}, API {api}", product=info.product, version=info.version, api=info.api_version),
        store,
        tr("rootless") if info.rootless else "",
        tr("in a virtual machine ({name})", name=info.machine) if info.machine else "",
    ]  # fmt: skip
    lines = [
        " · ".join(fact for fact in facts if fact),
        tr("at {endpoint} ({found})", endpoint=info.endpoint, found=info.found),
        info.warning,
    ]
    return "\n".join(line for line in lines if line)


def rules_folder() -> Path:
    """Where the user's own rules are."""
    return config_dir() / "rules"


def layer_cache() -> Path:
    """Where the layer indexes are; see explorer.filesystem.cache."""
    return cache_dir() / "layers"


def folder_size(folder: Path) -> int:
    """Bytes of all files below a folder; what cannot be looked at counts nothing."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size
            except OSError:
                continue
    return total


def _choice(name: str, items: Sequence[tuple[str, str]], current: str) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    for value, text in items:
        box.addItem(text, value)
    box.setCurrentIndex(max(box.findData(current), 0))
    return box


def _beside(field: QWidget, button: QWidget) -> QWidget:
    """A field and its button as one widget: a layout in a form's row is freed twice by PySide6 6.10."""
    both = QWidget()
    row = QHBoxLayout(both)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(field, 1)
    row.addWidget(button)
    return both


def _hint(text: str) -> PlainLabel:
    label = PlainLabel(text)
    label.setWordWrap(True)
    label.setForegroundRole(label.palette().ColorRole.PlaceholderText)
    label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    return label


def _path_text(name: str, path: Path) -> WrappedText:
    text = WrappedText(name, most=2)
    text.set_text(display_text(str(path)))
    return text
