"""Chooses images to open: of the engine, out of an archive or folder, or in a registry."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from explorer.errors import ExplorerError
from explorer.gui.dialogs.registry_tab import RegistryTab
from explorer.gui.jobs import Job, Jobs
from explorer.gui.models.images import (
    ARCHIVE_COLUMNS,
    ENGINE_COLUMNS,
    archive_rows,
    engine_rows,
)
from explorer.gui.widgets.image_table import ImageTable
from explorer.gui.widgets.notice import Action
from explorer.gui.widgets.plain_label import PlainLabel
from explorer.image.platform import host_platform, parse_platform
from explorer.translation import ntr, tr
from explorer.units import count_text, display_text

# Two images are compared; more are not opened at once by mistake.
_MOST = 2
_SUFFIXES = (
    "*.tar *.tar.gz *.tgz *.tar.zst *.tzst *.tar.xz *.txz *.tar.bz2 *.tbz2 *.oci *.image-snapshot"
)
Choice = tuple[str, str]  # a reference, and the platform to choose in it ("" for this machine's)


class ImagePicker(QDialog):
    """Three tabs; `chosen` carries a list of Choice once the user has opened one or two images."""

    chosen = Signal(object)
    compare_wanted = Signal(object)  # two Choices, in the order of the list

    def __init__(self, jobs: Jobs, host: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Open image"))
        self.setAcceptDrops(True)
        self.resize(880, 560)
        self.setMinimumSize(720, 440)
        self.engine = _EngineTab(jobs, host)
        self.archive = _ArchiveTab(jobs)
        self.registry = RegistryTab()
        self.tabs = QTabWidget()
        self.tabs.addTab(self.engine, tr("Local images"))
        self.tabs.addTab(self.archive, tr("Archive or folder"))
        self.tabs.addTab(self.registry, tr("Registry"))
        self.tabs.tabBar().setAccessibleName(tr("Where the image is"))
        self._note = PlainLabel()
        self._note.setWordWrap(True)
        self._open = QPushButton(tr("Open"))
        self._compare = QPushButton(tr("Compare both"))
        self._compare.setAutoDefault(False)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        buttons.addButton(self._open, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(self._compare, QDialogButtonBox.ButtonRole.ActionRole)
        self._compare.clicked.connect(self._compare_both)
        below = QHBoxLayout()
        below.addWidget(self._note, 1)
        below.addWidget(buttons)
        layout = QVBoxLayout(self)
        layout.addWidget(self.tabs, 1)
        layout.addLayout(below)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.engine.archive_wanted.connect(self.show_archives)
        for tab in (self.engine, self.archive):
            tab.images.opened.connect(self.accept)
            tab.images.selection_changed.connect(self._selected)
        self.registry.opened.connect(self.accept)
        self.registry.selection_changed.connect(self._selected)
        self.tabs.currentChanged.connect(lambda _: self._arrive())
        self.engine.load()
        self._selected()
        self.engine.field.setFocus()

    def show_archives(self) -> None:
        """Bring the archive tab to the front."""
        self.tabs.setCurrentWidget(self.archive)

    def show_file(self, path: str) -> None:
        """List the images of an archive or folder."""
        self.show_archives()
        self.archive.read(path)

    def choices(self) -> list[Choice]:
        """What is selected in the tab in front."""
        tab = self._tab()
        return tab.choices() if tab is not None else []

    def _tab(self) -> _EngineTab | _ArchiveTab | RegistryTab | None:
        tab = self.tabs.currentWidget()
        return tab if isinstance(tab, (_EngineTab, _ArchiveTab, RegistryTab)) else None

    def _arrive(self) -> None:
        self._selected()
        tab = self._tab()
        if tab is not None:
            tab.field.setFocus()

    def _selected(self) -> None:
        tab = self._tab()
        count = len(self.choices())
        self._open.setEnabled(0 < count <= _MOST)
        self._compare.setVisible(count == _MOST)
        self._open.setText(tr("Open both") if count == _MOST else tr("Open"))
        note = tab.note() if tab is not None else ""
        self._note.setText(tr("Choose one or two images.") if count > _MOST else note)

    def accept(self) -> None:
        if not self._open.isEnabled():
            return
        choices = self.choices()
        super().accept()
        self.chosen.emit(choices)

    def _compare_both(self) -> None:
        choices = self.choices()
        super().accept()
        self.compare_wanted.emit(choices)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Enter belongs to the fields and tables; the dialog would press its default button as well.
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)

    def done(self, result: int) -> None:
        self.engine.stop()
        self.archive.stop()
        super().done(result)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = next((u.toLocalFile() for u in event.mimeData().urls() if u.isLocalFile()), "")
        if path:
            event.acceptProposedAction()
            self.show_file(path)


class _EngineTab(QWidget):
    """The engine's images, with a filter."""

    archive_wanted = Signal()

    def __init__(self, jobs: Jobs, host: str) -> None:
        super().__init__()
        self._jobs, self._host = jobs, host
        self._job: Job | None = None
        self.field = _FilterLine()
        self.field.setPlaceholderText(tr("Filter by name, ID or platform"))
        self.field.setAccessibleName(tr("Filter images"))
        self.field.setClearButtonEnabled(True)
        self.images = ImageTable(ENGINE_COLUMNS, tr("Images of the engine"))
        self._again = QPushButton(tr("Refresh"))
        self._again.clicked.connect(self.load)
        row = QHBoxLayout()
        row.addWidget(self.field, 1)
        row.addWidget(self._again)
        layout = QVBoxLayout(self)
        layout.addLayout(row)
        layout.addWidget(self.images, 1)
        self.field.textChanged.connect(self.images.model.set_filter)
        self.field.returnPressed.connect(self.images.opened)
        self.field.stepped.connect(self._step)
        self.images.cancelled.connect(self._cancelled)

    def load(self) -> None:
        """Ask the engine for its images."""
        self.stop()
        self.images.wait(tr("Images of the engine"))
        self._job = self._jobs.start_waiting(
            "explorer.workflow.asking:list_images",
            (self._host,),
            on_done=self._came,
            on_failed=self._failed,
        )

    def stop(self) -> None:
        """Wait for nothing any more."""
        if self._job is not None:
            self._job.cancel()
        self.images.loading.end()

    def choices(self) -> list[Choice]:
        """The selected images."""
        return [(row.reference, row.platform) for row in self.images.chosen()]

    def note(self) -> str:
        """A line about the list."""
        if not self.images.listed:
            return ""
        shown, count = self.images.model.rowCount(), self.images.model.count
        if shown < count:
            return tr("{n} of {total} images", n=count_text(shown), total=count_text(count))
        return ntr("{count} image", "{count} images", count, count=count_text(count))

    def _came(self, images: list[object]) -> None:
        rows = engine_rows(images)  # type: ignore[arg-type]  # what list_images returns
        if rows:
            self.images.show_rows(rows)
            return
        nothing = ExplorerError(
            tr("The engine answers, but it holds no image yet."),
            tr(
                "Build or pull one, then refresh. A file that docker save wrote can be opened, too."
            ),
        )
        self.images.show_problem(tr("No images"), nothing, self._retry(), self._archive())

    def _failed(self, error: ExplorerError) -> None:
        title = tr("The engine's images cannot be listed")
        self.images.show_problem(title, error, self._retry(), self._archive())

    def _cancelled(self) -> None:
        self.stop()
        error = ExplorerError(tr("The engine's answer was not waited for."))
        self.images.show_problem(tr("Cancelled"), error, self._retry(), self._archive())

    def _retry(self) -> Action:
        return (tr("Try again"), self.load)

    def _archive(self) -> Action:
        return (tr("Open archive or folder…"), self.archive_wanted.emit)

    def _step(self, key: QKeyEvent) -> None:
        """Arrow keys in the filter move in the table."""
        if self.images.listed:
            QCoreApplication.sendEvent(self.images.table, key)


