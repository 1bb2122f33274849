"""The Compare page: choosing, its states, and that all views of a comparison show the same bytes."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu
from pytestqt.qtbot import QtBot

from explorer.compare.comparison import Comparison, compare
from explorer.compare.handover import save_comparison
from explorer.errors import EngineUnreachable, ImageNotFound
from explorer.findings.analysis import analyse
from explorer.gui.diff_figures import DEFAULT_STATES, Joined, figures, opened
from explorer.gui.image_tabs import ImageTabs
from explorer.gui.jobs import Jobs
from explorer.gui.models.compare_tables import DeltaCell, category_rows, waterfall_steps
from explorer.gui.models.deltas import REMOVED, SAME
from explorer.gui.pages.compare import ComparePage
from explorer.gui.pages.comparison import ComparisonView
from explorer.gui.theme import apply_theme
from explorer.gui.widgets.treemap_layout import Layout
from explorer.settings import SettingsStore
from explorer.task import Task
from explorer.workflow.comparing import Compared, Side
from explorer.workflow.opening import Options
from tests.gui.comparisons import analysed, everything
from tests.gui.reading import clipped, unnamed
from tests.gui.scripted import ScriptedJobs
from tests.support.layers import file, image, layer

pytestmark = pytest.mark.gui
COMPARE = "explorer.workflow.comparing:compare_to_files"
KEPT = "explorer.gui.diff_figures:kept"
NOW = "explorer.workflow.asking:image_now"


@pytest.fixture
def page(qtbot: QtBot, jobs: ScriptedJobs, tmp_path: Path) -> ComparePage:
    store = SettingsStore(tmp_path / "settings")
    tabs = ImageTabs(store, cast("Jobs", jobs))
    qtbot.addWidget(tabs, before_close_func=lambda tabs: tabs.close_all())
    made = ComparePage(tabs, cast("Jobs", jobs), store)
    qtbot.addWidget(made, before_close_func=lambda page: page.end())
    made.resize(1200, 760)
    return made


@pytest.fixture
def view(qtbot: QtBot) -> ComparisonView:
    made = ComparisonView()
    qtbot.addWidget(made)
    made.resize(1200, 760)
    made.show_comparison(everything())
    made.show()
    return made


def compared(folder: Path, comparison: Comparison) -> Compared:
    """The files that a worker would have written."""
    folder.mkdir(exist_ok=True)
    paths = [folder / name for name in ("a.col", "b.col", "c.col")]
    comparison.a.save(paths[0])
    comparison.b.save(paths[1])
    save_comparison(comparison, paths[2])
    return Compared(*map(str, paths))


def nothing_kept(jobs: ScriptedJobs) -> None:
    """Images of engines are asked for what is kept of them first."""
    if jobs.last.function == KEPT and jobs.last.running:
        jobs.last.done(None)


def finish(jobs: ScriptedJobs, files: Compared) -> None:
    """The worker has compared, and the thread behind it counted."""
    nothing_kept(jobs)
    jobs.last.done(files)
    assert jobs.last.function == "explorer.gui.diff_figures:opened"
    jobs.last.done(opened(Task(), *jobs.last.args))


def started(jobs: ScriptedJobs) -> tuple[Side, Side]:
    nothing_kept(jobs)
    assert jobs.last.function == COMPARE
    return jobs.last.args[0], jobs.last.args[1]


# ---- choosing


def test_that_the_page_begins_with_a_question(page: ComparePage) -> None:
    page.show()
    assert page.currentWidget() is page.choice
    assert not page.choice.compare.isEnabled()
    assert unnamed(page) == []


def test_that_open_images_are_offered_and_compared(page: ComparePage, jobs: ScriptedJobs) -> None:
    for name in ("web:1", "web:2"):
        page._tabs.open_reference(f"docker-daemon:{name}")
    page.choose()
    assert [box.currentText() for box in page.choice.boxes] == ["web:1", "web:2"]
    page.choice.compare.click()
    first, second = started(jobs)
    assert first.options["reference"] == "docker-daemon:web:1"
    assert second.options["reference"] == "docker-daemon:web:2"
    assert (first.analysis_file, second.analysis_file) == ("", "")


def test_that_an_analysis_of_an_open_tab_is_not_made_again(
    page: ComparePage, jobs: ScriptedJobs, tmp_path: Path
) -> None:
    tab = page._tabs.open_reference("docker-daemon:web:1")
    path = tmp_path / "analysis.col"
    analysed((file("a", 5),)).save(path)
    jobs.last.done(str(path))
    page.compare(Options("docker-daemon:web:1"), Options("docker-daemon:web:2"))
    first, second = started(jobs)
    assert first.analysis_file not in ("", str(path))
    assert Path(first.analysis_file).samefile(path)
    assert first.options["image_id"] == tab.options.image_id != ""
    assert second.analysis_file == ""


def test_that_two_images_of_the_picker_are_compared_and_one_fills_a_box(
    page: ComparePage, jobs: ScriptedJobs
) -> None:
    page.choice.boxes[1].setFocus()
    page.choice._ask(1)
    page.take([("docker-daemon:web:2", "linux/arm64")])
    assert page.choice.boxes[1].currentText() == "web:2"
    page.take([("docker-daemon:web:1", ""), ("docker-daemon:web:2", "linux/arm64")])
    first, second = started(jobs)
    assert first.options["reference"] == "docker-daemon:web:1"
    assert second.options["platform"] == "linux/arm64"


def test_that_two_dropped_files_are_compared(page: ComparePage, jobs: ScriptedJobs) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(f"/srv/{name}.tar") for name in ("old", "new")])
    page.dropEvent(
        QDropEvent(
            QPointF(9, 9), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        )
    )  # fmt: skip
    assert [side.options["reference"] for side in started(jobs)] == ["/srv/old.tar", "/srv/new.tar"]


def test_that_swapping_in_the_question_swaps_the_boxes(page: ComparePage) -> None:
    page.choice.take([("docker-daemon:a", "", "a"), ("docker-daemon:b", "", "b")])
    page.choice.swap.click()
    assert [box.currentText() for box in page.choice.boxes] == ["b", "a"]


# ---- the states


def test_that_a_result_is_shown_remembered_and_can_be_turned_round(
    page: ComparePage, jobs: ScriptedJobs, tmp_path: Path
) -> None:
    page.compare(Options("docker-daemon:shop:a"), Options("/srv/shop.tar"))
    assert page.currentWidget() is page.loading
    assert page.busy
    finish(jobs, compared(tmp_path / "c", everything()))
    assert page.view is not None
    assert page.currentWidget() is page.view
    assert page.view.names() == ("shop:a", "shop:b")
    (recent,) = SettingsStore(tmp_path / "settings").settings.comparisons
    assert (recent.a, recent.b, recent.label_b) == ("docker-daemon:shop:a", "/srv/shop.tar", "shop:b")  # fmt: skip
    page.view.swap.click()
    first, second = started(jobs)
    assert first.options["reference"] == "/srv/shop.tar"
    assert second.options["image_id"] == "sha256:" + "a" * 64


def test_that_what_is_kept_of_both_images_is_shown_without_a_process(
    page: ComparePage, jobs: ScriptedJobs
) -> None:
    page.compare(Options("docker-daemon:shop:a"), Options("docker-daemon:shop:b"))
    assert (jobs.last.function, jobs.last.args[2]) == (KEPT, None)
    jobs.last.done(figures(Task(), Joined.of(everything()), DEFAULT_STATES, None))
    assert page.view is not None
    assert page.currentWidget() is page.view
    assert not page.busy
    page.view.files.states[SAME].click()
    page.compare(Options("docker-daemon:shop:b"), Options("docker-daemon:shop:a"))
    assert jobs.last.args[2] == DEFAULT_STATES | {SAME}
    assert COMPARE not in {job.function for job in jobs.started}


def test_that_what_lies_in_a_file_is_read_by_a_process(
    page: ComparePage, jobs: ScriptedJobs
) -> None:
    page.compare(Options("docker-daemon:shop:a"), Options("/srv/shop.tar"))
    assert jobs.last.function == COMPARE


def test_that_a_recent_comparison_is_made_again(
    page: ComparePage, jobs: ScriptedJobs, tmp_path: Path
) -> None:
    page._store.remember_comparison("docker-daemon:x", "docker-daemon:y", "x", "y")
    page.choose()
    page.choice.recent.itemActivated.emit(page.choice.recent.item(0))
    assert [side.options["reference"] for side in started(jobs)] == ["docker-daemon:x", "docker-daemon:y"]  # fmt: skip


def test_that_a_cancel_brings_the_question_back_or_what_was_shown(
    page: ComparePage, jobs: ScriptedJobs, tmp_path: Path
) -> None:
    page.compare(Options("a"), Options("b"))
    jobs.last.more["on_stopped"]()
    assert page.currentWidget() is page.choice
    page.compare(Options("a"), Options("b"))
    finish(jobs, compared(tmp_path / "c", everything()))
    page.compare(Options("a"), Options("c"))
    jobs.last.more["on_stopped"]()
    assert page.currentWidget() is page.view


def test_that_an_image_that_is_gone_is_explained_with_what_can_be_done(
    page: ComparePage, jobs: ScriptedJobs
) -> None:
    page.compare(Options("docker-daemon:a"), Options("docker-daemon:b"))
    jobs.last.failed(ImageNotFound("The engine has no image b.", "docker pull b"))
    assert page.currentWidget() is page.problem
    assert "could not be compared" in page.problem.text
    assert "no image b" in page.problem.text
    page.compare(Options("docker-daemon:a"), Options("docker-daemon:b"))
    jobs.last.failed(EngineUnreachable("Nobody answers.", "Start it."))
    buttons = [b.text() for b in page.problem.findChildren(type(page.choice.compare))]
    assert "Other connection…" in buttons


def test_that_a_name_that_means_another_image_by_now_is_told(
    page: ComparePage, jobs: ScriptedJobs, tmp_path: Path
) -> None:
    page.compare(Options("docker-daemon:shop:a"), Options("docker-daemon:shop:b"))
    finish(jobs, compared(tmp_path / "c", everything()))
    asked = [job for job in jobs.started if job.function == NOW]
    assert [job.args[1] for job in asked] == ["shop:a", "shop:b"]
    asked[0].done("sha256:" + "a" * 64)
    assert page.view is not None
    assert page.view.moved_notice.text == ""
    asked[1].done("sha256:other")
    assert "shop:b now means a different image" in page.view.moved_notice.text
    page.view.say_moved("shop:b", "", page.again)
    assert "was removed from the engine" in page.view.moved_notice.text


def test_that_what_makes_a_comparison_odd_is_said_on_the_page(view: ComparisonView) -> None:
    assert view.notice.text == ""
    same = analysed((file("a", 5),))
    view.show_comparison(compare(same, same))
    assert "Both are the same image." in view.notice.text
    assert "All files are the same" in view.files.notice.text
    described, layers = image(layer(file("a", 5)), layer(file("b", 6)))
    arm = replace(described, platform=replace(described.platform, architecture="arm64"))
    view.show_comparison(compare(analyse(arm, {0: layers[0]}), same))
    assert "1 of 2 layers" in view.notice.text
    assert "different platforms" in view.notice.text
    assert "read in part" in view.cards.a.text
    assert view.files.field.text() == ""


# ---- all views show the same bytes


def test_that_totals_are_equal_to_the_byte_in_every_view(view: ComparisonView) -> None:
    c = view.comparison
    assert c is not None
    chosen = view.files.selection
    assert int(chosen.total_a[0]) == c.a.totals.contribution_bytes
    assert int(chosen.total_b[0]) == c.b.totals.contribution_bytes
    assert int(chosen.total_b[0]) - int(chosen.total_a[0]) == c.contribution.delta
    steps = waterfall_steps(c, "A", "B")
    assert sum(step.delta for step in steps[1:-1]) == c.content.delta == steps[-1].end - steps[0].end  # fmt: skip
    rows = category_rows(c)
    assert sum(cell.delta for row in rows for cell in row if isinstance(cell, DeltaCell)) == c.content.delta  # fmt: skip
    assert [sum(int(row[n].key) for row in rows) for n in (1, 2)] == [c.content.a, c.content.b]
    assert "6.3 MB" in view.cards.a.text
    assert view.cards.delta.text.splitlines()[1].startswith("▼ −")


def drawn(layout: Layout | None) -> int:
    assert layout is not None
    return layout.width * layout.height - sum(w * h for _, _, w, h in layout.empty)


def test_that_both_maps_have_one_scale_of_bytes(view: ComparisonView, qtbot: QtBot) -> None:
    maps = view.files.maps
    chosen = view.files.selection
    for side in (maps.a, maps.b):
        side.resize(400, 300)
        side.relayout()
        side.finish_layout()
    share = int(chosen.total_b[0]) / int(chosen.total_a[0])
    assert drawn(maps.a._layout) == 400 * 300
    assert drawn(maps.b._layout) == pytest.approx(400 * 300 * share, rel=0.01)
    chosen.set_zoom(chosen.diff.tree.find(b"usr/lib"))
    for side in (maps.a, maps.b):
        side.finish_layout()
    assert drawn(maps.b._layout) == 400 * 300
    assert drawn(maps.a._layout) == pytest.approx(400 * 300 * 900 / 950, rel=0.01)
    chosen.set_zoom(chosen.diff.tree.find(b"usr/local"))
    maps.b.finish_layout()
    assert drawn(maps.b._layout) == 0


def test_that_tree_and_maps_are_linked(view: ComparisonView, qtbot: QtBot) -> None:
    chosen = view.files.selection
    node = chosen.diff.tree.find(b"usr/lib/libc.so")
    chosen.a.set_current(node)
    assert [side.current for side in chosen.sides] == [node] * 3
    assert view.files.tree.model_.node(view.files.tree.currentIndex()) == node
    chosen.b.set_zoom(chosen.diff.tree.find(b"usr"))
    assert {side.zoom for side in chosen.sides} == {chosen.zoom}
    view.files.maps.b.finish_layout()
    with qtbot.waitSignal(view.hover_text) as heard:
        chosen.a.hovered.emit(node)
    assert "/usr/lib/libc.so" in heard.args[0]
    assert view.files.maps.b._hover == node


def test_that_the_tree_is_opened_down_to_what_matters(view: ComparisonView) -> None:
    tree, chosen = view.files.tree, view.files.selection

    def opened(path: bytes) -> bool:
        return tree.isExpanded(tree.model_.index_of(chosen.diff.tree.find(path)))

    assert opened(b"usr/local/go/bin")
    assert not opened(b"srv")


def test_that_f7_goes_to_the_next_change_and_back(view: ComparisonView) -> None:
    tree, chosen = view.files.tree, view.files.selection
    for action, path in ((1, b"usr/local/go/bin/go"), (1, b"usr/lib/libc.so"), (-1, b"usr/local/go/bin/go")):  # fmt: skip
        (view.files.next if action > 0 else view.files.former).click()
        assert chosen.diff.tree.path(chosen.current) == path
    assert tree.currentIndex().isValid()
    view.files.former.click()
    assert "no earlier change" in view.files.notice.text


def test_that_the_keyboard_reaches_every_part_of_the_files(
    view: ComparisonView, qtbot: QtBot
) -> None:
    with qtbot.waitActive(view):
        view.activateWindow()
    files = view.files
    parts = {files.tree, files.maps.a, files.maps.b, files.field, files.next, view.swap}
    files.tree.setFocus()
    seen = set()
    for _ in range(60):
        seen.add(view.focusWidget())
        QTest.keyClick(view.focusWidget(), Qt.Key.Key_Tab)
    assert parts - seen == set()
    view.tabs.setCurrentWidget(view.config)
    QTest.keyClick(view, Qt.Key.Key_F7)
    assert files.selection.current > 0


def test_that_a_map_offers_what_the_tree_does(view: ComparisonView) -> None:
    chosen = view.files.selection
    node = chosen.diff.tree.find(b"old/data")
    view.files.maps.a.menu_wanted.emit(node, QPoint(5, 5))
    menu = view.files.tree.findChildren(QMenu)[-1]
    actions = {action.text(): action for action in menu.actions()}
    assert list(actions) == ["Go to the other end of the move", "Copy path"]
    actions["Copy path"].trigger()
    assert QApplication.clipboard().text() == "/old/data"
    actions["Go to the other end of the move"].trigger()
    assert chosen.diff.tree.path(chosen.current) == b"new/data"
    menu.close()
    assert view.files.maps.a.accessibleName().startswith("A: ")


def test_that_a_cause_leads_to_its_files(view: ComparisonView, qtbot: QtBot) -> None:
    view.tabs.setCurrentWidget(view.causes)
    view.causes.table.field.setText("go toolchain")
    view.causes.table.view.activated.emit(view.causes.table.rows.index(0, 0))
    assert view.tabs.currentWidget() is view.files
    with qtbot.waitSignal(view.files.selection.changed, timeout=5000):
        pass
    chosen = view.files.selection
    assert (int(chosen.total_a[0]), int(chosen.total_b[0])) == (5_000_000, 0)


def test_that_states_are_switched_with_their_counts(view: ComparisonView) -> None:
    states = view.files.states
    assert "✓" in states[REMOVED].text()
    assert "✓" not in states[SAME].text()
    for button in states.values():
        if button.isChecked():
            button.click()
    assert "chosen states" in view.files.notice.text
    view.files.show_all()
    assert view.files.notice.text == ""
    view.files.field.setText("name-of-nothing")
    view.files._filter()
    assert "Nothing matches" in view.files.notice.text


def test_that_hostile_names_reach_no_view_as_they_are(view: ComparisonView) -> None:
    tree = view.files.tree.model_
    chosen = view.files.selection
    for child in chosen.diff.tree.children(chosen.diff.tree.find(b"srv")).tolist():
        text = tree.text(child, 0)
        assert text.isprintable()
        assert "<img" not in str(tree.index_of(child).data(Qt.ItemDataRole.ToolTipRole))


def test_that_everything_has_a_name_and_room_in_both_themes(
    view: ComparisonView, qapp: QApplication
) -> None:
    for number in range(view.tabs.count()):
        view.tabs.setCurrentIndex(number)
        QApplication.processEvents()
        assert unnamed(view) == []
        assert clipped(view) == []
    apply_theme(qapp, "dark")
    view.retheme()
    QApplication.processEvents()
    assert clipped(view) == []
    apply_theme(qapp, "light")
    view.retheme()


# ---- what leaves the window


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    path = tmp_path / "saved"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path) + ".out", ""))
    return tmp_path / "saved.out"


def test_that_the_files_shown_are_written_with_their_fates(
    view: ComparisonView, saved: Path
) -> None:
    view.save_files()
    rows = list(csv.reader(io.StringIO(saved.read_text("utf-8"))))
    held = {row[0]: row[1:] for row in rows}
    assert held["/usr/lib/libc.so"] == ["changed", "900000", "950000", "50000", ""]
    assert held["/old/data"][4] == "/new/data"
    assert "/base/file" not in held
    c = view.comparison
    assert c is not None
    assert sum(int(row[4]) for row in rows[1:]) == c.contribution.delta
    assert not any(cell.startswith(("=", "@", "+")) for row in rows for cell in row)
    assert "Saved" in view.saved_notice.text


def test_that_the_table_in_front_is_written_with_whole_numbers(
    view: ComparisonView, saved: Path
) -> None:
    view.tabs.setCurrentWidget(view.layers)
    view.save_table()
    rows = list(csv.reader(io.StringIO(saved.read_text("utf-8"))))
    c = view.comparison
    assert c is not None
    assert sum(int(row[6]) for row in rows[1:]) == c.content.delta


def test_that_comparison_map_and_causes_are_written(view: ComparisonView, saved: Path) -> None:
    view.save_json()
    assert json.loads(saved.read_bytes())["schema"] == "image-explorer/compare/1"
    for kind, magic in (("png", b"\x89PNG"), ("svg", b"<?xml")):
        view.save_map(kind)
        assert saved.read_bytes().startswith(magic)
        view.save_chart(kind)
        assert saved.read_bytes().startswith(magic)


def test_that_the_summary_is_copied_as_markdown(view: ComparisonView) -> None:
    view.copy.click()
    text = QApplication.clipboard().text()
    assert "shop:a" in text
    assert "|" in text
    assert "copied" in view.saved_notice.text


def test_that_a_place_without_rights_is_told(
    view: ComparisonView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("/proc/1/x.json", ""))
    view.save_json()
    assert "Could not write" in view.saved_notice.text


def test_that_a_double_click_zooms_and_the_keyboard_comes_back(view: ComparisonView) -> None:
    tree, chosen = view.files.tree, view.files.selection
    usr = tree.model_.index_of(chosen.diff.tree.find(b"usr"))
    tree.setCurrentIndex(usr)
    QTest.keyClick(tree, Qt.Key.Key_Return)
    assert chosen.zoom == chosen.diff.tree.find(b"usr")
    QTest.keyClick(tree, Qt.Key.Key_Backspace)
    assert chosen.zoom == 0
    moved = tree.model_.index_of(chosen.diff.tree.find(b"old/data"))
    tree.enter(tree.model_.node(moved))
    assert chosen.diff.tree.path(chosen.current) == b"new/data"
