"""The images of an engine or of an archive as a sortable, filtered table; images without a name always come last."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from explorer.engine.client import EngineImage
from explorer.filesystem.archive import ArchiveImage
from explorer.gui.models.file_tree import ACCESSIBLE, ALIGNMENT, DISPLAY, RIGHT, TOOLTIP
from explorer.gui.widgets.plain_label import tooltip_text
from explorer.image.platform import normal
from explorer.image.reference import DAEMON, DOCKER_ARCHIVE, OCI
from explorer.translation import tr
from explorer.units import count_text, display_text, size_text

NAME, SIZE, CREATED, CONTAINERS, PLATFORM, LAYERS, ID = range(7)
ENGINE_COLUMNS = (NAME, SIZE, CREATED, CONTAINERS, PLATFORM, ID)
ARCHIVE_COLUMNS = (NAME, PLATFORM, LAYERS, CREATED, ID)
_NUMBERS = (SIZE, CONTAINERS, LAYERS)
_CENTRE = int(Qt.AlignmentFlag.AlignCenter)
_SHORT_ID = 12
Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


@dataclass(frozen=True)
class ImageRow:
    """One line: `reference` and `platform` open it; sizes in bytes, -1 where nothing is known."""

    reference: str
    platform: str
    name: str
    image_id: str
    created: datetime | None = None
    shown_platform: str = ""
    size: int = -1
    containers: int = -1
    layers: int = -1

    @property
    def short_id(self) -> str:
        """The beginning of the ID, as engines show it."""
        return display_text(self.image_id.rpartition(":")[2][:_SHORT_ID])


def engine_rows(images: Iterable[EngineImage]) -> list[ImageRow]:
    """A line a tag, and one for each image without any; what has a tag is opened by it, the rest by ID."""
    return [
        ImageRow(
            reference=f"{DAEMON}:{tag or image.id}",
            platform="",
            name=tag,
            image_id=image.id,
            created=moment(image.created),
            shown_platform=str(image.platform),
            size=image.size_bytes,
            containers=image.containers,
        )
        for image in images
        for tag in image.tags or ("",)
    ]


def archive_rows(path: Path, images: Sequence[ArchiveImage]) -> list[ImageRow]:
    """A line an image; the reference names it inside the file, where there is more than one."""
    return [
        ImageRow(
            *_archive_reference(path, image, images),
            name=", ".join(image.tags),
            image_id=image.id,
            created=moment(image.created),
            shown_platform=str(image.platform),
            layers=image.layer_count,
        )
        for image in images
    ]


def _archive_reference(
    path: Path, image: ArchiveImage, images: Sequence[ArchiveImage]
) -> tuple[str, str]:
    """Reference and platform that mean this image alone."""
    if len(images) == 1:
        return str(path), ""
    place = f"{OCI if path.is_dir() else DOCKER_ARCHIVE}:{path}"
    for tag in image.tags:
        named = [other for other in images if tag in other.tags]
        if len(named) == 1:
            return f"{place}:{tag}", ""
        alike = [other for other in named if normal(other.platform) == normal(image.platform)]
        if len(alike) == 1 and image.platform.os and image.platform.architecture:
            return f"{place}:{tag}", str(image.platform)
    return f"{place}:{image.id}", ""


def moment(text: str) -> datetime | None:
    """An RFC 3339 time; None for what is none, and for the "no time" of tools (the years 1 and 1970, day one)."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    unset = not 1970 <= found.year < 9000 or (found.year, found.month, found.day) == (1970, 1, 1)
    return None if unset else found


