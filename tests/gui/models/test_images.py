"""The table of images: order, filter, and the references that open them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester

from explorer.engine.client import EngineImage
from explorer.filesystem.archive import ArchiveImage
from explorer.gui.models.file_tree import ACCESSIBLE, ALIGNMENT, DISPLAY, RIGHT, TOOLTIP
from explorer.gui.models.images import (
    ARCHIVE_COLUMNS,
    CREATED,
    ENGINE_COLUMNS,
    ID,
    NAME,
    SIZE,
    ImagesModel,
    archive_rows,
    engine_rows,
    moment,
)
from explorer.image.model import Platform
from explorer.image.reference import parse_reference

pytestmark = pytest.mark.gui
_AMD, _ARM = Platform("linux", "amd64"), Platform("linux", "arm64", "v8")


def _id(number: int) -> str:
    return f"sha256:{number:064x}"


def _images() -> list[EngineImage]:
    return [
        EngineImage(_id(1), ("golang:1.27", "golang:latest"), 900, "2026-11-01T00:00:00Z", 2, _AMD),
        EngineImage(_id(2), (), 5000, "2026-11-03T00:00:00Z"),
        EngineImage(_id(3), ("alpine:3.20",), 7, "2026-11-02T00:00:00.123456789Z"),
        EngineImage(_id(0xABCDEF << 232), (), 1, "0001-01-01T00:00:00Z"),
    ]


@pytest.fixture
def model(qapp: object) -> ImagesModel:
    made = ImagesModel(ENGINE_COLUMNS)
    QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Fatal, made)
    made.show(engine_rows(_images()))
    return made


def _column(model: ImagesModel, column: int) -> list[str]:
    section = ENGINE_COLUMNS.index(column)
    return [str(model.index(row, section).data()) for row in range(model.rowCount())]


def test_that_every_tag_has_a_line_and_images_without_one_come_last(model: ImagesModel) -> None:
    assert _column(model, NAME) == [
        "alpine:3.20", "golang:1.27", "golang:latest", "<none>", "<none>",
    ]  # fmt: skip


@pytest.mark.parametrize("order", [Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder])
@pytest.mark.parametrize("section", range(len(ENGINE_COLUMNS)))
def test_that_any_column_sorts_and_nameless_images_stay_last(
    model: ImagesModel, section: int, order: Qt.SortOrder
) -> None:
    model.sort(section, order)
    assert _column(model, NAME)[-2:] == ["<none>", "<none>"]
    assert len(set(zip(_column(model, NAME), _column(model, ID), strict=True))) == 5


def test_that_sizes_and_dates_sort_by_value_not_by_text(model: ImagesModel) -> None:
    model.sort(ENGINE_COLUMNS.index(SIZE), Qt.SortOrder.DescendingOrder)
    assert _column(model, SIZE) == ["900 B", "900 B", "7 B", "5.0 kB", "1 B"]
    model.sort(ENGINE_COLUMNS.index(CREATED), Qt.SortOrder.DescendingOrder)
    assert _column(model, NAME)[0] == "alpine:3.20"
    assert _column(model, CREATED)[-1] == "", "no date is no date"


def test_that_what_is_selected_stays_selected_when_the_order_changes(model: ImagesModel) -> None:
    from PySide6.QtCore import QPersistentModelIndex

    kept = QPersistentModelIndex(model.index(2, 0))
    assert kept.data() == "golang:latest"
    model.sort(ENGINE_COLUMNS.index(SIZE), Qt.SortOrder.AscendingOrder)
    assert kept.data() == "golang:latest"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("golang", ["golang:1.27", "golang:latest"]),
        ("GOLANG late", ["golang:latest"]),
        ("amd64", ["golang:1.27", "golang:latest"]),
        ("abcdef", ["<none>"]),
        ("no such image", []),
        ("  ", ["alpine:3.20", "golang:1.27", "golang:latest", "<none>", "<none>"]),
    ],
)
def test_that_every_word_of_the_filter_counts(
    model: ImagesModel, text: str, names: list[str]
) -> None:
    model.set_filter(text)
    assert _column(model, NAME) == names
    assert model.count == 5


def test_that_a_tagged_image_opens_by_its_tag_and_another_by_its_id(model: ImagesModel) -> None:
    opened = [(model.row(n).reference, model.row(n).platform) for n in range(model.rowCount())]
    assert opened[0] == ("docker-daemon:alpine:3.20", "")
    assert opened[-1][0].startswith("docker-daemon:sha256:")
    for reference, _ in opened:
        assert parse_reference(reference).transport == "docker-daemon"


def test_that_hostile_names_are_shown_harmlessly(qapp: object) -> None:
    name = "<b>\u202ex\x1b[31m" + "y" * 900
    model = ImagesModel(ENGINE_COLUMNS)
    model.show(engine_rows([EngineImage("sha256:<i>", (name,), 1, "x")]))
    shown = model.index(0, 0).data(DISPLAY)
    assert shown.startswith(r"<b>\u202ex\x1b[31m")
    assert len(shown) <= 512
    assert "&lt;b&gt;" in model.index(0, 0).data(TOOLTIP)
    assert "1 B" in model.index(0, 0).data(ACCESSIBLE)
    assert model.index(0, 1).data(ALIGNMENT) == RIGHT


def test_that_the_only_image_of_a_file_needs_no_selector() -> None:
    path = Path("/tmp/app.tar")
    (row,) = archive_rows(path, [ArchiveImage(_id(1), ("app:1",), _AMD, "", 3)])
    assert (row.reference, row.platform, row.layers) == ("/tmp/app.tar", "", 3)


def test_that_each_image_of_a_file_is_named_so_that_it_alone_is_meant(tmp_path: Path) -> None:
    path = tmp_path / "all: of them.tar"
    path.write_bytes(b"")
    images = [
        ArchiveImage(_id(1), ("app:1", "app:latest"), _AMD, "", 1),
        ArchiveImage(_id(2), ("app:latest",), _ARM, "", 1),
        ArchiveImage(_id(3), (), _AMD, "", 1),
        ArchiveImage(_id(4), ("twin:1",), _AMD, "", 1),
        ArchiveImage(_id(5), ("twin:1",), Platform("linux", "x86_64"), "", 1),
    ]
    rows = archive_rows(path, images)
    place = f"docker-archive:{path}"
    assert [(row.reference, row.platform) for row in rows] == [
        (f"{place}:app:1", ""),
        (f"{place}:app:latest", "linux/arm64/v8"),
        (f"{place}:{_id(3)}", ""),
        (f"{place}:{_id(4)}", ""),
        (f"{place}:{_id(5)}", ""),
    ]
    parsed = [parse_reference(row.reference) for row in rows]
    assert {item.name for item in parsed} == {str(path)}
    assert [item.selector for item in parsed][:3] == ["app:1", "app:latest", _id(3)]


def test_that_a_folder_is_named_as_an_oci_layout(tmp_path: Path) -> None:
    images = [ArchiveImage(_id(n), (f"app:{n}",), _AMD, "", 1) for n in (1, 2)]
    assert archive_rows(tmp_path, images)[0].reference == f"oci:{tmp_path}:app:1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-24T13:05:01Z", datetime(2026, 11, 24, 13, 5, 1, tzinfo=UTC)),
        ("2026-11-24T13:05:01.123456789Z", datetime(2026, 11, 24, 13, 5, 1, 123456, tzinfo=UTC)),
        ("2026-11-24", datetime(2026, 11, 24, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("1970-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59Z", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_that_times_are_read_as_engines_and_tools_write_them(
    text: str, expected: datetime | None
) -> None:
    assert moment(text) == expected


def test_that_headers_say_what_the_columns_are(qapp: object) -> None:
    model = ImagesModel(ARCHIVE_COLUMNS)
    titles = [
        model.headerData(section, Qt.Orientation.Horizontal)
        for section in range(model.columnCount())
    ]
    assert titles == ["Image", "Platform", "Layers", "Created", "ID"]
    assert model.headerData(0, Qt.Orientation.Vertical) is None