class _FilterLine(QLineEdit):
    """Hands the keys that move up and down on."""

    stepped = Signal(object)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)
        if event.key() in keys:
            self.stepped.emit(event)
        else:
            super().keyPressEvent(event)


class _ArchiveTab(QWidget):
    """A path, and the images that are there."""

    def __init__(self, jobs: Jobs) -> None:
        super().__init__()
        self._jobs = jobs
        self._job: Job | None = None
        self._path = ""
        self.field = QLineEdit()
        self.field.setPlaceholderText(tr("Path of a saved image"))
        self.field.setAccessibleName(tr("Path of an archive or folder"))
        # The dialog takes files; the field would make text of them.
        self.field.setAcceptDrops(False)
        self.images = ImageTable(ARCHIVE_COLUMNS, tr("Images in the file"))
        self.images.table.setSelectionMode(self.images.table.SelectionMode.SingleSelection)
        file, folder = QPushButton(tr("Browse file…")), QPushButton(tr("Browse folder…"))
        file.clicked.connect(self._browse_file)
        folder.clicked.connect(self._browse_folder)
        row = QHBoxLayout()
        row.addWidget(self.field, 1)
        for button in (file, folder):
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.addLayout(row)
        layout.addWidget(self.images, 1)
        self.field.returnPressed.connect(self._entered)
        self.field.textEdited.connect(lambda _: self.images.selection_changed.emit())
        self.images.cancelled.connect(self._cancelled)
        self._invite()

    def _invite(self) -> None:
        self.images.invite(
            tr(
                "Choose a file that docker save, podman save, skopeo or buildah wrote, or an OCI layout folder,"
                " or drop it on this window. No engine is needed."
            )
        )

    def read(self, path: str) -> None:
        """List the images at a path."""
        self.stop()
        self._path = str(Path(path).expanduser().absolute())
        self.field.setText(path)
        self.images.wait(display_text(self._path, 120))
        self._job = self._jobs.start(
            "explorer.workflow.asking:list_archive",
            (self._path,),
            on_done=self._came,
            on_failed=self._failed,
            on_progress=self.images.loading.show_progress,
        )

    def stop(self) -> None:
        """Wait for nothing any more."""
        if self._job is not None:
            self._job.cancel()
        self.images.loading.end()

    def choices(self) -> list[Choice]:
        """The selected images."""
        return [(row.reference, row.platform) for row in self.images.chosen()]

    def note(self) -> str:
        """A line about the list."""
        if not self.images.listed:
            return ""
        count = self.images.model.count
        return ntr(
            "{count} image in the file",
            "{count} images in the file",
            count,
            count=count_text(count),
        )

    def _entered(self) -> None:
        """Enter opens what is selected when the list is that of the path, and reads the path otherwise."""
        text = self.field.text().strip()
        if not text:
            self._invite()
        elif self.images.listed and str(Path(text).expanduser().absolute()) == self._path:
            self.images.opened.emit()
        else:
            self.read(text)

    def _came(self, images: list[object]) -> None:
        rows = archive_rows(Path(self._path), images)  # type: ignore[arg-type]  # what list_archive returns
        if not rows:
            error = ExplorerError(
                tr("{path} holds no image.", path=display_text(self._path)),
                tr("It may hold signatures or attestations only."),
            )
            self._failed(error)
            return
        self.images.show_rows(rows)
        self._prefer_own_platform()
        self.images.table.setFocus()

    def _prefer_own_platform(self) -> None:
        host = str(host_platform())
        for number in range(self.images.model.rowCount()):
            shown = self.images.model.row(number).shown_platform
            if shown and _normal(shown) == host:
                self.images.select(number)
                return

    def _failed(self, error: ExplorerError) -> None:
        again = (tr("Try again"), lambda: self.read(self._path))
        self.images.show_problem(
            tr("{name} cannot be opened", name=display_text(Path(self._path).name, 60)),
            error,
            again,
            (tr("Browse file…"), self._browse_file),
        )

    def _cancelled(self) -> None:
        self.stop()
        self._invite()

    def _browse_file(self) -> None:
        saved, every = tr("Saved images"), tr("All files")
        names = f"{saved} ({_SUFFIXES});;{every} (*)"
        path, _ = QFileDialog.getOpenFileName(self, tr("Open a saved image"), self._start(), names)
        if path:
            self.read(path)

    def _browse_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, tr("Open an image folder"), self._start())
        if path:
            self.read(path)

    def _start(self) -> str:
        typed = self.field.text().strip()
        return str(Path(typed).expanduser().parent if typed else Path.home())


def _normal(platform: str) -> str:
    try:
        return str(parse_platform(platform))
    except ExplorerError:
        return ""