class ImagesModel(QAbstractTableModel):
    """Shows the rows that hold all words of the filter, in the order of one column."""

    def __init__(self, columns: Sequence[int], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._columns = tuple(columns)
        self._all: list[ImageRow] = []
        self._shown: list[ImageRow] = []
        self._words: list[str] = []
        self._column, self._descending = NAME, False

    def show(self, rows: Iterable[ImageRow]) -> None:
        """Show other images."""
        self._all = list(rows)
        self._renew()

    def set_filter(self, text: str) -> None:
        """Keep the images whose name, ID or platform hold every word of `text`."""
        self._words = text.casefold().split()
        self._renew()

    @property
    def count(self) -> int:
        """How many images there are without the filter."""
        return len(self._all)

    def row(self, number: int) -> ImageRow:
        """One line."""
        return self._shown[number]

    def column(self, section: int) -> int:
        """Which of NAME … ID stands in a section."""
        return self._columns[section]

    def _renew(self) -> None:
        self.beginResetModel()
        self._shown = [row for row in self._all if self._matches(row)]
        self._order()
        self.endResetModel()

    def _matches(self, row: ImageRow) -> bool:
        text = f"{row.name} {row.image_id} {row.shown_platform}".casefold()
        return all(word in text for word in self._words)

    def _order(self) -> None:
        key = _KEYS[self._column]
        self._shown.sort(key=lambda row: row.name.casefold())
        self._shown.sort(key=key, reverse=self._descending)
        self._shown.sort(key=lambda row: not row.name)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if not 0 <= column < len(self._columns):
            return
        self.layoutAboutToBeChanged.emit()
        kept = self.persistentIndexList()
        before = [self._shown[index.row()] for index in kept]
        self._column = self._columns[column]
        self._descending = order == Qt.SortOrder.DescendingOrder
        self._order()
        place = {id(row): number for number, row in enumerate(self._shown)}
        moved = [
            self.index(place[id(row)], index.column())
            for row, index in zip(before, kept, strict=True)
        ]
        self.changePersistentIndexList(kept, moved)
        self.layoutChanged.emit()

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = DISPLAY) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self._columns):
            return None
        column = self._columns[section]
        if role == DISPLAY:
            return (
                tr("Image"), tr("Size"), tr("Created"), tr("Containers"), tr("Platform"), tr("Layers"), tr("ID"),
            )[column]  # fmt: skip
        if role == TOOLTIP and column == CONTAINERS:
            return tooltip_text(tr("How many containers use the image"))
        return RIGHT if role == ALIGNMENT and column in _NUMBERS else None

    def data(self, index: Index, role: int = DISPLAY) -> Any:
        if not index.isValid():
            return None
        row, column = self._shown[index.row()], self._columns[index.column()]
        if role == DISPLAY:
            return cell_text(row, column)
        if role == TOOLTIP:
            return tooltip_text(
                f"{display_text(row.name) or '<none>'}\n{display_text(row.image_id)}"
            )
        if role == ACCESSIBLE and column == NAME:
            return ", ".join(
                text for text in (cell_text(row, c) for c in self._columns[:-1]) if text
            )
        if role == ALIGNMENT:
            return RIGHT if column in _NUMBERS else _CENTRE if column == CREATED else None
        return None

    def says(self, column: int) -> bool:
        """Whether any image has something to show in a column."""
        return any(cell_text(row, column) not in ("", "–") for row in self._all)


def cell_text(row: ImageRow, column: int) -> str:
    """What a cell shows."""
    if column == NAME:
        return display_text(row.name) or "<none>"
    if column == SIZE:
        return size_text(row.size) if row.size >= 0 else ""
    if column == CREATED:
        return f"{row.created.astimezone():%Y-%m-%d %H:%M}" if row.created is not None else ""
    if column == CONTAINERS:
        return count_text(row.containers) if row.containers > 0 else "–"
    if column == PLATFORM:
        return display_text(row.shown_platform, 40)
    if column == LAYERS:
        return count_text(row.layers) if row.layers >= 0 else ""
    return row.short_id


_NEVER = datetime(1, 1, 2, tzinfo=UTC)
_KEYS: dict[int, Callable[[ImageRow], Any]] = {
    NAME: lambda row: row.name.casefold(),
    SIZE: lambda row: row.size,
    CREATED: lambda row: row.created or _NEVER,
    CONTAINERS: lambda row: row.containers,
    PLATFORM: lambda row: row.shown_platform,
    LAYERS: lambda row: row.layers,
    ID: lambda row: row.image_id,
}
