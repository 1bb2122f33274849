"""The page of one executable: its cards, its bar, and tree and map that follow each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.gobinary.binary import GoBinary
from explorer.gobinary.linkage import Linkage
from explorer.gobinary.runtimes import ALPINE, DEBIAN, SCRATCH
from explorer.gui.pages.binary import BinaryView
from explorer.gui.theme import apply_theme
from explorer.gui.widgets.copying import selected_text
from tests.gui.binaries import foreign, packed, shop

pytestmark = pytest.mark.gui
Show = Callable[[GoBinary], BinaryView]


@pytest.fixture
def show(qapp: QApplication, qtbot: QtBot) -> Iterator[Show]:
    """Shows an executable in a page of its own."""

    # A page that only its parts were kept of would be gone.
    pages: list[BinaryView] = []

    def shown(binary: GoBinary) -> BinaryView:
        page = BinaryView()
        qtbot.addWidget(page)
        pages.append(page)
        page.resize(1200, 800)
        page.show_binary(binary)
        page.show()
        page.map.finish_layout()
        return page

    yield shown
    pages.clear()


def test_that_the_card_tells_what_the_executable_is(show: Show) -> None:
    facts = show(shop()).facts
    assert facts.text("kind") == "ELF, amd64, 64 bits"
    assert facts.text("size") == "1.0 kB (1,000 B)"
    assert facts.text("module") == "example.com/shop v1.2.0"
    assert facts.text("debug").startswith("300 B (30.0%), about 150 B of a compressed layer")
    assert facts.text("settings") == "CGO_ENABLED=0 GOARCH=amd64"


def test_that_a_static_program_runs_everywhere_and_a_dynamic_one_says_what_it_lacks(
    show: Show,
) -> None:
    page = show(shop())
    assert page.runs_on.text(SCRATCH) == "Yes: needs no interpreter and no library"
    linkage = Linkage(False, "/lib64/ld-linux-x86-64.so.2", ("libc.so.6",))
    page.show_binary(_with(shop(), linkage))
    assert page.runs_on.text(ALPINE).startswith("No: needs the interpreter /lib64/ld-linux")
    assert page.runs_on.text(DEBIAN).startswith("Yes: has the interpreter")


def test_that_the_bar_names_the_section_below_the_pointer(show: Show) -> None:
    bar = show(shop()).bar
    assert bar.part_at(2) == ".text\n500 B · 50.0%"
    assert bar.part_at(round(0.6 * bar.width())).startswith(".debug_info\n200 B · 20.0%\nleft out")
    assert bar.part_at(bar.width() - 2) == "headers and padding\n200 B · 20.0%"
    assert bar.part_at(bar.width() + 50) == ""


def test_that_the_map_and_the_tree_follow_each_other(show: Show) -> None:
    page = show(shop())
    model = page.packages.model_
    module = model.index(1, 0)
    page.packages.setCurrentIndex(model.index(0, 0, module))
    node = model.node(model.index(0, 0, module))
    assert page.navigation.current == node
    page.navigation.set_current(1)
    assert model.node(page.packages.currentIndex()) == 1


def test_that_a_double_click_on_a_module_zooms_the_map_into_it(show: Show) -> None:
    page = show(shop())
    module = page.packages.model_.index(1, 0)
    place = page.packages.visualRect(module).center()
    QTest.mouseClick(page.packages.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseDClick(page.packages.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert page.navigation.zoom == page.packages.model_.node(module)
    page.navigation.zoom_out()
    assert page.navigation.zoom == 0


def test_that_a_program_of_an_image_has_a_way_back_to_it(show: Show, qtbot: QtBot) -> None:
    page = show(shop())
    assert not page.back.isVisible()
    page.show_binary(shop(), image="shop & co:1")
    assert (page.back.isVisible(), page.back.text()) == (True, "‹ shop && co:1")
    with qtbot.waitSignal(page.closed, timeout=1000):
        page.back.click()


def test_that_another_theme_is_taken_at_once(show: Show, qapp: QApplication) -> None:
    page = show(shop())
    label = page.runs_on.verdict(SCRATCH)
    before = label.palette().color(label.foregroundRole())
    apply_theme(qapp, "dark")
    try:
        page.recolour()
        assert label.palette().color(label.foregroundRole()) != before
    finally:
        apply_theme(qapp, "light")


def test_that_tabs_without_rows_are_hidden_and_others_counted(show: Show) -> None:
    page = show(shop())
    assert [page.tabs.tabText(n) for n in range(4) if page.tabs.isTabVisible(n)] == [
        "Packages", "Dependencies (2)", "Embedded files (2)", "Packages with work before main (2)",
    ]  # fmt: skip
    page.show_binary(foreign())
    assert [n for n in range(4) if page.tabs.isTabVisible(n)] == [0]


def test_that_dependencies_are_copied_as_lines_of_tabs(show: Show) -> None:
    page = show(shop())
    page.tabs.setCurrentWidget(page.dependencies)
    page.dependencies.selectRow(0)
    assert selected_text(page.dependencies) == "github.com/a/b\tv0.1.0\t200 B\t\th1:b="


def test_that_a_program_in_another_language_says_so_and_shows_its_sections(show: Show) -> None:
    page = show(foreign())
    assert "no Go build information" in page.notice.text
    assert page.facts.text("kind") == "ELF, arm64, 64 bits, not written in Go"
    assert page.packages.model_.rowCount(QModelIndex()) == 1


def test_that_a_packed_program_tells_its_size_before_and_what_to_do(show: Show) -> None:
    page = show(packed())
    assert "packed with UPX" in page.notice.text
    assert "Unpacked, it has 1.5 MB." in page.notice.text
    assert not page.bar.isVisible()


def test_that_the_next_executable_leaves_nothing_of_the_last(show: Show) -> None:
    page = show(foreign())
    page.show_binary(shop())
    assert page.notice.text == ""
    assert page.key.labels[0] == "Main module 40 B"
    assert page.navigation.zoom == 0


def _with(binary: GoBinary, linkage: Linkage) -> GoBinary:
    return replace(binary, linkage=linkage)
